// furrow/os/clock.hpp
//
// Time, and the pause inside a spin loop.
//
// Units    nanoseconds
// Clock    monotonic_ns never goes back and is the same in every process of the machine
#pragma once

#include <cstdint>

namespace furrow::os {

std::int64_t monotonic_ns() noexcept;
std::int64_t realtime_ns() noexcept;  // since 1970, UTC
void sleep_ns(std::int64_t ns) noexcept;

/// Tells the core that this is a spin loop.
inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

}  // namespace furrow::os
