// furrow/kernels/expression/calls.hpp
//
// One call of a function on typed values: NumPy's special cases (bool arithmetic, division of
// integers, powers, where, conversions by a dtype's name), and the registry for all the rest.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <furrow/kernels/expression/composed.hpp>
#include <furrow/kernels/expression/diagnostic.hpp>
#include <furrow/kernels/expression/graph.hpp>
#include <furrow/kernels/expression/syntax.hpp>

namespace furrow::kernels::expression {

struct CallArgument {
  Graph::Id value;
  std::string keyword;
  Span where;
};

class Calls {
 public:
  Calls(Graph& graph, std::optional<Diagnostic>& error) : graph_(graph), error_(error) {}

  /// The value of the call, or an error.
  Graph::Id call(const Node& node, const std::vector<CallArgument>& arguments);

 private:
  using Id = Graph::Id;
  using Values = std::span<const Id>;

  Id fail(Diagnostic::Kind kind, Span where, std::string message);
  bool takes(const Node& node, Values values, std::size_t count);
  bool joined_form(const Node& node, Values values, Form& form);
  Dtype result_dtype(Values values) const;
  bool all_bool(Values values) const;

  std::optional<Id> special(const Node& node, std::string_view name, Values values);
  std::optional<Id> of_bools(const Node& node, std::string_view name, Values values);
  std::optional<Id> power(const Node& node, Values values);
  Id integer_power(const Node& node, Id x, const Vertex& exponent);
  Id logical(const Node& node, std::string_view name, Values values);
  Id select(const Node& node, Values values);
  Id clip(const Node& node, Values values);
  Id composed(const Node& node, const Composed& function, Values values);
  Id conversion(const Node& node, std::string_view name, Values values);
  Id kernel(const Node& node, std::string_view name, Values values);
  Id kernel_with_parameters(const Node& node, const Kernel& kernel,
                            const std::vector<CallArgument>& arguments);
  bool parameter(const Node& node, const Kernel& kernel, Dtype dtype, std::size_t index,
                 const CallArgument& argument, Scalar& result);

  Graph& graph_;
  std::optional<Diagnostic>& error_;
};

}  // namespace furrow::kernels::expression
