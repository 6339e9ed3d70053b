// furrow/kernels/math/rows-inl.h
//
// Small tables: rows of 16 numbers, of which every lane picks those of its place.
//
// Method  a row fits registers: a permutation picks for all lanes (AVX-512; f32 on AVX2). f64 on
//         AVX2 reads two neighbouring rows' numbers of one lane at once and sorts them into
//         vectors; a gather elsewhere. What is picked is the same on every target
#if defined(FURROW_KERNELS_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_ROWS_INL_H_
#undef FURROW_KERNELS_ROWS_INL_H_
#else
#define FURROW_KERNELS_ROWS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// `Count` rows, an even number, also as columns of two rows' numbers side by side.
template <class T, std::size_t Count>
struct Rows {
  static_assert(Count % 2 == 0);
  alignas(64) T row[Count][16];
  alignas(64) T beside[Count / 2][16][2];

  constexpr explicit Rows(const T (&rows)[Count][16]) noexcept : row{}, beside{} {
    for (std::size_t k = 0; k < Count; ++k) {
      for (std::size_t i = 0; i < 16; ++i) {
        row[k][i] = rows[k][i];
        beside[k / 2][i][k % 2] = rows[k][i];
      }
    }
  }
};

/// A place in rows for each lane. D is a full vector of f64 or f32.
template <class D>
class Place {
 public:
  using T = hn::TFromD<D>;
  using DU = hn::RebindToUnsigned<D>;
  using V = hn::Vec<D>;

  /// The four bits from bit `Lowest` of each lane.
  template <int Lowest>
  static HWY_INLINE Place of(hn::Vec<DU> bits) noexcept {
    Place place;
#if HWY_TARGET == HWY_AVX3
    place.bits_ = from<Lowest>(bits);
#elif HWY_TARGET == HWY_AVX2
    if constexpr (sizeof(T) == 8) {
      // In bytes of a column of pairs.
      auto shifted = bits;
      if constexpr (Lowest > 4) shifted = hn::ShiftRight<Lowest - 4>(bits);
      if constexpr (Lowest < 4) shifted = hn::ShiftLeft<4 - Lowest>(bits);
      const auto bytes = hn::And(shifted, hn::Set(DU(), 15 * 16)).raw;
      const __m128i low = _mm256_castsi256_si128(bytes);
      const __m128i high = _mm256_extracti128_si256(bytes, 1);
      place.bytes_[0] = _mm_cvtsi128_si64(low);
      place.bytes_[1] = _mm_extract_epi64(low, 1);
      place.bytes_[2] = _mm_cvtsi128_si64(high);
      place.bytes_[3] = _mm_extract_epi64(high, 1);
    } else {
      place.bits_ = from<Lowest>(bits);
    }
#else
    place.bits_ = hn::And(from<Lowest>(bits), hn::Set(DU(), 15));
#endif
    return place;
  }

  /// The numbers of rows 2*Pair and 2*Pair + 1.
  template <std::size_t Pair, std::size_t Count>
  HWY_INLINE void pick(D d, const Rows<T, Count>& rows, V& first, V& second) const noexcept {
#if HWY_TARGET == HWY_AVX2
    if constexpr (sizeof(T) == 8) {
      const char* const column = reinterpret_cast<const char*>(rows.beside[Pair]);
      const auto at = [&](std::size_t lane) HWY_ATTR {
        return _mm_load_pd(reinterpret_cast<const double*>(column + bytes_[lane]));
      };
      const __m256d even = _mm256_insertf128_pd(_mm256_castpd128_pd256(at(0)), at(2), 1);
      const __m256d odd = _mm256_insertf128_pd(_mm256_castpd128_pd256(at(1)), at(3), 1);
      first = V{_mm256_unpacklo_pd(even, odd)};
      second = V{_mm256_unpackhi_pd(even, odd)};
      return;
    }
#endif
    first = pick_one(d, rows.row[2 * Pair]);
    second = pick_one(d, rows.row[2 * Pair + 1]);
  }

 private:
  template <int Lowest>
  static HWY_INLINE hn::Vec<DU> from(hn::Vec<DU> bits) noexcept {
    if constexpr (Lowest == 0) return bits;
    return hn::ShiftRight<Lowest>(bits);
  }

  HWY_INLINE V pick_one([[maybe_unused]] D d, [[maybe_unused]] const T (&row)[16]) const noexcept {
#if HWY_TARGET == HWY_AVX3
    const auto low = hn::Load(d, row).raw;
    if constexpr (sizeof(T) == 8) {
      return V{_mm512_permutex2var_pd(low, bits_.raw, hn::Load(d, row + 8).raw)};
    } else {
      return V{_mm512_permutexvar_ps(bits_.raw, low)};
    }
#elif HWY_TARGET == HWY_AVX2
    if constexpr (sizeof(T) == 8) {
      return hn::Zero(d);  // not reached
    } else {
      const V low{_mm256_permutevar8x32_ps(hn::Load(d, row).raw, bits_.raw)};
      const V high{_mm256_permutevar8x32_ps(hn::Load(d, row + 8).raw, bits_.raw)};
      const V bit3 = hn::BitCast(d, hn::ShiftLeft<28>(bits_));  // a blend looks at the sign
      return hn::IfThenElse(hn::MaskFromVec(bit3), high, low);
    }
#else
    return hn::GatherIndex(d, row, hn::BitCast(hn::RebindToSigned<D>(), bits_));
#endif
  }

#if HWY_TARGET == HWY_AVX2
  std::int64_t bytes_[4];  // f64
#endif
  hn::Vec<DU> bits_;
};

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
