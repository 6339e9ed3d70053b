"""Runs clang-tidy over the sources of core and kernels, several at once.

Usage: clang_tidy.py ROOT BUILD CLANG_TIDY
A source that passed is not read again until it, any header of the house, .clang-tidy or its compile
command changes: BUILD/clang_tidy_passed.json remembers what passed.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time


# Code for SIMD targets is the same for each of them: one is read, which halves the time.
ARGUMENTS = ["--quiet", "--extra-arg=-DHWY_COMPILE_ONLY_STATIC"]


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def main():
    root, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    trees = (root / "core" / "furrow", root / "kernels" / "furrow")
    headers = [path.read_text() for tree in trees for path in sorted(tree.rglob("*"))
               if path.suffix in {".hpp", ".h"}]
    house = digest((root / ".clang-tidy").read_text(), *ARGUMENTS, *headers)
    memory = build / "clang_tidy_passed.json"
    passed = set(json.loads(memory.read_text())) if memory.exists() else set()

    wanted = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if any(tree in path.parents for tree in trees):
            wanted[str(path)] = digest(house, path.read_text(), entry["command"])
    assert wanted, "compile_commands.json names no source of the house"

    def check(path):
        began = time.monotonic()
        result = subprocess.run([sys.argv[3], *ARGUMENTS, "-p", str(build), path], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return path, result.returncode, result.stdout, time.monotonic() - began

    stale = [path for path, key in wanted.items() if key not in passed]
    kept = [key for key in wanted.values() if key in passed]
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, code, output, seconds in pool.map(check, stale):
            print(f"{seconds:6.1f} s  {os.path.relpath(path, root)}", flush=True)
            if code == 0:
                kept.append(wanted[path])
            else:
                failures += 1
                print(re.sub(r"^\d+ warnings? generated\.\n", "", output, flags=re.M))
    memory.write_text(json.dumps(kept))
    print(f"{len(stale)} of {len(wanted)} sources checked, {failures} with findings")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
