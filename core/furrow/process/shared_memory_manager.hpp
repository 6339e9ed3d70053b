// furrow/process/shared_memory_manager.hpp
//
// Raw shared memory that goes with its manager, as Python's SharedMemoryManager.
//
//   mp::SharedMemoryManager manager;
//   auto frame = manager.SharedMemory(1 << 20);
//   auto state = manager.ShareableList({1, 2.5, "text"});
//
// Goes     every name it gave out is unlinked by shutdown, with the last handle of the manager, and
//          when the process that made it ends, SIGKILL included: a process of its own knows each
//          name before there is memory under it. Who has it mapped keeps the memory.
// Crash    that process killed: shutdown unlinks all the same. Both killed at once: names stay.
// Errors   InvalidState: use after shutdown, or in a forked child; those of sync/shared_memory.hpp
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <furrow/sync/shareable_list.hpp>
#include <furrow/sync/shared_memory.hpp>

namespace furrow::mp {

class SharedMemoryManager {
 public:
  SharedMemoryManager();
  mp::SharedMemory SharedMemory(std::size_t bytes) const;
  mp::ShareableList ShareableList(const std::vector<ListItem>& items) const;
  void shutdown() const;
  /// The process that watches; 0 after shutdown.
  std::uint64_t pid() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace furrow::mp
