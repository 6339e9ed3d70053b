// furrow/kernels/quasi/sobol-inl.h
//
// Sobol's points on vectors: lanes are points, with the bits of sobol.hpp's scalar functions.
//
//   const SobolDirections& directions = sobol_directions(dimension);
//   const std::uint64_t base = sobol_sixteen(directions, first_point / 16);
//   V x = sobol_lanes(d, directions, base, offset);         points first_point + offset + lane
//   V u = quasi_unit(d, scramble_lanes(d, x, ScrambleLanes(d, scrambling, key)));
//
// Sixteen consecutive points share all but the last four bits of their number: one exclusive or
// each, from one scalar. Any other points come from sobol_lanes_at.
#if defined(FURROW_KERNELS_SOBOL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_SOBOL_INL_H_
#undef FURROW_KERNELS_SOBOL_INL_H_
#else
#define FURROW_KERNELS_SOBOL_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/quasi/sobol.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// x * y modulo 2^64 on lanes of u64.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V multiply_low(D d, V x, V y) noexcept {
#if HWY_TARGET == HWY_SCALAR
  (void)d;
  return hn::Mul(x, y);
#else
  const hn::Repartition<std::uint32_t, D> narrow;
  const auto x32 = hn::BitCast(narrow, x);
  const auto y32 = hn::BitCast(narrow, y);
  const V low = hn::BitCast(d, hn::MulEven(x32, y32));
  const V left = hn::BitCast(d, hn::MulEven(hn::BitCast(narrow, hn::ShiftRight<32>(x)), y32));
  const V right = hn::BitCast(d, hn::MulEven(x32, hn::BitCast(narrow, hn::ShiftRight<32>(y))));
  return hn::Add(low, hn::ShiftLeft<32>(hn::Add(left, right)));
#endif
}

/// (x >> Shift & mask) | (x & mask) << Shift
template <int Shift, class D, class V = hn::Vec<D>>
HWY_INLINE V swap_bits(D d, V x, std::uint64_t mask) noexcept {
  const V ones = hn::Set(d, mask);
  return hn::Or(hn::And(hn::ShiftRight<Shift>(x), ones), hn::ShiftLeft<Shift>(hn::And(x, ones)));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V reverse_bits(D d, V x) noexcept {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(d, furrow::kernels::reverse_bits(hn::GetLane(x)));
#else
  // Bytes by one shuffle, then the bits of each half byte by a table.
  const hn::Repartition<std::uint8_t, D> bytes;
  alignas(16) static constexpr std::uint8_t order[16] = {7,  6,  5,  4,  3,  2,  1, 0,
                                                         15, 14, 13, 12, 11, 10, 9, 8};
  alignas(16) static constexpr std::uint8_t of_half[16] = {0, 8, 4, 12, 2, 10, 6, 14,
                                                           1, 9, 5, 13, 3, 11, 7, 15};
  const auto reversed = hn::TableLookupBytes(hn::BitCast(bytes, x), hn::LoadDup128(bytes, order));
  const auto table = hn::LoadDup128(bytes, of_half);
  const auto half = hn::Set(bytes, 15);
  const auto low = hn::TableLookupBytes(table, hn::And(reversed, half));
  const auto wide = hn::ShiftRight<4>(hn::BitCast(d, reversed));
  const auto high = hn::TableLookupBytes(table, hn::And(hn::BitCast(bytes, wide), half));
  return hn::Or(hn::ShiftLeft<4>(hn::BitCast(d, low)), hn::BitCast(d, high));
#endif
}

/// What scrambles one dimension, spread over the lanes once.
template <class D>
struct ScrambleLanes {
  using V = hn::Vec<D>;
  V add, odd, flip, even;
  Scrambling scrambling;

  HWY_INLINE ScrambleLanes(D d, Scrambling kind, QuasiKey key) noexcept
      : add(hn::Set(d, key.first)),
        odd(hn::Set(d, key.second | 1)),
        flip(hn::Set(d, reverse_bytes(key.first))),
        even(hn::Set(d, reverse_bytes(key.second) & ~std::uint64_t{1})),
        scrambling(kind) {}
};

template <class D, class V = hn::Vec<D>>
HWY_INLINE V scramble_lanes(D d, V x, const ScrambleLanes<D>& by) noexcept {
  if (by.scrambling == Scrambling::none) return x;
  if (by.scrambling == Scrambling::shift) return hn::Xor(x, by.add);
  x = multiply_low(d, hn::Add(x, by.add), by.odd);
  x = hn::Xor(x, by.flip);
  return hn::Xor(x, multiply_low(d, x, by.even));
}

/// Digits of the points offset + lane of sixteen. REQUIRES: offset + lanes <= 16, and d has at most
/// 16 lanes.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sobol_lanes(D d, const SobolDirections& directions, std::uint64_t sixteen,
                         std::size_t offset) noexcept {
  return hn::Xor(hn::Set(d, sixteen), hn::LoadU(d, directions.of_first + offset));
}

/// Digits of any points.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sobol_lanes_at(D d, const SobolDirections& directions, V points) noexcept {
  alignas(64) std::uint64_t lanes[hn::MaxLanes(D())];
  hn::Store(points, d, lanes);
  for (std::uint64_t& lane : lanes) lane = sobol_digits(directions, lane);
  return hn::Load(d, lanes);
}

/// open_unit on lanes: the upper 52 bits.
template <class D, class V = hn::Vec<D>>
HWY_INLINE hn::Vec<hn::RebindToFloat<D>> quasi_unit_of_bits(D d, V bits) noexcept {
  const hn::RebindToFloat<D> df;
  const V one_to_two = hn::Or(hn::ShiftRight<12>(bits), hn::Set(d, 0x3ff0000000000000));
  return hn::Sub(hn::BitCast(df, one_to_two), hn::Set(df, 1 - 0x1p-53));
}

/// u in (0, 1) from digits.
template <class D, class V = hn::Vec<D>>
HWY_INLINE hn::Vec<hn::RebindToFloat<D>> quasi_unit(D d, V digits) noexcept {
  return quasi_unit_of_bits(d, reverse_bits(d, digits));
}

/// u of any points of a dimension.
template <class D, class V = hn::Vec<D>>
HWY_INLINE hn::Vec<hn::RebindToFloat<D>> sobol(D d, V points, std::size_t dimension,
                                               Scrambling scrambling, QuasiKey key) noexcept {
  const V digits = sobol_lanes_at(d, sobol_directions(dimension), points);
  return quasi_unit(d, scramble_lanes(d, digits, ScrambleLanes<D>(d, scrambling, key)));
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
