// furrow/kernels/dispatch.hpp
//
// From a registry entry to the code compiled for the target in use.
//
// Each SIMD file of a family is compiled once per target and gives one table of function pointers
// for each. A Dispatch remembers these tables by target; the functions that the registry points to
// look their own entry up at every call: two loads and an indirect call, about a nanosecond, no
// locks, nothing that a fork could leave half done. Forcing a target therefore works at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

/// Position of a target in Highway's dispatch tables; 0 means "not chosen yet".
inline constexpr std::size_t dispatch_slots = 20;

namespace detail {
extern std::atomic<std::size_t> chosen_slot;
std::size_t choose_slot() noexcept;
}  // namespace detail

inline std::size_t dispatch_slot() noexcept {
  const std::size_t slot = detail::chosen_slot.load(std::memory_order_relaxed);
  return slot != 0 ? slot : detail::choose_slot();
}

/// The tables of one SIMD file. `Table` is constant data; `resolve` gives it for a slot.
template <class Table>
class Dispatch {
 public:
  using Resolve = const Table* (*)(std::size_t slot) noexcept;
  explicit constexpr Dispatch(Resolve resolve) noexcept : resolve_(resolve) {}

  const Table& table() noexcept {
    const std::size_t slot = dispatch_slot();
    // Relaxed: the tables are constants of the program, there is nothing to order.
    const Table* found = tables_[slot].load(std::memory_order_relaxed);
    if (found == nullptr) {
      found = resolve_(slot);
      tables_[slot].store(found, std::memory_order_relaxed);
    }
    return *found;
  }

 private:
  Resolve resolve_;
  std::array<std::atomic<const Table*>, dispatch_slots> tables_{};
};

}  // namespace furrow::kernels

/// In a SIMD file, after HWY_EXPORT(function): calls the function of a slot. With only one target
/// compiled in, Highway's table has one entry.
#define FURROW_DISPATCH(function, slot) \
  (*HWY_DISPATCH_TABLE(function)[(HWY_TARGETS & (HWY_TARGETS - 1)) == 0 ? 0 : (slot)])()

/// The end of a SIMD file, inside #if HWY_ONCE and namespace furrow::kernels: defines
/// `const Table* resolve_NAME(slot)` from the function NAME_table() that each target has. That
/// function is not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
#define FURROW_EXPORT_TABLE(Table, name)                   \
  HWY_EXPORT(name##_table);                                \
  const Table* resolve_##name(std::size_t slot) noexcept { \
    return FURROW_DISPATCH(name##_table, slot);            \
  }                                                        \
  static_assert(true) /* takes the semicolon */
