// Processes, pipes and managers; beside them a bare fork and bare pipes.
#include <string>

#include <furrow/process/connection.hpp>
#include <furrow/process/manager.hpp>
#include <furrow/process/process.hpp>

#include "surface.hpp"

namespace furrow::bench {
namespace {

constexpr int turns = 5000;

double start_by(const char* method) {
  return each_ns(100, [&] {
    mp::Process process({.method = method}, [] {});
    process.start();
    process.join();
  });
}

double process_start() { return start_by("fork"); }
double process_execute() { return start_by("execute"); }

double bare_fork() {
  return each_ns(100, [] {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
  });
}

double turn_of(std::size_t bytes, int count) {
  auto [here, there] = mp::Pipe();
  const mp::Bytes message(bytes);
  return both_ns(
      count,
      [&, other = there] {
        for (int i = 0; i < count; ++i) other.send_bytes(other.recv_bytes());
      },
      [&, own = here] {
        for (int i = 0; i < count; ++i) {
          own.send_bytes(message);
          own.recv_bytes();
        }
      });
}

double pipe_turn() { return turn_of(64, turns); }
double pipe_large() { return turn_of(std::size_t{16} << 20, 10); }

double bare_pipe_turn() {
  int there[2];
  int back[2];
  if (::pipe(there) != 0 || ::pipe(back) != 0) std::abort();
  char message[64] = {};
  const auto answer = [&] {
    char got[64];
    for (int i = 0; i < turns; ++i) {
      if (::read(there[0], got, sizeof got) <= 0 || ::write(back[1], got, sizeof got) <= 0)
        std::abort();
    }
  };
  const double ns = both_ns(turns, answer, [&] {
    for (int i = 0; i < turns; ++i) {
      if (::write(there[1], message, sizeof message) <= 0 ||
          ::read(back[0], message, sizeof message) <= 0)
        std::abort();
    }
  });
  for (const int end : {there[0], there[1], back[0], back[1]}) ::close(end);
  return ns;
}

double manager_get() {
  const mp::Manager manager;
  const auto dict = manager.dict<std::string, int>({{"a", 1}});
  return each_ns(turns, [&] { dict.get("a"); });
}

double manager_set() {
  const mp::Manager manager;
  const auto dict = manager.dict<std::string, int>({{"a", 1}});
  return each_ns(turns, [&] { dict.set("a", 2); });
}

double manager_list() {
  const mp::Manager manager;
  const auto list = manager.list<int>({1});
  return each_ns(turns, [&] { list.get(0); });
}

}  // namespace

std::vector<Topic> process_topics() {
  return {{"process_start", "furrow", process_start},     {"process_start", "bare", bare_fork},
          {"process_execute", "furrow", process_execute}, {"pipe_turn", "furrow", pipe_turn},
          {"pipe_turn", "bare", bare_pipe_turn},          {"pipe_large", "furrow", pipe_large},
          {"manager_get", "furrow", manager_get},         {"manager_set", "furrow", manager_set},
          {"manager_list", "furrow", manager_list}};
}

}  // namespace furrow::bench
