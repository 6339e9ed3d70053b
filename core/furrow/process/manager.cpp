#include <furrow/process/manager.hpp>

#include <fmt/format.h>

#include <optional>

#include <furrow/process/attendant.hpp>
#include <furrow/process/identity.hpp>
#include <furrow/process/manager_server.hpp>

namespace furrow::mp {
struct Manager::State {
  std::shared_ptr<process::ManagerClient> client;
  std::optional<process::Attendant> server;  // none: connected to another's
};

Manager::Manager(const std::string& key) : state_(std::make_shared<State>()) {
  State& s = *state_;
  const std::string secret = key.empty() ? process::shared_key() : key;
  s.server.emplace("a manager", process::manager_main);
  try {
    const Connection& control = s.server->control();
    control.send(secret);
    s.client = process::ManagerClient::at(control.recv<std::string>(), secret);
  } catch (const Error&) {
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
  if (s.server && s.server->pid() == 0) throw InvalidState("this manager was shut down");
  return *s.client;
}

std::string Manager::address() const { return client().address(); }
std::uint64_t Manager::pid() const { return state_->server ? state_->server->pid() : 0; }

void Manager::shutdown() {
  if (!state_->server || !state_->server->is_own())
    throw InvalidState("a manager is shut down by the process that started it");
  state_->server->end();
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
