"""The other side of the HDF5 tests: h5py writes what furrow reads, and checks what furrow wrote.

  peer.py write FILE         every dtype, both byte orders, ranks 0 to 8, layouts, attributes, and
                             what furrow must refuse or skip
  peer.py check FILE         the same dtypes and ranks, as saved by furrow under /DTYPE/rN
  peer.py attributes FILE    attributes of /x as saved by furrow
  peer.py latin FILE         texts in Latin-1; check_latin FILE: as furrow saved them
  peer.py sum FILE DATASET   the sum of a dataset, for a file that was killed half way
"""
import sys

import h5py
import numpy as np

DTYPES = {"bool": "?", "i8": "i1", "i16": "i2", "i32": "i4", "i64": "i8", "u8": "u1", "u16": "u2",
          "u32": "u4", "u64": "u8", "f16": "f2", "f32": "f4", "f64": "f8", "c64": "c8",
          "c128": "c16"}
EXTENTS = (3, 2, 2, 1, 2, 3, 1, 2)
SHAPES = [EXTENTS[:rank] for rank in range(9)] + [(0,), (3, 0, 2)]


def pattern(dtype, shape):
    count = int(np.prod(shape, dtype=np.int64))
    code = np.dtype(DTYPES[dtype]).newbyteorder("<")
    raw = (np.arange(count * code.itemsize, dtype=np.uint64) * 131 + 7).astype(np.uint8)
    if dtype == "bool":
        raw &= 1
    return raw.view(code).reshape(shape)


def same_bits(a, b):
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def big_endian(array):
    """The same values in the other byte order, without a conversion that could quiet a NaN."""
    return array.byteswap().view(array.dtype.newbyteorder(">"))


def write(path):
    with h5py.File(path, "w") as f:
        for name in DTYPES:
            for i, shape in enumerate(SHAPES):
                value = pattern(name, shape)
                f.create_dataset(f"/le/{name}/r{i}", data=value)
                f.create_dataset(f"/be/{name}/r{i}", data=big_endian(value))
            f.create_dataset(f"/gzip/{name}", data=pattern(name, (1000, 7)), chunks=(64, 3),
                             compression=4, shuffle=True, fletcher32=True)
        f.create_dataset("/lzf", data=pattern("f64", (100, 5)), chunks=(7, 5), compression="lzf")
        f.create_dataset("/fill", shape=(10, 4), dtype="f8", chunks=(3, 3), fillvalue=2.5)
        f["/fill"][4, 1] = -1
        f["/pairs"] = np.array([(1.0, 2.0)], dtype=[("real", "<f8"), ("imag", "<f8")])
        refuse(f)
        attributes(f)


def refuse(f):
    f["/refuse/text"] = "text"
    f["/refuse/fixed"] = np.array([b"abc"])
    f["/refuse/compound"] = np.zeros(2, dtype=[("x", "f8"), ("y", "f8"), ("z", "f8")])
    f["/refuse/half_complex"] = np.zeros(2, dtype=[("r", "f2"), ("i", "f2")])
    f["/refuse/long_double"] = np.zeros(2, dtype=np.longdouble)
    f["/refuse/null"] = h5py.Empty("f8")
    f["/refuse/colours"] = np.zeros(2, dtype=h5py.enum_dtype({"RED": 0, "BLUE": 1}, "i1"))
    f.create_dataset("/refuse/lists", shape=(2,), dtype=h5py.vlen_dtype("f8"))
    f["/refuse/opaque"] = np.zeros(2, dtype="V5")
    f["/refuse/dangling"] = h5py.SoftLink("/nowhere")
    f.create_dataset("/refuse/rank9", shape=(1,) * 9, dtype="f8")


def attributes(f):
    x = f.create_dataset("/attributes", data=np.zeros(3))
    x.attrs["text"] = "Größe in µm"
    x.attrs["ascii"] = np.bytes_("plain")
    x.attrs["empty"] = ""
    x.attrs["names"] = ["DAX", "SMI", "é"]
    x.attrs["fixed"] = np.array([b"ab", b"abc", b""])
    x.attrs["table"] = np.array([["a", "b"], ["c", "d"]], dtype=h5py.string_dtype())
    for name in DTYPES:
        x.attrs["scalar " + name] = pattern(name, ())
        x.attrs["array " + name] = pattern(name, (2, 3))
    x.attrs["big endian"] = np.array([1.5, -2.5], dtype=">f8")
    x.attrs["no elements"] = np.zeros((0, 2), dtype="f4")
    x.attrs["null"] = h5py.Empty("f8")
    x.attrs["reference"] = x.ref
    x.attrs["compound"] = np.zeros(1, dtype=[("x", "f8"), ("y", "i4"), ("z", "i4")])


def latin(path):
    """Texts as programs write them that know nothing of UTF-8."""
    with h5py.File(path, "w") as f:
        a = f.create_dataset("x", data=np.zeros(3)).attrs
        a["unit"] = np.bytes_("µm".encode("latin-1"))
        a.create("variable", "Grad °C".encode("latin-1"), dtype=h5py.string_dtype("ascii"))
        a["names"] = np.array([text.encode("latin-1") for text in ("é", "ok", "ü")])
        a["ours"] = np.bytes_("Größe".encode())


def check_latin(path):
    with h5py.File(path, "r") as f:
        a = f["x"].attrs
        assert a["unit"] == "µm" and a["variable"] == "Grad °C" and a["ours"] == "Größe"
        assert list(a["names"]) == ["é", "ok", "ü"]


def check(path):
    with h5py.File(path, "r") as f:
        for name in DTYPES:
            for i, shape in enumerate(SHAPES):
                found, wanted = f[f"/{name}/r{i}"], pattern(name, shape)
                value = np.asarray(found[()])
                assert value.dtype == wanted.dtype, (found.name, value.dtype)
                assert same_bits(value, wanted), found.name
            found = f[f"/{name}/gzip"]
            assert found.compression == "gzip" and found.compression_opts == 6, found.name
            assert found.chunks == (50, 3), found.chunks
            assert same_bits(found[()], pattern(name, (200, 5))), found.name


def check_attributes(path):
    with h5py.File(path, "r") as f:
        a = f["/x"].attrs
        assert a["text"] == "Größe in µm" and isinstance(a["text"], str), a["text"]
        assert a["empty"] == "", a["empty"]
        assert list(a["names"]) == ["DAX", "", "é"], a["names"]
        assert a["number"] == 2.5 and a["number"].shape == (), a["number"]
        for name in DTYPES:
            value = np.asarray(a["array " + name])
            assert same_bits(value, pattern(name, (2, 3))), name
            assert value.dtype == pattern(name, ()).dtype, (name, value.dtype)


def total(path, dataset):
    with h5py.File(path, "r") as f:
        print(float(f[dataset][()].sum()))


if __name__ == "__main__":
    {"write": write, "check": check, "attributes": check_attributes, "sum": total,
     "latin": latin, "check_latin": check_latin}[sys.argv[1]](
        *sys.argv[2:])
