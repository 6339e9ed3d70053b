// furrow/process/manager_client.hpp
//
// A process's way to one manager: connections that its threads share, and its proxies' shares in
// the manager's objects. What proxies are made of (managed.hpp); programs include
// process/manager.hpp.
//
// Fork     a child that was started as a Process asks for shares of its own before anything of the
//          user's runs in it, and before its start returns; another one when it first calls
// Errors   ManagerDied: its process is gone. What a call threw there is thrown here: furrow's own
//          classes as themselves, others as RemoteError
// Threads  any; a call that waits for its reply holds up no other
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <furrow/os/clock.hpp>
#include <furrow/process/manager_protocol.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::process {

/// How long a call may take, all its round trips and the connecting among them.
class CallTime {
 public:
  CallTime(mp::Timeout timeout = {}) noexcept  // NOLINT: a call's timeout becomes its time
      : began_ns_(os::monotonic_ns()), deadline_(timeout) {}
  const mp::Deadline& deadline() const noexcept { return deadline_; }
  std::int64_t passed_ns() const noexcept { return os::monotonic_ns() - began_ns_; }

 private:
  std::int64_t began_ns_;
  mp::Deadline deadline_;
};

class ManagerClient : public std::enable_shared_from_this<ManagerClient> {
 public:
  /// The one for this address. With an empty key: that of an earlier call, else the process's own.
  /// Throws furrow::Timeout when nobody answers within 10 s.
  static std::shared_ptr<ManagerClient> at(const std::string& address, const std::string& key = "");
  ~ManagerClient();

  const std::string& address() const noexcept;

  struct Result {
    bool missing = false;
    mp::Bytes bytes;        // the whole reply
    std::size_t begin = 0;  // of its body
    References references;
    std::vector<os::Descriptor> descriptors;
    Unpacker body() const { return Unpacker(std::span(bytes).subspan(begin)); }
  };
  /// Throws furrow::Timeout when there is no answer in time.
  Result call(std::uint64_t object, ManagerCall call, const mp::Bytes& arguments = {},
              const CallTime& time = {});

  /// False when it is known to be dead; true where that cannot be told.
  bool may_live() const noexcept;

  /// Counts the proxies of this process; the last to go gives the share back.
  void adopt(std::uint64_t object);
  void share(std::uint64_t object);
  void drop(std::uint64_t object) noexcept;

  bool holds_any() const;
  void renew_after_fork() noexcept;

 private:
  struct State;
  explicit ManagerClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// True while this process has proxies, whose shares a forked child must have of its own.
bool holds_managed();
/// In such a child: asks for them. Never throws; what a manager does not give now is an error of
/// the call that needs it.
void share_managed_after_fork() noexcept;

/// One share of this process in an object; copies of a proxy hold it together.
class ProxyReference {
 public:
  ProxyReference() = default;
  /// A share that the process has been given already.
  ProxyReference(std::shared_ptr<ManagerClient> client, std::uint64_t object,
                 std::uint64_t fingerprint);

  bool valid() const noexcept { return share_ != nullptr; }
  ManagerClient& client() const;
  std::uint64_t object() const;
  std::uint64_t fingerprint() const noexcept;
  ManagerClient::Result call(ManagerCall what, const mp::Bytes& arguments,
                             const CallTime& time) const {
    return client().call(object(), what, arguments, time);
  }
  /// Of a call that begins now.
  CallTime time() const noexcept { return {limit_}; }
  /// The same share, for calls that wait no longer.
  ProxyReference within(mp::Timeout timeout) const {
    ProxyReference other = *this;
    other.limit_ = timeout;
    return other;
  }

  /// The value of a dict's key, as its mirror shows it (process/mirror.hpp). Empty: ask the
  /// manager.
  std::optional<mp::Bytes> mirrored(std::span<const std::byte> key, const CallTime& time) const;

  /// Throws TypeMismatch when the proxy was of another type.
  void check(std::uint64_t fingerprint) const;

  template <class Archive>
  void save(Archive& archive) const {
    note_written();
    archive(client().address(), object(), fingerprint());
  }
  template <class Archive>
  void load(Archive& archive) {
    std::string address;
    std::uint64_t object = 0;
    std::uint64_t fingerprint = 0;
    archive(address, object, fingerprint);
    *this = read(address, object, fingerprint);
  }
  friend bool operator==(const ProxyReference& a, const ProxyReference& b) noexcept;

 private:
  struct Share;
  void note_written() const;
  static ProxyReference read(const std::string& address, std::uint64_t object,
                             std::uint64_t fingerprint);
  std::shared_ptr<Share> share_;
  mp::Timeout limit_{};
};

[[noreturn]] void throw_no_key(const std::string& key);
[[noreturn]] void throw_no_index(std::int64_t index);
[[noreturn]] void throw_no_item(const std::string& item);

/// While it lives, proxies that are written in this thread are noted: a manager's value keeps those
/// of its own manager alive, and cannot keep others.
class WritingForManager {
 public:
  explicit WritingForManager(const ManagerClient& client) noexcept;
  ~WritingForManager();
  WritingForManager(const WritingForManager&) = delete;
  WritingForManager& operator=(const WritingForManager&) = delete;
  References references;

 private:
  friend class ProxyReference;
  const ManagerClient* client_;
  WritingForManager* outer_;
};

/// While it lives, proxies that are read in this thread take the shares that came with the reply;
/// what is left of these is given back.
class ReadingFromManager {
 public:
  ReadingFromManager(ManagerClient& client, References given) noexcept;
  ~ReadingFromManager();
  ReadingFromManager(const ReadingFromManager&) = delete;
  ReadingFromManager& operator=(const ReadingFromManager&) = delete;

 private:
  friend class ProxyReference;
  ManagerClient* client_;
  References given_;
  ReadingFromManager* outer_;
};

template <class T>
WireValue to_wire(const ManagerClient& client, const T& value) {
  WritingForManager writing(client);
  mp::Bytes bytes = mp::encode(value);
  return {std::move(bytes), std::move(writing.references)};
}

template <class T>
T from_wire(const WireValue& value) {
  return mp::decode<T>(value.bytes);
}

}  // namespace furrow::process
