// furrow/process/reception.hpp
//
// A local socket that others connect to, and those who knock but have not yet shown the key. Never
// waits for any of them: who is silent, slow or killed holds up nobody. Internal to the room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <furrow/os/file.hpp>
#include <furrow/os/socket.hpp>
#include <furrow/process/handshake.hpp>

namespace furrow::process {

/// Who does not show the key within this time is turned away.
inline constexpr std::int64_t handshake_limit_ns = 5'000'000'000;

class Reception {
 public:
  /// At `address`, a path; "": at a path without a name, which goes with this process. Throws
  /// AlreadyExists when another listener is there, InvalidArgument, PermissionDenied, IoError.
  Reception(const std::string& address, std::string key, int backlog);
  ~Reception();
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;

  const std::string& address() const noexcept { return address_; }
  int get() const noexcept { return socket_.get(); }
  /// What to wait for: the socket, and those inside.
  void append_sources(std::vector<int>& sources) const;
  /// Until somebody inside is turned away for being slow, or a rest is over; negative: neither.
  std::int64_t left_ns() const noexcept;

  struct Visitor {
    os::Descriptor socket;  // invalid: one was turned away because of a wrong key
  };
  /// The next who has shown the key, or has shown a wrong one; empty when there is none for now.
  std::optional<Visitor> next();
  void close() noexcept;

 private:
  struct Guest {
    os::Descriptor socket;
    ListenerHandshake handshake;
    std::int64_t until_ns;
  };
  void let_in();
  void listen_without_name(int backlog);
  void listen_at_path(int backlog);
  bool remove_dead(const os::Descriptor& place) const;

  std::string address_;
  std::string key_;
  std::uint64_t process_;
  std::uint64_t device_ = 0;  // of the socket's file at a path; inode 0: none
  std::uint64_t inode_ = 0;
  std::int64_t resting_until_ns_ = 0;  // there was no descriptor for who knocks
  os::Descriptor socket_;
  os::Descriptor path_;
  std::vector<Guest> guests_;
};

/// The client's side of it: a socket whose other end has the key. Throws NotFound when nobody
/// listens, AuthenticationFailed, Timeout, PermissionDenied, InvalidArgument.
os::Descriptor knock(const std::string& address, const std::string& key, std::int64_t until_ns);

}  // namespace furrow::process
