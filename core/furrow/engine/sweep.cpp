#include <furrow/engine/sweep.hpp>

#include <furrow/engine/helpers.hpp>
#include <furrow/engine/mirror.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/process.hpp>

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

// An engine whose coordinator is dead and whose helpers are still at it. They end within half a
// second; until then its workers may write and its half-made tiles are put in, so whoever is about
// to work on the same arrays waits for that.
void await_orphans(const std::string& name, const Place& place) {
  constexpr std::int64_t patience_ns = 3'000'000'000;
  const engine::ControlMapping mapping(name, place);
  engine::Control& control = mapping.view().control();
  // The coordinator alone holds this byte, as every holder of a segment does; its helpers do not.
  if (os::byte_is_locked(mapping.file(), segment::holder_lock_byte)) return;
  const auto alive = [](std::uint64_t pid) { return pid != 0 && !os::ProcessWatch(pid).dead(); };
  control.stop.store(1, std::memory_order_release);
  engine::ring(mapping.view());
  const std::int64_t deadline = os::monotonic_ns() + patience_ns;
  while (control.recovered.load() == 0 && os::monotonic_ns() < deadline &&
         (alive(control.nursery_pid.load()) || alive(control.spare_pid.load()))) {
    os::sleep_ns(2'000'000);
  }
}

}  // namespace

std::vector<segment::Swept> sweep(bool dry_run, const Place& place) {
  std::vector<segment::Swept> result;
  for (const segment::Info& info : segment::list(place)) {
    if (info.kind != segment::Kind::engine) continue;
    try {
      if (info.attached) {
        if (!dry_run) await_orphans(info.name, place);
        continue;
      }
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
