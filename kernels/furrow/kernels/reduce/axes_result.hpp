// furrow/kernels/reduce/axes_result.hpp
//
// Partials of a reduction along axes with the count of their elements, and what is written of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <furrow/kernels/reduce/axes.hpp>
#include <furrow/kernels/reduce/walk.hpp>

namespace furrow::kernels {

/// A partial and how many elements it is made of; of none, it holds nothing.
struct alignas(16) Slot {
  std::byte partial[partial_bytes_max];
  std::uint64_t count;
};

inline void store_slot(std::byte* to, const Slot& slot, std::size_t partial_bytes) noexcept {
  std::memcpy(to, slot.partial, partial_bytes);
  std::memcpy(to + partial_bytes, &slot.count, sizeof slot.count);
}

inline Slot load_slot(const std::byte* from, std::size_t partial_bytes) noexcept {
  Slot slot{};
  std::memcpy(slot.partial, from, partial_bytes);
  std::memcpy(&slot.count, from + partial_bytes, sizeof slot.count);
  return slot;
}

inline void combine_slots(const ReduceFunctions& f, Slot& left, const Slot& right) noexcept {
  if (right.count == 0) return;
  if (left.count == 0) {
    left = right;
    return;
  }
  f.combine(left.partial, right.partial, left.partial);
  left.count += right.count;
}

/// Slots that come in order of index, combined in the tree of combine_tree.
class SlotTree {
 public:
  explicit SlotTree(const ReduceFunctions& functions) noexcept : functions_(functions) {}

  void add(Slot slot) noexcept {
    std::size_t level = 0;
    for (; (added_ >> level & 1) != 0; ++level) {
      combine_slots(functions_, levels_[level], slot);
      slot = levels_[level];
    }
    levels_[level] = slot;
    ++added_;
  }

  Slot total() noexcept {
    Slot total{};
    bool first = true;
    for (std::size_t level = 0; added_ >> level != 0; ++level) {
      if ((added_ >> level & 1) == 0) continue;
      if (!first) combine_slots(functions_, levels_[level], total);
      total = levels_[level];
      first = false;
    }
    return total;
  }

 private:
  const ReduceFunctions& functions_;
  std::uint64_t added_ = 0;
  Slot levels_[48];
};

/// Writes an output's result, `out` elements from the first.
void write_result(const AxesPlan& plan, const ReduceFunctions& f, Slot& slot,
                  std::int64_t out) noexcept;

/// Those of a run of outputs of `count` elements each, whose partials lie side by side.
void write_columns(const AxesPlan& plan, ResultKind kind, const std::byte* partials,
                   const Walk::Run& run, std::int64_t count) noexcept;

}  // namespace furrow::kernels
