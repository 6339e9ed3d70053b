"""Checks that clang-format would change nothing.

Usage: clang_format.py ROOT CLANG_FORMAT
"""
import pathlib
import subprocess
import sys

import tidy

root = pathlib.Path(sys.argv[1]).resolve()
files = [path for path in tidy.paths_of(root)[1] if path.endswith((".cpp", ".hpp", ".h"))]
assert files, "no C++ file found"
result = subprocess.run([sys.argv[2], "--dry-run", "-Werror", *files], cwd=root)
if result.returncode:
    print(f"run {sys.argv[2]} -i on the files above")
sys.exit(result.returncode)
