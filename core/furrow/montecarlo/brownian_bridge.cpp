#include <furrow/montecarlo/brownian_bridge.hpp>

#include <memory>
#include <vector>

#include <fmt/format.h>

#include <furrow/error.hpp>

namespace furrow {
namespace {

using kernels::BridgeStep;
static_assert(sizeof(BridgeStep) % sizeof(double) == 0 && alignof(BridgeStep) == alignof(double));

std::vector<double> equal_times(double end, std::size_t count) {
  std::vector<double> times;
  for (std::size_t i = 1; i <= count; ++i) {
    times.push_back(end * static_cast<double>(i) / static_cast<double>(count));
  }
  return times;
}

}  // namespace

BrownianBridge::BrownianBridge(std::span<const double> times) : count_(times.size()) {
  std::vector<BridgeStep> plan(count_);
  if (count_ == 0 || !kernels::brownian_bridge(times, plan)) {
    throw InvalidArgument(fmt::format(
        "a Brownian bridge needs times that increase, the first above 0; of {} given, not all do",
        count_));
  }
  memory_ = Array<double>::temporary(
      {static_cast<std::int64_t>(count_ * sizeof(BridgeStep) / sizeof(double))});
  auto* const there = reinterpret_cast<BridgeStep*>(memory_.data());
  std::uninitialized_copy(plan.begin(), plan.end(), there);
  steps_ = there;
}

BrownianBridge::BrownianBridge(double end, std::size_t count)
    : BrownianBridge(equal_times(end, count)) {}

}  // namespace furrow
