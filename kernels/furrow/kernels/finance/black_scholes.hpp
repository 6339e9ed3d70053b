// furrow/kernels/finance/black_scholes.hpp
//
// European options on a lognormal asset with a continuous dividend, their sensitivities, digital
// and exchange options, and the volatility that a price implies.
//
//   price = φ (S e^(-qT) N(φ d1) - K e^(-rT) N(φ d2)),  φ = 1 for calls, -1 for puts
//   d1 = (ln(S/K) + (r - q) T)/(σ sqrt T) + σ sqrt(T)/2,  d2 = d1 - σ sqrt T
//
// Error   absolute 4e-16 (S + K) (1 + |ln S/K|), tests/kernels/finance_test.cpp; volatility 0 or
//         maturity 0 give the discounted value of what is certain
// Source  Black, Scholes (1973); Merton (1973); Margrabe (1978); Haug, "The complete guide to
//         option pricing formulas" (2007), chapters 1, 2 and 4; Jäckel, "By implication" (2006)
#pragma once

#include <furrow/kernels/finance/columns.hpp>

namespace furrow::kernels::finance {

struct European {
  Right right = Right::call;
  Column spot = 100.0;
  Column strike = 100.0;
  Column rate = 0.0;
  Column dividend = 0.0;
  Column volatility = 0.2;
  Column maturity = 1.0;
};

/// The price, or its derivative by …
enum class Greek : int {
  price,
  delta,          // the spot
  gamma,          // the spot, twice
  vega,           // the volatility
  theta,          // the passing of time, per year
  rho,            // the rate
  dividend_rho,   // the dividend
  vanna,          // spot and volatility
  volga,          // the volatility, twice
  cash_digital,   // no derivative: pays 1 when the option ends in the money
  asset_digital,  // pays the asset then
};

void black_scholes(std::span<double> out, const European& option,
                   Greek greek = Greek::price) noexcept;
double black_scholes(const European& option, Greek greek = Greek::price) noexcept;

/// The volatility at which the option has this price; option.volatility is not looked at. NaN when
/// the price is not between the option's value without volatility and its limit (spot or strike,
/// discounted). Relative error 1e-14 for prices that keep their digits; a price that is intrinsic
/// value to the last digits holds no more of the volatility than those digits.
void implied_volatility(std::span<double> out, const Column& price,
                        const European& option) noexcept;
double implied_volatility(double price, const European& option) noexcept;

/// The right to give asset 2 for asset 1 at maturity (Margrabe): max(S1 - S2, 0).
struct Exchange {
  Column spot1 = 100.0, spot2 = 100.0;
  Column dividend1 = 0.0, dividend2 = 0.0;
  Column volatility1 = 0.2, volatility2 = 0.2;
  Column correlation = 0.0;
  Column maturity = 1.0;
};
void margrabe(std::span<double> out, const Exchange& option) noexcept;
double margrabe(const Exchange& option) noexcept;

/// A European option on the product ∏ S_i^(w_i) of lognormal assets; with weights 1/n, on their
/// geometric mean. `correlation` is n by n, row by row; only its upper half is read.
struct GeometricBasket {
  Right right = Right::call;
  std::span<const double> spot, dividend, volatility, weight, correlation;
  double strike = 100;
  double rate = 0;
  double maturity = 1;
};
double geometric_basket(const GeometricBasket& option) noexcept;

}  // namespace furrow::kernels::finance
