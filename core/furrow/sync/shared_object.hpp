// furrow/sync/shared_object.hpp
//
// How a lock, a queue or a value lives in shared memory, for those who write one (here and in
// process/).
//
//   SharedObject made = SharedObject::create({ObjectType::event, 1, "Event"}, name, bytes, start);
//   SharedObject same = SharedObject::attach({ObjectType::event, 1, "Event"}, name);
//   made.as<EventBody>().word …
//
// Lives     in an owned segment of its own: 4 KiB for the segment's header, then the body, zeroed
//           before `start` is called on it and reserved, so that no access to it can fail
// Name      given: in the file system at once; taken, it is AlreadyExists, unless all its holders
//           are dead. Generated ("" given): only when name() is asked for, by whichever process, so
//           an object that is used by inheritance alone leaves nothing behind, however processes
//           end
// Crash     what holders leave that were killed to the last is no object any more: attaching says
//           NotFound, and the next process that makes or attaches to any named object removes it
// Fork      a child uses what its parent had made, and goes on with it when the parent lets go. Its
//           destructors leave the parent's object alone. The name goes when the process that made
//           it and all who attached by it have let go. (An engine's workers drop what they
//           inherit.)
// Copies    share the mapping and one open descriptor, and so do all handles that a process
//           attaches to one object: what is done when it lets go (a held lock is released, a party
//           leaves) is done with the last of them. In a forked child, what it inherited and what it
//           attaches are two mappings
// Messages  a handle goes as its name; read, it attaches. Somebody must hold the object meanwhile
// Threads   const functions may be called from any thread
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>

#include <furrow/segment/segment.hpp>
#include <furrow/sync/decoding.hpp>
#include <furrow/sync/layout.hpp>

namespace furrow::mp {

/// What an object is, and how its body is laid out: attaching checks all of it.
struct ObjectKind {
  ObjectType type;
  std::uint32_t version;
  const char* name;  // "Lock", for messages
  std::uint64_t fingerprint = 0;
};

std::uint64_t fingerprint_of(const char* type_name, std::size_t bytes) noexcept;

/// Tells one T from another; the same in all programs of one compiler.
template <class T>
std::uint64_t fingerprint_of() noexcept {
  return fingerprint_of(typeid(T).name(), sizeof(T));
}

/// Tells the constructor of a handle that its object comes later.
struct NoObject {};

class SharedObject {
 public:
  using Start = std::function<void(std::byte* body)>;

  /// No object. Everything but valid() and assignment is undefined.
  SharedObject() noexcept = default;

  /// Throws AlreadyExists, InvalidArgument for a bad name, OutOfSpace.
  static SharedObject create(const ObjectKind& kind, std::string_view name, std::size_t body_bytes,
                             const Start& start = {});
  /// Throws NotFound, TypeMismatch (naming what it is instead), VersionMismatch.
  static SharedObject attach(const ObjectKind& kind, std::string_view name,
                             std::size_t body_bytes_min = 0);
  /// Called with the body before this process unmaps it (not in a forked child, which never does);
  /// what another handle said first holds.
  void at_release(Start finish) const;

  bool valid() const noexcept { return inner_ != nullptr; }
  std::byte* body() const noexcept { return body_; }
  std::size_t body_bytes() const noexcept;
  template <class T>
  T& as() const noexcept {
    return *reinterpret_cast<T*>(body_);
  }

  /// Without the place's prefix. Gives the object a name in the file system if it has none.
  const std::string& name() const;
  const Place& place() const noexcept;
  /// The open file of the segment; the same number in forked children.
  int descriptor() const noexcept;
  /// Where the segment ends, and an object may keep more in its file (os::write_at).
  std::uint64_t segment_bytes() const noexcept;

  friend bool operator==(const SharedObject& a, const SharedObject& b) noexcept {
    return a.body_ == b.body_;
  }

 private:
  struct Inner;
  struct Living;
  static std::shared_ptr<Inner> find_living(const std::string& path);
  static SharedObject checked(std::shared_ptr<Inner> inner, const ObjectKind& kind,
                              std::string_view name, std::size_t body_bytes_min);
  explicit SharedObject(std::shared_ptr<Inner> inner);
  std::shared_ptr<Inner> inner_;
  std::byte* body_ = nullptr;
};

}  // namespace furrow::mp
