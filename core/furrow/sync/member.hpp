// furrow/sync/member.hpp
//
// A process that takes part in a shared object, so that others can ask the kernel whether it still
// lives. Its pid and start time: no other process of this boot has both.
//
// Namespace  of another pid namespace nothing can be said: such a process counts as living
#pragma once

#include <cstdint>

namespace furrow::mp {

struct Member {
  std::uint64_t pid = 0;  // 0: nobody
  std::uint64_t start = 0;
  std::uint64_t pid_namespace = 0;
  friend bool operator==(const Member&, const Member&) = default;
};
static_assert(sizeof(Member) == 24);

/// The calling process; cheap after the first call.
Member this_member() noexcept;

/// True when the kernel says that it has ended, collected by its parent or not. Costs some ten
/// microseconds.
bool is_dead(const Member& member) noexcept;

}  // namespace furrow::mp
