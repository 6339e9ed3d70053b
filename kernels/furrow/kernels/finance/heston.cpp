// furrow/kernels/finance/heston.cpp
//
// Heston's price as one integral over the characteristic function of X = ln(S_T/F), on the line
// u - i/2 where it is largest (Lewis):
//
//   call = BS(w) + sqrt(asset bond)/π ∫ Re e^(iuk) (e^(-w(u²+1/4)/2) - φ(u - i/2))/(u² + 1/4) du
//
// with k = ln(F/K) and w the expected variance: the price of Black and Scholes takes the large part
// and the integrand is smooth, small and without poles. φ in the "little trap" form, written with
// β² - d² = -ξ²(u² + 1/4), so that small ξ costs no digits. u = t/((1-t) sqrt w), t in [0, 1), by
// 15 points of Kronrod, the worst panel halved until the errors' sum is small. Nodes are in lanes;
// sums go panel by panel in one order.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/finance/heston.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/finance/lognormal-inl.h>
#include <furrow/kernels/math/atan-inl.h>
#include <furrow/kernels/math/sine-inl.h>
#include <furrow/kernels/finance/models.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels::finance {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

HWY_NOINLINE V call_atan2(V y, V x) noexcept { return math::atan2(D(), y, x); }
HWY_NOINLINE V call_sin(V x) noexcept { return math::sin(D(), x); }
HWY_NOINLINE V call_cos(V x) noexcept { return math::cos(D(), x); }

struct Complex {
  Real re, im;
};
HWY_INLINE Complex operator+(Complex x, Complex y) noexcept { return {x.re + y.re, x.im + y.im}; }
HWY_INLINE Complex operator*(Complex x, Complex y) noexcept {
  return {x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re};
}
HWY_INLINE Complex operator*(Real x, Complex y) noexcept { return {x * y.re, x * y.im}; }
HWY_INLINE Complex inverse(Complex x) noexcept {
  const Real square = x.re * x.re + x.im * x.im;
  return {x.re / square, -x.im / square};
}
HWY_INLINE Complex exp(Complex x) noexcept {
  const Real size = exp(x.re);
  return {size * Real(call_cos(x.im.v)), size * Real(call_sin(x.im.v))};
}
/// REQUIRES: x.re > 0.
HWY_INLINE Complex sqrt(Complex x) noexcept {
  const Real size = sqrt(x.re * x.re + x.im * x.im);
  const Real re = sqrt(Real(0.5) * (size + x.re));
  return {re, Real(0.5) * x.im / re};
}

/// The model in the variables of the integral.
struct Transform {
  double beta;    // κ - ρξ/2
  double cross;   // ρξ
  double square;  // ξ²
  double level;   // κθ
  double variance, maturity;
  double expected;   // w
  double moneyness;  // k
  double width;      // 1/sqrt w
};

/// ln φ(u - i/2).
HWY_INLINE Complex log_characteristic(const Transform& at, Real u) noexcept {
  const Real height = u * u + Real(0.25);
  const Complex beta = {at.beta, Real(-at.cross) * u};
  const Complex square = {beta.re * beta.re - beta.im * beta.im + Real(at.square) * height,
                          Real(2.0) * beta.re * beta.im};
  const Complex d = sqrt(square);
  const Complex sum = inverse(beta + d);              // 1/(β + d)
  const Complex minus = -height * sum;                // (β - d)/ξ²
  const Complex small = minus * sum;                  // g/ξ²
  const Complex faded = exp(Real(-at.maturity) * d);  // e^(-dT)
  const Complex g = Real(at.square) * small, p = g * faded;
  const Complex one_minus_faded = {Real(1.0) - faded.re, -faded.im};
  // ln((1 - p)/(1 - g))/ξ²: to first order where ξ² is below the rounding of 1
  Complex fraction = small * one_minus_faded;
  if (at.square > 1e-16) {
    const Real up = p.re * p.re + p.im * p.im - Real(2.0) * p.re;
    const Real down = g.re * g.re + g.im * g.im - Real(2.0) * g.re;
    fraction.re = Real(0.5 / at.square) * (log1p(up) - log1p(down));
    const Real im = g.im - p.im + p.im * g.re - p.re * g.im;
    const Real re = Real(1.0) - p.re - g.re + p.re * g.re + p.im * g.im;
    fraction.im = Real(1 / at.square) * Real(call_atan2(im.v, re.v));
  }
  const Complex long_run = Real(at.level) * (Real(at.maturity) * minus + Real(-2.0) * fraction);
  const Complex below = {Real(1.0) - p.re, -p.im};
  const Complex now = Real(at.variance) * (minus * one_minus_faded * inverse(below));
  return long_run + now;
}

/// The integrand in t, times du/dt.
HWY_NOINLINE V integrand(const Transform& at, V t) noexcept {
  const Real rest = Real(1.0) - Real(t);
  const Real u = Real(at.width) * Real(t) / rest;
  const Real height = u * u + Real(0.25);
  const Complex log_phi = log_characteristic(at, u);
  const Complex phi = exp(Complex{log_phi.re, log_phi.im + u * Real(at.moneyness)});
  const Real wave = call_cos((u * Real(at.moneyness)).v);
  const Real control = exp(Real(-0.5 * at.expected) * height) * wave;
  return ((control - phi.re) / height * Real(at.width) / (rest * rest)).v;
}

struct Panel {
  double from, to, value, error;
};

Panel integrate(const Transform& at, double from, double to) noexcept {
  // Kronrod's points for Gauss's seven (every second of them), and both weights.
  static constexpr double node[8] = {
      0.991455371120812639, 0.949107912342758525, 0.864864423359769073, 0.741531185599394440,
      0.586087235467691130, 0.405845151377397167, 0.207784955007898468, 0};
  static constexpr double kronrod[8] = {
      0.022935322010529225, 0.063092092629978553, 0.104790010322250184, 0.140653259715525919,
      0.169004726639267903, 0.190350578064785410, 0.204432940075298892, 0.209482141084727828};
  static constexpr double gauss[4] = {0.129484966168869693, 0.279705391489276668,
                                      0.381830050505118945, 0.417959183673469388};
  const double middle = 0.5 * (from + to), half = 0.5 * (to - from);
  alignas(64) double t[16], f[16];
  for (std::size_t i = 0; i < 8; ++i) {
    t[i] = middle - half * node[i];
    t[15 - i] = middle + half * node[i];
  }
  for (std::size_t i = 0; i < 16; i += lanes) {
    hn::Store(integrand(at, hn::Load(D(), t + i)), D(), f + i);
  }
  double wide = kronrod[7] * f[7], narrow = gauss[3] * f[7];
  for (std::size_t i = 0; i < 7; ++i) {
    wide += kronrod[i] * (f[i] + f[15 - i]);
    if (i % 2 == 1) narrow += gauss[i / 2] * (f[i] + f[15 - i]);
  }
  const double difference = half * (wide - narrow);
  return {from, to, half * wide, difference < 0 ? -difference : difference};
}

/// The whole integral; `from` and `to` are not used.
Panel integrate_all(const Transform& at, double tolerance) noexcept {
  constexpr std::size_t panels_max = 600;
  Panel panels[panels_max];
  std::size_t count = 0;
  constexpr double end = 1 - 0x1p-40;  // u is 10^12 widths there
  for (int i = 0; i < 4; ++i) {
    panels[count++] = integrate(at, end * 0.25 * i, end * 0.25 * (i + 1));
  }
  Panel sum{};
  for (;;) {
    sum.value = sum.error = 0;
    std::size_t worst = 0;
    for (std::size_t i = 0; i < count; ++i) {
      sum.value += panels[i].value;
      sum.error += panels[i].error;
      if (panels[i].error > panels[worst].error) worst = i;
    }
    if (!(sum.error > tolerance) || count == panels_max) return sum;
    const Panel split = panels[worst];
    const double middle = 0.5 * (split.from + split.to);
    panels[worst] = integrate(at, split.from, middle);
    panels[count++] = integrate(at, middle, split.to);
  }
}

bool in_domain(const Heston& o) noexcept {
  return o.spot > 0 && o.strike > 0 && o.maturity >= 0 && o.variance >= 0 && o.reversion >= 0 &&
         o.mean >= 0 && o.volatility >= 0 && o.correlation >= -1 && o.correlation <= 1;
}

double one(Real x) noexcept { return hn::GetLane(x.v); }

HestonPrice heston_of(const Heston& o) noexcept {
  if (!in_domain(o)) return {one(not_a_number()), one(not_a_number())};
  const double gone =
      o.reversion == 0 ? o.maturity : -one(expm1(Real(-o.reversion * o.maturity))) / o.reversion;
  const double expected = o.mean * o.maturity + (o.variance - o.mean) * gone;
  Lognormal at;
  at.asset = Real(o.spot) * exp(Real(-o.dividend * o.maturity));
  at.bond = Real(o.strike) * exp(Real(-o.rate * o.maturity));
  at.deviation = sqrt(max(Real(expected), 0.0));
  const double moneyness =
      one(log(Real(o.spot) / Real(o.strike))) + (o.rate - o.dividend) * o.maturity;
  set_d(at, moneyness);
  const double plain = one(european_price(at, static_cast<double>(o.right)));
  if (o.volatility == 0 || !(expected > 0)) return {plain, 0};
  const double cross = o.correlation * o.volatility;
  const Transform transform{o.reversion - 0.5 * cross,
                            cross,
                            o.volatility * o.volatility,
                            o.reversion * o.mean,
                            o.variance,
                            o.maturity,
                            expected,
                            moneyness,
                            one(Real(1.0) / at.deviation)};
  // The same for calls and puts, by their parity.
  const double scale = one(sqrt(at.asset * at.bond)) / 3.14159265358979323846;
  const Panel sum = integrate_all(transform, 1e-11 * (o.spot + o.strike) / scale);
  return {plain + scale * sum.value, scale * sum.error};
}

const HestonTable* heston_table() {
  static constexpr HestonTable table = {&heston_of};
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels::finance
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels::finance {

FURROW_EXPORT_TABLE(HestonTable, heston);

namespace {
constinit Dispatch<HestonTable> heston_functions{resolve_heston};
}  // namespace

HestonPrice heston(const Heston& option) noexcept { return heston_functions.table().price(option); }

}  // namespace furrow::kernels::finance
#endif
