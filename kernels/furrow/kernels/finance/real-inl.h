// furrow/kernels/finance/real-inl.h
//
// A vector of f64 with the operators of a number, so that formulas read as in the books; and the
// loop that runs a formula over columns.
#if defined(FURROW_KERNELS_FINANCE_REAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_KERNELS_FINANCE_REAL_INL_H_
#undef FURROW_KERNELS_FINANCE_REAL_INL_H_
#else
#define FURROW_KERNELS_FINANCE_REAL_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>
#include <limits>

#include <furrow/kernels/math/erfc-inl.h>
#include <furrow/kernels/math/exp-inl.h>
#include <furrow/kernels/math/expm1-inl.h>
#include <furrow/kernels/math/log-inl.h>
#include <furrow/kernels/math/log1p-inl.h>
#include <furrow/kernels/finance/entries.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels::finance {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace math = furrow::kernels::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;
using Mask = hn::Mask<D>;
inline constexpr std::size_t lanes = hn::MaxLanes(D());

struct Real {
  V v;
  Real() = default;  // no code: what holds one is built outside of the target, too
  HWY_INLINE Real(V x) noexcept : v(x) {}                     // NOLINT: is a vector
  HWY_INLINE Real(double x) noexcept : v(hn::Set(D(), x)) {}  // NOLINT: a number is, too
};

HWY_INLINE Real operator+(Real x, Real y) noexcept { return hn::Add(x.v, y.v); }
HWY_INLINE Real operator-(Real x, Real y) noexcept { return hn::Sub(x.v, y.v); }
HWY_INLINE Real operator*(Real x, Real y) noexcept { return hn::Mul(x.v, y.v); }
HWY_INLINE Real operator/(Real x, Real y) noexcept { return hn::Div(x.v, y.v); }
HWY_INLINE Real operator-(Real x) noexcept { return hn::Neg(x.v); }
HWY_INLINE Mask operator<(Real x, Real y) noexcept { return hn::Lt(x.v, y.v); }
HWY_INLINE Mask operator<=(Real x, Real y) noexcept { return hn::Le(x.v, y.v); }
HWY_INLINE Mask operator>(Real x, Real y) noexcept { return hn::Gt(x.v, y.v); }
HWY_INLINE Mask operator>=(Real x, Real y) noexcept { return hn::Ge(x.v, y.v); }
HWY_INLINE Mask operator==(Real x, Real y) noexcept { return hn::Eq(x.v, y.v); }
HWY_INLINE Real where(Mask m, Real x, Real y) noexcept { return hn::IfThenElse(m, x.v, y.v); }
HWY_INLINE Mask both(Mask m, Mask n) noexcept { return hn::And(m, n); }
HWY_INLINE Mask either(Mask m, Mask n) noexcept { return hn::Or(m, n); }
HWY_INLINE bool any(Mask m) noexcept { return !hn::AllFalse(D(), m); }
HWY_INLINE Real sqrt(Real x) noexcept { return hn::Sqrt(x.v); }
HWY_INLINE Real abs(Real x) noexcept { return hn::Abs(x.v); }
HWY_INLINE Real max(Real x, Real y) noexcept { return where(x > y, x, y); }
HWY_INLINE Real min(Real x, Real y) noexcept { return where(x < y, x, y); }
HWY_INLINE Real fma(Real x, Real y, Real z) noexcept { return hn::MulAdd(x.v, y.v, z.v); }

// Calls, not inlined: the formulas use them many times, and their code is long.
HWY_NOINLINE inline V call_exp(V x) noexcept { return math::exp(D(), x); }
HWY_NOINLINE inline V call_expm1(V x) noexcept { return math::expm1(D(), x); }
HWY_NOINLINE inline V call_log(V x) noexcept { return math::log(D(), x); }
HWY_NOINLINE inline V call_log1p(V x) noexcept { return math::log1p(D(), x); }
HWY_NOINLINE inline V call_ndtr(V x) noexcept { return math::ndtr(D(), x); }
HWY_INLINE Real exp(Real x) noexcept { return call_exp(x.v); }
HWY_INLINE Real expm1(Real x) noexcept { return call_expm1(x.v); }
HWY_INLINE Real log(Real x) noexcept { return call_log(x.v); }
HWY_INLINE Real log1p(Real x) noexcept { return call_log1p(x.v); }
/// The standard normal distribution function and its density.
HWY_INLINE Real ndtr(Real x) noexcept { return call_ndtr(x.v); }
HWY_INLINE Real density(Real x) noexcept {
  return Real(0x1.9884533d43651p-2) * exp(Real(-0.5) * x * x);
}

HWY_INLINE Real not_a_number() noexcept { return std::numeric_limits<double>::quiet_NaN(); }
HWY_INLINE Real infinity() noexcept { return std::numeric_limits<double>::infinity(); }

/// The next `lanes` numbers of a column, or fewer, the rest ones.
HWY_INLINE Real take(const FormulaCall& call, std::size_t column, std::size_t i) noexcept {
  const double* const from = call.in[column];
  if (call.stride[column] == 0) return hn::Set(D(), *from);
  if (i + lanes <= call.count) return hn::LoadU(D(), from + i);
  alignas(64) double buffer[lanes];
  for (double& x : buffer) x = 1;
  std::memcpy(buffer, from + i, (call.count - i) * sizeof(double));
  return hn::Load(D(), buffer);
}

/// Runs F on all options: F(call) prepares, F(columns) gives a vector. `Columns` of them are read.
template <class F>
void run(const FormulaCall& call) noexcept {
  const F formula(call);
  for (std::size_t i = 0; i < call.count; i += lanes) {
    Real in[F::columns];
    for (std::size_t k = 0; k < F::columns; ++k) in[k] = take(call, k, i);
    const Real out = formula(in);
    if (i + lanes <= call.count) {
      hn::StoreU(out.v, D(), call.out + i);
    } else {
      alignas(64) double buffer[lanes];
      hn::Store(out.v, D(), buffer);
      std::memcpy(call.out + i, buffer, (call.count - i) * sizeof(double));
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels::finance
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
