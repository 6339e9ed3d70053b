// furrow/kernels/finance/models.cpp
//
// Merton's jumps and short rates. Heston's model has a file of its own.
#include <furrow/kernels/simd.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "furrow/kernels/finance/models.cpp"
#include <hwy/foreach_target.h>
//
#include <furrow/kernels/finance/lognormal-inl.h>
#include <furrow/kernels/finance/models.hpp>

HWY_BEFORE_NAMESPACE();
namespace furrow::kernels::finance {
namespace HWY_NAMESPACE {
namespace {  // names here recur in other files

struct MertonFormula {
  static constexpr std::size_t columns = 9;
  double sign;
  explicit MertonFormula(const FormulaCall& call) noexcept : sign(call.sign) {}

  Real operator()(const Real* in) const noexcept {
    const Real maturity = in[5], intensity = in[6], spread = in[8];
    const Real gamma = in[7] + Real(0.5) * spread * spread;  // ln of a jump's mean factor
    const Real drift = (in[2] - intensity * expm1(gamma)) * maturity;
    const Real start = log(in[0] / in[1]) - in[3] * maturity;
    const Real variance = in[4] * in[4] * maturity;
    // The numbers of jumps, Poisson's law: as the bond counts them, and as the asset does.
    const Real of_bond = intensity * maturity, of_asset = of_bond * exp(gamma);
    const Mask counted = both(of_bond >= Real(0.0), max(of_bond, of_asset) <= Real(700.0));
    const Mask valid = both(counted, both(in[4] >= Real(0.0), spread >= Real(0.0)));
    Real bond_weight = exp(-where(valid, of_bond, 0.0));
    Real asset_weight = exp(-where(valid, of_asset, 0.0));
    const Real asset = in[0] * exp(-in[3] * maturity), bond = in[1] * exp(-in[2] * maturity);
    Real sum = 0.0;
    Mask active = valid;
    // At most the mean, twenty deviations of a Poisson variable, and a few.
    for (int n = 0; n < 1400 && any(active); ++n) {
      const Real count = static_cast<double>(n);
      Lognormal at;
      at.asset = asset_weight * asset;
      at.bond = bond_weight * bond;
      at.deviation = sqrt(fma(count, spread * spread, variance));
      set_d(at, start + fma(count, gamma, drift));
      const Real term = european_price(at, sign);
      sum = where(active, sum + term, sum);
      bond_weight = bond_weight * of_bond / (count + Real(1.0));
      asset_weight = asset_weight * of_asset / (count + Real(1.0));
      // A call is at most its asset, a put its bond; each later weight is less than half of the one
      // before. Jumps down by a large factor leave the asset's weights spent long before the
      // bond's.
      const Real weight = sign > 0 ? asset_weight : bond_weight;
      const Real mean = sign > 0 ? of_asset : of_bond;
      const Mask over = both(weight<Real(0x1p-64), count> Real(2.0) * mean);
      active = both(active, hn::Not(over));
    }
    return where(valid, sum, not_a_number());
  }
};

/// (1 - e^(-at))/a, t where at is 0, or so small that it may have lost digits.
HWY_INLINE Real decay(Real a, Real t) noexcept {
  return where(abs(a * t) < Real(0x1p-960), t, -expm1(-a * t) / a);
}

/// Σ c_j x^j, coefficients that fall as 1/j!.
struct Series {
  double c[17];
  HWY_INLINE Real operator()(Real x) const noexcept {
    Real sum = c[16];
    for (std::size_t j = 16; j-- > 0;) sum = fma(sum, x, c[j]);
    return sum;
  }
};
/// (x - w)/x² and (x - w - w²/2)/x³, w = 1 - e^(-x), for |x| < 1/2, where the differences lose
/// digits: Σ (-x)^j/(j+2)! and Σ (-x)^j (2^(j+2) - 2)/(j+3)!.
constexpr Series series_of(bool square) noexcept {
  Series out{};
  double sign_by_factorial = 0.5, power = 4;
  for (int j = 0; j < 17; ++j) {
    out.c[j] = square ? sign_by_factorial : sign_by_factorial / (j + 3) * (power - 2);
    sign_by_factorial /= -(j + 3);
    power *= 2;
  }
  return out;
}
constexpr Series lag_series = series_of(true), convexity_series = series_of(false);

enum Rates : std::size_t { rate, reversion, mean, volatility, maturity };

template <ShortRateValue Value>
struct CirFormula {
  static constexpr std::size_t columns = 5;
  explicit CirFormula(const FormulaCall&) noexcept {}

  Real operator()(const Real* in) const noexcept {
    const Real a = in[reversion], t = in[maturity];
    const Real square = in[volatility] * in[volatility];
    const Real left = exp(-a * t), gone = decay(a, t);
    if constexpr (Value == ShortRateValue::mean) return in[rate] * left + in[mean] * a * gone;
    if constexpr (Value == ShortRateValue::variance) {
      return square * gone * (in[rate] * left + Real(0.5) * in[mean] * a * gone);
    }
    // A = (2h e^((a+h)t/2)/d)^(2am/σ²), d = 2h + (a+h)(e^(ht) - 1), with (a-h)(a+h) = -2σ² taken
    // out of what would cancel: ln A = 2am (-t/(a+h) - ln(1 - σ²c)/σ²), c = (1 - e^(-ht))/(h
    // (a+h)).
    const Real h = sqrt(a * a + Real(2.0) * square);
    const Real fallen = decay(h, t);
    const Real c = fallen / (a + h);
    const Real y = square * c;
    const Real by_square = where(y < Real(1e-8), c * fma(y, Real(0.5), 1.0), -log1p(-y) / square);
    const Real log_a = Real(2.0) * a * in[mean] * (by_square - t / (a + h));
    return exp(where(a == Real(0.0), Real(0.0), log_a) - fallen / (Real(1.0) - y) * in[rate]);
  }
};

template <ShortRateValue Value>
struct VasicekFormula {
  static constexpr std::size_t columns = 5;
  explicit VasicekFormula(const FormulaCall&) noexcept {}

  Real operator()(const Real* in) const noexcept {
    const Real a = in[reversion], t = in[maturity];
    const Real square = in[volatility] * in[volatility];
    const Real left = exp(-a * t), gone = decay(a, t);
    if constexpr (Value == ShortRateValue::mean) return in[rate] * left + in[mean] * a * gone;
    if constexpr (Value == ShortRateValue::variance) return square * decay(Real(2.0) * a, t);
    const Real far = in[mean] - Real(0.5) * square / (a * a);
    const Real quick = far * (gone - t) - Real(0.25) * square * gone * gone / a;
    const Real x = a * t;
    const Real slow =
        t * (Real(0.5) * square * t * t * convexity_series(x) - in[mean] * x * lag_series(x));
    return exp(where(abs(x) < Real(0.5), slow, quick) - gone * in[rate]);
  }
};

const ModelTable* model_table() {
  using enum ShortRateValue;
  static constexpr ModelTable table = {
      &run<MertonFormula>,
      {&run<CirFormula<bond>>, &run<CirFormula<ShortRateValue::mean>>, &run<CirFormula<variance>>},
      {&run<VasicekFormula<bond>>, &run<VasicekFormula<ShortRateValue::mean>>,
       &run<VasicekFormula<variance>>}};
  return &table;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace furrow::kernels::finance
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace furrow::kernels::finance {

FURROW_EXPORT_TABLE(ModelTable, model);

namespace {
constinit Dispatch<ModelTable> model{resolve_model};

void run_rates(const Formula (&formulas)[3], std::span<double> out, const ShortRate& m,
               ShortRateValue value) noexcept {
  run_formula(formulas[static_cast<int>(value)], out,
              {&m.rate, &m.reversion, &m.mean, &m.volatility, &m.maturity}, 0, 1);
}
}  // namespace

void merton_jump(std::span<double> out, const MertonJump& o) noexcept {
  run_formula(model.table().merton_jump, out,
              {&o.spot, &o.strike, &o.rate, &o.dividend, &o.volatility, &o.maturity, &o.intensity,
               &o.jump_mean, &o.jump_deviation},
              0, static_cast<int>(o.right));
}
double merton_jump(const MertonJump& option) noexcept {
  double out;
  merton_jump({&out, 1}, option);
  return out;
}

void cir(std::span<double> out, const ShortRate& m, ShortRateValue value) noexcept {
  run_rates(model.table().cir, out, m, value);
}
double cir(const ShortRate& m, ShortRateValue value) noexcept {
  double out;
  cir({&out, 1}, m, value);
  return out;
}
void vasicek(std::span<double> out, const ShortRate& m, ShortRateValue value) noexcept {
  run_rates(model.table().vasicek, out, m, value);
}
double vasicek(const ShortRate& m, ShortRateValue value) noexcept {
  double out;
  vasicek({&out, 1}, m, value);
  return out;
}

}  // namespace furrow::kernels::finance
#endif
