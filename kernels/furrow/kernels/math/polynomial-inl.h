// furrow/kernels/math/polynomial-inl.h
//
// c[0] + c[1] x + c[2] x^2 + …, even and odd powers apart, each by Horner's rule in x^2: half the
// latency of one Horner chain for one multiplication more.
#if defined(FURROW_KERNELS_POLYNOMIAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_POLYNOMIAL_INL_H_
#undef FURROW_KERNELS_POLYNOMIAL_INL_H_
#else
#define FURROW_KERNELS_POLYNOMIAL_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <std::size_t First, class D, class V = hn::Vec<D>, std::size_t N>
HWY_INLINE V every_other_power(D d, V x2, const hn::TFromD<D> (&c)[N]) noexcept {
  if constexpr (First + 2 >= N) {
    return hn::Set(d, c[First]);
  } else {
    return hn::MulAdd(x2, every_other_power<First + 2>(d, x2, c), hn::Set(d, c[First]));
  }
}

template <class D, class V = hn::Vec<D>, std::size_t N>
HWY_INLINE V polynomial(D d, V x, V x2, const hn::TFromD<D> (&c)[N]) noexcept {
  return hn::MulAdd(x, every_other_power<1>(d, x2, c), every_other_power<0>(d, x2, c));
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
