"""h5py's side of roads_test.cpp: the same elements in every layout that a file can have.

  roads_peer.py roads FILE      /LAYOUT/DTYPE/ORDER for each layout below, 37 x 11 of the pattern
  roads_peer.py shapes FILE     /LAYOUT/rN: ranks 0 to 8 and sizes of 0; edges, chunks that were
                                never written, extents without limit
  roads_peer.py masks FILE      /mK: every chunk written raw, with filter K of three skipped
  roads_peer.py bfloat16 FILE   /LAYOUT/ORDER: bfloat16, 37 x 11, with the bits of u16's pattern;
                                /fill, half of whose chunks were never written; an attribute
  roads_peer.py outside FOLDER  links, storage and virtual datasets that lead to other files
"""
import os
import sys
import zlib

import h5py
import numpy as np

from peer import DTYPES, SHAPES, big_endian, pattern

GZIP = {"compression": "gzip", "compression_opts": 4}
SHUFFLE, CHECKED = {"shuffle": True}, {"fletcher32": True}
CHUNKED = {
    "plain": {}, "gzip": GZIP, "shuffle": SHUFFLE, "checked": CHECKED,
    "shuffle_gzip": {**SHUFFLE, **GZIP}, "gzip_checked": {**GZIP, **CHECKED},
    "shuffle_checked": {**SHUFFLE, **CHECKED},
    "shuffle_gzip_checked": {**SHUFFLE, **GZIP, **CHECKED},
    "szip": {"compression": "szip"}}


def both_orders(value):
    return (("le", value), ("be", big_endian(value)))


def layouts(f, name, value):
    """Contiguous, compact, external, virtual and chunked, in both byte orders."""
    for order, stored in both_orders(value):
        place = f"{name}/{order}"
        f.create_dataset(f"contiguous/{place}", data=stored)
        for layout, filters in CHUNKED.items():
            if layout == "szip" and stored.dtype.kind in "cb":
                continue
            f.create_dataset(f"{layout}/{place}", data=stored, chunks=(8, 4), **filters)
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_layout(h5py.h5d.COMPACT)
        group = f.require_group(f"compact/{name}")
        kind = h5py.h5t.py_create(stored.dtype, logical=True)
        space = h5py.h5s.create_simple(stored.shape)
        low = h5py.h5d.create(group.id, order.encode(), kind, space, creation)
        h5py.Dataset(low)[...] = stored
        parts = h5py.VirtualLayout(stored.shape, stored.dtype)
        parts[...] = h5py.VirtualSource(f[f"gzip/{place}"])
        f.create_virtual_dataset(f"virtual/{place}", parts)


def bfloat16_type(order):
    kind = (h5py.h5t.IEEE_F32LE if order == "le" else h5py.h5t.IEEE_F32BE).copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    kind.set_ebias(127)
    return kind


def bfloat16(path):
    bits = pattern("u16", (37, 11))
    space = h5py.h5s.create_simple(bits.shape)
    with h5py.File(path, "w") as f:
        for order, stored in both_orders(bits):
            kind = bfloat16_type(order)
            for layout in ("contiguous", "compact", "plain", "gzip", "all", "nbit", "fill"):
                how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                if layout == "compact":
                    how.set_layout(h5py.h5d.COMPACT)
                elif layout != "contiguous":
                    how.set_chunk((8, 4))
                if layout == "all":
                    how.set_shuffle()
                if layout in ("all", "gzip", "fill"):
                    how.set_deflate(4)
                if layout == "all":
                    how.set_fletcher32()
                if layout == "nbit":
                    how.set_filter(h5py.h5z.FILTER_NBIT)
                if layout == "fill":
                    how.set_fill_value(np.array(-2.5, "f4"))
                group = f.require_group(layout)
                d = h5py.h5d.create(group.id, order.encode(), kind, space, how)
                # As the file has it: nothing is converted.
                part = space.copy()
                if layout == "fill":
                    part.select_hyperslab((0, 0), (16, 11))
                d.write(part, part, np.ascontiguousarray(stored), mtype=kind)
        one = h5py.h5s.create(h5py.h5s.SCALAR)
        a = h5py.h5a.create(f["plain/le"].id, b"scale", bfloat16_type("be"), one)
        a.write(np.array(-1.5, "f4"))


def roads(path):
    with h5py.File(path, "w") as f:
        for name in DTYPES:
            layouts(f, name, pattern(name, (37, 11)))
        for name in ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"):
            f.create_dataset(f"scaled/{name}/le", data=pattern(name, (37, 11)), chunks=(8, 4),
                             scaleoffset=0)


def shapes(path):
    with h5py.File(path, "w") as f:
        for i, shape in enumerate(SHAPES):
            for name in DTYPES:
                f[f"contiguous/{name}/r{i}"] = pattern(name, shape)
                if shape:
                    f.create_dataset(f"chunked/{name}/r{i}", data=pattern(name, shape),
                                     chunks=(2,) * len(shape), maxshape=(None,) * len(shape),
                                     shuffle=True, compression=1, fletcher32=True)
        for name in DTYPES:
            value = pattern(name, (41,))
            for order, typed in both_orders(value):
                for kind, options in (("chunked", {"chunks": (7,), **GZIP}), ("contiguous", {})):
                    f.create_dataset(f"{kind}_fill/{name}/{order}", shape=(30,), dtype=typed.dtype,
                                     fillvalue=typed[5], **options)
                f[f"chunked_fill/{name}/{order}"][14:21] = typed[14:21]


def masks(path):
    """Filters 0 shuffle, 1 gzip, 2 fletcher32; bit K of the mask says that K was skipped."""
    value = pattern("i32", (40,))
    with h5py.File(path, "w") as f:
        for mask in range(8):
            d = f.create_dataset(f"m{mask}", shape=(40,), dtype="<i4", chunks=(8,), shuffle=True,
                                 compression=6, fletcher32=True)
            for at in range(0, 40, 8):
                raw = value[at:at + 8].tobytes()
                if not mask & 1:
                    raw = np.frombuffer(raw, "u1").reshape(8, 4).T.tobytes()
                if not mask & 2:
                    raw = zlib.compress(raw, 6)
                if not mask & 4:
                    raw += checksum(raw).to_bytes(4, "little")
                d.id.write_direct_chunk((at,), raw, mask)


def checksum(raw):
    words = np.frombuffer(raw + b"\0" * (len(raw) % 2), ">u2").astype(np.uint64)
    first = np.cumsum(words)
    fold = lambda s: 0 if not words.any() else int(s) % 65535 or 65535
    return fold(first.sum()) << 16 | fold(first[-1])


def outside(folder):
    value = pattern("f64", (10, 3))
    with h5py.File(os.path.join(folder, "other.h5"), "w") as other:
        other["deep/x"] = value
    with h5py.File(os.path.join(folder, "main.h5"), "w") as f:
        f["link"] = h5py.ExternalLink("other.h5", "/deep/x")
        f["group"] = h5py.ExternalLink("other.h5", "/deep")
        f["soft"] = h5py.SoftLink("/group/x")
        f["circle"] = h5py.SoftLink("/round")
        f["round"] = h5py.SoftLink("/circle")
        f["near/x"] = value
        f["near/soft"] = h5py.SoftLink("x")
        f["far"] = h5py.SoftLink("/near/soft")
        storage = os.path.join(folder, "raw.bin")
        with open(storage, "wb") as raw:
            raw.write(value.tobytes())
        f.create_dataset("storage", shape=(10, 3), dtype="f8",
                         external=[(storage, 0, value.nbytes)])
        parts = h5py.VirtualLayout((10, 3), "f8")
        parts[...] = h5py.VirtualSource("other.h5", "deep/x", shape=(10, 3))
        f.create_virtual_dataset("parts", parts)
        around = h5py.VirtualLayout((10, 3), "f8")
        around[...] = h5py.VirtualSource(".", "storage", shape=(10, 3))
        f.create_virtual_dataset("around", around)
        own = h5py.VirtualLayout((10, 3), "f8")
        own[...] = h5py.VirtualSource(".", "near/x", shape=(10, 3))
        f.create_virtual_dataset("own", own)


if __name__ == "__main__":
    {"roads": roads, "shapes": shapes, "masks": masks, "outside": outside,
     "bfloat16": bfloat16}[sys.argv[1]](
        *sys.argv[2:])
