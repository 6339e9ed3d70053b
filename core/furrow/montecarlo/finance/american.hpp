// furrow/montecarlo/finance/american.hpp
//
// American (Bermudan) options on a lognormal asset, by least squares.
//
//   the option may be exercised at iT/n for i = 1 … n, and now; it is, where the payoff is above
//   the continuation value, which is a polynomial in the spot, fitted date by date, from the last
//   back, to what paths in the money got later
//
// Method   two passes. Calibration: paths are kept in an array, dates by paths; the polynomials are
//          fitted by least squares on the engine's workers. Then fresh paths are exercised by them:
//          an exercise rule that knows nothing of the future, so the price is biased low: with 2^16
//          paths 0.05 to 0.2 % by degree 5, 0.1 to 1 % by degree 3 (against finite differences,
//          puts and calls on dividends, in and out of the money). The European option is the
//          control
// Bits     the same for any number of workers: sums are made block by block (1024 paths) and added
//          up in a fixed tree
// Memory   8 (dates + 2) bytes a calibration path
// Size     dates times (degree + 1) is at most 480; degree 1 to 8
// Units    as European
// Errors   InvalidArgument as European, and for sizes; OutOfSpace for the paths
// Source   Longstaff, Schwartz, Rev. Financial Studies 14 (2001); Glasserman (2003), 8.6
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/kernels/finance/columns.hpp>
#include <furrow/montecarlo/estimate.hpp>
#include <furrow/montecarlo/options.hpp>

namespace furrow::finance {

using kernels::finance::Right;

struct American {
  Right right = Right::put;
  double spot = 100;
  double strike = 100;
  double rate = 0.05;
  double dividend = 0;
  double sigma = 0.2;
  double maturity = 1;
  std::int64_t dates = 50;
  std::int64_t degree = 5;
  std::int64_t calibration_paths = 65536;
  std::string paths{};  // name of the array of spots, (dates, calibration_paths); none: temporary
};

struct AmericanPrice {
  double price = 0;
  double standard_error = 0;  // 0 where it is best to exercise now
  bool exercise_now = false;
  double in_sample = 0;         // of the calibration's own paths: biased high
  double in_sample_error = 0;   // standard error
  MonteCarloResult simulation;  // outputs: the price of waiting, the European option (control)
  Array<double> paths;
};

AmericanPrice american(Engine& engine, const MonteCarloOptions& options, const American& option);

/// Dates times (degree + 1) at most: they travel with each path's closure.
inline constexpr std::size_t exercise_coefficients_max = 480;

/// The value of waiting at date i is K Σ_k coefficients[i (degree + 1) + k] (S/K - 1)^k; infinite
/// where too few paths were in the money to tell. The last date's are 0.
struct ExerciseRule {
  std::vector<double> coefficients;
  double in_sample = 0;
  double in_sample_error = 0;
  Array<double> paths;
};
ExerciseRule exercise_rule(Engine& engine, const MonteCarloOptions& options,
                           const American& option);

}  // namespace furrow::finance
