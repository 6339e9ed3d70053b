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

#include <furrow/kernels/quasi/halton.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The rest of x by p; x becomes the quotient. All products and differences are exact.
template <class V>
HWY_INLINE V halton_split(V& x, V p, V inverse, V one) noexcept {
  const V zero = hn::Xor(one, one);
  V quotient = hn::Floor(hn::Mul(x, inverse));
  V rest = hn::Sub(x, hn::Mul(quotient, p));
  const auto below = hn::Lt(rest, zero);
  quotient = hn::Sub(quotient, hn::IfThenElseZero(below, one));
  rest = hn::Add(rest, hn::IfThenElseZero(below, p));
  const auto above = hn::Ge(rest, p);
  x = hn::Add(quotient, hn::IfThenElseZero(above, one));
  return hn::Sub(rest, hn::IfThenElseZero(above, p));
}

/// u of points, given as whole doubles below 2^52.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V halton(D d, V points, const HaltonDimension& at) noexcept {
  const V base = hn::Set(d, at.base);
  const V inverse = hn::Set(d, at.inverse);
  const V one = hn::Set(d, 1.0);
  V mirrored = hn::Zero(d);
  for (std::size_t k = 0; k < at.digits; ++k) {
    const V digit = halton_split(points, base, inverse, one);
    V moved = hn::MulAdd(digit, hn::Set(d, at.factor[k]), hn::Set(d, at.shift[k]));
    mirrored = hn::MulAdd(mirrored, base, halton_split(moved, base, inverse, one));
  }
  return hn::Div(hn::Add(mirrored, hn::Set(d, 0.5)), hn::Set(d, at.cells));
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
