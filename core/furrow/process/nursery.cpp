#include <furrow/process/nursery.hpp>

#include <algorithm>
#include <array>
#include <vector>

#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/identity.hpp>

namespace furrow::process {
namespace {

constexpr std::int64_t owner_died_grace_ns = 300'000'000;
constexpr std::int64_t stop_grace_ns = 2'000'000'000;
constexpr std::int64_t other_exit_ns = 3'000'000'000;

class Nursery {
 public:
  Nursery(NurseryClient& client, const NurserySetup& setup)
      : client_(client),
        owner_(setup.owner_pid),
        requests_(setup.requests),
        kept_(setup.kept),
        pids_(client.places(), 0) {}

  [[noreturn]] void serve() {
    children_ = os::child_events();
    client_.took_over();
    fork_spare();
    for (;;) {
      collect();
      if (owner_.dead()) shut_down(true, owner_died_grace_ns);
      if (client_.stopping()) shut_down(false, stop_grace_ns);
      fork_wanted();
      const std::array<int, 3> sources{owner_.get(), requests_, children_.get()};
      const std::vector<bool> ready = os::wait_ready(sources, -1);
      if (ready[1]) clear_requests();
      if (ready[2]) children_.clear();
    }
  }

 private:
  void clear_requests() const {
    os::Event event = os::Event::adopt(requests_);
    event.clear();
    event.release();
  }

  void fork_wanted() {
    for (std::size_t place = 0; place < pids_.size(); ++place) {
      if (pids_[place] != 0 || !client_.take_request(place)) continue;
      const std::uint64_t me = os::this_process_id();
      os::fault_point("process.nursery.forking");
      const std::int64_t pid = os::fork_process();
      if (pid == 0) {
        os::die_with_parent(me);
        os::become_helper(kept_);
        client_.run_child(place);
        os::exit_now(0);
      }
      if (pid < 0) {  // the system has no room for a process now; the owner decides what follows
        client_.ended(place, 0, {false, 1});
        continue;
      }
      pids_[place] = static_cast<std::uint64_t>(pid);
      client_.started(place, pids_[place]);
    }
  }

  void collect() {
    std::uint64_t pid = 0;
    while (const auto status = os::collect_any(pid)) {
      if (pid == spare_) {
        fork_spare();
        continue;
      }
      const auto at = std::find(pids_.begin(), pids_.end(), pid);
      if (at == pids_.end()) continue;
      *at = 0;
      client_.ended(static_cast<std::size_t>(at - pids_.begin()), pid, *status);
    }
  }

  void fork_spare() {
    const std::uint64_t me = os::this_process_id();
    const std::int64_t pid = os::fork_process();
    if (pid == 0) wait_as_spare(me);
    spare_ = pid > 0 ? static_cast<std::uint64_t>(pid) : 0;
    client_.changed_hands(me, spare_);
  }

  [[noreturn]] void wait_as_spare(std::uint64_t nursery_pid) {
    const os::ProcessWatch nursery(nursery_pid);
    for (;;) {
      // Looked at before waiting, too: a handle of what died earlier is never ready.
      if (!owner_.dead() && !nursery.dead()) {
        const std::array<int, 2> sources{owner_.get(), nursery.get()};
        os::wait_ready(sources, -1);
      }
      if (owner_.dead()) {
        // The nursery cleans up, unless it was killed as well.
        const std::array<int, 1> other{nursery.get()};
        os::wait_ready(other, other_exit_ns);
        client_.ask_to_stop();
        client_.clean_up();
        os::exit_now(0);
      }
      if (!nursery.dead()) continue;
      if (client_.stopping()) os::exit_now(0);
      std::fill(pids_.begin(), pids_.end(), 0);  // the kernel killed them with their parent
      serve();
    }
  }

  [[noreturn]] void shut_down(bool owner_died, std::int64_t grace_ns) {
    if (owner_died) client_.ask_to_stop();
    const std::int64_t deadline = os::monotonic_ns() + grace_ns;
    const auto any_left = [&] {
      return std::any_of(pids_.begin(), pids_.end(), [](std::uint64_t pid) { return pid != 0; });
    };
    const std::uint64_t spare = spare_;
    spare_ = 0;  // not replaced any more
    bool killed = false;
    while (any_left()) {
      const std::int64_t left = deadline - os::monotonic_ns();
      if (left <= 0 && !killed) {
        for (const std::uint64_t pid : pids_) os::kill_now(pid);
        killed = true;
      }
      const std::array<int, 1> source{children_.get()};
      os::wait_ready(source, killed ? 50'000'000 : std::max<std::int64_t>(left, 0));
      children_.clear();
      collect();
    }
    if (owner_died) client_.clean_up();
    if (spare != 0) {
      const os::ProcessWatch watch(spare);
      os::kill_now(spare);
      const std::array<int, 1> source{watch.get()};
      if (watch.valid()) os::wait_ready(source, other_exit_ns);
    }
    os::exit_now(0);
  }

  NurseryClient& client_;
  os::ProcessWatch owner_;
  int requests_;
  std::vector<int> kept_;
  os::Event children_;
  std::vector<std::uint64_t> pids_;
  std::uint64_t spare_ = 0;
};

}  // namespace

void run_nursery(NurseryClient& client, const NurserySetup& setup) {
  Nursery(client, setup).serve();
}

}  // namespace furrow::process
