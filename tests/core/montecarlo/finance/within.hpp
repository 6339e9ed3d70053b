// How an estimate is held against the truth: five standard errors, of a run with a fixed seed. A
// right program fails such a check for one seed in two million, a fixed seed always or never.
#pragma once

#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include <furrow/montecarlo/estimate.hpp>

namespace furrow::test {

/// `bias`: what the method itself may be off by, stated by the test.
inline void check_within(double mean, double error, double truth, double bias = 0) {
  INFO("estimate " << mean << " +- " << error << ", truth " << truth << ", "
                   << (mean - truth) / error << " standard errors");
  CHECK(error > 0);
  CHECK(std::abs(mean - truth) <= 5 * error + bias);
}
inline void check_within(const MonteCarloResult& result, std::size_t output, double truth,
                         double bias = 0) {
  INFO("output " << output);
  check_within(result.mean(output), result.standard_error(output), truth, bias);
}

}  // namespace furrow::test
