#include <furrow/segment/address_space.hpp>

#include <map>
#include <mutex>

#include <furrow/os/memory.hpp>

namespace furrow::segment {
namespace {

constexpr std::uintptr_t range_base = std::uintptr_t{1} << 45;
constexpr std::size_t range_bytes = std::size_t{1} << 44;
constexpr std::size_t range_bytes_min = std::size_t{1} << 32;
constexpr std::size_t huge_bytes = std::size_t{1} << 21;
constexpr std::size_t giant_bytes = std::size_t{1} << 30;

struct Space {
  std::mutex mutex;
  bool tried = false;
  AddressRange range{0, 0};
  std::map<std::uintptr_t, std::size_t> free;  // begin -> bytes, never adjacent to each other
  std::size_t allocations = 0;
};

// Leaked on purpose: arrays may be let go by destructors of static objects.
Space& space() {
  static auto* the_space = new Space;
  return *the_space;
}

void use_range(Space& s, AddressRange range) {
  s.tried = true;
  s.range = range;
  s.free.clear();
  if (range.bytes != 0) s.free.emplace(range.base, range.bytes);
}

// As much as the limits allow (ulimit -v counts reserved addresses too).
void reserve_default(Space& s) {
  if (s.tried) return;
  for (std::size_t bytes = range_bytes; bytes >= range_bytes_min; bytes /= 4)
    if (os::reserve_addresses(range_base, bytes)) return use_range(s, {range_base, bytes});
  use_range(s, {0, 0});
}

// One page stays free behind every place, so that running past the end of a segment faults.
std::size_t footprint(std::size_t bytes) {
  const std::size_t page = os::memory_page_bytes();
  return (bytes + page - 1) / page * page + page;
}

// Places of 2 MiB and more lie where huge pages could back them.
std::size_t alignment_of(std::size_t bytes) {
  if (bytes >= giant_bytes) return giant_bytes;
  return bytes >= huge_bytes ? huge_bytes : os::memory_page_bytes();
}

}  // namespace

AddressRange address_range() {
  Space& s = space();
  const std::lock_guard lock(s.mutex);
  reserve_default(s);
  return s.range;
}

bool reserve_address_range(AddressRange range) {
  Space& s = space();
  const std::lock_guard lock(s.mutex);
  if (s.range.base == range.base && s.range.bytes == range.bytes) return range.bytes != 0;
  if (s.allocations != 0) return false;
  const AddressRange before = s.range;
  if (before.bytes != 0) os::release_addresses(before.base, before.bytes);
  if (range.bytes != 0 && os::reserve_addresses(range.base, range.bytes)) {
    use_range(s, range);
    return true;
  }
  if (before.bytes != 0 && !os::reserve_addresses(before.base, before.bytes)) use_range(s, {0, 0});
  return false;
}

std::uintptr_t allocate_addresses(std::size_t bytes) {
  Space& s = space();
  const std::lock_guard lock(s.mutex);
  reserve_default(s);
  const std::size_t alignment = alignment_of(bytes);
  const std::size_t wanted = footprint(bytes);
  for (auto place = s.free.begin(); place != s.free.end(); ++place) {
    const auto [begin, size] = *place;
    const std::uintptr_t address = (begin + alignment - 1) / alignment * alignment;
    const std::size_t skipped = address - begin;
    if (wanted < bytes || size < skipped || size - skipped < wanted) continue;
    s.free.erase(place);
    if (skipped != 0) s.free.emplace(begin, skipped);
    if (size - skipped > wanted) s.free.emplace(address + wanted, size - skipped - wanted);
    ++s.allocations;
    return address;
  }
  return 0;
}

void free_addresses(std::uintptr_t address, std::size_t bytes) {
  Space& s = space();
  const std::lock_guard lock(s.mutex);
  auto place = s.free.emplace(address, footprint(bytes)).first;
  --s.allocations;
  const auto next = std::next(place);
  if (next != s.free.end() && place->first + place->second == next->first) {
    place->second += next->second;
    s.free.erase(next);
  }
  if (place == s.free.begin()) return;
  const auto previous = std::prev(place);
  if (previous->first + previous->second != place->first) return;
  previous->second += place->second;
  s.free.erase(place);
}

std::unique_lock<std::mutex> lock_addresses() { return std::unique_lock(space().mutex); }

}  // namespace furrow::segment
