// Reading a manager's dict without asking: the same values, at once, whole, and never a dead one's.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <map>
#include <random>
#include <string>

#include <furrow/os/fault.hpp>
#include <furrow/os/memory_file.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/manager.hpp>
#include <furrow/process/mirror.hpp>
#include <furrow/process/process.hpp>

#include "board.hpp"

using namespace furrow;
using namespace std::chrono_literals;
using test::eventually;

namespace {

mp::Bytes bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// So that the next ones look into the mirror.
template <class Dict, class Key>
void ask_often(const Dict& d, const Key& key) {
  for (int i = 0; i < 10; ++i) d.try_get(key);
}

}  // namespace

TEST_CASE("a mirror shows what was put, until it is removed or too full") {
  auto writer = process::MirrorWriter::make(64);
  REQUIRE(writer != nullptr);
  std::error_code error;
  const os::Descriptor same(::dup(writer->descriptor()));
  const auto reader = process::MirrorReader::map(same);
  REQUIRE(reader != nullptr);
  CHECK_FALSE(reader->get(bytes_of("a")).has_value());
  std::map<std::string, std::string> model;
  std::minstd_rand random(7);
  for (int i = 0; i < 3000; ++i) {
    const std::string key = "k" + std::to_string(random() % 30);
    if (random() % 4 == 0) {
      writer->remove(bytes_of(key));
      model.erase(key);
    } else {
      const std::string value(random() % 300, static_cast<char>('a' + random() % 26));
      REQUIRE(writer->put(bytes_of(key), bytes_of(value)));
      model[key] = value;
    }
    for (int k = 0; k < 30; ++k) {
      const std::string name = "k" + std::to_string(k);
      const auto got = reader->get(bytes_of(name));
      const auto wanted = model.find(name);
      const bool shown = wanted != model.end() && name.size() + wanted->second.size() <= 240;
      REQUIRE(got.has_value() == shown);
      if (shown) REQUIRE(*got == bytes_of(wanted->second));
    }
  }
  CHECK(writer->put({}, bytes_of("of the empty key")));
  CHECK(reader->get({}) == bytes_of("of the empty key"));
  CHECK(writer->put(bytes_of(std::string(300, 'k')), bytes_of("v")));
  CHECK_FALSE(reader->get(bytes_of(std::string(300, 'k'))).has_value());
  CHECK_FALSE(reader->retired());
  CHECK(writer->put(bytes_of("k30"), bytes_of("v")));
  CHECK_FALSE(writer->put(bytes_of("k31"), bytes_of("v")));
  CHECK(reader->retired());
  writer.reset();
  CHECK(reader->get({}) == bytes_of("of the empty key"));  // the memory is the reader's, too
}

TEST_CASE("what is no mirror is refused") {
  std::error_code error;
  CHECK(process::MirrorReader::map(os::Descriptor(::dup(0))) == nullptr);
  for (const std::uint64_t slots : {0U, 3U, 4U, 1U << 20}) {
    os::Descriptor file = os::create_memory_file(error);
    process::MirrorHead head{};
    head.slots = slots;
    os::write_at(file, 0, &head, sizeof head);
    REQUIRE_FALSE(os::reserve(file, 128 + 256 * 2));
    REQUIRE_FALSE(os::seal(file));
    CHECK(process::MirrorReader::map(file) == nullptr);
  }
}

TEST_CASE("a dict that is read often shows every change at once") {
  const mp::Manager manager;
  const auto d = manager.dict<std::string, int>({{"a", 1}, {"b", 2}});
  ask_often(d, "a");
  mp::Process other(
      [](const mp::ManagedDict<std::string, int>& there) {
        ask_often(there, "a");
        for (int i = 0; i < 200; ++i) {
          there.set("a", i);
          if (there.get("a") != i) throw mp::SystemExit{3};
        }
        there.pop("b");
        if (there.try_get("b")) throw mp::SystemExit{4};
      },
      d);
  other.start();
  CHECK(other.join(20s));
  CHECK(other.exit_code() == 0);
  CHECK(d.get("a") == 199);
  CHECK_THROWS_AS(d.get("b"), NotFound);
  for (int i = 0; i < 500; ++i) d.set(std::to_string(i), i);  // many times too full
  for (int i = 0; i < 500; ++i) REQUIRE(d.get(std::to_string(i)) == i);
  d.clear();
  CHECK_FALSE(d.try_get("a").has_value());
  d.set("a", 5);
  CHECK(d.get("a") == 5);
  ask_often(d, "a");
  CHECK(d.update_value("a", [](int v) { return v * 2; }) == 10);
  CHECK(d.get("a") == 10);
  CHECK(d.popitem().second == 10);
  CHECK_FALSE(d.try_get("a").has_value());

  const auto texts = manager.dict<std::string, std::string>();
  texts.set("long", std::string(5000, 'x'));
  ask_often(texts, "long");
  CHECK(texts.get("long").size() == 5000);
  texts.set("long", "short");
  CHECK(texts.get("long") == "short");
  const auto nested = manager.dict<int, mp::ManagedList<int>>();
  nested.set(1, manager.list<int>({7}));
  ask_often(nested, 1);
  CHECK(nested.get(1).get(0) == 7);
}

TEST_CASE("values are whole while another process changes them") {
  const mp::Manager manager;
  const auto d = manager.dict<int, std::vector<std::uint64_t>>({{1, {0}}});
  mp::Process writer({.method = "fork"}, [&d] {
    for (std::uint64_t i = 1;; ++i) d.set(1, std::vector<std::uint64_t>(1 + i % 25, i));
  });
  writer.start();
  std::uint64_t last = 0;
  std::size_t changes = 0;
  for (int i = 0; i < 200'000 && changes < 300; ++i) {
    const auto value = d.get(1);
    REQUIRE(value.size() == 1 + value[0] % 25);
    for (const std::uint64_t word : value) REQUIRE(word == value[0]);
    REQUIRE(value[0] >= last);
    changes += value[0] > last ? 1 : 0;
    last = value[0];
  }
  writer.kill();
  writer.join();
  CHECK(changes > 0);
}

TEST_CASE("a dead manager's mirror is not read, not even one that it was writing") {
  for (const bool writing : {false, true}) {
    if (writing) os::set_fault("process.mirror.writing:kill:6");
    const mp::Manager manager;
    os::set_fault("");
    const auto d = manager.dict<std::string, int>({{"a", 1}});
    ask_often(d, "a");
    CHECK(d.get("a") == 1);
    if (writing) {
      CHECK_THROWS_AS(
          [&] {
            for (int i = 0; i < 10; ++i) d.set("a", i);
          }(),
          ManagerDied);
    } else {
      os::kill_now(manager.pid());
      const os::ProcessWatch watch(manager.pid());
      CHECK(eventually([&] { return watch.dead(); }));
    }
    CHECK_THROWS_AS(d.get("a"), ManagerDied);
  }
}
