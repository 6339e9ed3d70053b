// furrow/os/fault.hpp
//
// Labelled places where a test can make a process die or a call fail. Always compiled in, on cold
// paths only: with no fault set it costs one load and one comparison.
//
// Spec     "point:action[:nth[:token]]", several separated by commas, from the environment variable
//          FURROW_FAULT (read once) or from set_fault
// Actions  kill (SIGKILL to itself), stop (SIGSTOP), segv (SIGSEGV), fail (fault_point says true
//          and the caller pretends that the system call failed)
// nth      acts on the nth pass of this process, counting from 1 (default 1); later passes go free
// token    a file that the acting process must be able to delete first: of many processes that
//          read the same spec, exactly one acts
#pragma once

#include <atomic>
#include <string_view>

namespace furrow::os {

namespace detail {
extern std::atomic<int> fault_state;  // 0 not read yet, 1 none set, 2 some set
bool fault_point_slow(const char* point) noexcept;
void act_on_fault(std::string_view action) noexcept;  // the system's part: kill, stop, segv
}  // namespace detail

/// Passes the labelled point. True when the call that follows should be treated as failed.
inline bool fault_point(const char* point) noexcept {
  if (detail::fault_state.load(std::memory_order_relaxed) == 1) return false;
  return detail::fault_point_slow(point);
}

/// Sets the faults of this process, replacing those of the environment; "" clears them.
/// REQUIRES: no other thread passes a point meanwhile.
void set_fault(std::string_view spec);

}  // namespace furrow::os
