// furrow/kernels/quasi/brownian_bridge.cpp
//
// The order of a Brownian bridge. The plan is its own queue: what is ahead holds gaps to be split,
// as (left, right), and each gap becomes the step in its middle.
#include <furrow/kernels/quasi/brownian_bridge.hpp>

#include <cmath>

namespace furrow::kernels {

bool brownian_bridge(std::span<const double> times, std::span<BridgeStep> steps) noexcept {
  const std::size_t count = times.size();
  double before = 0;
  for (const double time : times) {
    if (!(time > before)) return false;
    before = time;
  }
  if (count == 0) return true;
  const auto time = [&](std::uint32_t i) { return i == 0 ? 0.0 : times[i - 1]; };
  std::size_t tail = 0;
  const auto enqueue = [&](std::uint32_t left, std::uint32_t right) {
    if (right - left >= 2) steps[++tail] = {0, left, right, 0, 0, 0};
  };
  const auto end = static_cast<std::uint32_t>(count);
  steps[0] = {end, 0, 0, 0, 0, std::sqrt(time(end))};
  enqueue(0, end);
  for (std::size_t i = 1; i <= tail; ++i) {
    const std::uint32_t left = steps[i].left;
    const std::uint32_t right = steps[i].right;
    const std::uint32_t middle = left + (right - left) / 2;
    const double ahead = time(right) - time(middle);
    const double behind = time(middle) - time(left);
    const double gap = time(right) - time(left);
    steps[i] = {middle, left, right, ahead / gap, behind / gap, std::sqrt(behind * ahead / gap)};
    enqueue(left, middle);
    enqueue(middle, right);
  }
  return true;
}

}  // namespace furrow::kernels
