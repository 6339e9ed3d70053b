// furrow/kernels/reduce/walk.hpp
//
// Walking over some axes in C order by runs along the last of them, and gathering what lies there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <furrow/kernels/packed.hpp>
#include <furrow/kernels/reduce/axes.hpp>

namespace furrow::kernels {

class Walk {
 public:
  /// Offsets in elements from the element 0 of x, of the mask, of the output, of y.
  struct Place {
    std::int64_t x;
    std::int64_t mask;
    std::int64_t out;
    std::int64_t y;
  };

  /// `count` elements one step apart.
  struct Run {
    Place place;
    ReduceAxis step;
    std::int64_t count;

    Place at(std::int64_t k) const noexcept {
      return {place.x + k * step.stride, place.mask + k * step.mask_stride,
              place.out + k * step.out_stride, place.y + k * step.y_stride};
    }
  };

  Walk(const ReduceAxes& axes, std::int64_t first) noexcept : axes_(axes) {
    for (std::size_t k = axes.count; k-- > 0;) {
      index_[k] = first % axes.axis[k].extent;
      first /= axes.axis[k].extent;
      move(k, index_[k]);
    }
  }

  /// The run that begins here, of `most` elements at most. Without axes: of one element.
  Run run(std::int64_t most) const noexcept {
    if (axes_.count == 0) return {place_, {1, 1, 1, 1, 1}, std::min<std::int64_t>(1, most)};
    const ReduceAxis& last = axes_.axis[axes_.count - 1];
    return {place_, last, std::min(most, last.extent - index_[axes_.count - 1])};
  }

  /// Goes on by as many elements as that run had, or fewer.
  void skip(std::int64_t count) noexcept {
    if (axes_.count == 0) return;
    std::size_t k = axes_.count - 1;
    index_[k] += count;
    move(k, count);
    for (; k > 0 && index_[k] == axes_.axis[k].extent; --k) {
      move(k, -index_[k]);
      index_[k] = 0;
      ++index_[k - 1];
      move(k - 1, 1);
    }
  }

 private:
  void move(std::size_t k, std::int64_t by) noexcept {
    const ReduceAxis& axis = axes_.axis[k];
    place_.x += by * axis.stride;
    place_.mask += by * axis.mask_stride;
    place_.out += by * axis.out_stride;
    place_.y += by * axis.y_stride;
  }

  const ReduceAxes& axes_;
  std::int64_t index_[axes_max] = {};
  Place place_{};
};

/// Outputs of a panel: two cache lines of each row, and no more than lie on the stack.
inline constexpr std::size_t panel_most = 16;
constexpr std::int64_t panel_width(std::size_t item) noexcept {
  return static_cast<std::int64_t>(std::clamp<std::size_t>(128 / item, 4, panel_most));
}
/// Bytes from one output's tile to the next: not a power of two, whose lines would share one place
/// in the cache.
inline constexpr std::size_t panel_pitch = reduce_tile_bytes + 64;

/// Tiles of a group, where partials of several outputs wait on the stack.
inline constexpr std::int64_t group_tiles_most = 64;
/// Elements of a row that is short.
inline constexpr std::int64_t short_most = 48;

/// Copies the elements that the mask chooses; returns how many.
std::size_t choose(std::byte* to, const std::byte* from, std::ptrdiff_t stride, const bool* mask,
                   std::ptrdiff_t mask_stride, std::size_t count, std::size_t item) noexcept;

/// Rows of several outputs, appended to each output's own tile.
struct PanelCall {
  std::byte* packed;    // tiles panel_pitch apart
  std::size_t* filled;  // elements in each
  const std::byte* x;
  const bool* mask;
  std::ptrdiff_t row_stride;
  std::ptrdiff_t column_stride;
  std::ptrdiff_t mask_row_stride;
  std::ptrdiff_t mask_column_stride;
  std::int64_t rows;
  std::size_t width;
};
void gather_panel(const PanelCall& call, std::size_t item) noexcept;

/// to[i * width + j] = element i of output j.
void turn(std::byte* to, const std::byte* from, std::ptrdiff_t row_stride,
          std::ptrdiff_t column_stride, std::size_t rows, std::size_t width,
          std::size_t item) noexcept;

}  // namespace furrow::kernels
