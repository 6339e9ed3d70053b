"""NumPy's answers for the tests here: reads what furrow read and wrote, and compares.

    sort_peer.py FOLDER     each case is a file NAME.case of lines "key dtype shape", with one file
                            of raw elements beside it for each key, or "key = value"
"""
import pathlib
import sys

import numpy as np

try:
    from scipy import ndimage
except ImportError:  # not among what the tests need: a second peer where it happens to be
    ndimage = None

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


PADS = {"constant": "constant", "nearest": "edge", "wrap": "wrap", "reflect": "symmetric",
        "mirror": "reflect"}


def close(found, wanted, sizes):
    """Equal integers; floats within a few roundings of sums of these sizes."""
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    if found.dtype.kind != "f":
        return equal(found, wanted)
    error = np.abs(found.astype("f8") - wanted)
    assert np.all(error <= 100 * np.finfo(found.dtype).eps * sizes), error.max()


def wide(x):
    return x.astype("f8") if x.dtype.kind == "f" else x


def convolve(c):
    axis, mode = int(c["axis"]), c["mode"]
    x, w = wide(c["x"]), wide(c["w"])
    for found, function in (("convolved", np.convolve), ("correlated", np.correlate)):
        wanted = np.apply_along_axis(lambda line: function(line, w, mode), axis, x)
        sizes = np.apply_along_axis(lambda line: function(line, np.abs(w), mode), axis, np.abs(x))
        close(c[found], wanted, sizes)


def neighbours(x, shape, before, mode, value):
    """Windows of x, one for each element, of a shape, with what stands beyond the ends."""
    pad = [(b, n - 1 - b) for n, b in zip(shape, before)]
    more = {"constant_values": value} if mode == "constant" else {}
    padded = np.pad(x, pad, PADS[mode], **more)
    return np.lib.stride_tricks.sliding_window_view(padded, shape)


def stencil(c):
    x, w, mode = wide(c["x"]), wide(c["w"]), c["mode"]
    backwards = c["backwards"] == "1"
    before = [(n - 1 if backwards else n) // 2 for n in w.shape]
    weights = np.flip(w) if backwards else w
    windows = neighbours(x, w.shape, before, mode, x.dtype.type(float(c["value"])))
    axes = tuple(range(-w.ndim, 0))
    wanted = (windows * weights).sum(axes, dtype=x.dtype)
    sizes = np.abs(windows * weights).sum(axes) if x.dtype.kind == "f" else None
    close(c["out"], wanted, sizes)
    if ndimage is not None and x.dtype.kind == "f":
        function = ndimage.convolve if backwards else ndimage.correlate
        close(c["out"], function(x, w, mode=mode, cval=float(c["value"])), sizes)


def moving_average(c):
    x, window = c["x"], int(c["window"])
    view = np.lib.stride_tricks.sliding_window_view(x, window, axis=0)
    close(c["whole"], view.mean(-1), np.abs(view).mean(-1))
    value = float(c["value"])
    view = neighbours(x, (1, window), (0, window // 2), c["mode"], value)[..., 0, :]
    close(c["padded"], view.mean(-1), np.abs(view).mean(-1))
    if ndimage is not None:
        wanted = ndimage.uniform_filter1d(x, window, axis=1, mode=c["mode"], cval=value)
        assert np.allclose(c["padded"], wanted, rtol=1e-9, atol=1e-9)


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
