// furrow/process/launch.hpp
//
// The two ways into a new process of the user's, and what is the same in both once it runs.
// Internal to the room.
//
//   launch file   what an executed child is told, and at its end what a child says of its end: its
//                 exit code and the text of the exception that ended it. A memory file without a
//                 name, so nothing can be left behind.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <furrow/os/file.hpp>
#include <furrow/process/identity.hpp>
#include <furrow/process/target.hpp>

namespace furrow::process {

struct LaunchOptions {
  Kinship kin;
  bool outlive_parent = false;
};

struct Launched {
  std::uint64_t pid = 0;
  os::Descriptor file;  // the launch file
};

/// Throws InvalidState where a fork is unsafe, Error with the system's reason. Returns when the
/// child has shares of its own in managers' objects. `in_child` is called there before the target.
Launched launch_by_fork(const LaunchOptions& options, Target& target,
                        const std::function<void()>& in_child);
/// Throws InvalidState where the program cannot be run again, NotSerialisable, Error. Returns when
/// the child has taken its arguments.
Launched launch_by_execution(const LaunchOptions& options, const Target& target);

/// How a child said that it ends; empty when it did not come to that.
struct Farewell {
  std::int32_t code = 0;
  std::optional<std::string> exception;
};
std::optional<Farewell> farewell_of(const os::Descriptor& file);

}  // namespace furrow::process
