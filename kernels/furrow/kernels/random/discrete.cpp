// furrow/kernels/random/discrete.cpp
//
// Poisson and binomial numbers.
//
// Small means  inversion of draw 0 in a table of cumulative probabilities, made once for a tile
// Others       transformed rejection with squeeze, draws 8k and 8k+1 for attempt k: Hörmann, "The
//              transformed rejection method for generating Poisson random variables", Insurance:
//              Mathematics and Economics 12 (1993), and "The generation of binomial random
//              variates", J. Stat. Comput. Simul. 46 (1993). About 85 of 100 attempts succeed.
// Densities    by deviances (Loader, "Fast and accurate computation of binomial probabilities",
//              2000) instead of differences of large logarithms: right for any mean
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/random/discrete.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/math/exp-inl.h>
#include <furrow/kernels/random/draws-inl.h>
#include <furrow/kernels/random/domain.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

HWY_INLINE V64 ln(V64 x) noexcept { return log_normal(F64(), x, hn::Zero(F64())); }
HWY_INLINE V64 none() noexcept { return hn::Set(F64(), std::numeric_limits<double>::quiet_NaN()); }

/// ln(k!) - ln(sqrt(2 pi k) (k/e)^k) for k = 1..15; 0 for k = 0 (see root_of).
constexpr double stirling_table[16] = {0x0.0p+0,
                                       0x1.4c071bcda0a5bp-4,
                                       0x1.52a9b923ea649p-5,
                                       0x1.c579a268d80b3p-6,
                                       0x1.54a2662fd78a9p-6,
                                       0x1.10b4e513fcbedp-6,
                                       0x1.c6b167bebdf36p-7,
                                       0x1.85d4d612e4a86p-7,
                                       0x1.552805e7b3076p-7,
                                       0x1.2f4871b12ab64p-7,
                                       0x1.10f9d4c0743a7p-7,
                                       0x1.f0593088014f8p-8,
                                       0x1.c7018733aa9c6p-8,
                                       0x1.a40514700f36cp-8,
                                       0x1.86076c002d4a7p-8,
                                       0x1.6c08f6f194a10p-8};

/// What Stirling's formula leaves out of ln(k!), for whole k >= 0: exact to 2e-14.
HWY_INLINE V64 stirling_rest(V64 k) noexcept {
  const F64 d;
  const hn::RebindToSigned<F64> di;
  const V64 last = hn::Set(d, 15.0);
  const auto small = hn::Le(k, last);
  const V64 low =
      hn::GatherIndex(d, stirling_table, hn::ConvertTo(di, hn::IfThenElse(small, k, last)));
  const V64 x = hn::Div(hn::Set(d, 1.0), hn::IfThenElse(small, last, k));
  const V64 x2 = hn::Mul(x, x);
  V64 high = hn::MulAdd(x2, hn::Set(d, -1.0 / 1680), hn::Set(d, 1.0 / 1260));
  high = hn::MulAdd(x2, high, hn::Set(d, -1.0 / 360));
  high = hn::MulAdd(x2, high, hn::Set(d, 1.0 / 12));
  return hn::IfThenElse(small, low, hn::Mul(x, high));
}

/// sqrt(2 pi k), and 1 for k = 0: then ln(k!) is 0, as it should be.
HWY_INLINE V64 root_of(V64 k) noexcept {
  const F64 d;
  const V64 x = hn::Mul(k, hn::Set(d, 6.283185307179586));
  return hn::Sqrt(hn::IfThenElse(hn::Gt(x, hn::Set(d, 1.0)), x, hn::Set(d, 1.0)));
}

/// The deviance x ln(x/m) + m - x for x >= 0, m > 0.
HWY_INLINE V64 deviance(V64 x, V64 m) noexcept {
  const F64 d;
  const V64 difference = hn::Sub(x, m);
  const V64 v = hn::Div(difference, hn::Add(x, m));
  const V64 w = hn::Mul(v, v);
  V64 series = hn::Set(d, 1.0 / 17);
  for (const double odd : {15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0}) {
    series = hn::MulAdd(w, series, hn::Set(d, 1 / odd));
  }
  const V64 twice = hn::Mul(hn::Add(x, x), hn::Mul(v, w));
  const V64 near = hn::MulAdd(twice, series, hn::Mul(difference, v));
  const auto is_near = hn::Lt(w, hn::Set(d, 0.01));
  if (hn::AllTrue(d, is_near)) return near;
  const auto positive = hn::Gt(x, hn::Zero(d));
  const V64 ratio = hn::IfThenElse(positive, hn::Div(x, m), hn::Set(d, 1.0));
  const V64 far = hn::Sub(hn::Mul(x, ln(ratio)), difference);
  return hn::IfThenElse(is_near, near, far);
}

/// Cumulative probabilities from 0 on, and the number that a uniform stands for.
class Table {
 public:
  /// ratio(k) = P(k) / P(k-1)
  template <class Ratio>
  void make(double p0, double largest, Ratio ratio) noexcept {
    double p = p0;
    double sum = p0;
    size_ = 0;
    while (size_ + 1 < table_entries && sum < 1 && static_cast<double>(size_) < largest) {
      cumulative_[size_++] = sum;
      p *= ratio(static_cast<double>(size_));
      sum += p;
    }
  }

  /// How many entries are below u. All vectors of a call together: one loop, many in flight.
  template <std::size_t G>
  HWY_INLINE void look_up(const V64 (&u)[G], V64 (&k)[G]) const noexcept {
    const F64 d;
    for (std::size_t g = 0; g < G; ++g) k[g] = hn::Zero(d);
    for (std::size_t at = 0; at < size_; ++at) {
      const V64 bound = hn::Set(d, cumulative_[at]);
      V64 more = hn::Zero(d);
      for (std::size_t g = 0; g < G; ++g) {
        const V64 one = hn::IfThenElseZero(hn::Gt(u[g], bound), hn::Set(d, 1.0));
        k[g] = hn::Add(k[g], one);
        more = hn::Or(more, one);
      }
      if (hn::AllTrue(d, hn::Eq(more, hn::Zero(d)))) return;
    }
  }

  HWY_INLINE void chunk(const DrawSource& source, std::uint64_t block, std::size_t count,
                        double* HWY_RESTRICT out) const noexcept {
    for (std::size_t at = 0; at < count; at += draw_unit) {
      const RandomWords words =
          philox_vectors(block + at / 2, source.offsets, source.stream, source.key);
      V64 u[2 * random_groups], k[2 * random_groups];
      for (std::size_t g = 0; g < random_groups; ++g) {
        u[2 * g] = unit(words.a[g]);
        u[2 * g + 1] = unit(words.b[g]);
      }
      look_up(u, k);
      for (std::size_t g = 0; g < random_groups; ++g) {
        store_interleaved(F64(), k[2 * g], k[2 * g + 1], out + at + g * 2 * random_lanes);
      }
    }
  }

 private:
  std::size_t size_ = 0;
  double cumulative_[table_entries];
};

/// A hat of two uniforms: the candidate k, and the quick answer. What both papers share.
struct Hat {
  double a, b, centre, quick;

  struct Candidate {
    V64 k, width;  // width: what the acceptance's logarithm divides by
    hn::Mask<F64> accepted;
  };
  HWY_INLINE Candidate at(V64 u, V64 v) const noexcept {
    const F64 d;
    const V64 half = hn::Set(d, 0.5);
    u = hn::Sub(u, half);
    const V64 us = hn::Sub(half, hn::Abs(u));
    const V64 slope = hn::Add(hn::Div(hn::Set(d, 2 * a), us), hn::Set(d, b));
    Candidate out;
    out.k = hn::Floor(hn::MulAdd(slope, u, hn::Set(d, centre)));
    out.width = hn::Add(hn::Div(hn::Set(d, a), hn::Mul(us, us)), hn::Set(d, b));
    out.accepted = hn::And(hn::Ge(us, hn::Set(d, 0.07)), hn::Le(v, hn::Set(d, quick)));
    return out;
  }
};

struct PoissonLaw {
  using First = UniformDraw;
  double lam, inverse_alpha;
  Hat hat;

  explicit PoissonLaw(double mean) noexcept : lam(mean) {
    hat.b = 0.931 + 2.53 * sqrt_of(lam);
    hat.a = -0.059 + 0.02483 * hat.b;
    hat.centre = lam + 0.43;
    hat.quick = 0.9277 - 3.6224 / (hat.b - 2);
    inverse_alpha = 1.1239 + 1.1328 / (hat.b - 3.4);
  }
  HWY_INLINE V64 operator()(V64 u, V64 v) const noexcept {
    const F64 d;
    const Hat::Candidate at = hat.at(u, v);
    auto good = at.accepted;
    if (!hn::AllTrue(d, good)) {
      const auto possible = hn::Ge(at.k, hn::Zero(d));
      const V64 k = hn::IfThenElseZero(possible, at.k);
      const V64 bound = hn::Neg(hn::Add(stirling_rest(k), deviance(k, hn::Set(d, lam))));
      const V64 scaled = hn::Mul(hn::Mul(v, hn::Set(d, inverse_alpha)), root_of(k));
      good = hn::Or(good, hn::And(possible, hn::Le(ln(hn::Div(scaled, at.width)), bound)));
    }
    return hn::IfThenElse(good, at.k, none());
  }
};

struct Poisson {
  bool valid, small;
  PoissonLaw law;
  Table table;

  explicit Poisson(const Scalar* p) noexcept
      : valid(random_refusal<RandomOp::poisson, double>(p) == nullptr),
        small(p[random_first_real].f64 < table_mean_max),
        law(small || !valid ? table_mean_max : p[random_first_real].f64) {
    const double lam = p[random_first_real].f64;
    if (!valid || !small) return;
    table.make(hn::GetLane(exp(F64(), hn::Set(F64(), -lam))), 0x1p52,
               [lam](double k) { return lam / k; });
  }
  HWY_INLINE void chunk(const DrawSource& source, std::uint64_t block, std::size_t count,
                        double* out) const noexcept {
    if (small) return table.chunk(source, block, count, out);
    draw_accepted(law, source, 0, block, count, out);
  }
};

/// For p <= 1/2 and n p >= 10.
struct BinomialLaw {
  using First = UniformDraw;
  double n, mean, rest, alpha, log_mode;
  Hat hat;

  BinomialLaw(double count, double p) noexcept : n(count), mean(n * p), rest(n - mean) {
    const double deviation = sqrt_of(mean * (1 - p));
    hat.b = 1.15 + 2.53 * deviation;
    hat.a = -0.0873 + 0.0248 * hat.b + 0.01 * p;
    hat.centre = mean + 0.5;
    hat.quick = 0.92 - 4.2 / hat.b;
    alpha = (2.83 + 5.1 / hat.b) * deviation;
    const V64 mode = hn::Floor(hn::Set(F64(), (n + 1) * p));
    log_mode = -hn::GetLane(hn::Add(minus_log(mode), ln(roots(mode))));
  }
  /// -ln P(k), without the roots' part.
  HWY_INLINE V64 minus_log(V64 k) const noexcept {
    const F64 d;
    const V64 others = hn::Sub(hn::Set(d, n), k);
    const V64 stirling = hn::Add(stirling_rest(k), stirling_rest(others));
    return hn::Add(stirling,
                   hn::Add(deviance(k, hn::Set(d, mean)), deviance(others, hn::Set(d, rest))));
  }
  HWY_INLINE V64 roots(V64 k) const noexcept {
    return hn::Mul(root_of(k), root_of(hn::Sub(hn::Set(F64(), n), k)));
  }
  HWY_INLINE V64 operator()(V64 u, V64 v) const noexcept {
    const F64 d;
    const Hat::Candidate at = hat.at(u, v);
    auto good = at.accepted;
    if (!hn::AllTrue(d, good)) {
      const auto possible = hn::And(hn::Ge(at.k, hn::Zero(d)), hn::Le(at.k, hn::Set(d, n)));
      const V64 k = hn::IfThenElseZero(possible, at.k);
      const V64 bound = hn::Neg(hn::Add(minus_log(k), hn::Set(d, log_mode)));
      const V64 scaled = hn::Mul(hn::Mul(v, hn::Set(d, alpha)), roots(k));
      good = hn::Or(good, hn::And(possible, hn::Le(ln(hn::Div(scaled, at.width)), bound)));
    }
    return hn::IfThenElse(good, at.k, none());
  }
};

struct Binomial {
  bool valid, mirrored;
  double n, p;
  bool small;
  BinomialLaw law;
  Table table;

  explicit Binomial(const Scalar* parameters) noexcept
      : valid(random_refusal<RandomOp::binomial, double>(parameters) == nullptr),
        mirrored(valid && parameters[random_second_real].f64 > 0.5),
        n(valid ? parameters[random_first_real].f64 : 0),
        p(mirrored ? 1 - parameters[random_second_real].f64
                   : (valid ? parameters[random_second_real].f64 : 0)),
        small(n * p < table_mean_max),
        law(small ? 2 * table_mean_max : n, small ? 0.5 : p) {
    if (!small) return;
    // (1 - p)^n: the logarithm of 1 - p, put right for what 1 - p loses (as in -ln(1 - p) = p/kept
    // times that of the rounded number).
    const double others = 1 - p;
    const double kept = 1 - others;
    const double log_others = kept == 0 ? -p : log_of(others) * (p / kept);
    const double odds = p / others;
    const double count = n;
    table.make(hn::GetLane(exp(F64(), hn::Set(F64(), n * log_others))), n,
               [=](double k) { return (count + 1 - k) / k * odds; });
  }
  HWY_INLINE void chunk(const DrawSource& source, std::uint64_t block, std::size_t count,
                        double* out) const noexcept {
    if (small) {
      table.chunk(source, block, count, out);
    } else {
      draw_accepted(law, source, 0, block, count, out);
    }
    if (!mirrored) return;
    for (std::size_t j = 0; j < count; ++j) out[j] = n - out[j];
  }
};

template <class Distribution>
constexpr void set_counts(RandomTable& table, RandomOp op) noexcept {
  table.at(op, Dtype::i64) = &fill_drawn<Distribution, std::int64_t>;
  table.at(op, Dtype::u64) = &fill_drawn<Distribution, std::uint64_t>;
  table.at(op, Dtype::f64) = &fill_drawn<Distribution, double>;
}

constexpr RandomTable make_random_discrete() noexcept {
  RandomTable table;
  set_counts<Poisson>(table, RandomOp::poisson);
  set_counts<Binomial>(table, RandomOp::binomial);
  return table;
}

// Not noexcept: HWY_EXPORT of Highway 1.0.3 takes none.
const RandomTable* random_discrete_table() {
  static constexpr RandomTable table = make_random_discrete();
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels {

HWY_EXPORT(random_discrete_table);

const RandomTable* resolve_random_discrete(std::size_t slot) noexcept {
  return FURROW_DISPATCH(random_discrete_table, slot);
}

}  // namespace furrow::kernels
#endif
