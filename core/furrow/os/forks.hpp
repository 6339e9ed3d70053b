// furrow/os/forks.hpp
//
// Whether a process has forked: what its children may have inherited is not to be reused.
#pragma once

#include <cstdint>

namespace furrow::os {

/// Forks that this process has begun since it first asked. Not: bare clone system calls, and
/// vfork, whose child runs another program at once. Win32: 0.
std::uint64_t fork_count() noexcept;

}  // namespace furrow::os
