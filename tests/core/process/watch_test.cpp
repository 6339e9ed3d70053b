// Watching and collecting processes, events, and a nursery with a client that only counts.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <thread>

#include <furrow/os/process.hpp>
#include <furrow/process/nursery.hpp>
#include <furrow/process/start.hpp>

using namespace furrow;

namespace {

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

pid_t child_that(void (*body)()) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  body();
  ::_exit(0);
}

constexpr std::size_t places = 3;

// In memory that nursery, spare, children and this process share.
struct Board {
  std::atomic<std::uint64_t> nursery, spare;
  std::atomic<int> wanted[places], runs[places], ends[places], signals[places];
  std::atomic<std::uint64_t> pids[places];
  std::atomic<int> stop, cleaned;
};

Board* board = nullptr;

class Counter final : public process::NurseryClient {
 public:
  void changed_hands(std::uint64_t nursery, std::uint64_t spare) override {
    board->nursery = nursery;
    board->spare = spare;
  }
  void took_over() override {}
  std::size_t places() const override { return ::places; }
  bool take_request(std::size_t place) override { return board->wanted[place].exchange(0) != 0; }
  void started(std::size_t place, std::uint64_t pid) override { board->pids[place] = pid; }
  void ended(std::size_t place, std::uint64_t, const os::ExitStatus& status) override {
    board->signals[place] = status.signalled ? status.code : 0;
    ++board->ends[place];
  }
  void run_child(std::size_t place) override {
    ++board->runs[place];
    while (board->stop == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  bool stopping() const override { return board->stop != 0; }
  void ask_to_stop() override { board->stop = 1; }
  void clean_up() override { ++board->cleaned; }
};

int requests = -1;
std::uint64_t owner = 0;

void serve(const std::string&) {
  Counter counter;
  process::run_nursery(counter, {owner, requests});
}

struct NurseryUnderTest {
  os::Event event = os::Event::create();
  std::uint64_t first = 0;

  explicit NurseryUnderTest(std::uint64_t for_whom) {
    void* const memory =
        ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    board = new (memory) Board{};
    owner = for_whom;
    requests = event.get();
    const int inherited[] = {requests};
    first = process::start_by_fork(serve, "", inherited);
    REQUIRE(eventually([] { return board->spare != 0; }));
  }
  ~NurseryUnderTest() {
    board->stop = 1;
    event.raise();
    for (const std::uint64_t pid : {board->nursery.load(), board->spare.load()}) {
      CHECK(eventually([pid] { return os::ProcessWatch(pid).dead(); }));
    }
    os::collect(first);
    ::munmap(board, sizeof(Board));
  }
  void want(std::size_t place) const {
    board->wanted[place] = 1;
    event.raise();
  }
};

bool runs(std::size_t place, int times) {
  return eventually([=] { return board->runs[place] == times && board->pids[place] != 0; });
}

}  // namespace

TEST_CASE("a watch sees a process die, also when it is dead already or never was") {
  const pid_t child = child_that([] { ::pause(); });
  const os::ProcessWatch watch(static_cast<std::uint64_t>(child));
  REQUIRE(watch.valid());
  CHECK_FALSE(watch.dead());
  CHECK_FALSE(os::collect(static_cast<std::uint64_t>(child)).has_value());
  CHECK(os::kill_now(static_cast<std::uint64_t>(child)));
  const std::array<int, 2> sources{-1, watch.get()};
  const std::vector<bool> ready = os::wait_ready(sources, -1);
  CHECK_FALSE(ready[0]);
  CHECK(ready[1]);
  CHECK(watch.dead());
  const auto status = os::collect(static_cast<std::uint64_t>(child));
  REQUIRE(status.has_value());
  CHECK(status->signalled);
  CHECK(status->code == SIGKILL);
  CHECK(watch.dead());
  CHECK(os::ProcessWatch(static_cast<std::uint64_t>(child)).dead());
  CHECK(os::ProcessWatch().dead());
  CHECK_FALSE(os::kill_now(0));
  CHECK_FALSE(os::kill_now(1));
}

TEST_CASE("a watch that gets no descriptor does not call a living process dead") {
  const pid_t child = child_that([] { ::pause(); });
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const os::ProcessWatch watch(static_cast<std::uint64_t>(child));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_FALSE(watch.valid());
  CHECK_FALSE(watch.dead());
  CHECK(os::kill_now(static_cast<std::uint64_t>(child)));
  CHECK(::waitpid(child, nullptr, 0) == child);
  CHECK(watch.dead());
}

TEST_CASE("collect tells exit codes; collect_any tells whose") {
  const pid_t seven = child_that([] { ::_exit(7); });
  std::uint64_t pid = 0;
  std::optional<os::ExitStatus> status;
  REQUIRE(eventually([&] { return (status = os::collect_any(pid)).has_value(); }));
  CHECK(pid == static_cast<std::uint64_t>(seven));
  CHECK_FALSE(status->signalled);
  CHECK(status->code == 7);
  CHECK_FALSE(os::collect_any(pid).has_value());
}

TEST_CASE("an event stays raised until it is cleared, in every process that has it") {
  const os::Event event = os::Event::create();
  const std::array<int, 1> source{event.get()};
  CHECK_FALSE(os::wait_ready(source, 0)[0]);
  for (int i = 0; i < 3; ++i) event.raise();
  CHECK(os::wait_ready(source, -1)[0]);
  event.clear();
  CHECK_FALSE(os::wait_ready(source, 1'000'000)[0]);
  const pid_t child = ::fork();
  if (child == 0) {
    event.raise();
    ::_exit(0);
  }
  CHECK(os::wait_ready(source, -1)[0]);
  eventually([&] { return os::collect(static_cast<std::uint64_t>(child)).has_value(); });
}

TEST_CASE("a nursery starts what is asked for, once, and tells of the end") {
  const NurseryUnderTest nursery(static_cast<std::uint64_t>(::getpid()));
  for (std::size_t place = 0; place < places; ++place) nursery.want(place);
  for (std::size_t place = 0; place < places; ++place) REQUIRE(runs(place, 1));
  ::kill(static_cast<pid_t>(board->pids[1].load()), SIGTERM);
  CHECK(eventually([] { return board->ends[1] == 1; }));
  CHECK(board->signals[1] == SIGTERM);
  CHECK(board->runs[1] == 1);  // nobody asked for another
  nursery.want(1);
  CHECK(runs(1, 2));
  CHECK(board->runs[0] == 1);
}

TEST_CASE("nursery after nursery is killed: the spares take over, children go with theirs") {
  const NurseryUnderTest nursery(static_cast<std::uint64_t>(::getpid()));
  for (int round = 1; round <= 4; ++round) {
    board->pids[0] = 0;
    nursery.want(0);
    REQUIRE(runs(0, round));
    const os::ProcessWatch child(board->pids[0].load());
    const std::uint64_t before = board->nursery;
    const std::uint64_t heir = board->spare;
    CHECK(os::kill_now(before));
    CHECK(eventually([&] { return board->nursery == heir && board->spare != heir; }));
    CHECK(eventually([&] { return child.dead(); }));
  }
}

TEST_CASE("a spare that is killed is replaced, and the new one is good") {
  const NurseryUnderTest nursery(static_cast<std::uint64_t>(::getpid()));
  for (int round = 0; round < 20; ++round) {
    const std::uint64_t spare = board->spare;
    CHECK(os::kill_now(spare));
    REQUIRE(eventually([&] { return board->spare != spare; }));
    if (round % 5 != 4) continue;
    const std::uint64_t heir = board->spare;
    CHECK(os::kill_now(board->nursery));  // at once, whatever the spare is just doing
    REQUIRE(eventually([&] { return board->nursery == heir && board->spare != heir; }));
  }
}

TEST_CASE("the owner dies: children are stopped, the client cleans up, all end") {
  const pid_t for_whom = child_that([] { ::pause(); });
  {
    NurseryUnderTest nursery(static_cast<std::uint64_t>(for_whom));
    nursery.want(0);
    REQUIRE(runs(0, 1));
    const os::ProcessWatch child(board->pids[0].load());
    ::kill(for_whom, SIGKILL);
    CHECK(eventually([&] { return board->cleaned == 1; }));
    CHECK(child.dead());
    CHECK(eventually([&] { return os::ProcessWatch(nursery.first).dead(); }));
    CHECK(board->stop == 1);
  }
  eventually([&] { return os::collect(static_cast<std::uint64_t>(for_whom)).has_value(); });
}

TEST_CASE("owner and nursery die: the spare cleans up") {
  const pid_t for_whom = child_that([] { ::pause(); });
  {
    const NurseryUnderTest nursery(static_cast<std::uint64_t>(for_whom));
    const std::uint64_t before = board->nursery;
    ::kill(static_cast<pid_t>(before), SIGSTOP);
    ::kill(for_whom, SIGKILL);
    CHECK(os::kill_now(before));
    CHECK(eventually([&] { return board->cleaned >= 1; }));
  }
  eventually([&] { return os::collect(static_cast<std::uint64_t>(for_whom)).has_value(); });
}
