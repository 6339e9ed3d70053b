// furrow/process/wait.hpp
//
// Waiting for whichever comes first: messages on connections, ends of processes, callers of a
// listener. As Python's multiprocessing.connection.wait, without its limit of handles on Windows.
//
//   for (std::size_t i : mp::wait({connection, process, listener}, 1s)) …
//
// Ready   a connection: a message or the end of the other side; a process: it has ended; a
//         listener: somebody knocks; a descriptor: it can be read
// Errors  Closed, InvalidState: what cannot be waited for
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <furrow/process/connection.hpp>
#include <furrow/process/listener.hpp>
#include <furrow/process/process.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

/// Something that becomes ready. Implicit, so that a list of them can be written down.
class Waitable {
 public:
  Waitable(const Connection& connection) : descriptor_(connection.fileno()) {}  // NOLINT
  Waitable(const Listener& listener) : descriptor_(listener.fileno()) {}        // NOLINT
  Waitable(const Process& process)                                              // NOLINT
      : descriptor_(process.sentinel()), process_(process) {}
  Waitable(int descriptor) : descriptor_(descriptor) {}  // NOLINT

 private:
  friend std::vector<std::size_t> wait(const std::vector<Waitable>& sources, Timeout timeout);
  int descriptor_;
  std::optional<Process> process_;
};

/// Which are ready, by position; empty when the time ran out.
std::vector<std::size_t> wait(const std::vector<Waitable>& sources, Timeout timeout = {});

}  // namespace furrow::mp
