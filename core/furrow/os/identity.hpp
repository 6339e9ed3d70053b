// furrow/os/identity.hpp
//
// Who a process is, so that no other process is ever taken for it: a pid alone is reused, pid and
// start time are unique within one boot, and the boot id tells boots apart.
#pragma once

#include <array>
#include <cstdint>

namespace furrow::os {

struct ProcessIdentity {
  std::uint64_t pid = 0;
  std::uint64_t start = 0;              // clock ticks from boot to the start of the process
  std::array<std::uint8_t, 16> boot{};  // random id of this boot; zeros where unknown
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// The calling process. Cached; right in forked children too.
ProcessIdentity this_process();

/// Only the pid: cheap, and right after fork (but not after a bare clone system call).
std::uint64_t this_process_id() noexcept;

/// Start time of any process; 0 when there is none with this pid or it cannot be read.
std::uint64_t start_of_process(std::uint64_t pid);

/// Which pid namespace this process is in: pids mean nothing in another. 0 where unknown.
std::uint64_t pid_namespace() noexcept;

/// 64 bits that no other process draws (from the kernel's generator).
std::uint64_t random_bits();

}  // namespace furrow::os
