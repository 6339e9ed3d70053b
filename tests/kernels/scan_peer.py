"""The NumPy side of scan_test.cpp: reads cases and compares furrow's answers with NumPy's.

    scan_peer.py FILE    cases, each a line "KIND DTYPE-IN DTYPE-OUT COUNT", the input, the answer
"""
import sys

import numpy as np

DTYPES = {"f64": "f8", "f32": "f4", "f16": "f2", "i64": "i8", "i32": "i4", "i16": "i2", "i8": "i1",
          "u64": "u8", "u32": "u4", "u16": "u2", "u8": "u1"}
cases = 0
with open(sys.argv[1], "rb") as file:
    while line := file.readline():
        kind, taken, given, count = line.decode().split()
        x = np.frombuffer(file.read(int(count) * np.dtype(DTYPES[taken]).itemsize), DTYPES[taken])
        answer = np.frombuffer(file.read(int(count) * np.dtype(DTYPES[given]).itemsize),
                               DTYPES[given])
        with np.errstate(all="ignore"):
            if kind == "cumsum":
                expected = np.cumsum(x, dtype=answer.dtype)
            elif kind == "cumprod":
                expected = np.cumprod(x, dtype=answer.dtype)
            else:
                expected = getattr(np, kind).accumulate(x)
        if kind in ("cumsum", "cumprod") and answer.dtype.kind == "f":
            with np.errstate(all="ignore"):
                wide = getattr(np, kind)(x.astype(np.longdouble)).astype(np.float64)
                scale = np.cumsum(np.abs(x.astype(np.float64))) if kind == "cumsum" else abs(wide)
            eps = np.finfo(answer.dtype).eps
            usual = (np.abs(wide) < np.finfo(answer.dtype).max) & (abs(wide) > 1e-30)
            close = np.abs(answer - wide) <= (4 if kind == "cumsum" else 3001) * eps * scale
            assert close[usual].all(), (line, np.flatnonzero(~close & usual)[:5])
        else:
            same = np.array_equal(answer, expected, equal_nan=answer.dtype.kind == "f")
            assert same, (line, np.flatnonzero(answer != expected)[:5])
        cases += 1
assert cases == 30, cases
