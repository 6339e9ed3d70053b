// What `furrow ls` says of shared objects: looked at through a mapping that cannot be written.
#include <string>
#include <thread>

#include <catch2/catch.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/sync/array.hpp>
#include <furrow/sync/barrier.hpp>
#include <furrow/sync/condition.hpp>
#include <furrow/sync/describe.hpp>
#include <furrow/sync/event.hpp>
#include <furrow/sync/lock.hpp>
#include <furrow/sync/queue.hpp>
#include <furrow/sync/semaphore.hpp>
#include <furrow/sync/value.hpp>

using namespace furrow;
using namespace std::chrono_literals;

namespace {

template <class Object>
std::string said(const Object& object) {
  const auto segment = Segment::attach(object.name(), {.access = Access::read_only});
  const auto found = mp::describe_object({segment->data(), segment->data_bytes()});
  return found.type + ": " + found.state;
}

}  // namespace

TEST_CASE("shared objects say what they are and how they stand") {
  const mp::Lock lock;
  CHECK(said(lock) == "Lock: free");
  lock.acquire();
  CHECK(said(lock) == "Lock: held by thread " + std::to_string(os::this_process_id()));
  lock.release();
  const mp::RLock mine;
  std::thread([&] { mine.acquire(); }).join();  // a thread that ends holding it has died
  mine.acquire();
  mine.release();
  CHECK(said(mine) == "RLock: free, 1 holder died holding it");

  const mp::Semaphore semaphore(3);
  CHECK(said(semaphore).find("Semaphore: 3 permits to be had") == 0);
  const mp::BoundedSemaphore bounded(2);
  bounded.acquire();
  CHECK(said(bounded) == "BoundedSemaphore: 1 permit to be had, of 2");

  const mp::Event event;
  CHECK(said(event) == "Event: not set");
  event.set();
  CHECK(said(event) == "Event: set");
  CHECK(said(mp::Condition()) == "Condition: 0 waiters, its lock is free");
  const mp::Barrier barrier(2);
  CHECK(said(barrier) == "Barrier: 0 of 2 parties have come");
  barrier.abort();
  CHECK(said(barrier) == "Barrier: broken: somebody called abort");
}

TEST_CASE("queues and values say how much is in them") {
  const mp::Queue<int> queue(5);
  queue.put(1);
  queue.put(2);
  CHECK(said(queue) == "Queue: 2 messages, at most 5");
  queue.get();
  CHECK(said(queue) == "Queue: 1 message, at most 5");
  const mp::JoinableQueue<std::string> joinable;
  joinable.put("a");
  joinable.put("b");
  joinable.get();
  CHECK(said(joinable) == "JoinableQueue: 1 message, 1 taken and not reported done");
  CHECK(said(mp::Value<int>(7)) == "Value: its lock is free");
  CHECK(said(mp::Array<double>(9)) == "Array: 9 elements, its lock is free");
}

TEST_CASE("what is no object, or a damaged one, is said to be so") {
  std::vector<std::byte> bytes(4096);
  CHECK(mp::describe_object({}).state == "damaged: too short for an object");
  CHECK(mp::describe_object(bytes).state == "damaged: its head is none");
  const mp::Condition condition;
  const auto segment = Segment::attach(condition.name());
  bytes.assign(segment->data(), segment->data() + segment->data_bytes());
  // Cut off at every length, and with every byte of its first lines spoiled: no crash.
  for (std::size_t n = 0; n <= bytes.size(); n += 32) {
    mp::describe_object(std::span(bytes).first(n));
  }
  for (std::size_t i = 0; i < 1024 && i < bytes.size(); ++i) {
    std::vector<std::byte> spoiled = bytes;
    spoiled[i] ^= std::byte{0xff};
    mp::describe_object(spoiled);
  }
  std::vector<std::byte> other = bytes;
  other[12] = std::byte{99};
  CHECK(mp::describe_object(other).state == "of another version of furrow: 99");
}
