#include <furrow/engine/sweep.hpp>

#include <furrow/engine/helpers.hpp>
#include <furrow/os/file.hpp>

namespace furrow {
namespace {

// Makes the arrays whole that an engine without any process was changing, and removes it. Held
// exclusively all the while: no process can join, and no other sweep writes what is settled here.
void end_abandoned(const std::string& name, const Place& place) {
  const engine::ControlMapping mapping(name, place, os::LockKind::exclusive);
  std::error_code error;
  const os::FileStatus held = os::status_of(mapping.file(), error);
  const os::Descriptor now = os::open_file(place.path_of(name), os::OpenMode::read_only, error);
  const os::FileStatus named = os::status_of(now, error);
  if (error || held.device != named.device || held.inode != named.inode) {
    throw NotFound("another sweep was faster");
  }
  if (mapping.view().control().recovered.load() == 0) engine::settle(mapping.view());
  segment::remove(name, true, place);
}

}  // namespace

std::vector<segment::Swept> sweep(bool dry_run, const Place& place) {
  std::vector<segment::Swept> result;
  for (const segment::Info& info : segment::list(place)) {
    if (info.kind != segment::Kind::engine || info.attached) continue;
    try {
      if (!dry_run) end_abandoned(info.name, place);
      result.push_back({info.name, info.segment_bytes});
    } catch (const Error&) {  // somebody else is at it, or it is of another version
    }
  }
  const std::vector<segment::Swept> arrays = segment::sweep(dry_run, place);
  result.insert(result.end(), arrays.begin(), arrays.end());
  return result;
}

}  // namespace furrow
