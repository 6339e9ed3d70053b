// furrow/sync/shared_memory.hpp
//
// Raw shared memory under a name, without a header: what Python's
// multiprocessing.shared_memory.SharedMemory is, and what any shm_open opens.
//
//   auto made = mp::SharedMemory::create("frame", 1 << 20);     // Python: SharedMemory("frame")
//   auto same = mp::SharedMemory::attach("frame");
//   made.buf()[0] = std::byte{1};
//   made.unlink();                                              // nobody else does it for you
//
// Place      /dev/shm/<name>, mode 0600; no prefix, no FURROW_DIR: Python looks nowhere else
// Creation   reserved (posix_fallocate) before it has its name, zeroed: a full /dev/shm is
//            OutOfSpace, never SIGBUS, and nobody sees it with a size of 0. Killed on the way, it
//            leaves nothing
// Attaching  waits, in its timeout, for a foreign creator that has not yet given it its size. Never
//            removes anything, whatever fails and whoever ends. What a foreign creator did not
//            reserve may still be SIGBUS at first touch: reserve() takes it, or says OutOfSpace
// Lifetime   until unlink, also when everybody is dead. For memory that goes with its last holder
//            there are Array and RawArray. Python before 3.13 unlinks what it attached when it
//            ends: resource_tracker.unregister(shm._name, "shared_memory") keeps it from that
// close      lets go in this handle and its copies; what pointed into it points nowhere then
// Size       exactly what was asked for
// Errors     AlreadyExists, NotFound, InvalidArgument (size 0, a slash in the name),
//            PermissionDenied
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <furrow/segment/segment.hpp>
#include <furrow/sync/by_name.hpp>
#include <furrow/sync/decoding.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

class SharedMemory : public GoesByName<SharedMemory> {
 public:
  /// None: valid() is false.
  SharedMemory() noexcept = default;
  /// "": a name is generated, as Python does ("psm_" and hex digits).
  static SharedMemory create(std::string_view name, std::size_t bytes, unsigned mode = 0600);
  /// `fill` writes the content before anybody can attach by the name, whatever becomes of us.
  using Fill = std::function<void(const SharedMemory& made)>;
  static SharedMemory create(std::string_view name, std::size_t bytes, unsigned mode,
                             const Fill& fill);
  static SharedMemory attach(std::string_view name, Access access = Access::read_write,
                             Timeout timeout = std::chrono::seconds(1));

  bool valid() const noexcept;
  const std::string& name() const;
  std::size_t size() const noexcept;
  /// Throws Closed after close. Written through a read-only one, it is SIGSEGV.
  std::span<std::byte> buf() const;
  template <class T>
  std::span<T> as() const {
    return {reinterpret_cast<T*>(buf().data()), size() / sizeof(T)};
  }

  void reserve() const;
  void close() const noexcept;
  /// Removes the name; holders keep the memory. A second time: NotFound.
  void unlink() const;

 private:
  struct Inner;
  explicit SharedMemory(std::shared_ptr<Inner> inner) : inner_(std::move(inner)) {}
  std::shared_ptr<Inner> inner_;
};

}  // namespace furrow::mp
