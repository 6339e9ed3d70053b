#include <furrow/segment/failure.hpp>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/memory.hpp>

namespace furrow::segment {

void throw_os_error(std::error_code error, const std::string& asked) {
  const std::string text = fmt::format("{}: {}", asked, error.message());
  if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted)
    throw PermissionDenied(text + " (it belongs to another user, or its mode forbids it)");
  if (error == std::errc::read_only_file_system) throw PermissionDenied(text);
  if (error == std::errc::no_such_file_or_directory) throw NotFound(text);
  if (error == std::errc::file_exists) throw AlreadyExists(text);
  if (error == std::errc::no_space_on_device || error == std::errc::not_enough_memory ||
      error == std::errc::file_too_large)
    throw OutOfSpace(text);
  if (error == std::errc::too_many_files_open)
    throw IoError(text + " (every attached array keeps one file open; raise ulimit -n)");
  if (error == std::errc::too_many_symbolic_link_levels)
    throw Corrupt(text + " (a symbolic link stands there, which furrow does not follow)");
  throw IoError(text);
}

void throw_not_found(std::string_view name, const Place& place) {
  std::error_code error;
  os::status_of(place.directory, error);
  if (error)
    throw NotFound(
        fmt::format("no array \"{}\": the directory {} cannot be reached: {} (set FURROW_DIR to "
                    "one that exists)",
                    name, place.directory, error.message()));
  throw NotFound(
      fmt::format("no array \"{}\": there is no file {} (`furrow ls` lists the arrays there are)",
                  name, place.path_of(name)));
}

void throw_out_of_space(std::string_view name, const Place& place, std::uint64_t bytes_needed,
                        std::error_code error) {
  const std::string needs =
      fmt::format("cannot create {}: it needs {}", quoted(name, place), bytes_text(bytes_needed));
  std::error_code ignored;
  const std::uint64_t bytes_free = os::file_system_of(place.directory, ignored).bytes_free;
  if (error == std::errc::file_too_large)
    throw OutOfSpace(needs + ", more than a file may have here (ulimit -f, or the file system)");
  if (bytes_free == UINT64_MAX)
    throw OutOfSpace(
        fmt::format("{}, which {} does not have: {} (huge pages: sysctl "
                    "vm.nr_hugepages)",
                    needs, place.directory, error.message()));
  if (bytes_free >= bytes_needed)
    throw OutOfSpace(fmt::format("{}, which {} refuses although {} are free: {}", needs,
                                 place.directory, bytes_text(bytes_free), error.message()));
  throw OutOfSpace(
      fmt::format("{}, {} has {} free; remove arrays (furrow ls, furrow rm, furrow gc) or choose a "
                  "bigger place (FURROW_DIR)",
                  needs, place.directory, bytes_text(bytes_free)));
}

void check_space(std::string_view name, const Place& place, std::uint64_t bytes_needed) {
  std::error_code error;
  const os::FileSystem system = os::file_system_of(place.directory, error);
  if (error) return;  // whatever is wrong with the directory shows at the next step
  if (system.bytes_free < bytes_needed) throw_out_of_space(name, place, bytes_needed, {});
  // A tmpfs may promise more than the machine has (its size is only a limit). Taking that would
  // wake the kernel's out-of-memory killer. Small segments are not worth the look.
  constexpr std::uint64_t look_bytes = std::uint64_t{64} << 20;
  if (!system.in_memory || bytes_needed < look_bytes) return;
  const std::uint64_t available = os::memory_available_bytes();
  if (available < bytes_needed)
    throw OutOfSpace(fmt::format(
        "cannot create {}: it needs {}, the machine has {} of memory and swap to give; remove "
        "arrays (furrow ls, furrow rm, furrow gc) or choose a disk (FURROW_DIR)",
        quoted(name, place), bytes_text(bytes_needed), bytes_text(available)));
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {} ({} bytes)", value, units[unit], bytes);
}

std::string quoted(std::string_view name, const Place& place) {
  return fmt::format("\"{}\" ({})", name, place.path_of(name));
}

}  // namespace furrow::segment
