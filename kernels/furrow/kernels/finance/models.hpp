// furrow/kernels/finance/models.hpp
//
// Beyond the lognormal asset: jumps, stochastic volatility, short rates.
//
// Source  Merton, "Option pricing when underlying stock returns are discontinuous" (1976); Heston
//         (1993), in the form of Albrecher, Mayer, Schoutens, Tistaert, "The little Heston trap"
//         (2007), integrated as in Lewis, "Option valuation under stochastic volatility" (2000)
//         with Black and Scholes's price as Andersen and Piterbarg's control; Cox, Ingersoll, Ross
//         (1985); Vasicek (1977)
#pragma once

#include <furrow/kernels/finance/columns.hpp>

namespace furrow::kernels::finance {

/// Lognormal jumps of log-mean `jump_mean` and log-deviation `jump_deviation`, `intensity` a year.
/// A series of Black and Scholes prices, Poisson weights, to the last digit, however large the
/// jumps; intensity times maturity, and that times a jump's mean factor, at most 700 (NaN beyond).
struct MertonJump {
  Right right = Right::call;
  Column spot = 100.0;
  Column strike = 100.0;
  Column rate = 0.0;
  Column dividend = 0.0;
  Column volatility = 0.2;
  Column maturity = 1.0;
  Column intensity = 0.0;
  Column jump_mean = 0.0;
  Column jump_deviation = 0.0;
};
void merton_jump(std::span<double> out, const MertonJump& option) noexcept;
double merton_jump(const MertonJump& option) noexcept;

/// dS = (r - q) S dt + sqrt(v) S dW,  dv = reversion (mean - v) dt + volatility sqrt(v) dB,
/// dW dB = correlation dt. `variance` is v at time 0.
struct Heston {
  Right right = Right::call;
  double spot = 100;
  double strike = 100;
  double rate = 0;
  double dividend = 0;
  double maturity = 1;
  double variance = 0.04;
  double reversion = 1;
  double mean = 0.04;
  double volatility = 0.3;
  double correlation = 0;
};
struct HestonPrice {
  double price;
  double error;  // estimated, absolute
};
/// Adaptive quadrature until the estimate is below 1e-11 of spot + strike, or 20,000 points.
HestonPrice heston(const Heston& option) noexcept;

/// dr = reversion (mean - r) dt + volatility sqrt(r) dW (cir), or without the root (vasicek).
/// A reversion of 0 is one, too.
struct ShortRate {
  Column rate = 0.03;
  Column reversion = 1.0;
  Column mean = 0.03;
  Column volatility = 0.1;
  Column maturity = 1.0;
};
enum class ShortRateValue : int {
  bond,      // what 1 at maturity is worth now
  mean,      // of the rate at maturity
  variance,  // of the rate at maturity
};
void cir(std::span<double> out, const ShortRate& model, ShortRateValue value) noexcept;
double cir(const ShortRate& model, ShortRateValue value) noexcept;
void vasicek(std::span<double> out, const ShortRate& model, ShortRateValue value) noexcept;
double vasicek(const ShortRate& model, ShortRateValue value) noexcept;

}  // namespace furrow::kernels::finance
