// furrow/kernels/reduce/columns.cpp
//
// The 16 virtual lanes of a tile, for each of many outputs side by side: row i is added to lane
// i % 16, a row of accumulators in the first-level cache. Four rows of a lane at a time, so that
// accumulators are read and written once for four elements. Plain loops over the outputs,
// vectorised by the compiler, but for the multiply-adds of the moments.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/reduce/columns.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <algorithm>

#include <furrow/kernels/reduce/columns.hpp>
#include <furrow/kernels/reduce/partials.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files
namespace hn = hwy::HWY_NAMESPACE;

using std::ptrdiff_t;
using std::size_t;

// --- sums and products in lanes ------------------------------------------------------------------

struct Sum {
  static constexpr double start = 0;
  static HWY_INLINE double add(double a, double x) noexcept { return a + x; }
  static HWY_INLINE double both(double a, double b) noexcept { return a + b; }
};
struct Product {
  static constexpr double start = 1;
  static HWY_INLINE double add(double a, double x) noexcept { return a * x; }
  static HWY_INLINE double both(double a, double b) noexcept { return a * b; }
};
struct Sizes : Sum {
  static HWY_INLINE double add(double a, double x) noexcept {
    return a + (x < 0 ? -x : (x == 0 ? 0 : x));
  }
};
struct Numbers : Sum {
  static HWY_INLINE double add(double a, double x) noexcept { return a + (x == x ? x : 0); }
};
struct Squares : Sum {
  static HWY_INLINE double add(double a, double x) noexcept {
#if HWY_NATIVE_FMA
    return __builtin_fma(x, x, a);
#else
    return a + x * x;  // as MulAdd where the target has none
#endif
  }
};

template <class Op, class T>
HWY_INLINE double add(double total, T x) noexcept {
  return Op::add(total, static_cast<double>(x));
}

/// Fetches the first `width` elements of a row.
template <class T>
HWY_INLINE void fetch_row(const T* row, size_t width) noexcept {
  for (size_t j = 0; j < width; j += 64 / sizeof(T)) __builtin_prefetch(row + j);
}
/// How many rows ahead.
constexpr ptrdiff_t rows_ahead = 8;

/// lane[j] op= x[j] for the rows given, in this order.
template <class Op, class T, class... Rows>
HWY_INLINE void add_rows(double* HWY_RESTRICT lane, size_t width, const T* x,
                         const Rows*... rows) noexcept {
  for (size_t j = 0; j < width; ++j) {
    double total = add<Op>(lane[j], x[j]);
    ((total = add<Op>(total, rows[j])), ...);
    lane[j] = total;
  }
}

/// The same with four rows, and the four that come next are fetched.
template <class Op, class T>
HWY_INLINE void add_four(double* HWY_RESTRICT lane, size_t width, const T* x, ptrdiff_t apart,
                         ptrdiff_t next) noexcept {
  constexpr size_t line = 64 / sizeof(T);
  size_t j = 0;
  for (; j + line <= width; j += line) {
    for (ptrdiff_t k = 0; k < 4; ++k) __builtin_prefetch(x + k * apart + next + j);
    for (size_t i = 0; i < line; ++i) {
      const T* const at = x + j + i;
      const double a = add<Op>(lane[j + i], at[0]);
      const double b = add<Op>(a, at[apart]);
      const double c = add<Op>(b, at[2 * apart]);
      lane[j + i] = add<Op>(c, at[3 * apart]);
    }
  }
  x += j;
  if (j < width) add_rows<Op>(lane + j, width - j, x, x + apart, x + 2 * apart, x + 3 * apart);
}

/// Rows folded to width numbers in lane[0 .. width).
template <class Op, class T>
HWY_INLINE void fold_rows(const T* x, ptrdiff_t row_stride, size_t rows, size_t width,
                          double* HWY_RESTRICT lane) noexcept {
  const size_t used = std::min(rows, lanes_virtual);
  for (size_t r = 0; r < used; ++r) {
    const T* const row = x + static_cast<ptrdiff_t>(r) * row_stride;
    for (size_t j = 0; j < width; ++j) {
      lane[r * width + j] = add<Op>(Op::start, row[j]);
    }
  }
  size_t r = used;
  const auto row = [&](size_t i) HWY_ATTR { return x + static_cast<ptrdiff_t>(i) * row_stride; };
  if (row_stride == static_cast<ptrdiff_t>(width)) {
    // 16 rows without holes are one run, and so are their lanes.
    for (; r + lanes_virtual <= rows; r += lanes_virtual) {
      add_rows<Op>(lane, lanes_virtual * width, row(r));
    }
  } else {
    constexpr size_t four = 4 * lanes_virtual;
    for (; r + four <= rows; r += four) {
      for (size_t c = 0; c < lanes_virtual; ++c) {
        add_four<Op>(lane + c * width, width, row(r + c),
                     static_cast<ptrdiff_t>(lanes_virtual) * row_stride, row_stride);
      }
    }
  }
  for (; r < rows; ++r) add_rows<Op>(lane + r % lanes_virtual * width, width, row(r));
  for (size_t half = lanes_virtual / 2; half != 0; half /= 2) {
    for (size_t c = 0; c < half && c + half < used; ++c) {
      double* HWY_RESTRICT const to = lane + c * width;
      const double* const from = lane + (c + half) * width;
      for (size_t j = 0; j < width; ++j) to[j] = Op::both(to[j], from[j]);
    }
  }
}

template <class Op, class T>
void in_lanes(const ColumnCall& call, void* partials) {
  alignas(64) double lane[lanes_virtual * columns_widest];
  fold_rows<Op>(static_cast<const T*>(call.x), call.row_stride, call.rows, call.width, lane);
  auto* const out = static_cast<RealPartial*>(partials);
  for (size_t j = 0; j < call.width; ++j) out[j].value = lane[j];
}

/// As norm2 of special.cpp: a column whose squares left the range is gathered for it.
template <class T>
void norm2(const ColumnCall& call, void* partials) {
  alignas(64) double lane[lanes_virtual * columns_widest];
  const T* const x = static_cast<const T*>(call.x);
  fold_rows<Squares>(x, call.row_stride, call.rows, call.width, lane);
  auto* const out = static_cast<NormPartial*>(partials);
  for (size_t j = 0; j < call.width; ++j) {
    out[j] = {lane[j], 0};
    if constexpr (std::is_same_v<T, double>) {
      if (lane[j] >= norm_least && lane[j] <= norm_most) continue;
      alignas(64) double column[tile_elements(sizeof(double))];
      for (size_t r = 0; r < call.rows; ++r) {
        column[r] = x[static_cast<ptrdiff_t>(r) * call.row_stride + static_cast<ptrdiff_t>(j)];
      }
      reduce_functions(ReduceOp::norm2, Dtype::f64)->tile({{column}, {1}, call.rows, 0}, out + j);
    }
  }
}

// --- moments -------------------------------------------------------------------------------------

struct Centred {
  double square[lanes_virtual * 64];
  double rest[lanes_virtual * 64];
};

/// Adds the distances of one row from the means to its lane.
template <class Tag>
HWY_INLINE void add_distances(Tag d, const double* row, const double* mean, double* square,
                              double* rest) noexcept {
  const auto distance = hn::Sub(hn::LoadU(d, row), hn::LoadU(d, mean));
  hn::StoreU(hn::MulAdd(distance, distance, hn::LoadU(d, square)), d, square);
  hn::StoreU(hn::Add(hn::LoadU(d, rest), distance), d, rest);
}

/// As moments() of lanes-inl.h, for each column.
void mean_variance(const ColumnCall& call, void* partials) {
  const hn::ScalableTag<double> d;
  const hn::CappedTag<double, 1> one;
  const size_t lanes = hn::Lanes(d);
  const size_t width = call.width;
  const auto n = static_cast<double>(call.rows);
  const double* const x = static_cast<const double*>(call.x);
  alignas(64) double sum[lanes_virtual * 64];
  alignas(64) Centred about = {};
  fold_rows<Sum>(x, call.row_stride, call.rows, width, sum);
  for (size_t j = 0; j < width; ++j) sum[j] = sum[j] / n;
  for (size_t r = 0; r < call.rows; ++r) {
    const double* const row = x + static_cast<ptrdiff_t>(r) * call.row_stride;
    double* const square = about.square + r % lanes_virtual * width;
    double* const rest = about.rest + r % lanes_virtual * width;
    size_t j = 0;
    for (; j + lanes <= width; j += lanes) {
      add_distances(d, row + j, sum + j, square + j, rest + j);
    }
    for (; j < width; ++j) add_distances(one, row + j, sum + j, square + j, rest + j);
  }
  for (size_t half = lanes_virtual / 2; half != 0; half /= 2) {
    for (size_t i = 0; i < half * width; ++i) {
      about.square[i] += about.square[i + half * width];
      about.rest[i] += about.rest[i + half * width];
    }
  }
  auto* const out = static_cast<MomentsPartial*>(partials);
  for (size_t j = 0; j < width; ++j) {
    const double m2 = about.square[j] - about.rest[j] * about.rest[j] / n;
    out[j] = make_moments(sum[j], about.rest[j] / n, m2 < 0 ? 0 : m2, call.rows);
  }
}

/// The given columns, a few at a time, gathered row by row.
HWY_INLINE void gathered_moments(const ColumnCall& call, const size_t* columns, size_t count,
                                 MomentsPartial* out) {
  constexpr size_t most = 8;
  constexpr size_t pitch = tile_elements(sizeof(double)) + 8;  // not all in one set of the cache
  alignas(64) double packed[most * pitch];
  for (size_t begin = 0; begin < count; begin += most) {
    const size_t width = std::min(most, count - begin);
    const double* row = static_cast<const double*>(call.x);
    for (size_t r = 0; r < call.rows; ++r, row += call.row_stride) {
      for (size_t k = 0; k < width; ++k) packed[k * pitch + r] = row[columns[begin + k]];
    }
    for (size_t k = 0; k < width; ++k) {
      reduce_functions(ReduceOp::nanmean_variance, Dtype::f64)
          ->tile({{packed + k * pitch}, {1}, call.rows, 0}, out + columns[begin + k]);
    }
  }
}

/// Where no element of a column is NaN, nothing is left out; the others are gathered.
void nanmean_variance(const ColumnCall& call, void* partials) {
  const double* row = static_cast<const double*>(call.x);
  alignas(64) double odd[64] = {};  // not 0 where a NaN was seen
  for (size_t r = 0; r < call.rows; ++r, row += call.row_stride) {
    fetch_row(row + rows_ahead * call.row_stride, call.width);
    for (size_t j = 0; j < call.width; ++j) odd[j] = row[j] != row[j] ? 1.0 : odd[j];
  }
  size_t columns[64];
  size_t count = 0;
  for (size_t j = 0; j < call.width; ++j) {
    if (odd[j] != 0) columns[count++] = j;
  }
  if (count < call.width) mean_variance(call, partials);
  gathered_moments(call, columns, count, static_cast<MomentsPartial*>(partials));
}

// --- what no order changes -----------------------------------------------------------------------

template <class T>
void sum_integers(const ColumnCall& call, void* partials) {
  const T* x = static_cast<const T*>(call.x);
  alignas(64) std::uint64_t total[columns_widest] = {};
  for (size_t r = 0; r < call.rows; ++r, x += call.row_stride) {
    fetch_row(x + rows_ahead * call.row_stride, call.width);
    for (size_t j = 0; j < call.width; ++j) {
      total[j] += static_cast<std::uint64_t>(static_cast<std::int64_t>(x[j]));
    }
  }
  auto* const out = static_cast<UnsignedPartial*>(partials);
  for (size_t j = 0; j < call.width; ++j) out[j].value = total[j];
}

struct Least {
  template <class T>
  static HWY_INLINE T both(T best, T x) noexcept {
    const bool keep = (best < x) | (best != best);
    return keep ? best : x;
  }
};
struct Greatest {
  template <class T>
  static HWY_INLINE T both(T best, T x) noexcept {
    const bool keep = (best > x) | (best != best);
    return keep ? best : x;
  }
};
struct LeastNumber {
  template <class T>
  static HWY_INLINE T both(T best, T x) noexcept {
    const bool keep = (best < x) | (x != x);
    return keep ? best : x;
  }
};
struct GreatestNumber {
  template <class T>
  static HWY_INLINE T both(T best, T x) noexcept {
    const bool keep = (best > x) | (x != x);
    return keep ? best : x;
  }
};
struct GreatestSize {
  template <class T>
  static HWY_INLINE T both(T best, T x) noexcept {
    return Greatest::both(size(best), size(x));
  }
  template <class T>
  static HWY_INLINE T size(T x) noexcept {
    return x < 0 ? -x : x + T(0);  // of -0 it is 0
  }
};

template <class Op, class T>
void extreme(const ColumnCall& call, void* partials) {
  const T* x = static_cast<const T*>(call.x);
  alignas(64) T best[columns_widest];
  std::copy(x, x + call.width, best);
  // The first row once more: GreatestSize takes its sizes then.
  for (size_t r = 0; r < call.rows; ++r, x += call.row_stride) {
    fetch_row(x + rows_ahead * call.row_stride, call.width);
    for (size_t j = 0; j < call.width; ++j) best[j] = Op::both(best[j], x[j]);
  }
  for (size_t j = 0; j < call.width; ++j) {
    if constexpr (std::is_floating_point_v<T>) {
      static_cast<RealPartial*>(partials)[j].value = static_cast<double>(best[j]);
    } else {
      static_cast<UnsignedPartial*>(partials)[j].value =
          static_cast<std::uint64_t>(static_cast<std::int64_t>(best[j]));
    }
  }
}

/// The first place of the best, or of the first NaN. Indices as wide as the elements, so that one
/// mask serves both.
template <bool Most, class T>
void place(const ColumnCall& call, void* partials) {
  using Index = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  using Wide =
      std::conditional_t<std::is_floating_point_v<T>, double,
                         std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;
  const T* x = static_cast<const T*>(call.x);
  alignas(64) T best[columns_widest];
  alignas(64) Index at[columns_widest] = {};
  std::copy(x, x + call.width, best);
  for (size_t r = 1; r < call.rows; ++r) {
    x += call.row_stride;
    fetch_row(x + rows_ahead * call.row_stride, call.width);
    const auto index = static_cast<Index>(r);
    for (size_t j = 0; j < call.width; ++j) {
      const T v = x[j];
      const T b = best[j];
      const bool before = Most ? v > b : v < b;
      const bool first_nan = (v != v) & (b == b);
      const bool takes = before | first_nan;
      best[j] = takes ? v : b;
      at[j] = takes ? index : at[j];
    }
  }
  auto* const out = static_cast<PlacePartial<Wide>*>(partials);
  for (size_t j = 0; j < call.width; ++j) {
    out[j] = {static_cast<Wide>(best[j]), call.first_index + static_cast<std::uint64_t>(at[j])};
  }
}

enum class Test { count, any, all };

/// Counters as wide as the elements, emptied before 8 bits overflow.
template <Test Which, class T>
void count(const ColumnCall& call, void* partials) {
  using Counter = std::conditional_t<
      sizeof(T) == 1, std::uint8_t,
      std::conditional_t<sizeof(T) == 2, std::uint16_t,
                         std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;
  const T* x = static_cast<const T*>(call.x);
  alignas(64) std::uint64_t total[columns_widest] = {};
  for (size_t begin = 0; begin < call.rows; begin += 255) {
    alignas(64) Counter counter[columns_widest] = {};
    const size_t rows = std::min<size_t>(255, call.rows - begin);
    for (size_t r = 0; r < rows; ++r, x += call.row_stride) {
      fetch_row(x + rows_ahead * call.row_stride, call.width);
      for (size_t j = 0; j < call.width; ++j) {
        counter[j] = static_cast<Counter>(counter[j] + (x[j] != T(0) ? 1 : 0));
      }
    }
    for (size_t j = 0; j < call.width; ++j) total[j] += counter[j];
  }
  auto* const out = static_cast<UnsignedPartial*>(partials);
  for (size_t j = 0; j < call.width; ++j) {
    out[j].value = Which == Test::count ? total[j]
                   : Which == Test::any ? (total[j] != 0 ? 1 : 0)
                                        : (total[j] == call.rows ? 1 : 0);
  }
}

template <class T>
constexpr void put_exact(ColumnTable& table, Dtype dtype) noexcept {
  table.at(ReduceOp::min, dtype) = &extreme<Least, T>;
  table.at(ReduceOp::max, dtype) = &extreme<Greatest, T>;
  table.at(ReduceOp::count, dtype) = &count<Test::count, T>;
  table.at(ReduceOp::any, dtype) = &count<Test::any, T>;
  table.at(ReduceOp::all, dtype) = &count<Test::all, T>;
  if constexpr (std::is_integral_v<T>) table.at(ReduceOp::sum, dtype) = &sum_integers<T>;
}

template <class... Ts>
constexpr void put_all_exact(ColumnTable& table) noexcept {
  (put_exact<Ts>(table, dtype_of<Ts>), ...);
}

template <class T>
constexpr void put_lanes(ColumnTable& table) noexcept {
  table.at(ReduceOp::sum, dtype_of<T>) = &in_lanes<Sum, T>;
  table.at(ReduceOp::product, dtype_of<T>) = &in_lanes<Product, T>;
  table.at(ReduceOp::norm1, dtype_of<T>) = &in_lanes<Sizes, T>;
  table.at(ReduceOp::nansum, dtype_of<T>) = &in_lanes<Numbers, T>;
  table.at(ReduceOp::norm2, dtype_of<T>) = &norm2<T>;
  table.at(ReduceOp::norm_inf, dtype_of<T>) = &extreme<GreatestSize, T>;
  table.at(ReduceOp::nanmin, dtype_of<T>) = &extreme<LeastNumber, T>;
  table.at(ReduceOp::nanmax, dtype_of<T>) = &extreme<GreatestNumber, T>;
}

template <class... Ts>
constexpr void put_places(ColumnTable& table) noexcept {
  ((table.at(ReduceOp::argmin, dtype_of<Ts>) = &place<false, Ts>,
    table.at(ReduceOp::argmax, dtype_of<Ts>) = &place<true, Ts>),
   ...);
}

constexpr ColumnTable make_columns() noexcept {
  ColumnTable table;
  put_all_exact<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                std::uint32_t, std::uint64_t, float, double>(table);
  put_exact<std::uint8_t>(table, Dtype::bool_);  // a byte of 0 or 1
  put_lanes<float>(table);
  put_lanes<double>(table);
  put_places<std::int32_t, std::int64_t, std::uint32_t, std::uint64_t, float, double>(table);
  table.at(ReduceOp::mean_variance, Dtype::f64) = &mean_variance;
  table.at(ReduceOp::nanmean_variance, Dtype::f64) = &nanmean_variance;
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const ColumnTable* column_table() {
  static constexpr ColumnTable table = make_columns();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(column_table);

const ColumnTable* resolve_reduce_columns(std::size_t slot) noexcept {
  return FURROW_DISPATCH(column_table, slot);
}

ColumnFunction column_function(ReduceOp op, Dtype dtype) noexcept {
  constinit static Dispatch<ColumnTable> columns{resolve_reduce_columns};
  return columns.table().at(op, dtype);
}

}  // namespace furrow::kernels
#endif
