// Raw shared memory and ShareableList, both ways with Python's own.
#include <furrow/sync/shared_memory.hpp>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>

#include <furrow/sync/message.hpp>
#include <furrow/sync/shareable_list.hpp>

#include "child.hpp"

namespace furrow::mp {
namespace {
using namespace furrow::test;

/// Of this process alone; looked for at its end by the leftovers' check.
std::string raw_name(const char* name) { return std::getenv("FURROW_PREFIX") + std::string(name); }

std::string path(const std::string& name) { return "/dev/shm/" + name; }

int python(const std::string& command, const std::string& name, std::string* output = nullptr) {
  const std::string line = std::string(FURROW_PYTHON) +
                           " -B " FURROW_TEST_FOLDER "/python_peer.py " + command + " " + name;
  std::FILE* pipe = ::popen(line.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr)
    if (output != nullptr) *output += buffer.data();
  const int status = ::pclose(pipe);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Unlink {
  const SharedMemory& memory;
  ~Unlink() { ::unlink(path(memory.name()).c_str()); }
};

TEST_CASE("Raw memory is read and written by Python") {
  const auto memory = SharedMemory::create(raw_name("raw"), 12345);
  const Unlink unlink{memory};
  CHECK(memory.size() == 12345);
  std::memcpy(memory.buf().data(), "hello", 5);
  memory.buf()[12344] = std::byte{7};
  CHECK(python("read_memory", memory.name()) == 0);
  CHECK(std::memcmp(memory.buf().data(), "HELLO", 5) == 0);
  const auto same = SharedMemory::attach(memory.name(), Access::read_only);
  CHECK(same.size() == 12345);
  CHECK(same.buf()[12344] == std::byte{7});
}

TEST_CASE("Raw memory that Python made is attached, and outlives us") {
  const std::string name = raw_name("python");
  REQUIRE(python("write_memory", name) == 0);
  {
    const auto memory = SharedMemory::attach(name);
    CHECK(memory.size() == 5000);
    CHECK(std::memcmp(memory.buf().data(), "from", 4) == 0);
    memory.reserve();
  }
  CHECK(Child([&] {
          const auto memory = SharedMemory::attach(name);
          ::kill(::getpid(), SIGKILL);
          return 0;
        }).wait() == -SIGKILL);
  const auto again = SharedMemory::attach(name);
  again.unlink();
  CHECK_THROWS_AS(again.unlink(), NotFound);
  CHECK(again.buf().size() == 5000);  // holders keep it
}

TEST_CASE("Misuse of raw memory is an error, and removes nothing") {
  const auto memory = SharedMemory::create(raw_name("raw"), 10);
  const Unlink unlink{memory};
  CHECK_THROWS_AS(SharedMemory::create(memory.name(), 10), AlreadyExists);
  CHECK_THROWS_AS(SharedMemory::create(raw_name("empty"), 0), InvalidArgument);
  CHECK_THROWS_AS(SharedMemory::create("a/b", 10), InvalidArgument);
  CHECK_THROWS_AS(SharedMemory::create(std::string(300, 'x'), 10), InvalidArgument);
  CHECK_THROWS_AS(SharedMemory::attach(raw_name("none")), NotFound);
  CHECK_THROWS_AS(SharedMemory::attach(""), InvalidArgument);
  CHECK_THROWS_AS(SharedMemory::create(raw_name("huge"), std::size_t{1} << 60), OutOfSpace);
  const SharedMemory copy = memory;
  copy.close();
  copy.close();
  CHECK_FALSE(memory.valid());
  CHECK_THROWS_AS(memory.buf(), Closed);
  CHECK_THROWS_AS(SharedMemory().name(), InvalidArgument);
  CHECK(SharedMemory::attach(memory.name()).size() == 10);
}

TEST_CASE("An attacher waits for the size that a foreign creator has yet to give") {
  const std::string name = raw_name("sized");
  std::ofstream(path(name)).close();
  CHECK_THROWS_AS(SharedMemory::attach(name, Access::read_write, 0s), Corrupt);
  Child creator([&] {
    std::this_thread::sleep_for(50ms);
    return ::truncate(path(name).c_str(), 100);
  });
  const auto memory = SharedMemory::attach(name, Access::read_write, 20s);
  CHECK(memory.size() == 100);
  CHECK(creator.wait() == 0);
  memory.unlink();
}

TEST_CASE("A creator killed before the name is there leaves nothing") {
  const std::string name = raw_name("killed");
  CHECK(child_killed_at("shared_memory.reserved", [&] {
          SharedMemory::create(name, 100);
        }).wait() == -SIGKILL);
  CHECK_THROWS_AS(SharedMemory::attach(name), NotFound);
}

TEST_CASE("Raw memory has a generated name, and goes in messages") {
  const auto memory = SharedMemory::create("", 8);
  const Unlink unlink{memory};
  CHECK(memory.name().rfind("psm_", 0) == 0);
  memory.as<int>()[1] = 5;
  CHECK(decode<SharedMemory>(encode(memory)).as<int>()[1] == 5);
}

TEST_CASE("A list is read and changed by Python") {
  const auto bytes = [](const char* text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text);
    return std::vector<std::byte>(begin, begin + std::strlen(text));
  };
  const auto list = ShareableList::create(
      raw_name("list"),
      {1, -2.5, true, {}, "text", bytes("bytes"), "", "größe ∑", "12345678", false});
  const Unlink unlink{list.shm()};
  CHECK(list.size() == 10);
  CHECK(python("read_list", list.shm().name()) == 0);
  CHECK(list[0] == ListItem(std::int64_t{1} << 40));
  CHECK(list[4] == ListItem("longer"));
  CHECK(list[3] == ListItem("was None"));
  CHECK(list[7] == ListItem("größe ∑"));
  CHECK(list.index("12345678") == 8);
  CHECK(list.count(true) == 1);
  CHECK_THROWS_AS(list.index("none"), NotFound);
}

TEST_CASE("A list has its name when all of it is there") {
  const std::string name = raw_name("half");
  const std::vector<ListItem> items{1, "two", 3.0};
  CHECK(child_killed_at(
            "shareable_list.formatted", [&] { ShareableList::create(name, items); }, 2)
            .wait() == -SIGKILL);
  CHECK_THROWS_AS(SharedMemory::attach(name), NotFound);
  const auto list = ShareableList::create(name, items);
  CHECK(ShareableList::attach(name).to_vector() == items);
  list.shm().unlink();
}

TEST_CASE("A list that Python made is read and changed") {
  const std::string name = raw_name("list");
  std::string format;
  REQUIRE(python("write_list", name, &format) == 0);
  const auto list = ShareableList::attach(name);
  const Unlink unlink{list.shm()};
  REQUIRE(list.size() == 9);
  CHECK(list.format() + "\n" == format);
  CHECK(list[0] == ListItem(7));
  CHECK(list[1] == ListItem(2.5));
  CHECK(list[2] == ListItem(false));
  CHECK(list[3] == ListItem());
  CHECK(list[4] == ListItem("abc"));
  CHECK(list[5] == ListItem(std::vector<std::byte>{std::byte{0}, std::byte{0xFF}}));
  CHECK(list[6] == ListItem(std::string(100, 'x')));
  CHECK(list[7] == ListItem(std::int64_t{1} << 62));
  CHECK(list[8] == ListItem(""));
  list.set(4, "12345678");
  CHECK(list[4] == ListItem("12345678"));
  CHECK_THROWS_AS(list.set(4, "123456789"), InvalidArgument);
  CHECK_THROWS_AS(list.set(9, 1), InvalidArgument);
  CHECK_THROWS_AS(list.get(9), InvalidArgument);
}

TEST_CASE("Texts that end in NULs keep them, and Python still reads them") {
  const std::string nuls("a\0\0", 3);
  const std::vector<std::byte> bytes{std::byte{'b'}, std::byte{'c'}, std::byte{0}};
  const auto list = ShareableList::create(raw_name("nuls"), {nuls, bytes, "plain"});
  const Unlink unlink{list.shm()};
  CHECK(list[0] == ListItem(nuls));
  CHECK(list[1] == ListItem(bytes));
  CHECK(python("read_nuls", list.shm().name()) == 0);
  CHECK_THROWS_AS(list.set(0, std::string("1234567\0", 8)), InvalidArgument);
  list.set(0, std::string("123456\0", 7));
  CHECK(list[0] == ListItem(std::string("123456\0", 7)));
  CHECK(list[2] == ListItem("plain"));  // no neighbour was written over
}

TEST_CASE("A damaged list is Corrupt, wherever the damage is") {
  const auto list = ShareableList::create(raw_name("torn"), {1, "two", 3.0, {}});
  const Unlink unlink{list.shm()};
  const std::span<std::byte> bytes = list.shm().buf();
  const std::vector<std::byte> whole(bytes.begin(), bytes.end());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const unsigned flip : {0x01U, 0x80U, 0xFFU}) {
      bytes[i] ^= static_cast<std::byte>(flip);
      try {
        ShareableList::attach(list.shm().name()).to_vector();
      } catch (const Corrupt&) {
      }
      bytes[i] = whole[i];
    }
  }
  CHECK(ShareableList::attach(list.shm().name()).to_vector() == list.to_vector());
  const auto small = SharedMemory::create(raw_name("small"), 8);
  const Unlink unlink_small{small};
  CHECK_THROWS_AS(ShareableList::attach(small.name()), Corrupt);
}

}  // namespace
}  // namespace furrow::mp
