// A start time here counts from 1601, not from the boot, so pid and start time alone are unique:
// the boot id stays zero.
#include <furrow/os/forks.hpp>
#include <furrow/os/identity.hpp>

#ifndef _CRT_RAND_S
#define _CRT_RAND_S
#endif
#include <stdlib.h>

#include <furrow/os/win32/system.hpp>

namespace furrow::os {

std::uint64_t fork_count() noexcept { return 0; }

std::uint64_t this_process_id() noexcept { return ::GetCurrentProcessId(); }

std::uint64_t start_of_process(std::uint64_t pid) {
  const HANDLE process =
      ::OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, static_cast<DWORD>(pid));
  if (process == nullptr) return 0;
  FILETIME start{}, end{}, kernel{}, user{};
  const bool known = ::GetProcessTimes(process, &start, &end, &kernel, &user) != 0;
  ::CloseHandle(process);
  return known ? std::uint64_t{start.dwHighDateTime} << 32 | start.dwLowDateTime : 0;
}

ProcessIdentity this_process() {
  static const ProcessIdentity self{this_process_id(), start_of_process(this_process_id()), {}};
  return self;
}

std::uint64_t random_bits() {
  unsigned int high = 0;
  unsigned int low = 0;
  if (::rand_s(&high) == 0 && ::rand_s(&low) == 0) return std::uint64_t{high} << 32 | low;
  LARGE_INTEGER now{};
  ::QueryPerformanceCounter(&now);
  return static_cast<std::uint64_t>(now.QuadPart) * 0x9E3779B97F4A7C15u + this_process_id();
}

}  // namespace furrow::os
