// furrow/sync/ring.hpp
//
// A bounded queue of messages in shared memory, for any number of producers and consumers: what
// stands behind Queue, SimpleQueue and JoinableQueue, which have the types.
//
//   Ring ring = Ring::create(kind, "", {.items_max = 100});
//   ring.put(bytes, 100ms);                       // false: no room in time
//   ring.get(buffer, {});                         // false: nothing came in time
//
// Order      first in, first out, over all producers
// Durable    what put has returned for is in the queue, whatever happens to its producer
// Crash      a producer that is killed in put: its message is there, whole, or is not. A consumer
//            killed in get: the message is still there for the next, or was taken. Nobody waits for
//            the dead: each side has a robust lock (os/robust_mutex.hpp), and there is nothing to
//            repair (ring_layout.hpp). One killed between storing its message and waking the
//            consumer delays it by at most 50 ms
// Bounds     items_max messages (0: as many as fit), capacity_bytes of them. A message longer than
//            a quarter of the capacity lies in the annex, of which large_bytes_max may be taken at
//            a time; a longer one is MessageTooLarge. A full place or a limit on the size of files
//            is OutOfSpace, and the queue is as before. The file grows to twice large_bytes_max
//            behind the ring, but has memory only for what is in the queue; where the maker's limit
//            (ulimit -f) leaves room for less, large_bytes_max is what it leaves room for
// Time       the timeout bounds the whole call; zero looks once
// Speed      one uncontended lock, one copy and one store a side; the sides share no line while
//            there is room and something to take. A waiting consumer spins some microseconds, then
//            sleeps holding the consumers' lock: the next in line takes over when it is killed
// Threads    any
// Source     the two-lock queue: Michael and Scott, PODC 1996
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <furrow/sync/ring_layout.hpp>
#include <furrow/sync/shared_object.hpp>
#include <furrow/sync/takers.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

struct QueueOptions {
  std::size_t items_max = 0;  // Python's maxsize; 0: what capacity_bytes holds
  std::size_t capacity_bytes = std::size_t{1} << 20;   // rounded up to a power of two, from 4096
  std::size_t large_bytes_max = std::size_t{1} << 30;  // of messages too long for the ring
};

/// Where get puts a message: is asked once for room of that many bytes.
class MessageSink {
 public:
  virtual std::byte* room(std::size_t bytes) = 0;

 protected:
  ~MessageSink() = default;
};

class Ring {
 public:
  Ring() noexcept = default;
  static Ring create(const ObjectKind& kind, std::string_view name, const QueueOptions& options,
                     bool joinable = false);
  static Ring attach(const ObjectKind& kind, std::string_view name);

  bool valid() const noexcept { return object_.valid(); }
  const SharedObject& object() const noexcept { return object_; }

  /// Throws MessageTooLarge, OutOfSpace.
  bool put(std::span<const std::byte> message, Timeout timeout) const;
  /// What `sink.room` throws leaves the message where it was.
  bool get(MessageSink& sink, Timeout timeout) const;

  std::size_t size() const noexcept;
  /// True when a put of a short message would have to wait.
  bool full() const noexcept;

  /// For a ring that was created with `joinable`. Throws InvalidArgument when more is reported done
  /// than was put.
  void task_done() const;
  /// Messages put and not reported done.
  std::size_t unfinished() const noexcept;
  /// Until nothing is unfinished. False: the time ran out. Throws PeerDied when a process died with
  /// messages that it had taken and not reported; they count as done then.
  bool join(Timeout timeout) const;

 private:
  explicit Ring(SharedObject object);
  struct Place {
    std::uint64_t ring;
    std::uint64_t annex;
  };
  struct Fit;
  RingBody& body() const noexcept { return object_.as<RingBody>(); }
  RingTakers* takers() const noexcept;
  void begin_taking(RingTakers& takers, std::uint32_t gets) const;
  void tell_lost() const;
  std::byte* bytes() const noexcept { return object_.body() + sizeof(RingBody); }
  std::byte* head_at(std::uint64_t position) const noexcept {
    return bytes() + (position & (body().capacity_bytes - 1));
  }
  void copy_in(std::uint64_t position, const void* from, std::size_t count) const noexcept;
  void copy_out(std::uint64_t position, void* to, std::size_t count) const noexcept;
  struct Parts;
  Parts annex_parts(std::uint64_t position, std::uint64_t bytes) const noexcept;
  std::uint64_t annex_bytes() const noexcept;
  void see_consumers() const noexcept;
  bool has_room(std::uint32_t puts, const Place& tail, const Place& end) const noexcept;
  bool wait_for_room(std::uint32_t puts, const Place& tail, const Place& end,
                     const Deadline& deadline) const noexcept;
  bool wait_for_message(std::uint32_t gets, const Deadline& deadline) const noexcept;
  bool lock_side(os::RobustMutex& mutex, const Deadline& deadline, bool for_put) const;
  void write_large(std::uint64_t position, std::span<const std::byte> message) const;
  void read_large(std::uint64_t position, std::byte* to, std::size_t count) const;
  void release_annex(std::uint64_t position, std::uint64_t bytes) const noexcept;
  void release_taken(std::uint64_t position, std::uint64_t bytes) const noexcept;

  SharedObject object_;
};

}  // namespace furrow::mp
