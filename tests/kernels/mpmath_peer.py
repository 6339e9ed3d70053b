"""Option prices in 50 digits by mpmath, for finance_test.cpp.

Usage: mpmath_peer.py OUT     exit code 3: no mpmath here

The formulas are written as in Haug (2007), where nothing need be said about rounding. OUT gets a
line for each case: kind variant sign, how many numbers, the numbers, the price.
"""
import math
import random
import sys

try:
    from mpmath import exp, expm1, log, mp, mpc, mpf, ncdf, pi, quad, sqrt, workdps
except ImportError:
    sys.exit(3)

mp.dps = 50


def european(sign, s, k, r, q, v, t):
    dev = v * sqrt(t)
    d1 = (log(s / k) + (r - q) * t) / dev + dev / 2
    return sign * (s * exp(-q * t) * ncdf(sign * d1) - k * exp(-r * t) * ncdf(sign * (d1 - dev)))


def barrier(knock, sign, s, x, r, q, v, t, h, rebate):
    dev = v * sqrt(t)
    mu = (r - q - v * v / 2) / v**2
    square = mu * mu + 2 * r / v**2
    lam = sqrt(max(square, 0))
    eta = 1 if knock in (0, 2) else -1
    asset, bond = s * exp(-q * t), x * exp(-r * t)

    def part(d, mirrored):
        way, first, second = (eta, (h / s)**(2 * mu + 2), (h / s)**(2 * mu)) if mirrored \
            else (sign, 1, 1)
        return sign * (asset * first * ncdf(way * d) - bond * second * ncdf(way * (d - dev)))

    shift = (1 + mu) * dev
    x2, y2, z = log(s / h) / dev + shift, log(h / s) / dev + shift, log(h / s) / dev + lam * dev
    a, b = part(log(s / x) / dev + shift, False), part(x2, False)
    c, d = part(log(h * h / (s * x)) / dev + shift, True), part(y2, True)
    e = rebate * exp(-r * t) * (ncdf(eta * (x2 - dev)) - (h / s)**(2 * mu) * ncdf(eta * (y2 - dev)))
    f = rebate * ((h / s)**(mu + lam) * ncdf(eta * z) +
                  (h / s)**(mu - lam) * ncdf(eta * (z - 2 * lam * dev)))
    if square < 0 and knock > 1 and rebate > 0:
        f = rebate * touch(log(h / s), mu * v * v, v, r, t)
    above, call = x > h, sign == 1
    near, far = (a - b + d, b - c + d)
    inside = {(0, True, True): c, (0, True, False): near, (0, False, True): far,
              (0, False, False): a, (1, True, True): a, (1, True, False): far,
              (1, False, True): near, (1, False, False): c}
    if knock < 2:
        return e + inside[knock, call, above]
    return f + a - inside[knock - 2, call, above]


def touch(way, drift, v, r, t):
    """What 1 is worth that is paid when drift t + v W(t) first meets `way`: by the density of that
    time, in u = |way| / (v sqrt(time))."""
    def integrand(u):
        when = (way / (v * u))**2
        return 2 * exp(-r * when - ((way - drift * when) / (v * sqrt(when)))**2 / 2)

    least = abs(way) / (v * sqrt(t))
    with workdps(25):
        whole = quad(integrand, [least, least + 1, least + 3, least + 6, least + 15])
    return whole / sqrt(2 * pi)


def lookback(kind, sign, s, x, r, q, v, t, extreme):
    b = r - q if r != q else mpf(10)**-25
    dev, level = v * sqrt(t), extreme
    if kind == 1:
        level = max(extreme, x) if sign == 1 else min(extreme, x)
    a1 = (log(s / level) + (b + v * v / 2) * t) / dev
    k, psi = 2 * b / v**2, -sign if kind == 1 else sign
    bonus = psi * ((s / level)**-k * ncdf(psi * (k * dev - a1)) - exp(b * t) * ncdf(-psi * a1)) / k
    value = european(sign, s, level, r, q, v, t) + s * exp(-r * t) * bonus
    return value + (exp(-r * t) * sign * (level - x) if kind == 1 else 0)


def merton(_, sign, s, k, r, q, v, t, intensity, mean, spread):
    gamma = mean + spread**2 / 2
    jumps = intensity * exp(gamma) * t
    total, n = mpf(0), 0
    weight, of_bond = exp(-jumps), exp(-intensity * t)
    while n < 2 * max(jumps, intensity * t) or max(weight, of_bond) > mpf(10)**-30:
        rate = r - intensity * expm1(gamma) + n * gamma / t
        total += weight * european(sign, s, k, rate, q, sqrt(v**2 + n * spread**2 / t), t)
        n += 1
        weight *= jumps / n
        of_bond *= intensity * t / n
    return total


def heston(_, sign, s, k, r, q, v0, t, kappa, theta, xi, rho):
    moneyness = log(s / k) + (r - q) * t

    def integrand(u):
        iz = mpc(0.5, u)
        b = kappa - rho * xi * iz
        d = sqrt(b * b + xi * xi * (u * u + mpf(1) / 4))
        g, faded = (b - d) / (b + d), exp(-d * t)
        c = kappa * theta / xi**2 * ((b - d) * t - 2 * log((1 - g * faded) / (1 - g)))
        phi = exp(c + (b - d) / xi**2 * (1 - faded) / (1 - g * faded) * v0)
        return (exp(mpc(0, u * moneyness)) * phi).real / (u * u + mpf(1) / 4)

    asset, bond = s * exp(-q * t), k * exp(-r * t)
    whole = quad(integrand, [0, 1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1280])
    return asset - sqrt(asset * bond) / pi * whole - (0 if sign == 1 else asset - bond)


def cir(value, _, r, a, m, v, t):
    left = exp(-a * t)
    if value == 1:
        return r * left + m * (1 - left)
    if value == 2:
        return r * v * v / a * (left - left**2) + m * v * v / (2 * a) * (1 - left)**2
    h = sqrt(a * a + 2 * v * v)
    grown = expm1(h * t)
    below = 2 * h + (a + h) * grown
    return (2 * h * exp((a + h) * t / 2) / below)**(2 * a * m / v**2) * exp(-2 * grown / below * r)


def vasicek(value, sign, r, a, m, v, t):
    left = exp(-a * t)
    if value == 1:
        return cir(1, sign, r, a, m, v, t)
    if value == 2:
        return v * v * ((1 - left**2) / (2 * a) if a else t)
    if a == 0:
        return exp(v * v * t**3 / 6 - r * t)
    b = (1 - left) / a
    return exp((m - v * v / (2 * a * a)) * (b - t) - v * v * b * b / (4 * a) - b * r)


def cases(i):
    uniform = random.uniform
    s, k, r, q = uniform(50, 150), uniform(50, 150), uniform(0.001, 0.12), uniform(-0.01, 0.1)
    v, t = math.exp(uniform(-4.6, 0)), math.exp(uniform(-4, 2.3))
    sign, knock, kind = random.choice((1, -1)), i % 4, i % 2
    h = s * (uniform(0.6, 0.999) if knock % 2 == 0 else uniform(1.001, 1.6))
    yield barrier, knock, sign, (s, k, r, q, v, t, h, random.choice((0, 2)))
    drift = random.choice((0, uniform(-1e-4, 1e-4), r - q))
    # Below 0, and hardly a drift: a rebate's value turns from powers to waves.
    below, wide = -math.exp(uniform(-6, -2)), max(v, 0.1)
    yield barrier, 2 + i % 2, sign, (s, k, below, below - wide * wide * uniform(0, 1), wide, t,
                                     s * math.exp(math.exp(uniform(-7, 0)) * (-1)**(i % 2 + 1)), 2)
    extreme = s * (uniform(1, 1.3) if (kind == 1) == (sign == 1) else uniform(0.7, 1))
    yield lookback, kind, sign, (s, k, r, r - drift, v, t, extreme)
    if i % 3 == 0:
        yield merton, 0, sign, (s, k, r, q, v, t, math.exp(uniform(-3, 2)), uniform(-0.3, 0.1),
                                uniform(0, 0.4))
        # Large jumps, and many.
        mean, spread = uniform(-6, 2), uniform(0, 0.3)
        many = min(math.exp(uniform(-2, 3.5)), 600 / t / max(1, math.exp(mean + spread**2 / 2)))
        yield merton, 0, sign, (s, k, r, q, v, t, many, mean, spread)
    rates = (uniform(0, 0.1), math.exp(uniform(-4, 1.5)), uniform(0.01, 0.1),
             math.exp(uniform(-5, -1)), t)
    yield cir, i % 3, 0, rates
    yield vasicek, i % 3, 0, rates
    # From no reversion to one of 50 in the time; the variance grows as a cube of t at first.
    slow = random.choice((0, 50 * uniform(0, 1)**4, math.exp(uniform(-25, 0)))) / t
    yield vasicek, 0, 0, (rates[0], slow, rates[2], min(rates[3], 3 / t**1.5), t)
    if i % 25 == 0:
        mp.dps = 25
        yield heston, 0, sign, (s, k, r, q, uniform(0.01, 0.2), uniform(0.2, 5), uniform(0.2, 3),
                                uniform(0.01, 0.2), uniform(0.1, 1), uniform(-0.9, 0.5))
        mp.dps = 50


def main():
    random.seed(2)
    with open(sys.argv[1], "w", encoding="ascii") as out:
        for i in range(200):
            for formula, variant, sign, numbers in cases(i):
                price = formula(variant, sign, *(mpf(x) for x in numbers))
                print(formula.__name__, variant, sign, len(numbers),
                      *(repr(float(x)) for x in numbers), repr(float(price)), file=out)


main()
