#include <furrow/segment/place.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <mutex>
#include <optional>

#include <furrow/error.hpp>
#include <furrow/os/file.hpp>
#include <furrow/segment/layout.hpp>

namespace furrow {
namespace {

std::mutex& default_mutex() {
  static auto* mutex = new std::mutex;  // leaked: arrays may be let go by static destructors
  return *mutex;
}

std::optional<Place>& default_value() {
  static auto* place = new std::optional<Place>;
  return *place;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

void check_characters(std::string_view text, const char* what) {
  for (const char c : text)
    if (!is_name_character(c))
      throw InvalidArgument(fmt::format(
          "{} \"{}\" has a character that names cannot have (use A-Z, a-z, 0-9, '.', '_', '-')",
          what, text));
}

std::string environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

}  // namespace

Place Place::default_place() {
  const std::lock_guard lock(default_mutex());
  if (!default_value()) {
    Place place{environment("FURROW_DIR"), environment("FURROW_PREFIX")};
    if (place.directory.empty()) place.directory = os::default_segment_directory();
    default_value() = std::move(place);
  }
  return *default_value();
}

void Place::set_default(Place place) {
  const std::lock_guard lock(default_mutex());
  default_value() = std::move(place);
}

std::string Place::path_of(std::string_view name) const {
  if (directory.empty())
    throw InvalidArgument(
        fmt::format("the directory for segments is empty (use {}, or set FURROW_DIR)",
                    os::default_segment_directory()));
  if (name.empty()) throw InvalidArgument("an array needs a name, got an empty one");
  if (name.find_first_not_of('.') == std::string_view::npos)
    throw InvalidArgument(
        fmt::format("\"{}\" is no name for an array (it is nothing but dots)", name));
  check_characters(name, "the name");
  check_characters(prefix, "the prefix");
  if (prefix.size() + name.size() > segment::name_bytes_max)
    throw InvalidArgument(
        fmt::format("the name \"{}\" has {} bytes with its prefix, at most {} fit", name,
                    prefix.size() + name.size(), segment::name_bytes_max));
  std::string path = directory;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  path += "/furrow.";
  path += prefix;
  path += name;
  return path;
}

}  // namespace furrow
