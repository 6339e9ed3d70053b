#include <furrow/sync/member.hpp>

#include <furrow/os/identity.hpp>
#include <furrow/os/process.hpp>

namespace furrow::mp {

Member this_member() noexcept {
  thread_local Member cached;
  const std::uint64_t pid = os::this_process_id();
  if (cached.pid != pid) cached = {pid, os::start_of_process(pid), os::pid_namespace()};
  return cached;
}

bool is_dead(const Member& member) noexcept {
  if (member.pid == 0) return true;
  const Member self = this_member();
  if (member == self || member.pid_namespace != self.pid_namespace) return false;
  const os::ProcessWatch watch(member.pid);
  if (watch.dead()) return true;
  // The watch is of whoever has the pid now. Opened first: it keeps meaning the same process.
  const std::uint64_t start = os::start_of_process(member.pid);
  return start != 0 && member.start != 0 && start != member.start;
}

}  // namespace furrow::mp
