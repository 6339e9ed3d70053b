// furrow/kernels/expression/assemble.hpp
//
// From the graph to the code: which operations are needed, in which order, in which registers.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <furrow/kernels/expression/build.hpp>
#include <furrow/kernels/expression/program.hpp>

namespace furrow::kernels::expression {

struct Assembled {
  Program program;
  std::vector<std::size_t> used;  // sources in order of the program's inputs
  std::optional<Diagnostic> error;
};
Assembled assemble(const Built& built, std::span<const Source> sources, Span where);

}  // namespace furrow::kernels::expression
