// furrow/kernels/elementwise/special_descriptors.cpp
//
// What the registry says about error functions, the normal distribution and the gamma function. The
// references are libm's functions of long double.
#include <cmath>
#include <limits>

#include <furrow/kernels/elementwise/describe.hpp>
#include <furrow/kernels/elementwise/descriptors.hpp>
#include <furrow/kernels/elementwise/special_entries.hpp>

namespace furrow::kernels {
namespace {

constinit Dispatch<SpecialTable> special{resolve_special};

constexpr long double half_sqrt2 = 0.707106781186547524400844362104849039L;

/// Halley's steps on the distribution function, near 1/2 less 1/2.
long double inverse_ndtr(long double p) noexcept {
  if (!(p >= 0 && p <= 1)) return std::numeric_limits<long double>::quiet_NaN();
  const long double m = p > 0.5L ? 1 - p : p;
  if (m == 0) return p > 0.5L ? HUGE_VALL : -HUGE_VALL;
  const bool central = m > 0.25L;
  const long double q = m - 0.5L;
  long double x = central ? q * 2.6L : -std::sqrt(-2 * std::log(m));
  for (int step = 0; step < 50; ++step) {
    const long double excess =
        central ? std::erf(x * half_sqrt2) / 2 - q : std::erfc(-x * half_sqrt2) / 2 - m;
    const long double newton = excess * std::exp(x * x / 2) * 2.50662827463100050242L;
    const long double change = newton / (1 + x * newton / 2);
    x -= change;
    if (std::fabs(change) <= 1e-19L * std::fabs(x)) break;
  }
  return p > 0.5L ? -x : x;
}

struct Special {
  using Op = SpecialOp;
  static constexpr std::size_t input_count(Op) noexcept { return 1; }

  template <Op O, class T>
  static MapFunction packed() noexcept {
    return special.table().at(O, dtype_of<T>);
  }

  template <Op O, class T>
  static T reference(const Scalar*, T x, T, T) noexcept {
    // The 64 bits of long double keep the tails, where an error of the argument is multiplied by
    // its square, within a unit of the last place.
    const auto wide = static_cast<long double>(x);
    if constexpr (O == Op::erf) return static_cast<T>(std::erf(wide));
    if constexpr (O == Op::erfc) return static_cast<T>(std::erfc(wide));
    if constexpr (O == Op::ndtri) return static_cast<T>(inverse_ndtr(wide));
    if constexpr (O == Op::tgamma) return static_cast<T>(std::tgamma(wide));
    if constexpr (O == Op::lgamma) return static_cast<T>(std::lgamma(wide));
    if constexpr (O == Op::ndtr) return static_cast<T>(std::erfc(wide * -half_sqrt2) / 2);
  }
};

constexpr Kernel kernels[] = {
    Describe<Special>::kernel<SpecialOp::erf, Floats>(
        {"erf", "Error function.", "out = 2/sqrt(pi) * integral of e^(-t^2) from 0 to x",
         "scipy.special.erf(x)", "1.2 ULP"}),
    Describe<Special>::kernel<SpecialOp::erfc, Floats>(
        {"erfc", "Complementary error function, without cancellation.", "out = 1 - erf x",
         "scipy.special.erfc(x)", "2.0 ULP"}),
    Describe<Special>::kernel<SpecialOp::ndtr, Floats>(
        {"ndtr", "Distribution function of the standard normal (normal_cdf).",
         "out = erfc(-x/sqrt(2))/2", "scipy.special.ndtr(x)", "2.0 ULP"}),
    Describe<Special>::kernel<SpecialOp::ndtri, Floats>(
        {"ndtri", "Quantile of the standard normal (inverse of ndtr); NaN outside of [0, 1].",
         "out = the x with ndtr(x) = p", "scipy.special.ndtri(x)", "2.0 ULP"}),
    Describe<Special>::kernel<SpecialOp::tgamma, Floats>(
        {"tgamma", "Gamma function; NaN at negative whole numbers, infinite at zeros.",
         "out = gamma(x)", "scipy.special.gamma(x)", "1.5 ULP"}),
    Describe<Special>::kernel<SpecialOp::lgamma, Floats>(
        {"lgamma", "Logarithm of the gamma function's magnitude.", "out = ln |gamma(x)|",
         "scipy.special.gammaln(x)", "1.5 ULP; below -2 also 2^-54 absolute, at its roots"}),
};

}  // namespace

std::span<const Kernel> special_kernels() noexcept { return kernels; }

MapFunction elementwise_function(SpecialOp op, Dtype dtype) noexcept {
  return map_function(kernels[static_cast<std::size_t>(op)], dtype);
}

}  // namespace furrow::kernels
