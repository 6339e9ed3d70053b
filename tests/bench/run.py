#!/usr/bin/python3
"""Runs the benchmarks beside their peers, alternately, and prints the table of ratios.

  run.py measure BUILD_DIR OUT.json [--rounds N] [--only TOPIC,…]   measure, write JSON, print
  run.py table RESULTS.json                                         print the table as Markdown
  run.py readme RESULTS.json README.md [--check]                    put it into the README

A ratio above 1 means that furrow is faster: time of the peer by time of furrow, medians of rounds.

Where the system lets us, everything runs with a /dev/shm of its own whose pages are of 2 MiB, as
those of NumPy's large arrays are; `--pages small` takes the machine's. The table says which.
"""
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

# topic, ours, peers, wait policy of OpenMP, whether all run in one process, what is asked of it
TOPICS = [
    ("dispatch_active", ["furrow"], ["libgomp"], "active", False,
     "empty job to all, spinning", 1.0),
    ("dispatch_passive", ["furrow"], ["libgomp"], "passive", False,
     "empty job to all, sleeping", 1.0),
    ("affine_in_place", ["furrow", "furrow_not_once"], ["openmp"], "passive", True,
     "a*x + b in place, 2^27 doubles", 0.90),
    ("sum", ["furrow"], ["openmp"], "passive", True, "sum of 2^27 doubles", 0.97),
    ("exp", ["furrow"], ["sleef", "xtensor", "eigen", "libmvec", "libm"], "passive", False,
     "exp of 1024 doubles in cache, one core", 1.0),
    ("engine_start", ["furrow"], [], "passive", False,
     "start of an engine, a worker per core", None),
    ("attach", ["furrow"], ["bare_mmap"], "passive", False, "attach to an array that exists", None),
    ("create_1GiB", ["furrow"], ["one_process"], "passive", False,
     "create 1 GiB and write it once", 1.67),
]
UNIT_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


HUGE_SHM = 'mount -t tmpfs -o huge=within_size none /dev/shm && exec "$@"'


def shm_pages():
    """The page size of large files in /dev/shm, as its mount has it."""
    found = "4 KiB"
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        for line in file:
            if line.split()[4] == "/dev/shm":  # the last one mounted lies on top
                huge = line.rsplit(" ", 1)[1].strip().split(",")
                found = ("2 MiB" if {"huge=within_size", "huge=always"} & set(huge) else "4 KiB")
    return found


def take_huge_pages(arguments):
    """Starts this program again with a /dev/shm of huge pages, which nobody else sees, unless it
    runs so already, the system does not let us, or `--pages small` is said."""
    pages = option(arguments, "--pages", "huge")
    if pages not in ("huge", "small"):
        sys.exit(f"--pages is huge or small, not {pages}")
    if pages == "small" or shm_pages() != "4 KiB" or "FURROW_BENCH_OWN_SHM" in os.environ:
        return
    own = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    own += ["sh", "-c", HUGE_SHM, "sh"]
    if subprocess.run([*own, "true"], capture_output=True, check=False).returncode == 0:
        os.environ["FURROW_BENCH_OWN_SHM"] = "1"
        os.execvp(own[0], [*own, sys.executable, "-B", *sys.argv])
    print("no /dev/shm of huge pages can be mounted here: measured with those there are",
          file=sys.stderr)


def run_once(program, names, policy, repetitions):
    """Real times in nanoseconds by name, one list entry per repetition."""
    pattern = "^(" + "|".join(names) + ")/"
    command = [program, "--benchmark_filter=" + pattern, "--benchmark_format=json"]
    if repetitions > 1:
        command += [f"--benchmark_repetitions={repetitions}",
                    "--benchmark_enable_random_interleaving=true"]
    environment = dict(os.environ, OMP_WAIT_POLICY=policy, FURROW_PREFIX=f"bench{os.getpid()}-")
    output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    times = {}
    for entry in json.loads(output.stdout)["benchmarks"]:
        if entry.get("run_type") == "aggregate":
            continue
        name = "/".join(entry["name"].split("/")[:2])
        times.setdefault(name, []).append(entry["real_time"] * UNIT_NS[entry["time_unit"]])
    return times


def measure_topic(program, topic, rounds):
    name, ours, peers, policy, together, _, _ = topic
    whole = [f"{name}/{who}" for who in ours + peers]
    times = {one: [] for one in whole}
    if together:
        for one, values in run_once(program, whole, policy, rounds).items():
            times[one] += values
    else:
        for _ in range(rounds):
            for one in whole:
                times[one] += run_once(program, [one], policy, 1)[one]
    return {one.split("/")[1]: statistics.median(values) for one, values in times.items()}


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def circumstances(rounds):
    """What the numbers of a run depend on, as its JSON has it."""
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{cpu_name()}, {len(os.sched_getaffinity(0))} cores",
        "system": f"Linux {platform.release().split('-')[0]}",
        "pages": shm_pages(),
        "rounds": rounds,
    }


def measured_on(results):
    """The same in words, without a full stop."""
    return (f"{results['machine']}, {results['system']}, arrays in pages of "
            f"{results.get('pages', '4 KiB')}; medians of {results['rounds']} rounds in turns, "
            f"{results['date']}")


def measure(build, out, rounds, only):
    program = os.path.join(build, "tests/bench/furrow_bench")
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True, check=True)
    memory = subprocess.run([os.path.join(build, "tests/bench/furrow_bench_memory")], check=True,
                            capture_output=True, text=True)
    results = {
        **circumstances(rounds),
        "compiler": compiler.stdout.splitlines()[0],
        "memory": json.loads(memory.stdout),
        "median_ns": {},
    }
    for topic in TOPICS:
        if only and topic[0] not in only:
            continue
        print(f"   {topic[0]}", flush=True)
        results["median_ns"][topic[0]] = measure_topic(program, topic, rounds)
    with open(out, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
        file.write("\n")
    print(table(results))


def show(ns):
    for unit in ("s", "ms", "µs"):
        scale = {"s": 1e9, "ms": 1e6, "µs": 1e3}[unit]
        if ns >= scale:
            return f"{ns / scale:.3g} {unit}"
    return f"{ns:.3g} ns"


def table(results):
    lines = ["| what | furrow | beside it | ratio | asked |", "|---|---:|---|---:|---:|"]
    for name, ours, peers, _, _, what, asked in TOPICS:
        times = results["median_ns"].get(name)
        if times is None:
            continue
        for who in ours:
            label = what if who == "furrow" else what + ", exactly-once off"
            wanted = 0.97 if who == "furrow_not_once" else asked
            beside = ", ".join(f"{peer} {show(times[peer])}" for peer in peers)
            ratio, target = "", ""
            if peers:
                seen = min(times[peer] for peer in peers) / times[who]
                ratio = f"{seen:.2f}"
                if wanted:
                    target = f"≥ {wanted:.2f}" + ("" if seen >= wanted else " **no**")
            lines.append(f"| {label} | {show(times[who])} | {beside} | {ratio} | {target} |")
    memory = results["memory"]
    lines.append("| memory of an engine beside its arrays |"
                 f" {memory['worker_kib'] / 1024:.2g} MiB a worker,"
                 f" {memory['control_kib'] / 1024:.2g} MiB shared | | | |")
    lines.append("")
    lines.append(f"{measured_on(results)}; {results['compiler']}. A ratio is the "
                 "fastest peer's time by furrow's: above 1, furrow is faster.")
    return "\n".join(lines)


def put_between(begin, end, lines, path, check, source):
    """Puts the lines between two marks of a README; with check, only looks whether they are."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    head, rest = text.split(begin)
    tail = rest.split(end)[1]
    wanted = f"{head}{begin}\n{lines}\n{end}{tail}"
    if check:
        if wanted != text:
            sys.exit(f"the table of {path} is not what {source} says: scripts/bench --readme "
                     "writes it, with the name of its bench (kernels, io, …) before --readme")
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(wanted)


class Server:
    """A process that answers lines with lines."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment)

    def send(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line):
        self.send(line)
        answer = self.process.stdout.readline().strip()
        if not answer:
            sys.exit(f"measure.py: {self.process.args[0]} gave no answer to: {line}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


def option(arguments, name, default):
    if name not in arguments:
        return default
    at = arguments.index(name)
    value = arguments[at + 1]
    del arguments[at:at + 2]
    return value


def run_or_readme(doc, topics, name, measure, table, rounds="7"):
    """What the measure.py of a folder does when it is called: see the top of each. `name` is that
    of its JSON file and of its table's marks; `measure` gets the build's folder, that for what
    comes out, rounds, the topics asked for, and the options that are left."""
    arguments = sys.argv[1:]
    if len(arguments) < 3 or arguments[0] not in ("run", "readme"):
        sys.exit(doc)
    if arguments[0] == "run":
        take_huge_pages(arguments)
        rounds = int(option(arguments, "--rounds", rounds))
        only = [topic for topic in option(arguments, "--only", "").split(",") if topic]
        unknown = set(only) - {topic.name for topic in topics}
        if unknown:
            sys.exit(f"measure.py: no topic {', '.join(sorted(unknown))}; there are: "
                     + ", ".join(topic.name for topic in topics))
        folder = pathlib.Path(arguments[2]).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        measure(pathlib.Path(arguments[1]), folder, rounds, only, arguments[3:])
    else:
        results = json.loads(pathlib.Path(arguments[1]).read_text(encoding="utf-8"))
        put_between(f"<!-- {name}:begin -->", f"<!-- {name}:end -->", table(results), arguments[2],
                    "--check" in arguments, arguments[1])


def main():
    arguments = sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    if arguments[0] == "measure":
        take_huge_pages(arguments)
        rounds = int(option(arguments, "--rounds", "7"))
        only = option(arguments, "--only", "")
        measure(arguments[1], arguments[2], rounds, [t for t in only.split(",") if t])
        return
    with open(arguments[1], encoding="utf-8") as file:
        results = json.load(file)
    if arguments[0] == "table":
        print(table(results))
    else:
        put_between(BEGIN, END, table(results), arguments[2], "--check" in arguments, arguments[1])


if __name__ == "__main__":
    main()
