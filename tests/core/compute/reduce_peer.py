"""NumPy's answers for reduce_test.cpp.

    reduce_peer.py FOLDER   cases as sort_peer.py reads them: x, perhaps where, and results r0, r1,
                            …, each with a value r0_call = "name keepdims ddof masked axes…"
"""
import math
import pathlib
import sys
import warnings

import numpy as np

NAMES = {"bool": "?", "i8": "i1", "i16": "i2", "i32": "i4", "i64": "i8", "u8": "u1", "u16": "u2",
         "u32": "u4", "u64": "u8", "f16": "f2", "f32": "f4", "f64": "f8"}

warnings.simplefilter("ignore")


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


def norm(x, axis, keepdims, order):
    # np.linalg.norm takes one axis or two (a matrix norm); this is its vector norm on any.
    size = np.abs(x.astype("f8"))
    if order == "1":
        return size.sum(axis=axis, keepdims=keepdims)
    if order == "inf":
        return size.max(axis=axis, keepdims=keepdims)
    return np.sqrt((size * size).sum(axis=axis, keepdims=keepdims))


def numpy_answer(name, x, axis, keepdims, ddof, where):
    more = {} if where is None else {"where": where}
    if name.startswith("norm"):
        zero = x if where is None else np.where(where, x, 0)
        return norm(zero, axis, keepdims, name[4:].strip("_"))
    if name == "count_nonzero":
        chosen = x if where is None else np.where(where, x, 0)
        return np.asarray(np.count_nonzero(chosen, axis=axis, keepdims=keepdims))
    if name.removeprefix("nan") in ("argmin", "argmax"):
        rest = [k for k in range(x.ndim) if k not in axis]
        length = math.prod(x.shape[k] for k in axis)
        flat = x.transpose(*rest, *axis).reshape([x.shape[k] for k in rest] + [length])
        chosen = np.ones(x.shape, "?") if where is None else where
        chosen = chosen.transpose(*rest, *axis).reshape(flat.shape)
        found = place(flat, chosen, name)
        return np.expand_dims(found, axis) if keepdims else found
    if name in ("var", "std", "nanvar", "nanstd"):
        more["ddof"] = ddof
    if name.removeprefix("nan") in ("mean", "var", "std", "sum", "prod") and x.dtype.kind == "f":
        x = x.astype("f8")  # dtype="f8" would leave nanvar's differences in f32
    if x.dtype.kind in "iub":
        name = name[3:] if name.startswith("nan") else name
        if name in ("var", "std", "mean"):
            x = x.astype("f8")
    if where is not None and name in ("min", "max", "nanmin", "nanmax"):
        more["initial"] = ends(x.dtype, name[-3:])
    return np.asarray(getattr(np, name)(x, axis=axis, keepdims=keepdims, **more))


def place(flat, chosen, name):
    """The first place of the extreme of the chosen elements; NumPy's functions take no mask."""
    nan = flat != flat
    if name.startswith("nan"):
        chosen = chosen & ~nan
    which = name[-3:]
    best = getattr(np, which)(flat, axis=-1, where=chosen, initial=ends(flat.dtype, which))
    best = np.asarray(best)[..., None]
    hit = chosen & ((flat == best) | (nan & (best != best)))
    return hit.argmax(axis=-1)


def ends(dtype, which):
    if dtype.kind == "f":
        return np.inf if which == "min" else -np.inf
    if dtype.kind == "b":
        return which == "min"
    info = np.iinfo(dtype)
    return info.max if which == "min" else info.min


def dtype_of(name, dtype):
    if name in ("any", "all"):
        return np.dtype("?")
    if name.removeprefix("nan") in ("argmin", "argmax", "count_nonzero"):
        return np.dtype("i8")
    whole = dtype.kind in "iub"
    if name.removeprefix("nan") in ("sum", "prod"):
        return np.dtype("u8" if dtype.kind == "u" else "i8") if whole else dtype
    if name.removeprefix("nan") in ("min", "max"):
        return dtype
    return np.dtype("f8") if whole else dtype


def close(found, expected, scale):
    eps = np.finfo(found.dtype).eps
    bad = ~np.isfinite(expected)
    assert np.array_equal(found[bad], expected[bad].astype(found.dtype), equal_nan=True), (
        found, expected)
    error = np.abs(found[~bad].astype(expected.dtype) - expected[~bad])
    assert (error <= eps * np.abs(expected[~bad]) + 200 * 2.0 ** -53 * scale[~bad]).all(), (
        found, expected)


def check(c):
    x, count = c["x"], 0
    while f"r{count}" in c:
        name, keepdims, ddof, masked, *axes = c[f"r{count}_call"].split()
        found = c[f"r{count}"]
        axis = tuple(sorted(int(a) % x.ndim for a in axes)) if axes else tuple(range(x.ndim))
        where = np.broadcast_to(c["where"], x.shape) if masked == "1" else None
        expected = numpy_answer(name, x, axis, keepdims == "1", float(ddof), where)
        assert found.shape == expected.shape, (name, axes, found.shape, expected.shape)
        assert found.dtype == dtype_of(name, x.dtype), (name, found.dtype)
        try:
            if found.dtype.kind in "fc" and name.removeprefix("nan") not in ("min", "max"):
                size = np.where(np.isfinite(x), np.abs(x.astype("f8")), 0)
                scale = size.sum(axis=axis, keepdims=keepdims == "1")
                if name.removeprefix("nan") in ("var",):
                    scale = (size * size).sum(axis=axis, keepdims=keepdims == "1")
                if name.removeprefix("nan") == "prod":
                    scale = np.abs(np.where(np.isfinite(expected), expected, 0))
                close(found, expected, np.asarray(scale))
            else:
                assert np.array_equal(found, expected, equal_nan=found.dtype.kind == "f"), (
                    found, expected)
        except AssertionError as error:
            raise AssertionError(c["what"], c[f"r{count}_call"], x.shape, x.dtype) from error
        count += 1
    assert count > 0
    return count


def check_sum_exactly(c):
    """Sums with cancellation, along each axis, against math.fsum."""
    x = c["x"]
    for axis in range(x.ndim):
        found = c[f"sum{axis}"].reshape(-1)
        columns = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
        tiles = max(1, x.shape[axis] // 1024)
        for value, column in zip(found, columns):
            error = abs(math.fsum([value, *(-column)]))
            bound = (68 + math.log2(tiles)) * 2.0 ** -53 * math.fsum(abs(column))
            assert error <= bound, (axis, error, bound)


if __name__ == "__main__":
    for case in sorted(pathlib.Path(sys.argv[1]).glob("*.case")):
        c = read(case)
        (check_sum_exactly if c["kind"] == "exact" else check)(c)
