// One measured simulation: `who` simulates `topic` as everybody else does.
//
//   topics.py            names the topics and what they are
//   server.cpp           times one simulation when it is asked to
//   furrow_cases.cpp     ours · openmp_peer.cpp, quantlib_peer.cpp: the others, for this machine
#pragma once

#include <cstdint>
#include <span>

namespace bench {

struct Outcome {
  double mean;
  std::int64_t paths;  // that were simulated; as many as the case finds enough
};

struct Case {
  const char* topic;
  const char* who;
  Outcome (*simulate)(int workers, std::uint64_t seed);
};

std::span<const Case> furrow_cases();
std::span<const Case> openmp_cases();
std::span<const Case> quantlib_cases();

/// The contract of all options: at the money, a year, 5 %, 20 %.
inline constexpr double spot = 100, strike = 100, rate = 0.05, sigma = 0.2, maturity = 1;
inline constexpr int asian_steps = 252;
inline constexpr int basket_assets = 4;
inline constexpr double basket_correlation = 0.5;

}  // namespace bench
