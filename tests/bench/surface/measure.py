#!/usr/bin/python3
"""Measures the multiprocessing surface beside Python's and beside bare system calls, in turns.

  measure.py run BUILD_DIR FOLDER [--rounds N] [--only TOPIC,…]   FOLDER/surface.json
  measure.py readme FOLDER/surface.json README.md [--check]       puts the table into the README

Each measurement is a program of its own. A median is taken of the rounds; each runs all sides of
a topic once, in another order each time.
"""
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

from topics import TOPICS

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from run import circumstances, measured_on, run_or_readme, show  # noqa: E402


def sides_of(commands):
    """Who does which topic, and by what command."""
    sides = {}
    for command in commands:
        listing = subprocess.run([*command, "list"], text=True, capture_output=True, check=True)
        for line in listing.stdout.splitlines():
            topic, who = line.split()
            sides.setdefault(topic, {})[who] = [*command, "run", topic, who]
    return sides


def measure(build, folder, rounds, only, options):
    environment = dict(os.environ, FURROW_PREFIX=f"bench{os.getpid()}-")
    sides = sides_of([[str(build / "tests/bench/surface/furrow_bench_surface")],
                      [sys.executable, "-B", str(HERE / "python_peer.py")]])
    results = {
        **circumstances(rounds),
        "system": f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}",
        "topics": [],
    }
    for topic in TOPICS:
        if only and topic.name not in only:
            continue
        who = list(sides.get(topic.name, {}).items())
        times = {name: [] for name, _ in who}
        for turn in range(rounds):
            for name, command in who[turn % len(who):] + who[:turn % len(who)]:
                done = subprocess.run(command, text=True, capture_output=True, check=True,
                                      timeout=300, env=environment)
                times[name].append(float(done.stdout))
        entry = judged(topic, {name: statistics.median(values) for name, values in times.items()})
        results["topics"].append(entry)
        print(row(entry), flush=True)
    (folder / "surface.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def judged(topic, times):
    ours = times["furrow"]
    asked = []
    if topic.python_least and "python" in times:
        seen = times["python"] / ours
        asked.append({"text": f"{seen:.1f} ≥ {topic.python_least:g} × Python",
                      "kept": seen >= topic.python_least})
    if topic.bare_most and "bare" in times:
        seen = ours / times["bare"]
        asked.append({"text": f"{seen:.2f} ≤ {topic.bare_most:g} × bare",
                      "kept": seen <= topic.bare_most})
    if topic.each_most_ns:
        asked.append({"text": f"{show(ours)} ≤ {show(topic.each_most_ns)}",
                      "kept": ours <= topic.each_most_ns})
    return {"name": topic.name, "what": topic.what, "median_ns": times, "asked": asked}


def row(entry):
    times = entry["median_ns"]
    ours = times["furrow"]

    def beside(who):
        return f"{show(times[who])} ({times[who] / ours:.2f})" if who in times else ""

    asked = "; ".join(one["text"] + ("" if one["kept"] else " **no**") for one in entry["asked"])
    return (f"| {entry['what']} | {show(ours)} | {beside('python')} | {beside('bare')} | {asked} |")


def table(results):
    lines = ["| one operation | furrow | Python (by furrow's) | bare (by furrow's) | seen, asked |",
             "|---|---:|---:|---:|---|"]
    lines += [row(entry) for entry in results["topics"]]
    lines += ["", f"{measured_on(results)}. Above 1 furrow is faster. Bare: robust pthread "
              "mutexes, pthread conditions and barriers, POSIX semaphores, futexes, pipes."]
    return "\n".join(lines)


if __name__ == "__main__":
    run_or_readme(__doc__, TOPICS, "surface", measure, table)
