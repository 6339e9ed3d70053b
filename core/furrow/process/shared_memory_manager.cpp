#include <furrow/process/shared_memory_manager.hpp>

#include <fmt/format.h>

#include <array>
#include <mutex>
#include <string>

#include <furrow/os/fault.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/process/attendant.hpp>

namespace furrow::mp {
namespace {

void unlink_all(const std::vector<std::string>& names) noexcept {
  for (const std::string& name : names) {
    try {
      SharedMemory::attach(name, Access::read_only, Timeout::none()).unlink();
    } catch (...) {  // it was unlinked by its user, or never came to be
    }
  }
}

// The main of the process that watches: notes names, unlinks them at the end.
void watch_main(const std::string& argument) {
  const process::Attending attending(argument);
  std::vector<std::string> names;
  try {
    for (;;) {
      const std::array<int, 2> sources{attending.control.fileno(), attending.owner.get()};
      os::wait_ready(sources, -1);
      while (attending.control.poll()) {
        const Bytes message = attending.control.recv_bytes();
        if (message.size() == sizeof(int)) throw EndOfFile("told to end");
        names.push_back(decode<std::string>(message));
      }
      if (attending.owner.dead()) break;
    }
  } catch (const Error&) {  // told to end, or nobody is left who could
  }
  unlink_all(names);
}

}  // namespace

struct SharedMemoryManager::State {
  process::Attendant watcher{"a shared memory manager", watch_main};
  std::mutex mutex;
  std::vector<std::string> names;

  ~State() { end(); }
  void end() noexcept {
    if (!watcher.is_own() || watcher.pid() == 0) return;
    watcher.end();
    unlink_all(names);
    names.clear();
  }
  /// A name that will be unlinked, whatever happens from now on.
  std::string fresh_name() {
    const std::lock_guard lock(mutex);
    if (!watcher.is_own())
      throw InvalidState("a shared memory manager serves only the process that made it");
    if (watcher.pid() == 0) throw InvalidState("this shared memory manager was shut down");
    std::string name = fmt::format("psm_{:016x}", os::random_bits());
    names.push_back(name);
    try {
      watcher.control().send(name);
    } catch (const BrokenPipe&) {  // it was killed; shutdown unlinks
    }
    os::fault_point("process.shared_memory_manager.noted");
    return name;
  }
};

SharedMemoryManager::SharedMemoryManager() : state_(std::make_shared<State>()) {}

SharedMemory SharedMemoryManager::SharedMemory(std::size_t bytes) const {
  auto made = mp::SharedMemory::create(state_->fresh_name(), bytes);
  os::fault_point("process.shared_memory_manager.made");
  return made;
}

ShareableList SharedMemoryManager::ShareableList(const std::vector<ListItem>& items) const {
  return mp::ShareableList::create(state_->fresh_name(), items);
}

void SharedMemoryManager::shutdown() const {
  if (!state_->watcher.is_own())
    throw InvalidState("a shared memory manager is shut down by the process that made it");
  const std::lock_guard lock(state_->mutex);
  state_->end();
}

std::uint64_t SharedMemoryManager::pid() const noexcept { return state_->watcher.pid(); }

}  // namespace furrow::mp
