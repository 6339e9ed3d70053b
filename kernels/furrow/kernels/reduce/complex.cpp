// furrow/kernels/reduce/complex.cpp
//
// Products, inner products and norms of complex numbers, of one tile: 16 virtual lanes of real and
// 16 of imaginary parts, in f64. Sums: floating.cpp.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/reduce/complex.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include <furrow/kernels/reduce/lanes-inl.h>
#include <furrow/kernels/reduce/entries.hpp>
#include <furrow/kernels/reduce/partials.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

/// 16 numbers, those beyond the end of the tile `padding`.
struct Sixteen {
  alignas(64) double real[lanes_virtual];
  alignas(64) double imaginary[lanes_virtual];

  template <class P>
  HWY_INLINE Sixteen(const P* x, std::size_t count, double padding) noexcept {
    for (std::size_t i = 0; i < lanes_virtual; ++i) {
      real[i] = i < count ? static_cast<double>(x[2 * i]) : padding;
      imaginary[i] = i < count ? static_cast<double>(x[2 * i + 1]) : 0.0;
    }
  }
};

// Every multiplication is written out: no target may fuse one.
template <class P>
void product_complex(const ReduceCall& call, void* partial) noexcept {
  const P* const x = static_cast<const P*>(call.in[0]);
  Lanes real(1.0);
  Lanes imaginary(0.0);
  for (std::size_t i = 0; i < call.count; i += lanes_virtual) {
    const Sixteen next(x + 2 * i, call.count - i, 1.0);
    for (std::size_t r = 0; r < registers; ++r) {
      const V a = real.part[r];
      const V b = imaginary.part[r];
      const V c = hn::LoadU(D{}, next.real + r * lanes);
      const V d = hn::LoadU(D{}, next.imaginary + r * lanes);
      real.part[r] = hn::Sub(hn::Mul(a, c), hn::Mul(b, d));
      imaginary.part[r] = hn::Add(hn::Mul(a, d), hn::Mul(b, c));
    }
  }
  double parts[2][lanes_virtual];
  real.fold_to<lanes_virtual>(parts[0], Plus{});
  imaginary.fold_to<lanes_virtual>(parts[1], Plus{});
  *static_cast<ComplexPartial*>(partial) = fold_complex_product(parts[0], parts[1]);
}

template <class P>
void dot_complex(const ReduceCall& call, void* partial) noexcept {
  const P* const x = static_cast<const P*>(call.in[0]);
  const P* const y = static_cast<const P*>(call.in[1]);
  Lanes real(0.0);
  Lanes imaginary(0.0);
  for (std::size_t i = 0; i < call.count; i += lanes_virtual) {
    const Sixteen left(x + 2 * i, call.count - i, 0.0);
    const Sixteen right(y + 2 * i, call.count - i, 0.0);
    for (std::size_t r = 0; r < registers; ++r) {
      const V a = hn::LoadU(D{}, left.real + r * lanes);
      const V b = hn::LoadU(D{}, left.imaginary + r * lanes);
      const V c = hn::LoadU(D{}, right.real + r * lanes);
      const V d = hn::LoadU(D{}, right.imaginary + r * lanes);
      real.part[r] = hn::NegMulAdd(b, d, hn::MulAdd(a, c, real.part[r]));
      imaginary.part[r] = hn::MulAdd(b, c, hn::MulAdd(a, d, imaginary.part[r]));
    }
  }
  *static_cast<ComplexPartial*>(partial) = {real.fold(), imaginary.fold()};
}

template <class P>
constexpr void put_complex(ReduceTable& table, Dtype dtype) noexcept {
  table.at(ReduceOp::product, dtype) = &product_complex<P>;
  table.at(ReduceOp::dot, dtype) = &dot_complex<P>;
}

constexpr ReduceTable make_complex() noexcept {
  ReduceTable table;
  put_complex<float>(table, Dtype::c64);
  put_complex<double>(table, Dtype::c128);
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const ReduceTable* complex_table() {
  static constexpr ReduceTable table = make_complex();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(complex_table);

const ReduceTable* resolve_reduce_complex(std::size_t slot) noexcept {
  return FURROW_DISPATCH(complex_table, slot);
}

}  // namespace furrow::kernels
#endif
