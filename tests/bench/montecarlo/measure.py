#!/usr/bin/python3
"""Measures simulations beside those of others in one run, in turns.

  measure.py run BUILD_DIR FOLDER [--rounds N] [--only TOPIC,…]   FOLDER/montecarlo.json
  measure.py readme FOLDER/montecarlo.json README.md [--check]    puts the table into the README

A number is nanoseconds a path; a ratio is a peer's by furrow's.
"""
import json
import os
import pathlib
import statistics
import sys

from topics import TOPICS

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from run import Server, circumstances, measured_on, run_or_readme  # noqa: E402

SERIAL = ("NumPy PCG64", "NumPy Philox", "SciPy", "QuantLib")


def cases_of(server):
    server.send("who")
    found = {}
    while (line := server.process.stdout.readline().strip()) != "end":
        topic, who = line.split(None, 1)
        found.setdefault(topic, []).append(who)
    return found


def measure_topic(servers, topic, workers, rounds):
    """Median nanoseconds a path by who it is."""
    peers = [(server, who) for server, cases in servers for who in cases.get(topic.name, [])]
    times = {who: [] for _, who in peers}
    for turn in range(rounds + 1):
        for server, who in peers[turn % len(peers):] + peers[:turn % len(peers)]:
            each, mean = map(float, server.ask(f"run {topic.name} {workers} {turn} {who}").split())
            if abs(mean - topic.exact) > topic.tolerance:
                sys.exit(f"measure.py: {topic.name} of {who} is {mean}, not {topic.exact}")
            if turn > 0:  # the first one warms up
                times[who].append(each)
    return {who: statistics.median(values) for who, values in times.items()}


def measure(build, folder, rounds, only, options):
    cores = len(os.sched_getaffinity(0))
    environment = dict(os.environ, FURROW_PREFIX=f"bench{os.getpid()}-", OMP_WAIT_POLICY="passive")
    native = Server([str(build / "tests/bench/montecarlo/furrow_bench_montecarlo")], environment)
    python = Server([sys.executable, "-B", str(HERE / "python_peer.py")], environment)
    servers = [(server, cases_of(server)) for server in (native, python)]
    results = {
        **circumstances(rounds),
        "topics": [],
    }
    for topic in TOPICS:
        if only and topic.name not in only:
            continue
        for workers in sorted({1, cores}):
            times = measure_topic(servers, topic, workers, rounds)
            results["topics"].append(judged(topic, workers, times))
            print(row(results["topics"][-1]), flush=True)
    native.close()
    python.close()
    (folder / "montecarlo.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def judged(topic, workers, times):
    asked = [{"beside": list(peers), "at_least": least,
              "seen": min(times[peer] for peer in peers) / times["furrow"]}
             for peers, least, where in topic.asked if workers == where]
    return {"name": topic.name, "what": topic.what, "workers": workers, "median_ns": times,
            "asked": asked}


def row(entry):
    times = dict(entry["median_ns"])
    ours = times.pop("furrow")
    beside = ", ".join(f"{who} {ns / ours:.3g}" for who, ns in sorted(times.items(),
                                                                     key=lambda one: one[1]))
    seen = "; ".join(f"{one['seen']:.3g} ≥ {one['at_least']:g}"
                     + ("" if one["seen"] >= one["at_least"] else " **no**")
                     for one in entry["asked"])
    return f"| {entry['what']} | {entry['workers']} | {ours:.3g} ns | {beside} | {seen} |"


def table(results):
    lines = ["| what | workers | furrow, a path | beside it: time by furrow's | seen, asked |",
             "|---|---:|---:|---|---|"]
    lines += [row(entry) for entry in results["topics"]]
    alone = {entry["name"]: entry["median_ns"]["furrow"] for entry in results["topics"]
             if entry["workers"] == 1}
    scaling = [f"{entry['what']} {alone[entry['name']] / entry['median_ns']['furrow']:.2f}"
               for entry in results["topics"] if entry["workers"] > 1 and entry["name"] in alone]
    lines += [
        "", f"Scaling from one worker to all: {', '.join(scaling)} (asked: 1.9 with two).", "",
        f"{measured_on(results)}. Above 1, furrow is faster. {', '.join(SERIAL)} are serial "
        "beside several workers, too."]
    return "\n".join(lines)


if __name__ == "__main__":
    run_or_readme(__doc__, TOPICS, "montecarlo", measure, table)
