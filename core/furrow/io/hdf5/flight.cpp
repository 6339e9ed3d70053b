#include <furrow/io/hdf5/flight.hpp>

#include <algorithm>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>

namespace furrow::hdf5 {
namespace {

constexpr std::int64_t watch_ns = 50'000'000;
constexpr std::int64_t leave_ns = 1'000'000'000;  // helpers' time to leave a push that is over
constexpr int attempts_max = 100;

}  // namespace

std::int64_t Journey::time_left_ns() const {
  if (deadline_ns == 0) return 0;
  return std::max<std::int64_t>(deadline_ns - os::monotonic_ns(), 1);
}

bool Journey::late() const { return deadline_ns != 0 && os::monotonic_ns() >= deadline_ns; }

bool Flight::over() const {
  const auto state = static_cast<MailState>(box.mail()->state.load(std::memory_order_acquire));
  return state == MailState::answer || state == MailState::error;
}

bool Flight::await(Journey& journey) {
  try {
    for (;;) {
      const bool ended = owner.wait(watch_ns);
      if (over()) break;
      if (ended) again(journey);
      supervise(journey);
    }
  } catch (...) {
    journey.lost = journey.lost || journey.owner.dead();
    leave();
    throw;
  }
  const bool left = leave();
  try {
    box.rethrow();
  } catch (const Cancelled&) {
    if (!journey.late()) throw;
    throw Timeout(journey.asked + ": its deadline passed; nothing was saved");
  }
  return left;
}

void Flight::supervise(const Journey& journey) {
  Mail& mail = *box.mail();
  const double done = mail.done.load(std::memory_order_relaxed);
  if (journey.late() || (journey.watch && !journey.watch(done))) {
    mail.leave.store(1, std::memory_order_relaxed);
  }
  // Helpers that had nothing to do for a while have left, and so have those that died too often.
  if (start_helpers && helpers.wait(0) && ring.any_ticket() && ring.any_free() &&
      ++attempts < attempts_max) {
    helpers = start_helpers();
  }
}

/// The job has ended without an answer: somebody died or left. If it was not the owner, once more.
void Flight::again(Journey& journey) {
  std::string cause = "it left the engine";
  try {
    owner.get();
  } catch (const WorkerDied& error) {
    cause = error.what();
  }
  if (over()) return;
  journey.lost = journey.owner.dead();
  if (journey.lost || ++attempts >= attempts_max) {
    const std::string what = journey.lost ? "is gone" : "does not answer";
    throw WorkerDied(journey.asked + ": the worker that had the file open " + what + " (" + cause +
                     "); nothing was saved");
  }
  owner = start_owner();
}

bool Flight::leave() noexcept {
  try {
    bool left = true;
    const auto end = [&left](Future<void>& job) {
      if (job.wait(0)) return;
      job.cancel();
      left = job.wait(leave_ns) && left;
    };
    box.mail()->leave.store(1, std::memory_order_relaxed);
    if (ring.valid()) ring.close();
    end(owner);
    if (start_helpers) end(helpers);
    return left;
  } catch (...) {
    return false;
  }
}

}  // namespace furrow::hdf5
