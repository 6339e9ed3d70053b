// furrow/os/forks.hpp
//
// Whether a process has forked: what its children may have inherited is not to be reused.
#pragma once

#include <cstdint>

namespace furrow::os {

/// A number that grows before and after each fork of this process since it first asked: where it is
/// the same twice, no child was forked between. Not seen: bare clone system calls, and vfork, whose
/// child runs another program at once. Win32: 0.
std::uint64_t fork_count() noexcept;

}  // namespace furrow::os
