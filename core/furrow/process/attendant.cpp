#include <furrow/process/attendant.hpp>

#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include <furrow/os/clock.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/socket.hpp>

namespace furrow::process {
namespace {

constexpr std::int64_t grace_ns = 1'000'000'000;

}  // namespace

Attendant::Attendant(const char* what, HelperMain main) : owner_(os::this_process_id()) {
  std::error_code error;
  auto [here, there] = os::socket_pair(error);
  if (error) throw Error(fmt::format("{} cannot be started: {}", what, error.message()));
  const std::array<int, 1> inherited{there.get()};
  const std::string argument = fmt::format("{}:{}", there.get(), owner_);
  const bool forks = fork_is_safe();
  if (!forks && !can_execute()) {
    throw InvalidState(fmt::format(
        "{} cannot be started here: a fork is not safe beside other threads, and the program "
        "cannot be run again (begin main with furrow::initialize)",
        what));
  }
  if (forks) os::flush_streams();
  pid_ = forks ? start_by_fork(main, argument, inherited)
               : start_by_execution(main, argument, inherited);
  watch_ = os::ProcessWatch(pid_);
  control_ = mp::Connection(std::move(here), true, true);
}

bool Attendant::is_own() const noexcept { return owner_ == os::this_process_id(); }

void Attendant::end() noexcept {
  if (pid_ == 0 || !is_own()) return;
  try {
    control_.send(0, mp::Timeout::none());
  } catch (...) {  // it is gone, or does not listen and will be killed
  }
  const std::int64_t deadline = os::monotonic_ns() + grace_ns;
  while (!os::collect(pid_)) {
    const std::int64_t left = deadline - os::monotonic_ns();
    if (left <= 0) os::kill_now(pid_);
    if (watch_.dead()) break;  // somebody else collected it
    const std::array<int, 1> source{watch_.get()};
    os::wait_ready(source, watch_.valid() && left > 0 ? left : 10'000'000);
  }
  os::collect(pid_);
  pid_ = 0;
}

Attending::Attending(const std::string& argument) {
  char* at = nullptr;
  const int number = static_cast<int>(std::strtol(argument.c_str(), &at, 10));
  owner_pid = std::strtoull(at + 1, nullptr, 10);
  owner = os::ProcessWatch(owner_pid);
  os::close_on_execute(number);
  control = mp::Connection(os::Descriptor(number), true, true);
}

}  // namespace furrow::process
