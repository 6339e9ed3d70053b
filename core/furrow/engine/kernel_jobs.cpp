#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include <fmt/format.h>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/packed.hpp>

namespace furrow {
namespace {

using kernels::Kernel;
using kernels::Parameter;
using kernels::Scalar;
using kernels::Variant;

const Kernel& kernel_of(std::string_view name) {
  const Kernel* const kernel = kernels::find(name);
  if (kernel == nullptr) {
    throw NotFound(fmt::format("no kernel is called \"{}\" (`furrow kernels` lists them)", name));
  }
  return *kernel;
}

/// `given`: the dtypes of the inputs; Dtype::none for a number.
[[noreturn]] void throw_no_variant(const Kernel& kernel, std::span<const Dtype> given, Dtype out) {
  std::string in;
  for (const Dtype dtype : given) {
    const std::string_view name = dtype == Dtype::none ? "a number" : dtype_name(dtype);
    in += fmt::format("{}{}", in.empty() ? "" : ", ", name);
  }
  std::string taken;
  for (const Variant& variant : kernel.variants) {
    std::string one;
    for (std::size_t k = 0; k < kernel.input_count; ++k) {
      one += fmt::format("{}{}", k == 0 ? "" : ", ", dtype_name(variant.in[k]));
    }
    const bool all_alike = one.empty() || variant.in[0] == variant.out;
    if (all_alike) one = dtype_name(variant.out);
    if (kernel.input_count > 0 && !all_alike)
      one = fmt::format("({}) into {}", one, dtype_name(variant.out));
    taken += (taken.empty() ? "" : ", ") + one;
  }
  throw TypeMismatch(fmt::format("the kernel {} does not take ({}) into {}; it takes {}",
                                 kernel.name, in, dtype_name(out), taken));
}

// Who names no parameters counts them wrong: all are said.
[[noreturn]] void throw_inexact(const Kernel& kernel, const Parameter& parameter, Dtype dtype) {
  if (parameter.kind == Parameter::Kind::count) dtype = Dtype::u64;
  if (parameter.kind == Parameter::Kind::real) dtype = Dtype::f64;
  std::string all;
  for (const Parameter& each : kernel.parameters) {
    all += fmt::format("{}{}", all.empty() ? "" : ", ", each.name);
  }
  throw InvalidArgument(fmt::format(
      "parameter {} of {} cannot be given exactly as {}{}", parameter.name, kernel.name,
      dtype_name(dtype),
      kernel.parameters.size() > 1 ? fmt::format(" (the parameters are {})", all) : ""));
}

template <class Integer>
bool to_integer(const Value& value, Integer& result) {
  const long double limit =
      std::ldexp(1.0L, sizeof(Integer) * 8 - (std::is_signed_v<Integer> ? 1 : 0));
  switch (value.kind) {
    case Value::Kind::integer:
      result = static_cast<Integer>(value.i);
      return std::in_range<Integer>(value.i);
    case Value::Kind::natural:
      result = static_cast<Integer>(value.u);
      return std::in_range<Integer>(value.u);
    case Value::Kind::real: {
      const double real = value.z.real();
      if (!(real >= (std::is_signed_v<Integer> ? -limit : 0.0L) && real < limit)) return false;
      result = static_cast<Integer>(real);
      return static_cast<double>(result) == real;
    }
    case Value::Kind::complex: return false;
  }
  return false;
}

// An integer that the dtype's own range holds.
template <class Integer>
bool fits(Dtype dtype, Integer value) {
  return visit_dtype(dtype, [&]<class T>(T) {
    if constexpr (std::is_same_v<T, bool>) {
      return value == 0 || value == 1;
    } else if constexpr (std::is_integral_v<T>) {
      return std::in_range<T>(value);
    } else {
      return true;
    }
  });
}

// A value as one element. False when the dtype does not hold it; reals are rounded later.
bool to_element(const Value& value, Dtype dtype, Scalar& scalar) {
  if (is_complex(dtype)) {
    scalar.c128[0] = value.z.real();
    scalar.c128[1] = value.z.imag();
    return true;
  }
  if (is_real_float(dtype)) {
    scalar.f64 = value.z.real();
    return value.kind != Value::Kind::complex;
  }
  if (is_signed_integer(dtype)) return to_integer(value, scalar.i64) && fits(dtype, scalar.i64);
  return to_integer(value, scalar.u64) && fits(dtype, scalar.u64);
}

// What is written itself; a limit or a factor beyond the range of f32 may be meant.
bool becomes_infinite(Dtype dtype, const Scalar& scalar) {
  return visit_dtype(dtype, [&]<class T>(T) {
    const auto beyond = [](double given, double kept) {
      return std::isfinite(given) && !std::isfinite(kept);
    };
    if constexpr (std::is_integral_v<T>) {
      return false;
    } else if constexpr (is_complex(dtype_of<T>)) {
      const T element = kernels::element_of<T>(scalar);
      return beyond(scalar.c128[0], static_cast<double>(element.real())) ||
             beyond(scalar.c128[1], static_cast<double>(element.imag()));
    } else {
      return beyond(scalar.f64, static_cast<double>(kernels::element_of<T>(scalar)));
    }
  });
}

Scalar convert(const Kernel& kernel, const Parameter& parameter, Dtype dtype, const Value& value) {
  Scalar scalar{};
  bool exact = true;
  switch (parameter.kind) {
    case Parameter::Kind::count: exact = to_integer(value, scalar.u64); break;
    case Parameter::Kind::real:
      exact = value.kind != Value::Kind::complex;
      scalar.f64 = value.z.real();
      break;
    case Parameter::Kind::element:
      exact = to_element(value, dtype, scalar) &&
              (kernel.name != "fill" || !becomes_infinite(dtype, scalar));
      break;
  }
  if (!exact) throw_inexact(kernel, parameter, dtype);
  return scalar;
}

void set_parameters(engine::Job& job, std::span<const Value> values) {
  const Kernel& kernel = *job.kernel;
  const Dtype dtype = kernel.input_count > 0 ? job.variant->in[0] : job.variant->out;
  if (values.size() > kernel.parameters.size()) {
    throw InvalidArgument(fmt::format("{} takes {} parameters, and {} were given", kernel.name,
                                      kernel.parameters.size(), values.size()));
  }
  for (std::size_t i = 0; i < kernel.parameters.size(); ++i) {
    const Parameter& parameter = kernel.parameters[i];
    if (i >= values.size() && !parameter.has_default) {
      throw InvalidArgument(
          fmt::format("{} needs parameter {} ({})", kernel.name, parameter.name, kernel.formula));
    }
    const Value value = i < values.size() ? values[i] : Value(parameter.default_value);
    job.parameters[i] = convert(kernel, parameter, dtype, value);
  }
  if (job.variant->refusal == nullptr) return;
  if (const char* const refusal = job.variant->refusal(job.parameters)) {
    throw InvalidArgument(fmt::format("{}: {}", kernel.name, refusal));
  }
}

// The bytes of one element.
engine::Operand constant_operand(Dtype dtype, const Scalar& scalar) {
  engine::Operand operand{{}, engine::Use::read};
  operand.constant = dtype;
  visit_dtype(dtype, [&]<class T>(T) {
    const T element = kernels::element_of<T>(scalar);
    std::memcpy(operand.value.data(), &element, sizeof element);
  });
  return operand;
}

// The variant that takes the arrays' dtypes, and the numbers without loss: the first of them.
const Variant* variant_for(const Kernel& kernel, std::span<const Input> in, Dtype out) {
  for (const Variant& variant : kernel.variants) {
    bool fits = variant.out == out;
    for (std::size_t k = 0; fits && k < in.size(); ++k) {
      Scalar scalar{};
      fits = in[k].is_array() ? in[k].array().dtype() == variant.in[k]
                              : to_element(in[k].value(), variant.in[k], scalar);
    }
    if (fits) return &variant;
  }
  return nullptr;
}

// No variant takes these: is it a number's value, or are the types wrong?
[[noreturn]] void throw_not_taken(const Kernel& kernel, std::span<const Input> in, Dtype out) {
  std::vector<Dtype> given;
  for (const Input& input : in) {
    given.push_back(input.is_array() ? input.array().dtype() : Dtype::none);
  }
  for (const Variant& variant : kernel.variants) {
    bool types = variant.out == out;
    for (std::size_t k = 0; types && k < in.size(); ++k) {
      types = given[k] == Dtype::none || given[k] == variant.in[k];
    }
    for (std::size_t k = 0; types && k < in.size(); ++k) {
      Scalar scalar{};
      if (in[k].is_array() || to_element(in[k].value(), variant.in[k], scalar)) continue;
      throw InvalidArgument(
          fmt::format("the number given as input {} of {} cannot be given exactly as {}", k + 1,
                      kernel.name, dtype_name(variant.in[k])));
    }
  }
  throw_no_variant(kernel, given, out);
}

AnyArray broadcast(const AnyArray& array, const AnyArray& out) {
  if (array.shape() == out.shape()) return array;
  try {
    return array.broadcast_to(out.shape());
  } catch (const ShapeMismatch&) {
    throw ShapeMismatch(fmt::format(
        "{} has shape {}, which does not broadcast to that of the output, {}, which is {}",
        array.label(), to_string(array.shape()), out.label(), to_string(out.shape())));
  }
}

}  // namespace

Future<void> Engine::start_kernel(std::string_view name, const AnyArray& out,
                                  std::span<const Input> in, std::span<const Value> values,
                                  const JobOptions& options) {
  engine::Job job;
  job.kernel = &kernel_of(name);
  if (!out.valid()) {
    throw InvalidArgument(fmt::format("{}: the output is an array that was never created", name));
  }
  if (job.kernel->family == kernels::Family::reduce) {
    throw InvalidArgument(fmt::format("{} is a reduction: it gives numbers, not an array", name));
  }
  if (in.size() != job.kernel->input_count) {
    throw InvalidArgument(fmt::format("{} takes {} inputs ({}), and {} were given", name,
                                      job.kernel->input_count, job.kernel->formula, in.size()));
  }
  job.variant = variant_for(*job.kernel, in, out.dtype());
  if (job.variant == nullptr) throw_not_taken(*job.kernel, in, out.dtype());
  job.operands.push_back({out, engine::Use::write});
  for (std::size_t k = 0; k < in.size(); ++k) {
    if (in[k].is_array()) {
      job.operands.push_back({broadcast(in[k].array(), out), engine::Use::read});
    } else {
      Scalar scalar{};
      to_element(in[k].value(), job.variant->in[k], scalar);
      job.operands.push_back(constant_operand(job.variant->in[k], scalar));
    }
  }
  set_parameters(job, values);
  job.count = out.size();
  job.options = options;
  return Future<void>(start(std::move(job)));
}

Future<void> Engine::apply_to_async(std::string_view name, const AnyArray& out,
                                    std::span<const AnyArray> in, std::span<const Value> values,
                                    const JobOptions& options) {
  const std::vector<Input> inputs(in.begin(), in.end());
  return start_kernel(name, out, inputs, values, options);
}

void Engine::apply(std::string_view kernel, const AnyArray& x,
                   std::initializer_list<Value> parameters, std::initializer_list<Input> more) {
  std::vector<Input> in;
  if (kernel_of(kernel).input_count > 0) in.emplace_back(x);
  in.insert(in.end(), more.begin(), more.end());
  start_kernel(kernel, x, in, {parameters.begin(), parameters.size()}, {}).get();
}

Future<void> Engine::apply_async(std::string_view kernel, const AnyArray& x,
                                 std::span<const Value> parameters, std::span<const AnyArray> more,
                                 const JobOptions& options) {
  std::vector<AnyArray> in;
  if (kernel_of(kernel).input_count > 0) in.push_back(x);
  in.insert(in.end(), more.begin(), more.end());
  return apply_to_async(kernel, x, in, parameters, options);
}

void Engine::fill(const AnyArray& x, Value value) {
  apply_async("fill", x, std::span<const Value>(&value, 1)).get();
}

Future<kernels::ReduceResult> Engine::reduce_async(std::string_view name, const AnyArray& x,
                                                   const AnyArray& y, const JobOptions& options) {
  engine::Job job;
  job.kernel = &kernel_of(name);
  if (job.kernel->family != kernels::Family::reduce) {
    throw InvalidArgument(fmt::format("{} is no reduction; use apply", name));
  }
  std::vector<Dtype> dtypes;
  for (const AnyArray* array : {&x, &y}) {
    if (!array->valid()) continue;
    dtypes.push_back(array->dtype());
    job.operands.push_back({*array, engine::Use::read});
  }
  if (dtypes.size() != job.kernel->input_count) {
    throw InvalidArgument(fmt::format("{} takes {} arrays ({}), and {} were given", name,
                                      job.kernel->input_count, job.kernel->formula, dtypes.size()));
  }
  if (dtypes.size() == 2 && x.shape() != y.shape()) {
    throw ShapeMismatch(fmt::format("{} {} and {} {} differ in shape", x.label(),
                                    to_string(x.shape()), y.label(), to_string(y.shape())));
  }
  job.variant = kernels::find_variant(*job.kernel, dtypes, Dtype::none);
  if (job.variant == nullptr) throw_no_variant(*job.kernel, dtypes, Dtype::none);
  const kernels::ReduceFunctions& functions = job.variant->reduce;
  if (x.size() == 0 && functions.identity == nullptr) {
    throw InvalidArgument(fmt::format("the {} of an empty array is not defined ({} has shape {})",
                                      name, x.label(), to_string(x.shape())));
  }
  job.count = x.size();
  job.tile_elements = static_cast<std::int64_t>(kernels::reduce_tile_bytes / item_bytes(x.dtype()));
  job.partial_bytes = functions.partial_bytes;
  auto value = std::make_shared<kernels::ReduceResult>();
  job.finish = [value, functions](const void* partial) {
    alignas(16) std::byte empty[kernels::partial_bytes_max];
    if (partial == nullptr) functions.identity(empty);
    functions.finish(partial != nullptr ? partial : empty, value.get());
  };
  job.options = options;
  return Future<kernels::ReduceResult>(start(std::move(job)), std::move(value));
}

}  // namespace furrow
