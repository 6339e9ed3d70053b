// furrow/montecarlo/brownian_bridge.hpp
//
// A path in time from its end to its middles, for quasi-random points: the first draws, a point's
// best coordinates, decide where the path goes, the last ones only details.
//
//   furrow::BrownianBridge bridge(std::vector<double>{0.25, 0.5, 0.75, 1.0});
//   quasi_monte_carlo(engine, options, [=, steps = bridge.steps()](auto& path) {
//     const auto w = steps.template values<4>(path);        // W at each time, from 4 normals
//     return max(spot * exp(drift + volatility * w[3]) - strike, 0.0);
//   });
//
// Memory    the plan lies in shared memory, so that workers see it, and lives as long as the bridge
// Errors    InvalidArgument (times that do not increase from above 0)
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <furrow/array/array.hpp>
#include <furrow/kernels/quasi/brownian_bridge.hpp>

namespace furrow {

/// What closures capture. Valid while its BrownianBridge is.
class BridgeSteps {
 public:
  BridgeSteps(const kernels::BridgeStep* steps, std::size_t count) noexcept
      : steps_(steps), count_(count) {}

  /// W at the first N times; N is the number of times.
  template <std::size_t N, class G>
  std::array<typename G::Real, N> values(G& path) const {
    std::array<typename G::Real, N> z;
    std::array<typename G::Real, N> w;
    for (std::size_t i = 0; i < N; ++i) z[i] = path.normal();
    kernels::brownian_path(std::span(steps_, N), z.data(), w.data());
    return w;
  }
  /// W at each time less W at the one before.
  template <std::size_t N, class G>
  std::array<typename G::Real, N> increments(G& path) const {
    std::array<typename G::Real, N> w = values<N>(path);
    for (std::size_t i = N; i-- > 1;) w[i] = w[i] - w[i - 1];
    return w;
  }
  std::size_t size() const noexcept { return count_; }

 private:
  const kernels::BridgeStep* steps_;
  std::size_t count_;
};

class BrownianBridge {
 public:
  explicit BrownianBridge(std::span<const double> times);
  /// `count` equal steps up to `end`.
  BrownianBridge(double end, std::size_t count);

  BridgeSteps steps() const noexcept { return {steps_, count_}; }

 private:
  Array<double> memory_;
  const kernels::BridgeStep* steps_;
  std::size_t count_;
};

}  // namespace furrow
