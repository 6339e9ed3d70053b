// furrow/process/process.hpp
//
// A function or closure in a process of its own, as Python's multiprocessing.Process.
//
//   mp::Process p([](int n) { work(n); }, 3);
//   p.start();
//   p.join();
//   p.exit_code();                      // 0
//
// Start      "fork": any callable; the child has all that the parent has in memory. Refused with
//            InvalidState where another thread of the parent could hold a lock at that moment.
//            "execute" (Python's name "spawn" means the same): the program runs again up to
//            furrow::initialize, which must come first in its main. The callable is a function, or
//            a closure whose captures are trivially copyable and at most 4 KiB; the arguments are
//            what cereal can serialise, and furrow's own shared objects and connections.
//            "automatic", unless set: fork while it is safe, else execute.
// Returned   when start() returns, the child has its arguments: what the parent lets go of after
//            that, it does not take from the child. The Process keeps none of them.
// Ends       exit code 0: the callable returned. N: it threw SystemExit(N). 1: it threw anything
//            else; the text goes to standard error and is exception() here. -N: signal N.
// Parent     dies in any way, SIGKILL included: the kernel kills the child (it asks for that and
//            then checks whether it came too late), unless outlive_parent.
// Exit       when the parent returns from main or calls exit: daemons are terminated, others are
//            joined. A daemon may have no children. All as in Python; a daemon that does not end on
//            SIGTERM within 2 s is killed, where Python waits for ever.
// In it      leave by returning or by SystemExit: std::exit would run the exit handlers of the
//            parent. Handlers of signals are the default ones, standard input is /dev/null.
// Handles    copies of a Process mean the same process; dropping them all ends nothing
// Errors     InvalidState: start twice, join or sentinel before start, close while running, any use
//            after close, a child's child, a child of a daemon. NotSerialisable: execute with what
//            cannot travel. InvalidArgument: an unknown method.
// Threads    const functions and join, terminate, kill may be called from any thread
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/process/target.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

struct ProcessOptions {
  std::string name{};            // empty: "Process-1", in its children "Process-1:1" and so on
  std::optional<bool> daemon{};  // empty: as the process that makes it
  std::string method{};          // empty: get_start_method()
  bool outlive_parent = false;   // not killed with its parent, and not waited for at its exit
};

/// Thrown in a child: ends it with this exit code, as sys.exit does. No std::exception, so that it
/// passes handlers of errors.
struct SystemExit {
  int code = 0;
};

class Process {
 public:
  /// A process that is not started yet; arguments are copied or moved as std::thread does.
  template <class F, class... Args>
  requires(!std::is_same_v<std::decay_t<F>, Process> &&
           !std::is_same_v<std::decay_t<F>, ProcessOptions>) explicit Process(F&& f, Args&&... args)
      : Process(ProcessOptions{}, std::forward<F>(f), std::forward<Args>(args)...) {}
  template <class F, class... Args>
  requires(!std::is_same_v<std::decay_t<F>, Process>)
      Process(ProcessOptions options, F&& f, Args&&... args)
      : Process(std::move(options),
                process::make_target(std::forward<F>(f), std::forward<Args>(args)...)) {}

  void start();
  /// True when it has ended; false when the time ran out.
  bool join(Timeout timeout = {}) const;
  bool is_alive() const;
  /// SIGTERM. Its own children are not touched, but end with it. No error when it has ended.
  void terminate() const;
  /// SIGKILL.
  void kill() const;
  /// Gives back what is held for it. Once it was called, only close() may be called.
  void close();

  /// Empty while it runs and before.
  std::optional<int> exit_code() const;
  /// The text of the uncaught exception; empty when there was none.
  std::optional<std::string> exception() const;
  /// Empty before start.
  std::optional<std::uint64_t> pid() const;
  std::string name() const;
  void set_name(std::string name);
  bool daemon() const;
  /// Before start only.
  void set_daemon(bool daemon);
  /// A descriptor that becomes ready when the process has ended; for mp::wait.
  int sentinel() const;

  friend bool operator==(const Process& a, const Process& b) { return a.state_ == b.state_; }

 private:
  struct State;
  friend struct process::ProcessAccess;
  Process(ProcessOptions options, std::unique_ptr<process::Target> target);
  explicit Process(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

/// The process that asks; its name is "MainProcess" in a program started by hand.
Process current_process();
/// Who started this one: only name, pid, is_alive, join and sentinel of it can be used. Empty in a
/// program started by hand.
std::optional<Process> parent_process();
/// The children of this process that still run; collects those that have ended.
std::vector<Process> active_children();
/// Cores that affinity and cgroup grant to this process, at least 1.
std::size_t cpu_count();

/// "automatic", "fork" or "execute".
std::string get_start_method();
/// Throws InvalidArgument for an unknown method; InvalidState when one was set, unless `force`.
void set_start_method(std::string_view method, bool force = false);
/// Those that work here and now, the default one first.
std::vector<std::string> get_all_start_methods();

/// The secret that this process shares with its children; random unless set. Connections between
/// them are authenticated with it.
std::string authkey();
void set_authkey(std::string key);

}  // namespace furrow::mp
