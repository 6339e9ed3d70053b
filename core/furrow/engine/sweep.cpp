#include <furrow/engine/sweep.hpp>

#include <furrow/engine/helpers.hpp>
#include <furrow/os/file.hpp>
#include <furrow/segment/address_space.hpp>

namespace furrow {
namespace {

// True when no process holds the engine; its arrays are whole afterwards.
bool settle_abandoned(const segment::Info& info, const Place& place) {
  std::error_code error;
  os::Descriptor file = os::open_file(place.path_of(info.name), os::OpenMode::read_write, error);
  // Exclusive: from here on nobody can join, and no other sweep is at it.
  if (error || !os::try_lock(file, os::LockKind::exclusive, error)) return false;
  file.close();
  const engine::ControlMapping mapping(info.name, place);
  const engine::Control& control = mapping.view().control();
  const segment::AddressRange here = segment::address_range();
  if (control.recovered.load() == 0 && control.range_base == here.base) {
    engine::settle(mapping.view());
  }
  return true;
}

}  // namespace

std::vector<segment::Swept> sweep(bool dry_run, const Place& place) {
  std::vector<segment::Swept> result;
  for (const segment::Info& info : segment::list(place)) {
    if (info.kind != segment::Kind::engine || info.attached) continue;
    try {
      if (!dry_run) {
        if (!settle_abandoned(info, place)) continue;
        segment::remove(info.name, false, place);
      }
      result.push_back({info.name, info.segment_bytes});
    } catch (const Error&) {  // somebody took it up, or removed it, meanwhile
    }
  }
  const std::vector<segment::Swept> arrays = segment::sweep(dry_run, place);
  result.insert(result.end(), arrays.begin(), arrays.end());
  return result;
}

}  // namespace furrow
