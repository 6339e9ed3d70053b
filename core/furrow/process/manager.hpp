// furrow/process/manager.hpp
//
// A process that keeps objects for others, as Python's multiprocessing.Manager.
//
//   mp::Manager manager;
//   auto d = manager.dict<std::string, int>();
//   mp::Process p([](const mp::ManagedDict<std::string, int>& shared) { shared["a"] = 1; }, d);
//
// Objects   proxies say what they can do (process/managed.hpp). Locks, queues, values and the like
//           are those of sync/, in shared memory: with all that these promise about killed holders,
//           and at their speed. dicts, lists, namespaces and objects of your classes live in the
//           manager's process, and a call is one message there and one back.
// Ends      with shutdown, with the last handle of it in the process that started it, or with that
//           process, however it dies. Calls on proxies then throw ManagerDied.
// Others    a process that is no relative connects by address and key: Manager::connect; publish
//           gives an object a name for it
// Classes   of yours need no registration: make<T>(arguments) makes one there by code of the
//           program, which the manager runs as well
// Pool      make<mp::Pool>(std::int64_t{4}) has its workers there, for all who hold the proxy, and
//           they end with the manager: pool.apply([](mp::Pool& p, const std::vector<int>& items) {
//           return p.map(f, items); }, items). The manager answers nobody else meanwhile
// Start     as Process does: by fork while that is safe, else by execution (furrow::initialize)
// Errors    ManagerDied, AuthenticationFailed, InvalidState (use after shutdown)
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <furrow/process/managed.hpp>
#include <furrow/sync/array.hpp>
#include <furrow/sync/barrier.hpp>
#include <furrow/sync/condition.hpp>
#include <furrow/sync/event.hpp>
#include <furrow/sync/lock.hpp>
#include <furrow/sync/queue.hpp>
#include <furrow/sync/semaphore.hpp>
#include <furrow/sync/value.hpp>

namespace furrow::mp {

class Manager {
 public:
  /// Starts its process. The key is the process's own (mp::authkey) unless one is given.
  explicit Manager(const std::string& key = "");
  /// One that another process started. Throws furrow::Timeout when it does not let in within 10 s.
  static Manager connect(const std::string& address, const std::string& key = "");

  std::string address() const;
  /// 0 for one that was connected to.
  std::uint64_t pid() const;
  /// Ends its process, by force when it does not within 1 s. Only in the process that started it.
  void shutdown();

  template <class K, class V>
  ManagedDict<K, V> dict(const std::vector<std::pair<K, V>>& items = {}) const {
    auto made = make_proxy<ManagedDict<K, V>>(process::ManagerCall::make_dict);
    if (!items.empty()) made.update(items);
    return made;
  }
  template <class T>
  ManagedList<T> list(const std::vector<T>& items = {}) const {
    auto made = make_proxy<ManagedList<T>>(process::ManagerCall::make_list);
    if (!items.empty()) made.extend(items);
    return made;
  }
  ManagedNamespace Namespace() const {
    return make_proxy<ManagedNamespace>(process::ManagerCall::make_dict);
  }
  /// An object of a class of yours.
  template <class T, class... Args>
  Managed<T> make(const Args&... args) const {
    Bytes arguments;
    process::put_number(fingerprint_of<Managed<T>>(), arguments);
    process::ship_code(reinterpret_cast<process::AnyCode>(&construct<T, Args...>), arguments);
    (process::pack(args, arguments), ...);
    return Managed<T>(made_by(process::ManagerCall::make_any, arguments));
  }

  Held<mp::Lock> Lock() const { return hold(mp::Lock()); }
  Held<mp::RLock> RLock() const { return hold(mp::RLock()); }
  Held<mp::Semaphore> Semaphore(std::uint32_t value = 1) const {
    return hold(mp::Semaphore(value));
  }
  Held<mp::BoundedSemaphore> BoundedSemaphore(std::uint32_t value = 1) const {
    return hold(mp::BoundedSemaphore(value));
  }
  Held<mp::Event> Event() const { return hold(mp::Event()); }
  Held<mp::Condition> Condition() const { return hold(mp::Condition()); }
  Held<mp::Barrier> Barrier(std::size_t parties) const { return hold(mp::Barrier(parties)); }
  template <class T>
  Held<mp::Queue<T>> Queue(std::size_t maxsize = 0) const {
    return hold(mp::Queue<T>(maxsize));
  }
  template <class T>
  Held<mp::JoinableQueue<T>> JoinableQueue(std::size_t maxsize = 0) const {
    return hold(mp::JoinableQueue<T>(maxsize));
  }
  template <class T>
  Held<mp::Value<T>> Value(const T& value = T{}) const {
    return hold(mp::Value<T>(value));
  }
  template <class T>
  Held<mp::Array<T>> Array(std::size_t count) const {
    return hold(mp::Array<T>(count));
  }

  /// Gives an object a name, for processes that connect by address; lives on with it.
  template <class Self>
  void publish(std::string_view name, const Proxy<Self>& proxy) const {
    publish_reference(name, proxy.reference());
  }
  /// Throws NotFound, TypeMismatch.
  template <class P>
  P find(std::string_view name) const {
    process::ProxyReference reference = find_reference(name);
    reference.check(fingerprint_of<P>());
    return P(std::move(reference));
  }
  /// Objects that are alive.
  std::size_t objects() const;

 private:
  struct State;
  explicit Manager(std::shared_ptr<State> state) : state_(std::move(state)) {}
  process::ManagerClient& client() const;
  process::ProxyReference made_by(process::ManagerCall call, const Bytes& arguments) const;
  void publish_reference(std::string_view name, const process::ProxyReference& reference) const;
  process::ProxyReference find_reference(std::string_view name) const;

  template <class P>
  P make_proxy(process::ManagerCall call) const {
    Bytes arguments;
    process::put_number(fingerprint_of<P>(), arguments);
    return P(made_by(call, arguments));
  }
  template <class L>
  Held<L> hold(L object) const {
    Bytes arguments;
    process::put_number(fingerprint_of<L>(), arguments);
    process::put_text(object.name(), arguments);
    auto reference = made_by(process::ManagerCall::make_hold, arguments);
    return Held<L>(std::move(object), std::move(reference));
  }
  template <class T, class... Args>
  static std::shared_ptr<void> construct(process::Unpacker& in) {
    std::tuple<Args...> arguments{in.take<Args>()...};
    in.done();
    return std::apply(
        [](auto&&... args) {
          return std::shared_ptr<T>(new T(std::forward<decltype(args)>(args)...));
        },
        std::move(arguments));
  }

  std::shared_ptr<State> state_;
};

}  // namespace furrow::mp
