// furrow/kernels/expression/build.cpp
#include <furrow/kernels/expression/build.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include <furrow/kernels/expression/calls.hpp>
#include <furrow/kernels/expression/literal.hpp>

namespace furrow::kernels::expression {
namespace {

class Builder {
 public:
  Builder(const Syntax& syntax, std::span<const Source> sources, Built& built)
      : syntax_(syntax), sources_(sources), built_(built), calls_(built.graph, built.error) {}

  void run(const std::optional<Target>& target) {
    std::size_t node = 0;
    values_.resize(syntax_.nodes.size());
    literal_.resize(syntax_.nodes.size());
    for (const Statement& statement : syntax_.statements) {
      const bool last = &statement == &syntax_.statements.back();
      for (; node <= statement.root && !built_.error; ++node) {
        literal_[node] = is_literal(syntax_.nodes[node]);
        values_[node] = evaluate(node, last && node == statement.root);
      }
      if (built_.error) return;
      if (!last) names_[statement.target] = statement.root;
      if (!last && statement.target.empty()) {
        return fail(Diagnostic::Kind::syntax, syntax_.nodes[statement.root].where,
                    "a value that nothing uses (only the last statement's value counts)");
      }
    }
    conclude(syntax_.statements.back(), target);
  }

 private:
  using Id = Graph::Id;

  void fail(Diagnostic::Kind kind, Span where, std::string message) {
    if (!built_.error) built_.error = Diagnostic{kind, where, std::move(message)};
  }

  // An integer of the text, or a name of one, or (as far as the operands are) a call of them.
  bool is_literal(const Node& node) const {
    if (node.kind == Node::Kind::number) return is_integer(node.dtype);
    if (node.kind == Node::Kind::name) {
      const auto known = names_.find(node.name);
      return known != names_.end() && literal_[known->second];
    }
    return !node.arguments.empty() &&
           std::all_of(node.arguments.begin(), node.arguments.end(), [&](const Argument& each) {
             return literal_[each.node] && each.keyword.empty();
           });
  }

  Id evaluate(std::size_t index, bool top) {
    const Node& node = syntax_.nodes[index];
    if (node.kind == Node::Kind::number) return built_.graph.constant(node.dtype, node.value);
    if (node.kind == Node::Kind::name) return name(node);
    if (is_reduction(node.name)) {
      if (top) return reduce(node);
      fail(Diagnostic::Kind::type, node.word,
           node.name + " gives one number for a whole array and stands at the top only, as in " +
               node.name + "(x*y): assign it first, in an eval of its own (m = " + node.name +
               "(…)), then take m");
      return 0;
    }
    if (literal_[index]) {
      if (const std::optional<Id> value = of_literals(node)) return *value;
      literal_[index] = false;
    }
    std::vector<CallArgument> arguments;
    for (const Argument& argument : node.arguments) {
      arguments.push_back(
          {values_[argument.node], argument.keyword, syntax_.nodes[argument.node].where});
    }
    return calls_.call(node, arguments);
  }

  // Empty: not an integer.
  std::optional<Id> of_literals(const Node& node) {
    std::vector<Vertex> operands;
    for (const Argument& argument : node.arguments) {
      operands.push_back(built_.graph[values_[argument.node]]);
    }
    const Literal result = literal_of(node.name, operands);
    if (result.kind == Literal::Kind::none) return std::nullopt;
    if (result.kind == Literal::Kind::value) {
      return built_.graph.constant(result.dtype, result.value);
    }
    fail(Diagnostic::Kind::value, node.where, literal_too_large);
    return 0;
  }

  // A constant's name that an array has, too: whichever was taken would be wrong for somebody.
  Id either(const Node& node) {
    const std::string constant = node.name == "True"    ? "bool(1)"
                                 : node.name == "False" ? "bool(0)"
                                                        : "np." + node.name;
    fail(Diagnostic::Kind::value, node.where,
         "\"" + node.name + "\" is a constant, and an array is called so, too: the array is \"" +
             node.name + "\" in quotes, the constant is " + constant);
    return 0;
  }

  Id name(const Node& node) {
    if (const auto known = names_.find(node.name); known != names_.end()) {
      return values_[known->second];
    }
    const auto found = std::find_if(sources_.begin(), sources_.end(),
                                    [&](const Source& source) { return source.name == node.name; });
    if (const auto constant = node.quoted ? std::nullopt : constant_of_name(node.name)) {
      if (found == sources_.end() || is_certain_constant(node.name)) {
        return built_.graph.constant(constant->dtype, constant->value);
      }
      return either(node);
    }
    if (found == sources_.end()) {
      const std::string hint = method_hint(node.name);
      std::vector<std::string> candidates;
      for (const Source& source : sources_) candidates.push_back(source.name);
      fail(Diagnostic::Kind::unknown, node.where,
           "no array is called \"" + node.name + "\"" +
               (hint.empty() ? did_you_mean(node.name, candidates) : hint));
      return 0;
    }
    if (found->form.ndim == 0) {
      return built_.graph.constant(found->dtype, load_element(found->dtype, found->data));
    }
    return built_.graph.source(static_cast<std::size_t>(found - sources_.begin()), found->dtype,
                               found->form);
  }

  // Of several arrays a reduction takes equal elements: nothing is broadcast.
  bool same_shapes(const Node& node, const std::vector<Id>& operands) {
    built_.form = built_.graph[operands[0]].form;
    for (const Id operand : operands) {
      const Form& form = built_.graph[operand].form;
      if (form == built_.form) continue;
      fail(Diagnostic::Kind::shape, node.word,
           node.name + " takes arrays of one shape, and these have " + to_string(built_.form) +
               " and " + to_string(form) + (node.name == "dot" ? " (or fold: sum(x*y))" : ""));
      return false;
    }
    return true;
  }

  // Arguments by position, and ddof of var and std.
  Id reduce(const Node& node) {
    std::vector<Id> operands;
    double ddof = 0;
    for (const Argument& argument : node.arguments) {
      const Vertex& value = built_.graph[values_[argument.node]];
      if (argument.keyword.empty()) {
        operands.push_back(values_[argument.node]);
      } else if (argument.keyword == "ddof" && value.is_constant() && !is_complex(value.dtype)) {
        ddof = built_.graph[built_.graph.cast(values_[argument.node], Dtype::f64)].value.f64;
      } else {
        fail(Diagnostic::Kind::unknown, syntax_.nodes[argument.node].where,
             argument.keyword == "axis"
                 ? "an expression folds whole arrays (for an axis call furrow::reduce)"
                 : node.name + " has no parameter " + argument.keyword);
        return 0;
      }
    }
    if (operands.empty()) {
      fail(Diagnostic::Kind::type, node.word, node.name + " takes an array, and none is given");
      return 0;
    }
    std::vector<Operand> dtypes;
    for (const Id operand : operands) {
      dtypes.push_back({built_.graph[operand].dtype, nullptr});
    }
    if (!same_shapes(node, operands)) return 0;
    ReductionChoice choice = choose_reduction(node.name, dtypes);
    if (!choice.error.empty()) {
      fail(Diagnostic::Kind::type, node.word, choice.error);
      return 0;
    }
    choice.reduction.ddof = ddof;
    if (built_.form.size() == 0 && choice.reduction.variant->reduce.identity == nullptr) {
      fail(Diagnostic::Kind::shape, node.word,
           "the " + node.name + " of an empty array is not defined");
    }
    for (std::size_t k = 0; k < operands.size(); ++k) {
      built_.roots.push_back(built_.graph.cast(operands[k], choice.operand[k]));
    }
    built_.reduction = choice.reduction;
    built_.dtype = choice.reduction.dtype;
    return built_.roots[0];
  }

  // A reduction's number goes to an array of rank 0 that holds its dtype; who runs it writes it.
  void conclude_number(const Statement& statement, const Target& target) {
    if (target.form.ndim != 0) {
      fail(Diagnostic::Kind::shape, statement.target_where,
           "a reduction gives one number, and \"" + statement.target + "\" has shape " +
               to_string(target.form) + " (leave the assignment out to print it)");
    } else if (!can_cast_same_kind(built_.dtype, target.dtype)) {
      fail(Diagnostic::Kind::type, statement.target_where,
           "the number is " + std::string(dtype_name(built_.dtype)) + ", and \"" +
               statement.target + "\" is " + std::string(dtype_name(target.dtype)) +
               ", which would lose what it is");
    }
  }

  // A constant by its value, as fill takes it; elements by their dtype.
  static bool fits(const Vertex& value, Dtype target) {
    return value.is_constant() ? holds_value(target, value)
                               : can_cast_same_kind(value.dtype, target);
  }

  void fail_to_fit(const Statement& statement, const Vertex& value, Dtype target) {
    const Span where = syntax_.nodes[statement.root].where;
    const std::string to(dtype_name(target));
    if (value.is_constant() && !is_complex(value.dtype)) {
      const bool whole = !is_real_float(target) && !is_complex(target);
      return fail(Diagnostic::Kind::value, where,
                  whole ? "the value cannot be given exactly as " + to + ", which \"" +
                              statement.target + "\" is"
                        : "the value would be infinite as " + to + ", which \"" + statement.target +
                              "\" is");
    }
    fail(Diagnostic::Kind::type, where,
         "the value is " + std::string(dtype_name(value.dtype)) + ", and \"" + statement.target +
             "\" is " + to + ", which would lose what it is (convert it: " + to + "(…))");
  }

  // The value in the target's dtype.
  void conclude(const Statement& statement, const std::optional<Target>& target) {
    if (built_.error) return;
    if (built_.reduction) {
      if (target) conclude_number(statement, *target);
      return;
    }
    Id root = values_[statement.root];
    const Vertex value = built_.graph[root];
    built_.form = value.form;
    built_.dtype = value.dtype;
    if (target) {
      const Span where = syntax_.nodes[statement.root].where;
      if (!fits(value, target->dtype)) return fail_to_fit(statement, value, target->dtype);
      if (value.form.ndim != 0 && !(value.form == target->form)) {
        return fail(Diagnostic::Kind::shape, where,
                    "the value has shape " + to_string(value.form) + ", and \"" + statement.target +
                        "\" has " + to_string(target->form));
      }
      built_.dtype = target->dtype;
      built_.form = target->form;
      root = built_.graph.cast(root, target->dtype);
    }
    built_.roots = {root};
  }

  const Syntax& syntax_;
  std::span<const Source> sources_;
  Built& built_;
  Calls calls_;
  std::vector<Id> values_;
  std::vector<bool> literal_;  // of each node: an integer that is computed as Python does
  std::map<std::string, std::size_t, std::less<>> names_;  // roots of earlier statements
};

}  // namespace

Built build(const Syntax& syntax, std::span<const Source> sources,
            const std::optional<Target>& target) {
  Built built;
  Builder(syntax, sources, built).run(target);
  return built;
}

}  // namespace furrow::kernels::expression
