// furrow/process/nursery.hpp
//
// A nursery: a small single-threaded process that forks children for its owner, watches them, and
// replaces them on request, so that the owner never forks once it has threads.
//
//   owner ── nursery ── children
//                └───── spare          (becomes the nursery when that is killed)
//
// Owner dies    the nursery asks the children to stop, kills those that do not within 300 ms, lets
//               the client clean up, and ends
// Nursery dies  the kernel kills its children; the spare takes over, forks a new spare, and
//               children are started again as the owner asks for them
// Both die      the owner must start a new nursery
// Threads       run_nursery owns its process
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <furrow/os/process.hpp>

namespace furrow::process {

/// What a nursery works for; called in the nursery's process, except for run_child.
class NurseryClient {
 public:
  virtual ~NurseryClient() = default;
  /// Who is nursery and spare now.
  virtual void changed_hands(std::uint64_t nursery_pid, std::uint64_t spare_pid) = 0;
  /// This process begins to serve: no request that an earlier nursery took is under way any more.
  virtual void took_over() = 0;
  virtual std::size_t places() const = 0;
  /// True once for each child that the owner asked for.
  virtual bool take_request(std::size_t place) = 0;
  virtual void started(std::size_t place, std::uint64_t pid) = 0;
  virtual void ended(std::size_t place, std::uint64_t pid, const os::ExitStatus& status) = 0;
  /// The child's work; it ends by returning.
  virtual void run_child(std::size_t place) = 0;
  /// The owner wants all children to end.
  virtual bool stopping() const = 0;
  /// The owner is dead: make children end soon.
  virtual void ask_to_stop() = 0;
  /// The owner and all children are dead. May be called twice (nursery, then spare).
  virtual void clean_up() = 0;
};

struct NurserySetup {
  std::uint64_t owner_pid = 0;
  int requests = -1;        // Event that the owner raises after a request or to stop
  std::vector<int> kept{};  // descriptors that stay open in children
};

/// Does not return; ends the process.
[[noreturn]] void run_nursery(NurseryClient& client, const NurserySetup& setup);

}  // namespace furrow::process
