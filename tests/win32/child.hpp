// tests/win32/child.hpp
//
// Child processes for the tests of Windows, which cannot fork: this program again, in a role.
//
// Roles   roles.cpp; the exit code is what the role returns, 99 when it throws, 137 when it was
//         killed by a fault point or by kill()
#pragma once

#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <string>
#include <utility>
#include <vector>

namespace furrow::test {

inline constexpr int killed = 137;
inline constexpr int thrown = 99;

class Child {
 public:
  /// Starts `program role arguments...`. No argument holds blanks or quotes.
  explicit Child(const std::vector<std::string>& role_and_arguments);
  Child(Child&& other) noexcept : process_(std::exchange(other.process_, nullptr)) {}
  Child& operator=(Child&&) = delete;
  ~Child();  // killed when it still runs

  void kill();
  int wait();  // its exit code; fails the test after a minute

 private:
  HANDLE process_ = nullptr;
};

inline int run_child(const std::vector<std::string>& role_and_arguments) {
  return Child(role_and_arguments).wait();
}

/// What a child and its parent tell each other: an event of the session, by name.
class Signal {
 public:
  explicit Signal(const std::string& name);
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal() { ::CloseHandle(event_); }
  void send() { ::SetEvent(event_); }
  bool wait() { return ::WaitForSingleObject(event_, 60'000) == WAIT_OBJECT_0; }

 private:
  HANDLE event_;
};

/// What the program does when it was started as a child.
int run_role(int argc, char** argv);

}  // namespace furrow::test
