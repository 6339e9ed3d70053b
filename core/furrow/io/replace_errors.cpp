#include <furrow/io/replace_errors.hpp>

#include <algorithm>
#include <initializer_list>
#include <system_error>

#include <furrow/error.hpp>

namespace furrow {
namespace {

bool is_any(const std::error_code& code, std::initializer_list<std::errc> wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](std::errc e) { return code == e; });
}

}  // namespace

void require_replaced(const os::ReplaceError& failed, const std::string& file) {
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
    throw OutOfSpace(asked + "no room on the disk (" + reason + "); the old file is unchanged");
  }
  if (is_any(failed.code, {std::errc::permission_denied, std::errc::operation_not_permitted,
                           std::errc::read_only_file_system})) {
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
