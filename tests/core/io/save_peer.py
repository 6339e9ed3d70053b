"""h5py beside saves and appends.

  save_peer.py filters FILE        every dtype and filter mix that furrow saved under /DTYPE/…
  save_peer.py mirror FILE COPY    the same datasets written by h5py, for h5diff
  save_peer.py growable FILE LIB   datasets of 10 rows that can grow, and some that cannot; LIB is
                                   earliest or latest
  save_peer.py appended FILE ROWS  the same after furrow appended up to so many rows
"""
import sys

import h5py
import numpy as np

from peer import DTYPES, big_endian, pattern, same_bits


def saved(f):
    for name in DTYPES:
        for found in f[name].values():
            yield name, found


def filters(path):
    count = 0
    with h5py.File(path, "r") as f:
        for dtype, found in saved(f):
            _, gzip, shuffle, checksum = found.name.rsplit("/", 1)[1].split("_")
            assert found.compression == (None if gzip == "0" else "gzip"), found.name
            assert gzip == "0" or found.compression_opts == int(gzip), found.name
            assert found.shuffle == (shuffle == "1"), found.name
            assert found.fletcher32 == (checksum == "1"), found.name
            assert same_bits(np.asarray(found[()]), pattern(dtype, found.shape)), found.name
            count += 1
    print(count)


def mirror(path, copy):
    with h5py.File(path, "r") as f, h5py.File(copy, "w") as g:
        for dtype, found in saved(f):
            g[found.name] = pattern(dtype, found.shape)


KINDS = {
    "gzip": dict(chunks=(4, 3), compression=3),
    "all": dict(chunks=(4, 2), compression=1, shuffle=True, fletcher32=True),
    "plain": dict(chunks=(3, 5)),
    "one": dict(chunks=(1, 5), compression=9),
    "wide": dict(chunks=(20, 5), fletcher32=True),
    "fill": dict(chunks=(4, 3), compression=3, fillvalue=2.5),
    "scale": dict(chunks=(4, 3), scaleoffset=0),
    "big": dict(chunks=(4, 3), compression=3),
}


def dtype_of(kind):
    return "i32" if kind == "scale" else "f64"


def rows(kind, begin, end):
    dtype = dtype_of(kind)
    whole = np.arange(end * 5).reshape(end, 5).astype(DTYPES[dtype])
    return big_endian(whole[begin:]) if kind == "big" else whole[begin:]


def growable(path, library):
    with h5py.File(path, "w", libver=library) as f:
        for kind, options in KINDS.items():
            value = rows(kind, 0, 10)
            f.create_dataset(kind, data=value, maxshape=(None, 5), **options)
            f.create_dataset(kind + " both", data=value, maxshape=(None, None), **options)
            f.create_dataset(kind + " 25", data=value, maxshape=(25, 5), **options)
        f["fixed"] = rows("gzip", 0, 10)
        f["text"] = "words"
        f["group/soft"] = h5py.SoftLink("/gzip")
        f["other"] = h5py.ExternalLink("other.h5", "/gzip")
        f["gzip"].attrs["kept"] = "as it was"


def appended(path, count):
    with h5py.File(path, "r") as f:
        for kind in KINDS:
            for name in (kind, kind + " both", kind + " 25"):
                wanted = rows(kind, 0, min(int(count), 25) if "25" in name else int(count))
                found = f[name]
                assert found.shape == wanted.shape, (name, found.shape)
                assert found.dtype == wanted.dtype, (name, found.dtype)
                assert np.array_equal(found[()], wanted), name
                # What lies beyond the last column, when that axis grows.
        assert f["gzip"].attrs["kept"] == "as it was"
    with h5py.File(path, "r+") as f:
        f["fill both"].resize(6, axis=1)
        assert (f["fill both"][:, 5] == 2.5).all(), f["fill both"][:, 5]


if __name__ == "__main__":
    {"filters": filters, "mirror": mirror, "growable": growable, "appended": appended}[sys.argv[1]](
        *sys.argv[2:])
