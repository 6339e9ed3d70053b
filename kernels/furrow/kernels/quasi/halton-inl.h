// furrow/kernels/quasi/halton-inl.h
//
// Halton's points on vectors: lanes are points, with the bits of halton.hpp's scalar function.
#if defined(FURROW_KERNELS_HALTON_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_HALTON_INL_H_
#undef FURROW_KERNELS_HALTON_INL_H_
#else
#define FURROW_KERNELS_HALTON_INL_H_
#endif

#include <hwy/highway.h>

#include <furrow/kernels/quasi/sobol-inl.h>
#include <furrow/kernels/quasi/halton.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The rest of x by p; x becomes the quotient. The product and the difference are exact.
template <class V>
HWY_INLINE V halton_split(V& x, V p, V inverse, V half) noexcept {
  const V quotient = hn::Floor(hn::Mul(hn::Add(x, half), inverse));
  const V rest = hn::NegMulAdd(quotient, p, x);
  x = quotient;
  return rest;
}

/// u of points, given as whole doubles below 2^51.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V halton(D d, V points, const HaltonDimension& at) noexcept {
  if (at.base == 2) {
    const hn::RebindToUnsigned<D> du;
    const auto bits = hn::BitCast(du, hn::Add(points, hn::Set(d, 0x1p52)));  // n in the low ones
    const auto numbers = hn::And(bits, hn::Set(du, (std::uint64_t{1} << 52) - 1));
    const auto flip = hn::Set(du, at.flip << 12);
    return quasi_unit_of_bits(du, hn::Xor(reverse_bits(du, numbers), flip));
  }
  const V base = hn::Set(d, at.base);
  const V inverse = hn::Set(d, at.inverse);
  const V half = hn::Set(d, 0.5);
  V mirrored = hn::Zero(d);
  for (std::size_t k = 0; k < at.digits; ++k) {
    const V digit = halton_split(points, base, inverse, half);
    V moved = hn::MulAdd(digit, hn::Set(d, at.factor[k]), hn::Set(d, at.shift[k]));
    mirrored = hn::MulAdd(mirrored, base, halton_split(moved, base, inverse, half));
  }
  return hn::Div(hn::Add(mirrored, half), hn::Set(d, at.cells));
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
