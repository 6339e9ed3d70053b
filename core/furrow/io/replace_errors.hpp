// furrow/io/replace_errors.hpp
//
// What os/replace_file.hpp says of a failed save, as one of furrow's errors with a sentence on it.
#pragma once

#include <cstdint>
#include <string>

#include <furrow/os/replace_file.hpp>

namespace furrow {

/// Throws InUse, OutOfSpace, PermissionDenied, InvalidArgument, NotFound or IoError when something
/// failed. `file` is what was to be saved, `room` what to say where there was no room for it.
void require_replaced(const os::ReplaceError& failed, const std::string& file,
                      const std::string& room = "");

/// "it needs 12 bytes beside the old file, and 5 were free": asked before anything is written.
/// Empty where the file system does not say.
std::string room_for(const std::string& file, std::uint64_t needed);

}  // namespace furrow
