// furrow/os/memory_file.hpp
//
// Files without a name that live in memory alone: gone with their last descriptor, whatever is
// killed. They carry what is too long for a socket or a command line.
//
// Sealed  nobody can shorten the file any more, not even who made it: a reader who has looked at
//         its size may map it and never meets SIGBUS. (Not sealed against writing: until Linux 6.7
//         such a file cannot be mapped as shared, not even for reading.)
// Space   not /dev/shm's, but the machine's: written where there is none, it is an error
#pragma once

#include <cstdint>
#include <optional>
#include <system_error>

#include <furrow/os/file.hpp>

namespace furrow::os {

/// Empty; os::write_at fills it, os::read_at reads it.
Descriptor create_memory_file(std::error_code& error);

std::error_code seal(const Descriptor& file) noexcept;

/// The size of a sealed memory file; empty when the descriptor is something else.
std::optional<std::uint64_t> sealed_bytes(const Descriptor& file) noexcept;

}  // namespace furrow::os
