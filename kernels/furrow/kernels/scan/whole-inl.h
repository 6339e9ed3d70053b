// furrow/kernels/scan/whole-inl.h
//
// Scans of integers in 64 bits, whose result no order can change, and the widening and narrowing of
// all dtypes: plain loops, compiled once per SIMD target and vectorised by the compiler.

#if defined(FURROW_KERNELS_SCAN_WHOLE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_SCAN_WHOLE_INL_H_
#undef FURROW_KERNELS_SCAN_WHOLE_INL_H_
#else
#define FURROW_KERNELS_SCAN_WHOLE_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>

#include <furrow/kernels/scan/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace scans {  // names here recur in other families

struct WholeSum {
  template <class A>
  static HWY_INLINE A apply(A x, A y) {
    return x + y;
  }
};
struct WholeProduct {
  template <class A>
  static HWY_INLINE A apply(A x, A y) {
    return x * y;
  }
};
struct WholeLeast {
  template <class A>
  static HWY_INLINE A apply(A x, A y) {
    return y < x ? y : x;
  }
};
struct WholeMost {
  template <class A>
  static HWY_INLINE A apply(A x, A y) {
    return x < y ? y : x;
  }
};

template <class Op, class A>
A whole_line(const A* in, A* out, std::int64_t count, A high, A /*low*/, bool /*stream*/) {
  for (std::int64_t i = 0; i < count; ++i) {
    high = Op::apply(high, in[i]);
    out[i] = high;
  }
  return high;
}

template <class Op, class A>
A whole_fold(const A* in, std::int64_t count) {
  A total = in[0];
  for (std::int64_t i = 1; i < count; ++i) total = Op::apply(total, in[i]);
  return total;
}

template <class Op, class A>
void whole_columns(const A* in, std::int64_t in_row, A* out, std::int64_t out_row,
                   std::int64_t rows, std::int64_t width, const A* /*high*/, const A* /*low*/,
                   A* before, bool /*stream*/) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const A* from = in + r * in_row;
    A* to = out + r * out_row;
#ifndef __clang__
#pragma GCC ivdep  // before is no part of out
#endif
    for (std::int64_t c = 0; c < width; ++c) {
      before[c] = Op::apply(before[c], from[c]);
      to[c] = before[c];
    }
  }
}

template <class Op, class A>
void whole_fold_columns(const A* in, std::int64_t in_row, std::int64_t rows, std::int64_t width,
                        A* before) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const A* from = in + r * in_row;
    for (std::int64_t c = 0; c < width; ++c) before[c] = Op::apply(before[c], from[c]);
  }
}

template <class Op, class A>
constexpr ScanKernel<A> whole_kernel() {
  return {&whole_line<Op, A>, &whole_fold<Op, A>, &whole_columns<Op, A>,
          &whole_fold_columns<Op, A>};
}

/// The 64 bits that hold an element: a double, or an integer extended by its sign.
template <class T>
using Widened = std::conditional_t<is_real_float(dtype_of<T>), double, std::int64_t>;

template <class T>
void load(const void* from, std::int64_t first, std::int64_t stride, std::int64_t count, void* to) {
  const T* x = static_cast<const T*>(from) + first;
  auto* wide = static_cast<Widened<T>*>(to);
  if (stride == 1) {
    for (std::int64_t i = 0; i < count; ++i) wide[i] = static_cast<Widened<T>>(x[i]);
  } else {
    for (std::int64_t i = 0; i < count; ++i) wide[i] = static_cast<Widened<T>>(x[i * stride]);
  }
}

template <class T, class A>
void store(void* to, std::int64_t first, std::int64_t stride, std::int64_t count,
           const void* from) {
  T* x = static_cast<T*>(to) + first;
  const auto* wide = static_cast<const A*>(from);
  if (stride == 1) {
    for (std::int64_t i = 0; i < count; ++i) x[i] = static_cast<T>(wide[i]);
  } else {
    for (std::int64_t i = 0; i < count; ++i) x[i * stride] = static_cast<T>(wide[i]);
  }
}

template <class... Ts>
constexpr void put_whole(ScanTable& table) {
  ((table.load[static_cast<std::size_t>(dtype_of<Ts>)] = &load<Ts>), ...);
  ((table.store[static_cast<std::size_t>(dtype_of<Ts>)] = &store<Ts, std::int64_t>), ...);
}
template <class... Ts>
constexpr void put_floating(ScanTable& table) {
  ((table.load[static_cast<std::size_t>(dtype_of<Ts>)] = &load<Ts>), ...);
  ((table.store[static_cast<std::size_t>(dtype_of<Ts>)] = &store<Ts, double>), ...);
}

}  // namespace scans
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // include guard
