#!/usr/bin/python3
"""check.py README SOURCE OUTPUT PROGRAM: the README shows SOURCE and OUTPUT word for word, and
PROGRAM prints OUTPUT and leaves no segment behind."""
import glob
import os
import subprocess
import sys
import tempfile

readme, source, output, program = sys.argv[1:]
with open(readme, encoding="utf-8") as file:
    page = file.read()
with open(source, encoding="utf-8") as file:
    code = file.read()
with open(output, encoding="utf-8") as file:
    expected = file.read()
if code not in page:
    sys.exit(f"the README does not show {source} word for word")
if expected not in page:
    sys.exit(f"the README does not show {output} word for word")

prefix = f"example{os.getpid()}-"
# The README says that the digits are the same on AVX2 and AVX-512; a target that this CPU has not
# got is ignored.
for target in ("", "AVX2", "AVX3"):
    environment = dict(os.environ, FURROW_PREFIX=prefix, FURROW_TARGET=target)
    with tempfile.TemporaryDirectory() as folder:  # for what it writes
        run = subprocess.run([os.path.abspath(program)], env=environment, cwd=folder,
                             capture_output=True, text=True, timeout=100)
    if run.returncode != 0:
        sys.exit(f"{program} ended with {run.returncode}: {run.stderr}")
    if run.stdout != expected:
        sys.exit(f"{program} printed on {target}\n{run.stdout}\ninstead of\n{expected}")
left = glob.glob(f"/dev/shm/furrow.{prefix}*")
if left:
    sys.exit(f"{program} left {left} behind")
