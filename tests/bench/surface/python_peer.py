#!/usr/bin/python3
"""Python's multiprocessing in the topics of `scripts/bench surface`.

  python_peer.py list             topics and who does them, one a line
  python_peer.py run TOPIC WHO    nanoseconds of one operation
"""
import concurrent.futures
import multiprocessing
import sys
import time

CONTEXT = multiprocessing.get_context("fork")
ITEM = b"x" * 64


def each_ns(count, call):
    begin = time.perf_counter_ns()
    for _ in range(count):
        call()
    return (time.perf_counter_ns() - begin) / count


def both_ns(count, there, here):
    """`there` in a child, `here` in this process, from when both are ready until both are done."""
    ready, tell = CONTEXT.Pipe(False)

    def child():
        tell.send_bytes(b"x")
        there()

    process = CONTEXT.Process(target=child)
    process.start()
    ready.recv_bytes()
    begin = time.perf_counter_ns()
    here()
    process.join()
    end = time.perf_counter_ns()
    assert process.exitcode == 0
    return (end - begin) / count


def times(count, call):
    def repeat():
        for _ in range(count):
            call()
    return repeat


def queue():
    q = CONTEXT.Queue()
    return both_ns(100_000, times(100_000, lambda: q.put(ITEM)), times(100_000, q.get))


def queue_turn():
    there, back = CONTEXT.Queue(), CONTEXT.Queue()

    def ask():
        there.put(ITEM)
        back.get()

    return both_ns(3000, times(3000, lambda: back.put(there.get())), times(3000, ask))


def queue_large():
    q = CONTEXT.Queue(2)
    text = "x" * (16 << 20)
    return both_ns(10, times(10, lambda: q.put(text)), times(10, q.get))


def taken(thing, count=300_000):
    def turn():
        thing.acquire()
        thing.release()
    return each_ns(count, turn)


def lock():
    return taken(CONTEXT.Lock())


def semaphore():
    return taken(CONTEXT.Semaphore(1))


def bounded_semaphore():
    return taken(CONTEXT.BoundedSemaphore(1))


def value():
    number = CONTEXT.Value("l", 0)

    def work():
        for _ in range(50_000):
            with number.get_lock():
                number.value += 1

    return both_ns(100_000, work, work)


def event():
    there, back = CONTEXT.Event(), CONTEXT.Event()

    def answer():
        there.wait()
        there.clear()
        back.set()

    def ask():
        there.set()
        back.wait()
        back.clear()

    return both_ns(3000, times(3000, answer), times(3000, ask))


def condition():
    changed, turn = CONTEXT.Condition(), CONTEXT.RawValue("i", 0)

    def play(me):
        def once():
            with changed:
                changed.wait_for(lambda: turn.value == me)
                turn.value = 1 - me
                changed.notify()
        return times(3000, once)

    return both_ns(3000, play(1), play(0))


def barrier():
    two = CONTEXT.Barrier(2)
    return both_ns(3000, times(3000, two.wait), times(3000, two.wait))


def nothing(x):
    return x


def pool_turn():
    with CONTEXT.Pool(2) as pool:
        pool.apply(nothing, (1,))
        return each_ns(3000, lambda: pool.apply(nothing, (1,)))


def pool_flow():
    with CONTEXT.Pool(2) as pool:
        pool.apply(nothing, (1,))
        return each_ns(1, lambda: pool.map(nothing, [1] * 30_000, chunksize=1)) / 30_000


def executor_turn():
    with concurrent.futures.ProcessPoolExecutor(2, CONTEXT) as executor:
        executor.submit(nothing, 1).result()
        return each_ns(3000, lambda: executor.submit(nothing, 1).result())


def executor_flow():
    with concurrent.futures.ProcessPoolExecutor(2, CONTEXT) as executor:
        executor.submit(nothing, 1).result()

        def all_of_them():
            for future in [executor.submit(nothing, i) for i in range(10_000)]:
                future.result()

        return each_ns(1, all_of_them) / 10_000


def pool_large():
    text = "x" * (64 << 20)
    with CONTEXT.Pool(2) as pool:
        return each_ns(3, lambda: pool.apply(len, (text,)))


def pool_array():
    return pool_large()  # there is no other way for an array


def pool_start():
    def once():
        with CONTEXT.Pool(2) as pool:
            pool.apply(nothing, (1,))
    return each_ns(20, once)


def started(context, count):
    def once():
        process = context.Process(target=nothing, args=(1,))
        process.start()
        process.join()
    return each_ns(count, once)


def process_start():
    return started(CONTEXT, 50)


def process_execute():
    return started(multiprocessing.get_context("spawn"), 5)


def turn_of(size, count):
    here, there = CONTEXT.Pipe()
    message = b"x" * size

    def ask():
        here.send_bytes(message)
        here.recv_bytes()

    return both_ns(count, times(count, lambda: there.send_bytes(there.recv_bytes())),
                   times(count, ask))


def pipe_turn():
    return turn_of(64, 5000)


def pipe_large():
    return turn_of(16 << 20, 10)


def manager_get():
    with CONTEXT.Manager() as manager:
        shared = manager.dict(a=1)
        return each_ns(3000, lambda: shared["a"])


def manager_set():
    with CONTEXT.Manager() as manager:
        shared = manager.dict(a=1)
        return each_ns(3000, lambda: shared.update(a=2))


def manager_list():
    with CONTEXT.Manager() as manager:
        shared = manager.list([1])
        return each_ns(3000, lambda: shared[0])


TOPICS = [queue, queue_turn, queue_large, lock, semaphore, bounded_semaphore, value, event,
          condition, barrier, pool_turn, pool_flow, executor_turn, executor_flow, pool_large,
          pool_array, pool_start, process_start, process_execute, pipe_turn, pipe_large,
          manager_get, manager_set, manager_list]

if __name__ == "__main__":
    if sys.argv[1] == "list":
        print(*(f"{topic.__name__} python" for topic in TOPICS), sep="\n")
    else:
        print({topic.__name__: topic for topic in TOPICS}[sys.argv[2]]())
