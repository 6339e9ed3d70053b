// furrow/segment/place.hpp
//
// Where segments live and what their names look like to the operating system.
//
// File    <directory>/furrow.<prefix><name>
// Names   [A-Za-z0-9._-], not empty, at most 200 bytes together with the prefix
// Default directory FURROW_DIR or /dev/shm (Windows: %LOCALAPPDATA%\furrow), prefix FURROW_PREFIX
//         or empty
// A prefix isolates tests and tenants: names with another prefix are neither seen nor swept.
#pragma once

#include <string>
#include <string_view>

namespace furrow {

struct Place {
  std::string directory;
  std::string prefix;

  /// From the environment at first use, or what set_default said.
  static Place default_place();
  static void set_default(Place place);

  /// The path of a segment's file. Throws InvalidArgument for a name that cannot be one.
  std::string path_of(std::string_view name) const;
};

}  // namespace furrow
