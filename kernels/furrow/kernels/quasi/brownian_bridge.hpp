// furrow/kernels/quasi/brownian_bridge.hpp
//
// A Brownian motion at given times from independent normals, its end first, then the middles: the
// first normals, which are a quasi-random point's best coordinates, carry most of the variance.
//
//   W(t_m) given W(t_l), W(t_r):  ((t_r - t_m) W(t_l) + (t_m - t_l) W(t_r)) / (t_r - t_l)
//                                 + z sqrt((t_m - t_l)(t_r - t_m)/(t_r - t_l))
//
// Shape   steps times, steps normals, steps values; time 0 with W = 0 goes without saying
// Order   the end; then breadth first the step in the middle of the oldest gap
// Memory  the caller's; prepared once into `steps` BridgeSteps (48 bytes each), used for any path
// Types   V is double, or any type with V + V, V - V and V * double: paths side by side in lanes
// Source  Caflisch, Moskowitz, J. Complexity 11 (1995); Jäckel, "Monte Carlo methods in finance"
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace furrow::kernels {

/// W[at] = left_weight * W[left] + right_weight * W[right] + deviation * z; indices count from 1, 0
/// is time 0.
struct BridgeStep {
  std::uint32_t at;
  std::uint32_t left;
  std::uint32_t right;  // 0 for the end, which has no right neighbour
  double left_weight;
  double right_weight;
  double deviation;
};

/// The plan for increasing positive times. REQUIRES: steps.size() == times.size() < 2^32.
/// False, and no plan, when the times do not increase from above 0.
bool brownian_bridge(std::span<const double> times, std::span<BridgeStep> steps) noexcept;

/// w[i] = W(times[i]) from z. w and z do not overlap.
template <class V>
void brownian_path(std::span<const BridgeStep> steps, const V* z, V* w) noexcept {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const BridgeStep& step = steps[i];
    V value = z[i] * step.deviation;
    if (step.left != 0) value = value + w[step.left - 1] * step.left_weight;
    if (step.right != 0) value = value + w[step.right - 1] * step.right_weight;
    w[step.at - 1] = value;
  }
}

/// w[i] = W(times[i]) - W(times[i-1]): what a simulation step by step adds up. To standard normals
/// when divided by sqrt(times[i] - times[i-1]).
template <class V>
void brownian_increments(std::span<const BridgeStep> steps, const V* z, V* w) noexcept {
  brownian_path(steps, z, w);
  for (std::size_t i = steps.size(); i-- > 1;) w[i] = w[i] - w[i - 1];
}

}  // namespace furrow::kernels
