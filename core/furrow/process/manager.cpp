#include <furrow/process/manager.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>

#include <furrow/os/fault.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/process.hpp>
#include <furrow/os/socket.hpp>
#include <furrow/process/connection.hpp>
#include <furrow/process/identity.hpp>
#include <furrow/process/manager_server.hpp>
#include <furrow/process/start.hpp>

namespace furrow::mp {
namespace {

constexpr std::int64_t shutdown_grace_ns = 1'000'000'000;

}  // namespace

struct Manager::State {
  std::shared_ptr<process::ManagerClient> client;
  std::uint64_t owner = 0;  // pid of the process that started it; 0: connected to
  std::uint64_t pid = 0;
  os::ProcessWatch watch;
  Connection control;  // whatever is sent here ends it

  ~State() { end(); }
  void end() noexcept;
};

void Manager::State::end() noexcept {
  if (pid == 0 || owner != os::this_process_id()) return;
  try {
    control.send(0, Timeout::none());
  } catch (const Error&) {  // it is gone
  }
  const std::int64_t deadline = os::monotonic_ns() + shutdown_grace_ns;
  while (!os::collect(pid)) {
    const bool late = os::monotonic_ns() >= deadline;
    if (late) os::kill_now(pid);
    if (watch.dead()) break;  // somebody else collected it
    const std::array<int, 1> source{watch.get()};
    os::wait_ready(source, watch.valid() && !late ? shutdown_grace_ns : 10'000'000);
  }
  os::collect(pid);
  pid = 0;
}

Manager::Manager(const std::string& key) : state_(std::make_shared<State>()) {
  State& s = *state_;
  const std::string secret = key.empty() ? process::shared_key() : key;
  s.owner = os::this_process_id();
  std::error_code error;
  auto [here, there] = os::socket_pair(error);
  if (error) throw Error("a manager cannot be started: " + error.message());
  const std::array<int, 1> inherited{there.get()};
  const std::string argument = fmt::format("{}:{}", there.get(), s.owner);
  const bool forks = process::fork_is_safe();
  if (!forks && !process::can_execute()) {
    throw InvalidState(
        "a manager cannot be started here: a fork is not safe beside other threads, and the "
        "program cannot be run again (begin main with furrow::initialize)");
  }
  if (forks) os::flush_streams();
  s.pid = forks ? process::start_by_fork(process::manager_main, argument, inherited)
                : process::start_by_execution(process::manager_main, argument, inherited);
  s.watch = os::ProcessWatch(s.pid);
  there.close();
  s.control = Connection(std::move(here), true, true);
  try {
    s.control.send(secret);
    s.client = process::ManagerClient::at(s.control.recv<std::string>(), secret);
  } catch (const Error&) {
    os::kill_now(s.pid);
    while (!os::collect(s.pid) && !s.watch.dead()) os::sleep_ns(1'000'000);
    s.pid = 0;
    throw ManagerDied("the manager's process died while it started");
  }
}

Manager Manager::connect(const std::string& address, const std::string& key) {
  auto state = std::make_shared<State>();
  state->client = process::ManagerClient::at(address, key);
  state->client->call(0, process::ManagerCall::objects);
  return Manager(std::move(state));
}

process::ManagerClient& Manager::client() const {
  const State& s = *state_;
  if (s.owner != 0 && s.pid == 0) throw InvalidState("this manager was shut down");
  return *s.client;
}

std::string Manager::address() const { return client().address(); }
std::uint64_t Manager::pid() const { return state_->pid; }

void Manager::shutdown() {
  if (state_->owner != os::this_process_id())
    throw InvalidState("a manager is shut down by the process that started it");
  state_->end();
}

process::ProxyReference Manager::made_by(process::ManagerCall call, const Bytes& arguments) const {
  const auto result = client().call(0, call, arguments);
  process::Unpacker kind(arguments);
  const std::uint64_t fingerprint = kind.take_length();
  return {state_->client, result.body().take_length(), fingerprint};
}

void Manager::publish_reference(std::string_view name,
                                const process::ProxyReference& reference) const {
  Bytes arguments;
  process::put_text(name, arguments);
  process::put_number(reference.object(), arguments);
  client().call(0, process::ManagerCall::publish, arguments);
}

process::ProxyReference Manager::find_reference(std::string_view name) const {
  Bytes arguments;
  process::put_text(name, arguments);
  const auto result = client().call(0, process::ManagerCall::find, arguments);
  if (result.missing) throw NotFound(fmt::format("the manager has no object named \"{}\"", name));
  process::Unpacker body = result.body();
  const std::uint64_t object = body.take_length();
  return {state_->client, object, body.take_length()};
}

std::size_t Manager::objects() const {
  return client().call(0, process::ManagerCall::objects).body().take_length();
}

}  // namespace furrow::mp
