#include <furrow/os/fault.hpp>

#include <furrow/os/win32/system.hpp>

namespace furrow::os {

// "kill" ends with the exit code that a shell shows for SIGKILL; "stop" holds this thread alone.
void detail::act_on_fault(std::string_view action) noexcept {
  if (action == "kill") ::TerminateProcess(::GetCurrentProcess(), 137);
  if (action == "stop") ::SuspendThread(::GetCurrentThread());
  if (action == "segv") ::RaiseException(EXCEPTION_ACCESS_VIOLATION, 0, 0, nullptr);
}

}  // namespace furrow::os
