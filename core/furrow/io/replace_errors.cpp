#include <furrow/io/replace_errors.hpp>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <system_error>

#include <furrow/error.hpp>
#include <furrow/io/absolute_path.hpp>
#include <furrow/os/file.hpp>

namespace furrow {
namespace {

bool is_any(const std::error_code& code, std::initializer_list<std::errc> wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](std::errc e) { return code == e; });
}

/// Of a save that failed.
std::string what_stays(const std::string& file) {
  std::error_code error;
  os::stamp_of(file, error);
  return error ? "nothing was saved" : "the old file is unchanged";
}

}  // namespace

std::string room_for(const std::string& file, std::uint64_t needed) {
  std::error_code error;
  const std::string folder = std::filesystem::path(absolute_path(file)).parent_path().string();
  const std::uint64_t free = os::file_system_of(folder, error).bytes_free;
  if (error || free == std::numeric_limits<std::uint64_t>::max()) return {};
  return "it needs " + std::to_string(needed) + " bytes in \"" + folder + "\", where " +
         std::to_string(free) + " were free";
}

void require_replaced(const os::ReplaceError& failed, const std::string& file,
                      const std::string& room) {
  using Step = os::ReplaceError::Step;
  if (!failed) return;
  const std::string asked = "cannot save to \"" + file + "\": ";
  const std::string reason = failed.code.message();
  const std::string at = " (\"" + failed.path + "\")";
  switch (failed.step) {
    case Step::busy: throw InUse(asked + "another process is still saving to it; try again");
    case Step::in_use:
      throw InUse(asked + "another program has it open for writing; close it there first");
    case Step::changed:
      throw InUse(asked + "another program changed it meanwhile; nothing was saved, save again");
    case Step::keep:
      throw IoError("\"" + file + "\" is saved, but the disk did not confirm its name (" + reason +
                    "): a power failure now may bring the old file back");
    case Step::not_published: throw WorkerDied(asked + "its saver died; the old file is unchanged");
    case Step::unknown:
      throw IoError(asked +
                    "its saver died or stands still while it gave the new file its name, and the "
                    "name has changed hands since: it is not known whether it was saved; look at "
                    "the file before you save again");
    default: break;
  }
  if (is_any(failed.code, {std::errc::no_space_on_device, std::errc::file_too_large}) ||
      failed.code.value() == EDQUOT) {
    throw OutOfSpace(asked + "no room on the disk (" + reason + ")" +
                     (room.empty() ? "" : ": " + room) + "; " + what_stays(file));
  }
  if (is_any(failed.code, {std::errc::permission_denied, std::errc::operation_not_permitted,
                           std::errc::read_only_file_system})) {
    if (failed.step == Step::folder) {
      throw PermissionDenied(asked + reason +
                             ": its folder has to be writable, for the new file is written "
                             "beside the old one, as \"" +
                             failed.path + "\"");
    }
    throw PermissionDenied(asked + reason + at);
  }
  if (is_any(failed.code, {std::errc::is_a_directory})) {
    throw InvalidArgument(asked + "it is a folder; name a file in it");
  }
  if (failed.step == Step::folder && is_any(failed.code, {std::errc::file_exists})) {
    throw IoError(asked + "a file of another user is in the way" + at + "; remove it");
  }
  if (is_any(failed.code, {std::errc::no_such_file_or_directory, std::errc::not_a_directory})) {
    throw NotFound(asked + "there is no such folder" + at);
  }
  throw IoError(asked + reason + at);
}

}  // namespace furrow
