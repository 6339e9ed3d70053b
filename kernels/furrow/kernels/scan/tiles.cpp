// furrow/kernels/scan/tiles.cpp
//
// Tiles of a panel: widened into a buffer that lies in the first-level cache where they are not
// packed doubles already, scanned or folded by the SIMD target's functions, and narrowed.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/scan/tiles.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <furrow/kernels/scan/floating-inl.h>
#include <furrow/kernels/scan/whole-inl.h>
#include <furrow/kernels/scan/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {
using namespace scans;

constexpr ScanTable make_table() {
  ScanTable table{};
  table.f64[0] = floating_kernel<Sum>();
  table.f64[1] = floating_kernel<Product>();
  table.f64[2] = floating_kernel<Least>();
  table.f64[3] = floating_kernel<Most>();
  table.i64[2] = whole_kernel<WholeLeast, std::int64_t>();
  table.i64[3] = whole_kernel<WholeMost, std::int64_t>();
  table.u64[0] = whole_kernel<WholeSum, std::uint64_t>();
  table.u64[1] = whole_kernel<WholeProduct, std::uint64_t>();
  table.u64[2] = whole_kernel<WholeLeast, std::uint64_t>();
  table.u64[3] = whole_kernel<WholeMost, std::uint64_t>();
  put_whole<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
            std::uint16_t, std::uint32_t, std::uint64_t>(table);
  put_floating<f16, float, double>(table);
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const ScanTable* scan_table() {
  static constexpr ScanTable table = make_table();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <bit>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/packed.hpp>

namespace furrow::kernels {

HWY_EXPORT(scan_table);

const ScanTable* resolve_scan(std::size_t slot) noexcept {
  return FURROW_DISPATCH(scan_table, slot);
}

namespace {

constinit Dispatch<ScanTable> dispatch(&resolve_scan);

template <class A>
const ScanKernel<A>& kernel_of(const ScanTable& table, ScanOp op) noexcept {
  const auto index = static_cast<std::size_t>(op);
  if constexpr (std::is_same_v<A, double>) return table.f64[index];
  if constexpr (std::is_same_v<A, std::int64_t>) return table.i64[index];
  if constexpr (std::is_same_v<A, std::uint64_t>) return table.u64[index];
}

/// Where a panel's elements come from and go to.
struct Place {
  const void* in;
  std::int64_t in_first, in_row, in_column;
  void* out;
  std::int64_t out_first, out_row, out_column;
  std::int64_t width;
};

template <class A>
class Panel {
 public:
  Panel(const ScanPlan& plan, const Place& place) noexcept
      : plan_(plan),
        place_(place),
        table_(dispatch.table()),
        kernel_(kernel_of<A>(table_, plan.op)),
        load_(table_.load[static_cast<std::size_t>(plan.in_dtype)]),
        store_(table_.store[static_cast<std::size_t>(plan.out_dtype)]) {}

  void scan(std::int64_t begin, std::int64_t end, ScanState* states) noexcept {
    for (std::int64_t tile = begin; tile < end; ++tile) {
      plan_.by_columns ? scan_columns(tile, begin, states) : scan_line(tile, begin, states);
    }
  }

  void fold(std::int64_t tile, std::uint64_t* totals) noexcept {
    const std::int64_t row = tile * scan_tile_elements;
    const std::int64_t rows = rows_of(tile);
    if (!plan_.by_columns) {
      totals[0] = std::bit_cast<std::uint64_t>(kernel_.fold(line_in(row, rows), rows));
      return;
    }
    A before[scan_columns_max];
    std::fill(before, before + place_.width, identity());
    for_rows(row, rows, [&](const A* in, std::int64_t in_row, std::int64_t, std::int64_t count) {
      kernel_.fold_columns(in, in_row, count, place_.width, before);
    });
    for (std::int64_t c = 0; c < place_.width; ++c) {
      totals[c] = std::bit_cast<std::uint64_t>(before[c]);
    }
  }

 private:
  static constexpr bool is_f64 = std::is_same_v<A, double>;

  std::int64_t rows_of(std::int64_t tile) const noexcept {
    return std::min(scan_tile_elements, plan_.rows - tile * scan_tile_elements);
  }
  /// What starts a fold within a tile.
  A identity() const noexcept { return std::bit_cast<A>(start_scan(plan_).high); }

  /// What an exclusive scan gives first.
  A first() const noexcept { return plan_.op == ScanOp::sum ? A(0) : identity(); }

  /// The rows as packed accumulators: where they lie, or loaded.
  const A* line_in(std::int64_t row, std::int64_t rows) noexcept {
    const std::int64_t first = place_.in_first + row * place_.in_row;
    if (is_f64 && plan_.in_dtype == Dtype::f64 && place_.in_row == 1) {
      return static_cast<const A*>(place_.in) + first;
    }
    load_(place_.in, first, place_.in_row, rows, buffer_);
    return buffer_;
  }

  ScanState after(ScanState state, A total) const noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(total);
    return is_f64 ? advance_scan(plan_, state, bits) : ScanState{bits, 0};
  }

  void scan_line(std::int64_t tile, std::int64_t begin, ScanState* state) noexcept {
    const std::int64_t row = tile * scan_tile_elements;
    const std::int64_t rows = rows_of(tile);
    const A* in = line_in(row, rows);
    const std::int64_t to = place_.out_first + (row - begin * scan_tile_elements) * place_.out_row;
    const A high = std::bit_cast<A>(state->high);
    const A low = std::bit_cast<A>(state->low);
    if (is_f64 && !plan_.exclusive && plan_.out_dtype == Dtype::f64 && place_.out_row == 1) {
      A* out = static_cast<A*>(place_.out) + to;
      *state = after(*state, kernel_.line(in, out, rows, high, low, plan_.stream));
      return;
    }
    const A last = tile == 0 ? first() : high;
    *state = after(*state, kernel_.line(in, buffer_, rows, high, low, false));
    if (!plan_.exclusive) {
      store_(place_.out, to, place_.out_row, rows, buffer_);
      return;
    }
    store_(place_.out, to, place_.out_row, 1, &last);
    store_(place_.out, to + place_.out_row, place_.out_row, rows - 1, buffer_);
  }

  /// Calls step(in, in_row, first row, rows) on packed rows: all at once where they are packed
  /// doubles, in groups of 16 through the buffer else.
  template <class Step>
  void for_rows(std::int64_t row, std::int64_t rows, Step step) noexcept {
    const std::int64_t first = place_.in_first + row * place_.in_row;
    if (is_f64 && plan_.in_dtype == Dtype::f64 && place_.in_column == 1) {
      if (plan_.out_dtype == Dtype::f64 && place_.out_column == 1 && !plan_.exclusive) {
        step(static_cast<const A*>(place_.in) + first, place_.in_row, 0, rows);
        return;
      }
    }
    for (std::int64_t r = 0; r < rows; r += scan_group_rows) {
      const std::int64_t count = std::min(scan_group_rows, rows - r);
      load_rows(first + r * place_.in_row, count);
      step(buffer_, place_.width, r, count);
    }
  }

  void load_rows(std::int64_t first, std::int64_t count) noexcept {
    const std::int64_t width = place_.width;
    if (place_.in_row == 1 && place_.in_column != 1) {
      // Lines that are packed and short: along each of them, as they lie.
      A line[scan_group_rows];
      for (std::int64_t c = 0; c < width; ++c) {
        load_(place_.in, first + c * place_.in_column, 1, count, line);
        for (std::int64_t r = 0; r < count; ++r) buffer_[r * width + c] = line[r];
      }
      return;
    }
    for (std::int64_t r = 0; r < count; ++r) {
      load_(place_.in, first + r * place_.in_row, place_.in_column, width, buffer_ + r * width);
    }
  }

  /// Row r of the buffer to the place of row `to`; a packed row of another memory likewise.
  void store_row(std::int64_t to, const A* from) noexcept {
    store_(place_.out, place_.out_first + to * place_.out_row, place_.out_column, place_.width,
           from);
  }

  void scan_columns(std::int64_t tile, std::int64_t begin, ScanState* states) noexcept {
    const std::int64_t row = tile * scan_tile_elements;
    const std::int64_t width = place_.width;
    const std::int64_t to = row - begin * scan_tile_elements;
    A high[scan_columns_max];
    A low[scan_columns_max];
    A before[scan_columns_max];
    A last[scan_columns_max];
    for (std::int64_t c = 0; c < width; ++c) {
      high[c] = std::bit_cast<A>(states[c].high);
      low[c] = std::bit_cast<A>(states[c].low);
      before[c] = is_f64 ? identity() : high[c];
      last[c] = tile == 0 ? first() : high[c];
    }
    for_rows(row, rows_of(tile),
             [&](const A* in, std::int64_t in_row, std::int64_t r, std::int64_t count) {
               if (in != buffer_) {
                 A* out = static_cast<A*>(place_.out) + place_.out_first + to * place_.out_row;
                 kernel_.columns(in, in_row, out, place_.out_row, count, width, high, low, before,
                                 plan_.stream);
                 return;
               }
               kernel_.columns(in, width, buffer_, width, count, width, high, low, before, false);
               if (plan_.exclusive) {
                 store_row(to + r, last);
                 for (std::int64_t k = 1; k < count; ++k) {
                   store_row(to + r + k, buffer_ + (k - 1) * width);
                 }
                 std::copy(buffer_ + (count - 1) * width, buffer_ + count * width, last);
                 return;
               }
               for (std::int64_t k = 0; k < count; ++k) store_row(to + r + k, buffer_ + k * width);
             });
    for (std::int64_t c = 0; c < width; ++c) states[c] = after(states[c], before[c]);
  }

  static constexpr std::int64_t buffer_elements = scan_group_rows * scan_columns_max;
  static_assert(buffer_elements >= scan_tile_elements);

  const ScanPlan& plan_;
  const Place place_;
  const ScanTable& table_;
  const ScanKernel<A>& kernel_;
  const ScanLoad load_;
  const ScanStore store_;
  alignas(64) A buffer_[buffer_elements];
};

Place place_of(const ScanPlan& plan, std::int64_t panel, std::int64_t begin,
               void* packed) noexcept {
  const ScanPanel found = find_panel(plan, panel);
  if (packed != nullptr) {
    return {plan.in, found.in, plan.in_row, plan.in_column, packed, 0, found.width, 1, found.width};
  }
  const std::int64_t shift = begin * scan_tile_elements * plan.out_row;
  return {plan.in,           found.in,     plan.in_row,     plan.in_column, plan.out,
          found.out + shift, plan.out_row, plan.out_column, found.width};
}

/// Calls f(Panel) with the accumulator of the plan.
template <class F>
void with_panel(const ScanPlan& plan, const Place& place, F f) noexcept {
  switch (scan_accumulator(plan.op, plan.in_dtype)) {
    case ScanAccumulator::f64: return f(Panel<double>(plan, place));
    case ScanAccumulator::i64: return f(Panel<std::int64_t>(plan, place));
    case ScanAccumulator::u64: return f(Panel<std::uint64_t>(plan, place));
  }
}

}  // namespace

void fold_tile(const ScanPlan& plan, std::int64_t panel, std::int64_t tile,
               std::uint64_t* totals) noexcept {
  with_panel(plan, place_of(plan, panel, 0, nullptr),
             [&](auto&& part) { part.fold(tile, totals); });
}

void scan_tiles(const ScanPlan& plan, std::int64_t panel, std::int64_t begin, std::int64_t end,
                ScanState* states, void* packed) noexcept {
  with_panel(plan, place_of(plan, panel, begin, packed),
             [&](auto&& part) { part.scan(begin, end, states); });
}

void copy_tiles(const ScanPlan& plan, std::int64_t panel, std::int64_t begin, std::int64_t end,
                const void* packed) noexcept {
  const Place place = place_of(plan, panel, begin, nullptr);
  const std::int64_t rows =
      std::min(end * scan_tile_elements, plan.rows) - begin * scan_tile_elements;
  const std::size_t bytes = item_bytes(plan.out_dtype);
  const auto copy = [&](std::int64_t to, std::int64_t stride, std::int64_t from,
                        std::int64_t count) {
    scatter(static_cast<std::byte*>(plan.out) + to * static_cast<std::int64_t>(bytes),
            static_cast<const std::byte*>(packed) + from * static_cast<std::int64_t>(bytes), stride,
            static_cast<std::size_t>(count), bytes);
  };
  if (!plan.by_columns) return copy(place.out_first, place.out_row, 0, rows);
  for (std::int64_t r = 0; r < rows; ++r) {
    copy(place.out_first + r * place.out_row, place.out_column, r * place.width, place.width);
  }
}

}  // namespace furrow::kernels
#endif
