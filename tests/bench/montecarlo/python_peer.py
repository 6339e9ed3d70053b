#!/usr/bin/python3
"""NumPy's Generator and numba's parallel loops, asked as server.cpp is."""
import math
import sys
import time

import numba
import numpy
from scipy.special import ndtri
from scipy.stats import qmc

SPOT, STRIKE, RATE, SIGMA, STEPS, ASSETS, RHO = 100.0, 100.0, 0.05, 0.2, 252, 4, 0.5
DISCOUNT = math.exp(-RATE)


def generator(kind, seed):
    return numpy.random.Generator(getattr(numpy.random, kind)(seed))


def uniform(kind, seed, n):
    return generator(kind, seed).random(n).mean()


def normal(kind, seed, n):
    return generator(kind, seed).standard_normal(n).mean()


def pi(kind, seed, n):
    draw = generator(kind, seed)
    x, y = draw.random(n), draw.random(n)
    return 4 * (x * x + y * y < 1).mean()


def european(kind, seed, n):
    z = generator(kind, seed).standard_normal(n)
    price = SPOT * numpy.exp(RATE - SIGMA ** 2 / 2 + SIGMA * z)
    return DISCOUNT * numpy.maximum(price - STRIKE, 0).mean()


def asian(kind, seed, n):
    z = generator(kind, seed).standard_normal((n, STEPS))
    path = numpy.cumsum((RATE - SIGMA ** 2 / 2) / STEPS + SIGMA * math.sqrt(1 / STEPS) * z, axis=1)
    return DISCOUNT * numpy.maximum(SPOT * numpy.exp(path).mean(axis=1) - STRIKE, 0).mean()


def basket(kind, seed, n):
    lower = numpy.linalg.cholesky(numpy.full((ASSETS, ASSETS), RHO) + (1 - RHO) * numpy.eye(ASSETS))
    z = generator(kind, seed).standard_normal((n, ASSETS)) @ lower.T
    price = SPOT * numpy.exp(RATE - SIGMA ** 2 / 2 + SIGMA * z).mean(axis=1)
    return DISCOUNT * numpy.maximum(price - STRIKE, 0).mean()


def sobol_normals(seed, n, dimensions):
    return ndtri(qmc.Sobol(dimensions, scramble=True, seed=seed).random(n))


def european_sobol(seed, n):
    price = SPOT * numpy.exp(RATE - SIGMA ** 2 / 2 + SIGMA * sobol_normals(seed, n, 1)[:, 0])
    return DISCOUNT * numpy.maximum(price - STRIKE, 0).mean()


@numba.njit(parallel=True)
def numba_european(seed, n):
    total = 0.0
    for part in numba.prange(64):
        numpy.random.seed(seed * 64 + part)
        for _ in range(n // 64):
            price = SPOT * math.exp(RATE - SIGMA * SIGMA / 2 + SIGMA * numpy.random.normal())
            total += max(price - STRIKE, 0.0)
    return DISCOUNT * total / n


@numba.njit(parallel=True)
def numba_pi(seed, n):
    total = 0
    for part in numba.prange(64):
        numpy.random.seed(seed * 64 + part)
        for _ in range(n // 64):
            x, y = numpy.random.random(), numpy.random.random()
            if x * x + y * y < 1:
                total += 1
    return 4.0 * total / n


@numba.njit(parallel=True)
def numba_asian(seed, n):
    total = 0.0
    drift = (RATE - SIGMA * SIGMA / 2) / STEPS
    scale = SIGMA * math.sqrt(1 / STEPS)
    for part in numba.prange(64):
        numpy.random.seed(seed * 64 + part)
        for _ in range(n // 64):
            x = 0.0
            mean = 0.0
            for _ in range(STEPS):
                x += drift + scale * numpy.random.normal()
                mean += math.exp(x)
            total += max(SPOT / STEPS * mean - STRIKE, 0.0)
    return DISCOUNT * total / n


MILLION = 1 << 20
NUMPY = {
    "uniform": (uniform, 4 * MILLION),
    "normal": (normal, 4 * MILLION),
    "pi": (pi, 4 * MILLION),
    "european": (european, 2 * MILLION),
    "asian": (asian, 1 << 13),
    "basket": (basket, MILLION),
}
NUMBA = {
    "european": (numba_european, 4 * MILLION),
    "pi": (numba_pi, 4 * MILLION),
    "asian": (numba_asian, 1 << 14),
}


def cases():
    for topic in NUMPY:
        yield topic, "NumPy PCG64"
        yield topic, "NumPy Philox"
    for topic in NUMBA:
        yield topic, "numba"
    yield "sobol", "SciPy"


def run(topic, workers, seed, who):
    if who == "numba":
        work, n = NUMBA[topic]
        numba.set_num_threads(workers)
        call = (seed, n)
    elif who == "SciPy":
        work, n = european_sobol, MILLION
        call = (seed, n)
    else:
        work, n = NUMPY[topic]
        call = (who.split()[1], seed, n)
    start = time.perf_counter_ns()
    mean = work(*call)
    return (time.perf_counter_ns() - start) / n, mean


for line in sys.stdin:
    words = line.split(None, 4)
    if words[0] == "who":
        for topic, who in cases():
            print(topic, who)
        print("end", flush=True)
    else:
        each, mean = run(words[1], int(words[2]), int(words[3]), words[4].strip())
        print(repr(each), repr(float(mean)), flush=True)
