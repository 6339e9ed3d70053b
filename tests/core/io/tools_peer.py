"""h5py and NumPy beside list, inspect, verify, dimension scales and .npy files.

  tools_peer.py tree FILE                   groups, datasets, links of every kind, cycles
  tools_peer.py verify FILE                 layouts and filters, whole
  tools_peer.py chunk FILE DATASET INDEX    where that chunk lies in the file
"""
import sys

import h5py
import numpy as np


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
        f.create_dataset("chunked", data=random.random((30, 30)), chunks=(10, 30))
        f.create_dataset("contiguous", data=np.zeros((260, 10000)))
        f.create_dataset("lzf", data=random.integers(0, 9, 1000), chunks=(100,), compression="lzf")
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


def chunk(path, dataset, index):
    with h5py.File(path, "r") as f:
        print(f[dataset].id.get_chunk_info(int(index)).byte_offset)


if __name__ == "__main__":
    {"tree": tree, "verify": verify, "chunk": chunk}[sys.argv[1]](*sys.argv[2:])
