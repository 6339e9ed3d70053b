// furrow/io/replace_errors.hpp
//
// What os/replace_file.hpp says of a failed save, as one of furrow's errors with a sentence on it.
#pragma once

#include <string>

#include <furrow/os/replace_file.hpp>

namespace furrow {

/// Throws InUse, OutOfSpace, PermissionDenied, InvalidArgument, NotFound or IoError when something
/// failed. `file` is what was to be saved.
void require_replaced(const os::ReplaceError& failed, const std::string& file);

}  // namespace furrow
