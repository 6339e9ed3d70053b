// furrow/kernels/random/philox-inl.h
//
// Philox4x32-10 on vectors: one counter per 64-bit lane, each of its four words in the low half of
// a register of its own. What the upper halves hold is never looked at: the multiplication takes
// low halves only.
#if defined(FURROW_KERNELS_PHILOX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_PHILOX_INL_H_
#undef FURROW_KERNELS_PHILOX_INL_H_
#else
#define FURROW_KERNELS_PHILOX_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/random/philox.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using RandomD = hn::ScalableTag<std::uint64_t>;
using RandomV = hn::Vec<RandomD>;
inline constexpr std::size_t random_lanes = hn::MaxLanes(RandomD());

/// Groups of counters in flight: one alone waits for its ten dependent multiplications.
inline constexpr std::size_t random_groups = 4;

/// Words 0, 1 (`a`) and 2, 3 (`b`) of each counter as 64-bit numbers, the first word low.
template <std::size_t G>
struct WordGroups {
  RandomV a[G];
  RandomV b[G];
};
using RandomWords = WordGroups<random_groups>;

HWY_INLINE RandomV multiply_low_halves(RandomV x, std::uint32_t factor) noexcept {
#if HWY_TARGET == HWY_SCALAR
  const RandomD d;
  return hn::Mul(hn::And(x, hn::Set(d, 0xffffffff)), hn::Set(d, std::uint64_t{factor}));
#else
  const hn::Repartition<std::uint32_t, RandomD> narrow;
  return hn::MulEven(hn::BitCast(narrow, x), hn::Set(narrow, factor));
#endif
}

/// Where a lane's counter is, from the first of the group: even lanes count 0, 1, …, odd lanes go
/// on from there, so that interleaving `a` and `b` within 128-bit blocks leaves them in order.
HWY_INLINE RandomV lane_offsets() noexcept {
  alignas(64) std::uint64_t offset[random_lanes];
  for (std::size_t i = 0; i < random_lanes; ++i) {
    offset[i] = i / 2 + (i % 2) * (random_lanes / 2);
  }
  return hn::Load(RandomD(), offset);
}

/// The key of every round, made once per call: broadcasts from general registers are dear.
struct PhiloxSchedule {
  RandomV low[philox_rounds];
  RandomV high[philox_rounds];

  explicit HWY_INLINE PhiloxSchedule(PhiloxKey key) noexcept {
    for (int round = 0; round < philox_rounds; ++round) {
      low[round] = hn::Set(RandomD(), std::uint64_t{key.low});
      high[round] = hn::Set(RandomD(), std::uint64_t{key.high});
      key.low += philox_weyl[0];
      key.high += philox_weyl[1];
    }
  }
};

/// Any blocks at any steps: the upper words of a counter are `upper` (its low half) and stream_low.
template <std::size_t G>
HWY_INLINE WordGroups<G> philox_words(const RandomV (&block)[G], const RandomV (&upper)[G],
                                      RandomV stream_low, const PhiloxSchedule& key) noexcept {
  const RandomD d;
  RandomV c0[G], c1[G], c2[G], c3[G];
  for (std::size_t g = 0; g < G; ++g) {
    c0[g] = block[g];
    c1[g] = hn::ShiftRight<32>(c0[g]);
    c2[g] = upper[g];
    c3[g] = stream_low;
  }
  for (int round = 0; round < philox_rounds; ++round) {
    for (std::size_t g = 0; g < G; ++g) {
      const RandomV p0 = multiply_low_halves(c0[g], philox_multiplier[0]);
      const RandomV p1 = multiply_low_halves(c2[g], philox_multiplier[1]);
      c0[g] = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1[g]), key.low[round]);
      c1[g] = p1;
      c2[g] = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3[g]), key.high[round]);
      c3[g] = p0;
    }
  }
  const RandomV low_half = hn::Set(d, 0xffffffff);
  WordGroups<G> out;
  for (std::size_t g = 0; g < G; ++g) {
    out.a[g] = hn::Or(hn::And(c0[g], low_half), hn::ShiftLeft<32>(c1[g]));
    out.b[g] = hn::Or(hn::And(c2[g], low_half), hn::ShiftLeft<32>(c3[g]));
  }
  return out;
}

/// Any blocks. Step s of a stream is the stream with s added above its 32 bits (philox_block).
template <std::size_t G>
HWY_INLINE WordGroups<G> philox_of(const RandomV (&block)[G], std::uint64_t stream,
                                   const PhiloxSchedule& key) noexcept {
  const RandomD d;
  RandomV upper[G];
  for (std::size_t g = 0; g < G; ++g) upper[g] = hn::Set(d, stream >> 32);
  return philox_words(block, upper, hn::Set(d, stream & 0xffffffff), key);
}

/// The blocks from `block` on: random_groups * random_lanes of them.
HWY_INLINE RandomWords philox_vectors(std::uint64_t block, RandomV offsets, std::uint64_t stream,
                                      const PhiloxSchedule& key) noexcept {
  const RandomD d;
  RandomV blocks[random_groups];
  for (std::size_t g = 0; g < random_groups; ++g) {
    blocks[g] = hn::Add(hn::Set(d, block + g * random_lanes), offsets);
  }
  return philox_of(blocks, stream, key);
}

/// a0 b0 a1 b1 … in order of counters, to memory.
template <class D, class V = hn::Vec<D>, class T = hn::TFromD<D>>
HWY_INLINE void store_interleaved(D d, V a, V b, T* out) noexcept {
#if HWY_TARGET == HWY_SCALAR
  hn::StoreU(a, d, out);
  hn::StoreU(b, d, out + 1);
#else
  hn::StoreU(hn::InterleaveLower(d, a, b), d, out);
  hn::StoreU(hn::InterleaveUpper(d, a, b), d, out + hn::MaxLanes(D()));
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
