// furrow/kernels/random/inverse.cpp
//
// Distributions that are a function of one draw: x[i] = F^-1(u[i]), u being what random_uniform
// gives with (0, 1), and increasing in u; and e^z of the normal. Element i is draw i of step 0.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/random/inverse.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/math/exp-inl.h>
#include <furrow/kernels/random/draws-inl.h>
#include <furrow/kernels/random/domain.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

/// ln of a normal positive number.
HWY_INLINE V64 ln(V64 x) noexcept { return log_normal(F64(), x, hn::Zero(F64())); }

/// -ln(1 - u), the standard exponential: 1 - u is exact, and never 0.
HWY_INLINE V64 standard_exponential(V64 u) noexcept {
  return hn::Neg(ln(hn::Sub(hn::Set(F64(), 1.0), u)));
}

/// Self is a function of a vector of draws.
template <class Self, RandomOp O, class Draw = UniformDraw>
struct Mapped {
  bool valid;
  double first, second;

  explicit Mapped(const Scalar* p) noexcept
      : valid(random_refusal<O, double>(p) == nullptr),
        first(p[random_first_real].f64),
        second(p[random_second_real].f64) {}
  HWY_INLINE void chunk(const DrawSource& source, std::uint64_t block, std::size_t count,
                        double* out) const noexcept {
    draw_map<Draw>(source, 0, block, count, out, static_cast<const Self&>(*this));
  }
  /// first + second * x: what a location and a scale make of it.
  HWY_INLINE V64 located(V64 x) const noexcept {
    return hn::MulAdd(x, hn::Set(F64(), second), hn::Set(F64(), first));
  }
};

struct Exponential : Mapped<Exponential, RandomOp::exponential> {
  using Mapped::Mapped;
  HWY_INLINE V64 operator()(V64 u) const noexcept {
    return hn::Mul(standard_exponential(u), hn::Set(F64(), first));
  }
};

struct Weibull : Mapped<Weibull, RandomOp::weibull> {
  double exponent;
  explicit Weibull(const Scalar* p) noexcept : Mapped(p), exponent(1 / first) {}
  HWY_INLINE V64 operator()(V64 u) const noexcept {
    const V64 power = hn::Mul(ln(standard_exponential(u)), hn::Set(F64(), exponent));
    return hn::Mul(exp(F64(), power), hn::Set(F64(), second));
  }
};

struct Rayleigh : Mapped<Rayleigh, RandomOp::rayleigh> {
  using Mapped::Mapped;
  HWY_INLINE V64 operator()(V64 u) const noexcept {
    const V64 twice = hn::Mul(standard_exponential(u), hn::Set(F64(), 2.0));
    return hn::Mul(hn::Sqrt(twice), hn::Set(F64(), first));
  }
};

struct Pareto : Mapped<Pareto, RandomOp::pareto> {
  double exponent;
  explicit Pareto(const Scalar* p) noexcept : Mapped(p), exponent(1 / first) {}
  HWY_INLINE V64 operator()(V64 u) const noexcept {
    const V64 power = hn::Mul(standard_exponential(u), hn::Set(F64(), exponent));
    return hn::Mul(exp(F64(), power), hn::Set(F64(), second));
  }
};

struct Laplace : Mapped<Laplace, RandomOp::laplace> {
  using Mapped::Mapped;
  HWY_INLINE V64 operator()(V64 u) const noexcept {
    const F64 d;
    const V64 rest = hn::Sub(hn::Set(d, 1.0), u);
    const auto lower = hn::Lt(u, rest);
    const V64 x = ln(hn::Mul(hn::IfThenElse(lower, u, rest), hn::Set(d, 2.0)));
    return located(hn::IfThenElse(lower, x, hn::Neg(x)));
  }
};

struct Logistic : Mapped<Logistic, RandomOp::logistic> {
  using Mapped::Mapped;
  HWY_INLINE V64 operator()(V64 u) const noexcept {
    return located(ln(hn::Div(u, hn::Sub(hn::Set(F64(), 1.0), u))));
  }
};

struct Gumbel : Mapped<Gumbel, RandomOp::gumbel> {
  using Mapped::Mapped;
  HWY_INLINE V64 operator()(V64 u) const noexcept { return located(hn::Neg(ln(hn::Neg(ln(u))))); }
};

struct Cauchy : Mapped<Cauchy, RandomOp::cauchy> {
  using Mapped::Mapped;
  HWY_INLINE V64 operator()(V64 u) const noexcept {
    const F64 d;
    // Half a turn from end to end; u - 1/2 is exact.
    const V64 turns = hn::Mul(hn::Sub(u, hn::Set(d, 0.5)), hn::Set(d, 0.5));
    const SinCos<V64> at = sincos_turns(d, turns);
    return located(hn::Div(at.sin, at.cos));
  }
};

struct Lognormal : Mapped<Lognormal, RandomOp::lognormal, NormalDraw> {
  using Mapped::Mapped;
  HWY_INLINE V64 operator()(V64 z) const noexcept { return exp(F64(), located(z)); }
};

struct Bernoulli : Mapped<Bernoulli, RandomOp::bernoulli> {
  using Mapped::Mapped;
  HWY_INLINE V64 operator()(V64 u) const noexcept {
    const F64 d;
    return hn::IfThenElseZero(hn::Lt(u, hn::Set(d, first)), hn::Set(d, 1.0));
  }
};

struct Geometric : Mapped<Geometric, RandomOp::geometric> {
  double scale;
  explicit Geometric(const Scalar* p) noexcept : Mapped(p) {
    // -ln(1 - p) by Kahan's correction: what 1 - p loses is put right by (1 - p) - 1.
    const double rest = 1 - first;
    const double kept = 1 - rest;
    scale = first == 1 ? 0 : (kept == 0 ? 1 / first : kept / (first * -log_of(rest)));
  }
  HWY_INLINE V64 operator()(V64 u) const noexcept {
    const F64 d;
    const V64 x = hn::Ceil(hn::Mul(standard_exponential(u), hn::Set(d, scale)));
    // i64 must hold it whatever p.
    return hn::Min(hn::Max(x, hn::Set(d, 1.0)), hn::Set(d, 0x1p62));
  }
};

template <class Distribution>
constexpr void set_floats(RandomTable& table, RandomOp op) noexcept {
  table.at(op, Dtype::f32) = &fill_drawn<Distribution, float>;
  table.at(op, Dtype::f64) = &fill_drawn<Distribution, double>;
}

constexpr RandomTable make_random_inverse() noexcept {
  RandomTable table;
  set_floats<Exponential>(table, RandomOp::exponential);
  set_floats<Weibull>(table, RandomOp::weibull);
  set_floats<Rayleigh>(table, RandomOp::rayleigh);
  set_floats<Pareto>(table, RandomOp::pareto);
  set_floats<Laplace>(table, RandomOp::laplace);
  set_floats<Logistic>(table, RandomOp::logistic);
  set_floats<Gumbel>(table, RandomOp::gumbel);
  set_floats<Cauchy>(table, RandomOp::cauchy);
  set_floats<Lognormal>(table, RandomOp::lognormal);
  table.at(RandomOp::bernoulli, Dtype::bool_) = &fill_drawn<Bernoulli, bool>;
  table.at(RandomOp::geometric, Dtype::i64) = &fill_drawn<Geometric, std::int64_t>;
  table.at(RandomOp::geometric, Dtype::u64) = &fill_drawn<Geometric, std::uint64_t>;
  table.at(RandomOp::geometric, Dtype::f64) = &fill_drawn<Geometric, double>;
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const RandomTable* random_inverse_table() {
  static constexpr RandomTable table = make_random_inverse();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(random_inverse_table);

const RandomTable* resolve_random_inverse(std::size_t slot) noexcept {
  return FURROW_DISPATCH(random_inverse_table, slot);
}

}  // namespace furrow::kernels
#endif
