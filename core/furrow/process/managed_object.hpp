// furrow/process/managed_object.hpp
//
// What a manager's process keeps: objects that proxies speak to. Internal to the room.
//
// Lives    as long as a proxy in a living process or a value inside of another object refers to it
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/process/manager_protocol.hpp>

namespace furrow::process {

class ManagedObject;
using ObjectHandle = std::shared_ptr<ManagedObject>;

/// A value as the manager keeps it: bytes that it does not look into, and what they refer to.
struct Stored {
  mp::Bytes bytes;
  std::vector<ObjectHandle> references;
};

/// What is said in reply to a call.
struct Answer {
  ReplyState state = ReplyState::ok;
  mp::Bytes body;
  std::vector<ObjectHandle> references;  // the caller gets a share in each
  int descriptor = -1;                   // to be sent along

  void missing() { state = ReplyState::missing; }
  void add(const Stored& value);
  void number(std::uint64_t value) { put_number(value, body); }
};

/// Finds objects by id while a call's arguments are read.
class ObjectFinder {
 public:
  virtual ~ObjectFinder() = default;
  /// Throws NotFound.
  virtual ObjectHandle find(std::uint64_t id) const = 0;
};

Stored take_stored(Unpacker& in, const ObjectFinder& finder);

class ManagedObject {
 public:
  explicit ManagedObject(std::uint64_t fingerprint) : fingerprint_(fingerprint) {}
  virtual ~ManagedObject() = default;
  ManagedObject(const ManagedObject&) = delete;
  ManagedObject& operator=(const ManagedObject&) = delete;
  virtual void call(ManagerCall call, Unpacker& in, const ObjectFinder& finder, Answer& out) = 0;
  std::uint64_t fingerprint() const noexcept { return fingerprint_; }
  std::uint64_t id = 0;

 private:
  std::uint64_t fingerprint_;
};

ObjectHandle make_managed_dict(std::uint64_t fingerprint);
ObjectHandle make_managed_list(std::uint64_t fingerprint);
/// Keeps a shared object of sync/ alive by its name.
ObjectHandle make_managed_hold(std::uint64_t fingerprint, const std::string& name);
/// Any C++ object, made and called by code of the program.
ObjectHandle make_managed_any(std::uint64_t fingerprint, Unpacker& in);

/// The code that makes an object from arguments, and that calls it.
using MakeEntry = std::shared_ptr<void> (*)(Unpacker& in);
using ApplyEntry = void (*)(void* object, Unpacker& in, mp::Bytes& result);

}  // namespace furrow::process
