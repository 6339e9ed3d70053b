#include <furrow/engine/gate.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include <furrow/error.hpp>

namespace furrow::engine {
namespace {

// How deep this thread is inside operations of which engines.
thread_local std::vector<std::pair<const Gate*, int>> inside;

int& depth_of(const Gate* gate) {
  const auto found = std::find_if(inside.begin(), inside.end(),
                                  [gate](const auto& each) { return each.first == gate; });
  return found != inside.end() ? found->second : inside.emplace_back(gate, 0).second;
}

bool is_inside(const Gate* gate) {
  return std::any_of(inside.begin(), inside.end(),
                     [gate](const auto& each) { return each.first == gate; });
}

void go_out(const Gate* gate) noexcept {
  if (--depth_of(gate) > 0) return;
  std::erase_if(inside, [gate](const auto& each) { return each.first == gate; });
}

}  // namespace

void Gate::enter() {
  std::unique_lock lock(mutex_);
  if (!is_inside(this)) changed_.wait(lock, [this] { return !closed_; });
  ++depth_of(this);
  ++inside_;
}

void Gate::leave() noexcept {
  go_out(this);
  const std::lock_guard lock(mutex_);
  if (--inside_ == 0 && closed_) changed_.notify_all();
}

bool Gate::holds() const { return is_inside(this); }

void Gate::adopt() { ++depth_of(this); }

void Gate::close() {
  if (is_inside(this)) {
    throw InvalidArgument("inside of an operation, there is no boundary between operations");
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !closed_; });
  closed_ = true;
  changed_.wait(lock, [this] { return inside_ == 0; });
  depth_of(this) = 1;
}

void Gate::open() noexcept {
  go_out(this);
  const std::lock_guard lock(mutex_);
  closed_ = false;
  changed_.notify_all();
}

}  // namespace furrow::engine
