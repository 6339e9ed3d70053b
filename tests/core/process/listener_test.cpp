// mp::Listener and Client: addresses, keys, clients that misbehave, what is left behind.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include <furrow/os/fault.hpp>
#include <furrow/process/handshake.hpp>
#include <furrow/process/listener.hpp>
#include <furrow/process/process.hpp>

#include "board.hpp"

using namespace furrow;
using namespace std::chrono_literals;

namespace {

std::string fresh_path() {
  static int count = 0;
  return "listener-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

mp::Process client(const std::string& address, const std::string& key) {
  mp::Process process(
      [](const std::string& at, const std::string& with) {
        try {
          const mp::Connection c = mp::Client(at, with, 20s);
          c.send(std::string("hello"));
          throw mp::SystemExit{c.recv<int>(20s)};
        } catch (const AuthenticationFailed&) {
          throw mp::SystemExit{100};
        }
      },
      address, key);
  process.start();
  return process;
}

void answer_one(mp::Listener& listener, int number) {
  const mp::Connection c = listener.accept(20s);
  CHECK(c.recv<std::string>(20s) == "hello");
  c.send(number);
}

int raw_socket() { return ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0); }

bool raw_connect(int socket, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::size_t drafts() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("drafts")) {
    count += entry.path().filename().string().starts_with("furrow.socket.") ? 1U : 0U;
  }
  return count;
}

}  // namespace

TEST_CASE("listener and client speak at a path, and without one") {
  for (const std::string& path : {fresh_path(), std::string()}) {
    mp::Listener listener(path, "secret");
    CHECK(listener.address().empty() == false);
    if (!path.empty()) {
      struct stat status {};
      REQUIRE(::stat(path.c_str(), &status) == 0);
      CHECK((status.st_mode & 0777) == 0600);
    }
    CHECK_THROWS_AS(listener.accept(10ms), furrow::Timeout);
    mp::Process process = client(listener.address(), "secret");
    const mp::Connection c = listener.accept(20s);
    CHECK(c.recv<std::string>(20s) == "hello");
    c.send(7);
    CHECK(process.join(20s));
    CHECK(process.exit_code() == 7);
    listener.close();
    listener.close();
    CHECK_THROWS_AS(listener.accept(), Closed);
    CHECK_THROWS_AS(listener.address(), Closed);
    if (!path.empty()) CHECK(::access(path.c_str(), F_OK) != 0);
  }
}

TEST_CASE("relatives share a key without naming it") {
  mp::Listener listener;
  mp::Process process = client(listener.address(), "");
  answer_one(listener, 5);
  process.join();
  CHECK(process.exit_code() == 5);
}

TEST_CASE("a wrong key is an error on both sides, and the listener goes on") {
  mp::Listener listener("", "right");
  mp::Process wrong = client(listener.address(), "wrong");
  CHECK_THROWS_AS(listener.accept(20s), AuthenticationFailed);
  CHECK(wrong.join(20s));
  CHECK(wrong.exit_code() == 100);
  mp::Process right = client(listener.address(), "right");
  answer_one(listener, 3);
  CHECK(right.join(20s));
  CHECK(right.exit_code() == 3);
  CHECK_THROWS_AS(mp::Client("", "k"), IoError);
  CHECK_THROWS_AS(mp::Client("no-such-socket", "k"), NotFound);
  CHECK_THROWS_AS(mp::Client(std::string(108, 'x'), "k"), InvalidArgument);
  CHECK_THROWS_AS(mp::Listener(std::string(108, 'x'), "k"), InvalidArgument);
  CHECK_THROWS_AS(mp::Listener("no-such-folder/socket", "k"), NotFound);
  CHECK_THROWS_AS(mp::Listener("", "k", 0), InvalidArgument);
}

TEST_CASE("a listener that has not got the key is found out by its client") {
  // It answers the client's own proof back, and garbage.
  const std::string path = fresh_path();
  const int server = raw_socket();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  REQUIRE(::bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(server, 4) == 0);
  for (const bool reflects : {true, false}) {
    mp::Process process = client(path, "right");
    const int peer = ::accept(server, nullptr, nullptr);
    const process::ListenerHandshake false_one("wrong");
    const auto challenge = false_one.challenge();
    ::send(peer, challenge.data(), challenge.size(), 0);
    char answer[100];
    const ssize_t got = ::recv(peer, answer, sizeof answer, 0);
    REQUIRE(got == 68);
    if (reflects) {
      char reply[36];
      std::memcpy(reply, answer, 4);
      std::memcpy(reply + 4, answer + 36, 32);
      ::send(peer, reply, sizeof reply, 0);
    } else {
      ::send(peer, "xyz", 3, 0);
    }
    CHECK(process.join(20s));
    CHECK(process.exit_code() == 100);
    ::close(peer);
  }
  ::close(server);
  ::unlink(path.c_str());
}

TEST_CASE("the proofs are HMAC-SHA256 of role and nonces, and no two challenges are the same") {
  const process::ListenerHandshake one("key");
  const process::ListenerHandshake two("key");
  CHECK(one.challenge() != two.challenge());
  process::ClientHandshake client("key");
  const auto answer = client.answer(one.challenge());
  REQUIRE(answer.has_value());
  CHECK_FALSE(two.check(*answer).has_value());  // made for another challenge
  const auto reply = one.check(*answer);
  REQUIRE(reply.has_value());
  CHECK(client.check(*reply));
  for (std::size_t i = 0; i < answer->size(); ++i) {
    auto spoiled = *answer;
    spoiled[i] ^= std::byte{1};
    CHECK_FALSE(one.check(spoiled).has_value());
  }
  for (std::size_t i = 0; i < reply->size(); ++i) {
    auto spoiled = *reply;
    spoiled[i] ^= std::byte{128};
    CHECK_FALSE(client.check(spoiled));
  }
  CHECK_FALSE(one.check({}).has_value());
  CHECK_FALSE(client.check({}));
  CHECK_FALSE(client.answer({}).has_value());
}

TEST_CASE("silent, stopped and killed clients hold up no other") {
  mp::Listener listener("", "key");
  const std::string address = listener.address();
  std::vector<int> silent;
  for (int i = 0; i < 5; ++i) {
    silent.push_back(raw_socket());
    REQUIRE(raw_connect(silent.back(), address));
  }
  ::close(silent.back());
  silent.pop_back();
  ::send(silent[0], "gibberish", 9, 0);
  CHECK_THROWS_AS(listener.accept(20s), AuthenticationFailed);
  mp::Process process = client(address, "key");
  answer_one(listener, 6);
  CHECK(process.join(20s));
  CHECK(process.exit_code() == 6);
  for (const int socket : silent) ::close(socket);
}

TEST_CASE("a client does not wait for a listener that does not answer longer than told") {
  mp::Listener listener("", "key", 1);  // nobody accepts
  CHECK_THROWS_AS(mp::Client(listener.address(), "key", 30ms), furrow::Timeout);
  std::vector<int> full;
  for (int i = 0; i < 5; ++i) {
    full.push_back(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    raw_connect(full.back(), listener.address());
  }
  CHECK_THROWS_AS(mp::Client(listener.address(), "key", 30ms), furrow::Timeout);
  CHECK_THROWS_AS(mp::Client(listener.address(), "key", -1s), furrow::Timeout);
  for (const int socket : full) ::close(socket);
}

TEST_CASE("a path in use is refused; one that a killed listener left is taken over") {
  const std::string path = fresh_path();
  const test::Board board = test::Board::make();
  mp::Process other(
      [](const std::string& at) {
        const mp::Listener listener(at, "key");
        test::Board::attach()[0] = 1;
        ::pause();
      },
      path);
  other.start();
  REQUIRE(board.wait(0, 1));
  CHECK_THROWS_AS(mp::Listener(path, "key"), AlreadyExists);
  other.kill();
  other.join();
  CHECK(::access(path.c_str(), F_OK) == 0);
  CHECK_THROWS_AS(mp::Client(path, "key"), NotFound);
  {
    mp::Listener again(path, "key");
    mp::Process process = client(path, "key");
    answer_one(again, 2);
    process.join();
    CHECK(process.exit_code() == 2);
  }
  CHECK(::access(path.c_str(), F_OK) != 0);
  // Something that is no socket stays.
  std::filesystem::create_directory(path);
  CHECK_THROWS_AS(mp::Listener(path, "key"), AlreadyExists);
  CHECK(std::filesystem::is_directory(path));
  std::filesystem::remove(path);
}

TEST_CASE("a listener without a name leaves nothing, whenever it is killed") {
  std::filesystem::create_directory("drafts");
  ::setenv("TMPDIR", "drafts", 1);
  std::string address;
  {
    const mp::Listener listener("", "key");
    address = listener.address();
    CHECK(drafts() == 0);
  }
  CHECK_THROWS_AS(mp::Client(address, "key", 1s), Error);
  mp::Process early({.method = "fork"}, [] {
    os::set_fault("process.reception.named:kill");
    const mp::Listener listener("", "key");
  });
  early.start();
  early.join();
  CHECK(early.exit_code() == -SIGKILL);
  CHECK(drafts() == 1);  // killed between two calls; the next one takes it away
  const mp::Listener listener("", "key");
  CHECK(drafts() == 0);
  std::filesystem::remove("drafts");
}

TEST_CASE("a forked child's copy of a listener does not take its path away") {
  const std::string path = fresh_path();
  mp::Listener listener(path, "key");
  mp::Process child({.method = "fork"}, [&] { listener.close(); });
  child.start();
  child.join();
  CHECK(::access(path.c_str(), F_OK) == 0);
}

TEST_CASE("a listener that closes leaves alone what another has put at its path since") {
  const std::string path = fresh_path();
  mp::Listener first(path, "key");
  REQUIRE(::unlink(path.c_str()) == 0);
  mp::Listener second(path, "key");
  first.close();
  CHECK(::access(path.c_str(), F_OK) == 0);
  mp::Process process = client(path, "key");
  answer_one(second, 4);
  process.join();
  CHECK(process.exit_code() == 4);
  second.close();
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("of listeners that begin at one path at once, one gets it, and only that one") {
  const std::string path = fresh_path();
  const test::Board board = test::Board::make();
  const auto contend = [](const std::string& at) {
    const test::Board marks = test::Board::attach();
    const auto end = std::chrono::steady_clock::now() + 1500ms;
    while (std::chrono::steady_clock::now() < end) {
      try {
        mp::Listener listener(at, "key");
        if (marks[0].fetch_add(1) != 0) ++marks[1];  // two at once
        if (::access(at.c_str(), F_OK) != 0) ++marks[2];
        ++marks[3];
        marks[0].fetch_sub(1);
      } catch (const AlreadyExists&) {
      }
    }
  };
  std::vector<mp::Process> processes;
  for (int i = 0; i < 4; ++i) processes.emplace_back(contend, path);
  for (mp::Process& process : processes) process.start();
  for (mp::Process& process : processes) {
    CHECK(process.join(30s));
    CHECK(process.exit_code() == 0);
  }
  CHECK(board[1] == 0);
  CHECK(board[2] == 0);
  CHECK(board[3] > 0);
  CHECK(::access(path.c_str(), F_OK) != 0);
  for (const auto& entry : std::filesystem::directory_iterator(".")) {
    CHECK_FALSE(entry.path().filename().string().starts_with("furrow.socket."));
  }
}

TEST_CASE("a path that a killed listener left goes to one of those who come") {
  const test::Board board = test::Board::make();
  for (int round = 0; round < 20; ++round) {
    const std::string path = fresh_path();
    mp::Process killed({.method = "fork"}, [&] {
      const mp::Listener listener(path, "key");
      ::raise(SIGKILL);
    });
    killed.start();
    killed.join();
    board[0] = 0;
    board[1] = 0;
    std::vector<mp::Process> processes;
    for (int i = 0; i < 4; ++i) {
      processes.emplace_back(mp::ProcessOptions{.method = "fork"}, [&] {
        try {
          const mp::Listener listener(path, "key");
          ++board[0];
          board.wait(1, 1);
          // Still there, and ours.
          const mp::Connection c = mp::Client(path, "key", 10ms);
        } catch (const AlreadyExists&) {
        } catch (const furrow::Timeout&) {  // nobody accepts
        }
      });
      processes.back().start();
    }
    CHECK(test::eventually([&] { return board[0] >= 1; }));
    std::this_thread::sleep_for(20ms);
    CHECK(board[0] == 1);
    board[1] = 1;
    for (mp::Process& process : processes) {
      CHECK(process.join(20s));
      CHECK(process.exit_code() == 0);
    }
    CHECK(::access(path.c_str(), F_OK) != 0);
  }
}
