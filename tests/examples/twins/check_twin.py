#!/usr/bin/python3
"""check_twin.py PROGRAM OUTPUT: PROGRAM prints OUTPUT, ends well, and leaves no segment and no
process behind."""
import glob
import os
import subprocess
import sys
import tempfile
import time

program, output = sys.argv[1:]
with open(output, encoding="utf-8") as file:
    expected = file.read()
prefix = f"twin{os.getpid()}-"
mark = f"FURROW_PREFIX={prefix}".encode()
with tempfile.TemporaryDirectory() as folder:
    run = subprocess.run([os.path.abspath(program)], env=dict(os.environ, FURROW_PREFIX=prefix),
                         cwd=folder, capture_output=True, text=True, timeout=100, check=False)
if run.returncode != 0:
    sys.exit(f"{program} ended with {run.returncode}: {run.stdout}{run.stderr}")
if run.stdout != expected:
    sys.exit(f"{program} printed\n{run.stdout}\ninstead of\n{expected}")


def processes():
    """Those that were started by the program, which has ended."""
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(path, "rb") as environment:
                if mark in environment.read().split(b"\0"):
                    yield path
        except OSError:
            pass


for _ in range(50):
    left = glob.glob(f"/dev/shm/furrow.{prefix}*") + list(processes())
    if not left:
        break
    time.sleep(0.1)
else:
    sys.exit(f"{program} left {left} behind")
