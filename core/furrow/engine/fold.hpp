// furrow/engine/fold.hpp
//
// The fixed reduction tree: partials in index order, neighbours first, an odd one out waits.
//
//   ((p0 p1)(p2 p3))((p4 p5) p6)
//
// A group of tiles is a power of two of them, hence a whole subtree: folding tiles inside groups
// and then groups gives the same tree, and the same bits, as folding all tiles at once.
// Memory  one partial per level, 40 levels
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

namespace furrow::engine {

class Fold {
 public:
  /// `bytes` per partial.
  explicit Fold(std::size_t bytes)
      : stride_((bytes + 63) & ~std::size_t{63}),
        memory_(new std::byte[stride_ * levels + 64]),
        base_(memory_.get() + (64 - reinterpret_cast<std::uintptr_t>(memory_.get()) % 64) % 64) {}

  void clear() noexcept { count_ = 0; }

  /// Adds the next partial in index order; combine(left, right) writes to left.
  template <class Combine>
  void push(const void* partial, std::size_t bytes, Combine&& combine) {
    std::byte* const carried = at(levels - 1);
    std::memcpy(carried, partial, bytes);
    std::size_t level = 0;
    for (std::uint64_t n = count_; (n & 1U) != 0; n >>= 1U, ++level) {
      combine(at(level), carried);
      std::memcpy(carried, at(level), bytes);
    }
    std::memcpy(at(level), carried, bytes);
    ++count_;
  }

  /// The folded partial. REQUIRES: push was called since clear.
  template <class Combine>
  const void* result(Combine&& combine) {
    std::byte* folded = nullptr;
    std::size_t level = 0;
    for (std::uint64_t n = count_; n != 0; n >>= 1U, ++level) {
      if ((n & 1U) == 0) continue;
      if (folded != nullptr) combine(at(level), folded);
      folded = at(level);
    }
    return folded;
  }

 private:
  static constexpr std::size_t levels = 40;
  std::byte* at(std::size_t level) const noexcept { return base_ + level * stride_; }

  std::size_t stride_;
  std::unique_ptr<std::byte[]> memory_;
  std::byte* base_;
  std::uint64_t count_ = 0;
};

}  // namespace furrow::engine
