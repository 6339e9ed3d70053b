// furrow/process/start.hpp
//
// Starting a helper process that runs one function of this program.
//
// Fork     cheap, but only safe while no thread of the caller could hold a lock at that moment
// Execute  runs the program again; furrow::initialize, first in its main, calls the function there.
//          The function travels as build id and offset (os/module.hpp).
// Threads  start_by_fork must not be called while others start threads
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace furrow::process {

/// Runs in the new process and ends it by returning.
using HelperMain = void (*)(const std::string& argument);

/// True when a fork would cut off no thread of the user's. Threads that furrow itself runs do not
/// count, unless they run code of the user's: the locks that they take and a child needs are held
/// over the fork. False where the system does not tell how many threads there are.
bool fork_is_safe() noexcept;

/// Both give the child's pid, or throw Error with the system's reason. Of the open descriptors only
/// 0, 1, 2 and `inherited` stay open in the child.
std::uint64_t start_by_fork(HelperMain main, const std::string& argument,
                            std::span<const int> inherited);
std::uint64_t start_by_execution(HelperMain main, const std::string& argument,
                                 std::span<const int> inherited);

/// A fork in which the child keeps everything, for a process of the user's (process.hpp): 0 in the
/// child, its pid in the parent, -1 with errno on failure. The child leaves the parent's engines.
std::int64_t fork_whole();

/// True when furrow::initialize was called in this process.
bool can_execute() noexcept;

/// Counts a thread of furrow's own while it lives.
class OwnThread {
 public:
  OwnThread() noexcept;
  ~OwnThread();
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;
};

/// Within it a thread of furrow's own runs code of the user's, and counts as the user's.
class UsersCode {
 public:
  UsersCode() noexcept;
  ~UsersCode();
  UsersCode(const UsersCode&) = delete;
  UsersCode& operator=(const UsersCode&) = delete;
};

}  // namespace furrow::process
