#include <furrow/process/process.hpp>

#include <fmt/format.h>

#include <array>

#include <furrow/os/cpu.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/process/children.hpp>
#include <furrow/process/identity.hpp>
#include <furrow/process/launch.hpp>
#include <furrow/process/log.hpp>
#include <furrow/process/process_state.hpp>
#include <furrow/process/start.hpp>

namespace furrow::mp {
namespace {

constexpr int unknown_exit_code = 255;  // somebody else collected it, and it left no word
constexpr std::int64_t look_again_ns = 2'000'000;

std::string default_name(const std::vector<std::uint32_t>& ancestry) {
  return fmt::format("Process-{}", fmt::join(ancestry, ":"));
}

bool is_method(std::string_view method) {
  return method == "automatic" || method == "fork" || method == "execute";
}

// Python calls it "spawn".
std::string checked_method(std::string_view method) {
  const std::string_view name = method == "spawn" ? "execute" : method;
  if (!is_method(name)) {
    throw InvalidArgument(fmt::format(
        "there is no start method \"{}\": there are automatic, fork and execute", method));
  }
  return std::string(name);
}

}  // namespace

bool Process::State::has_ended() {
  if (kind == Kind::self) return false;
  if (kind == Kind::parent) return process::parent_is_dead();
  if (!started || exit_code) return exit_code.has_value();
  const bool dead = watch.dead();
  const auto status = os::collect(pid);
  if (!status && !dead) return false;
  const auto farewell = process::farewell_of(launch_file);
  if (status) {
    exit_code = status->signalled ? -status->code : status->code;
  } else {
    exit_code = farewell ? farewell->code : unknown_exit_code;
  }
  if (farewell) exception = farewell->exception;
  launch_file.close();
  process::remove_child(this);
  return true;
}

bool Process::State::wait(const Deadline& deadline) {
  for (;;) {
    int handle = -1;
    {
      const std::lock_guard lock(mutex);
      if (has_ended()) return true;
      handle = kind == Kind::parent ? process::parent_watch() : watch.get();
    }
    if (deadline.passed()) return false;
    const std::array<int, 1> source{handle};
    os::wait_ready(source,
                   handle >= 0 ? deadline.left_ns() : deadline.left_ns_within(look_again_ns));
  }
}

void Process::State::check_open() const {
  if (closed) throw Closed(fmt::format("process \"{}\" was closed", name));
}

void Process::State::check_started(const char* what) const {
  check_open();
  if (kind == Kind::self) {
    throw InvalidState(fmt::format("{}: a process cannot be asked this of itself", what));
  }
  if (kind == Kind::parent) return;
  if (maker != os::this_process_id()) {
    throw InvalidState(fmt::format(
        "{}: process \"{}\" is no child of this process; only who started it may ask", what, name));
  }
  if (!started) {
    throw InvalidState(fmt::format("{}: process \"{}\" was not started", what, name));
  }
}

Process::Process(ProcessOptions options, std::unique_ptr<process::Target> target)
    : state_(std::make_shared<State>()) {
  if (!options.method.empty()) options.method = checked_method(options.method);
  State& s = *state_;
  s.maker = os::this_process_id();
  s.ancestry = process::next_ancestry();
  s.name = options.name.empty() ? default_name(s.ancestry) : options.name;
  s.daemon = options.daemon.value_or(process::kinship().daemon);
  s.options = std::move(options);
  s.target = std::move(target);
}

void Process::start() {
  const std::shared_ptr<State> held = state_;  // a child may drop its handle in what runs below
  State& s = *held;
  process::living_children();  // collects those that have ended
  std::unique_lock lock(s.mutex);
  s.check_open();
  if (s.kind != State::Kind::child || s.started) {
    throw InvalidState(fmt::format(
        "process \"{}\" was started already: a process runs once, make another one", s.name));
  }
  if (s.maker != os::this_process_id()) {
    throw InvalidState(fmt::format(
        "process \"{}\" was made by another process, and only that one can start it", s.name));
  }
  const process::Kinship here = process::kinship();
  if (here.daemon) {
    throw InvalidState(
        fmt::format("process \"{}\" is a daemon, and daemons may have no children", here.name));
  }
  process::LaunchOptions launch{here, s.options.outlive_parent};
  launch.kin.name = s.name;
  launch.kin.ancestry = s.ancestry;
  launch.kin.daemon = s.daemon;
  launch.kin.authkey = process::shared_key();
  launch.kin.log_level = process::log_settings().level;
  launch.kin.logs_to_stderr = process::log_settings().to_stderr;
  launch.kin.parent_name = here.name;
  launch.kin.parent_pid = os::this_process_id();

  std::string method = s.options.method.empty() ? get_start_method() : s.options.method;
  if (method == "automatic") {
    std::string reason;
    const bool executable = process::can_execute() && s.target->entry(reason) != nullptr;
    method = process::fork_is_safe() || !executable ? "fork" : "execute";
  }
  // In the child of a fork the rest of this function never runs, and this object means the child
  // itself: there it may be asked, as in Python a run() that uses self.name does.
  const auto in_child = [&] {
    s.kind = State::Kind::self;
    s.maker = s.pid = os::this_process_id();
    process::set_own_state(held);
    lock.unlock();
  };
  process::Launched launched = method == "fork"
                                   ? process::launch_by_fork(launch, *s.target, in_child)
                                   : process::launch_by_execution(launch, *s.target);
  s.pid = launched.pid;
  s.watch = os::ProcessWatch(s.pid);
  s.launch_file = std::move(launched.file);
  s.started = true;
  s.target.reset();
  process::add_child(held);
}

bool Process::join(Timeout timeout) const {
  {
    const std::lock_guard lock(state_->mutex);
    state_->check_started("join");
  }
  return state_->wait(timeout);
}

bool Process::is_alive() const {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  s.check_open();
  if (s.kind == State::Kind::self) return true;
  if (s.kind == State::Kind::child && !s.started) return false;
  s.check_started("is_alive");
  return !s.has_ended();
}

void Process::terminate() const {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  s.check_started("terminate");
  if (s.kind == State::Kind::parent) throw InvalidState("a process cannot terminate its parent");
  if (!s.has_ended()) os::ask_to_end(s.pid);
}

void Process::kill() const {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  s.check_started("kill");
  if (s.kind == State::Kind::parent) throw InvalidState("a process cannot kill its parent");
  if (!s.has_ended()) os::kill_now(s.pid);
}

void Process::close() {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  if (s.closed) return;
  if (s.kind != State::Kind::child) throw InvalidState("only a child's process can be closed");
  if (s.started && s.maker == os::this_process_id() && !s.has_ended()) {
    throw InvalidState(fmt::format(
        "process \"{}\" still runs and cannot be closed: join or terminate it first", s.name));
  }
  s.target.reset();
  s.watch = {};
  s.closed = true;
}

std::optional<int> Process::exit_code() const {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  s.check_open();
  if (s.kind != State::Kind::child || !s.started) return std::nullopt;
  s.check_started("exit_code");
  s.has_ended();
  return s.exit_code;
}

std::optional<std::string> Process::exception() const {
  exit_code();
  const std::lock_guard lock(state_->mutex);
  return state_->exception;
}

std::optional<std::uint64_t> Process::pid() const {
  const std::lock_guard lock(state_->mutex);
  state_->check_open();
  if (state_->kind == State::Kind::child && !state_->started) return std::nullopt;
  return state_->pid;
}

std::string Process::name() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->kind == State::Kind::self) return process::kinship().name;
  return state_->name;
}

void Process::set_name(std::string name) {
  const std::lock_guard lock(state_->mutex);
  state_->check_open();
  if (state_->kind == State::Kind::self) {
    process::change_kinship([&](process::Kinship& kin) { kin.name = name; });
  }
  state_->name = std::move(name);
}

bool Process::daemon() const {
  const std::lock_guard lock(state_->mutex);
  return state_->daemon;
}

void Process::set_daemon(bool daemon) {
  const std::lock_guard lock(state_->mutex);
  state_->check_open();
  if (state_->kind != State::Kind::child || state_->started) {
    throw InvalidState(fmt::format("process \"{}\" runs already: whether it is a daemon is settled",
                                   state_->name));
  }
  state_->daemon = daemon;
}

int Process::sentinel() const {
  const std::lock_guard lock(state_->mutex);
  state_->check_started("sentinel");
  return state_->kind == State::Kind::parent ? process::parent_watch() : state_->watch.get();
}

Process current_process() { return process::ProcessAccess::handle(process::own_state()); }

std::optional<Process> parent_process() {
  const process::Kinship kin = process::kinship();
  if (kin.parent_pid == 0) return std::nullopt;
  auto state = std::make_shared<process::State>();
  state->kind = process::State::Kind::parent;
  state->maker = os::this_process_id();
  state->pid = kin.parent_pid;
  state->name = kin.parent_name;
  return process::ProcessAccess::handle(std::move(state));
}

std::vector<Process> active_children() {
  std::vector<Process> result;
  for (auto& child : process::living_children()) {
    result.push_back(process::ProcessAccess::handle(child));
  }
  return result;
}

std::size_t cpu_count() { return os::granted_cores(); }

std::string get_start_method() {
  const std::string method = process::kinship().method;
  return method.empty() ? "automatic" : method;
}

void set_start_method(std::string_view method, bool force) {
  const std::string name = checked_method(method);
  process::change_kinship([&](process::Kinship& kin) {
    if (!kin.method.empty() && !force) {
      throw InvalidState(fmt::format(
          "the start method was set to \"{}\" before (pass force = true to set it again)",
          kin.method));
    }
    kin.method = name;
  });
}

std::vector<std::string> get_all_start_methods() {
  std::vector<std::string> methods{"automatic", "fork"};
  if (process::can_execute()) methods.emplace_back("execute");
  return methods;
}

std::string authkey() { return process::shared_key(); }

void set_authkey(std::string key) {
  if (key.empty()) throw InvalidArgument("an authentication key holds at least one byte");
  process::change_kinship([&](process::Kinship& kin) { kin.authkey = std::move(key); });
}

}  // namespace furrow::mp
