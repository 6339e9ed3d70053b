// furrow/process/listener.hpp
//
// Connections between processes that are no relatives, over a local socket, as Python's Listener
// and Client.
//
//   mp::Listener listener("/run/user/1000/mine", key);      // in one program
//   mp::Connection c = listener.accept();
//   mp::Connection c = mp::Client("/run/user/1000/mine", key);    // in another
//
// Address   a path; only processes of the same user may connect (mode 0600). "": one without a name
//           in the file system, for whoever is told address(); it goes with the process. What a
//           killed listener leaves at a path, the next one there replaces. No abstract sockets:
//           those are open to every user.
// Key       both sides show that they have it, by HMAC-SHA256 challenges (process/handshake.hpp).
//           Not given: the key that a process shares with its children (mp::authkey).
// Accept    a client that is silent, slow or killed holds up no other: it is turned away after 5 s.
//           One with a wrong key is turned away, and accept throws AuthenticationFailed, as
//           Python's does; the listener goes on.
// Errors    AlreadyExists: somebody listens there. NotFound: nobody does. AuthenticationFailed,
//           Timeout, Closed, InvalidArgument, PermissionDenied
// Fork      a child may accept, too; only who made the listener removes its path
#pragma once

#include <memory>
#include <string>

#include <furrow/process/connection.hpp>
#include <furrow/sync/timeout.hpp>

namespace furrow::mp {

class Listener {
 public:
  explicit Listener(const std::string& address = "", const std::string& key = "", int backlog = 64);
  ~Listener();
  Listener(Listener&&) noexcept;
  Listener& operator=(Listener&&) noexcept;

  Connection accept(Timeout timeout = {});
  std::string address() const;
  void close() noexcept;
  /// For mp::wait. Throws Closed.
  int fileno() const;

 private:
  struct State;
  State& open() const;
  std::unique_ptr<State> state_;
};

/// Connects to a listener.
Connection Client(const std::string& address, const std::string& key = "", Timeout timeout = {});

}  // namespace furrow::mp
