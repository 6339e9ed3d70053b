// furrow/kernels/elementwise/map-inl.h
//
// The loop over packed elements, once per SIMD target: whole vectors, then the tail through a
// small buffer. Masked loads and stores are not used for the tail: below AVX-512 they touch memory
// beyond the tile, which belongs to another worker (or to nobody).
#if defined(FURROW_KERNELS_MAP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_MAP_INL_H_
#undef FURROW_KERNELS_MAP_INL_H_
#else
#define FURROW_KERNELS_MAP_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

#include <furrow/kernels/math/narrow-inl.h>
#include <furrow/kernels/packed.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The operands of a packed call, typed.
template <class T>
struct Operands {
  T* out;
  const T* in[inputs_max];

  explicit Operands(const MapCall& call) noexcept
      : out(static_cast<T*>(call.out)),
        in{static_cast<const T*>(call.in[0]), static_cast<const T*>(call.in[1]),
           static_cast<const T*>(call.in[2])} {}
};

/// op(d, inputs at i): `Inputs` vectors loaded and given to the operation.
template <std::size_t Inputs, class Op, class D, class T>
HWY_INLINE hn::Vec<D> apply(const Op& op, D d, const T* const* in, std::size_t i) noexcept {
  if constexpr (Inputs == 1) {
    return op(d, hn::LoadU(d, in[0] + i));
  } else if constexpr (Inputs == 2) {
    return op(d, hn::LoadU(d, in[0] + i), hn::LoadU(d, in[1] + i));
  } else {
    return op(d, hn::LoadU(d, in[0] + i), hn::LoadU(d, in[1] + i), hn::LoadU(d, in[2] + i));
  }
}

/// An operation without parameters: a struct `Name` that calls function(d, x) or function(d, x, y).
#define FURROW_MAP_OF_ONE(Name, function)                                       \
  template <class D>                                                            \
  struct Name {                                                                 \
    static constexpr std::size_t inputs = 1;                                    \
    using V = hn::Vec<D>;                                                       \
    Name(D, const Scalar*) noexcept {}                                          \
    HWY_INLINE V operator()(D d, V x) const noexcept { return function(d, x); } \
  }
/// The same with the fast form fast_function(right, d, x), for map_in_pairs.
#define FURROW_MAP_OF_ONE_WITH_FAST(Name, function, fast_function)              \
  template <class D>                                                            \
  struct Name {                                                                 \
    static constexpr std::size_t inputs = 1;                                    \
    using V = hn::Vec<D>;                                                       \
    Name(D, const Scalar*) noexcept {}                                          \
    HWY_INLINE V operator()(D d, V x) const noexcept { return function(d, x); } \
    HWY_INLINE V fast(hn::Mask<D>& right, D d, V x) const noexcept {            \
      return fast_function(right, d, x);                                        \
    }                                                                           \
  }
#define FURROW_MAP_OF_TWO_WITH_FAST(Name, function, fast_function)                      \
  template <class D>                                                                    \
  struct Name {                                                                         \
    static constexpr std::size_t inputs = 2;                                            \
    using V = hn::Vec<D>;                                                               \
    Name(D, const Scalar*) noexcept {}                                                  \
    HWY_INLINE V operator()(D d, V x, V y) const noexcept { return function(d, x, y); } \
    HWY_INLINE V fast(hn::Mask<D>& right, D d, V x, V y) const noexcept {               \
      return fast_function(right, d, x, y);                                             \
    }                                                                                   \
  }
#define FURROW_MAP_OF_TWO(Name, function)                                               \
  template <class D>                                                                    \
  struct Name {                                                                         \
    static constexpr std::size_t inputs = 2;                                            \
    using V = hn::Vec<D>;                                                               \
    Name(D, const Scalar*) noexcept {}                                                  \
    HWY_INLINE V operator()(D d, V x, V y) const noexcept { return function(d, x, y); } \
  }

/// Runs Op on every element. Op is made from (d, parameters) and called on whole vectors. The
/// unused lanes of the tail compute on zeros and are dropped.
template <template <class> class OpOf, class T, class D = hn::ScalableTag<T>>
void map_packed(const MapCall& call) noexcept {
  const D d;
  using Op = OpOf<D>;
  constexpr std::size_t inputs = Op::inputs;
  const std::size_t lanes = hn::Lanes(d);
  const Operands<T> at(call);
  const Op op(d, call.parameters);
  std::size_t i = 0;
  // Highway writes 16 bytes at least.
  constexpr bool streams = hn::MaxLanes(D()) * sizeof(T) >= 16;
  if (streams && call.streaming && call.count >= 2 * lanes) {
    // Where the output is not aligned, one vector up to the first aligned place and beyond; then
    // aligned ones past the caches.
    const std::size_t past = reinterpret_cast<std::uintptr_t>(at.out) / sizeof(T) % lanes;
    if (past != 0) {
      hn::StoreU(apply<inputs>(op, d, at.in, 0), d, at.out);
      i = lanes - past;
    }
    for (; i + lanes <= call.count; i += lanes) {
      hn::Stream(apply<inputs>(op, d, at.in, i), d, at.out + i);
    }
  }
  for (; i + lanes <= call.count; i += lanes) {
    hn::StoreU(apply<inputs>(op, d, at.in, i), d, at.out + i);
  }
  const std::size_t rest = call.count - i;
  if (rest == 0) return;
  alignas(64) T buffer[inputs + 1][hn::MaxLanes(d)] = {};
  const T* tail[inputs];
  for (std::size_t k = 0; k < inputs; ++k) {
    std::memcpy(buffer[k], at.in[k] + i, rest * sizeof(T));
    tail[k] = buffer[k];
  }
  hn::StoreU(apply<inputs>(op, d, tail, 0), d, buffer[inputs]);
  std::memcpy(at.out + i, buffer[inputs], rest * sizeof(T));
}

/// `vectors` of them at i, by the operation's general form. A call, because it is rare and long.
template <class Op, class D, class T>
HWY_NOINLINE void map_vectors(const Op& op, D d, const Operands<T>& at, std::size_t i,
                              std::size_t vectors) noexcept {
  for (; vectors != 0; --vectors, i += hn::Lanes(d)) {
    hn::StoreU(apply<Op::inputs>(op, d, at.in, i), d, at.out + i);
  }
}

/// map_packed two vectors at once, for long operations: while one waits for its last result, the
/// other goes on. An operation may have a fast form besides: op.fast(right, d, x…) takes the lanes
/// that need the general form out of the mask `right`, and equals it in the others. One branch for
/// both vectors, and no call in the inner loop, so that constants stay in registers.
template <template <class> class OpOf, class T, class D = hn::ScalableTag<T>>
void map_in_pairs(const MapCall& call) noexcept {
  using Op = OpOf<D>;
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t block = 2 * lanes;
  if (call.streaming || call.count < block) return map_packed<OpOf, T, D>(call);
  const Operands<T> at(call);
  const Op op(d, call.parameters);
  const auto fast = [&](std::size_t i, hn::Mask<D>& right) HWY_ATTR {
    const hn::Vec<D> x = hn::LoadU(d, at.in[0] + i);
    if constexpr (requires { op.fast(right, d, x); }) {
      return op.fast(right, d, x);
    } else if constexpr (requires { op.fast(right, d, x, x); }) {
      return op.fast(right, d, x, hn::LoadU(d, at.in[1] + i));
    } else {
      return apply<Op::inputs>(op, d, at.in, i);
    }
  };
  std::size_t i = 0;
  while (i + block <= call.count) {
    for (; i + block <= call.count; i += block) {
      auto right = hn::FirstN(d, lanes);
      const hn::Vec<D> y0 = fast(i, right);
      const hn::Vec<D> y1 = fast(i + lanes, right);
      if (HWY_UNLIKELY(!hn::AllTrue(d, right))) break;
      hn::StoreU(y0, d, at.out + i);
      hn::StoreU(y1, d, at.out + i + lanes);
    }
    if (i + block > call.count) break;
    map_vectors(op, d, at, i, 2);
    i += block;
  }
  if (i == call.count) return;
  MapCall rest = call;
  rest.count -= i;
  rest.out = at.out + i;
  for (std::size_t k = 0; k < Op::inputs; ++k) rest.in[k] = at.in[k] + i;
  map_packed<OpOf, T, D>(rest);
}

/// The same for f32 operands, computed in f64 and rounded once more at the end: Op is that of f64.
template <template <class> class OpOf>
void map_through_f64(const MapCall& call) noexcept {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, hn::ScalableTag<double>> narrow;
  using Op = OpOf<hn::ScalableTag<double>>;
  constexpr std::size_t inputs = Op::inputs;
  constexpr std::size_t lanes = hn::MaxLanes(hn::ScalableTag<double>());
  const Operands<float> at(call);
  const Op op(d, call.parameters);
  const auto wide = [&](const float* p) HWY_ATTR { return hn::PromoteTo(d, hn::LoadU(narrow, p)); };
  const auto element = [&](const float* const* in, std::size_t k) HWY_ATTR {
    if constexpr (inputs == 1) {
      return rounded(narrow, op(d, wide(in[0] + k)));
    } else {
      return rounded(narrow, op(d, wide(in[0] + k), wide(in[1] + k)));
    }
  };
  std::size_t i = 0;
  for (; i + 2 * lanes <= call.count; i += 2 * lanes) {  // as in map_in_pairs
    const auto y0 = element(at.in, i);
    const auto y1 = element(at.in, i + lanes);
    hn::StoreU(y0, narrow, at.out + i);
    hn::StoreU(y1, narrow, at.out + i + lanes);
  }
  for (; i + lanes <= call.count; i += lanes) hn::StoreU(element(at.in, i), narrow, at.out + i);
  const std::size_t rest = call.count - i;
  if (rest == 0) return;
  alignas(64) float buffer[inputs][lanes] = {};
  const float* tail[inputs];
  for (std::size_t k = 0; k < inputs; ++k) {
    std::memcpy(buffer[k], at.in[k] + i, rest * sizeof(float));
    tail[k] = buffer[k];
  }
  hn::StoreU(element(tail, 0), narrow, buffer[0]);
  std::memcpy(at.out + i, buffer[0], rest * sizeof(float));
}

/// The entries of an operation on f32 and f64: each in its own type, or, with the operation
/// `ShortOf` on doubles, f32 through f64.
template <template <class> class OpOf, class Table, class Op>
constexpr void put(Table& table, Op op) noexcept {
  table.at(op, Dtype::f32) = &map_packed<OpOf, float>;
  table.at(op, Dtype::f64) = &map_packed<OpOf, double>;
}
template <template <class> class OpOf, class Table, class Op>
constexpr void put_in_pairs(Table& table, Op op) noexcept {
  table.at(op, Dtype::f32) = &map_in_pairs<OpOf, float>;
  table.at(op, Dtype::f64) = &map_in_pairs<OpOf, double>;
}
template <template <class> class OpOf, template <class> class ShortOf, class Table, class Op>
constexpr void put(Table& table, Op op) noexcept {
  table.at(op, Dtype::f32) = &map_through_f64<ShortOf>;
  table.at(op, Dtype::f64) = &map_packed<OpOf, double>;
}

template <template <class> class OpOf, template <class> class ShortOf, class Table, class Op>
constexpr void put_in_pairs(Table& table, Op op) noexcept {
  table.at(op, Dtype::f32) = &map_through_f64<ShortOf>;
  table.at(op, Dtype::f64) = &map_in_pairs<OpOf, double>;
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
