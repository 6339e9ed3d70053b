// A child's view of itself and of its relatives; what counts as a safe fork.
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include <furrow/os/file.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/executor.hpp>
#include <furrow/process/process.hpp>
#include <furrow/process/start.hpp>

#include "board.hpp"

using namespace furrow;
using namespace std::chrono_literals;
using test::Board;

TEST_CASE("a child may ask its own Process, which means itself there") {
  const Board board = Board::make();
  mp::Process sibling({.method = "fork"}, [] {});
  sibling.start();
  std::unique_ptr<mp::Process> p;
  p = std::make_unique<mp::Process>(
      mp::ProcessOptions{.name = "worker bee", .daemon = true, .method = "fork"}, [&] {
        int right = 0;
        right += p->name() == "worker bee" ? 1 : 0;
        right += p->daemon() ? 1 : 0;
        right += p->pid() == static_cast<std::uint64_t>(::getpid()) ? 1 : 0;
        right += !p->exit_code().has_value() ? 1 : 0;
        right += !p->exception().has_value() ? 1 : 0;
        right += p->is_alive() ? 1 : 0;
        right += *p == mp::current_process() ? 1 : 0;
        const auto refused = [](const auto& call) {
          try {
            call();
          } catch (const InvalidState&) {
            return 1;
          }
          return 0;
        };
        right += refused([&] { p->join(); });
        right += refused([&] { p->start(); });
        right += refused([&] { p->close(); });
        right += refused([&] { p->sentinel(); });
        right += refused([&] { p->terminate(); });
        p->set_name("drone");
        right += p->name() == "drone" && mp::current_process().name() == "drone" ? 1 : 0;
        p.reset();  // what runs here is not taken away
        right += sibling.pid().has_value() && !sibling.name().empty() ? 1 : 0;
        Board::attach()[0] = right;
      });
  p->start();
  REQUIRE(p->join(20s));
  CHECK(p->exit_code() == 0);
  CHECK(board[0] == 14);
  CHECK(p->name() == "worker bee");
  CHECK(mp::current_process() == mp::current_process());
  sibling.join();
}

TEST_CASE(
    "a callback of the user's counts as a thread of the user's when it is told whether a fork is "
    "safe") {
  mp::Executor executor(1);
  std::atomic<bool> inside{false};
  std::atomic<bool> go_on{false};
  std::atomic<int> in_callback{-1};
  CHECK(test::eventually([] { return process::fork_is_safe(); }));
  executor.submit([] {}).add_done_callback([&](const mp::Future<void>&) {
    in_callback = process::fork_is_safe() ? 1 : 0;
    inside = true;
    while (!go_on) std::this_thread::sleep_for(1ms);
  });
  REQUIRE(test::eventually([&] { return inside.load(); }));
  CHECK(in_callback == 0);
  CHECK_FALSE(process::fork_is_safe());
  go_on = true;
  CHECK(test::eventually([] { return process::fork_is_safe(); }));
}

TEST_CASE("threads are counted without a descriptor, too") {
  std::atomic<bool> end{false};
  std::thread other([&] {
    while (!end) std::this_thread::sleep_for(1ms);
  });
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const std::size_t threads = os::thread_count();
  const bool safe = process::fork_is_safe();
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(threads == 2);
  CHECK_FALSE(safe);
  end = true;
  other.join();
}
