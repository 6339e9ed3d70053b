#include <furrow/process/manager_server.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/process.hpp>
#include <furrow/os/socket.hpp>
#include <furrow/process/attendant.hpp>
#include <furrow/process/connection.hpp>
#include <furrow/process/identity.hpp>
#include <furrow/process/managed_object.hpp>
#include <furrow/process/reception.hpp>
#include <furrow/process/task_error.hpp>

namespace furrow::process {
namespace {

constexpr std::uint64_t unknown_process = std::uint64_t{1} << 62;  // where the system tells no pid
constexpr std::int64_t look_again_ns = 50'000'000;
constexpr std::int64_t grace_ns = 200'000'000;  // for the loop to end by itself

class Server final : public ObjectFinder {
 public:
  Server(const std::string& key, os::ProcessWatch owner, int control)
      : reception_("", key, 128), owner_(std::move(owner)), control_(control) {}

  const std::string& address() const { return reception_.address(); }

  /// Returns when it is told to end (anything that comes by the control socket), or its owner is
  /// dead.
  void serve() {
    while (owner_.valid() || !owner_.dead()) {
      std::erase_if(clients_, [](const Client& client) { return client.connection.closed(); });
      std::vector<int> sources{owner_.get(), control_};
      for (const Client& client : clients_) sources.push_back(client.connection.fileno());
      for (const auto& [pid, known] : processes_) sources.push_back(known.watch.get());
      const std::int64_t limit = reception_.left_ns();  // first: a rest may end between the two
      reception_.append_sources(sources);
      const std::vector<bool> ready = os::wait_ready(sources, limit);
      if (ready[0] || ready[1]) return;
      const std::size_t clients = clients_.size();
      const std::size_t processes = processes_.size();
      for (std::size_t i = 0; i < clients; ++i) {
        if (ready[2 + i]) answer_next(clients_[i]);
      }
      // The rest only when it has to do with it: each look is a call of the system's.
      const auto watches = ready.begin() + static_cast<std::ptrdiff_t>(2 + clients);
      const auto others = watches + static_cast<std::ptrdiff_t>(processes);
      if (std::find(watches, others, true) != others) bury_dead();
      const bool slow = std::find(ready.begin(), ready.end(), true) == ready.end();
      if (!slow && std::find(others, ready.end(), true) == ready.end()) continue;
      while (auto visitor = reception_.next()) {
        if (visitor->socket.valid()) admit(std::move(visitor->socket));
      }
    }
  }

  ObjectHandle find(std::uint64_t id) const override {
    const auto found = objects_.find(id);
    ObjectHandle object = found != objects_.end() ? found->second.lock() : nullptr;
    if (object == nullptr) {
      throw NotFound(
          "the manager has no such object any more: no proxy referred to it (keep one alive until "
          "the receiver has its own)");
    }
    return object;
  }

 private:
  struct Share {
    ObjectHandle object;
    std::uint64_t count = 0;
  };
  struct Known {
    os::ProcessWatch watch;
    std::map<std::uint64_t, Share> shares;
  };
  struct Client {
    mp::Connection connection;
    std::uint64_t process;
    References given{};  // shares of the last reply, while nothing says that it came
  };

  void admit(os::Descriptor socket) {
    std::uint64_t pid = os::peer_process(socket.get());
    if (pid == 0) pid = unknown_process + ++unknown_;
    const auto known = processes_.find(pid);
    if (known != processes_.end() && known->second.watch.dead()) forget(pid);
    if (processes_.count(pid) == 0) {
      processes_[pid].watch = pid < unknown_process ? os::ProcessWatch(pid) : os::ProcessWatch();
    }
    clients_.push_back({mp::Connection(std::move(socket), true, true), pid, {}});
  }

  void bury_dead() {
    std::vector<std::uint64_t> dead;
    for (const auto& [pid, known] : processes_) {
      if (pid < unknown_process && known.watch.dead()) dead.push_back(pid);
    }
    for (const std::uint64_t pid : dead) forget(pid);
  }

  void forget(std::uint64_t pid) {
    for (Client& client : clients_) {
      if (client.process == pid) client.connection.close();
    }
    processes_.erase(pid);
  }

  void answer_next(Client& client) {
    try {
      mp::Bytes message;
      try {
        message = client.connection.recv_bytes(mp::message_bytes_max, mp::Timeout::none());
      } catch (const furrow::Timeout&) {  // woken for nothing
        return;
      }
      client.given.clear();
      Unpacker in(message);
      const auto request = take_plain<Request>(in);
      if (request.call == ManagerCall::received) return;
      if (request.call == ManagerCall::drop) return drop(client.process, request.object);
      const Answer answer = answer_to(client, request, in);
      os::fault_point("process.manager.replying");
      mp::Bytes reply;
      put_plain(Reply{answer.state}, reply);
      References ids;
      for (const ObjectHandle& object : answer.references) ids.push_back(object->id);
      put_references(ids, reply);
      append_bytes(answer.body.data(), answer.body.size(), reply);
      for (const ObjectHandle& object : answer.references) give_share(client, object);
      std::vector<int> descriptors;
      if (answer.descriptor >= 0) descriptors.push_back(answer.descriptor);
      client.connection.send_parcel(reply, descriptors, mp::Timeout::none());
    } catch (const Error&) {  // it went away, reads no replies, or speaks another language
      take_back(client);
      if (client.process >= unknown_process) processes_.erase(client.process);
      client.connection.close();
    }
  }

  // Nobody knows of these shares: who had asked did not wait for the reply.
  void take_back(Client& client) {
    for (const std::uint64_t id : std::exchange(client.given, {})) drop(client.process, id);
  }

  Answer answer_to(Client& client, const Request& request, Unpacker& in) {
    Answer answer;
    try {
      call(client, request, in, answer);
    } catch (...) {
      answer = Answer();
      answer.state = ReplyState::threw;
      describe_exception(answer.body);
    }
    return answer;
  }

  void call(Client& client, const Request& request, Unpacker& in, Answer& answer) {
    switch (request.call) {
      case ManagerCall::share: give_share(client, find(request.object)); return;
      case ManagerCall::publish: publish(in); return;
      case ManagerCall::find: find_published(in, answer); return;
      case ManagerCall::objects: answer.number(living_objects()); return;
      case ManagerCall::make_dict:
      case ManagerCall::make_list:
      case ManagerCall::make_hold:
      case ManagerCall::make_any: make(client, request.call, in, answer); return;
      default: break;
    }
    find(request.object)->call(request.call, in, *this, answer);
  }

  void make(Client& client, ManagerCall what, Unpacker& in, Answer& answer) {
    const std::uint64_t fingerprint = in.take_length();
    ObjectHandle object;
    if (what == ManagerCall::make_dict) object = make_managed_dict(fingerprint);
    if (what == ManagerCall::make_list) object = make_managed_list(fingerprint);
    if (what == ManagerCall::make_hold) object = make_managed_hold(fingerprint, take_text(in));
    if (what == ManagerCall::make_any) object = make_managed_any(fingerprint, in);
    object->id = ++last_id_;
    objects_[object->id] = object;
    give_share(client, object);
    answer.number(object->id);
  }

  void publish(Unpacker& in) {
    std::string name = take_text(in);
    published_.insert_or_assign(std::move(name), find(in.take_length()));
  }

  void find_published(Unpacker& in, Answer& answer) {
    const auto found = published_.find(take_text(in));
    if (found == published_.end()) return answer.missing();
    answer.references.push_back(found->second);
    answer.number(found->second->id);
    answer.number(found->second->fingerprint());
  }

  std::uint64_t living_objects() {
    std::erase_if(objects_, [](const auto& entry) { return entry.second.expired(); });
    return objects_.size();
  }

  void give_share(Client& client, const ObjectHandle& object) {
    Share& share = processes_[client.process].shares[object->id];
    share.object = object;
    ++share.count;
    client.given.push_back(object->id);
  }

  void drop(std::uint64_t process, std::uint64_t id) {
    auto& shares = processes_[process].shares;
    const auto found = shares.find(id);
    if (found != shares.end() && --found->second.count == 0) shares.erase(found);
    if (++drops_ % 4096 == 0) living_objects();  // forgets the ids of those that are gone
  }

  Reception reception_;
  os::ProcessWatch owner_;
  int control_;
  std::vector<Client> clients_;
  std::map<std::uint64_t, Known> processes_;
  std::unordered_map<std::uint64_t, std::weak_ptr<ManagedObject>> objects_;
  std::map<std::string, ObjectHandle> published_;
  std::uint64_t last_id_ = 0;
  std::uint64_t unknown_ = 0;
  std::uint64_t drops_ = 0;
};

// The loop sees its owner's end between two calls; this sees it in the middle of one of the user's.
void end_with(std::uint64_t owner_pid) {
  std::thread([owner_pid] {
    const OwnThread mark;
    os::block_signals();
    const os::ProcessWatch owner(owner_pid);
    const std::array<int, 1> source{owner.get()};
    while (!owner.dead()) os::wait_ready(source, owner.valid() ? -1 : look_again_ns);
    os::sleep_ns(grace_ns);
    os::exit_now(0);
  }).detach();
}

}  // namespace

void manager_main(const std::string& argument) {
  Attending attending(argument);
  const mp::Connection& control = attending.control;
  try {
    const auto key = control.recv<std::string>();
    change_kinship([&](Kinship& kin) { kin.authkey = key; });
    end_with(attending.owner_pid);
    auto server = std::make_unique<Server>(key, std::move(attending.owner), control.fileno());
    os::fault_point("process.manager.starting");
    control.send(server->address());
    server->serve();
    server.reset();
  } catch (const Error&) {  // the owner is gone, or there is no memory: it sees the end of control
  } catch (const std::system_error&) {  // no thread is to be had: the same
  }
}

}  // namespace furrow::process
