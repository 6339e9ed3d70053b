"""Sobol's points of SciPy, for quasi_test.cpp.

Usage: quasi_peer.py OUT     exit code 3: no SciPy here

OUT gets 48 points of 3,667 dimensions as f64, unscrambled: from point 0 with 52 bits, then from
point 1048575 with 32 (SciPy 1.10 jumps with no more).
"""
import sys

try:
    import numpy
    from scipy.stats import qmc
except ImportError:
    sys.exit(3)

with open(sys.argv[1], "wb") as out:
    for start, bits in ((0, 52), (1048575, 32)):
        sobol = qmc.Sobol(d=3667, scramble=False, bits=bits)
        if start:
            sobol.fast_forward(start)
        out.write(numpy.ascontiguousarray(sobol.random(48)).tobytes())
