// furrow/sync/leaving.hpp
//
// An orderly end of a process is told from a death: objects in which it takes part are left before.
//
// When     at exit(), which a return from main is, by itself. A process that ends in order by _exit
//          (a forked child) calls leave_all before. One that does not has died, for the others
#pragma once

#include <cstddef>

namespace furrow::mp {

using Leave = void (*)(std::byte* body) noexcept;

/// From now on `leave(body)` is called when this process ends in order.
void enter(std::byte* body, Leave leave);
/// Leaves one object, if this process has entered it; before it is unmapped.
void leave(std::byte* body) noexcept;
/// Leaves all that this process has entered.
void leave_all() noexcept;

}  // namespace furrow::mp
