// furrow/kernels/expression/reduction.hpp
//
// The reduction at the top of an expression: which kernel folds the tiles, and how the number that
// the user asked for comes from what the kernel gives.
#pragma once

#include <span>
#include <string>

#include <furrow/kernels/expression/diagnostic.hpp>
#include <furrow/kernels/expression/graph.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::expression {

/// A number with its dtype: bool, i64, u64, f64 and c128, or that of the elements (min, max).
struct Answer {
  Dtype dtype = Dtype::none;
  Scalar value{};
};

struct Reduction {
  enum class Finish { plain, mean, mean_of_sum, variance, deviation };
  const Kernel* kernel = nullptr;
  const Variant* variant = nullptr;
  Finish finish = Finish::plain;
  double ddof = 0;
  Dtype dtype = Dtype::none;  // of the number
};

/// True when a call of this name folds an array to a number.
bool is_reduction(std::string_view name);

/// Of "x.mean" and "math.sqrt": ` (write it as mean(…))`. Nothing where no function is called so.
std::string method_hint(std::string_view name);

/// The reduction of that name for operands of these dtypes, and what each is converted to.
/// Returns an error's message, empty when all is well.
struct ReductionChoice {
  Reduction reduction;
  Dtype operand[2] = {};
  std::string error;
};
ReductionChoice choose_reduction(std::string_view name, std::span<const Operand> operands);

/// The number, of `count` elements. `partial` null: there were none (REQUIRES: an identity).
Answer finish(const Reduction& reduction, std::int64_t count, const void* partial) noexcept;

}  // namespace furrow::kernels::expression
