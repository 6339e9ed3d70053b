"""Runs clang-tidy over the sources of core and kernels, several at once.

Usage: clang_tidy.py ROOT BUILD CLANG_TIDY CLANGXX
Most of the time goes into the standard library's headers, so sources of one folder that compile as
one file (their private names do not meet) are read as one: that takes a third of the time.
A source that passed is not read again until it, any header of the house, .clang-tidy or its compile
command changes: BUILD/clang_tidy_passed.json remembers what passed.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

# Code for SIMD targets is the same for each of them: one is read, which halves the time.
# Shadowing is the compiler's to find: sources read as one shadow each other.
ARGUMENTS = ["--quiet", "--extra-arg=-DHWY_COMPILE_ONLY_STATIC", "--extra-arg=-Wno-shadow"]
TOGETHER = 10  # sources at most: more, and a finding's run takes long for little


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def flags_of(entry):
    """The compiler's arguments without the compiler, the source and what it writes."""
    words = shlex.split(entry["command"])
    first = next(i for i, word in enumerate(words) if word.startswith("-"))
    flags, skip = [], False
    for word in words[first:]:
        if skip or word in {"-o", "-c"}:
            skip = not skip
        else:
            flags.append(word)
    return flags


class House:
    def __init__(self, root, build, clang_tidy, clangxx):
        self.root, self.build = pathlib.Path(root).resolve(), pathlib.Path(build).resolve()
        self.clang_tidy, self.clangxx = clang_tidy, clangxx
        trees = [self.root / "core" / "furrow", self.root / "kernels" / "furrow"]
        headers = [path.read_text() for tree in trees for path in sorted(tree.rglob("*"))
                   if path.suffix in {".hpp", ".h"}]
        self.rules = self.root / ".clang-tidy"
        house = digest(self.rules.read_text(), *ARGUMENTS, *headers)
        self.keys, self.flags = {}, {}
        for entry in json.loads((self.build / "compile_commands.json").read_text()):
            path = pathlib.Path(entry["file"])
            if any(tree in path.parents for tree in trees):
                self.keys[str(path)] = digest(house, path.read_text(), entry["command"])
                self.flags[str(path)] = flags_of(entry)
        self.folder = self.build / "clang_tidy"
        self.folder.mkdir(exist_ok=True)

    def together(self, paths):
        """A source that includes all of `paths`, or the only one itself."""
        if len(paths) == 1:
            return paths[0]
        batch = self.folder / (digest(*paths)[:16] + ".cpp")
        batch.write_text("".join(f'#include "{path}"  // NOLINT\n' for path in paths))
        return str(batch)

    def compiles(self, paths):
        """Whether `paths` compile as one file."""
        return subprocess.run([self.clangxx, *self.flags[paths[0]], "-w", "-fsyntax-only",
                               self.together(paths)], cwd=self.build, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def batches(self, paths):
        """`paths` of one folder in lists that can be read as one source each. Those of a list
        whose names meet go on in halves."""
        if len(paths) == 1 or self.compiles(paths):
            return [paths]
        half = len(paths) // 2
        return self.batches(paths[:half]) + self.batches(paths[half:])

    def candidates(self, stale):
        """What may be read as one: sources of one folder with one set of flags. A source that
        Highway compiles once for each target includes itself and stays alone."""
        alike = {}
        for path in sorted(stale):
            alone = path if "foreach_target" in pathlib.Path(path).read_text() else ""
            key = (os.path.dirname(path), *self.flags[path], alone)
            alike.setdefault(key, []).append(path)
        return [group[i:i + TOGETHER] for group in alike.values()
                for i in range(0, len(group), TOGETHER)]

    def check(self, paths):
        """(paths, whether nothing was found, clang-tidy's text, seconds)"""
        began = time.monotonic()
        result = subprocess.run([self.clang_tidy, *ARGUMENTS, f"--config-file={self.rules}",
                                 self.together(paths), "--", *self.flags[paths[0]]], text=True,
                                cwd=self.build, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return paths, result.returncode == 0, result.stdout, time.monotonic() - began


def main():
    house = House(*sys.argv[1:5])
    memory = house.build / "clang_tidy_passed.json"
    passed = set(json.loads(memory.read_text())) if memory.exists() else set()
    assert house.keys, "compile_commands.json names no source of the house"
    stale = [path for path, key in house.keys.items() if key not in passed]
    kept = [key for key in house.keys.values() if key in passed]
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        batches = [batch for some in pool.map(house.batches, house.candidates(stale))
                   for batch in some]
        for paths, good, output, seconds in pool.map(house.check, batches):
            names = [os.path.relpath(path, house.root) for path in paths]
            print(f"{seconds:6.1f} s  {' '.join(names)}", flush=True)
            if good:
                kept.extend(house.keys[path] for path in paths)
            else:
                failures += 1
                print(re.sub(r"^\d+ warnings? generated\.\n", "", output, flags=re.M))
    memory.write_text(json.dumps(kept))
    print(f"{len(stale)} of {len(house.keys)} sources checked, {failures} runs with findings")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
