// furrow/montecarlo/finance/basket.hpp
//
// European options on a basket of correlated lognormal assets.
//
//   price = E[e^(-rT) max(±(Σ w_i S_i - K), 0)]
//
// Size     2 to 8 assets
// Method   one exact step; with positive weights, the geometric basket as control: the same weights
//          of value, and a price that is known
// Units    as European; correlation n by n, row by row
// Exact    none (NaN); for weights {1, -1} and strike 0 Margrabe's
// Errors   InvalidArgument: as European, a correlation that is none (processes/correlation.hpp),
//          vectors of different sizes. A strike of 0 makes sense with a negative weight only
// Source   Glasserman (2003), 4.1.2; Margrabe, J. Finance 33 (1978)
#pragma once

#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/finance/columns.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/options.hpp>

namespace furrow {
struct QuasiOptions;
struct QuasiResult;
}  // namespace furrow

namespace furrow::finance {

using kernels::finance::Right;

struct Basket {
  Right right = Right::call;
  std::vector<double> spot;
  std::vector<double> weights;
  std::vector<double> sigma;
  std::vector<double> dividend{};  // none: 0
  std::vector<double> correlation;
  double strike = 100;
  double rate = 0.05;
  double maturity = 1;
};

double exact(const Basket& option);

/// Output 0: the price; with positive weights, output 1: the geometric basket, the control unless
/// `control` is false.
MonteCarloResult basket(Engine& engine, const MonteCarloOptions& options, const Basket& option,
                        bool control = true);

/// The same on quasi-random points (montecarlo/quasi.hpp), without a control.
QuasiResult quasi_basket(Engine& engine, const QuasiOptions& options, const Basket& option);

}  // namespace furrow::finance
