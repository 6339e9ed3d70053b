// furrow/kernels/math/piecewise-inl.h
//
// Piecewise polynomials: coefficients picked lane by lane from rows of four or eight, one
// evaluation for all intervals.
//
// Method  even and odd powers apart (half the latency). A row fits a register or two: one shuffle
//         picks the coefficients of all lanes (AVX2, AVX-512; a gather elsewhere); what is picked
//         is the same on every target.
#if defined(FURROW_KERNELS_PIECEWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_PIECEWISE_INL_H_
#undef FURROW_KERNELS_PIECEWISE_INL_H_
#else
#define FURROW_KERNELS_PIECEWISE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Which interval each lane is in. D is a full vector of f64.
template <class D>
class Interval {
 public:
  using DU = hn::RebindToUnsigned<D>;
  using V = hn::Vec<D>;

  /// The index of lane i is how many of the bounds are <= x; NaN counts as below all.
  template <std::size_t Bounds>
  HWY_INLINE Interval(D d, V x, const double (&bounds)[Bounds]) noexcept {
    const DU du;
    const auto one = hn::Set(du, 1);
    auto index = hn::Zero(du);
    for (std::size_t k = 0; k < Bounds; ++k) {
      const auto above = hn::RebindMask(du, hn::Ge(x, hn::Set(d, bounds[k])));
      index = hn::Add(index, hn::IfThenElseZero(above, one));
    }
    set(index);
  }

  /// REQUIRES: all rows are aligned to their size.
  HWY_INLINE V pick(D d, const double (&row)[4]) const noexcept {
#if HWY_TARGET == HWY_AVX3
    (void)d;
    return V{_mm512_permutexvar_pd(index_.raw, _mm512_broadcast_f64x4(_mm256_load_pd(row)))};
#elif HWY_TARGET == HWY_AVX2
    return hn::TableLookupLanes(hn::Load(d, row), lanes_);
#else
    return hn::GatherIndex(d, row, hn::BitCast(hn::RebindToSigned<D>(), index_));
#endif
  }

  HWY_INLINE V pick(D d, const double (&row)[8]) const noexcept {
#if HWY_TARGET == HWY_AVX3
    return V{_mm512_permutexvar_pd(index_.raw, hn::Load(d, row).raw)};
#elif HWY_TARGET == HWY_AVX2
    const V low = hn::TableLookupLanes(hn::Load(d, row), lanes_);
    const V high = hn::TableLookupLanes(hn::Load(d, row + 4), lanes_);
    return hn::IfThenElse(upper_, high, low);
#else
    return hn::GatherIndex(d, row, hn::BitCast(hn::RebindToSigned<D>(), index_));
#endif
  }

 private:
  HWY_INLINE void set(hn::Vec<DU> index) noexcept {
    index_ = index;
#if HWY_TARGET == HWY_AVX2
    const DU du;
    lanes_ = hn::IndicesFromVec(D(), hn::And(index, hn::Set(du, 3)));
    upper_ = hn::RebindMask(D(), hn::Gt(index, hn::Set(du, 3)));
#endif
  }

  hn::Vec<DU> index_;
#if HWY_TARGET == HWY_AVX2
  decltype(hn::IndicesFromVec(D(), hn::Vec<DU>())) lanes_;
  decltype(hn::Gt(V(), V())) upper_;
#endif
};

/// The polynomial of each lane's interval: rows are the coefficients of x^0, x^1, …
template <class D, std::size_t Count, std::size_t Width, class V = hn::Vec<D>>
HWY_INLINE V polynomial(D d, V x, const double (&rows)[Count][Width],
                        const Interval<D>& interval) noexcept {
  static_assert(Count >= 4);
  constexpr std::size_t last_even = (Count - 1) / 2 * 2;
  constexpr std::size_t last_odd = (Count - 2) / 2 * 2 + 1;
  const V square = hn::Mul(x, x);
  V even = interval.pick(d, rows[last_even]);
  V odd = interval.pick(d, rows[last_odd]);
  for (std::size_t k = last_even; k >= 2; k -= 2) {
    even = hn::MulAdd(square, even, interval.pick(d, rows[k - 2]));
  }
  for (std::size_t k = last_odd; k >= 3; k -= 2) {
    odd = hn::MulAdd(square, odd, interval.pick(d, rows[k - 2]));
  }
  return hn::MulAdd(x, odd, even);
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
