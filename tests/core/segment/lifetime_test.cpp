// The end of segments: who holds what, what remove refuses, what sweep takes.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <furrow/array/array.hpp>
#include <furrow/os/file.hpp>
#include <random>

#include "child.hpp"

using furrow::Array;
using furrow::Place;
using furrow::test::owned;
using furrow::test::Signal;
using furrow::test::start_child;
namespace segment = furrow::segment;

namespace {

bool exists(const std::string& name) {
  return std::filesystem::exists(Place::default_place().path_of(name));
}

// A child that attaches, says so, and then waits for its end.
struct Holder {
  explicit Holder(const char* name) {
    Signal attached;
    child = start_child([&] {
      const auto array = Array<double>::attach(name);
      attached.send();
      for (;;) ::pause();
      return 0;
    });
    attached.wait();
  }
  void kill() {
    ::kill(child, SIGKILL);
    furrow::test::wait_for(child);
    child = 0;
  }
  ~Holder() {
    if (child != 0) kill();
  }
  pid_t child;
};

}  // namespace

TEST_CASE("removing a name under a live holder is refused, and allowed when the holder is killed") {
  Array<double>::create("held", {3});
  CHECK_FALSE(segment::info("held").attached);
  Holder holder("held");
  CHECK(segment::info("held").attached);
  CHECK_THROWS_WITH(segment::remove("held"),
                    Catch::Contains("attached") && Catch::Contains("force"));
  CHECK(exists("held"));
  holder.kill();
  CHECK_FALSE(segment::info("held").attached);
  segment::remove("held");
  CHECK_FALSE(exists("held"));
  CHECK_THROWS_AS(segment::remove("held"), furrow::NotFound);
  CHECK_THROWS_AS(segment::remove("held", true), furrow::NotFound);
}

TEST_CASE("this process counts as attached too") {
  const auto array = Array<double>::create("own", {3}, owned());
  CHECK_THROWS_AS(segment::remove("own"), furrow::InUse);
  const auto infos = segment::list();
  REQUIRE(infos.size() == 1);
  CHECK(infos[0].attached);
}

TEST_CASE("every holder shows the sign that others see without taking a lock") {
  Array<double>::create("sign", {3});
  std::error_code error;
  const auto file = furrow::os::open_file(Place::default_place().path_of("sign"),
                                          furrow::os::OpenMode::read_only, error);
  CHECK_FALSE(furrow::os::byte_is_locked(file, segment::holder_lock_byte));
  for (const auto access : {furrow::Access::read_only, furrow::Access::read_write}) {
    furrow::AttachOptions options;
    options.access = access;
    const auto array = Array<double>::attach("sign", options);
    CHECK(furrow::os::byte_is_locked(file, segment::holder_lock_byte));
  }
  CHECK_FALSE(furrow::os::byte_is_locked(file, segment::holder_lock_byte));
  segment::remove("sign");
}

TEST_CASE("a foreign program that holds nothing but flock counts as attached") {
  Array<double>::create("foreign", {3});
  const furrow::os::Descriptor file(
      ::open(Place::default_place().path_of("foreign").c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(::flock(file.get(), LOCK_SH) == 0);
  CHECK(segment::info("foreign").attached);
  CHECK_THROWS_AS(segment::remove("foreign"), furrow::InUse);
  ::flock(file.get(), LOCK_UN);
  segment::remove("foreign");
}

TEST_CASE("force frees the name at once and leaves the holders their memory") {
  auto old_one = Array<double>::create("forced", {3}, owned());
  old_one(1) = 5;
  segment::remove("forced", true);
  CHECK_THROWS_AS(Array<double>::attach("forced"), furrow::NotFound);
  auto new_one = Array<double>::create("forced", {4}, owned());
  CHECK(old_one(1) == 5);
  // The old one's end must not take the new one's name with it.
  old_one = {};
  CHECK(Array<double>::attach("forced").size() == 4);
}

TEST_CASE("an owned array goes with its last holder, whoever that is") {
  auto first = Array<double>::create("owned", {3}, owned());
  {
    Holder second("owned");
    first = {};
    CHECK(exists("owned"));
    first = Array<double>::attach("owned");
    CHECK(first.lifetime() == furrow::Lifetime::owned);
  }
  first = {};
  CHECK_FALSE(exists("owned"));
}

TEST_CASE("a persistent array stays until it is removed") {
  Array<double>::create("stays", {3})(2) = 8;
  CHECK(segment::sweep().empty());
  CHECK(Array<double>::attach("stays")(2) == 8);
  segment::remove("stays");
}

TEST_CASE("what a crash leaves of owned arrays is swept, and nothing else") {
  CHECK(furrow::test::run_child_to("segment.create.published", [] {
          Array<double>::create("crashed", {1000}, owned());
        }) == -SIGKILL);
  Array<double>::create("persistent", {3});
  const auto held = Array<double>::create("held", {3}, owned());
  CHECK(furrow::test::run_child_to("segment.create.published", [] {
          furrow::Segment::create("control", furrow::test::bytes(100), owned());
        }) == -SIGKILL);
  // A name that begins with our prefix, but of another tenant: neither seen nor swept by him.
  Place other = Place::default_place();
  other.prefix += "other-";

  CHECK(segment::sweep(true, other).empty());
  const auto planned = segment::sweep(true);
  REQUIRE(planned.size() == 1);
  CHECK(planned[0].name == "crashed");
  CHECK(planned[0].bytes == 4096 + 8192 + 4096);
  CHECK(exists("crashed"));
  const auto swept = segment::sweep();
  REQUIRE(swept.size() == 1);
  CHECK_FALSE(exists("crashed"));
  CHECK(furrow::test::names() == "control held persistent ");
  segment::remove("persistent");
  segment::remove("control");
}

TEST_CASE("a dead owned array does not block its name") {
  furrow::test::run_child_to("segment.create.published",
                             [] { Array<double>::create("again", {1000}, owned()); });
  REQUIRE(exists("again"));
  CHECK(Array<double>::create("again", {5}, owned()).size() == 5);
}

TEST_CASE("a sweeper or remover that is killed in the middle leaves things as they were") {
  const auto leave = [] {
    furrow::test::run_child_to("segment.create.published",
                               [] { Array<double>::create("left", {10}, owned()); });
  };
  leave();
  CHECK(furrow::test::run_child_to("segment.sweep.seized", [] { segment::sweep(); }) == -SIGKILL);
  CHECK(exists("left"));
  CHECK(furrow::test::run_child_to("segment.remove.seized", [] { segment::remove("left"); }) ==
        -SIGKILL);
  CHECK(exists("left"));
  CHECK(furrow::test::run_child_to("segment.release.seized",
                                   [] { Array<double>::attach("left"); }) == -SIGKILL);
  CHECK(segment::sweep().size() == 1);
}

TEST_CASE("a forked child that ends does not take its parent's owned array away") {
  auto array = Array<double>::create("forked", {3}, owned());
  CHECK(furrow::test::run_child([&] {
          array = {};  // what static destructors would do
          return 0;
        }) == 0);
  CHECK(exists("forked"));
  CHECK(segment::info("forked").attached);
  CHECK_THROWS_AS(segment::remove("forked"), furrow::InUse);
}

TEST_CASE("list skips what is no segment, info says why it is none") {
  const auto array = Array<double>::create("real", {2, 3}, owned());
  const std::string junk = Place::default_place().path_of("junk");
  std::ofstream(junk) << "no header";
  std::filesystem::create_directory(Place::default_place().path_of("folder"));
  std::filesystem::create_symlink(Place::default_place().path_of("real"),
                                  Place::default_place().path_of("link"));
  const auto infos = segment::list();
  REQUIRE(infos.size() == 1);
  CHECK(infos[0].name == "real");
  CHECK(infos[0].shape == std::vector<std::int64_t>{2, 3});
  CHECK(infos[0].strides == std::vector<std::int64_t>{24, 8});
  CHECK_THROWS_AS(segment::info("junk"), furrow::Corrupt);
  CHECK_THROWS_AS(segment::info("folder"), furrow::Corrupt);
  CHECK_THROWS_AS(segment::info("link"), furrow::Corrupt);
  CHECK_THROWS_AS(Array<double>::attach("link"), furrow::Corrupt);
  CHECK_THROWS_AS(segment::info("nobody"), furrow::NotFound);
  CHECK(segment::sweep().empty());
  segment::remove("junk");
  segment::remove("link", true);
  std::filesystem::remove(Place::default_place().path_of("folder"));
  CHECK(segment::list({"/nonexistent", ""}).empty());
}

TEST_CASE("those who only look never make anybody believe that an array is in use") {
  // They go with the test, also when it fails.
  struct Lookers : std::vector<pid_t> {
    ~Lookers() {
      for (const pid_t looker : *this) {
        ::kill(looker, SIGKILL);
        furrow::test::wait_for(looker);
      }
    }
  } lookers;
  for (int i = 0; i < 2; ++i)
    lookers.push_back(start_child([] {
      for (;;) {
        segment::list();
        segment::sweep(true);
      }
      return 0;
    }));
  for (int round = 0; round < 2000; ++round) {
    Array<double>::create("looked_at", {3});
    REQUIRE_NOTHROW(Array<double>::attach("looked_at"));
    REQUIRE_NOTHROW(segment::remove("looked_at"));
    // The last holder of an owned array removes it although others are looking.
    Array<double>::create("looked_at", {3}, owned());
    REQUIRE_FALSE(exists("looked_at"));
  }
}

TEST_CASE("storms of creating, attaching and removing one name stay consistent") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::vector<pid_t> children;
  for (unsigned i = 0; i < 4; ++i)
    children.push_back(start_child([&] {
      std::mt19937 random(seed + i);
      for (int round = 0; round < 3000; ++round) {
        const auto size = static_cast<std::int64_t>(random() % 2000 + 1);
        try {
          if (random() % 3 == 0) {
            auto made = Array<std::int64_t>::create(
                "storm", {size}, random() % 2 ? owned() : furrow::CreateOptions{});
            std::fill_n(made.data(), size, size);
          } else if (random() % 2 == 0) {
            const auto found = Array<std::int64_t>::attach("storm");
            // Whole from the first moment, and still writable to its last byte.
            const std::int64_t last = found(found.size() - 1);
            if (last != 0 && last != found.size()) return 1;
          } else {
            segment::remove("storm", random() % 4 == 0);
          }
        } catch (const furrow::NotFound&) {
        } catch (const furrow::AlreadyExists&) {
        } catch (const furrow::InUse&) {
        }
      }
      return 0;
    }));
  for (const pid_t child : children) CHECK(furrow::test::wait_for(child) == 0);
  if (exists("storm")) segment::remove("storm");
}
