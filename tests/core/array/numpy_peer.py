"""The NumPy side of numpy_test.cpp: looks at a furrow array by name, without furrow.

    numpy_peer.py memmap PATH   doubles every element of a 3 x 4 float64 array, through np.memmap
    numpy_peer.py shm NAME      the same through multiprocessing.shared_memory
"""
import sys

import numpy as np


def double_all(array):
    expected = np.arange(12, dtype=np.float64).reshape(3, 4)
    assert (array == expected).all(), array
    array *= 2


how, where = sys.argv[1:]
if how == "memmap":
    double_all(np.memmap(where, np.float64, "r+", offset=4096, shape=(3, 4)))
else:
    from multiprocessing import resource_tracker, shared_memory

    shm = shared_memory.SharedMemory(name=where)
    # Python before 3.13 takes every segment that it opens for its own, and unlinks it when the
    # process ends, under everybody else who uses it. Take it off the tracker's list at once (3.13:
    # SharedMemory(name, track=False)), or use np.memmap, which has no tracker.
    resource_tracker.unregister(shm._name, "shared_memory")
    array = np.ndarray((3, 4), np.float64, buffer=shm.buf, offset=4096)
    double_all(array)
    del array
    shm.close()
