// furrow/montecarlo/pack-inl.h
//
// A pack: one number each of several paths, in SIMD registers, with the operators and functions of
// a double. What a generic closure of a simulation calculates with.
//
// Size    4 registers: 32 paths with AVX-512, 16 with AVX2, 8 with SSE and NEON
// Bits    functions are those of kernels/furrow/kernels/math: the same on every target with fused
//         multiply-add. a * b + c is two roundings (compile with -ffp-contract=off, which
//         furrow::montecarlo asks of whoever links it); fma(a, b, c) is one
// NaN     goes through min and max, whichever operand it is (NumPy's maximum, where std::max(0.0,
// x)
//         hides it): such a path is an invalid one
// Choice  no if: where(x > k, a, b), and any(mask), all(mask) for loops
//
// The code of a target is only valid on processors that have it, while the closures that use it are
// the user's, compiled for any processor. They are inlined as a whole into the function that was
// compiled for the target (path-inl.h), and so are compiled for it. Without optimisation they call
// instead; therefore packs are passed by reference and are not aligned to their registers.
#if defined(FURROW_MONTECARLO_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FURROW_MONTECARLO_PACK_INL_H_
#undef FURROW_MONTECARLO_PACK_INL_H_
#else
#define FURROW_MONTECARLO_PACK_INL_H_
#endif

#include <hwy/highway.h>

#include <cmath>
#include <cstddef>

#include <furrow/kernels/math/erf-inl.h>
#include <furrow/kernels/math/erfc-inl.h>
#include <furrow/kernels/math/exp-inl.h>
#include <furrow/kernels/math/expm1-inl.h>
#include <furrow/kernels/math/hyperbolic-inl.h>
#include <furrow/kernels/math/log-inl.h>
#include <furrow/kernels/math/log1p-inl.h>
#include <furrow/kernels/math/ndtri-inl.h>
#include <furrow/kernels/math/pow-inl.h>
#include <furrow/kernels/math/sine-inl.h>
#include <furrow/kernels/math/tan-inl.h>
#include <furrow/kernels/random/draws-inl.h>

#undef FURROW_PACKED
#if HWY_TARGET == HWY_SCALAR  // doubles, aligned as such
#define FURROW_PACKED
#else
#define FURROW_PACKED __attribute__((packed))
#endif

// minpd and maxpd give their second operand when one is not a number, and when both are equal.
#undef FURROW_PACK_X86
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
#define FURROW_PACK_X86 1
#else
#define FURROW_PACK_X86 0
#endif

HWY_BEFORE_NAMESPACE();
namespace furrow::montecarlo {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
namespace math = kernels::HWY_NAMESPACE;

using D = math::F64;
using V = math::V64;
using M = hn::Mask<D>;

struct FURROW_PACKED Pack {
  V a, b, c, d;
  static constexpr std::size_t size = 4 * math::random_lanes;

  Pack() = default;
  inline Pack(V p, V q, V r, V s) noexcept : a(p), b(q), c(r), d(s) {}
  inline Pack(double x) noexcept : a(hn::Set(D(), x)), b(a), c(a), d(a) {}  // NOLINT: is a number
};

/// A condition for each path.
struct FURROW_PACKED PackMask {
  M a, b, c, d;
  PackMask() = default;
  inline PackMask(M p, M q, M r, M s) noexcept : a(p), b(q), c(r), d(s) {}
  /// where(condition, x, y) takes the place of if.
  explicit operator bool() const = delete;
};

/// The lesser and the greater of two numbers; not a number where one of them is not. Of x and y of
/// equal size, x: as std::max has it.
HWY_INLINE V lesser(const V x, const V y) {
#if FURROW_PACK_X86
  return hn::IfThenElse(hn::IsNaN(y), y, hn::Min(y, x));
#else
  return hn::IfThenElse(hn::Or(hn::Lt(y, x), hn::IsNaN(y)), y, x);
#endif
}
HWY_INLINE V greater(const V x, const V y) {
#if FURROW_PACK_X86
  return hn::IfThenElse(hn::IsNaN(y), y, hn::Max(y, x));
#else
  return hn::IfThenElse(hn::Or(hn::Gt(y, x), hn::IsNaN(y)), y, x);
#endif
}
/// The same of a number that is one.
HWY_INLINE V lesser_than_number(const V x, const V number) {
#if FURROW_PACK_X86
  return hn::Min(number, x);
#else
  return lesser(x, number);
#endif
}
HWY_INLINE V greater_than_number(const V x, const V number) {
#if FURROW_PACK_X86
  return hn::Max(number, x);
#else
  return greater(x, number);
#endif
}

/// True where an operand is not a number, as for doubles; Highway's Ne is false there with AVX.
HWY_INLINE M differs(const V x, const V y) { return hn::Not(hn::Eq(x, y)); }

#define FURROW_PACK_1(name, call) \
  inline Pack name(const Pack& x) noexcept { return {call(x.a), call(x.b), call(x.c), call(x.d)}; }
#define FURROW_PACK_2(name, call)                                            \
  inline Pack name(const Pack& x, const Pack& y) noexcept {                  \
    return {call(x.a, y.a), call(x.b, y.b), call(x.c, y.c), call(x.d, y.d)}; \
  }
#define FURROW_PACK_COMPARE(name, call)                                      \
  inline PackMask name(const Pack& x, const Pack& y) noexcept {              \
    return {call(x.a, y.a), call(x.b, y.b), call(x.c, y.c), call(x.d, y.d)}; \
  }
#define FURROW_PACK_MASK(name, call)                                         \
  inline PackMask name(const PackMask& x, const PackMask& y) noexcept {      \
    return {call(x.a, y.a), call(x.b, y.b), call(x.c, y.c), call(x.d, y.d)}; \
  }
#define FURROW_PACK_MATH(name)                                                \
  inline Pack name(const Pack& x) noexcept {                                  \
    return {math::name(D(), x.a), math::name(D(), x.b), math::name(D(), x.c), \
            math::name(D(), x.d)};                                            \
  }

FURROW_PACK_2(operator+, hn::Add)
FURROW_PACK_2(operator-, hn::Sub)
FURROW_PACK_2(operator*, hn::Mul)
FURROW_PACK_2(operator/, hn::Div)
FURROW_PACK_1(operator-, hn::Neg)
FURROW_PACK_COMPARE(operator<, hn::Lt)
FURROW_PACK_COMPARE(operator<=, hn::Le)
FURROW_PACK_COMPARE(operator>, hn::Gt)
FURROW_PACK_COMPARE(operator>=, hn::Ge)
FURROW_PACK_COMPARE(operator==, hn::Eq)
FURROW_PACK_COMPARE(operator!=, differs)
FURROW_PACK_MASK(operator&, hn::And)
FURROW_PACK_MASK(operator|, hn::Or)
FURROW_PACK_MASK(operator^, hn::Xor)
FURROW_PACK_MASK(operator&&, hn::And)
FURROW_PACK_MASK(operator||, hn::Or)
FURROW_PACK_2(min, lesser)
FURROW_PACK_2(max, greater)
FURROW_PACK_2(copysign, hn::CopySign)
FURROW_PACK_1(abs, hn::Abs)
FURROW_PACK_1(sqrt, hn::Sqrt)
FURROW_PACK_1(floor, hn::Floor)
FURROW_PACK_1(ceil, hn::Ceil)
FURROW_PACK_1(round, hn::Round)  // half to even
FURROW_PACK_1(trunc, hn::Trunc)
FURROW_PACK_MATH(exp)
FURROW_PACK_MATH(expm1)
FURROW_PACK_MATH(log)
FURROW_PACK_MATH(log1p)
FURROW_PACK_MATH(sin)
FURROW_PACK_MATH(cos)
FURROW_PACK_MATH(tan)
FURROW_PACK_MATH(sinh)
FURROW_PACK_MATH(cosh)
FURROW_PACK_MATH(tanh)
FURROW_PACK_MATH(erf)
FURROW_PACK_MATH(erfc)
FURROW_PACK_MATH(ndtr)   // the normal distribution function
FURROW_PACK_MATH(ndtri)  // and its inverse

/// With one number for all paths, which costs one instruction a register.
#define FURROW_PACK_NUMBER(name, call)                               \
  inline Pack name(const Pack& x, double number) noexcept {          \
    if (std::isnan(number)) return number;                           \
    const V n = hn::Set(D(), number);                                \
    return {call(x.a, n), call(x.b, n), call(x.c, n), call(x.d, n)}; \
  }                                                                  \
  inline Pack name(double number, const Pack& x) noexcept { return name(x, number); }
FURROW_PACK_NUMBER(min, lesser_than_number)
FURROW_PACK_NUMBER(max, greater_than_number)
#undef FURROW_PACK_NUMBER

#undef FURROW_PACK_1
#undef FURROW_PACK_2
#undef FURROW_PACK_COMPARE
#undef FURROW_PACK_MASK
#undef FURROW_PACK_MATH

inline PackMask operator!(const PackMask& x) noexcept {
  return {hn::Not(x.a), hn::Not(x.b), hn::Not(x.c), hn::Not(x.d)};
}
inline Pack pow(const Pack& x, const Pack& y) noexcept {
  return {math::pow(D(), x.a, y.a), math::pow(D(), x.b, y.b), math::pow(D(), x.c, y.c),
          math::pow(D(), x.d, y.d)};
}
/// x * y + z, rounded once where the target has it.
inline Pack fma(const Pack& x, const Pack& y, const Pack& z) noexcept {
  return {hn::MulAdd(x.a, y.a, z.a), hn::MulAdd(x.b, y.b, z.b), hn::MulAdd(x.c, y.c, z.c),
          hn::MulAdd(x.d, y.d, z.d)};
}
inline Pack where(const PackMask& m, const Pack& x, const Pack& y) noexcept {
  return {hn::IfThenElse(m.a, x.a, y.a), hn::IfThenElse(m.b, x.b, y.b),
          hn::IfThenElse(m.c, x.c, y.c), hn::IfThenElse(m.d, x.d, y.d)};
}
inline bool any(const PackMask& m) noexcept {
  return !hn::AllFalse(D(), hn::Or(hn::Or(m.a, m.b), hn::Or(m.c, m.d)));
}
inline bool all(const PackMask& m) noexcept {
  return hn::AllTrue(D(), hn::And(hn::And(m.a, m.b), hn::And(m.c, m.d)));
}
inline bool none(const PackMask& m) noexcept { return !any(m); }

inline Pack& operator+=(Pack& x, const Pack& y) noexcept { return x = x + y; }
inline Pack& operator-=(Pack& x, const Pack& y) noexcept { return x = x - y; }
inline Pack& operator*=(Pack& x, const Pack& y) noexcept { return x = x * y; }
inline Pack& operator/=(Pack& x, const Pack& y) noexcept { return x = x / y; }
inline PackMask& operator&=(PackMask& x, const PackMask& y) noexcept { return x = x & y; }
inline PackMask& operator|=(PackMask& x, const PackMask& y) noexcept { return x = x | y; }

/// The numbers in order of paths, to and from memory.
inline void store(const Pack& x, double* out) noexcept {
  math::store_interleaved(D(), x.a, x.b, out);
  math::store_interleaved(D(), x.c, x.d, out + Pack::size / 2);
}
inline Pack load(const double* in) noexcept {
  alignas(64) double lanes[4][math::random_lanes];
  for (std::size_t half = 0; half < 2; ++half) {
    for (std::size_t i = 0; i < math::random_lanes; ++i) {
      // Registers hold even and odd paths, their lanes as math::lane_offsets has them.
      const std::size_t pair = i / 2 + i % 2 * (math::random_lanes / 2);
      const double* const at = in + half * Pack::size / 2 + 2 * pair;
      lanes[2 * half][i] = at[0];
      lanes[2 * half + 1][i] = at[1];
    }
  }
  const D d;
  return {hn::Load(d, lanes[0]), hn::Load(d, lanes[1]), hn::Load(d, lanes[2]),
          hn::Load(d, lanes[3])};
}

}  // namespace HWY_NAMESPACE
}  // namespace furrow::montecarlo
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
