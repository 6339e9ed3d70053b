// furrow/kernels/targets.cpp
//
// The choice of the SIMD target: the best of what is compiled in and what the CPU has, unless
// FURROW_TARGET or a test asks for another.
#include <cstdlib>

#include <furrow/kernels/simd.hpp>
// Highway after the list of targets.
#include <hwy/highway.h>
#include <hwy/targets.h>

#include <furrow/kernels/dispatch.hpp>

namespace furrow::kernels {
namespace detail {
constinit std::atomic<std::size_t> chosen_slot{0};
}

namespace {

struct Available {
  std::array<std::string_view, dispatch_slots> names{};
  std::array<std::size_t, dispatch_slots> slots{};
  std::size_t count = 0;
};

/// Highway numbers targets so that a lower bit is a better target.
Available find_available() noexcept {
  Available available;
  std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS;
  while (left != 0) {
    const std::int64_t best = left & -left;
    left &= left - 1;
    hwy::ChosenTarget position;  // a local one: the program's own use of Highway is not ours
    position.Update(best);
    available.names[available.count] = hwy::TargetName(best);
    available.slots[available.count] = position.GetIndex();
    ++available.count;
  }
  return available;
}

const Available& available() noexcept {
  static const Available found = find_available();
  return found;
}

/// The slot of a target's name; 0 when it is not available.
std::size_t slot_of(std::string_view name) noexcept {
  const Available& list = available();
  for (std::size_t i = 0; i < list.count; ++i) {
    if (list.names[i] == name) return list.slots[i];
  }
  return 0;
}

std::size_t default_slot() noexcept {
  const char* asked = std::getenv("FURROW_TARGET");
  const std::size_t slot = asked != nullptr ? slot_of(asked) : 0;
  return slot != 0 ? slot : available().slots[0];
}

}  // namespace

std::size_t detail::choose_slot() noexcept {
  const std::size_t slot = default_slot();
  // Two first calls at once choose the same, and a force_target in between wins.
  std::size_t none = 0;
  chosen_slot.compare_exchange_strong(none, slot, std::memory_order_relaxed);
  return none != 0 ? none : slot;
}

std::span<const std::string_view> targets() noexcept {
  return {available().names.data(), available().count};
}

std::string_view target() noexcept {
  const std::size_t slot = dispatch_slot();
  const Available& list = available();
  for (std::size_t i = 0; i < list.count; ++i) {
    if (list.slots[i] == slot) return list.names[i];
  }
  return {};
}

bool force_target(std::string_view name) noexcept {
  const std::size_t slot = name.empty() ? default_slot() : slot_of(name);
  if (slot == 0) return false;
  detail::chosen_slot.store(slot, std::memory_order_relaxed);
  return true;
}

}  // namespace furrow::kernels
