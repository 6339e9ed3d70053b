// furrow/kernels/elementwise/plain.cpp
//
// Kernels whose result no instruction set can change: fills and wrapping integers. Plain loops,
// compiled once per SIMD target and vectorised by the compiler. Signed and unsigned share code
// wherever two's complement does.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/elementwise/plain.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/elementwise/map-inl.h>
#include <furrow/kernels/elementwise/entries.hpp>

// The output may be the input itself, never a shifted view of it, so iterations are independent.
#ifndef FURROW_INDEPENDENT
#if defined(__clang__)
#define FURROW_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define FURROW_INDEPENDENT _Pragma("GCC ivdep")
#else
#define FURROW_INDEPENDENT
#endif
#endif

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

/// Arithmetic type of an unsigned U: at least 32 bits, or u16 * u16 would overflow an int.
template <class U>
using Wide = std::conditional_t<(sizeof(U) < 4), std::uint32_t, U>;

template <class U>
struct Scale {
  static constexpr std::size_t inputs = 1;
  Wide<U> a;
  explicit Scale(const Scalar* p) noexcept : a(element_of<U>(p[0])) {}
  U operator()(U x) const noexcept { return static_cast<U>(a * x); }
};

template <class U>
struct Affine {
  static constexpr std::size_t inputs = 1;
  Wide<U> a, b;
  explicit Affine(const Scalar* p) noexcept : a(element_of<U>(p[0])), b(element_of<U>(p[1])) {}
  U operator()(U x) const noexcept { return static_cast<U>(a * x + b); }
};

template <class U>
struct Axpby {
  static constexpr std::size_t inputs = 2;
  Wide<U> a, b;
  explicit Axpby(const Scalar* p) noexcept : a(element_of<U>(p[0])), b(element_of<U>(p[1])) {}
  U operator()(U x, U y) const noexcept { return static_cast<U>(a * x + b * y); }
};

template <class U>
struct Add {
  static constexpr std::size_t inputs = 2;
  explicit Add(const Scalar*) noexcept {}
  U operator()(U x, U y) const noexcept { return static_cast<U>(Wide<U>(x) + y); }
};

template <class U>
struct Subtract {
  static constexpr std::size_t inputs = 2;
  explicit Subtract(const Scalar*) noexcept {}
  U operator()(U x, U y) const noexcept { return static_cast<U>(Wide<U>(x) - y); }
};

template <class U>
struct Multiply {
  static constexpr std::size_t inputs = 2;
  explicit Multiply(const Scalar*) noexcept {}
  U operator()(U x, U y) const noexcept { return static_cast<U>(Wide<U>(x) * y); }
};

template <class U>
struct Negate {
  static constexpr std::size_t inputs = 1;
  explicit Negate(const Scalar*) noexcept {}
  U operator()(U x) const noexcept { return static_cast<U>(Wide<U>(0) - x); }
};

/// Of a signed integer; the most negative number is its own absolute value, as in NumPy.
template <class I>
struct Abs {
  static constexpr std::size_t inputs = 1;
  explicit Abs(const Scalar*) noexcept {}
  I operator()(I x) const noexcept {
    using U = Wide<std::make_unsigned_t<I>>;
    return static_cast<I>(x < 0 ? U(0) - static_cast<U>(x) : static_cast<U>(x));
  }
};

template <class T>
struct Same {
  static constexpr std::size_t inputs = 1;
  explicit Same(const Scalar*) noexcept {}
  T operator()(T x) const noexcept { return x; }
};

template <class T>
struct Clip {
  static constexpr std::size_t inputs = 1;
  T low, high;
  explicit Clip(const Scalar* p) noexcept : low(element_of<T>(p[0])), high(element_of<T>(p[1])) {}
  T operator()(T x) const noexcept {
    const T raised = x < low ? low : x;
    return raised > high ? high : raised;
  }
};

template <template <class> class OpOf, class T>
void map_plain(const MapCall& call) noexcept {
  const Operands<T> at(call);
  const OpOf<T> op(call.parameters);
  T* out = at.out;
  const T* x = at.in[0];
  [[maybe_unused]] const T* y = at.in[1];
  const std::size_t count = call.count;
  FURROW_INDEPENDENT
  for (std::size_t i = 0; i < count; ++i) {
    if constexpr (OpOf<T>::inputs == 1) {
      out[i] = op(x[i]);
    } else {
      out[i] = op(x[i], y[i]);
    }
  }
}

template <class T>
void fill_packed(const MapCall& call) noexcept {
  T* out = static_cast<T*>(call.out);
  const T value = element_of<T>(call.parameters[0]);
  for (std::size_t i = 0; i < call.count; ++i) out[i] = value;
}

template <class U>
constexpr void put_width(ElementwiseTable& table, Dtype dtype) noexcept {
  table.at(ElementwiseOp::scale, dtype) = &map_plain<Scale, U>;
  table.at(ElementwiseOp::affine, dtype) = &map_plain<Affine, U>;
  table.at(ElementwiseOp::axpby, dtype) = &map_plain<Axpby, U>;
  table.at(ElementwiseOp::add, dtype) = &map_plain<Add, U>;
  table.at(ElementwiseOp::subtract, dtype) = &map_plain<Subtract, U>;
  table.at(ElementwiseOp::multiply, dtype) = &map_plain<Multiply, U>;
  table.at(ElementwiseOp::negate, dtype) = &map_plain<Negate, U>;
}

template <class I>
constexpr void put_integer(ElementwiseTable& table) noexcept {
  using U = std::make_unsigned_t<I>;
  put_width<U>(table, dtype_of<I>);
  put_width<U>(table, dtype_of<U>);
  table.at(ElementwiseOp::abs, dtype_of<I>) = &map_plain<Abs, I>;
  table.at(ElementwiseOp::abs, dtype_of<U>) = &map_plain<Same, U>;
  table.at(ElementwiseOp::clip, dtype_of<I>) = &map_plain<Clip, I>;
  table.at(ElementwiseOp::clip, dtype_of<U>) = &map_plain<Clip, U>;
  table.at(ElementwiseOp::fill, dtype_of<I>) = &fill_packed<U>;
  table.at(ElementwiseOp::fill, dtype_of<U>) = &fill_packed<U>;
}

constexpr ElementwiseTable make_plain() noexcept {
  ElementwiseTable table;
  put_integer<std::int8_t>(table);
  put_integer<std::int16_t>(table);
  put_integer<std::int32_t>(table);
  put_integer<std::int64_t>(table);
  table.at(ElementwiseOp::fill, Dtype::bool_) = &fill_packed<bool>;
  table.at(ElementwiseOp::fill, Dtype::f16) = &fill_packed<f16>;
  table.at(ElementwiseOp::fill, Dtype::f32) = &fill_packed<float>;
  table.at(ElementwiseOp::fill, Dtype::f64) = &fill_packed<double>;
  table.at(ElementwiseOp::fill, Dtype::c64) = &fill_packed<c64>;
  table.at(ElementwiseOp::fill, Dtype::c128) = &fill_packed<c128>;
  return table;
}

const ElementwiseTable* plain_table() {
  static constexpr ElementwiseTable table = make_plain();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(ElementwiseTable, plain);

}  // namespace furrow::kernels
#endif
