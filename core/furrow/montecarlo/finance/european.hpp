// furrow/montecarlo/finance/european.hpp
//
// European and digital options on a lognormal asset, and a European's sensitivities.
//
//   price = E[e^(-rT) max(±(S_T - K), 0)],  S_T = S exp((r - q - σ²/2) T + σ sqrt(T) z)
//
// Units    rates continuous per year, maturity in years, sigma per square root of a year
// Exact    kernels/finance/black_scholes.hpp, which `exact` calls
// Errors   InvalidArgument: spot, strike or maturity not positive, a negative volatility; what
//          monte_carlo throws
// Source   Glasserman (2003), 7.1 to 7.3
#pragma once

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/finance/black_scholes.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/options.hpp>

namespace furrow {
struct QuasiOptions;
struct QuasiResult;
}  // namespace furrow

namespace furrow::finance {

using kernels::finance::Greek;
using kernels::finance::Right;

struct European {
  Right right = Right::call;
  double spot = 100;
  double strike = 100;
  double rate = 0.05;
  double dividend = 0;
  double sigma = 0.2;
  double maturity = 1;
};

double exact(const European& option, Greek greek = Greek::price);

/// Output 0: the price. With `control`, output 1 is the discounted asset, whose mean is known: an
/// option at the money has then a seventh of the variance, one in the money less.
MonteCarloResult european(Engine& engine, const MonteCarloOptions& options, const European& option,
                          bool control = false);

enum class Payment { cash, asset };  // 1, or the asset, where the option ends in the money

/// Output 0: the price of a digital option.
MonteCarloResult digital(Engine& engine, const MonteCarloOptions& options, const European& option,
                         Payment payment = Payment::cash);

enum class GreekMethod {
  pathwise,  // derivatives of the payoff along a path; gamma by the likelihood ratio of delta
  likelihood_ratio,  // the payoff times derivatives of the density: for payoffs that jump, too
  bumped,            // differences of prices from the same draws; biased by the square of the bump
};

/// Outputs: price, delta, gamma, vega, theta, rho, as kernels::finance::Greek has them. `bump` is a
/// part of the spot, and absolute for volatility, rate and time. Needs a positive volatility.
MonteCarloResult european_greeks(Engine& engine, const MonteCarloOptions& options,
                                 const European& option, GreekMethod method = GreekMethod::pathwise,
                                 double bump = 0.01);

/// The same on quasi-random points (montecarlo/quasi.hpp).
QuasiResult quasi_european(Engine& engine, const QuasiOptions& options, const European& option);
QuasiResult quasi_digital(Engine& engine, const QuasiOptions& options, const European& option,
                          Payment payment = Payment::cash);

}  // namespace furrow::finance
