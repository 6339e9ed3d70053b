#include <furrow/process/children.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <furrow/os/identity.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/identity.hpp>

namespace furrow::process {
namespace {

struct Children {
  std::mutex mutex;
  std::uint64_t parent = os::this_process_id();
  std::vector<std::shared_ptr<State>> living;
  bool finishes = false;
};

Children*& children() {
  static auto* the_children = new Children;  // outlives all other objects
  return the_children;
}

}  // namespace

void add_child(const std::shared_ptr<State>& child) {
  Children& all = *children();
  const std::lock_guard lock(all.mutex);
  all.living.push_back(child);
  if (!all.finishes) std::atexit(finish_children);
  all.finishes = true;
}

void remove_child(const State* child) {
  Children& all = *children();
  const std::lock_guard lock(all.mutex);
  std::erase_if(all.living, [&](const auto& one) { return one.get() == child; });
}

std::vector<std::shared_ptr<State>> living_children() {
  Children& all = *children();
  // A copy: a child leaves the list while it is looked at.
  const std::vector<std::shared_ptr<State>> known = [&] {
    const std::lock_guard lock(all.mutex);
    return all.living;
  }();
  std::vector<std::shared_ptr<State>> living;
  for (const auto& child : known) {
    const std::lock_guard lock(child->mutex);
    if (!child->has_ended()) living.push_back(child);
  }
  return living;
}

void finish_children() {
  // A fork of the user's own has its parent's list.
  if (children()->parent != os::this_process_id()) return;
  std::vector<std::shared_ptr<State>> owed = living_children();
  std::erase_if(owed, [](const auto& child) { return child->options.outlive_parent; });
  for (const auto& child : owed) {
    if (child->daemon) os::ask_to_end(child->pid);
  }
  const mp::Deadline patience(std::chrono::seconds(2));
  for (const auto& child : owed) {
    if (child->daemon && !child->wait(patience)) os::kill_now(child->pid);
  }
  for (const auto& child : owed) child->wait(mp::Timeout::forever());
}

void forget_children() { children() = new Children; }

namespace {

struct Own {
  std::mutex mutex;
  std::shared_ptr<State> state;
};

// Replaced, not changed, in a forked child: another thread may have held the mutex.
Own*& own() {
  static auto* the_own = new Own;
  return the_own;
}

}  // namespace

std::shared_ptr<State> own_state() {
  Own& o = *own();
  const std::lock_guard lock(o.mutex);
  // A fork of the user's own has its parent's.
  if (o.state == nullptr || o.state->maker != os::this_process_id()) {
    o.state = std::make_shared<State>();
    o.state->kind = State::Kind::self;
    o.state->maker = o.state->pid = os::this_process_id();
    o.state->daemon = kinship().daemon;
  }
  return o.state;
}

void set_own_state(std::shared_ptr<State> state) {
  auto* const fresh = new Own;
  fresh->state = std::move(state);
  own() = fresh;
}

}  // namespace furrow::process
