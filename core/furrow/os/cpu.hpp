// furrow/os/cpu.hpp
//
// Which cores this process may really use.
#pragma once

#include <cstddef>

namespace furrow::os {

/// Cores granted by affinity and by the cgroup's cpu quota (rounded up), at least 1.
std::size_t granted_cores() noexcept;

/// Bytes of the largest cache that one core can use; a guess of 32 MiB where the system does not
/// say.
std::size_t largest_cache_bytes() noexcept;

/// Binds the calling thread to the i-th core of its affinity mask (modulo their number).
bool pin_to_core(std::size_t index) noexcept;

}  // namespace furrow::os
