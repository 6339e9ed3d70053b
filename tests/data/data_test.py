"""The files in data/ are those that data/README.md speaks of, to the byte.

Every file but the README and the export scripts has one line "size sha256 name" in it; the values
of eu_stock_markets.h5 are R's own, which is asked where it is installed.
Usage: data_test.py DATA_FOLDER
"""
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import h5py


def check_provenance(folder):
    listed = {}
    for size, digest, name in re.findall(
            r"^    (\d+) ([0-9a-f]{64}) (\S+)$", (folder / "README.md").read_text(), re.M):
        listed[name] = (int(size), digest)
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name != "README.md" and not path.name.startswith("export_"):
            found[path.name] = (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert found, f"no data in {folder}"
    assert listed == found, f"data/README.md says {listed}, data/ holds {found}"


def check_closes(path):
    with h5py.File(path) as file:
        closes = file["closes"]
        assert closes.shape == (1860, 4) and closes.dtype == "<f8"
        assert list(closes.attrs["columns"]) == ["DAX", "SMI", "CAC", "FTSE"]
        assert list(closes[0]) == [1628.75, 1678.1, 1772.8, 2443.6]
        return closes[...].tobytes()


def main():
    folder = pathlib.Path(sys.argv[1])
    check_provenance(folder)
    ours = check_closes(folder / "eu_stock_markets.h5")
    if shutil.which("Rscript"):
        with tempfile.TemporaryDirectory() as scratch:
            again = pathlib.Path(scratch) / "again.h5"
            subprocess.run([folder / "export_eu_stock_markets", again], check=True)
            assert check_closes(again) == ours, "R gives other values"


main()
