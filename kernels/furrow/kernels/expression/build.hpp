// furrow/kernels/expression/build.hpp
//
// From syntax to typed operations: names find their arrays, functions their kernels, dtypes and
// shapes are checked, all before anything runs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <furrow/kernels/expression/diagnostic.hpp>
#include <furrow/kernels/expression/graph.hpp>
#include <furrow/kernels/expression/reduction.hpp>
#include <furrow/kernels/expression/syntax.hpp>

namespace furrow::kernels::expression {

/// An array that a name stands for. One of rank 0 is a scalar: its value is read while compiling.
struct Source {
  std::string name;
  Dtype dtype = Dtype::none;
  Form form;
  std::int64_t stride[axes_max] = {};  // in elements
  const void* data = nullptr;          // element (0, 0, …)
};

/// The array that is assigned to, when there is one already.
struct Target {
  Dtype dtype = Dtype::none;
  Form form;
};

struct Built {
  Graph graph;
  std::vector<Graph::Id> roots;  // one; two for a reduction of two operands
  std::optional<Reduction> reduction;
  Dtype dtype = Dtype::none;  // of the result
  Form form;                  // of what is computed; a reduction folds it
  std::optional<Diagnostic> error;
};

Built build(const Syntax& syntax, std::span<const Source> sources,
            const std::optional<Target>& target);

}  // namespace furrow::kernels::expression
