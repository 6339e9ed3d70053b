#!/usr/bin/python3
"""Measures loads and saves of files beside h5py and NumPy in one run, in turns.

  measure.py run BUILD_DIR FOLDER [--rounds N] [--only TOPIC,…] [--bytes N]    FOLDER/io.json
  measure.py readme IO.json README.md [--check]                                the table

Files of --bytes (512 MiB unless said otherwise; 64M, 2G are understood) are made in FOLDER and go
when their last topic is done; large_sum and large_sum_gzip read eight times as much, with the
memory that all processes took beside what a stream may take. The page cache is warm. A ratio is a
peer's time by furrow's.
"""
import json
import os
import pathlib
import shutil
import statistics
import sys

from files import CHUNK_ROWS, COLUMNS, LARGE_TIMES, make, make_large
from topics import TOPICS

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from run import Server, circumstances, measured_on, option, run_or_readme, show  # noqa: E402


def parse_bytes(text):
    unit = {"K": 10, "M": 20, "G": 30}.get(text[-1].upper(), 0)
    return int(text[:-1] if unit else text) << unit


def measure_topic(topic, native, python, source, folder, rounds):
    """Medians by who does it, what furrow says of its road, and the sizes of what was written."""
    suffix = ".npy" if topic.name.startswith("npy") else ".h5"
    out = {who: str(folder / f"out-{who}{suffix}") for who in ["furrow", *topic.peers]}
    words = {"in": str(source), "low": COLUMNS // 8, "high": COLUMNS // 4}
    workers = {"furrow": (native, topic.ours)}
    workers.update({who: (native if who.startswith("furrow_") else python, line)
                    for who, line in topic.peers.items()})
    times = {who: [] for who in workers}
    sums, road = {}, ""
    for server in (native, python):
        server.ask("clear")
        if topic.before:
            server.ask(topic.before.format(**words))
    order = list(workers)
    for turn in range((min(rounds, 3) if topic.part else rounds) + 1):
        for who in order[turn % len(order):] + order[:turn % len(order)]:
            server, line = workers[who]
            for _ in range(topic.repeat):
                answer = server.ask(line.format(out=out[who], **words)).split()
                if turn > 0:  # the first one warms up: the page cache, the engine
                    times[who].append(float(answer[0]))
            if who == "furrow":
                road = " ".join(answer[1:])
            if turn == 0:
                writes = "{out}" in line
                sums[who] = float(python.ask(f"total {out[who]}") if writes else
                                  server.ask("check"))
    for who, value in sums.items():
        if abs(value - sums["furrow"]) > 1e-6 * abs(value) + 1e-6:
            sys.exit(f"measure.py: {topic.name}: furrow says {sums['furrow']!r}, {who} {value!r}")
    sizes = {who: os.path.getsize(path) for who, path in out.items() if os.path.exists(path)}
    for path in out.values():
        pathlib.Path(path).unlink(missing_ok=True)
    return {who: statistics.median(values) for who, values in times.items()}, road, sizes


def judged(topic, times, road, sizes, size, memory):
    entry = {"name": topic.name, "what": topic.what, "bytes": size, "road": road,
             "median_ns": times, "sizes": sizes, "asked": []}
    if memory:
        entry["memory"] = dict(zip(("peak", "limit"), memory))
    if topic.asked:
        peers, least = topic.asked
        entry["asked"] = [{"beside": list(peers), "at_least": least,
                           "seen": min(times[peer] for peer in peers) / times["furrow"]}]
    return entry


def path_of(kind, work):
    return work / f"{kind}.{'npy' if kind == 'npy' else 'h5'}"


def source_of(topic, work, size, native):
    """The topic's file, made where it is not there."""
    source = path_of(topic.file, work)
    if source.exists():
        return source
    if not topic.part:
        make(topic.file, source, size)
        return source
    part = path_of(topic.part, work)
    if not part.exists():
        make(topic.part, part, size)

    def save_gzip(plain, packed):
        native.ask(f"fill {plain}")
        native.ask(f"save {packed} 4 {CHUNK_ROWS} {COLUMNS}")
        native.ask("clear")

    make_large(source, part, save_gzip)
    return source


def bytes_of(topic, size):
    if topic.file.startswith("small"):
        return 1 << 20
    return LARGE_TIMES * size if topic.part else size


def measure(build, folder, rounds, only, options):
    size = parse_bytes(option(options, "--bytes", "512M"))
    environment = dict(os.environ, FURROW_PREFIX=f"bench{os.getpid()}-")
    native = Server([str(build / "tests/bench/io/furrow_bench_io")], environment)
    python = Server([sys.executable, "-B", str(HERE / "python_peer.py")], environment)
    work = folder / f"files-{os.getpid()}"
    work.mkdir(parents=True)
    results = {
        **circumstances(rounds),
        "bytes": size,
        "topics": [],
    }
    chosen = [topic for topic in TOPICS if not only or topic.name in only]
    try:
        for at, topic in enumerate(chosen):
            source = source_of(topic, work, size, native)
            found = measure_topic(topic, native, python, source, work, rounds)
            memory = [int(word) for word in native.ask(f"peak {source}").split()] \
                if topic.part else []
            results["topics"].append(judged(topic, *found, bytes_of(topic, size), memory))
            print(row(results["topics"][-1]), flush=True)
            later = {kind for other in chosen[at + 1:] for kind in (other.file, other.part)}
            for kind in {topic.file, topic.part} - later - {""}:
                path_of(kind, work).unlink()
    finally:
        native.close()
        python.close()
        shutil.rmtree(work)
    (folder / "io.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def row(entry):
    times = dict(entry["median_ns"])
    ours = times.pop("furrow")
    sizes = dict(entry["sizes"])
    own_size = sizes.pop("furrow", None)
    beside = []
    for who, ns in sorted(times.items(), key=lambda one: one[1]):
        smaller = f" (a file of {sizes[who] / own_size:.3f} the size)" if who in sizes else ""
        beside.append(f"{who} {ns / ours:.2f}{smaller}")
    seen = "; ".join(f"{one['seen']:.2f} ≥ {one['at_least']:.2f}"
                     + ("" if one["seen"] >= one["at_least"] else " **no**")
                     for one in entry["asked"])
    if "memory" in entry:
        peak, limit = entry["memory"]["peak"], entry["memory"]["limit"]
        seen += (f"; {peak / 2**20:.0f} MiB of {limit / 2**20:.0f} MiB"
                 + ("" if peak <= limit else " **no**"))
    # Bytes a nanosecond are GB a second; of the elements in memory.
    rate = entry["bytes"] / ours / {"slab": 8, "f16": 4}.get(entry["name"], 1)
    return (f"| {entry['what']} | {show(ours)} | {rate:.2f} GB/s | {', '.join(beside)} | {seen} |"
            f" {entry['road']} |")


def table(results):
    if not results["topics"]:
        return "Not measured on a quiet machine yet: `scripts/bench io --readme` does it."
    lines = ["| what | furrow | elements | beside it: time by furrow's | seen, asked | road |",
             "|---|---:|---:|---|---|---|"]
    lines += [row(entry) for entry in results["topics"]]
    lines += ["", f"{measured_on(results)}; {results['bytes'] / 2**20:.0f} MiB of doubles "
              f"in rows of {COLUMNS}, chunks of 16 rows, the page cache warm. Above 1, furrow is "
              "faster. furrow's saves wait for the disk, the peers' do not."]
    if any("memory" in entry for entry in results["topics"]):
        lines[-1] += (" Of the streams of eight times as much: three rounds, and the memory that "
                      "all processes took at most, of what they may take.")
    return "\n".join(lines)


if __name__ == "__main__":
    run_or_readme(__doc__, TOPICS, "io", measure, table, rounds="5")
