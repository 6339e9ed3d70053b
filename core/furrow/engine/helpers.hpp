// furrow/engine/helpers.hpp
//
// The processes of an engine beside its coordinator: what a nursery does for it, and what is left
// to do when the coordinator is dead.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <furrow/engine/layout.hpp>
#include <furrow/os/file.hpp>
#include <furrow/segment/place.hpp>

namespace furrow::engine {

/// A control segment mapped by path, held by a shared lock, in a process that is not its
/// coordinator.
class ControlMapping {
 public:
  /// Throws NotFound, Corrupt, VersionMismatch. An exclusive hold is for whoever ends an engine
  /// that no process holds any more: nobody can join it meanwhile.
  ControlMapping(std::string_view name, const Place& place,
                 os::LockKind hold = os::LockKind::shared);
  ~ControlMapping();
  ControlMapping(const ControlMapping&) = delete;
  ControlMapping& operator=(const ControlMapping&) = delete;

  const ControlView& view() const noexcept { return view_; }
  const os::Descriptor& file() const noexcept { return file_; }

 private:
  os::Descriptor file_;
  std::uintptr_t address_ = 0;
  std::size_t bytes_ = 0;
  ControlView view_;
};

/// What a nursery is told; travels as text.
struct NurseryArgument {
  std::string name;  // of the engine
  Place place;
  std::uint64_t coordinator_pid = 0;
  std::uint64_t range_base = 0;
  std::uint64_t range_bytes = 0;
  int requests = -1;  // Event: coordinator to nursery
  int alarm = -1;     // Event: nursery to coordinator

  std::string encode() const;
  static NurseryArgument decode(const std::string& text);
};

/// HelperMain of a nursery. Does not return.
void nursery_main(const std::string& argument);

/// Makes the arrays whole that dead workers of a dead coordinator had in hand: every half-made copy
/// is finished, every tile that was being changed is put back. REQUIRES: none of them lives, and
/// nobody else settles this engine. Arrays that are gone are passed over.
void settle(const ControlView& view);

}  // namespace furrow::engine
