#!/usr/bin/python3
"""h5py and NumPy beside furrow: does one piece of work a line, and answers with nanoseconds."""
import os
import sys
import time

import h5py
import numpy as np

held = None


def into(shape, dtype):
    """An array that exists, its pages touched."""
    global held
    if held is None or held.shape != shape or held.dtype != dtype:
        held = np.ones(shape, dtype)
    return held


def load(path):
    global held
    with h5py.File(path, "r") as f:
        held = f["x"][()]


def load_f64(path):
    global held
    with h5py.File(path, "r") as f:
        held = f["x"].astype("f8")[()]


def prepare_load_into(path):
    with h5py.File(path, "r") as f:
        into(f["x"].shape, f["x"].dtype)


def load_into(path):
    with h5py.File(path, "r") as f:
        f["x"].read_direct(held)


def slab(path, low, high):
    global held
    with h5py.File(path, "r") as f:
        held = f["x"][:, int(low):int(high)]


def slab_by_chunks(path, low, high):
    """The order that someone chooses who knows the chunks: row of chunks after row of chunks."""
    global held
    low, high = int(low), int(high)
    with h5py.File(path, "r") as f:
        x = f["x"]
        held = np.empty((x.shape[0], high - low), x.dtype)
        for first in range(0, x.shape[0], x.chunks[0]):
            end = first + x.chunks[0]
            x.read_direct(held, np.s_[first:end, low:high], np.s_[first:end])


def save(path, gzip, rows, columns):
    options = {}
    if int(rows):
        options["chunks"] = (min(int(rows), held.shape[0]), int(columns))
    if int(gzip):
        options.update(compression="gzip", compression_opts=int(gzip))
    with h5py.File(path, "w") as f:
        f.create_dataset("x", data=held, **options)


def stream_sum(path):
    global held
    with h5py.File(path, "r") as f:
        held = np.array([sum(float(f["x"][at:at + 256].sum())
                             for at in range(0, f["x"].shape[0], 256))])


def stream_sqrt(to, path):
    with h5py.File(path, "r") as f, h5py.File(to, "w") as g:
        y = g.create_dataset("x", shape=f["x"].shape, dtype="f8")
        for at in range(0, f["x"].shape[0], 256):
            y[at:at + 256] = np.sqrt(np.abs(f["x"][at:at + 256]))


def npy_load(path):
    global held
    held = np.load(path)


def header_bytes(path):
    with open(path, "rb") as f:
        version = np.lib.format.read_magic(f)
        assert version == (1, 0)
        shape, _, dtype = np.lib.format.read_array_header_1_0(f)
        return shape, dtype, f.tell()


def fromfile(path):
    global held
    shape, dtype, offset = header_bytes(path)
    held = np.fromfile(path, dtype, offset=offset).reshape(shape)


def prepare_readinto(path):
    into(*header_bytes(path)[:2])


def readinto(path):
    shape, dtype, offset = header_bytes(path)
    with open(path, "rb", buffering=0) as f:
        f.seek(offset)
        view, at = memoryview(held).cast("B"), 0
        while at < view.nbytes:
            at += f.readinto(view[at:])


def npy_save(path):
    np.save(path, held)


def total(path):
    """Of a file that was saved: by h5py or by NumPy."""
    if path.endswith(".npy"):
        return float(np.load(path, mmap_mode="r").sum())
    with h5py.File(path, "r") as f:
        return sum(float(f["x"][at:at + 256].sum()) for at in range(0, f["x"].shape[0], 256))


def serve():
    global held
    work = {"fill": load, "npy_fill": npy_load}
    for line in sys.stdin:
        word, *arguments = line.split()
        if word == "clear":
            held = None
            print("ok", flush=True)
        elif word == "check":
            print(repr(float(held.astype("f8").sum())), flush=True)
        elif word == "total":
            print(repr(total(*arguments)), flush=True)
        else:
            if word in ("load", "load_f64", "slab", "slab_by_chunks", "npy_load", "fromfile"):
                held = None
            if word in ("save", "npy_save") and os.path.exists(arguments[0]):
                os.remove(arguments[0])
            globals().get("prepare_" + word, lambda *_: None)(*arguments)
            began = time.perf_counter_ns()
            (work.get(word) or globals()[word])(*arguments)
            print(time.perf_counter_ns() - began, flush=True)


if __name__ == "__main__":
    serve()
