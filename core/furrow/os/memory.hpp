// furrow/os/memory.hpp
//
// Address space: reserving ranges of it, and mapping files into them.
//
// Errors  by std::error_code, never thrown
// Fixed   a mapping at a chosen address replaces what lies there: the caller owns the range
#pragma once

#include <cstddef>
#include <cstdint>
#include <system_error>

namespace furrow::os {

std::size_t memory_page_bytes() noexcept;

/// Memory and swap that could be taken now without another process having to die for it; the
/// largest number where that cannot be told. Costs some tens of microseconds.
std::uint64_t memory_available_bytes();

/// Takes a range of addresses without memory behind them; touching it faults. False when any
/// address of it is taken, or a limit says no.
bool reserve_addresses(std::uintptr_t address, std::size_t bytes) noexcept;
/// Gives a range back to the system.
void release_addresses(std::uintptr_t address, std::size_t bytes) noexcept;

/// Maps the start of a shared file at `address` (0: anywhere). Returns where; 0 on error.
std::uintptr_t map_file(int descriptor, std::size_t bytes, bool writable, std::uintptr_t address,
                        std::error_code& error) noexcept;
/// Maps a part of a file, to read, anywhere; `offset` is a multiple of 4 KiB. 0 on error. POSIX
/// only.
std::uintptr_t map_part(int descriptor, std::uint64_t offset, std::size_t bytes) noexcept;
/// Unmaps. With `keep_reserved` the addresses stay taken, in one step, so that nothing else can
/// land there.
void unmap(std::uintptr_t address, std::size_t bytes, bool keep_reserved) noexcept;

/// Puts pages behind a mapped range now, for writing, and their entries into this process's page
/// table. A place that is full is an error (never SIGBUS).
std::error_code populate(std::uintptr_t address, std::size_t bytes) noexcept;

}  // namespace furrow::os
