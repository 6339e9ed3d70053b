// furrow/kernels/expression/calls.cpp
#include <furrow/kernels/expression/calls.hpp>

#include <algorithm>
#include <cmath>

#include <furrow/kernels/expression/reduction.hpp>
#include <furrow/kernels/packed.hpp>

namespace furrow::kernels::expression {
namespace {

using Kind = Diagnostic::Kind;

std::string counted(std::size_t count, std::string_view one) {
  return std::to_string(count) + " " + std::string(one) + (count == 1 ? "" : "s");
}

bool is_integer_or_bool(Dtype dtype) { return is_integer(dtype) || dtype == Dtype::bool_; }

// A constant as a double; NaN when it is complex.
double real_value(const Vertex& constant) {
  if (is_complex(constant.dtype)) return std::nan("");
  if (is_signed_integer(constant.dtype)) return static_cast<double>(constant.value.i64);
  if (is_integer_or_bool(constant.dtype)) return static_cast<double>(constant.value.u64);
  return constant.value.f64;
}

std::string sort_of(Dtype parameter) {
  if (parameter == Dtype::u64) return "a whole number of 0 or more";
  return parameter == Dtype::f64 ? "a real number" : std::string(dtype_name(parameter));
}

bool is_zero(const Vertex& vertex) { return vertex.is_constant() && vertex.value.u64 == 0; }

bool divides(std::string_view kernel) {
  return kernel == "floor_divide" || kernel == "remainder" || kernel == "fmod";
}

bool is_negative_integer(const Vertex& vertex) {
  return vertex.is_constant() && is_signed_integer(vertex.dtype) && vertex.value.i64 < 0;
}

// What was meant by & | ^ between numbers that have no bits: they bind tighter than comparisons,
// and ^ is no power. Empty for the functions of these names.
std::string hint_for_bits(const Node& node, std::string_view kernel, bool any_bool) {
  const std::string_view symbol = kernel == "bitwise_and"   ? "&"
                                  : kernel == "bitwise_or"  ? "|"
                                  : kernel == "bitwise_xor" ? "^"
                                                            : "";
  if (symbol.empty() || node.word.end - node.word.begin > 2) return "";
  if (symbol == "^" && !any_bool) return " (^ is exclusive or; a power is x**y)";
  return " (comparisons joined by " + std::string(symbol) + " need parentheses: (x > 0) " +
         std::string(symbol) + " (x < 1))";
}

}  // namespace

Graph::Id Calls::fail(Kind kind, Span where, std::string message) {
  if (!error_) error_ = Diagnostic{kind, where, std::move(message)};
  return 0;
}

bool Calls::takes(const Node& node, Values values, std::size_t count) {
  if (values.size() == count) return true;
  fail(Kind::type, node.word,
       node.name + " takes " + counted(count, "argument") + ", and " +
           std::to_string(values.size()) + (values.size() == 1 ? " is given" : " are given"));
  return false;
}

bool Calls::joined_form(const Node& node, Values values, Form& form) {
  for (const Id value : values) {
    const Form& next = graph_[value].form;
    if (broadcast(form, next, form)) continue;
    fail(Kind::shape, node.word,
         "shapes " + to_string(form) + " and " + to_string(next) + " do not fit together");
    return false;
  }
  return true;
}

Dtype Calls::result_dtype(Values values) const {
  std::vector<Operand> operands;
  for (const Id value : values) operands.push_back(graph_[value].as_operand());
  return result_type(operands);
}

bool Calls::all_bool(Values values) const {
  return std::all_of(values.begin(), values.end(),
                     [&](Id value) { return graph_[value].dtype == Dtype::bool_; });
}

Graph::Id Calls::call(const Node& node, const std::vector<CallArgument>& arguments) {
  const std::string_view name = bare_name(node.name);
  const Kernel* found = find_function(name);
  const bool has_parameters = found != nullptr && !found->parameters.empty();
  std::vector<Id> values;
  for (const CallArgument& argument : arguments) {
    values.push_back(argument.value);
    if (!argument.keyword.empty() && !has_parameters) {
      return fail(Kind::unknown, argument.where,
                  node.name + " has no parameter " + argument.keyword);
    }
  }
  if (const auto value = special(node, name, values)) return *value;
  if (error_) return 0;
  if (has_parameters) return kernel_with_parameters(node, *found, arguments);
  return kernel(node, name, values);
}

// What has no kernel of its own, or rules of its own. Empty: nothing special.
std::optional<Graph::Id> Calls::special(const Node& node, std::string_view name, Values values) {
  if (const Dtype dtype = dtype_of_name(name); dtype != Dtype::none) {
    if (!takes(node, values, 1)) return 0;
    if (is_complex(graph_[values[0]].dtype) && !is_complex(dtype) && dtype != Dtype::bool_) {
      return fail(Kind::type, node.word,
                  "a complex number has no " + std::string(dtype_name(dtype)) +
                      " (take real(x), imag(x) or abs(x))");
    }
    return graph_.cast(values[0], dtype);
  }
  // The dtype that these give is no operand's.
  if (name.substr(0, 4) == "cast") return conversion(node, name, values);
  if (const Composed* function = find_composed(name)) return composed(node, *function, values);
  if (name == "where") return select(node, values);
  if (name == "clip") return clip(node, values);
  if (name.substr(0, 8) == "logical_") return logical(node, name, values);
  if (!values.empty() && all_bool(values)) {
    if (const auto value = of_bools(node, name, values)) return value;
  }
  const bool complex = !values.empty() && is_complex(graph_[values[0]].dtype);
  const bool same = is_synonym(name, "real") || is_synonym(name, "conjugate");
  if (name == "positive" || (same && !complex)) {
    if (!takes(node, values, 1)) return 0;
    return values[0];
  }
  if (is_synonym(name, "square")) {
    if (!takes(node, values, 1)) return 0;
    const Id twice[] = {values[0], values[0]};
    return kernel(node, "multiply", twice);
  }
  if (name == "reciprocal" && find(name) == nullptr && values.size() == 1 &&
      !is_integer_or_bool(graph_[values[0]].dtype)) {
    const Id quotient[] = {graph_.constant(Dtype::f64, scalar_of(1.0)), values[0]};
    return kernel(node, "divide", quotient);
  }
  if (is_synonym(name, "pow") && values.size() == 2) return power(node, values);
  const bool whole = std::all_of(values.begin(), values.end(),
                                 [&](Id value) { return is_integer_or_bool(graph_[value].dtype); });
  if (is_synonym(name, "divide") && values.size() == 2 && whole) {
    // NumPy divides integers of any width in f64.
    const Id real[] = {graph_.cast(values[0], Dtype::f64), graph_.cast(values[1], Dtype::f64)};
    return kernel(node, "divide", real);
  }
  return std::nullopt;
}

// Sums, products and extremes of bools are or and and, as in NumPy.
std::optional<Graph::Id> Calls::of_bools(const Node& node, std::string_view name, Values values) {
  if (name == "add" || name == "maximum") return logical(node, "logical_or", values);
  if (name == "multiply" || name == "minimum") return logical(node, "logical_and", values);
  if (is_synonym(name, "invert")) return logical(node, "logical_not", values);
  if (is_synonym(name, "abs") && values.size() == 1) return values[0];
  if (name == "subtract") {
    return fail(Kind::type, node.word, "bools have no difference (take ^, or convert them)");
  }
  if (is_synonym(name, "negative")) {
    return fail(Kind::type, node.word, "a bool has no sign (take ~, or convert it)");
  }
  if (is_synonym(name, "square")) {
    const Id small[] = {graph_.cast(values[0], Dtype::i8), graph_.cast(values[0], Dtype::i8)};
    return kernel(node, "multiply", small);
  }
  return std::nullopt;
}

// x**2 and x**0.5 as NumPy: x*x and sqrt(x); 2**-1 in the text is 0.5.
std::optional<Graph::Id> Calls::power(const Node& node, Values values) {
  const Vertex base = graph_[values[0]];
  const Vertex exponent = graph_[values[1]];
  if (is_integer_or_bool(base.dtype) && is_negative_integer(exponent)) {
    if (!base.is_constant()) {
      return fail(Kind::type, node.word,
                  "an integer to a negative power is no integer (write the exponent as a real "
                  "number)");
    }
    const Id real[] = {graph_.cast(values[0], Dtype::f64), graph_.cast(values[1], Dtype::f64)};
    return kernel(node, "pow", real);
  }
  Dtype dtype = result_dtype(values);
  if (is_integer_or_bool(dtype)) {
    // NumPy takes bools as i8, and squares an array of bools as one, too.
    const bool squares =
        base.dtype == Dtype::bool_ && !base.is_constant() && real_value(exponent) == 2;
    if (dtype == Dtype::bool_ || (exponent.is_constant() && squares)) dtype = Dtype::i8;
    constexpr double squares_most = 1 << 20;
    if (!exponent.is_constant() || real_value(exponent) > squares_most) {
      const Id operands[] = {graph_.cast(values[0], dtype), graph_.cast(values[1], dtype)};
      return kernel(node, "pow", operands);
    }
    return integer_power(node, graph_.cast(values[0], dtype), exponent);
  }
  if (!exponent.is_constant()) return std::nullopt;
  const double value = real_value(exponent);
  if (value == 2) {
    const Id x = graph_.cast(values[0], dtype);
    const Id twice[] = {x, x};
    return kernel(node, "multiply", twice);
  }
  if (value == 0.5 && !is_integer_or_bool(base.dtype) && dtype == base.dtype) {
    return kernel(node, "sqrt", values.first(1));
  }
  return std::nullopt;
}

// By squares: products of integers wrap, and so give the same in any order.
Graph::Id Calls::integer_power(const Node& node, Id x, const Vertex& exponent) {
  std::optional<Id> product;
  for (auto left = static_cast<unsigned>(real_value(exponent)); left != 0; left /= 2) {
    const Id next[] = {product.value_or(x), x};
    if (left % 2 != 0) product = product ? kernel(node, "multiply", next) : x;
    const Id twice[] = {x, x};
    if (left > 1) x = kernel(node, "multiply", twice);
  }
  if (product) return *product;
  // x**0 is 1, with the shape of x.
  const Dtype dtype = graph_[x].dtype;
  const Id none[] = {x, x};
  const Id one[] = {kernel(node, "subtract", none),
                    graph_.constant(dtype, scalar_of<std::int64_t>(1))};
  return kernel(node, "add", one);
}

// On what is not zero. Bools are bytes of 0 and 1, so their bits are what is asked for.
Graph::Id Calls::logical(const Node& node, std::string_view name, Values values) {
  const bool unary = name == "logical_not";
  if (!takes(node, values, unary ? 1 : 2)) return 0;
  std::vector<Id> bools;
  for (const Id value : values) bools.push_back(graph_.cast(value, Dtype::bool_));
  const std::vector<Dtype> dtypes(bools.size(), Dtype::bool_);
  const Kernel* own = find(name);
  if (own != nullptr && find_variant(*own, dtypes, Dtype::bool_) != nullptr) {
    return kernel(node, name, bools);
  }
  if (unary) {
    bools.push_back(graph_.constant(Dtype::bool_, scalar_of(false)));
    return kernel(node, "equal", bools);
  }
  const std::string bits = "bitwise_" + std::string(name.substr(8));
  return kernel(node, find(bits) != nullptr ? std::string_view(bits) : name, bools);
}

Graph::Id Calls::select(const Node& node, Values values) {
  if (!takes(node, values, 3)) return 0;
  Form form;
  if (!joined_form(node, values, form)) return 0;
  const Dtype dtype = result_dtype(values.subspan(1));
  const Kernel* own = find("where");
  if (own == nullptr) return fail(Kind::unknown, node.word, "there is no where yet");
  // Only bits are moved: a type of the same width does as well.
  for (const Dtype as : {dtype, Dtype::u8, Dtype::u16, Dtype::u32, Dtype::u64, Dtype::c128}) {
    if (item_bytes(as) != item_bytes(dtype)) continue;
    const Dtype in[] = {Dtype::bool_, as, as};
    const Variant* variant = find_variant(*own, in, as);
    if (variant == nullptr) continue;
    const Id operands[] = {graph_.cast(values[0], Dtype::bool_), graph_.cast(values[1], dtype),
                           graph_.cast(values[2], dtype)};
    return graph_.operation(*own, *variant, operands, form, dtype);
  }
  return fail(Kind::type, node.word, "where does not take " + std::string(dtype_name(dtype)));
}

// With constants in one kernel, with arrays by maximum and minimum.
Graph::Id Calls::clip(const Node& node, Values values) {
  if (!takes(node, values, 3)) return 0;
  const Dtype dtype = result_dtype(values);
  const Kernel* own = find("clip");
  const Variant* variant =
      own != nullptr ? find_variant(*own, std::span(&dtype, 1), dtype) : nullptr;
  const bool limits_known = graph_[values[1]].is_constant() && graph_[values[2]].is_constant();
  if (variant != nullptr && limits_known && own->parameters.size() == 2) {
    const Id x = graph_.cast(values[0], dtype);
    const Scalar limits[] = {graph_[graph_.cast(values[1], dtype)].value,
                             graph_[graph_.cast(values[2], dtype)].value};
    return graph_.operation(*own, *variant, std::span(&x, 1), graph_[x].form, dtype, limits);
  }
  const Id low[] = {values[0], values[1]};
  const Id raised = kernel(node, "maximum", low);
  if (error_) return 0;
  const Id high[] = {raised, values[2]};
  return kernel(node, "minimum", high);
}

Graph::Id Calls::kernel(const Node& node, std::string_view name, Values values) {
  const Kernel* found = find_function(name);
  if (found == nullptr || found->family == Family::reduce || found->name == "fill") {
    const std::string hint = method_hint(node.name);
    return fail(Kind::unknown, node.word,
                "no function is called \"" + node.name + "\"" +
                    (hint.empty() ? did_you_mean(bare_name(node.name), function_names()) : hint));
  }
  if (!takes(node, values, found->input_count)) return 0;
  Form form;
  if (!joined_form(node, values, form)) return 0;
  std::vector<Operand> operands;
  std::string given;
  bool any_bool = false;
  for (const Id value : values) {
    any_bool = any_bool || graph_[value].dtype == Dtype::bool_;
    operands.push_back(graph_[value].as_operand());
    given += (given.empty() ? "" : " and ") + std::string(dtype_name(graph_[value].dtype));
  }
  const auto resolution = resolve(*found, operands);
  if (resolution && values.size() == 2 && is_integer(resolution->operand[1]) &&
      divides(found->name) && is_zero(graph_[values[1]])) {
    return fail(Kind::value, node.word, "division of integers by zero");
  }
  if (resolution) return graph_.apply(*found, *resolution, values, form);
  return fail(Kind::type, node.word,
              node.name + " does not take " + given + hint_for_bits(node, found->name, any_bool));
}

bool Calls::parameter(const Node& node, const Kernel& kernel, Dtype dtype, std::size_t index,
                      const CallArgument& argument, Scalar& result) {
  const Parameter& parameter = kernel.parameters[index];
  const Dtype wanted = parameter.kind == Parameter::Kind::element ? dtype
                       : parameter.kind == Parameter::Kind::real  ? Dtype::f64
                                                                  : Dtype::u64;
  const Vertex& value = graph_[argument.value];
  if (!value.is_constant()) {
    fail(Kind::type, argument.where,
         "parameter " + std::string(parameter.name) + " of " + node.name + " is one number");
    return false;
  }
  // A number of the text fits when the array would keep its dtype with it.
  if (!can_cast_safely(value.as_operand(), wanted, true)) {
    fail(Kind::type, argument.where,
         "parameter " + std::string(parameter.name) + " of " + node.name + " is " +
             sort_of(wanted) + ", and this is " +
             (real_value(value) < 0 && is_integer(value.dtype)
                  ? "negative"
                  : std::string(dtype_name(value.dtype))));
    return false;
  }
  result = graph_[graph_.cast(argument.value, wanted)].value;
  return true;
}

// The kernel's arrays first, then its parameters in its order or by name.
Graph::Id Calls::kernel_with_parameters(const Node& node, const Kernel& kernel,
                                        const std::vector<CallArgument>& arguments) {
  std::vector<Id> values;
  std::vector<Operand> operands;
  std::vector<const CallArgument*> given(kernel.parameters.size(), nullptr);
  for (std::size_t k = 0; k < arguments.size(); ++k) {
    const CallArgument& argument = arguments[k];
    if (k < kernel.input_count && argument.keyword.empty()) {
      values.push_back(argument.value);
      operands.push_back(graph_[argument.value].as_operand());
      continue;
    }
    std::size_t index = k - kernel.input_count;
    if (!argument.keyword.empty()) {
      const auto found = std::find_if(
          kernel.parameters.begin(), kernel.parameters.end(),
          [&](const Parameter& parameter) { return parameter.name == argument.keyword; });
      index = static_cast<std::size_t>(found - kernel.parameters.begin());
    }
    if (index >= given.size()) {
      return fail(Kind::unknown, argument.where,
                  node.name + " takes no such argument: " + std::string(kernel.formula));
    }
    given[index] = &argument;
  }
  Form form;
  if (!takes(node, values, kernel.input_count) || !joined_form(node, values, form)) return 0;
  Resolution resolution;
  if (kernel.input_count == 0) {
    const Dtype f64 = Dtype::f64;
    resolution.variant = find_variant(kernel, {}, f64);
    if (resolution.variant == nullptr) resolution.variant = kernel.variants.data();
  } else if (const auto found = resolve(kernel, operands); found && !found->in_f32) {
    resolution = *found;
  }
  if (resolution.variant == nullptr || kernel.name == "fill") {
    return fail(Kind::type, node.word, node.name + " does not take these dtypes");
  }
  const Variant& variant = *resolution.variant;
  Scalar parameters[parameters_max] = {};
  for (std::size_t k = 0; k < given.size(); ++k) {
    if (given[k] != nullptr) {
      const Dtype element = kernel.input_count > 0 ? variant.in[0] : variant.out;
      if (!parameter(node, kernel, element, k, *given[k], parameters[k])) return 0;
    } else if (!kernel.parameters[k].has_default) {
      return fail(Kind::type, node.word,
                  node.name + " needs " + std::string(kernel.parameters[k].name) + ": " +
                      std::string(kernel.formula));
    } else if (kernel.parameters[k].kind == Parameter::Kind::count) {
      parameters[k].u64 = static_cast<std::uint64_t>(kernel.parameters[k].default_value);
    } else {
      parameters[k].f64 = kernel.parameters[k].default_value;
    }
  }
  if (const char* refusal = variant.refusal != nullptr ? variant.refusal(parameters) : nullptr) {
    return fail(Kind::value, node.where, node.name + ": " + refusal);
  }
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = graph_.cast(values[k], resolution.operand[k]);
  }
  return graph_.operation(kernel, variant, values, form, variant.out,
                          std::span(parameters, given.size()));
}

}  // namespace furrow::kernels::expression
