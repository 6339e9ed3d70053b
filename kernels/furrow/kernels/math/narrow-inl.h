// furrow/kernels/math/narrow-inl.h
//
// Vectors of f64 rounded to f32, to nearest even; beyond its greatest number to an infinity.
#if defined(FURROW_KERNELS_NARROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_NARROW_INL_H_
#undef FURROW_KERNELS_NARROW_INL_H_
#else
#define FURROW_KERNELS_NARROW_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Highway's scalar form of DemoteTo would give the greatest number instead of an infinity.
template <class D, class V>
HWY_INLINE hn::Vec<D> rounded(D narrow, V x) noexcept {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(narrow, static_cast<float>(hn::GetLane(x)));
#else
  return hn::DemoteTo(narrow, x);
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
