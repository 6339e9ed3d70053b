// furrow/kernels/random/gamma.cpp
//
// Gamma numbers and what is made of them: chi-square, beta, Student's t.
//
// Draws of attempt k: normal and uniform 8k and 8k+1, for the second gamma of beta 8k+3 and 8k+4.
// Of the first attempt alone: uniforms 2 and 5, which lift shapes below 1; normal 6 of Student's t.
//
// Method  Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26
// (2000);
//         more than 95 of 100 attempts succeed. A shape a < 1 is that of a + 1 times u^(1/a), kept
//         as a logarithm where it could underflow.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/random/gamma.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/math/exp-inl.h>
#include <furrow/kernels/random/draws-inl.h>
#include <furrow/kernels/random/domain.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

constexpr std::size_t lanes = hn::MaxLanes(F64());

/// ln of a normal positive number.
HWY_INLINE V64 ln(V64 x) noexcept { return log_normal(F64(), x, hn::Zero(F64())); }

/// One attempt from a normal z and a uniform u, for shapes from 1 on.
struct GammaLaw {
  using First = NormalDraw;
  double d, c;

  explicit GammaLaw(double shape) noexcept : d(shape - 1.0 / 3), c(1 / sqrt_of(9 * d)) {}

  HWY_INLINE V64 operator()(V64 z, V64 u) const noexcept {
    const F64 t;
    const V64 one = hn::Set(t, 1.0);
    const V64 root = hn::MulAdd(z, hn::Set(t, c), one);
    const auto positive = hn::Gt(root, hn::Zero(t));
    const V64 v = hn::Mul(hn::Mul(root, root), root);
    const V64 z2 = hn::Mul(z, z);
    auto good = hn::Lt(u, hn::NegMulAdd(hn::Mul(z2, z2), hn::Set(t, 0.0331), one));
    if (!hn::AllTrue(t, good)) {
      const V64 log_v = ln(hn::IfThenElse(positive, v, one));
      const V64 slope = hn::Add(hn::Sub(one, v), log_v);
      const V64 bound = hn::MulAdd(hn::Set(t, d), slope, hn::Mul(hn::Set(t, 0.5), z2));
      good = hn::Or(good, hn::Lt(ln(u), bound));
    }
    const V64 none = hn::Set(t, std::numeric_limits<double>::quiet_NaN());
    return hn::IfThenElse(hn::And(good, positive), hn::Mul(hn::Set(t, d), v), none);
  }
};

/// Gamma numbers of scale 1: G, or for shapes below 1 a G of shape + 1 and ln(u)/shape.
class StandardGamma {
 public:
  explicit StandardGamma(double shape) noexcept
      : lifted(shape < 1), exponent_(1 / shape), law_(lifted ? shape + 1 : shape) {}

  /// Takes draws `purpose` to `purpose` + 2. `power` is written only where `lifted`.
  HWY_INLINE void draw(const DrawSource& source, std::uint32_t purpose, std::uint64_t block,
                       std::size_t count, double* out, double* power) const noexcept {
    draw_accepted(law_, source, purpose, block, count, out);
    if (!lifted) return;
    draw_map<UniformDraw>(source, random_step(0, purpose + 2), block, count, power, *this);
  }
  /// ln(u)/shape
  HWY_INLINE V64 operator()(V64 u) const noexcept {
    return hn::Mul(ln(u), hn::Set(F64(), exponent_));
  }
  /// G * e^power * scale
  HWY_INLINE void chunk(const DrawSource& source, std::uint64_t block, std::size_t count,
                        double* out, double scale) const noexcept {
    const F64 d;
    alignas(64) double power[draw_chunk];
    draw(source, 0, block, count, out, power);
    for (std::size_t j = 0; j < count; j += lanes) {
      V64 x = hn::Load(d, out + j);
      if (lifted) x = hn::Mul(x, exp(d, hn::Load(d, power + j)));
      hn::Store(hn::Mul(x, hn::Set(d, scale)), d, out + j);
    }
  }

  bool lifted;

 private:
  double exponent_;
  GammaLaw law_;
};

template <RandomOp O>
struct Gamma {
  bool valid;
  double scale;
  StandardGamma standard;

  explicit Gamma(const Scalar* p) noexcept
      : valid(random_refusal<O, double>(p) == nullptr),
        scale(O == RandomOp::chisquare ? 2 : p[random_second_real].f64),
        standard(p[random_first_real].f64 * (O == RandomOp::chisquare ? 0.5 : 1)) {}
  HWY_INLINE void chunk(const DrawSource& source, std::uint64_t block, std::size_t count,
                        double* out) const noexcept {
    standard.chunk(source, block, count, out, scale);
  }
};

/// z / sqrt(chisquare(df) / df)
struct StudentT {
  bool valid;
  StandardGamma standard;
  double scale;

  explicit StudentT(const Scalar* p) noexcept
      : valid(random_refusal<RandomOp::student_t, double>(p) == nullptr),
        standard(p[random_first_real].f64 / 2),
        scale(2 / p[random_first_real].f64) {}
  HWY_INLINE V64 operator()(V64 z) const noexcept { return z; }
  HWY_INLINE void chunk(const DrawSource& source, std::uint64_t block, std::size_t count,
                        double* out) const noexcept {
    const F64 d;
    alignas(64) double divisor[draw_chunk];
    standard.chunk(source, block, count, divisor, scale);
    draw_map<NormalDraw>(source, random_step(0, 6), block, count, out, *this);
    for (std::size_t j = 0; j < count; j += lanes) {
      const V64 root = hn::Sqrt(hn::Load(d, divisor + j));
      hn::Store(hn::Div(hn::Load(d, out + j), root), d, out + j);
    }
  }
};

/// X / (X + Y) of two gammas; as 1 / (1 + Y/X) by logarithms where one of them may underflow.
struct Beta {
  bool valid;
  StandardGamma left, right;

  /// Below it ln(u)/shape would overflow; the numbers are the same, 0 and 1.
  static double shape_of(const Scalar& a) noexcept { return a.f64 < 1e-290 ? 1e-290 : a.f64; }
  explicit Beta(const Scalar* p) noexcept
      : valid(random_refusal<RandomOp::beta, double>(p) == nullptr),
        left(shape_of(p[random_first_real])),
        right(shape_of(p[random_second_real])) {}

  HWY_INLINE void chunk(const DrawSource& source, std::uint64_t block, std::size_t count,
                        double* out) const noexcept {
    const F64 d;
    alignas(64) double y[draw_chunk], x_power[draw_chunk], y_power[draw_chunk];
    left.draw(source, 0, block, count, out, x_power);
    right.draw(source, 3, block, count, y, y_power);
    for (std::size_t j = 0; j < count; j += lanes) {
      const V64 gx = hn::Load(d, out + j);
      const V64 gy = hn::Load(d, y + j);
      if (!left.lifted && !right.lifted) {
        hn::Store(hn::Div(gx, hn::Add(gx, gy)), d, out + j);
        continue;
      }
      V64 ratio = ln(hn::Div(gy, gx));  // ln of Y/X
      if (left.lifted) ratio = hn::Sub(ratio, hn::Load(d, x_power + j));
      if (right.lifted) ratio = hn::Add(ratio, hn::Load(d, y_power + j));
      const V64 one = hn::Set(d, 1.0);
      hn::Store(hn::Div(one, hn::Add(one, exp(d, ratio))), d, out + j);
    }
  }
};

template <class Distribution>
constexpr void set_floats(RandomTable& table, RandomOp op) noexcept {
  table.at(op, Dtype::f32) = &fill_drawn<Distribution, float>;
  table.at(op, Dtype::f64) = &fill_drawn<Distribution, double>;
}

constexpr RandomTable make_random_gamma() noexcept {
  RandomTable table;
  set_floats<Gamma<RandomOp::gamma>>(table, RandomOp::gamma);
  set_floats<Gamma<RandomOp::chisquare>>(table, RandomOp::chisquare);
  set_floats<Beta>(table, RandomOp::beta);
  set_floats<StudentT>(table, RandomOp::student_t);
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const RandomTable* random_gamma_table() {
  static constexpr RandomTable table = make_random_gamma();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(random_gamma_table);

const RandomTable* resolve_random_gamma(std::size_t slot) noexcept {
  return FURROW_DISPATCH(random_gamma_table, slot);
}

}  // namespace furrow::kernels
#endif
