// Integrals over the unit cube: Genz's six families, each with its exact value.
//
// All axes are alike, so that the values are short: a_i = difficulty / dimension, u_i = place.
//
//   oscillatory     cos(2πu + Σ a x_i)             cos(2πu + d a/2) (sin(a/2) / (a/2))^d
//   product-peak    Π 1 / (a^-2 + (x_i - u)²)      (a (atan(a(1-u)) + atan(a u)))^d
//   corner-peak     (1 + Σ a x_i)^-(d+1)           Π_{k=1..d} 1 / (1 + k a)
//   gaussian        exp(-Σ a² (x_i - u)²)          (sqrt(π)/(2a) (erf(a(1-u)) + erf(a u)))^d
//   continuous      exp(-Σ a |x_i - u|)            ((2 - exp(-a u) - exp(-a(1-u))) / a)^d
//   discontinuous   exp(Σ a x_i), 0 where          ((exp(a u) - 1) / a)^min(d,2)
//                   x_1 or x_2 > u                   ((exp(a) - 1) / a)^max(d-2,0)
//
// The corner peak's sum over corners is Σ_k (-1)^k C(d,k) / (1 + k a) / (d! a^d), which is that
// product by the expansion of d! / (x (x+1) … (x+d)) into partial fractions.
// Source  Genz, in: Numerical Integration, Reidel (1987), 337-340
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <furrow/montecarlo/models/list.hpp>
#include <furrow/montecarlo/models/quasi_models.hpp>
#include <furrow/montecarlo/quasi.hpp>

namespace furrow::models {
namespace {

enum class Family { oscillatory, product_peak, corner_peak, gaussian, continuous, discontinuous };

const std::vector<std::string> names{"oscillatory", "product-peak", "corner-peak",
                                     "gaussian",    "continuous",   "discontinuous"};

struct Integrand {
  Family family;
  std::int64_t dimension;
  double a;
  double u;

  template <class G>
  auto operator()(G& path) const {
    using Real = furrow::RealOf<G>;
    Real sum = 0.0;
    Real product = 1.0;
    Real inside = 1.0;
    for (std::int64_t i = 0; i < dimension; ++i) {
      const Real x = path.uniform();
      const Real from = x - u;
      switch (family) {
        case Family::product_peak: product = product / (from * from + 1 / (a * a)); break;
        case Family::gaussian: sum = sum - a * a * from * from; break;
        case Family::continuous: sum = sum - a * abs(from); break;
        case Family::discontinuous:
          if (i < 2) inside = where(x > u, Real(0.0), inside);
          sum = sum + a * x;
          break;
        default: sum = sum + a * x;
      }
    }
    switch (family) {
      case Family::oscillatory: return Real(cos(sum + 2 * std::numbers::pi * u));
      case Family::product_peak: return product;
      case Family::corner_peak: return Real(exp(log1p(sum) * -static_cast<double>(dimension + 1)));
      default: return Real(inside * exp(sum));
    }
  }
};

double exact(const Integrand& f) {
  const auto d = static_cast<double>(f.dimension);
  const double a = f.a;
  const double u = f.u;
  switch (f.family) {
    case Family::oscillatory:
      return std::cos(2 * std::numbers::pi * u + d * a / 2) *
             std::pow(std::sin(a / 2) / (a / 2), d);
    case Family::product_peak: return std::pow(a * (std::atan(a * (1 - u)) + std::atan(a * u)), d);
    case Family::corner_peak: {
      double product = 1;
      for (std::int64_t k = 1; k <= f.dimension; ++k) product /= 1 + static_cast<double>(k) * a;
      return product;
    }
    case Family::gaussian:
      return std::pow(
          std::sqrt(std::numbers::pi) / (2 * a) * (std::erf(a * (1 - u)) + std::erf(a * u)), d);
    case Family::continuous:
      return std::pow((-std::expm1(-a * u) - std::expm1(-a * (1 - u))) / a, d);
    default:
      return std::pow(std::expm1(a * u) / a, std::min(d, 2.0)) *
             std::pow(std::expm1(a) / a, std::max(d - 2, 0.0));
  }
}

Integrand read(const Parameters& p) {
  const auto at = std::find(names.begin(), names.end(), p.choice("family")) - names.begin();
  return {static_cast<Family>(at), p.integer("dimension"),
          p.real("difficulty") / static_cast<double>(p.integer("dimension")), p.real("place")};
}

Name name_of(const Integrand& f) {
  const double value = exact(f);
  return {"integral", std::isfinite(value) ? value : std::nan("")};
}

ModelResult run(Engine& engine, const MonteCarloOptions& options, const Parameters& p) {
  const Integrand f = read(p);
  return named(monte_carlo(engine, options, f), {name_of(f)});
}

}  // namespace

ModelResult quasi::integral(Engine& engine, const QuasiOptions& options, const Parameters& p) {
  const Integrand f = read(p);
  return named(quasi_monte_carlo(engine, options, f), name_of(f));
}

Model integral() {
  return {"integral",
          "an integral over the unit cube, of Genz's six families",
          "mathematics",
          {choice("family",
                  {{"oscillatory", "cos(2 pi u + sum of a x_i)"},
                   {"product-peak", "product of 1 / (a^-2 + (x_i - u)^2)"},
                   {"corner-peak", "(1 + sum of a x_i)^-(d+1)"},
                   {"gaussian", "exp(-sum of a^2 (x_i - u)^2)"},
                   {"continuous", "exp(-sum of a |x_i - u|)"},
                   {"discontinuous", "exp(sum of a x_i), and 0 where x_1 or x_2 is above u"}},
                  "the integrand; a is --difficulty over d, u is --place"),
           integer("dimension", "of the cube", 5, {1, 1000}),
           number("difficulty", "sum of the integrand's coefficients", "", 5, positive),
           number("place", "of the peak, the kink, or the jump; or the phase", "", 0.4, {0, 1})},
          &run};
}

}  // namespace furrow::models
