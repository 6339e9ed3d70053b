#include <furrow/process/manager_client.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <utility>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/process.hpp>
#include <furrow/os/socket.hpp>
#include <furrow/process/connection.hpp>
#include <furrow/process/identity.hpp>
#include <furrow/process/mirror.hpp>
#include <furrow/process/reception.hpp>
#include <furrow/process/task_error.hpp>
#include <furrow/segment/borrowing.hpp>

namespace furrow::process {
namespace {

// Of who is no call's: the first to an address, and a forked child's own shares.
constexpr std::chrono::seconds connect_limit{10};
constexpr std::int64_t last_breath_ns = 50'000'000;
constexpr std::size_t idle_max = 8;
// A dict that is read only now and then is not worth a table.
constexpr unsigned asked_before_mirror = 4;

thread_local WritingForManager* writing = nullptr;
thread_local ReadingFromManager* reading = nullptr;

template <class... Classes>
void throw_by_name(const ExceptionText& exception) {
  const auto is = [&](const char* name) { return exception.type == readable_name(name); };
  ((is(typeid(Classes).name()) ? throw Classes(exception.text) : void()), ...);
}

[[noreturn]] void rethrow(const ExceptionText& exception) {
  throw_by_name<Error, InvalidArgument, NotFound, AlreadyExists, InUse, OutOfSpace,
                PermissionDenied, Corrupt, VersionMismatch, ShapeMismatch, TypeMismatch, WrongData,
                furrow::Timeout, Cancelled, IoError, NotSerialisable, InvalidState, Full, Empty,
                Closed, NotHeld>(exception);
  throw RemoteError("in the manager's process: " + describe(exception));
}

struct Clients {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<ManagerClient>> by_address;
  std::map<std::string, std::string> keys;
};

Clients& clients() {
  static auto* the_clients = new Clients;  // proxies of static objects ask for it at the end
  return *the_clients;
}

}  // namespace

struct ManagerClient::State {
  std::string address;
  std::string key;
  std::mutex mutex;  // what follows
  std::uint64_t process = os::this_process_id();
  std::vector<mp::Connection> idle;
  std::map<std::uint64_t, std::uint64_t> proxies;  // object -> shares of this process
  os::ProcessWatch server;
  References owed;     // shares to give back, for which no connection was free
  References unasked;  // shares that this process, a forked child, has still to ask for

  State() { idle.reserve(idle_max); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (process != os::this_process_id()) return;
    for (const mp::Connection& connection : idle) confirm(connection);
  }

  [[noreturn]] void throw_died(const char* how) const {
    throw ManagerDied(
        fmt::format("the manager at {} is gone ({}), and what it kept with it", address, how));
  }

  [[noreturn]] void throw_nobody(const char* how) const {
    if (server.valid()) throw_died(how);
    throw ManagerDied(fmt::format(
        "nobody listens at {}: no manager has this address, or its process is gone", address));
  }

  mp::Connection connect(const mp::Deadline& deadline) const {
    try {
      return mp::Connection(knock(address, key, deadline.at_ns()), true, true);
    } catch (const NotFound&) {
      throw_nobody("nobody listens there");
    } catch (const IoError&) {  // the path leads to nothing, or to something else by now
      throw_nobody("its address leads nowhere");
    } catch (const AuthenticationFailed&) {
      // It may have been killed between the two steps; the kernel tells of it a moment later.
      const std::array<int, 1> source{server.get()};
      if (server.valid()) os::wait_ready(source, last_breath_ns);
      if (server.valid() && server.dead()) throw_died("it hung up");
      throw;
    }
  }

  // A forked child has the parent's list of proxies in its memory, and no shares for them yet.
  void renew_after_fork(const mp::Deadline& deadline) {
    if (process != os::this_process_id()) {
      unasked.clear();
      for (const auto& [object, count] : proxies) unasked.insert(unasked.end(), count, object);
      idle.clear();
      owed.clear();
      process = os::this_process_id();
    }
    if (unasked.empty()) return;
    mp::Connection connection = connect(deadline);
    for (; !unasked.empty(); unasked.pop_back()) {
      ask_for_share(connection, unasked.back(), deadline);
    }
    idle.push_back(std::move(connection));
  }

  static void ask_for_share(const mp::Connection& connection, std::uint64_t object,
                            const mp::Deadline& deadline) {
    mp::Bytes message;
    put_plain(Request{object, ManagerCall::share}, message);
    connection.send_bytes(message, deadline.left());
    // One that is gone is told of when it is called.
    connection.recv_bytes(mp::message_bytes_max, deadline.left());
  }

  mp::Connection take(const mp::Deadline& deadline) {
    {
      const std::lock_guard lock(mutex);
      renew_after_fork(deadline);
      if (!idle.empty()) {
        mp::Connection connection = std::move(idle.back());
        idle.pop_back();
        return connection;
      }
    }
    return connect(deadline);
  }

  static void send_drop(const mp::Connection& connection, std::uint64_t object) {
    mp::Bytes message;
    put_plain(Request{object, ManagerCall::drop}, message);
    if (os::fault_point("process.manager.dropping")) throw BrokenPipe("a fault of a test's");
    connection.send_bytes(message, mp::Timeout(std::chrono::seconds(1)));
  }

  // Before a connection ends: its last reply came, and the shares in it stay. No waiting: where
  // there is no room, messages are on their way that say the same.
  static void confirm(const mp::Connection& connection) noexcept {
    try {
      mp::Bytes message;
      put_plain(Request{0, ManagerCall::received}, message);
      connection.send_bytes(message, mp::Timeout::none());
    } catch (...) {  // the manager is gone
    }
  }

  // The call is over, and what it returned must not be lost by what fails here: shares that cannot
  // be given back now are so after a later call, or with this process.
  void give(mp::Connection connection) noexcept {
    try {
      const std::lock_guard lock(mutex);
      for (; !owed.empty(); owed.pop_back()) send_drop(connection, owed.back());
      if (idle.size() < idle_max) return idle.push_back(std::move(connection));
    } catch (...) {  // the connection goes; another is made when it is wanted
    }
    confirm(connection);
  }
};

std::shared_ptr<ManagerClient> ManagerClient::at(const std::string& address,
                                                 const std::string& key) {
  Clients& all = clients();
  std::shared_ptr<ManagerClient> present;
  std::string right;  // the key that was right before
  {
    const std::lock_guard lock(all.mutex);
    if (const auto known = all.keys.find(address); known != all.keys.end()) right = known->second;
    present = all.by_address[address].lock();
  }
  if (present != nullptr && (key.empty() || key == right)) return present;
  // Not under the lock: a manager that does not answer must not hold up the others' clients.
  auto state = std::make_unique<State>();
  state->address = address;
  state->key = !key.empty() ? key : !right.empty() ? right : shared_key();
  const std::string by = state->key;
  // Its connection is used first. Reading without asking begins with knowing that it lives.
  mp::Connection first = state->connect(mp::Timeout(connect_limit));
  if (present != nullptr) return present;  // another key, and it is right, too
  state->server = os::ProcessWatch(os::peer_process(first.fileno()));
  state->idle.push_back(std::move(first));
  std::shared_ptr<ManagerClient> made(new ManagerClient(std::move(state)));
  const std::lock_guard lock(all.mutex);
  all.keys[address] = by;  // it was the right one
  std::weak_ptr<ManagerClient>& entry = all.by_address[address];
  if (auto other = entry.lock()) return other;  // another thread was faster
  entry = made;
  return made;
}

ManagerClient::ManagerClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
ManagerClient::~ManagerClient() = default;

const std::string& ManagerClient::address() const noexcept { return state_->address; }

ManagerClient::Result ManagerClient::call(std::uint64_t object, ManagerCall what,
                                          const mp::Bytes& arguments, const CallTime& time) {
  const mp::Deadline& deadline = time.deadline();
  const auto throw_late = [&] {
    throw furrow::Timeout(
        fmt::format("the manager at {} did not answer in {:.3g} s (what was asked may yet be done)",
                    state_->address, static_cast<double>(time.passed_ns()) * 1e-9));
  };
  mp::Connection connection;
  try {
    connection = state_->take(deadline);
  } catch (const furrow::Timeout&) {
    throw_late();
  }
  mp::Bytes message;
  message.reserve(sizeof(Request) + arguments.size());
  put_plain(Request{object, what}, message);
  append_bytes(arguments.data(), arguments.size(), message);
  Result result;
  try {
    connection.send_bytes(message, deadline.left());
    result.bytes = connection.recv_parcel(result.descriptors, deadline.left());
  } catch (const furrow::Timeout&) {  // the connection goes: its answer is to no other call
    throw_late();
  } catch (const BrokenPipe&) {
    state_->throw_died("it hung up");
  } catch (const EndOfFile&) {
    state_->throw_died("it hung up in the middle of a call");
  }
  Unpacker in(result.bytes);
  const auto reply = take_plain<Reply>(in);
  result.references = take_references(in);
  result.begin = result.bytes.size() - in.left();
  result.missing = reply.state == ReplyState::missing;
  state_->give(std::move(connection));
  if (reply.state == ReplyState::threw)
    rethrow(read_description(std::span(result.bytes).subspan(result.begin)));
  return result;
}

bool ManagerClient::holds_any() const {
  const std::lock_guard lock(state_->mutex);
  return !state_->proxies.empty();
}

void ManagerClient::renew_after_fork() noexcept {
  try {
    const std::lock_guard lock(state_->mutex);
    state_->renew_after_fork(mp::Timeout(connect_limit));
  } catch (...) {  // the manager is gone: the calls will say so
  }
}

bool ManagerClient::may_live() const noexcept { return !state_->server.dead(); }

void ManagerClient::adopt(std::uint64_t object) {
  const std::lock_guard lock(state_->mutex);
  ++state_->proxies[object];
}

void ManagerClient::share(std::uint64_t object) {
  call(object, ManagerCall::share);
  adopt(object);
}

void ManagerClient::drop(std::uint64_t object) noexcept {
  try {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->proxies.find(object);
    if (found != state_->proxies.end() && --found->second == 0) state_->proxies.erase(found);
    // A forked child that never called has no share to give back.
    if (state_->process != os::this_process_id()) return;
    References& unasked = state_->unasked;
    if (const auto at = std::find(unasked.begin(), unasked.end(), object); at != unasked.end()) {
      unasked.erase(at);
      return;
    }
    if (state_->idle.empty()) {
      state_->owed.push_back(object);
    } else {
      State::send_drop(state_->idle.back(), object);
    }
  } catch (...) {  // the manager is gone, and the object with it
  }
}

namespace {

std::vector<std::shared_ptr<ManagerClient>> living_clients() {
  Clients& all = clients();
  const std::lock_guard lock(all.mutex);
  std::vector<std::shared_ptr<ManagerClient>> living;
  for (const auto& [address, entry] : all.by_address) {
    if (auto client = entry.lock()) living.push_back(std::move(client));
  }
  return living;
}

}  // namespace

bool holds_managed() {
  const auto living = living_clients();
  return std::any_of(living.begin(), living.end(),
                     [](const auto& one) { return one->holds_any(); });
}

void share_managed_after_fork() noexcept {
  try {
    for (const auto& client : living_clients()) client->renew_after_fork();
  } catch (...) {  // no memory for the list: as above
  }
}

// --- Proxies ------------------------------------------------------------------------------------

struct ProxyReference::Share {
  std::shared_ptr<ManagerClient> client;
  std::uint64_t object;
  std::uint64_t fingerprint;
  std::mutex mutex{};  // what follows
  std::shared_ptr<MirrorReader> mirror{};
  unsigned asked = 0;
  bool has_none = false;
  ~Share() { client->drop(object); }
};

ProxyReference::ProxyReference(std::shared_ptr<ManagerClient> client, std::uint64_t object,
                               std::uint64_t fingerprint)
    : share_(new Share{std::move(client), object, fingerprint}) {
  share_->client->adopt(object);
}

ManagerClient& ProxyReference::client() const {
  if (share_ == nullptr) throw InvalidState("this proxy refers to no object of a manager");
  return *share_->client;
}
std::uint64_t ProxyReference::object() const {
  client();
  return share_->object;
}
std::uint64_t ProxyReference::fingerprint() const noexcept {
  return share_ == nullptr ? 0 : share_->fingerprint;
}

std::optional<mp::Bytes> ProxyReference::mirrored(std::span<const std::byte> key,
                                                  const CallTime& time) const {
  client();
  Share& s = *share_;
  std::shared_ptr<MirrorReader> mirror;
  {
    const std::lock_guard lock(s.mutex);
    if (s.has_none) return std::nullopt;
    if (s.mirror && s.mirror->retired()) {
      s.mirror.reset();
      s.asked = 0;
    }
    if (!s.mirror && ++s.asked < asked_before_mirror) return std::nullopt;
    mirror = s.mirror;
  }
  if (!mirror) {
    const auto result = call(ManagerCall::mirror, {}, time);
    if (!result.missing && !result.descriptors.empty()) {
      mirror = MirrorReader::map(result.descriptors.front());
    }
    const std::lock_guard lock(s.mutex);
    s.mirror = mirror;
    s.has_none = mirror == nullptr;
    if (s.has_none) return std::nullopt;
  }
  if (!client().may_live()) return std::nullopt;
  return mirror->get(key);
}

void throw_no_key(const std::string& key) {
  throw NotFound(fmt::format("a manager's dict has no key {}", key));
}
void throw_no_index(std::int64_t index) {
  throw NotFound(fmt::format("a manager's list has no item at index {}", index));
}
void throw_no_item(const std::string& item) {
  throw NotFound(fmt::format("a manager's list has no item {}", item));
}

void ProxyReference::check(std::uint64_t wanted) const {
  client();
  if (fingerprint() == wanted) return;
  throw TypeMismatch(
      "the manager's object is of another type than the proxy it was read into: keys, values and "
      "kind must be the same");
}

void ProxyReference::note_written() const {
  segment::Lending::lend_copy(*this, {});
  if (writing == nullptr) return;
  if (writing->client_ != &client()) {
    throw NotSerialisable(
        "a manager's value can hold proxies of that manager's own objects only: it cannot keep "
        "another manager's alive");
  }
  writing->references.push_back(object());
}

ProxyReference ProxyReference::read(const std::string& address, std::uint64_t object,
                                    std::uint64_t fingerprint) {
  if (reading != nullptr && reading->client_->address() == address) {
    References& given = reading->given_;
    const auto found = std::find(given.begin(), given.end(), object);
    if (found != given.end()) {
      given.erase(found);
      return {reading->client_->shared_from_this(), object, fingerprint};
    }
  }
  auto client = ManagerClient::at(address);
  client->call(object, ManagerCall::share);
  return {std::move(client), object, fingerprint};
}

bool operator==(const ProxyReference& a, const ProxyReference& b) noexcept {
  if (a.share_ == nullptr || b.share_ == nullptr) return a.share_ == b.share_;
  return a.share_->client == b.share_->client && a.share_->object == b.share_->object;
}

WritingForManager::WritingForManager(const ManagerClient& client) noexcept
    : client_(&client), outer_(std::exchange(writing, this)) {}
WritingForManager::~WritingForManager() { writing = outer_; }

ReadingFromManager::ReadingFromManager(ManagerClient& client, References given) noexcept
    : client_(&client), given_(std::move(given)), outer_(std::exchange(reading, this)) {}
ReadingFromManager::~ReadingFromManager() {
  reading = outer_;
  for (const std::uint64_t object : given_) {
    client_->adopt(object);
    client_->drop(object);
  }
}

}  // namespace furrow::process
