"""Python's side of shared_memory_test.cpp.

Usage: python_peer.py COMMAND NAME      exits with 0 when what it finds is what the test put there
Attaching registers a name with a tracker that would remove it when this process ends (before Python
3.13): so each is taken off its list again.
"""
import sys
from multiprocessing import resource_tracker, shared_memory


def keep(memory):
    resource_tracker.unregister(memory._name, "shared_memory")
    return memory


def read_memory(name):
    memory = keep(shared_memory.SharedMemory(name))
    assert memory.size == 12345, memory.size
    assert bytes(memory.buf[:5]) == b"hello" and memory.buf[12344] == 7
    memory.buf[0:5] = b"HELLO"


def write_memory(name):
    memory = keep(shared_memory.SharedMemory(name, create=True, size=5000))
    memory.buf[:4] = b"from"


def read_list(name):
    items = shared_memory.ShareableList(name=name)
    keep(items.shm)
    expected = [1, -2.5, True, None, "text", b"bytes", "", "größe ∑", "12345678", False]
    assert list(items) == expected, list(items)
    assert [type(item) for item in items] == [type(item) for item in expected]
    items[0] = 2 ** 40
    items[4] = "longer"
    items[3] = "was None"


def write_list(name):
    items = shared_memory.ShareableList(
        [7, 2.5, False, None, "abc", b"\x00\xff", "x" * 100, 2 ** 62, ""], name=name)
    keep(items.shm)
    print(items.format)


def read_nuls(name):
    items = shared_memory.ShareableList(name=name)
    keep(items.shm)
    assert list(items) == ["a", b"bc", "plain"], list(items)


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
