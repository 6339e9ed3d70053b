// furrow/segment/address_space.hpp
//
// One range of addresses that every process of an engine keeps free, so that a segment can lie at
// the same address in all of them and plain pointers into shared arrays mean the same everywhere.
//
// Range   2^44 bytes at 2^45, reserved without memory at first use; smaller where a limit says so
// Fork    inherited; a re-executed or joining process reserves the same with
//         reserve_address_range
// Threads all functions may be called from any thread
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace furrow::segment {

struct AddressRange {
  std::uintptr_t base;
  std::size_t bytes;
};

/// The process's range; reserved now if it was not. {0, 0} where no range can be had: segments are
/// then mapped wherever the system likes, and an engine refuses to start.
AddressRange address_range();

/// Reserves exactly this range, first thing in a process. False when an address of it is taken.
bool reserve_address_range(AddressRange range);

/// A free, page-aligned place of `bytes` in the range (first fit), kept until freed; 0 when full.
std::uintptr_t allocate_addresses(std::size_t bytes);
void free_addresses(std::uintptr_t address, std::size_t bytes);

/// Held over a fork: in the child nobody would be there to let it go. After lock_attachments.
std::unique_lock<std::mutex> lock_addresses();

}  // namespace furrow::segment
