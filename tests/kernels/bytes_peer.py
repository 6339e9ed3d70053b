"""HDF5's side of bytes_test.cpp: chunks as h5py wrote them.

    bytes_peer.py FILE    cases, each a line "ITEM COUNT CHECKSUM", the elements, the chunk stored
                          after shuffle (no compression), and CHECKSUM as fletcher32 stored it
"""
import os
import sys
import tempfile

import h5py
import numpy as np

random = np.random.default_rng(20240229)
with tempfile.TemporaryDirectory() as folder, open(sys.argv[1], "wb") as out:
    with h5py.File(os.path.join(folder, "f.h5"), "w") as f:
        for item in (1, 2, 3, 4, 5, 8, 12, 16):
            for count in (1, 2, 7, 16, 33, 255, 1000, 4097):
                kind = {1: "u1", 2: "u2", 4: "u4", 8: "u8", 16: "c16"}.get(item, f"V{item}")
                raw = random.integers(0, 256, item * count, dtype=np.uint8)
                if count == 33:
                    raw[:] = 255  # sums that are multiples of 65535
                if count == 7:
                    raw[:] = 0
                d = f.create_dataset(f"x{item}_{count}", data=raw.view(kind), chunks=(count,),
                                     shuffle=True, fletcher32=True)
                mask, stored = d.id.read_direct_chunk((0,))
                assert mask == 0 and len(stored) == item * count + 4, (item, count, mask)
                checksum = int.from_bytes(stored[-4:], "little")
                out.write(f"{item} {count} {checksum}\n".encode())
                out.write(raw.tobytes() + stored[:-4])
