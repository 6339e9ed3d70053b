// furrow/kernels/reduce/block_moments.cpp
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/reduce/block_moments.cpp"
#include <hwy/foreach_target.h>
// Highway after the list of targets.
#include <furrow/kernels/reduce/lanes-inl.h>

#include <limits>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/reduce/block_moments.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {

struct Lesser {
  template <class A>
  HWY_INLINE A operator()(A x, A y) const noexcept {
    return hn::Min(x, y);
  }
};
struct Greater {
  template <class A>
  HWY_INLINE A operator()(A x, A y) const noexcept {
    return hn::Max(x, y);
  }
};

BlockMoments moments(const double* x, std::size_t count) noexcept {
  const D d;
  Lanes sum(0);
  Lanes low(x[0]);
  Lanes high(x[0]);
  const std::size_t whole = count - count % lanes_virtual;
  for (std::size_t i = 0; i < whole; i += lanes_virtual) {
    for (std::size_t r = 0; r < registers; ++r) {
      const V v = hn::LoadU(d, x + i + r * lanes);
      sum.part[r] = hn::Add(sum.part[r], v);
      low.part[r] = hn::Min(low.part[r], v);
      high.part[r] = hn::Max(high.part[r], v);
    }
  }
  if (whole != count) {
    const Tail<double> zeros(x + whole, count - whole, 0.0);
    const Tail<double> firsts(x + whole, count - whole, x[0]);
    for (std::size_t r = 0; r < registers; ++r) {
      const V v = hn::LoadU(d, firsts.values + r * lanes);
      sum.part[r] = hn::Add(sum.part[r], hn::LoadU(d, zeros.values + r * lanes));
      low.part[r] = hn::Min(low.part[r], v);
      high.part[r] = hn::Max(high.part[r], v);
    }
  }
  BlockMoments out{};
  out.mean = sum.fold() / static_cast<double>(count);
  out.min = low.fold(Lesser{});
  out.max = high.fold(Greater{});

  Lanes second(0);
  Lanes third(0);
  Lanes fourth(0);
  const V mean = hn::Set(d, out.mean);
  const auto step = [&](const double* group) HWY_ATTR {
    for (std::size_t r = 0; r < registers; ++r) {
      const V off = hn::Sub(hn::LoadU(d, group + r * lanes), mean);
      const V square = hn::Mul(off, off);
      second.part[r] = hn::Add(second.part[r], square);
      third.part[r] = hn::MulAdd(square, off, third.part[r]);
      fourth.part[r] = hn::MulAdd(square, square, fourth.part[r]);
    }
  };
  for (std::size_t i = 0; i < whole; i += lanes_virtual) step(x + i);
  if (whole != count) step(Tail<double>(x + whole, count - whole, out.mean).values);
  out.m2 = second.fold();
  out.m3 = third.fold();
  out.m4 = fourth.fold();
  return out;
}

double comoment(const double* x, double mean_x, const double* y, double mean_y,
                std::size_t count) noexcept {
  const D d;
  Lanes sum(0);
  const V x_mean = hn::Set(d, mean_x);
  const V y_mean = hn::Set(d, mean_y);
  const auto step = [&](const double* a, const double* b) HWY_ATTR {
    for (std::size_t r = 0; r < registers; ++r) {
      sum.part[r] = hn::MulAdd(hn::Sub(hn::LoadU(d, a + r * lanes), x_mean),
                               hn::Sub(hn::LoadU(d, b + r * lanes), y_mean), sum.part[r]);
    }
  };
  const std::size_t whole = count - count % lanes_virtual;
  for (std::size_t i = 0; i < whole; i += lanes_virtual) step(x + i, y + i);
  if (whole != count) {
    step(Tail<double>(x + whole, count - whole, mean_x).values,
         Tail<double>(y + whole, count - whole, mean_y).values);
  }
  return sum.fold();
}

const BlockMomentsTable* block_moments_table() {
  static constexpr BlockMomentsTable table{moments, comoment};
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

FURROW_EXPORT_TABLE(BlockMomentsTable, block_moments);

namespace {
constinit Dispatch<BlockMomentsTable> dispatch(resolve_block_moments);
}

BlockMoments block_moments(const double* x, std::size_t count) noexcept {
  return dispatch.table().moments(x, count);
}

double block_comoment(const double* x, double mean_x, const double* y, double mean_y,
                      std::size_t count) noexcept {
  return dispatch.table().comoment(x, mean_x, y, mean_y, count);
}

}  // namespace furrow::kernels
#endif
