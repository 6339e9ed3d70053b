// QuantLib's Monte Carlo engines, as its examples set them up. They know one thread.
#include "montecarlo/case.hpp"

#include <ql/exercise.hpp>
#include <ql/instruments/asianoption.hpp>
#include <ql/instruments/basketoption.hpp>
#include <ql/instruments/vanillaoption.hpp>
#include <ql/pricingengines/asian/mc_discr_arith_av_price.hpp>
#include <ql/pricingengines/basket/mceuropeanbasketengine.hpp>
#include <ql/pricingengines/vanilla/mceuropeanengine.hpp>
#include <ql/processes/blackscholesprocess.hpp>
#include <ql/processes/stochasticprocessarray.hpp>
#include <ql/quotes/simplequote.hpp>
#include <ql/settings.hpp>
#include <ql/termstructures/volatility/equityfx/blackconstantvol.hpp>
#include <ql/termstructures/yield/flatforward.hpp>
#include <ql/time/calendars/nullcalendar.hpp>
#include <ql/time/daycounters/actual360.hpp>

namespace bench {
namespace {

using namespace QuantLib;

const Date today(2, January, 2020);

/// 360 days of Actual/360: a year.
Date at_end() { return today + 360; }

ext::shared_ptr<BlackScholesProcess> process() {
  Settings::instance().evaluationDate() = today;
  const Actual360 days;
  const Handle<Quote> price(ext::make_shared<SimpleQuote>(spot));
  const Handle<YieldTermStructure> curve(ext::make_shared<FlatForward>(today, rate, days));
  const Handle<BlackVolTermStructure> volatility(
      ext::make_shared<BlackConstantVol>(today, NullCalendar(), sigma, days));
  return ext::make_shared<BlackScholesProcess>(price, curve, volatility);
}

ext::shared_ptr<PlainVanillaPayoff> call() {
  return ext::make_shared<PlainVanillaPayoff>(Option::Call, strike);
}

Outcome european(int, std::uint64_t seed) {
  constexpr Size paths = 200'000;
  VanillaOption option(call(), ext::make_shared<EuropeanExercise>(at_end()));
  option.setPricingEngine(
      MakeMCEuropeanEngine<PseudoRandom>(process()).withSteps(1).withSamples(paths).withSeed(seed +
                                                                                             1));
  return {option.NPV(), paths};
}

/// One set of points: not scrambled, without an error.
Outcome european_sobol(int, std::uint64_t) {
  constexpr Size paths = (1 << 18) - 1;
  VanillaOption option(call(), ext::make_shared<EuropeanExercise>(at_end()));
  option.setPricingEngine(
      MakeMCEuropeanEngine<LowDiscrepancy>(process()).withSteps(1).withSamples(paths));
  return {option.NPV(), paths};
}

std::vector<Date> fixings() {
  std::vector<Date> dates;
  for (int i = 1; i <= asian_steps; ++i)
    dates.push_back(today + (360 * i + asian_steps / 2) / asian_steps);
  return dates;
}

Outcome asian_sobol(int, std::uint64_t) {
  constexpr Size paths = (1 << 12) - 1;
  DiscreteAveragingAsianOption option(Average::Arithmetic, 0, 0, fixings(), call(),
                                      ext::make_shared<EuropeanExercise>(at_end()));
  option.setPricingEngine(MakeMCDiscreteArithmeticAPEngine<LowDiscrepancy>(process())
                              .withSamples(paths)
                              .withBrownianBridge());
  return {option.NPV(), paths};
}

Outcome asian(int, std::uint64_t seed) {
  constexpr Size paths = 2'000;
  DiscreteAveragingAsianOption option(Average::Arithmetic, 0, 0, fixings(), call(),
                                      ext::make_shared<EuropeanExercise>(at_end()));
  option.setPricingEngine(
      MakeMCDiscreteArithmeticAPEngine<PseudoRandom>(process()).withSamples(paths).withSeed(seed +
                                                                                            1));
  return {option.NPV(), paths};
}

Outcome basket(int, std::uint64_t seed) {
  constexpr Size paths = 50'000;
  std::vector<ext::shared_ptr<StochasticProcess1D>> each(basket_assets);
  for (auto& one : each) one = process();
  Matrix correlation(basket_assets, basket_assets, basket_correlation);
  for (Size i = 0; i < basket_assets; ++i) correlation[i][i] = 1;
  const auto all = ext::make_shared<StochasticProcessArray>(each, correlation);
  BasketOption option(ext::make_shared<AverageBasketPayoff>(call(), basket_assets),
                      ext::make_shared<EuropeanExercise>(at_end()));
  option.setPricingEngine(
      MakeMCEuropeanBasketEngine<PseudoRandom>(all).withSteps(1).withSamples(paths).withSeed(seed +
                                                                                             1));
  return {option.NPV(), paths};
}

constexpr Case cases[] = {{"european", "QuantLib", european},
                          {"asian", "QuantLib", asian},
                          {"basket", "QuantLib", basket},
                          {"sobol", "QuantLib", european_sobol},
                          {"bridge", "QuantLib", asian_sobol}};

}  // namespace

std::span<const Case> quantlib_cases() { return cases; }

}  // namespace bench
