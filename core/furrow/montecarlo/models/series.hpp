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
// Long    a series of fewer than 100 τ says little about its τ, nor about its error
// Source  Sokal, "Monte Carlo methods in statistical mechanics" (1996), section 3; Wolff, Comput.
//         Phys. Commun. 156 (2004)
#pragma once

#include <vector>

#include <furrow/montecarlo/estimate.hpp>

namespace furrow::models {

struct SeriesEstimate {
  Estimate estimate;
  double tau = 0.5;  // in values of the series; NaN with fewer than 16 of them
};

SeriesEstimate series_estimate(const std::vector<double>& x, double confidence);

/// Values in units of τ that a series has at least, when its error is believed.
inline constexpr double series_taus = 100;

/// The record of two series, so that a result knows their covariance.
void put_record(MonteCarloResult& result, const std::vector<double>& x,
                const std::vector<double>& y);

}  // namespace furrow::models
