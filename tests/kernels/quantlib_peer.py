"""Prices by QuantLib for finance_test.cpp.

Usage: quantlib_peer.py OUT     exit code 3: no QuantLib here

OUT gets a line for each option: kind variant sign spot strike rate dividend volatility maturity
x y z price; what variant, x, y and z are is said where each kind is written.
"""
import random
import sys

try:
    import QuantLib as ql
except ImportError:
    sys.exit(3)

TODAY = ql.Date(1, 1, 2020)
DAYS = ql.Actual365Fixed()
ql.Settings.instance().evaluationDate = TODAY


class Market:
    def __init__(self):
        self.spot = random.choice([80.0, 95.0, 100.0, 120.0])
        self.strike = random.choice([70.0, 100.0, 110.0])
        self.rate = random.choice([0.0, 0.03, 0.1])
        self.dividend = random.choice([0.0, 0.01, 0.05])
        self.volatility = random.choice([0.1, 0.25, 0.6])
        self.days = random.choice([30, 365, 1200])
        self.maturity = self.days / 365
        self.end = TODAY + self.days

    def curves(self):
        spot = ql.QuoteHandle(ql.SimpleQuote(self.spot))
        flat = [ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, DAYS))
                for rate in (self.dividend, self.rate)]
        return spot, flat[0], flat[1]

    def process(self):
        spot, dividend, rate = self.curves()
        volatility = ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(TODAY, ql.NullCalendar(), self.volatility, DAYS))
        return ql.BlackScholesMertonProcess(spot, dividend, rate, volatility)

    def line(self, out, kind, variant, sign, x, y, z, price):
        numbers = (self.spot, self.strike, self.rate, self.dividend, self.volatility,
                   self.maturity, x, y, z, price)
        print(kind, variant, sign, *(repr(float(n)) for n in numbers), file=out)


def european(out, market, sign, option_type):
    option = ql.VanillaOption(ql.PlainVanillaPayoff(option_type, market.strike),
                              ql.EuropeanExercise(market.end))
    option.setPricingEngine(ql.AnalyticEuropeanEngine(market.process()))
    values = [option.NPV(), option.delta(), option.gamma(), option.vega(), option.theta(),
              option.rho(), option.dividendRho()]
    for greek, value in enumerate(values):
        market.line(out, "european", greek, sign, 0, 0, 0, value)


def barrier(out, market, sign, option_type):
    kinds = [ql.Barrier.DownIn, ql.Barrier.UpIn, ql.Barrier.DownOut, ql.Barrier.UpOut]
    for variant, kind in enumerate(kinds):
        height = market.spot * (random.choice([0.6, 0.9, 0.99]) if variant % 2 == 0
                                else random.choice([1.01, 1.1, 1.6]))
        rebate = random.choice([0.0, 3.0])
        option = ql.BarrierOption(kind, height, rebate,
                                  ql.PlainVanillaPayoff(option_type, market.strike),
                                  ql.EuropeanExercise(market.end))
        option.setPricingEngine(ql.AnalyticBarrierEngine(market.process()))
        market.line(out, "barrier", variant, sign, height, rebate, 0, option.NPV())


def lookback(out, market, sign, option_type):
    if market.rate == market.dividend:
        return  # QuantLib 1.29 divides by their difference
    exercise = ql.EuropeanExercise(market.end)
    least, greatest = market.spot * 0.93, market.spot * 1.08
    option = ql.ContinuousFloatingLookbackOption(least if sign == 1 else greatest,
                                                 ql.FloatingTypePayoff(option_type), exercise)
    option.setPricingEngine(ql.AnalyticContinuousFloatingLookbackEngine(market.process()))
    market.line(out, "lookback", 0, sign, least if sign == 1 else greatest, 0, 0, option.NPV())
    option = ql.ContinuousFixedLookbackOption(greatest if sign == 1 else least,
                                              ql.PlainVanillaPayoff(option_type, market.strike),
                                              exercise)
    option.setPricingEngine(ql.AnalyticContinuousFixedLookbackEngine(market.process()))
    market.line(out, "lookback", 1, sign, greatest if sign == 1 else least, 0, 0, option.NPV())


def asian(out, market, sign, option_type):
    fixings = [TODAY + market.days * i // 10 for i in range(1, 11)]
    option = ql.DiscreteAveragingAsianOption(
        ql.Average.Geometric, 1.0, 0, fixings, ql.PlainVanillaPayoff(option_type, market.strike),
        ql.EuropeanExercise(market.end))
    option.setPricingEngine(ql.AnalyticDiscreteGeometricAveragePriceAsianEngine(market.process()))
    if market.days % 10 == 0:
        market.line(out, "asian", 0, sign, 10, 0, 0, option.NPV())


def heston(out, market, sign, option_type):
    spot, dividend, rate = market.curves()
    variance, reversion, mean = random.choice([0.02, 0.09]), random.choice([0.5, 2.0]), 0.05
    volatility, correlation = random.choice([0.1, 0.4, 1.0]), random.choice([-0.7, 0.0, 0.5])
    process = ql.HestonProcess(rate, dividend, spot, variance, reversion, mean, volatility,
                               correlation)
    option = ql.VanillaOption(ql.PlainVanillaPayoff(option_type, market.strike),
                              ql.EuropeanExercise(market.end))
    option.setPricingEngine(ql.AnalyticHestonEngine(ql.HestonModel(process), 1e-10, 100000))
    market.volatility = variance
    market.line(out, "heston", round(correlation * 100), sign, reversion, mean, volatility,
                option.NPV())


def main():
    random.seed(1)
    with open(sys.argv[1], "w", encoding="ascii") as out:
        for _ in range(40):
            for sign, option_type in ((1, ql.Option.Call), (-1, ql.Option.Put)):
                for kind in (european, barrier, lookback, asian, heston):
                    kind(out, Market(), sign, option_type)
            market = Market()
            market.volatility = 0.01
            rate, reversion, mean = 0.03, random.choice([0.1, 0.8]), 0.05
            bond = ql.Vasicek(rate, reversion, mean, market.volatility).discountBond(
                0, market.maturity, rate)
            market.line(out, "vasicek", 0, 1, rate, reversion, mean, bond)


main()
