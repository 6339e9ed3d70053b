// furrow/montecarlo/models/series.hpp
//
// The mean of a series whose values depend on those before, as a Markov chain's do, and its error.
//
//   error² = 2 τ variance / count,  τ = 1/2 + Σ ρ(t) for t = 1 … W, ρ the autocorrelation
//
// Window  W is the least lag of at least 6 τ(W) (Sokal). Of long series, the autocorrelation is
//         that of means of neighbours, 4096 to 8191 of them: the same sum, at a cost of 8192 W
// Bias    ρ about the series' own mean is too small; Wolff's correction, 1 + (2 W + 1)/count
// Degrees of the error, for Student's t: count / (2 W + 1)
// Of τ    its own standard error is 2 τ sqrt((W + 1/2 - τ)/count): at 100 τ nearly half of it. So
//         whoever stops for an error, and thereby when τ happens to look small, takes an upper
//         bound: τ and twice its error
// Stop    when the error by that bound is small enough, and the series is 200 times the bound long.
//         Ising's energy at its critical temperature, stopped so, was off by 1.0 to 1.1 of its
//         errors (standard deviation over 100 seeds); stopped by τ itself and 100 of it, by 1.5
// Long    a series of fewer than 200 τ says little about its τ, nor about its error
// Source  Sokal, "Monte Carlo methods in statistical mechanics" (1996), section 3; Wolff, Comput.
//         Phys. Commun. 156 (2004), hep-lat/0306017: bias (49), error of τ (42)
#pragma once

#include <cstddef>
#include <vector>

#include <furrow/montecarlo/estimate.hpp>

namespace furrow::models {

struct SeriesEstimate {
  Estimate estimate;
  double tau = 0.5;      // in values of the series; NaN with fewer than 16 of them
  double tau_error = 0;  // its standard error
  double tau_upper() const noexcept { return tau + 2 * tau_error; }
  /// The standard error that the mean has where τ is at its upper bound.
  double error_upper() const noexcept;
};

SeriesEstimate series_estimate(const std::vector<double>& x, double confidence);

/// Values in units of τ that a series has at least, when its error is believed.
inline constexpr double series_taus = 200;
/// Whether a series of so many values is long enough for its error to be believed.
bool is_long(const SeriesEstimate& series, std::size_t count) noexcept;
/// Whether it may stop for an error of its mean.
bool is_accurate(const SeriesEstimate& series, std::size_t count, double target) noexcept;

/// The record of two series, so that a result knows their covariance.
void put_record(MonteCarloResult& result, const std::vector<double>& x,
                const std::vector<double>& y);

}  // namespace furrow::models
