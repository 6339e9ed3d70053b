// furrow/montecarlo/finance/lognormal.hpp
//
// What the options on one lognormal asset share: checks, steps, and controls in their options.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>

#include <furrow/error.hpp>
#include <furrow/kernels/finance/columns.hpp>
#include <furrow/montecarlo/options.hpp>
#include <furrow/montecarlo/processes/numbers.hpp>

namespace furrow::finance {

using kernels::finance::Right;

/// β of Broadie, Glasserman and Kou: -ζ(1/2) / sqrt(2 π).
inline constexpr double discrete_shift = 0.58259715793901068;

inline constexpr double sign_of(Right right) noexcept { return static_cast<double>(right); }

/// Spot, strike and maturity positive, rates finite, volatility not negative.
template <class Option>
void check_option(const Option& option) {
  processes::check_positive("the spot", option.spot);
  processes::check_positive("the strike", option.strike);
  processes::check_finite("the rate", option.rate);
  processes::check_finite("the dividend", option.dividend);
  processes::check_not_negative("the volatility (sigma)", option.sigma);
  processes::check_positive("the maturity", option.maturity);
}

inline void check_steps(std::string_view name, std::int64_t steps) {
  processes::check_between(name, static_cast<double>(steps), 1, 1e6);
}

/// ln S in one of `steps` equal steps to maturity.
struct LogSteps {
  double drift;
  double deviation;

  template <class Option>
  LogSteps(const Option& o, std::int64_t steps) noexcept {
    const double dt = o.maturity / static_cast<double>(steps);
    drift = (o.rate - o.dividend - o.sigma * o.sigma / 2) * dt;
    deviation = o.sigma * std::sqrt(dt);
  }
};

template <class Option>
double discount_of(const Option& o) noexcept {
  return std::exp(-o.rate * o.maturity);
}

/// The options of a simulation whose last outputs are controls with these means.
inline MonteCarloOptions with_controls(const MonteCarloOptions& options,
                                       std::initializer_list<double> means) {
  MonteCarloOptions own = options;
  own.control_means = means;
  return own;
}

}  // namespace furrow::finance
