// furrow/cli/kernel_call.hpp
//
// The ARGS of `furrow apply KERNEL NAME ARGS`, in the order of the kernel's own description:
//
//   numbers       the parameters, by position                     apply affine prices 2 -1
//   other words   the further arrays, by position                 apply axpby prices 2 3 volumes
//   word=…        either, by name: a parameter, or y, z           apply axpby prices a=2 b=3 y=v
//
// NAME is the output and, where the kernel reads one, the first input x. Complex as 1+2j.
#pragma once

#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::cli {

struct KernelCall {
  const kernels::Kernel* kernel;
  std::vector<Value> parameters;
  std::vector<std::string> more;  // names of the inputs after x
};

/// The kernel of that name. Throws NotFound with the names that look like it.
const kernels::Kernel& find_kernel(const std::string& name);

/// Throws UsageError: a parameter that is missing or not the kernel's, too many words, no number.
/// `with`: further arrays by position, after those among the words.
KernelCall parse_call(const kernels::Kernel& kernel, const std::vector<std::string>& words,
                      const std::vector<std::string>& with);

/// "axpby NAME a b Y": how the kernel is called.
std::string synopsis(const kernels::Kernel& kernel);

}  // namespace furrow::cli
