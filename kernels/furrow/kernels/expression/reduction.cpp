// furrow/kernels/expression/reduction.cpp
#include <furrow/kernels/expression/reduction.hpp>

#include <cmath>
#include <iterator>

#include <furrow/kernels/packed.hpp>

namespace furrow::kernels::expression {
namespace {

using Finish = Reduction::Finish;

// Names that are made of a kernel with another name.
struct Made {
  std::string_view name;
  std::string_view kernel;
  Finish finish;
};
constexpr Made made[] = {
    {"mean", "mean_variance", Finish::mean},
    {"mean", "sum", Finish::mean_of_sum},  // complex numbers
    {"average", "mean_variance", Finish::mean},
    {"average", "sum", Finish::mean_of_sum},
    {"var", "mean_variance", Finish::variance},
    {"std", "mean_variance", Finish::deviation},
    {"norm", "norm2", Finish::plain},
    {"linalg.norm", "norm2", Finish::plain},
    {"nanmean", "nanmean_variance", Finish::mean},
    {"nanvar", "nanmean_variance", Finish::variance},
    {"nanstd", "nanmean_variance", Finish::deviation},
};

// The dtype of what a reduction gives. Extremes are elements: those of f32 are f32 again.
Dtype dtype_of_result(const Kernel& kernel, const Variant& variant, Dtype operand) {
  for (const std::string_view extreme : {"min", "max", "nanmin", "nanmax"}) {
    if (kernel.name == extreme) return operand;
  }
  for (const std::string_view counts :
       {"count_nonzero", "count_nan", "argmin", "argmax", "nanargmin", "nanargmax"}) {
    if (kernel.name == counts) return Dtype::i64;
  }
  switch (variant.reduce.result) {
    case ResultKind::complex: return Dtype::c128;
    case ResultKind::signed_integer: return Dtype::i64;
    case ResultKind::unsigned_integer: return Dtype::u64;
    case ResultKind::boolean: return Dtype::bool_;
    default: return Dtype::f64;
  }
}

std::string dtypes_text(std::span<const Operand> operands) {
  std::string text;
  for (const Operand& operand : operands) {
    text += (text.empty() ? "" : ", ") + std::string(dtype_name(operand.dtype));
  }
  return text;
}

// Fills the choice in when the kernel takes the operands.
bool choose(const Kernel& kernel, Finish finish, std::span<const Operand> operands,
            ReductionChoice& choice) {
  const auto resolution = resolve(kernel, operands);
  if (!resolution) return false;
  for (std::size_t k = 0; k < kernel.input_count; ++k) {
    choice.operand[k] = resolution->in_f32 ? Dtype::f32 : resolution->operand[k];
  }
  choice.reduction.kernel = &kernel;
  choice.reduction.variant = resolution->variant;
  choice.reduction.finish = finish;
  choice.reduction.dtype = dtype_of_result(kernel, *resolution->variant, operands[0].dtype);
  return true;
}

// A double to the element type that the number has.
Scalar real_as(Dtype dtype, double value) noexcept {
  return visit_dtype(dtype, [&]<class T>(T) {
    if constexpr (is_complex(dtype_of<T>) || std::is_integral_v<T>) {
      return scalar_of<double>(value);
    } else {
      return scalar_of<T>(T(value));
    }
  });
}

}  // namespace

bool is_reduction(std::string_view name) {
  name = bare_name(name);
  for (const Made& each : made) {
    if (each.name == name && find(each.kernel) != nullptr) return true;
  }
  const Kernel* kernel = find_function(name);
  return kernel != nullptr && kernel->family == Family::reduce;
}

std::string method_hint(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return "";
  const std::string function(name.substr(dot + 1));
  if (find_function(function) == nullptr && !is_reduction(function)) return "";
  return " (write it as " + function + "(…))";
}

ReductionChoice choose_reduction(std::string_view name, std::span<const Operand> operands) {
  name = bare_name(name);
  ReductionChoice choice;
  const Kernel* own = find_function(name);
  std::size_t takes = 1;
  if (own != nullptr && own->family == Family::reduce) {
    takes = own->input_count;
    if (!own->variants.empty() && own->variants[0].reduce.result == ResultKind::moments) {
      choice.error = std::string(name) + " gives three numbers (ask for mean, var or std)";
      return choice;
    }
    if (operands.size() == takes && choose(*own, Finish::plain, operands, choice)) return choice;
  }
  for (const Made& each : made) {
    const Kernel* kernel = each.name == name ? find(each.kernel) : nullptr;
    if (kernel == nullptr || operands.size() != 1) continue;
    if (choose(*kernel, each.finish, operands, choice)) return choice;
  }
  if (operands.size() != takes) {
    choice.error = std::string(name) + " takes " + std::to_string(takes) +
                   (takes == 1 ? " argument, and " : " arguments, and ") +
                   std::to_string(operands.size()) +
                   (operands.size() == 1 ? " is given" : " are given");
    if (operands.size() == 2 && (name == "min" || name == "max")) {
      choice.error +=
          std::string(" (of two arrays, element by element: ") + std::string(name) + "imum)";
    }
  } else {
    choice.error = std::string(name) + " does not take " + dtypes_text(operands);
  }
  return choice;
}

Answer finish(const Reduction& reduction, std::int64_t count, const void* partial) noexcept {
  const ReduceFunctions& functions = reduction.variant->reduce;
  alignas(16) std::byte empty[partial_bytes_max];
  if (partial == nullptr) functions.identity(empty);
  ReduceResult result{};
  functions.finish(partial != nullptr ? partial : empty, &result);
  Answer number;
  number.dtype = reduction.dtype;
  Scalar& value = number.value;
  const auto elements = static_cast<double>(result.u64);
  const auto n = static_cast<double>(count);
  switch (reduction.finish) {
    case Finish::mean: value.f64 = result.u64 > 0 ? result.f64[0] : std::nan(""); return number;
    case Finish::variance:
    case Finish::deviation: {
      const double left = elements > reduction.ddof ? elements - reduction.ddof : 0;
      const double variance = result.u64 > 0 ? result.f64[1] / left : std::nan("");
      value.f64 = reduction.finish == Finish::variance ? variance : std::sqrt(variance);
      return number;
    }
    case Finish::mean_of_sum:
      value.c128[0] = result.f64[0] / n;
      if (reduction.dtype == Dtype::c128) value.c128[1] = result.f64[1] / n;
      return number;
    case Finish::plain: break;
  }
  if (is_complex(number.dtype)) {
    value.c128[0] = result.f64[0];
    value.c128[1] = result.f64[1];
  } else if (is_real_float(number.dtype)) {
    value = real_as(number.dtype, result.f64[0]);
  } else if (functions.result == ResultKind::signed_integer) {
    value.i64 = result.i64;
  } else {
    value.u64 = result.u64;
  }
  return number;
}

}  // namespace furrow::kernels::expression
