// furrow/kernels/random/draws-inl.h
//
// From Philox to distributions: numbered draws of an element, and attempts until one is accepted.
//
//   draw s of element i    word pair i%2 of block i/2 at step s: 64 bits, or an open uniform
//   normal s of element i  Box and Muller on block i/2 at step s: cosine for even i, sine for odd i
//
// An element's attempts are numbered, and attempt k takes the draws of random_step(k, …): what an
// element becomes depends on (seed, stream, i) alone, however many attempts its neighbours need.
// The first attempt is made for all elements of a chunk; those rejected are gathered in vectors.
#if defined(FURROW_KERNELS_DRAWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_DRAWS_INL_H_
#undef FURROW_KERNELS_DRAWS_INL_H_
#else
#define FURROW_KERNELS_DRAWS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <limits>
#include <type_traits>

#include <furrow/kernels/math/log-inl.h>
#include <furrow/kernels/math/sincos-inl.h>
#include <furrow/kernels/random/philox-inl.h>
#include <furrow/kernels/random/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using F64 = hn::ScalableTag<double>;
using V64 = hn::Vec<F64>;

/// (2k+1) * 2^-53 of the upper 52 bits, as open_unit.
HWY_INLINE V64 unit(RandomV bits) noexcept {
  const RandomD du;
  const F64 d;
  const auto one_to_two = hn::Or(hn::ShiftRight<12>(bits), hn::Set(du, 0x3ff0000000000000));
  return hn::Sub(hn::BitCast(d, one_to_two), hn::Set(d, 1 - 0x1p-53));
}

/// What becomes of the words `a` (even elements) and `b` (odd ones).
struct DrawPair {
  V64 even, odd;
};

/// Box and Muller. u is in [2^-53, 1 - 2^-53]: no special value to look for.
HWY_INLINE DrawPair normals(V64 u, V64 v) noexcept {
  const F64 d;
  const V64 minus_two_log = hn::Mul(hn::Set(d, -2.0), log_normal(d, u, hn::Zero(d)));
  const V64 radius = hn::Sqrt(minus_two_log);
  const SinCos<V64> at = sincos_turns(d, v);
  return {hn::Mul(radius, at.cos), hn::Mul(radius, at.sin)};
}

struct UniformDraw {
  static HWY_INLINE DrawPair of(RandomV a, RandomV b) noexcept { return {unit(a), unit(b)}; }
};
struct NormalDraw {
  static HWY_INLINE DrawPair of(RandomV a, RandomV b) noexcept { return normals(unit(a), unit(b)); }
};

/// A vector's function for one number: parameters are prepared by the code that uses them, so that
/// no target differs, and without libm.
template <class F>
HWY_INLINE double on_one(F f, double x) noexcept {
  return hn::GetLane(f(hn::Set(F64(), x)));
}
HWY_INLINE double sqrt_of(double x) noexcept { return hn::GetLane(hn::Sqrt(hn::Set(F64(), x))); }
HWY_INLINE double log_of(double x) noexcept { return hn::GetLane(log(F64(), hn::Set(F64(), x))); }

/// Which sequence.
struct DrawSource {
  PhiloxSchedule key;
  std::uint64_t stream;
  RandomV offsets;

  explicit HWY_INLINE DrawSource(const Scalar* parameters) noexcept
      : key(philox_key(parameters[random_seed].u64)),
        stream(parameters[random_stream].u64),
        offsets(lane_offsets()) {}
  HWY_INLINE std::uint64_t at(std::uint32_t step) const noexcept {
    return stream ^ std::uint64_t{step} << 32;
  }
};

/// Elements at a time, so that what belongs to them stays in the first-level cache; a chunk begins
/// with an even element and is filled up to a multiple of draw_unit.
inline constexpr std::size_t draw_chunk = 256;
inline constexpr std::size_t draw_unit = 2 * random_groups * random_lanes;
static_assert(draw_chunk % draw_unit == 0);

/// out[j] = f(draw of element 2*first_block + j at `step`).
template <class Draw, class F>
HWY_INLINE void draw_map(const DrawSource& source, std::uint32_t step, std::uint64_t first_block,
                         std::size_t count, double* HWY_RESTRICT out, const F& f) noexcept {
  for (std::size_t at = 0; at < count; at += draw_unit) {
    const RandomWords words =
        philox_vectors(first_block + at / 2, source.offsets, source.at(step), source.key);
    for (std::size_t g = 0; g < random_groups; ++g) {
      const DrawPair x = Draw::of(words.a[g], words.b[g]);
      store_interleaved(F64(), f(x.even), f(x.odd), out + at + g * 2 * random_lanes);
    }
  }
}

/// Attempts for the elements that hold NaN, until none does. See draw_accepted.
template <class Law>
HWY_NOINLINE void draw_again(const Law& law, const DrawSource& source, std::uint32_t purpose,
                             std::uint64_t first_block, std::size_t count, double* out) noexcept {
  const F64 d;
  const RandomD du;
  std::uint16_t pending[draw_chunk];
  std::size_t left = 0;
  for (std::size_t j = 0; j < count; ++j) {
    pending[left] = static_cast<std::uint16_t>(j);
    left += out[j] != out[j] ? 1 : 0;
  }
  for (std::uint32_t attempt = 1; left != 0 && attempt < random_attempts_max; ++attempt) {
    std::size_t still = 0;
    for (std::size_t p = 0; p < left; p += random_lanes) {
      const std::size_t lanes = std::min(random_lanes, left - p);
      alignas(64) std::uint64_t index[random_lanes];
      alignas(64) double value[random_lanes];
      for (std::size_t k = 0; k < random_lanes; ++k) index[k] = pending[p + std::min(k, lanes - 1)];
      const RandomV j = hn::Load(du, index);
      const RandomV block[1] = {hn::Add(hn::Set(du, first_block), hn::ShiftRight<1>(j))};
      const auto odd =
          hn::RebindMask(d, hn::Eq(hn::And(j, hn::Set(du, 1)), hn::Set(du, std::uint64_t{1})));
      const auto first = philox_of(block, source.at(random_step(attempt, purpose)), source.key);
      const auto second =
          philox_of(block, source.at(random_step(attempt, purpose + 1)), source.key);
      const DrawPair x = Law::First::of(first.a[0], first.b[0]);
      const DrawPair u = UniformDraw::of(second.a[0], second.b[0]);
      hn::Store(law(hn::IfThenElse(odd, x.odd, x.even), hn::IfThenElse(odd, u.odd, u.even)), d,
                value);
      for (std::size_t k = 0; k < lanes; ++k) {
        out[index[k]] = value[k];
        pending[still] = static_cast<std::uint16_t>(index[k]);
        still += value[k] != value[k] ? 1 : 0;
      }
    }
    left = still;
  }
}

/// out[j] = the first of law(x, u) that is not NaN, x being Law::First's draw and u a uniform:
/// draws `purpose` and `purpose` + 1 of each attempt of element 2*first_block + j.
template <class Law>
HWY_INLINE void draw_accepted(const Law& law, const DrawSource& source, std::uint32_t purpose,
                              std::uint64_t first_block, std::size_t count,
                              double* HWY_RESTRICT out) noexcept {
  const F64 d;
  const std::uint64_t first = source.at(random_step(0, purpose));
  const std::uint64_t second = source.at(random_step(0, purpose + 1));
  V64 any = hn::Zero(d);  // becomes NaN with the first value that is one
  for (std::size_t at = 0; at < count; at += draw_unit) {
    const std::uint64_t block = first_block + at / 2;
    const RandomWords w = philox_vectors(block, source.offsets, first, source.key);
    const RandomWords v = philox_vectors(block, source.offsets, second, source.key);
    for (std::size_t g = 0; g < random_groups; ++g) {
      const DrawPair x = Law::First::of(w.a[g], w.b[g]);
      const DrawPair u = UniformDraw::of(v.a[g], v.b[g]);
      const V64 even = law(x.even, u.even);
      const V64 odd = law(x.odd, u.odd);
      any = hn::Add(any, hn::Mul(hn::Add(even, odd), hn::Zero(d)));
      store_interleaved(d, even, odd, out + at + g * 2 * random_lanes);
    }
  }
  if (!hn::AllTrue(d, hn::Eq(any, any))) {
    draw_again(law, source, purpose, first_block, count, out);
  }
}

/// The number as the element type. Values are whole and in range where T is an integer.
template <class T>
HWY_INLINE void convert_draws(const double* HWY_RESTRICT from, T* HWY_RESTRICT to,
                              std::size_t count) noexcept {
  for (std::size_t j = 0; j < count; ++j) {
    if constexpr (std::is_same_v<T, bool>) {
      to[j] = from[j] != 0;
    } else {
      to[j] = static_cast<T>(from[j]);
    }
  }
}

/// What parameters without an answer give: NaN, or 0 where there is none.
template <class T>
HWY_INLINE void fill_undefined(T* to, std::size_t count) noexcept {
  std::fill(to, to + count, std::numeric_limits<T>::quiet_NaN());
}

/// A tile of a distribution: `Distribution(parameters)` prepares, `valid` says whether the
/// parameters have an answer, `chunk(source, first_block, count, out)` draws.
template <class Distribution, class T>
void fill_drawn(const MapCall& call) noexcept {
  auto* out = static_cast<T*>(call.out);
  const Distribution distribution(call.parameters);
  if (!distribution.valid) return fill_undefined(out, call.count);
  const DrawSource source(call.parameters);
  std::uint64_t block = call.first_index / 2;
  std::size_t skip = call.first_index % 2;
  for (std::size_t left = call.count; left != 0;) {
    alignas(64) double buffer[draw_chunk];
    const std::size_t count = std::min(left, draw_chunk - skip);
    distribution.chunk(source, block, skip + count, buffer);
    convert_draws(buffer + skip, out, count);
    out += count;
    left -= count;
    block += draw_chunk / 2;
    skip = 0;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
