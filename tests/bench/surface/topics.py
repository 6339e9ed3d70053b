"""What `scripts/bench surface` measures, and what is asked of furrow.

A topic is known under its name to furrow_bench_surface and to python_peer.py, each of which times
one operation. Whoever has no such topic is left out.
"""
import dataclasses


@dataclasses.dataclass
class Topic:
    name: str
    what: str
    python_least: float = 0  # Python's time by furrow's is at least this; 0: nothing is asked
    bare_most: float = 0     # furrow's time by the bare one's is at most this
    each_most_ns: float = 0  # one operation takes at most this


TOPICS = [
    Topic("queue", "64 bytes through a Queue, one process to another", 20, 0, 500),
    Topic("queue_turn", "64 bytes through a Queue and back through another"),
    Topic("queue_large", "16 MiB through a Queue"),
    Topic("lock", "Lock taken and released, nobody else there", 0, 1.5),
    Topic("semaphore", "Semaphore acquired and released"),
    Topic("bounded_semaphore", "BoundedSemaphore (permits of the dead come back)"),
    Topic("value", "Value += 1 by two processes"),
    Topic("event", "Event set and waited for, there and back"),
    Topic("condition", "Condition notified and waited for, there and back"),
    Topic("barrier", "Barrier of two passed"),
    Topic("pool_turn", "an empty task through a Pool and back (bare: a byte by pipes)", 20),
    Topic("pool_flow", "empty tasks in a row: map, chunks of one", 20),
    Topic("executor_turn", "an empty task through an Executor and back", 20),
    Topic("executor_flow", "empty tasks in a row: submit all, then every result", 20),
    Topic("pool_large", "64 MiB of text as an argument"),
    Topic("pool_array", "a 64 MiB array as an argument (bare: furrow's empty task)", 20),
    Topic("pool_start", "a Pool of two started, used once, ended"),
    Topic("process_start", "an empty Process forked and joined (bare: fork)"),
    Topic("process_execute", "an empty Process executed and joined (Python: spawn)"),
    Topic("pipe_turn", "64 bytes through a Pipe and back (bare: by two pipes)"),
    Topic("pipe_large", "16 MiB through a Pipe and back"),
    Topic("manager_get", "a Manager's dict: get", 5),
    Topic("manager_set", "a Manager's dict: set"),
    Topic("manager_list", "a Manager's list: get"),
]
