// furrow/kernels/finance/descriptors.cpp
//
// Black and Scholes's prices by name, for engines, expressions and the command: arrays of spots,
// strikes and volatilities, one maturity, rate and dividend. The reference is long double's.
#include <furrow/kernels/finance/descriptors.hpp>

#include <cmath>
#include <limits>

#include <furrow/kernels/elementwise/describe.hpp>
#include <furrow/kernels/finance/black_scholes.hpp>

namespace furrow::kernels {
namespace {

enum class OptionOp : std::uint8_t { call, put, end_of_list };
enum OptionParameter : std::size_t { maturity, rate, dividend };

template <OptionOp O>
constexpr finance::Right right = O == OptionOp::call ? finance::Right::call : finance::Right::put;

template <OptionOp O>
void price(const MapCall& call) noexcept {
  const auto column = [&](std::size_t k) {
    return std::span(static_cast<const double*>(call.in[k]), call.count);
  };
  const Scalar* const p = call.parameters;
  finance::black_scholes(
      {static_cast<double*>(call.out), call.count},
      {right<O>, column(0), column(1), p[rate].f64, p[dividend].f64, column(2), p[maturity].f64});
}

long double normal(long double x) noexcept {
  return std::erfc(-x * 0.707106781186547524400844362104849039L) / 2;
}

/// As lognormal-inl.h has it. The ratio is a double's, which may be 0 or infinite.
double exact_price(long double sign, double spot, double strike, double volatility,
                   const Scalar* p) noexcept {
  using Wide = long double;
  const Wide time = p[maturity].f64;
  const Wide asset = spot * std::exp(-p[dividend].f64 * time);
  const Wide bond = strike * std::exp(-p[rate].f64 * time);
  const Wide deviation = volatility * std::sqrt(time);
  const Wide s = deviation > 1e4L ? 1e4L : deviation;
  const Wide x =
      std::log(static_cast<Wide>(spot / strike)) + (Wide(p[rate].f64) - p[dividend].f64) * time;
  if (!(s >= 0)) return std::numeric_limits<double>::quiet_NaN();
  constexpr Wide infinity = std::numeric_limits<Wide>::infinity();
  const Wide end = x > 0 ? infinity : x < 0 ? -infinity : x;
  const Wide middle = s > 0 ? x / s : end;
  const Wide value =
      sign * (asset * normal(sign * (middle + s / 2)) - bond * normal(sign * (middle - s / 2)));
  return value <= 0 ? 0 : static_cast<double>(value);
}

struct Options {
  using Op = OptionOp;
  static constexpr std::size_t input_count(Op) noexcept { return 3; }

  template <Op O, class T>
  static MapFunction packed() noexcept {
    return &price<O>;
  }

  template <Op O, class T>
  static T reference(const Scalar* p, T x, T y, T z) noexcept {
    return exact_price(static_cast<int>(right<O>), x, y, z, p);
  }
};

constexpr Parameter parameters[] = {{"maturity", Parameter::Kind::real, false, 0},
                                    {"rate", Parameter::Kind::real, true, 0},
                                    {"dividend", Parameter::Kind::real, true, 0}};
using Doubles = Types<double>;

constexpr Kernel kernels[] = {
    Describe<Options>::kernel<OptionOp::call, Doubles>(
        {"black_scholes_call",
         "Black and Scholes's price of a European call on spots x, strikes y, volatilities z.",
         "out = x*exp(-dividend*T)*N(d1) - y*exp(-rate*T)*N(d2)",
         "x*np.exp(-dividend*T)*ndtr(d1) - y*np.exp(-rate*T)*ndtr(d2)",
         "4e-16 (x + y)(1 + abs(ln(x/y)))"},
        parameters),
    Describe<Options>::kernel<OptionOp::put, Doubles>(
        {"black_scholes_put",
         "Black and Scholes's price of a European put on spots x, strikes y, volatilities z.",
         "out = y*exp(-rate*T)*N(-d2) - x*exp(-dividend*T)*N(-d1)",
         "y*np.exp(-rate*T)*ndtr(-d2) - x*np.exp(-dividend*T)*ndtr(-d1)",
         "4e-16 (x + y)(1 + abs(ln(x/y)))"},
        parameters),
};

}  // namespace

std::span<const Kernel> finance_kernels() noexcept { return kernels; }

}  // namespace furrow::kernels
