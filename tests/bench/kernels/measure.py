#!/usr/bin/python3
"""Measures each kernel beside its peers in one run, in turns, and draws what came out.

  measure.py run BUILD_DIR FOLDER [--rounds N] [--only TOPIC,…]   FOLDER/kernels.json and .svg
  measure.py readme FOLDER/kernels.json README.md [--check]       puts the table into the README

Two processes keep the operands and time one piece of work when they are asked to: server.cpp for
compiled peers, python_peer.py for NumPy, numexpr and numba. A ratio is a peer's time by furrow's.
"""
import io
import json
import os
import pathlib
import statistics
import sys

from topics import ONE, TOPICS

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from run import Server, circumstances, measured_on, run_or_readme, show  # noqa: E402


class PeerServer(Server):
    """Says first which peers it has of which topics."""

    def __init__(self, command, environment):
        super().__init__(command, environment)
        self.who = {}
        self.send("who")
        while (line := self.process.stdout.readline().split()) != ["end"]:
            topic, who = line
            self.who.setdefault(topic, []).append(who)


def measure_topic(servers, topic, workers, rounds):
    """Median nanoseconds of a piece of work by who does it."""
    peers = [(server, who) for server in servers for who in server.who.get(topic.name, [])]
    times = {who: [] for _, who in peers}
    if topic.group != "random" and topic.name != "slab":
        compare(servers[0], topic, workers)
    for turn in range(rounds + 1):
        for server, who in peers[turn % len(peers):] + peers[:turn % len(peers)]:
            nanoseconds = float(server.ask(f"run {who} {workers}"))
            if turn > 0:  # the first one warms up: pages, clocks, numba's compiler
                times[who].append(nanoseconds)
    return {who: statistics.median(values) for who, values in times.items()}


def compare(native, topic, workers):
    """Everybody has done the same work, up to rounding, or the times mean nothing."""
    ours = float(native.ask(f"check furrow {workers}"))
    for who in native.who[topic.name]:
        theirs = float(native.ask(f"check {who} {workers}"))
        if abs(theirs - ours) > 1e-6 * abs(ours) + 1e-6:
            sys.exit(f"measure.py: {topic.name}: furrow says {ours!r}, {who} says {theirs!r}")


def measure(build, folder, rounds, only, options):
    cores = len(os.sched_getaffinity(0))
    environment = dict(os.environ, FURROW_PREFIX=f"bench{os.getpid()}-", OMP_WAIT_POLICY="passive",
                       NUMBA_CACHE_DIR=str(folder / "numba"))
    native = PeerServer([str(build / "tests/bench/kernels/furrow_bench_kernels")], environment)
    python = PeerServer([sys.executable, "-B", str(HERE / "python_peer.py")], environment)
    results = {
        **circumstances(rounds),
        "topics": [],
    }
    for topic in TOPICS:
        if only and topic.name not in only:
            continue
        for server in (native, python):
            if topic.name in server.who:
                server.ask(f"open {topic.name} {1 << topic.log2} {topic.low} {topic.high} "
                           f"{topic.fresh}")
        for workers in [1] if topic.workers == ONE or cores == 1 else [1, cores]:
            times = measure_topic((native, python), topic, workers, rounds)
            results["topics"].append(judged(topic, workers, times))
            print(row(results["topics"][-1]), flush=True)
        for server in (native, python):
            server.ask("close")
    for server in (native, python):
        server.close()
    (folder / "kernels.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    plot(results, folder / "kernels.svg")


def judged(topic, workers, times):
    ours = times["furrow"]
    asked = []
    for peers, least, where in topic.asked:
        there = [times[peer] for peer in peers if peer in times]
        if there and (workers == 1 or where != ONE):
            asked.append({"beside": [p for p in peers if p in times], "at_least": least,
                          "seen": min(there) / ours})
    return {"name": topic.name, "group": topic.group, "what": topic.what, "workers": workers,
            "elements": 1 << topic.log2, "median_ns": times, "asked": asked}


def row(entry):
    times = dict(entry["median_ns"])
    ours = times.pop("furrow")
    beside = ", ".join(f"{who} {ns / ours:.2f}" for who, ns in sorted(times.items(),
                                                                     key=lambda one: one[1]))
    seen = "; ".join(f"{one['seen']:.2f} ≥ {one['at_least']:.2f}"
                     + ("" if one["seen"] >= one["at_least"] else " **no**")
                     for one in entry["asked"])
    each = ours / entry["elements"]
    return (f"| {entry['what']} | {entry['workers']} | {show(ours)} | {each:.3g} ns |"
            f" {beside} | {seen} |")


def table(results):
    lines = ["| what | workers | furrow | an element | beside it: time by furrow's | seen, asked |",
             "|---|---:|---:|---:|---|---|"]
    lines += [row(entry) for entry in results["topics"]]
    lines += ["", f"{measured_on(results)}. Doubles; 2^25 of them where nothing else is "
              "said. Above 1, furrow is faster. Serial peers stay serial beside several workers."]
    return "\n".join(lines)


def plot(results, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "furrow"  # the same picture has the same text
    matplotlib.rcParams["svg.fonttype"] = "none"    # letters, not outlines of letters
    from matplotlib import pyplot

    entries = results["topics"][::-1]
    everybody = sorted({who for entry in entries for who in entry["median_ns"]} - {"furrow"})
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.26 * len(entries)), layout="constrained")
    markers = "osD^v<>PX*pd"
    for at, who in enumerate(everybody):
        points = [(entry["median_ns"][who] / entry["median_ns"]["furrow"], height)
                  for height, entry in enumerate(entries) if who in entry["median_ns"]]
        axes.plot(*zip(*points), markers[at % len(markers)], label=who, markersize=5, alpha=0.8)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(entries)),
                    [f"{entry['name']}, {entry['workers']}" for entry in entries], fontsize=8)
    axes.set_xlabel("time of the peer by furrow's time: right of the line furrow is faster")
    axes.grid(axis="x", which="both", linewidth=0.3)
    axes.legend(fontsize=7, ncols=6, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": results["date"]})
    lines = (line.rstrip() for line in drawn.getvalue().splitlines())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_or_readme(__doc__, TOPICS, "kernels", measure, table)
