"""The files that are read: a smooth field with noise, rounded to 1e-3, as measurements are kept."""
import os

import h5py
import numpy as np

COLUMNS = 8192
CHUNK_ROWS = 16
SMALL_BYTES = 1 << 20
KINDS = {
    "gzip": dict(chunks=True, compression="gzip", compression_opts=4),
    "shuffle": dict(chunks=True, compression="gzip", compression_opts=4, shuffle=True),
    "chunked": dict(chunks=True),
    "contiguous": {},
    "f16": dict(chunks=True, dtype="<f2"),
    "big_endian": dict(dtype=">f8"),
    "small": dict(chunks=True, compression="gzip", compression_opts=4),
    "small_plain": {},
}


def field(first, count, random):
    """Rows [first, first + count)."""
    y = np.arange(first, first + count)[:, None]
    x = np.arange(COLUMNS)[None, :]
    smooth = 10 * np.sin(x / 700) * np.cos(y / 500) + x / 4000
    return np.round(smooth + 0.02 * random.standard_normal((count, COLUMNS)), 3)


def make(kind, path, size):
    """Rows of 64 KiB of doubles; `size` bytes of them. f16 has as many elements as the others."""
    rows = max((SMALL_BYTES if kind.startswith("small") else size) // (8 * COLUMNS), CHUNK_ROWS)
    random = np.random.default_rng(20261121)
    if kind == "npy":
        out = np.lib.format.open_memmap(path, "w+", "<f8", (rows, COLUMNS))
        fill(out, rows, random)
        out.flush()
        return
    options = dict({"dtype": "<f8"}, **KINDS[kind])
    if options.pop("chunks", False):
        options["chunks"] = (CHUNK_ROWS, COLUMNS)
    with h5py.File(path, "w") as f:
        fill(f.create_dataset("x", shape=(rows, COLUMNS), **options), rows, random)


LARGE_TIMES = 8


def make_large(path, part, save_gzip):
    """The rows of `part`, a contiguous file, eight times, one below the other. Compressed rows are
    those of one part: save_gzip(from, to) has furrow compress it (zlib by h5py would take minutes
    for 4 GiB), and its chunks are copied as they lie, which checksum and size do not notice."""
    if path.stem == "large":
        with h5py.File(part, "r") as source, h5py.File(path, "w") as f:
            rows = source["x"].shape[0]
            x = f.create_dataset("x", shape=(LARGE_TIMES * rows, COLUMNS), dtype="<f8")
            for first in range(0, LARGE_TIMES * rows, 256):
                at = first % rows
                x[first:first + min(256, rows - at)] = source["x"][at:at + 256]
    else:
        packed = path.with_suffix(".part.h5")
        save_gzip(part, packed)
        repeat_chunks(packed, path)
        packed.unlink()
    with open(path, "rb+") as file:
        os.fsync(file.fileno())  # what the disk still writes would slow the measurement


def repeat_chunks(part, path):
    with h5py.File(part, "r") as source, h5py.File(path, "w") as f:
        one = source["x"]
        rows = one.shape[0]
        filters = dict(compression="gzip", compression_opts=one.compression_opts,
                       shuffle=one.shuffle, fletcher32=one.fletcher32)
        x = f.create_dataset("x", shape=(LARGE_TIMES * rows, COLUMNS), dtype="<f8",
                             chunks=one.chunks, **filters)
        for first in range(0, rows, one.chunks[0]):
            mask, raw = one.id.read_direct_chunk((first, 0))
            for time in range(LARGE_TIMES):
                x.id.write_direct_chunk((time * rows + first, 0), raw, mask)


def fill(out, rows, random):
    for first in range(0, rows, 256):
        count = min(256, rows - first)
        out[first:first + count] = field(first, count, random)
