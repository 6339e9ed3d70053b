// furrow/montecarlo/finance/asian.hpp
//
// Asian options: on the mean of the spot at iT/n for i = 1 … n.
//
//   price = E[e^(-rT) max(±(mean - K), 0)], the mean arithmetic or geometric
//
// Method   exact steps; the arithmetic one with the geometric one, whose price is known, as
//          control: its variance falls some thousand times
// Cost     a normal and an exponential a fixing; geometric: the normal alone
// Units    as European
// Exact    the geometric one: kernels/finance/path_dependent.hpp; NaN for the arithmetic
// Errors   InvalidArgument as European; fixings from 1 to 10^6
// Source   Kemna, Vorst, J. Banking and Finance 14 (1990); Glasserman (2003), 4.1.2
#pragma once

#include <cstdint>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/finance/columns.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/options.hpp>

namespace furrow::finance {

using kernels::finance::Right;

enum class Mean { arithmetic, geometric };

struct Asian {
  Right right = Right::call;
  Mean mean = Mean::arithmetic;
  double spot = 100;
  double strike = 100;
  double rate = 0.05;
  double dividend = 0;
  double sigma = 0.2;
  double maturity = 1;
  std::int64_t fixings = 252;
};

double exact(const Asian& option);

/// Output 0: the price; for an arithmetic mean, output 1: the geometric one, the control unless
/// `control` is false.
MonteCarloResult asian(Engine& engine, const MonteCarloOptions& options, const Asian& option,
                       bool control = true);

}  // namespace furrow::finance
