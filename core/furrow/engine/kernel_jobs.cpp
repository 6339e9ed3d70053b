#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include <fmt/format.h>

#include <furrow/engine/engine.hpp>

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

[[noreturn]] void throw_no_variant(const Kernel& kernel, std::span<const Dtype> in, Dtype out) {
  std::string given;
  for (const Dtype dtype : in)
    given += fmt::format("{}{}", given.empty() ? "" : ", ", dtype_name(dtype));
  std::string taken;
  for (const Variant& variant : kernel.variants) {
    const Dtype first = kernel.input_count > 0 ? variant.in[0] : variant.out;
    const std::string name(dtype_name(first));
    if (taken.find(name) == std::string::npos) taken += (taken.empty() ? "" : ", ") + name;
  }
  throw TypeMismatch(fmt::format("the kernel {} does not take ({}) into {}; it takes {}",
                                 kernel.name, given, dtype_name(out), taken));
}

[[noreturn]] void throw_inexact(const Kernel& kernel, const Parameter& parameter, Dtype dtype) {
  throw InvalidArgument(fmt::format("parameter {} of {} cannot be given exactly as {}",
                                    parameter.name, kernel.name, dtype_name(dtype)));
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
      if (is_complex(dtype)) {
        scalar.c128[0] = value.z.real();
        scalar.c128[1] = value.z.imag();
      } else if (is_real_float(dtype)) {
        exact = value.kind != Value::Kind::complex;
        scalar.f64 = value.z.real();
      } else if (is_signed_integer(dtype)) {
        exact = to_integer(value, scalar.i64) && fits(dtype, scalar.i64);
      } else {
        exact = to_integer(value, scalar.u64) && fits(dtype, scalar.u64);
      }
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
}

}  // namespace

Future<void> Engine::apply_to_async(std::string_view name, const AnyArray& out,
                                    std::span<const AnyArray> in, std::span<const Value> values,
                                    const JobOptions& options) {
  engine::Job job;
  job.kernel = &kernel_of(name);
  if (job.kernel->family == kernels::Family::reduce) {
    throw InvalidArgument(fmt::format("{} is a reduction: it gives numbers, not an array", name));
  }
  if (in.size() != job.kernel->input_count) {
    throw InvalidArgument(fmt::format("{} takes {} arrays ({}), and {} were given", name,
                                      job.kernel->input_count, job.kernel->formula, in.size()));
  }
  std::vector<Dtype> dtypes;
  job.operands.push_back({out, engine::Use::write});
  for (const AnyArray& array : in) {
    if (array.shape() != out.shape()) {
      throw ShapeMismatch(fmt::format("array \"{}\" has shape {}, the output \"{}\" has {}",
                                      array.name(), to_string(array.shape()), out.name(),
                                      to_string(out.shape())));
    }
    dtypes.push_back(array.dtype());
    job.operands.push_back({array, engine::Use::read});
  }
  job.variant = kernels::find_variant(*job.kernel, dtypes, out.dtype());
  if (job.variant == nullptr) throw_no_variant(*job.kernel, dtypes, out.dtype());
  set_parameters(job, values);
  job.count = out.size();
  job.options = options;
  return Future<void>(start(std::move(job)));
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
    throw ShapeMismatch(fmt::format("arrays \"{}\" {} and \"{}\" {} differ in shape", x.name(),
                                    to_string(x.shape()), y.name(), to_string(y.shape())));
  }
  job.variant = kernels::find_variant(*job.kernel, dtypes, Dtype::none);
  if (job.variant == nullptr) throw_no_variant(*job.kernel, dtypes, Dtype::none);
  const kernels::ReduceFunctions& functions = job.variant->reduce;
  if (x.size() == 0 && functions.identity == nullptr) {
    throw InvalidArgument(
        fmt::format("the {} of an empty array is not defined (\"{}\" has shape {})", name, x.name(),
                    to_string(x.shape())));
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
