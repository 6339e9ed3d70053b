#include <furrow/process/listener.hpp>

#include <furrow/os/process.hpp>
#include <furrow/process/identity.hpp>
#include <furrow/process/reception.hpp>

namespace furrow::mp {

struct Listener::State {
  process::Reception reception;
  bool closed = false;
};

Listener::Listener(const std::string& address, const std::string& key, int backlog)
    : state_(new State{{address, key.empty() ? process::shared_key() : key, backlog}}) {}
Listener::~Listener() = default;
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;

Listener::State& Listener::open() const {
  if (state_ == nullptr || state_->closed) throw Closed("the listener is closed");
  return *state_;
}

Connection Listener::accept(Timeout timeout) {
  process::Reception& reception = open().reception;
  const Deadline deadline(timeout);
  for (;;) {
    if (auto visitor = reception.next()) {
      if (visitor->socket.valid()) return {std::move(visitor->socket), true, true};
      throw AuthenticationFailed("somebody who has not got the key tried to connect to \"" +
                                 reception.address() + "\"");
    }
    if (deadline.passed()) throw furrow::Timeout("accept: nobody has connected in time");
    std::vector<int> sources;
    reception.append_sources(sources);
    const std::int64_t limit = reception.left_ns();
    os::wait_ready(sources, limit < 0 ? deadline.left_ns() : deadline.left_ns_within(limit));
  }
}

std::string Listener::address() const { return open().reception.address(); }
int Listener::fileno() const { return open().reception.get(); }

void Listener::close() noexcept {
  if (state_ == nullptr) return;
  state_->reception.close();
  state_->closed = true;
}

Connection Client(const std::string& address, const std::string& key, Timeout timeout) {
  const Deadline deadline(timeout);
  return {process::knock(address, key.empty() ? process::shared_key() : key, deadline.at_ns()),
          true, true};
}

}  // namespace furrow::mp
