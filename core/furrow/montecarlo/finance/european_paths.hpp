// furrow/montecarlo/finance/european_paths.hpp
//
// The closures of European and digital options, for random and for quasi-random draws. Internal to
// the room.
#pragma once

#include <furrow/montecarlo/finance/european.hpp>
#include <furrow/montecarlo/finance/lognormal.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

namespace furrow::finance {

/// All discounted, and times ±1.
struct EuropeanPath {
  LogSteps to;
  double asset;
  double strike;

  explicit EuropeanPath(const European& o)
      : to(o, 1),
        asset(sign_of(o.right) * discount_of(o) * o.spot),
        strike(sign_of(o.right) * discount_of(o) * o.strike) {}
  template <class G>
  auto operator()(G& path) const {
    using processes::exp;
    using processes::max;
    return max(asset * exp(to.drift + to.deviation * path.normal()) - strike, 0.0);
  }
};

/// Pays 1 in the money.
struct CashPath {
  LogSteps to;
  double sign;
  double discount;
  double level;

  explicit CashPath(const European& o)
      : to(o, 1),
        sign(sign_of(o.right)),
        discount(discount_of(o)),
        level(sign * std::log(o.strike / o.spot)) {}
  template <class G>
  auto operator()(G& path) const {
    using processes::where;
    const auto x = to.drift + to.deviation * path.normal();
    return where(sign * x > level, RealOf<G>(discount), 0.0);
  }
};

/// Pays the asset.
struct AssetPath : CashPath {
  double asset;

  explicit AssetPath(const European& o) : CashPath(o), asset(discount * o.spot) {}
  template <class G>
  auto operator()(G& path) const {
    using processes::exp;
    using processes::where;
    const auto x = to.drift + to.deviation * path.normal();
    return where(sign * x > level, asset * exp(x), 0.0);
  }
};

}  // namespace furrow::finance
