"""h5py and NumPy beside list, inspect, verify, dimension scales and .npy files.

  tools_peer.py tree FILE                   groups, datasets, links of every kind, cycles
  tools_peer.py verify FILE                 layouts and filters, whole
  tools_peer.py many FILE                   21,000 chunks each, of a filter that is not here
  tools_peer.py chunk FILE DATASET INDEX    where that chunk lies in the file
  tools_peer.py scales FILE                 dimension scales by h5py, of every kind
  tools_peer.py check_scales FILE           the same, as furrow wrote them back
  tools_peer.py check_replaced FILE         after /g/x and the scale /g/time were replaced
  tools_peer.py npy FOLDER                  every dtype, byte order, rank, order and version
  tools_peer.py check_npy FOLDER            the same arrays as furrow saved them
  tools_peer.py foreign_npy FOLDER          dtypes that furrow has not got
  tools_peer.py views FILE                  a matrix, and the matrix column-major in .npy
  tools_peer.py check_views FILE            what Eigen and xtensor made of it
  tools_peer.py mutation KIND FILE          small files to be damaged
  tools_peer.py netcdf FILE                 the layout of a netCDF-4 file
  tools_peer.py check_netcdf FILE           its variable, as furrow wrote it back
"""
import sys
import zlib

import h5py
import numpy as np

from peer import DTYPES, SHAPES, pattern


def tree(path):
    with h5py.File(path, "w") as f:
        f.attrs["title"] = "of the file"
        b = f.create_group("a/b")
        f["a"].attrs["title"] = "of the group"
        x = b.create_dataset("x", data=np.arange(600, dtype=">f4").reshape(100, 6), chunks=(10, 6),
                             compression="gzip", compression_opts=7, shuffle=True, fletcher32=True,
                             maxshape=(None, 6), fillvalue=7.5)
        x.attrs["unit"] = "m"
        x.attrs["scale"] = 2.5
        x.attrs["where"] = b.ref
        x.attrs["nothing"] = h5py.Empty("f8")
        f["soft"] = h5py.SoftLink("/a/b/x")
        f["nowhere"] = h5py.SoftLink("/not/there")
        f["external"] = h5py.ExternalLink("other.h5", "/y")
        f["hard"] = x
        f["a/loop"] = f["a"]
        f["type"] = np.dtype("f4")
        for i in range(30):
            f["type"].attrs[f"long{i}"] = np.zeros(6000)
        f["words"] = ["a", "bc"]
        f["empty"] = h5py.Empty("f8")
        f["compound"] = np.zeros(5, dtype=[("a", "f4"), ("b", "i8")])


def verify(path):
    random = np.random.default_rng(5)
    with h5py.File(path, "w") as f:
        f.create_dataset("gzip", data=random.integers(0, 9, (295, 50)), chunks=(10, 50),
                         compression="gzip", shuffle=True)
        f.create_dataset("fletcher", data=random.random((12, 6, 7)), chunks=(4, 3, 5),
                         fletcher32=True)
        noise = f.create_dataset("noise", shape=(40, 100), dtype="u1", chunks=(10, 100),
                                 compression="gzip")
        for i in range(4):  # the second chunk skips its filter
            raw = bytes(range(100)) * 10
            raw = raw if i == 1 else zlib.compress(raw)
            noise.id.write_direct_chunk((10 * i, 0), raw, filter_mask=1 if i == 1 else 0)
        f.create_dataset("chunked", data=random.random((30, 30)), chunks=(10, 30))
        f.create_dataset("contiguous", data=np.zeros((260, 10000)))
        f.create_dataset("lzf", data=random.integers(0, 9, 1000), chunks=(100,), compression="lzf")
        for name, skipped in (("lzf_skipped", (0, 1, 2)), ("lzf_some", (1,))):
            some = f.create_dataset(name, shape=(30,), dtype="u1", chunks=(10,), compression="lzf")
            for i in range(3):
                some.id.write_direct_chunk((10 * i,), bytes(10), filter_mask=int(i in skipped))
        f["strings"] = ["a", "bc", ""] * 100
        f.create_dataset("unwritten", shape=(100, 100), chunks=(10, 10), dtype="f8")
        sparse = f.create_dataset("sparse", shape=(10**6, 10**6), chunks=(100, 10), dtype="f4",
                                  compression="gzip")
        sparse[5, 7] = 1
        sparse[999_999, 999_999] = 2
        layout = h5py.VirtualLayout(shape=(10,), dtype="f8")
        layout[:] = h5py.VirtualSource("elsewhere.h5", "x", shape=(10,))
        f.create_virtual_dataset("virtual", layout)
        f.create_dataset("deep", data=np.zeros((2,) * 12), chunks=(1, 2) * 6, compression="gzip")
        f["empty"] = h5py.Empty("f8")


def many(path):
    """More chunks than are listed before they are read, by a filter that is not here; all but
    those of the second went past it."""
    with h5py.File(path, "w") as f:
        for name, not_past in (("past", ()), ("some", (20_500,)), ("torn", ())):
            d = f.create_dataset(name, shape=(21_000, 8), dtype="u1", chunks=(1, 8),
                                 compression="lzf", fletcher32=True)
            raw = bytes(range(8))
            check = fletcher32(raw)
            for i in range(21_000):
                if i != 77:  # never written: nothing to undo
                    d.id.write_direct_chunk((i, 0), raw + check, filter_mask=int(i not in not_past))
            if name == "torn":
                d.id.write_direct_chunk((20_123, 0), b"x" + raw[1:] + check, filter_mask=1)


def fletcher32(raw):
    """Of an even number of bytes, as H5_checksum_fletcher32 has it: words in big-endian order."""
    low = high = 0
    for i in range(0, len(raw), 2):
        low = (low + (raw[i] << 8 | raw[i + 1])) % 65535
        high = (high + low) % 65535
    return (high << 16 | low).to_bytes(4, "little")


def npy_path(folder, name, i):
    return f"{folder}/{name}.{i}.npy"


def npy(folder):
    for name in DTYPES:
        for i, shape in enumerate(SHAPES):
            value = pattern(name, shape)
            swapped = value.byteswap().view(value.dtype.newbyteorder(">"))
            fortran = np.array(value, order="F")
            np.save(npy_path(folder, f"le-{name}", i), value)
            np.save(npy_path(folder, f"be-{name}", i), swapped)
            np.save(npy_path(folder, f"f-{name}", i), fortran)
            np.save(npy_path(folder, f"fbe-{name}", i), np.array(swapped, order="F"))
    for version in ((1, 0), (2, 0), (3, 0)):
        with open(f"{folder}/version{version[0]}.npy", "wb") as f:
            np.lib.format.write_array(f, np.arange(12.0).reshape(4, 3), version)


def check_npy(folder):
    for name in DTYPES:
        for i, shape in enumerate(SHAPES):
            with open(npy_path(folder, f"out-{name}", i), "rb") as ours:
                with open(npy_path(folder, f"le-{name}", i), "rb") as theirs:
                    assert ours.read() == theirs.read(), (name, shape)


def foreign_npy(folder):
    np.save(f"{folder}/fields.npy", np.zeros(3, dtype=[("a", "f4"), ("b", "i8")]))
    np.save(f"{folder}/objects.npy", np.array([{}, []], dtype=object))
    np.save(f"{folder}/bytes.npy", np.array([b"abc"]))
    np.save(f"{folder}/words.npy", np.array(["abc"]))
    np.save(f"{folder}/raw.npy", np.zeros(2, "V3"))
    np.save(f"{folder}/dates.npy", np.zeros(2, "M8[ns]"))
    np.save(f"{folder}/times.npy", np.zeros(2, "m8[s]"))
    np.save(f"{folder}/long.npy", np.zeros(2, np.longdouble))
    np.save(f"{folder}/clong.npy", np.zeros(2, np.clongdouble))
    np.save(f"{folder}/nine.npy", np.zeros((1,) * 9))


def chunk(path, dataset, index):
    with h5py.File(path, "r") as f:
        print(f[dataset].id.get_chunk_info(int(index)).byte_offset)


def scales(path):
    with h5py.File(path, "w") as f:
        x = f.create_dataset("g/x", data=np.arange(24.0).reshape(4, 3, 2), chunks=(2, 3, 2))
        time = f.create_dataset("g/time", data=np.array([0, 10, 20, 30], ">i4"))
        time.attrs["units"] = "days since 2000-01-01"
        time.make_scale("the time")
        lat = f.create_dataset("lat", data=[1.5, 2.5, 3.5])
        lat.make_scale()
        second = f.create_dataset("second", data=[7, 8, 9], dtype="i8")
        second.make_scale("2nd")
        words = f.create_dataset("words", data=["a", "b"])
        words.make_scale()
        x.dims[0].label = "t"
        x.dims[2].label = "wörter"
        x.dims[0].attach_scale(time)
        x.dims[1].attach_scale(lat)
        x.dims[1].attach_scale(second)
        x.dims[2].attach_scale(words)
        x.attrs["unit"] = "K"
        y = f.create_dataset("g/y", data=np.zeros(4))
        y.dims[0].attach_scale(time)
        y.attrs["where"] = x.ref
        f["g/pairs"] = np.zeros(2)
        f["g/pairs"].attrs["pair"] = np.array((1, 2), dtype=[("a", "i4"), ("b", "f4")])
        f["g/pairs"].attrs["nothing"] = h5py.Empty("f8")
        f["g/pairs"].attrs.create("lists", [np.arange(3), np.arange(2)],
                                  dtype=h5py.vlen_dtype("i4"))


def check_one(x, time_path):
    f = x.file
    assert [x.dims[i].label for i in range(3)] == ["t", "", "wörter"]
    assert dict(x.attrs)["unit"] == "K"
    assert [len(x.dims[i]) for i in range(3)] == [1, 2, 0], [len(d) for d in x.dims]
    time = x.dims[0][0]
    assert time.name == time_path and time == f[time_path]
    assert list(time) == [0, 10, 20, 30] and h5py.h5ds.is_scale(time.id)
    assert time.attrs["units"] == "days since 2000-01-01"
    assert x.dims[0]["the time"] == time
    assert list(x.dims[1][0]) == [1.5, 2.5, 3.5] and x.dims[1][0].name == "/lat"
    assert list(x.dims[1]["2nd"]) == [7, 8, 9] and x.dims[1][1].dtype == np.int64
    users = [(f[r], i) for r, i in time.attrs["REFERENCE_LIST"]]
    assert (x, 0) in users, users
    return users


def check_scales(path):
    with h5py.File(path, "r") as f:
        assert len(check_one(f["out/x"], "/out/time")) == 1
        t = f["out/x"].dims[0][0]
        assert t.attrs["CLASS"] == b"DIMENSION_SCALE" and t.attrs["NAME"] == b"the time"
        # A scale by itself.
        assert h5py.h5ds.is_scale(f["alone"].id) and list(f["alone"]) == [0, 10, 20, 30]
        # Cut: rows 1 to 3, and a slice of the array that was loaded.
        assert list(f["rows"].dims[0][0]) == [10, 20]
        assert list(f["part/slice"].dims[0][0]) == [30, 10], list(f["part/slice"].dims[0][0])
        assert list(f["part/slice"].dims[1][0]) == [2.5, 3.5]
        assert len(f["turned"].dims[0]) == 0 and f["turned"].attrs["unit"] == "K"


def check_replaced(path):
    with h5py.File(path, "r") as f:
        x, y, time = f["g/x"], f["g/y"], f["g/time"]
        assert list(time) == [1, 2, 3, 4] and h5py.h5ds.is_scale(time.id)
        assert x.dims[0][0] == time and y.dims[0][0] == time
        users = sorted((f[r].name, i) for r, i in time.attrs["REFERENCE_LIST"])
        assert users == [("/g/x", 0), ("/g/y", 0)], users
        assert [f[r] for r, i in f["lat"].attrs["REFERENCE_LIST"]] == [x]
        assert x.attrs["unit"] == "K" and x.dims[0].label == "t"
        pairs = f["g/pairs"].attrs
        assert tuple(pairs["pair"]) == (1, 2) and isinstance(pairs["nothing"], h5py.Empty)
        assert [list(one) for one in pairs["lists"]] == [[0, 1, 2], [0, 1]]


def dangling(path):
    """Datasets whose scale was deleted, and a scale whose datasets were."""
    with h5py.File(path, "w") as f:
        for name in ("x", "y", "z", "w"):
            f[name] = np.arange(4.0)
        for name in ("t", "u", "v"):
            f[name] = np.arange(4) * 10
            f[name].make_scale(name)
        for name in ("x", "y", "z"):
            f[name].dims[0].attach_scale(f["t"])
        f["x"].dims[0].attach_scale(f["u"])
        for name in ("z", "w"):
            f[name].dims[0].attach_scale(f["v"])
        f["only"] = np.arange(4.0)
        f["old"] = np.arange(3)
        f["old"].make_scale("old")
        f["only"].dims[0].attach_scale(f["old"])
        f["gone"] = np.arange(3.0)
        f["gone"].dims[0].attach_scale(f["old"])
        del f["t"], f["z"], f["gone"]
        f["y"].attrs["DIMENSION_LABELS"] = ["rows"]


def check_dangling(path):
    with h5py.File(path, "r") as f:
        assert [d.name for d in f["x"].dims[0].values()] == ["/u"]
        assert [f[r] for r, i in f["u"].attrs["REFERENCE_LIST"]] == [f["x"]]
        assert len(f["y"].dims[0]) == 0 and "DIMENSION_LIST" not in f["y"].attrs
        assert list(f["v"]) == [1, 2, 3, 4] and h5py.h5ds.is_scale(f["v"].id)
        assert f["w"].dims[0][0] == f["v"]
        assert [f[r] for r, i in f["v"].attrs["REFERENCE_LIST"]] == [f["w"]]
        assert list(f["only"].dims[0][0]) == [4, 5, 6, 7]


def small(path):
    a = np.arange(30.0 * 22).reshape(30, 22)
    with h5py.File(path, "w") as f:
        f["contiguous"] = a
        f.create_dataset("edges", data=a, chunks=(7, 5))
        f.create_dataset("big", data=a.astype(">f8"), chunks=(10, 22))
        holes = f.create_dataset("holes", (30, 22), "f8", chunks=(8, 11), fillvalue=-1.5)
        holes[8:16, 11:] = a[8:16, 11:]
        f.create_dataset("chunks", data=a, chunks=(6, 11))


def small_retyped(path):
    with h5py.File(path, "w") as f:
        f["x"] = np.arange(100, dtype="i8")
        f["x"].attrs["unit"] = "m"


def small_changed(path):
    with h5py.File(path, "r+") as f:
        f["contiguous"][3, 4] = -1
        f["chunks"].attrs["unit"] = "m"


def small_behind(path):
    with h5py.File(path, "w", userblock_size=1024) as f:
        f.create_dataset("x", data=np.arange(60.0).reshape(6, 10), chunks=(3, 5))


def unloadable(path):
    a = np.arange(100.0)
    with h5py.File(path, "w") as f:
        f.create_dataset("lzf", data=a, chunks=(10,), maxshape=(None,), compression="lzf")
        f["plain"] = a
        bf16 = h5py.h5t.IEEE_F32LE.copy()
        bf16.set_fields(15, 7, 8, 0, 7)
        bf16.set_size(2)
        bf16.set_ebias(127)
        h5py.h5d.create(f.id, b"bf16", bf16, h5py.h5s.create_simple((4,)))


def streamed(path):
    """24 MiB in each of several layouts."""
    a = np.round(np.random.default_rng(1).normal(size=(3072, 1024)), 2)
    with h5py.File(path, "w") as f:
        f["contiguous"] = a
        f.create_dataset("gzip", data=a, chunks=(16, 1024), compression=1)
        f.create_dataset("shuffled", data=a, chunks=(256, 256), compression=1, shuffle=True,
                         fletcher32=True)
        f.create_dataset("large", data=a, chunks=(512, 1024), compression=1, shuffle=True)
        f.create_dataset("scaled", data=a, chunks=(64, 1024), scaleoffset=2)
        f.create_dataset("wide", data=a, chunks=(512, 128), scaleoffset=2)
        f.create_dataset("big", data=a.astype(">f8"), chunks=(64, 1024), fletcher32=True)


def views(path):
    a = np.arange(12.0).reshape(4, 3)
    with h5py.File(path, "w") as f:
        f.create_dataset("a", data=a, chunks=(2, 3), compression="gzip")
    np.save(path + ".npy", np.asfortranarray(a))


def check_views(path):
    a = np.arange(12.0).reshape(4, 3)
    with h5py.File(path, "r") as f:
        assert np.array_equal(f["xtensor"], 2 * a + 1)
        assert np.array_equal(f["column"], a[:, 1])
        assert np.array_equal(f["eigen"], a @ a.T)
        assert np.array_equal(f["column_major"], a)
        assert np.array_equal(f["transpose"], a.T)
        assert np.array_equal(f["from_npy"], a) and np.array_equal(f["reversed"], a.T)
    assert np.array_equal(np.load(path + ".out.npy"), a)


def mutation(kind, path):
    if kind == "tree":
        return tree(path)
    random = np.random.default_rng(3)
    a = random.integers(0, 50, (60, 7))
    with h5py.File(path, "w", libver="latest" if kind == "latest" else "earliest") as f:
        if kind == "plain":
            f["g/contiguous"] = a.astype("f8")
            f.create_dataset("chunked", data=a.astype(">i4"), chunks=(16, 7))
            compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            compact.set_layout(h5py.h5d.COMPACT)
            space = h5py.h5s.create_simple((20,))
            h5py.h5d.create(f.id, b"compact", h5py.h5t.NATIVE_INT32, space, compact).write(
                h5py.h5s.ALL, h5py.h5s.ALL, np.arange(20, dtype="i4"))
            f["half"] = a.astype("f2")
            f["yes"] = a > 20
            f["complex"] = a * (1 + 2j)
            return None
        f.create_dataset("g/gzip", data=a, chunks=(16, 7), compression="gzip")
        f.create_dataset("all", data=a.astype("f8"), chunks=(16, 4), compression="gzip",
                         shuffle=True, fletcher32=True)
        f.create_dataset("fletcher", data=a.astype("u2"), chunks=(60, 7), fletcher32=True)
        f.create_dataset("growing", data=a.astype(">f4"), chunks=(10, 7), maxshape=(None, 7),
                         compression="gzip", shuffle=True)
        f["all"].attrs["unit"] = "m"
        f["all"].attrs["range"] = [0.5, 50]
        f["all"].dims[0].label = "t"
    return None


NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable."


def netcdf(path):
    """As netCDF-C 4.9 lays out its files (file format specifications, "NetCDF-4")."""
    with h5py.File(path, "w", track_order=True) as f:
        f.attrs["_NCProperties"] = np.bytes_(b"version=2,netcdf=4.9.0,hdf5=1.10.8")
        lat = f.create_dataset("lat", data=np.array([10, 20, 30], "f4"))
        lat.attrs["units"] = np.bytes_(b"degrees_north")
        lat.make_scale("lat")
        lon = f.create_dataset("lon", shape=(2,), dtype=">f4")
        lon.make_scale(NO_VARIABLE + b"%10d" % 2)
        for i, d in enumerate((lat, lon)):
            d.attrs["_Netcdf4Dimid"] = np.int32(i)
        t = f.create_dataset("temperature", data=np.arange(6, dtype="f8").reshape(3, 2))
        t.attrs["_FillValue"] = np.array([-999.0])
        t.attrs["_Netcdf4Coordinates"] = np.array([0, 1], "i4")
        t.dims[0].attach_scale(lat)
        t.dims[1].attach_scale(lon)


def check_netcdf(path):
    with h5py.File(path, "r") as f:
        t = f["temperature"]
        assert list(t.attrs["_FillValue"]) == [-999.0] and "_Netcdf4Coordinates" not in t.attrs
        assert t.dims[0][0].name == "/lat" and list(t.dims[0][0]) == [10, 20, 30]
        assert t.dims[0][0].attrs["units"] in ("degrees_north", b"degrees_north")
        lon = t.dims[1][0]
        assert lon.name == "/lon" and lon.shape == (2,) and lon.dtype == np.dtype(">f4")
        assert lon.attrs["NAME"] == NO_VARIABLE + b"%10d" % 2
        assert "_Netcdf4Dimid" not in lon.attrs


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
