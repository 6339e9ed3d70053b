"""The NumPy side of numpy_test.cpp: computes each case anew by the NumPy line of the kernel's own
description, and compares all bits.

    numpy_peer.py MANIFEST DATA

A line of MANIFEST is  kernel|numpy line|input dtypes|output dtype|elements;  DATA holds its inputs
and then its output, one case after the other. Any NaN equals any other; kernels that choose between
+0 and -0 may choose either.
"""
import sys

import numpy as np

DTYPES = {
    "bool": np.bool_, "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
    "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "u64": np.uint64, "f16": np.float16,
    "f32": np.float32, "f64": np.float64, "c64": np.complex64, "c128": np.complex128,
}
EITHER_ZERO = {"minimum", "maximum", "fmin", "fmax"}


def same(kernel, ours, theirs):
    """Element by element: the same bits, or both NaN."""
    if ours.dtype.kind == "c":
        return same(kernel, ours.real, theirs.real) & same(kernel, ours.imag, theirs.imag)
    ours, theirs = np.ascontiguousarray(ours), np.ascontiguousarray(theirs)
    bits = ours.view(f"u{ours.itemsize}") == theirs.view(f"u{ours.itemsize}")
    if ours.dtype.kind == "f":
        bits |= np.isnan(ours) & np.isnan(theirs)
        if kernel in EITHER_ZERO:
            bits |= (ours == 0) & (theirs == 0)
    return bits


def main():
    manifest, data = sys.argv[1:]
    failures = 0
    with open(data, "rb") as file:
        for line in open(manifest):
            kernel, expression, ins, out, count = line.rstrip("\n").split("|")
            read = lambda name: np.fromfile(file, DTYPES[name], int(count))
            operands = [read(name) for name in ins.split()]
            ours = read(out)
            names = dict(zip("xyz", operands), np=np, dtype=DTYPES[out])
            with np.errstate(all="ignore"):
                theirs = eval(expression, names)
            case = f"{kernel} {ins} -> {out}"
            if theirs.dtype != ours.dtype:
                print(f"{case}: NumPy gives {theirs.dtype}")
                failures += 1
                continue
            equal = same(kernel, ours, theirs)
            if not equal.all():
                at = int(np.argmin(equal))
                print(f"{case}: {int((~equal).sum())} of {count} differ, first {at}: "
                      f"({', '.join(repr(o[at]) for o in operands)}) gives {ours[at]!r}, "
                      f"NumPy {theirs[at]!r}")
                failures += 1
    sys.exit(1 if failures else 0)


main()
