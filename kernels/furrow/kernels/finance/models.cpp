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
    const Real growth = expm1(gamma);
    const Real jumps = intensity * (Real(1.0) + growth) * maturity;
    const Real drift = (in[2] - intensity * growth) * maturity;
    const Real start = log(in[0] / in[1]) - in[3] * maturity;
    const Real variance = in[4] * in[4] * maturity;
    Lognormal at;
    at.asset = in[0] * exp(-in[3] * maturity);
    const Mask valid = both(both(jumps >= Real(0.0), jumps <= Real(700.0)),
                            both(in[4] >= Real(0.0), spread >= Real(0.0)));
    Real weight = exp(-where(valid, jumps, 0.0));
    Real sum = 0.0;
    Mask active = valid;
    // At most the mean, twenty deviations of a Poisson variable, and a few.
    for (int n = 0; n < 1400 && any(active); ++n) {
      const Real count = static_cast<double>(n);
      const Real carried = fma(count, gamma, drift);
      at.bond = in[1] * exp(-carried);
      at.deviation = sqrt(fma(count, spread * spread, variance));
      set_d(at, start + carried);
      const Real term = weight * european_price(at, sign);
      sum = where(active, sum + term, sum);
      weight = weight * jumps / (count + Real(1.0));
      // Each later weight is less than half of the one before.
      const Mask over = both(weight<Real(0x1p-64), count> Real(2.0) * jumps);
      active = both(active, hn::Not(over));
    }
    return where(valid, sum, not_a_number());
  }
};

/// (1 - e^(-at))/a, t where a is 0.
HWY_INLINE Real decay(Real a, Real t) noexcept {
  return where(a == Real(0.0), t, -expm1(-a * t) / a);
}

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
    return exp(far * (gone - t) - Real(0.25) * square * gone * gone / a - gone * in[rate]);
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
