// Within one processor group: up to 64 cores.
#include <furrow/os/cpu.hpp>

#include <furrow/os/win32/system.hpp>

#include <bit>

namespace furrow::os {
namespace {

DWORD_PTR granted() noexcept {
  DWORD_PTR process = 0;
  DWORD_PTR system = 0;
  return ::GetProcessAffinityMask(::GetCurrentProcess(), &process, &system) != 0 ? process : 0;
}

}  // namespace

std::size_t granted_cores() noexcept {
  const int count = std::popcount(granted());
  return count > 0 ? static_cast<std::size_t>(count) : 1;
}

std::size_t largest_cache_bytes() noexcept { return std::size_t{32} << 20; }

bool pin_to_core(std::size_t index) noexcept {
  DWORD_PTR mask = granted();
  if (mask == 0) return false;
  const auto count = static_cast<std::size_t>(std::popcount(mask));
  for (std::size_t skipped = index % count; skipped > 0; --skipped) mask &= mask - 1;
  return ::SetThreadAffinityMask(::GetCurrentThread(), mask & (~mask + 1)) != 0;
}

}  // namespace furrow::os
