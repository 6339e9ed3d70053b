// furrow/kernels/scan/floating-inl.h
//
// Scans of doubles, compiled per SIMD target. A group of 16 elements is 16 virtual lanes: the tree
// is the same whether they fill 2 registers or 8, and whether they lie in a line or in a column.

#if defined(FURROW_KERNELS_SCAN_FLOATING_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_SCAN_FLOATING_INL_H_
#undef FURROW_KERNELS_SCAN_FLOATING_INL_H_
#else
#define FURROW_KERNELS_SCAN_FLOATING_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include <furrow/kernels/scan/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace scans {  // names here recur in other families
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;
using I = hn::RebindToSigned<D>;
inline constexpr std::int64_t lanes = hn::MaxLanes(D{});
inline constexpr std::int64_t registers = scan_group_rows / lanes;

/// -0 + x is x for every x, the zeros included.
struct Sum {
  static constexpr double identity = -0.0;
  static HWY_INLINE V apply(V earlier, V later) { return hn::Add(earlier, later); }
  static HWY_INLINE V finish(V high, V low, V local) { return hn::Add(high, hn::Add(low, local)); }
};
struct Product {
  static constexpr double identity = 1;
  static HWY_INLINE V apply(V earlier, V later) { return hn::Mul(earlier, later); }
  static HWY_INLINE V finish(V high, V /*low*/, V local) { return hn::Mul(high, local); }
};
/// Compare and select: the targets' own instructions differ about NaN and -0.
struct Least {
  static constexpr double identity = std::numeric_limits<double>::infinity();
  static HWY_INLINE V apply(V earlier, V later) {
    return hn::IfThenElse(hn::Or(hn::Lt(earlier, later), hn::IsNaN(earlier)), earlier, later);
  }
  static HWY_INLINE V finish(V high, V /*low*/, V local) { return apply(high, local); }
};
struct Most {
  static constexpr double identity = -std::numeric_limits<double>::infinity();
  static HWY_INLINE V apply(V earlier, V later) {
    return hn::IfThenElse(hn::Or(hn::Lt(later, earlier), hn::IsNaN(earlier)), earlier, later);
  }
  static HWY_INLINE V finish(V high, V /*low*/, V local) { return apply(high, local); }
};

using Indices = decltype(hn::SetTableIndices(D{}, static_cast<const std::int64_t*>(nullptr)));

/// What moves lanes: step k gives lanes with bit k the last lane of the half before theirs.
struct Moves {
  hn::Mask<D> odd;
  hn::Mask<D> second;
  hn::Mask<D> fourth;
  Indices to_second;
  Indices to_fourth;
  Indices last;

  // Written out: an implicit constructor would not be compiled for the target.
  HWY_INLINE Moves()
      : odd(has_bit(1)),
        second(has_bit(2)),
        fourth(has_bit(4)),
        to_second(indices(1)),
        to_fourth(indices(2)),
        last(indices(3)) {}

  static HWY_INLINE hn::Mask<D> has_bit(std::int64_t bit) {
    const I d;
    return hn::RebindMask(D{}, hn::Ne(hn::And(hn::Iota(d, 0), hn::Set(d, bit)), hn::Zero(d)));
  }
  static HWY_INLINE Indices indices(int step) {
    alignas(64) std::int64_t index[16];
    for (std::int64_t i = 0; i < lanes; ++i) {
      const std::int64_t half = std::int64_t{1} << step;
      index[i] = step == 3 ? lanes - 1 : (i & half) != 0 ? (i & ~(2 * half - 1)) + half - 1 : i;
    }
    return hn::SetTableIndices(D{}, index);
  }
};

/// Running folds within a register.
template <class Op>
HWY_INLINE V prefix(const Moves& move, V v) {
  if constexpr (lanes >= 2) v = hn::IfThenElse(move.odd, Op::apply(hn::DupEven(v), v), v);
  if constexpr (lanes >= 4) {
    const V before = hn::TableLookupLanes(v, move.to_second);
    v = hn::IfThenElse(move.second, Op::apply(before, v), v);
  }
  if constexpr (lanes >= 8) {
    const V before = hn::TableLookupLanes(v, move.to_fourth);
    v = hn::IfThenElse(move.fourth, Op::apply(before, v), v);
  }
  return v;
}

/// Running folds of a group: in each register, then across them by the same tree. Gives the
/// group's fold in every lane.
template <class Op>
HWY_INLINE V group_prefix(const Moves& move, const double* in, V (&part)[registers]) {
  for (std::int64_t r = 0; r < registers; ++r) {
    part[r] = prefix<Op>(move, hn::LoadU(D{}, in + r * lanes));
  }
  for (std::int64_t half = 1; half < registers; half *= 2) {
    for (std::int64_t base = half; base < registers; base += 2 * half) {
      const V before = hn::TableLookupLanes(part[base - 1], move.last);
      for (std::int64_t r = base; r < base + half; ++r) part[r] = Op::apply(before, part[r]);
    }
  }
  return hn::TableLookupLanes(part[registers - 1], move.last);
}

/// Calls step(group of 16, at index) on each; the last one padded.
template <class Step>
HWY_INLINE void for_groups(const double* in, std::int64_t count, double padding, Step step) {
  std::int64_t i = 0;
  for (; i + scan_group_rows <= count; i += scan_group_rows) step(in + i, i);
  if (i == count) return;
  alignas(64) double tail[scan_group_rows];
  std::fill(std::begin(tail), std::end(tail), padding);
  std::copy(in + i, in + count, tail);
  step(tail, i);
}

template <class Op>
double line(const double* in, double* out, std::int64_t count, double high, double low,
            bool stream) {
  const D d;
  const Moves move;
  const V high_all = hn::Set(d, high);
  const V low_all = hn::Set(d, low);
  V before = hn::Set(d, Op::identity);
  const bool around = stream && reinterpret_cast<std::uintptr_t>(out) % (lanes * 8) == 0;
  for_groups(in, count, Op::identity, [&](const double* group, std::int64_t at) HWY_ATTR {
    V part[registers];
    const V total = group_prefix<Op>(move, group, part);
    for (V& p : part) p = Op::finish(high_all, low_all, Op::apply(before, p));
    before = Op::apply(before, total);
    if (at + scan_group_rows > count) {
      alignas(64) double tail[scan_group_rows];
      for (std::int64_t r = 0; r < registers; ++r) hn::Store(part[r], d, tail + r * lanes);
      std::copy(tail, tail + (count - at), out + at);
    } else if (around) {
      for (std::int64_t r = 0; r < registers; ++r) hn::Stream(part[r], d, out + at + r * lanes);
    } else {
      for (std::int64_t r = 0; r < registers; ++r) hn::StoreU(part[r], d, out + at + r * lanes);
    }
  });
  if (around) hwy::FlushStream();
  return hn::GetLane(before);
}

#if HWY_TARGET != HWY_SCALAR
/// The folds of as many groups as a register has lanes: neighbours first, as in the tree.
template <class Op>
HWY_INLINE V fold_groups(const double* in) {
  const D d;
  V part[16];
  for (std::int64_t r = 0; r < 16; ++r) part[r] = hn::LoadU(d, in + r * lanes);
  for (std::int64_t count = 8; count != 0; count /= 2) {
    for (std::int64_t r = 0; r < count; ++r) {
      part[r] = Op::apply(hn::ConcatEven(d, part[2 * r + 1], part[2 * r]),
                          hn::ConcatOdd(d, part[2 * r + 1], part[2 * r]));
    }
  }
  return part[0];
}
#endif

template <class Op>
double fold_line(const double* in, std::int64_t count) {
  const D d;
  const Moves move;
  V before = hn::Set(d, Op::identity);
  std::int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; i + 16 * lanes <= count; i += 16 * lanes) {
    alignas(64) double groups[lanes];
    hn::Store(fold_groups<Op>(in + i), d, groups);
    for (const double group : groups) before = Op::apply(before, hn::Set(d, group));
  }
#endif
  for_groups(in + i, count - i, Op::identity, [&](const double* group, std::int64_t) HWY_ATTR {
    V part[registers];
    before = Op::apply(before, group_prefix<Op>(move, group, part));
  });
  return hn::GetLane(before);
}

/// Running folds down the 16 rows of some columns; missing rows are the identity.
template <class Op>
HWY_INLINE void down(const double* in, std::int64_t in_row, std::int64_t rows,
                     V (&part)[scan_group_rows]) {
  const D d;
  if (rows == scan_group_rows) {
    for (std::int64_t r = 0; r < scan_group_rows; ++r) part[r] = hn::LoadU(d, in + r * in_row);
  } else {
    for (V& p : part) p = hn::Set(d, Op::identity);
    for (std::int64_t r = 0; r < rows; ++r) part[r] = hn::LoadU(d, in + r * in_row);
  }
#pragma GCC unroll 4
  for (std::int64_t half = 1; half < scan_group_rows; half *= 2) {
#pragma GCC unroll 16
    for (std::int64_t r = 0; r < scan_group_rows; ++r) {
      if ((r & half) == 0) continue;
      part[r] = Op::apply(part[(r & ~(2 * half - 1)) + half - 1], part[r]);
    }
  }
}

/// One register of columns; columns that do not fill one go through packed memory.
template <class Op>
HWY_INLINE void columns_block(const double* in, std::int64_t in_row, double* out,
                              std::int64_t out_row, std::int64_t rows, const double* high,
                              const double* low, double* before, bool around = false) {
  const D d;
  V part[scan_group_rows];
  down<Op>(in, in_row, rows, part);
  const V high_all = hn::LoadU(d, high);
  const V low_all = hn::LoadU(d, low);
  const V c = hn::LoadU(d, before);
  for (std::int64_t r = 0; r < rows; ++r) {
    const V value = Op::finish(high_all, low_all, Op::apply(c, part[r]));
    if (around) {
      hn::Stream(value, d, out + r * out_row);
    } else {
      hn::StoreU(value, d, out + r * out_row);
    }
  }
  hn::StoreU(Op::apply(c, part[scan_group_rows - 1]), d, before);
}

template <class Op>
void columns(const double* in, std::int64_t in_row, double* out, std::int64_t out_row,
             std::int64_t rows, std::int64_t width, const double* high, const double* low,
             double* before, bool stream) {
  // Only where a register is a line of the cache: parts of lines would be written one by one.
  const bool around = stream && lanes == 8 && out_row % 8 == 0 &&
                      reinterpret_cast<std::uintptr_t>(out) % (lanes * 8) == 0;
  for (std::int64_t row = 0; row < rows; row += scan_group_rows) {
    const std::int64_t count = std::min(scan_group_rows, rows - row);
    const double* from = in + row * in_row;
    double* to = out + row * out_row;
    std::int64_t c = 0;
    // The hardware follows a few streams of reads, and here are 16: the next 16 rows are fetched
    // while these are in hand.
    const std::int64_t ahead = std::min(scan_group_rows, rows - row - count);
    for (; c + lanes <= width; c += lanes) {
      const double* const next = from + scan_group_rows * in_row + c;
      for (std::int64_t r = 0; r < ahead; ++r) hwy::Prefetch(next + r * in_row);
      columns_block<Op>(from + c, in_row, to + c, out_row, count, high + c, low + c, before + c,
                        around);
    }
    if (c == width) continue;
    const std::int64_t rest = width - c;
    alignas(64) double block[scan_group_rows * lanes] = {};
    alignas(64) double state[3 * lanes] = {};
    for (std::int64_t r = 0; r < count; ++r) {
      std::copy(from + r * in_row + c, from + r * in_row + width, block + r * lanes);
    }
    std::copy(high + c, high + width, state);
    std::copy(low + c, low + width, state + lanes);
    std::copy(before + c, before + width, state + 2 * lanes);
    columns_block<Op>(block, lanes, block, lanes, count, state, state + lanes, state + 2 * lanes);
    for (std::int64_t r = 0; r < count; ++r) {
      std::copy(block + r * lanes, block + r * lanes + rest, to + r * out_row + c);
    }
    std::copy(state + 2 * lanes, state + 2 * lanes + rest, before + c);
  }
  if (around) hwy::FlushStream();
}

template <class Op>
void fold_columns(const double* in, std::int64_t in_row, std::int64_t rows, std::int64_t width,
                  double* before) {
  const D d;
  const Moves move;
  for (std::int64_t row = 0; row < rows; row += scan_group_rows) {
    const std::int64_t count = std::min(scan_group_rows, rows - row);
    const double* from = in + row * in_row;
    std::int64_t c = 0;
    for (; c + lanes <= width; c += lanes) {
      V part[scan_group_rows];
      down<Op>(from + c, in_row, count, part);
      hn::StoreU(Op::apply(hn::LoadU(d, before + c), part[scan_group_rows - 1]), d, before + c);
    }
    for (; c < width; ++c) {
      alignas(64) double column[scan_group_rows];
      std::fill(std::begin(column), std::end(column), Op::identity);
      for (std::int64_t r = 0; r < count; ++r) column[r] = from[r * in_row + c];
      V part[registers];
      const V total = group_prefix<Op>(move, column, part);
      before[c] = hn::GetLane(Op::apply(hn::Set(d, before[c]), total));
    }
  }
}

template <class Op>
constexpr ScanKernel<double> floating_kernel() {
  return {&line<Op>, &fold_line<Op>, &columns<Op>, &fold_columns<Op>};
}

}  // namespace scans
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // include guard
