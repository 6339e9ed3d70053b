// mp::Pipe and Connection: whole messages of any size, ends, time, misuse, kills.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

#include <furrow/os/fault.hpp>
#include <furrow/process/connection.hpp>
#include <furrow/process/process.hpp>
#include <furrow/process/wait.hpp>

#include "board.hpp"

using namespace furrow;
using namespace std::chrono_literals;

namespace {

mp::ProcessOptions by(const char* method) { return {.method = method}; }

void both(const std::function<void(const char*)>& test) {
  SECTION("fork") { test("fork"); }
  SECTION("execute") { test("execute"); }
}

mp::Bytes pattern(std::size_t bytes, unsigned seed = 1) {
  std::minstd_rand random(seed);
  mp::Bytes result(bytes);
  for (std::byte& byte : result) byte = static_cast<std::byte>(random());
  return result;
}

std::int64_t elapsed_ms(std::int64_t since_ns) {
  return (os::monotonic_ns() - since_ns) / 1'000'000;
}

}  // namespace

TEST_CASE("typed values and bytes arrive as they were sent, in order, both ways") {
  auto [a, b] = mp::Pipe();
  a.send(42);
  a.send("a literal");
  a.send(std::string("a string"));
  a.send(std::map<std::string, std::vector<double>>{{"x", {1, 2}}, {"y", {}}});
  b.send(std::pair<int, char>(7, 'c'));
  CHECK(b.recv<int>() == 42);
  CHECK(b.recv<std::string>() == "a literal");
  CHECK(b.recv<std::string>() == "a string");
  CHECK(b.recv<std::map<std::string, std::vector<double>>>().at("x").size() == 2);
  CHECK(a.recv<std::pair<int, char>>() == std::pair<int, char>(7, 'c'));
  for (int i = 0; i < 150; ++i) a.send(i);
  for (int i = 0; i < 150; ++i) REQUIRE(b.recv<int>() == i);
}

TEST_CASE("messages of every size arrive whole") {
  auto [a, b] = mp::Pipe();
  constexpr std::size_t edge = (std::size_t{64} << 10) - 16;
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, edge - 1, edge,
                                  edge + 1, std::size_t{1} << 20, (std::size_t{9} << 20) + 5}) {
    const mp::Bytes sent = pattern(bytes);
    a.send_bytes(sent);
    CHECK(b.poll());
    CHECK(b.recv_bytes() == sent);
    a.send(sent);
    CHECK(b.recv<mp::Bytes>() == sent);
    a.send_bytes(sent);
    mp::Bytes into(bytes + 3, std::byte{9});
    CHECK(b.recv_bytes_into(into, 3) == bytes);
    CHECK(std::equal(sent.begin(), sent.end(), into.begin() + 3));
    CHECK(into[0] == std::byte{9});
  }
  CHECK_FALSE(b.poll());
}

TEST_CASE("a pipe of one direction refuses the other") {
  auto [reader, writer] = mp::Pipe(false);
  CHECK(reader.readable());
  CHECK_FALSE(reader.writable());
  CHECK(writer.writable());
  CHECK_FALSE(writer.readable());
  CHECK_THROWS_AS(reader.send(1), InvalidState);
  CHECK_THROWS_AS(writer.recv<int>(), InvalidState);
  CHECK_THROWS_AS(writer.poll(), InvalidState);
  writer.send(5);
  CHECK(reader.recv<int>() == 5);
}

TEST_CASE("the end comes when all writers are gone and all is read") {
  both([](const char* method) {
    auto [reader, writer] = mp::Pipe(false);
    mp::Process process(
        by(method),
        [](const mp::Connection& to) {
          to.send(1);
          to.send(2);
        },
        writer);
    process.start();
    writer.close();
    CHECK(reader.recv<int>(20s) == 1);
    CHECK(reader.recv<int>(20s) == 2);
    CHECK_THROWS_AS(reader.recv<int>(20s), EndOfFile);
    CHECK(reader.poll());  // the end is something to receive
    CHECK_THROWS_AS(reader.recv_bytes(), EndOfFile);
    process.join();
  });
}

TEST_CASE("sending to nobody is an error and no signal") {
  auto [reader, writer] = mp::Pipe(false);
  reader.close();
  CHECK_THROWS_AS(writer.send(1), BrokenPipe);
  CHECK_THROWS_AS(writer.send_bytes(pattern(1 << 20)), BrokenPipe);
  // A reader that dies with messages unread: what it had sent can still be read.
  auto [a, b] = mp::Pipe();
  a.send(1);
  b.send(2);
  b.close();
  CHECK_THROWS_AS(a.send(3), BrokenPipe);
  CHECK(a.recv<int>() == 2);
  CHECK_THROWS_AS(a.recv<int>(), EndOfFile);
}

TEST_CASE("time limits hold for the whole call") {
  auto [a, b] = mp::Pipe();
  const std::int64_t start = os::monotonic_ns();
  CHECK_THROWS_AS(b.recv<int>(0s), furrow::Timeout);
  CHECK_THROWS_AS(b.recv<int>(-1s), furrow::Timeout);
  CHECK_FALSE(b.poll(-1s));
  CHECK_FALSE(b.poll(30ms));
  CHECK_THROWS_AS(b.recv_bytes(10, 30ms), furrow::Timeout);
  CHECK(elapsed_ms(start) >= 60);
  // A sender that finds no room waits no longer either, and nothing of its message is sent.
  const mp::Bytes block = pattern(32 << 10);
  int sent = 0;
  for (;; ++sent) {
    REQUIRE(sent < 10'000);
    try {
      a.send_bytes(block, 20ms);
    } catch (const furrow::Timeout&) {
      break;
    }
  }
  CHECK(sent > 2);
  for (int i = 0; i < sent; ++i) REQUIRE(b.recv_bytes() == block);
  CHECK_FALSE(b.poll());
}

TEST_CASE("a sender that waits for room goes on when there is some, or ends with its reader") {
  auto [a, b] = mp::Pipe();
  mp::Process process(by("fork"), [&a = a, &b = b] {
    b.close();
    for (int i = 0; i < 200; ++i) a.send_bytes(pattern(16 << 10, static_cast<unsigned>(i)));
    try {
      for (;;) a.send_bytes(pattern(16 << 10));
    } catch (const BrokenPipe&) {
      throw mp::SystemExit{4};
    }
  });
  process.start();
  a.close();
  for (unsigned i = 0; i < 200; ++i) REQUIRE(b.recv_bytes() == pattern(16 << 10, i));
  b.close();
  CHECK(process.join(20s));
  CHECK(process.exit_code() == 4);
}

TEST_CASE("what is longer than wanted comes with its error, and the connection goes on") {
  auto [a, b] = mp::Pipe();
  for (const std::size_t bytes : {std::size_t{100}, std::size_t{1} << 20}) {
    const mp::Bytes sent = pattern(bytes);
    a.send_bytes(sent);
    a.send_bytes(sent);
    a.send(1);
    try {
      (void)b.recv_bytes(99);
      FAIL("longer than the limit");
    } catch (const mp::BufferTooShort& error) {
      CHECK(error.message() == sent);
    }
    mp::Bytes small(99);
    CHECK_THROWS_AS(b.recv_bytes_into(small), mp::BufferTooShort);
    CHECK_THROWS_AS(b.recv_bytes_into(small, 100), InvalidArgument);
    CHECK(b.recv<int>() == 1);
  }
  const std::byte one{};
  CHECK_THROWS_AS(a.send_bytes(&one, mp::message_bytes_max + 1), MessageTooLarge);
  a.send(std::string("no number"));
  CHECK_THROWS_AS(b.recv<int>(), NotSerialisable);
  a.send(2);
  CHECK(b.recv<int>() == 2);
}

TEST_CASE("what is no message closes the connection") {
  for (const std::size_t bytes : {3U, 16U, 40U}) {
    auto [a, b] = mp::Pipe();
    const mp::Bytes garbage = pattern(bytes);
    REQUIRE(::send(a.fileno(), garbage.data(), bytes, 0) == static_cast<ssize_t>(bytes));
    CHECK_THROWS_AS(b.recv_bytes(), Corrupt);
    CHECK(b.closed());
  }
  // A head that promises a file which is none, or of another size.
  auto [a, b] = mp::Pipe();
  struct {
    std::uint32_t magic = 0x31504d46, in_file = 1;
    std::uint64_t bytes = std::uint64_t{1} << 40;
  } head;
  REQUIRE(::send(a.fileno(), &head, sizeof head, 0) == sizeof head);
  CHECK_THROWS_AS(b.recv_bytes(), Corrupt);
}

TEST_CASE("a closed connection says so") {
  auto [a, b] = mp::Pipe();
  const mp::Connection copy = a;
  a.close();
  a.close();
  CHECK(copy.closed());  // a handle is a handle
  CHECK_THROWS_AS(copy.send(1), Closed);
  CHECK_THROWS_AS(a.recv<int>(), Closed);
  CHECK_THROWS_AS(a.poll(), Closed);
  CHECK_THROWS_AS(a.fileno(), Closed);
  CHECK_THROWS_AS(mp::Connection().send(1), Closed);
  CHECK_THROWS_AS(b.recv<int>(), EndOfFile);
}

TEST_CASE("under a limit on the size of files long messages and arguments are errors, no signals") {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int wrong = 0;
    const auto [reader, writer] = mp::Pipe(false);
    try {
      writer.send(std::string(3 << 20, 'x'));
      wrong |= 1;
    } catch (const OutOfSpace&) {
    }
    writer.send(std::string("short"));
    if (reader.recv<std::string>() != "short") wrong |= 2;
    try {
      mp::Process(
          by("execute"), [](const std::string&) {}, std::string(3 << 20, 'x'))
          .start();
      wrong |= 4;
    } catch (const OutOfSpace&) {
    }
    ::_exit(wrong);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("connections travel through connections and as arguments") {
  both([](const char* method) {
    auto [here, there] = mp::Pipe();
    mp::Process process(
        by(method),
        [](const mp::Connection& c) {
          auto [mine, yours] = mp::Pipe();
          c.send(yours);
          yours.close();
          mine.send(std::string("through a third"));
          auto given = c.recv<std::vector<std::pair<std::string, mp::Connection>>>();
          for (auto& [name, connection] : given) connection.send(name);
        },
        there);
    process.start();
    there.close();
    auto third = here.recv<mp::Connection>(20s);
    CHECK(third.recv<std::string>(20s) == "through a third");
    std::vector<std::pair<std::string, mp::Connection>> given;
    std::vector<mp::Connection> kept;
    for (int i = 0; i < 200; ++i) {
      auto [mine, yours] = mp::Pipe();
      given.emplace_back("c" + std::to_string(i), yours);
      kept.push_back(mine);
    }
    here.send(given);
    for (auto& [name, connection] : given) connection.close();
    for (std::size_t i = 0; i < kept.size(); ++i) {
      REQUIRE(kept[i].recv<std::string>(20s) == "c" + std::to_string(i));
    }
    process.join();
    CHECK_THROWS_AS(third.recv<int>(), EndOfFile);
  });
  auto [a, b] = mp::Pipe();
  CHECK_THROWS_AS(mp::encode(a), NotSerialisable);
  std::vector<mp::Connection> many(250, a);
  CHECK_THROWS_AS(a.send(many), NotSerialisable);
  many.resize(249);
  a.send(many);
  CHECK(b.recv<std::vector<mp::Connection>>().size() == 249);
}

TEST_CASE("a large message and connections in one") {
  auto [a, b] = mp::Pipe();
  auto [c, d] = mp::Pipe();
  a.send(std::make_pair(d, pattern(1 << 20)));
  auto got = b.recv<std::pair<mp::Connection, mp::Bytes>>();
  CHECK(got.second == pattern(1 << 20));
  got.first.send(3);
  CHECK(c.recv<int>() == 3);
}

TEST_CASE(
    "a writer killed in the middle of send leaves no half message, though others hold its end") {
  auto [reader, writer] = mp::Pipe(false);
  mp::Process process(by("fork"), [&writer = writer] {
    os::set_fault("process.connection.written:kill");
    writer.send(std::string("small"));
    writer.send_bytes(pattern(4 << 20));
  });
  process.start();
  CHECK(process.join(20s));
  CHECK(process.exit_code() == -SIGKILL);
  CHECK(reader.recv<std::string>(20s) == "small");
  const std::int64_t start = os::monotonic_ns();
  CHECK_THROWS_AS(reader.recv_bytes(mp::message_bytes_max, 50ms), furrow::Timeout);
  CHECK(elapsed_ms(start) < 20'000);
  writer.send(1);  // another writer goes on
  CHECK(reader.recv<int>(20s) == 1);
  writer.close();
  CHECK_THROWS_AS(reader.recv<int>(20s), EndOfFile);
}

TEST_CASE("writers killed at random: every message that comes is whole") {
  const unsigned seed = static_cast<unsigned>(::getpid());
  INFO("seed " << seed);
  std::srand(seed);
  auto [reader, writer] = mp::Pipe(false);
  std::size_t received = 0;
  for (int round = 0; round < 15; ++round) {
    std::vector<mp::Process> writers;
    for (unsigned w = 0; w < 3; ++w) {
      writers.emplace_back(by("fork"), [&writer = writer, w, round] {
        for (unsigned i = 0;; ++i) {
          const unsigned tag = w + 3U * i + 1000U * static_cast<unsigned>(round);
          writer.send(std::make_pair(tag, pattern(i % 4 == 3 ? 200'000 : i * 37 % 5000, tag)));
        }
      });
      writers.back().start();
    }
    const std::int64_t until = os::monotonic_ns() + 1'000'000 * (1 + std::rand() % 15);
    bool killed = false;
    for (;;) {
      if (!killed && os::monotonic_ns() > until) {
        for (mp::Process& process : writers) process.kill();
        for (mp::Process& process : writers) process.join();
        killed = true;
      }
      if (killed && !reader.poll()) break;
      if (!reader.poll(1ms)) continue;
      const auto [tag, bytes] = reader.recv<std::pair<unsigned, mp::Bytes>>();
      REQUIRE(bytes == pattern(bytes.size(), tag));
      ++received;
    }
  }
  CHECK(received > 0);
}

TEST_CASE("several processes on one end: each message reaches exactly one of them, whole") {
  const test::Board board = test::Board::make();
  auto [reader, writer] = mp::Pipe(false);
  std::vector<mp::Process> readers;
  for (std::size_t r = 0; r < 3; ++r) {
    readers.emplace_back(by("fork"), [&reader = reader, &writer = writer, &board, r] {
      writer.close();
      try {
        for (;;) {
          const auto bytes = reader.recv_bytes();
          if (bytes != pattern(bytes.size(), static_cast<unsigned>(bytes.size())))
            throw mp::SystemExit{3};
          board[r] += static_cast<std::int64_t>(bytes.size());
        }
      } catch (const EndOfFile&) {
      }
    });
    readers.back().start();
  }
  std::int64_t sum = 0;
  for (unsigned i = 0; i < 600; ++i) {
    const std::size_t bytes = i % 50 == 0 ? 100'000 + i : i;
    writer.send_bytes(pattern(bytes, static_cast<unsigned>(bytes)));
    sum += static_cast<std::int64_t>(bytes);
  }
  writer.close();
  for (mp::Process& process : readers) {
    CHECK(process.join(20s));
    CHECK(process.exit_code() == 0);
  }
  CHECK(board[0] + board[1] + board[2] == sum);
}

TEST_CASE("wait tells which of connections, processes and listeners are ready") {
  auto [a, b] = mp::Pipe();
  auto [c, d] = mp::Pipe();
  mp::Listener listener;
  mp::Process process(by("fork"), [] { ::pause(); });
  process.start();
  using Ready = std::vector<std::size_t>;
  CHECK(mp::wait({b, d, process, listener}, 0s).empty());
  CHECK(mp::wait({b, d, process, listener}, -1s).empty());
  CHECK(mp::wait({b, d, process, listener}, 20ms).empty());
  c.send(1);
  CHECK(mp::wait({b, d, process, listener}) == Ready{1});
  process.kill();
  process.join();
  a.close();
  CHECK(mp::wait({b, d, process, listener}) == Ready{0, 1, 2});
  CHECK(mp::wait({}, 0s).empty());
  CHECK_THROWS_AS(mp::wait({a}), Closed);
  CHECK_THROWS_AS(mp::wait({mp::Process([] {})}), InvalidState);
}

TEST_CASE("without descriptors a message that brings some stays until there are") {
  auto [a, b] = mp::Pipe();
  auto [inner, other] = mp::Pipe();
  const std::string text(std::size_t{1} << 20, 'x');
  a.send(inner);
  a.send(text);
  a.send(5);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{3, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  std::string what;
  try {
    b.recv<mp::Connection>();
  } catch (const OutOfSpace& error) {
    what = error.what();
  } catch (const Error& error) {
    what = std::string("another class: ") + error.what();
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK_THAT(what, Catch::Contains("descriptors"));
  const auto got = b.recv<mp::Connection>(5s);
  other.send(3);
  CHECK(got.recv<int>(5s) == 3);
  CHECK(b.recv<std::string>(5s) == text);
  CHECK(b.recv<int>(5s) == 5);
}
