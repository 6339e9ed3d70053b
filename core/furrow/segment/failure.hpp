// furrow/segment/failure.hpp
//
// From an error code of the operating system to an exception with a sentence. Internal to the room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include <furrow/segment/place.hpp>

namespace furrow::segment {

/// Throws the class that fits the code: PermissionDenied, NotFound, AlreadyExists, OutOfSpace,
/// or IoError. `asked` is what could not be done: `cannot attach to "prices" (/dev/shm/…)`.
[[noreturn]] void throw_os_error(std::error_code error, const std::string& asked);

/// NotFound, saying whether the directory is missing or only the name.
[[noreturn]] void throw_not_found(std::string_view name, const Place& place);

/// OutOfSpace, saying what was needed and what is free.
[[noreturn]] void throw_out_of_space(std::string_view name, const Place& place,
                                     std::uint64_t bytes_needed, std::error_code error);

/// Throws OutOfSpace when it is plain that so much cannot be had: more than the file system has
/// free, or for one in memory, more than the machine can give without killing somebody for it.
void check_space(std::string_view name, const Place& place, std::uint64_t bytes_needed);

/// "2.0 GiB (2147483648 bytes)".
std::string bytes_text(std::uint64_t bytes);

/// `"prices" (/dev/shm/furrow.prices)`.
std::string quoted(std::string_view name, const Place& place);

}  // namespace furrow::segment
