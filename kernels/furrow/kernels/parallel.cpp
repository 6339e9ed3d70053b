#include <furrow/kernels/parallel.hpp>

#include <array>

namespace furrow::kernels::detail {
namespace {

Scalar default_of(const Parameter& parameter, Dtype dtype) noexcept {
  Scalar scalar{};
  const bool element = parameter.kind == Parameter::Kind::element;
  if (parameter.kind == Parameter::Kind::count ||
      (element && (is_unsigned_integer(dtype) || dtype == Dtype::bool_))) {
    scalar.u64 = static_cast<std::uint64_t>(parameter.default_value);
  } else if (element && is_signed_integer(dtype)) {
    scalar.i64 = static_cast<std::int64_t>(parameter.default_value);
  } else {
    scalar.c128[0] = parameter.default_value;  // the real part is where f64 lies
  }
  return scalar;
}

}  // namespace

bool set_parameters(const Kernel& kernel, Dtype dtype, std::initializer_list<Scalar> given,
                    Scalar* parameters) noexcept {
  if (given.size() > kernel.parameters.size()) return false;
  std::copy(given.begin(), given.end(), parameters);
  for (std::size_t i = given.size(); i < kernel.parameters.size(); ++i) {
    if (!kernel.parameters[i].has_default) return false;
    parameters[i] = default_of(kernel.parameters[i], dtype);
  }
  return true;
}

const Variant* variant_for(std::string_view name, std::size_t inputs, Dtype in,
                           Dtype out) noexcept {
  const Kernel* const kernel = find(name);
  if (kernel == nullptr || kernel->input_count != inputs) return nullptr;
  if ((kernel->family == Family::reduce) != (out == Dtype::none)) return nullptr;
  std::array<Dtype, inputs_max> all_in;
  all_in.fill(in);
  return find_variant(*kernel, {all_in.data(), inputs}, out);
}

}  // namespace furrow::kernels::detail
