// Segments on Windows: who holds what, what a death leaves, the same address everywhere.
#include <catch2/catch.hpp>
#include <furrow/array/array.hpp>
#include <furrow/error.hpp>
#include <furrow/os/file.hpp>
#include <furrow/segment/attributes.hpp>
#include <string>

#include "child.hpp"

using furrow::Array;
using furrow::Attribute;
using furrow::Place;
using furrow::test::Child;
using furrow::test::run_child;
using furrow::test::Signal;
namespace segment = furrow::segment;

namespace {

furrow::CreateOptions owned() {
  furrow::CreateOptions options;
  options.lifetime = furrow::Lifetime::owned;
  return options;
}

// Files under this process's prefix, drafts and removed ones included.
std::size_t files() {
  const std::string start = "furrow." + Place::default_place().prefix;
  std::error_code error;
  std::size_t count = 0;
  for (const std::string& name :
       furrow::os::list_directory(Place::default_place().directory, error))
    count += name.rfind(start, 0) == 0;
  return count;
}

std::string address_of(const Array<double>& array) {
  return std::to_string(reinterpret_cast<std::uintptr_t>(array.data()));
}

}  // namespace

TEST_CASE("another process finds the same bytes at the same address") {
  auto array = Array<double>::create("shared", {1000}, owned());
  const auto second = Array<double>::create("second", {1 << 20}, owned());
  array(999) = 5;
  REQUIRE(run_child({"add", "shared", address_of(array)}) == 0);
  CHECK(array(999) == 6);
  CHECK(array(0) == 1);
  CHECK(array.segment()->header().creator_start != 0);
}

TEST_CASE("a name is given once, also when many ask for it at once") {
  const auto array = Array<double>::create("once", {3}, owned());
  CHECK_THROWS_AS(Array<double>::create("once", {3}), furrow::AlreadyExists);
  const std::string gate = "Local\\" + Place::default_place().prefix + "gate";
  const HANDLE event = ::CreateEventA(nullptr, TRUE, FALSE, gate.c_str());
  for (int round = 0; round < 5; ++round) {
    std::vector<Child> rivals;
    ::ResetEvent(event);
    for (int i = 0; i < 4; ++i) rivals.emplace_back(std::vector<std::string>{"race", "r", "gate"});
    ::Sleep(200);
    ::SetEvent(event);
    int won = 0;
    int lost = 0;
    for (Child& rival : rivals) {
      const int code = rival.wait();
      won += code == 0;
      lost += code == 1;
    }
    CHECK(won == 1);
    CHECK(lost == 3);
    segment::remove("r");
  }
  ::CloseHandle(event);
  CHECK(files() == 1);
}

TEST_CASE("a creator that is killed leaves nothing that a sweep does not take, or the whole") {
  for (const char* point : {"segment.create.named", "segment.create.opened",
                            "segment.create.reserved", "segment.create.written"}) {
    CAPTURE(point);
    CHECK(run_child({"create", "victim", "persistent", std::string(point) + ":kill"}) ==
          furrow::test::killed);
    CHECK_THROWS_AS(Array<double>::attach("victim"), furrow::NotFound);
    CHECK(files() == 1);
    CHECK(segment::sweep().size() == 1);
    CHECK(files() == 0);
  }
  CHECK(run_child({"create", "victim", "persistent", "segment.create.published:kill"}) ==
        furrow::test::killed);
  CHECK(segment::sweep().empty());
  CHECK(Array<double>::attach("victim").size() == 1000);
  segment::remove("victim");
  CHECK(run_child({"create", "victim", "owned", "segment.create.published:kill"}) ==
        furrow::test::killed);
  CHECK(segment::sweep(true).size() == 1);
  CHECK(segment::sweep().size() == 1);
  CHECK(files() == 0);
}

TEST_CASE("removing a name under a live holder is refused, and allowed when it was killed") {
  Array<double>::create("held", {3});
  CHECK_FALSE(segment::info("held").attached);
  Signal attached("attached");
  Child holder({"hold", "held", "attached"});
  REQUIRE(attached.wait());
  CHECK(segment::info("held").attached);
  REQUIRE(segment::list().size() == 1);
  CHECK(segment::list()[0].attached);
  CHECK_THROWS_AS(segment::remove("held"), furrow::InUse);
  holder.kill();
  CHECK_FALSE(segment::info("held").attached);
  segment::remove("held");
  CHECK(files() == 0);
}

TEST_CASE("force frees the name at once and leaves the holders their memory") {
  auto old_one = Array<double>::create("forced", {3}, owned());
  old_one(1) = 5;
  segment::remove("forced", true);
  CHECK_THROWS_AS(Array<double>::attach("forced"), furrow::NotFound);
  auto new_one = Array<double>::create("forced", {4}, owned());
  CHECK(old_one(1) == 5);
  old_one = {};
  CHECK(Array<double>::attach("forced").size() == 4);
  new_one = {};
  segment::sweep();  // where the system kept the removed file because it was mapped
  CHECK(files() == 0);
}

TEST_CASE("an owned array goes with its last holder, whoever that is") {
  auto first = Array<double>::create("owned", {3}, owned());
  {
    Signal attached("attached");
    Child second({"hold", "owned", "attached"});
    REQUIRE(attached.wait());
    first = {};
    CHECK(files() == 1);
    first = Array<double>::attach("owned");
  }
  first = {};
  CHECK(files() == 0);
}

TEST_CASE("a persistent array outlives the process that made it") {
  REQUIRE(run_child({"create", "stays", "persistent"}) == 0);
  CHECK(segment::sweep().empty());
  CHECK(Array<double>::attach("stays").size() == 1000);
  segment::remove("stays");
}

TEST_CASE("a read-only attach cannot write") {
  const auto array = Array<double>::create("readable", {3}, owned());
  CHECK(run_child({"scribble", "readable"}) == static_cast<int>(EXCEPTION_ACCESS_VIOLATION));
  CHECK(array(0) == 0);
}

TEST_CASE("attributes are whole while two processes write, and when a writer is killed") {
  auto array = Array<double>::create("table", {3}, owned());
  array.set_attributes({{"a", Attribute::integer(0)}, {"b", Attribute::integer(0)}});
  {
    Child one({"attributes", "table", "300"});
    Child two({"attributes", "table", "300"});
    for (int round = 0; round < 3000; ++round) {
      const auto table = array.attributes();
      REQUIRE(table.at("a") == table.at("b"));
    }
    CHECK(one.wait() == 0);
    CHECK(two.wait() == 0);
  }
  for (const char* point : {"locked", "copied", "published"}) {
    CAPTURE(point);
    const auto before = array.attributes().at("a").as_number();
    CHECK(run_child({"attributes", "table", "1",
                     std::string("attributes.write.") + point + ":kill"}) == furrow::test::killed);
    const auto table = array.attributes();
    CHECK(table.at("a") == table.at("b"));
    CHECK(table.at("a").as_number() == (point == std::string("published") ? 1 : before));
    array.set_attributes({{"a", Attribute::integer(7)}, {"b", Attribute::integer(7)}});
  }
}

TEST_CASE("what is no segment, or asks for too much, is an error that says so") {
  std::error_code error;
  furrow::os::create_new(Place::default_place().path_of("empty"), 0600, error);
  CHECK_THROWS_AS(Array<double>::attach("empty"), furrow::Corrupt);
  segment::remove("empty", true);
  CHECK_THROWS_AS(Array<double>::attach("empty"), furrow::NotFound);
  CHECK_THROWS_AS(Array<double>::create("huge", {std::int64_t{1} << 50}), furrow::OutOfSpace);
  furrow::CreateOptions options = owned();
  options.place.directory = "C:/nonexistent/folder";
  CHECK_THROWS_AS(Array<double>::create("lost", {3}, options), furrow::NotFound);
  CHECK(files() == 0);
}
