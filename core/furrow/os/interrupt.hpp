// furrow/os/interrupt.hpp
//
// For programs, never for the library: being told to stop (SIGINT, SIGTERM, SIGHUP) becomes a flag
// that work looks at, and a descriptor that waiting wakes up on.
//
// Helpers   an engine's processes leave the terminal's signals to their coordinator; a program that
//           catches them decides alone what is finished and what is cancelled
// Ignored   a signal that was ignored when the program started (nohup) stays ignored
#pragma once

#include <atomic>

namespace furrow::os {

/// From now on these signals do not end the process but are noted. Call it once.
void catch_interrupts() noexcept;

/// True after the first of them.
const std::atomic<bool>& interrupted() noexcept;

/// The number of the first of them; 0 while there was none.
int interrupt_signal() noexcept;

/// Becomes ready with the first of them, for wait_ready; -1 before catch_interrupts.
int interrupt_descriptor() noexcept;

}  // namespace furrow::os
