// furrow/kernels/expression/graph.cpp
#include <furrow/kernels/expression/graph.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include <furrow/kernels/packed.hpp>

namespace furrow::kernels::expression {
namespace {

// In every bit: zeros of both signs are two constants, and NaN is one.
bool same(const Scalar& a, const Scalar& b) noexcept {
  using Words = std::array<std::uint64_t, sizeof(Scalar) / sizeof(std::uint64_t)>;
  return std::bit_cast<Words>(a) == std::bit_cast<Words>(b);
}

bool same(const Vertex& a, const Vertex& b) noexcept {
  if (a.kind != b.kind || a.dtype != b.dtype || !(a.form == b.form)) return false;
  if (a.kind == Vertex::Kind::constant) return same(a.value, b.value);
  if (a.kind == Vertex::Kind::source) return a.source == b.source;
  if (a.kernel != b.kernel || a.variant != b.variant) return false;
  if (!std::equal(a.operands, a.operands + inputs_max, b.operands)) return false;
  for (std::size_t k = 0; k < parameters_max; ++k) {
    if (!same(a.parameters[k], b.parameters[k])) return false;
  }
  return true;
}

Scalar real_scalar(Dtype dtype, double value) noexcept {
  return visit_dtype(dtype, [&]<class T>(T) {
    if constexpr (std::is_integral_v<T>) {
      return scalar_of<T>(static_cast<T>(static_cast<std::int64_t>(value)));
    } else {
      return scalar_of<T>(T(value));
    }
  });
}

// -x, as affine's parameter b takes it; integers wrap.
Scalar minus(Dtype dtype, const Scalar& value) noexcept {
  Scalar result = value;
  if (is_integer(dtype)) {
    result.u64 = 0 - value.u64;
  } else {
    result.f64 = -value.f64;
  }
  return result;
}

// A divisor whose reciprocal is exact: then x / c and x * (1 / c) are the same number.
bool has_exact_reciprocal(Dtype dtype, double value) noexcept {
  int exponent = 0;
  if (!std::isfinite(value) || std::fabs(std::frexp(value, &exponent)) != 0.5) return false;
  return std::abs(exponent) < (dtype == Dtype::f32 ? 120 : 1000);
}

}  // namespace

Scalar load_element(Dtype dtype, const void* element) noexcept {
  return visit_dtype(dtype, [&]<class T>(T value) {
    std::memcpy(&value, element, sizeof value);
    return scalar_of<T>(value);
  });
}

void store_element(Dtype dtype, const Scalar& value, void* element) noexcept {
  visit_dtype(dtype, [&]<class T>(T typed) {
    typed = element_of<T>(value);
    std::memcpy(element, &typed, sizeof typed);
  });
}

Graph::Id Graph::add(const Vertex& vertex) {
  const auto found = std::find_if(vertices_.begin(), vertices_.end(),
                                  [&](const Vertex& each) { return same(each, vertex); });
  if (found != vertices_.end()) return static_cast<Id>(found - vertices_.begin());
  vertices_.push_back(vertex);
  return vertices_.size() - 1;
}

Graph::Id Graph::constant(Dtype dtype, const Scalar& value) {
  Vertex vertex;
  vertex.dtype = dtype;
  // Through an element, so that equal numbers have equal bytes.
  alignas(16) std::byte element[16] = {};
  store_element(dtype, value, element);
  vertex.value = load_element(dtype, element);
  return add(vertex);
}

Graph::Id Graph::source(std::size_t index, Dtype dtype, const Form& form) {
  Vertex vertex;
  vertex.kind = Vertex::Kind::source;
  vertex.dtype = dtype;
  vertex.form = form;
  vertex.source = index;
  return add(vertex);
}

Graph::Id Graph::cast(Id value, Dtype to) {
  const Dtype dtype = vertices_[value].dtype;
  const Form form = vertices_[value].form;
  if (dtype == to) return value;
  if (is_complex(dtype) && !is_complex(to)) {
    const Kernel* kernel = find(to == Dtype::bool_ ? "not_equal" : "real");
    const Id operands[] = {value, constant(dtype, Scalar{})};
    const Dtype in[] = {dtype, dtype};
    const Dtype part = dtype == Dtype::c64 ? Dtype::f32 : Dtype::f64;
    const std::size_t count = kernel->input_count;
    const Variant* variant = find_variant(*kernel, std::span(in, count), count == 2 ? to : part);
    return cast(operation(*kernel, *variant, std::span(operands, count), form), to);
  }
  const Kernel* kernel = find("cast");
  const Variant* variant = find_variant(*kernel, std::span(&dtype, 1), to);
  return operation(*kernel, *variant, std::span(&value, 1), form, to);
}

// The one element, computed now.
Graph::Id Graph::fold(const Vertex& operation) {
  alignas(16) std::byte in[inputs_max][16] = {};
  alignas(16) std::byte out[16] = {};
  MapCall call{};
  call.out = out;
  call.out_stride = 1;
  call.count = 1;
  for (std::size_t k = 0; k < operation.kernel->input_count; ++k) {
    const Vertex& operand = vertices_[operation.operands[k]];
    store_element(operand.dtype, operand.value, in[k]);
    call.in[k] = in[k];
    call.in_stride[k] = 1;
  }
  std::copy(operation.parameters, operation.parameters + parameters_max, call.parameters);
  operation.variant->map(call);
  return constant(operation.dtype, load_element(operation.dtype, out));
}

// x*c, x+c, x-c, c-x and x/2^k by the kernels that take the constant as a parameter: the same
// bits, since 1*x and -1*x are exact, and a constant less to read from memory.
bool Graph::with_constant(const Kernel& kernel, const Vertex& operation, Id& result) {
  if (kernel.input_count != 2 || is_complex(operation.dtype)) return false;
  const bool first = vertices_[operation.operands[0]].is_constant();
  if (!first && !vertices_[operation.operands[1]].is_constant()) return false;
  const Id array = operation.operands[first ? 1 : 0];
  const Vertex& constant = vertices_[operation.operands[first ? 0 : 1]];
  const Dtype dtype = operation.dtype;
  const Scalar value = constant.value;
  const auto use = [&](std::string_view name, std::initializer_list<Scalar> parameters) {
    const Kernel* other = find(name);
    const Variant* variant =
        other != nullptr ? find_variant(*other, std::span(&dtype, 1), dtype) : nullptr;
    if (variant == nullptr) return false;
    result = this->operation(*other, *variant, std::span(&array, 1), operation.form, dtype,
                             std::span(parameters.begin(), parameters.size()));
    return true;
  };
  const Scalar one = real_scalar(dtype, 1);
  if (kernel.name == "multiply") return use("scale", {value});
  if (kernel.name == "add") return use("affine", {one, value});
  if (kernel.name == "subtract") {
    if (first) return use("affine", {minus(dtype, one), value});
    return use("affine", {one, minus(dtype, value)});
  }
  if (kernel.name == "divide" && !first && has_exact_reciprocal(dtype, value.f64)) {
    return use("scale", {real_scalar(dtype, 1 / value.f64)});
  }
  return false;
}

Graph::Id Graph::operation(const Kernel& kernel, const Variant& variant,
                           std::span<const Id> operands, const Form& form, Dtype dtype,
                           std::span<const Scalar> parameters) {
  Vertex vertex;
  vertex.kind = Vertex::Kind::operation;
  vertex.kernel = &kernel;
  vertex.variant = &variant;
  vertex.dtype = dtype != Dtype::none ? dtype : variant.out;
  vertex.form = form;
  std::copy(operands.begin(), operands.end(), vertex.operands);
  std::copy(parameters.begin(), parameters.end(), vertex.parameters);
  const bool constant = kernel.input_count > 0 &&
                        std::all_of(operands.begin(), operands.end(),
                                    [&](Id operand) { return vertices_[operand].is_constant(); });
  if (constant) return fold(vertex);
  Id result = 0;
  if (with_constant(kernel, vertex, result)) return result;
  return add(vertex);
}

Graph::Id Graph::apply(const Kernel& kernel, const Resolution& resolution,
                       std::span<const Id> operands, const Form& form) {
  Id converted[inputs_max] = {};
  for (std::size_t k = 0; k < operands.size(); ++k) {
    converted[k] = cast(operands[k], resolution.operand[k]);
    if (resolution.in_f32) converted[k] = cast(converted[k], Dtype::f32);
  }
  const bool rounds = resolution.in_f32 && resolution.result == Dtype::f16;
  const Id result = operation(kernel, *resolution.variant, std::span(converted, operands.size()),
                              form, rounds ? Dtype::f32 : resolution.result);
  return rounds ? cast(result, Dtype::f16) : result;
}

}  // namespace furrow::kernels::expression
