#!/usr/bin/python3
"""NumPy's, numexpr's and numba's side of the topics, asked on stdin as server.cpp is."""
import sys
import time

import numba
import numexpr
import numpy as np

ROW, SLAB = 1024, 1000
rng = np.random.Generator(np.random.Philox(1))


@numba.njit(parallel=True)
def numba_scale(x, y, z):
    for i in numba.prange(x.size):
        z[i] = 3 * x[i]


@numba.njit(parallel=True)
def numba_add(x, y, z):
    for i in numba.prange(x.size):
        z[i] = x[i] + y[i]


@numba.njit(parallel=True)
def numba_triad(x, y, z):
    for i in numba.prange(x.size):
        z[i] = 3 * x[i] + y[i]


@numba.njit(parallel=True, fastmath=True)
def numba_sum(x, y, z):
    total = 0.0
    for i in numba.prange(x.size):
        total += x[i]
    return total


@numba.njit(parallel=True, fastmath=True)
def numba_dot(x, y, z):
    total = 0.0
    for i in numba.prange(x.size):
        total += x[i] * y[i]
    return total


@numba.njit(parallel=True, fastmath=True)
def numba_min(x, y, z):
    least = np.inf
    for i in numba.prange(x.size):
        least = min(least, x[i])
    return least


@numba.njit(parallel=True)
def numba_fused(x, y, z):
    for i in numba.prange(x.size):
        z[i] = (np.log(x[i]) if x[i] > 0 else 0.0) + 2 * y[i]


@numba.njit(parallel=True)
def numba_fused_polynomial(x, y, z):
    for i in numba.prange(x.size):
        z[i] = ((x[i] * 0.5 + y[i]) * x[i] - y[i]) * x[i] + 2 * y[i]


def numba_map(function):
    @numba.njit
    def each(x, y, z):
        for i in range(x.size):
            z[i] = function(x[i])
    return each


def numpy_fused(x, y, z):
    with np.errstate(invalid="ignore", divide="ignore"):
        z[:] = np.where(x > 0, np.log(x), 0) + 2 * y


def numpy_fused_polynomial(x, y, z):
    z[:] = ((x * 0.5 + y) * x - y) * x + 2 * y


def numpy_slab(x, y, z):
    view = x.reshape(-1, ROW)[:, 1:SLAB + 1]
    np.multiply(view, 0.999, out=view)
    np.add(view, 0.001, out=view)


def numpy_triad(x, y, z):
    np.multiply(x, 3, out=z)
    np.add(z, y, out=z)


def numpy_gemm(x, y, z):
    k = round(x.size ** 0.5)
    np.matmul(x.reshape(k, k), y.reshape(k, k), out=z.reshape(k, k))


def numexpr_of(expression):
    return lambda x, y, z: numexpr.evaluate(expression, {"x": x, "y": y}, out=z)


# topic, who -> work on (x, y, z), and whether it obeys a number of threads
WORK = {
    ("scale", "numpy"): (lambda x, y, z: np.multiply(x, 3, out=z), False),
    ("add", "numpy"): (lambda x, y, z: np.add(x, y, out=z), False),
    ("triad", "numpy"): (numpy_triad, False),
    ("sum", "numpy"): (lambda x, y, z: np.sum(x), False),
    ("dot", "numpy"): (lambda x, y, z: np.dot(x, y), False),
    ("min", "numpy"): (lambda x, y, z: np.min(x), False),
    ("fused", "numpy"): (numpy_fused, False),
    ("fused_polynomial", "numpy"): (numpy_fused_polynomial, False),
    ("sort", "numpy"): (lambda x, y, z: x.sort(), False),
    ("median", "numpy"): (lambda x, y, z: np.median(x), False),
    ("cumsum", "numpy"): (lambda x, y, z: np.cumsum(x, out=z), False),
    ("gemm", "numpy"): (numpy_gemm, False),
    ("slab", "numpy"): (numpy_slab, False),
    ("random_uniform", "numpy"): (lambda x, y, z: rng.random(out=z), False),
    ("random_normal", "numpy"): (lambda x, y, z: rng.standard_normal(out=z), False),
    ("pow", "numpy"): (lambda x, y, z: np.power(x, y, out=z), False),
    ("scale", "numexpr"): (numexpr_of("3*x"), True),
    ("add", "numexpr"): (numexpr_of("x + y"), True),
    ("triad", "numexpr"): (numexpr_of("3*x + y"), True),
    ("fused", "numexpr"): (numexpr_of("where(x > 0, log(x), 0) + 2*y"), True),
    ("fused_polynomial", "numexpr"): (numexpr_of("((x*0.5 + y)*x - y)*x + 2*y"), True),
    ("sum", "numexpr"): (lambda x, y, z: numexpr.evaluate("sum(x)", {"x": x}), False),
    ("scale", "numba"): (numba_scale, True),
    ("add", "numba"): (numba_add, True),
    ("triad", "numba"): (numba_triad, True),
    ("sum", "numba"): (numba_sum, True),
    ("dot", "numba"): (numba_dot, True),
    ("min", "numba"): (numba_min, True),
    ("fused", "numba"): (numba_fused, True),
    ("fused_polynomial", "numba"): (numba_fused_polynomial, True),
}
for _name, _function in [("exp", np.exp), ("log", np.log), ("sin", np.sin), ("cos", np.cos),
                         ("tanh", np.tanh), ("atan", np.arctan), ("cbrt", np.cbrt),
                         ("tan", np.tan), ("asin", np.arcsin), ("sinh", np.sinh),
                         ("cosh", np.cosh), ("asinh", np.arcsinh), ("acosh", np.arccosh),
                         ("atanh", np.arctanh), ("log1p", np.log1p), ("log2", np.log2),
                         ("log10", np.log10)]:
    WORK[_name, "numpy"] = (lambda x, y, z, f=_function: f(x, out=z), False)
    if _name not in ("cbrt", "log2"):  # numexpr has neither
        WORK[_name, "numba"] = (numba_map(_function), False)
        WORK[_name, "numexpr"] = (
            numexpr_of(_function.__name__ + "(x)"), False)


class Stage:
    """The open topic: its operands, and what x was at the start when the work overwrites it."""

    def __init__(self, name, n, low, high, fresh):
        self.name = name
        draw = np.random.default_rng(3)
        self.x = draw.uniform(float(low), float(high), int(n))
        self.y = draw.uniform(float(low), float(high), int(n))
        self.z = np.zeros(int(n))
        self.start = self.x.copy() if fresh == "1" else None

    def run(self, who, workers):
        work, parallel = WORK[self.name, who]
        threads = int(workers) if parallel else 1
        numexpr.set_num_threads(threads)
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        total, pieces = 0, 0
        while pieces == 0 or (total < 10_000_000 and pieces < 100_000):
            if self.start is not None:
                np.copyto(self.x, self.start)
            together = 1 if self.start is not None else max(1, pieces)
            began = time.perf_counter_ns()
            for _ in range(together):
                work(self.x, self.y, self.z)
            total += time.perf_counter_ns() - began
            pieces += together
        return total / pieces


def main():
    stage = None
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "who":
            for topic, who in WORK:
                print(topic, who)
            print("end", flush=True)
        elif word == "open":
            stage = Stage(*rest)
            print("ok", flush=True)
        elif word == "close":
            stage = None
            print("ok", flush=True)
        elif word == "run":
            print(stage.run(*rest), flush=True)
        else:
            sys.exit(f"python_peer.py: what is {word!r}?")


if __name__ == "__main__":
    main()
