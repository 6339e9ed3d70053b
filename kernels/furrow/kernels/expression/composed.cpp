// furrow/kernels/expression/composed.cpp
//
// Functions made of others, and conversions by a kernel's name and a dtype's.
#include <furrow/kernels/expression/composed.hpp>

#include <algorithm>
#include <string>

#include <furrow/kernels/expression/calls.hpp>

namespace furrow::kernels::expression {
namespace {

constexpr Composed functions[] = {
    {"degrees", "rad2deg", 1, "a*57.295779513082323"},
    {"radians", "deg2rad", 1, "a*0.017453292519943295"},
    {"heaviside", "", 2, "where(a != a, a, where(a == 0, b, a > 0))"},
    {"float_power", "", 2, "f64(a)**f64(b)"},
    // Equal infinities have no difference; sums and differences of integers would wrap.
    {"logaddexp", "", 2,
     "where(a == b, a + 0.69314718055994531, maximum(a, b) + log1p(exp(-abs(1.0*a - b))))"},
    {"logaddexp2", "", 2,
     "where(a == b, a + 1.0, maximum(a, b) + 1.4426950408889634*log1p(exp2(-abs(1.0*a - b))))"},
    {"sinc", "", 1, "where(a == 0, 1, sin(pi*a)/(pi*a))"},
    {"angle", "", 1, "arctan2(imag(a), real(a))"},
    {"isposinf", "", 1, "a == inf"},
    {"isneginf", "", 1, "a == -inf"},
};

}  // namespace

std::span<const Composed> composed_functions() noexcept { return functions; }

const Composed* find_composed(std::string_view name) noexcept {
  const auto* const found =
      std::find_if(std::begin(functions), std::end(functions),
                   [&](const Composed& each) { return each.name == name || (each.other == name); });
  return name.empty() || found == std::end(functions) ? nullptr : found;
}

Graph::Id Calls::composed(const Node& node, const Composed& function, Values values) {
  if (!takes(node, values, function.inputs)) return 0;
  const Syntax inner = parse(function.text);
  std::vector<Id> of(inner.nodes.size());
  for (std::size_t k = 0; k < of.size() && !error_; ++k) {
    Node part = inner.nodes[k];
    part.where = part.word = node.word;  // errors point at the text that the user wrote
    if (part.kind == Node::Kind::number) {
      of[k] = graph_.constant(part.dtype, part.value);
    } else if (part.kind == Node::Kind::name) {
      const auto known = constant_of_name(part.name);
      of[k] =
          known ? graph_.constant(known->dtype, known->value) : values[part.name == "b" ? 1 : 0];
    } else {
      std::vector<CallArgument> arguments;
      for (const Argument& argument : part.arguments) {
        arguments.push_back({of[argument.node], argument.keyword, node.word});
      }
      of[k] = call(part, arguments);
    }
  }
  return of.back();
}

// cast_i8(x), cast_saturate_i8(x), cast_wrap_i8(x): the kernel, and the dtype that it gives.
Graph::Id Calls::conversion(const Node& node, std::string_view name, Values values) {
  for (const std::string_view kind : {"cast_saturate", "cast_wrap", "cast"}) {
    if (name.substr(0, kind.size()) != kind) continue;
    const std::string_view rest = name.substr(kind.size());
    const Dtype to = rest.substr(0, 1) == "_" ? dtype_of_name(rest.substr(1)) : Dtype::none;
    if (to == Dtype::none) break;
    if (!takes(node, values, 1)) return 0;
    const Vertex& value = graph_[values[0]];
    const Kernel* kernel = find(kind);
    const Variant* variant = find_variant(*kernel, std::span(&value.dtype, 1), to);
    if (variant == nullptr) {
      return fail(Diagnostic::Kind::type, node.word,
                  node.name + " does not take " + std::string(dtype_name(value.dtype)));
    }
    return graph_.operation(*kernel, *variant, values, value.form, to);
  }
  return fail(Diagnostic::Kind::type, node.word,
              "to convert call the dtype: f32(x); with a rule of its own for what does not fit, "
              "cast_saturate_i8(x) or cast_wrap_i8(x)");
}

}  // namespace furrow::kernels::expression
