"""Prices that have no closed form, by QuantLib, for referee_test.cpp.

Usage: quantlib_referee.py OUT     exit code 3: no QuantLib here

OUT gets a line for each option: kind, sign (1 call, -1 put), spot, strike, rate, dividend,
volatility, maturity in years, number of dates, x (the barrier, or the correlation), price, standard
error.
"""
import sys

try:
    import QuantLib as ql
except ImportError:
    sys.exit(3)

TODAY = ql.Date(1, 1, 2020)
DAYS = ql.Actual365Fixed()
ql.Settings.instance().evaluationDate = TODAY


def flat(rate):
    return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, DAYS))


def process(spot, rate, dividend, volatility):
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)), flat(dividend), flat(rate),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(TODAY, ql.NullCalendar(), volatility, DAYS)))


def dates(days, count):
    return [TODAY + days * (i + 1) // count for i in range(count)]


def line(out, kind, sign, market, days, count, x, price, error):
    spot, strike, rate, dividend, volatility = market
    numbers = (spot, strike, rate, dividend, volatility, days / 365, count, x, price, error)
    print(kind, sign, *(repr(float(n)) for n in numbers), file=out)


def main():
    with open(sys.argv[1], "w", encoding="ascii") as out:
        for sign, kind in ((1, ql.Option.Call), (-1, ql.Option.Put)):
            for market in ((100, 105, 0.05, 0.02, 0.2), (90, 85, 0.03, 0.08, 0.4)):
                spot, strike, rate, dividend, volatility = market
                motion = process(spot, rate, dividend, volatility)
                payoff = ql.PlainVanillaPayoff(kind, strike)
                end = TODAY + 360

                option = ql.VanillaOption(payoff, ql.BermudanExercise(dates(360, 40)))
                option.setPricingEngine(ql.FdBlackScholesVanillaEngine(motion, 400, 400))
                line(out, "american", sign, market, 360, 40, 0, option.NPV(), 0)

                option = ql.DiscreteAveragingAsianOption(
                    ql.Average.Arithmetic, 0.0, 0, dates(360, 36), payoff,
                    ql.EuropeanExercise(end))
                option.setPricingEngine(ql.MCDiscreteArithmeticAPEngine(
                    motion, "pseudorandom", controlVariate=True, requiredSamples=10000, seed=1))
                line(out, "asian", sign, market, 360, 36, 0, option.NPV(), option.errorEstimate())

                for knock, barrier in ((ql.Barrier.DownOut, 0.85), (ql.Barrier.UpIn, 1.2)):
                    option = ql.BarrierOption(knock, spot * barrier, 0, payoff,
                                              ql.EuropeanExercise(end))
                    option.setPricingEngine(ql.MCBarrierEngine(
                        motion, "pseudorandom", timeSteps=24, isBiased=True,
                        requiredSamples=20000, seed=2))
                    name = "down-out" if knock == ql.Barrier.DownOut else "up-in"
                    line(out, name, sign, market, 360, 24, spot * barrier, option.NPV(),
                         option.errorEstimate())

                matrix = ql.Matrix(3, 3, 0.3)
                for i in range(3):
                    matrix[i][i] = 1
                option = ql.BasketOption(ql.AverageBasketPayoff(payoff, [1 / 3] * 3),
                                         ql.EuropeanExercise(end))
                option.setPricingEngine(ql.MCEuropeanBasketEngine(
                    ql.StochasticProcessArray([motion] * 3, matrix), "pseudorandom", timeSteps=1,
                    requiredSamples=50000, seed=3))
                line(out, "basket", sign, market, 360, 1, 0.3, option.NPV(),
                     option.errorEstimate())


main()
