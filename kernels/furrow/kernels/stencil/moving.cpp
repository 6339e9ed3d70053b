// furrow/kernels/stencil/moving.cpp
//
// A tile of some positions and columns: its neighbourhood is copied, widened, into a buffer in the
// second-level cache, and sums of 2, 4, 8 … neighbours are made there in place.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/stencil/moving.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <furrow/kernels/dispatch.hpp>

#ifndef FURROW_KERNELS_MOVING_TABLE
#define FURROW_KERNELS_MOVING_TABLE
namespace furrow::kernels {
struct MovingTable {
  /// to[i] = a[i] + b[i]; `to` may be a, or lie before b in the same memory.
  void (*add)(const double* a, const double* b, double* to, std::int64_t count);
  /// to[i] = a[i] / divisor
  void (*divide)(const double* a, double divisor, double* to, std::int64_t count);
  void (*divide_f32)(const double* a, double divisor, float* to, std::int64_t count);
};
}  // namespace furrow::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

void add(const double* a, const double* b, double* to, std::int64_t count) {
  const hn::ScalableTag<double> d;
  constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(hn::ScalableTag<double>()));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, to + i);
  }
  for (; i < count; ++i) to[i] = a[i] + b[i];
}

/// Vectorised by the compiler.
template <class T>
void divide(const double* a, double divisor, T* to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<T>(a[i] / divisor);
}

const MovingTable* moving_table() {
  static constexpr MovingTable table = {&add, &divide<double>, &divide<float>};
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <furrow/kernels/stencil/moving.hpp>

namespace furrow::kernels {

const MovingTable* resolve_moving(std::size_t slot) noexcept;
FURROW_EXPORT_TABLE(MovingTable, moving);

namespace {

constinit Dispatch<MovingTable> dispatch(&resolve_moving);

constexpr std::int64_t tile_small = 2048;  // doubles, neighbourhood included
constexpr std::int64_t tile_large = 16384;
constexpr std::int64_t columns_max = 512;
constexpr std::int64_t step_elements = 16384;
constexpr std::int64_t steps_max = 4096;

/// How a pass is cut. A line is a table of rows with `inner` columns; the last row may be short.
struct Cut {
  std::int64_t columns;  // of a tile
  std::int64_t rows;     // of the output of a tile
  std::int64_t across;   // tiles side by side
  std::int64_t down;     // tiles below each other
  std::int64_t per_step;
  std::int64_t tiles;
};

template <class In, class Out>
Cut cut_of(const MovingPass<In, Out>& pass) noexcept {
  Cut cut{};
  const std::int64_t inner = pass.inner;
  const std::int64_t more = pass.window - 1;
  cut.columns =
      std::min({inner, columns_max,
                std::max<std::int64_t>(8, tile_large / 4 / std::max<std::int64_t>(more, 1))});
  const std::int64_t whole = std::clamp(4 * more * cut.columns, tile_small, tile_large);
  const std::int64_t all_rows = (pass.out_size + inner - 1) / inner;
  cut.rows = std::clamp<std::int64_t>(whole / cut.columns - more, 1, all_rows);
  cut.across = (inner + cut.columns - 1) / cut.columns;
  cut.down = (all_rows + cut.rows - 1) / cut.rows;
  cut.tiles = pass.lines * cut.across * cut.down;
  cut.per_step = std::max<std::int64_t>(1, step_elements / (cut.rows * cut.columns));
  cut.per_step = std::max(cut.per_step, (cut.tiles + steps_max - 1) / steps_max);
  return cut;
}

template <class In, class Out>
class Tile {
 public:
  explicit Tile(const MovingPass<In, Out>& pass) noexcept
      : pass_(pass), table_(dispatch.table()), cut_(cut_of(pass)) {}

  void compute(std::int64_t index) noexcept {
    const std::int64_t inner = pass_.inner;
    line_ = index / (cut_.down * cut_.across);
    const std::int64_t first_row = index / cut_.across % cut_.down * cut_.rows;
    const std::int64_t column = index % cut_.across * cut_.columns;
    columns_ = std::min(cut_.columns, inner - column);
    first_ = first_row * inner + column;
    const std::int64_t all_rows = (pass_.out_size + inner - 1) / inner;
    rows_ = std::min(cut_.rows, all_rows - first_row);
    load();
    const double* sums = sum();
    store(sums);
  }

 private:
  void load() noexcept {
    const std::int64_t inner = pass_.inner;
    PaddedLine<In> line = pass_.in;
    line.data += line_ * pass_.in_line;
    const std::int64_t rows = rows_ + pass_.window - 1;
    const std::int64_t from = pass_.in_first + first_;
    if (columns_ == inner) return line.copy(from, rows * inner, part_);
    for (std::int64_t r = 0; r < rows; ++r) {
      line.copy(from + r * inner, columns_, part_ + r * columns_);
    }
  }

  /// part_ holds sums of 1, 2, 4 … rows in turn; those that the window consists of are added.
  const double* sum() noexcept {
    const std::int64_t count = rows_ * columns_;
    std::int64_t rows = rows_ + pass_.window - 1;  // of part_
    std::int64_t done = 0;
    for (std::int64_t width = 1;; width *= 2) {
      if ((pass_.window & width) != 0) {
        const double* from = part_ + done * columns_;
        if (done == 0 && width == pass_.window) return part_;
        if (done == 0) {
          std::copy_n(from, count, total_);
        } else {
          table_.add(total_, from, total_, count);
        }
        done += width;
        if (done == pass_.window) return total_;
      }
      rows -= width;
      table_.add(part_, part_ + width * columns_, part_, rows * columns_);
    }
  }

  void store(const double* sums) noexcept {
    const std::int64_t inner = pass_.inner;
    Out* const out = pass_.out + line_ * pass_.out_line;
    const std::int64_t run = columns_ == inner ? rows_ * inner : columns_;
    for (std::int64_t r = 0; r * run < rows_ * columns_; ++r) {
      const std::int64_t at = first_ + r * inner;
      const std::int64_t count = std::min(run, pass_.out_size - at);
      if (count <= 0) return;
      put(sums + r * run, out + at, line_ * pass_.out_line + at, count);
    }
  }

  void put(const double* sums, Out* to, std::int64_t at, std::int64_t count) noexcept {
    if (pass_.more == nullptr) return divide(sums, to, count);
    for (std::int64_t i = 0; i < count; i += columns_max) {
      double added[columns_max];
      const std::int64_t n = std::min(columns_max, count - i);
      table_.add(pass_.more + at + i, sums + i, added, n);
      divide(added, to + i, n);
    }
  }

  void divide(const double* from, double* to, std::int64_t count) const noexcept {
    if (pass_.divisor == 1) {
      std::copy_n(from, count, to);
    } else {
      table_.divide(from, pass_.divisor, to, count);
    }
  }
  void divide(const double* from, float* to, std::int64_t count) const noexcept {
    table_.divide_f32(from, pass_.divisor, to, count);
  }

  const MovingPass<In, Out>& pass_;
  const MovingTable& table_;
  const Cut cut_;
  std::int64_t line_ = 0;
  std::int64_t first_ = 0;  // element of the line
  std::int64_t rows_ = 0;
  std::int64_t columns_ = 0;
  double part_[tile_large + columns_max];
  double total_[tile_large];
};

}  // namespace

template <class In, class Out>
std::int64_t MovingPass<In, Out>::steps() const noexcept {
  const Cut cut = cut_of(*this);
  return (cut.tiles + cut.per_step - 1) / cut.per_step;
}

template <class In, class Out>
void moving_step(const MovingPass<In, Out>& pass, std::int64_t step) noexcept {
  const Cut cut = cut_of(pass);
  Tile<In, Out> tile(pass);
  const std::int64_t end = std::min((step + 1) * cut.per_step, cut.tiles);
  for (std::int64_t i = step * cut.per_step; i < end; ++i) tile.compute(i);
}

template struct MovingPass<double, double>;
template struct MovingPass<float, float>;
template struct MovingPass<float, double>;
template struct MovingPass<double, float>;
template void moving_step(const MovingPass<double, double>&, std::int64_t) noexcept;
template void moving_step(const MovingPass<float, float>&, std::int64_t) noexcept;
template void moving_step(const MovingPass<float, double>&, std::int64_t) noexcept;
template void moving_step(const MovingPass<double, float>&, std::int64_t) noexcept;

}  // namespace furrow::kernels
#endif
