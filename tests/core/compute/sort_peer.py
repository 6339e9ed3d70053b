"""NumPy's answers for search_test.cpp: reads what furrow read and wrote, and compares.

    sort_peer.py FOLDER     each case is a file NAME.case of lines "key dtype shape", with one file
                            of raw elements beside it for each key, or "key = value"
"""
import pathlib
import sys

import numpy as np

NAMES = {"bool": "?", "i8": "i1", "i16": "i2", "i32": "i4", "i64": "i8", "u8": "u1", "u16": "u2",
         "u32": "u4", "u64": "u8", "f16": "f2", "f32": "f4", "f64": "f8"}


def read(case):
    found = {}
    for line in case.read_text().splitlines():
        if " = " in line:
            key, value = line.split(" = ")
            found[key] = value
            continue
        key, dtype, *shape = line.split()
        array = np.fromfile(case.with_name(f"{case.stem}.{key}"), NAMES[dtype])
        found[key] = array.reshape([int(extent) for extent in shape])
    return found


def axis_of(c):
    return None if c["axis"] == "none" else int(c["axis"])


def equal(a, b):
    assert a.shape == b.shape, (a.shape, b.shape)
    assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), (a, b)


def sort(c):
    axis = axis_of(c)
    equal(c["sorted"].reshape(-1) if axis is None else c["sorted"], np.sort(c["x"], axis))
    equal(c["order"], np.argsort(c["x"], axis, kind="stable"))


def searchsorted(c):
    for side in ("left", "right"):
        equal(c[side], np.searchsorted(c["sorted"], c["values"], side))


def digitize(c):
    equal(c["open"], np.digitize(c["x"], c["bins"]))
    equal(c["closed"], np.digitize(c["x"], c["bins"], right=True))


def histogram(c):
    x = c["x"].astype("f8")  # NumPy rounds edges to f32 for f32
    bins = c["edges"] if "given" in c else int(c["bins"])
    limits = (float(c["low"]), float(c["high"])) if "low" in c else None
    counts, edges = np.histogram(x, bins, limits)
    equal(c["counts"], counts)
    equal(c["edges"], edges)
    sums, _ = np.histogram(x, bins, limits, weights=c["weights"])
    assert np.allclose(c["sums"], sums, rtol=1e-12, atol=1e-9), (c["sums"], sums)


def bincount(c):
    equal(c["counts"], np.bincount(c["x"], minlength=int(c["length"])))
    sums = np.bincount(c["x"], c["weights"], int(c["length"]))
    assert np.allclose(c["sums"], sums, rtol=1e-12, atol=1e-9)


def quantile(c):
    axis = axis_of(c)
    function = np.nanquantile if c["ignore_nan"] == "1" else np.quantile
    x = c["x"].astype("f8")
    wanted = function(x, c["q"], axis=axis, method=c["method"])
    same = (c["found"] == wanted) | (np.isnan(c["found"]) & np.isnan(wanted))
    assert c["found"].shape == wanted.shape, (c["found"].shape, wanted.shape)
    assert np.all(same), (c["found"][~same], wanted[~same])
    median = np.nanmedian if c["ignore_nan"] == "1" else np.median
    equal(c["median"], np.asarray(median(x, axis=axis)))


def unique(c):
    values, inverse, counts = np.unique(c["x"], return_inverse=True, return_counts=True)
    equal(c["values"], values)
    equal(c["counts"], counts)
    equal(c["inverse"].reshape(-1), inverse)


cases = sorted(pathlib.Path(sys.argv[1]).glob("*.case"))
assert cases
np.seterr(all="ignore")
for case in cases:
    content = read(case)
    try:
        globals()[content["kind"]](content)
    except AssertionError:
        print(case, {k: v for k, v in content.items() if isinstance(v, str)})
        raise
