"""What is measured: the topics, their operands, and what is asked of furrow beside whom.

x and y hold uniforms from low to high; fresh: x is restored before every piece of work.
asked: ((peer, …), least ratio, at all numbers of workers or only at one)
"""
import collections

Topic = collections.namedtuple("Topic", "name group what log2 low high fresh workers asked")
LARGE, CACHED = 25, 12
BOTH, ONE = "one and all", "one"

COMPILED = ("stream", "openmp", "eigen", "xtensor", "tbb", "numpy", "numexpr", "numba")
MATH = ("sleef", "xtensor", "eigen")

TOPICS = [
    Topic("scale", "memory", "z = 3*x", LARGE, 0, 1, 0, BOTH, [(("stream",), 0.95, BOTH)]),
    Topic("add", "memory", "z = x + y", LARGE, 0, 1, 0, BOTH, [(("stream",), 0.95, BOTH)]),
    Topic("triad", "memory", "z = 3*x + y", LARGE, 0, 1, 0, BOTH, [(("stream",), 0.95, BOTH)]),
    Topic("sum", "memory", "sum of x", LARGE, 0, 1, 0, BOTH, [(COMPILED, 1.0, BOTH)]),
    Topic("min", "memory", "least of x", LARGE, 0, 1, 0, BOTH, [(COMPILED, 1.0, BOTH)]),
    Topic("dot", "memory", "dot product", LARGE, 0, 1, 0, BOTH, [(COMPILED, 1.0, BOTH)]),
    Topic("slab", "memory", "x = a*x + b in x[:, 1:1001] of rows of 1024", LARGE, 0, 1, 0, BOTH,
          [(("furrow_contiguous",), 0.77, BOTH)]),
    Topic("fused", "expression", "z = where(x > 0, log(x), 0) + 2*y", LARGE, -1, 1, 0, BOTH,
          [(("numpy", "numexpr"), 4.0, BOTH), (("openmp",), 0.67, BOTH)]),
    Topic("fused_polynomial", "expression", "z = ((x/2 + y)*x - y)*x + 2*y", LARGE, -1, 1, 0, BOTH,
          [(("numpy", "numexpr"), 4.0, BOTH), (("openmp",), 0.67, BOTH)]),
    Topic("sort", "algorithms", "sort of 2^22", 22, 0, 1, 1, BOTH,
          [(("std::sort",), 4.0, ONE), (("numpy",), 3.0, ONE)]),
    Topic("median", "algorithms", "median of 2^22", 22, 0, 1, 1, BOTH, []),
    Topic("cumsum", "algorithms", "cumulative sum", LARGE, 0, 1, 0, BOTH, []),
    Topic("gemm", "algorithms", "product of matrices, 1024 x 1024", 20, -1, 1, 0, BOTH,
          [(("eigen",), 0.95, BOTH)]),
    Topic("random_uniform", "random", "uniforms", 22, 0, 1, 0, BOTH, []),
    Topic("random_normal", "random", "normals", 22, 0, 1, 0, BOTH, []),
]
for _name, _low, _high, _asked in [
        ("exp", -30, 30, MATH), ("log", 1e-3, 1e3, MATH), ("sin", -10, 10, MATH),
        ("cos", -10, 10, MATH), ("tanh", -3, 3, ()), ("pow", 0.1, 5, ()), ("atan", -10, 10, ()),
        ("erf", -4, 4, ()), ("cbrt", -10, 10, ()), ("tan", -10, 10, ()), ("asin", -1, 1, ()),
        ("sinh", -5, 5, ()), ("cosh", -5, 5, ()), ("asinh", -10, 10, ()), ("acosh", 1, 10, ()),
        ("atanh", -1, 1, ()), ("log1p", -0.9, 10, ()), ("log2", 1e-3, 1e3, ()),
        ("log10", 1e-3, 1e3, ())]:
    TOPICS.append(Topic(_name, "functions", f"{_name} of 4096 in cache", CACHED, _low, _high, 0,
                        ONE, [(_asked, 1.0, ONE)] if _asked else []))
