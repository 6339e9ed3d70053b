// Attaching: what is enforced, what is waited for, what is refused.
#include <sys/stat.h>

#include <fcntl.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <furrow/array/array.hpp>
#include <furrow/segment/header.hpp>

#include "child.hpp"

using furrow::Access;
using furrow::Array;
using furrow::AttachOptions;
using furrow::Place;
using furrow::test::owned;
using furrow::test::run_child;
namespace segment = furrow::segment;

namespace {

AttachOptions read_only() {
  AttachOptions options;
  options.access = Access::read_only;
  return options;
}

AttachOptions for_milliseconds(std::int64_t milliseconds) {
  AttachOptions options;
  options.timeout_ns = milliseconds * 1'000'000;
  return options;
}

// Writes into the state word of a segment's file, as its creator would.
void set_state(const char* name, std::uint32_t state) {
  const furrow::os::Descriptor file(
      ::open(Place::default_place().path_of(name).c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(::pwrite(file.get(), &state, sizeof state, 16) == sizeof state);
}

constexpr uid_t nobody = 65534;

}  // namespace

TEST_CASE("an array that is not there is NotFound, with the file's name") {
  CHECK_THROWS_WITH(
      Array<double>::attach("absent"),
      Catch::Contains("absent") && Catch::Contains(Place::default_place().path_of("absent")));
  AttachOptions options;
  options.place.directory = "/nonexistent";
  CHECK_THROWS_WITH(Array<double>::attach("absent", options), Catch::Contains("/nonexistent"));
  CHECK_THROWS_AS(Array<double>::attach("ab/sent"), furrow::InvalidArgument);
}

TEST_CASE("the kernel enforces read-only attachments") {
  auto array = Array<double>::create("guarded", {3}, owned());
  array(0) = 3;
  CHECK(run_child([] {
          auto same = Array<double>::attach("guarded", read_only());
          if (same.cview()(0) != 3 || same.access() != Access::read_only) return 1;
          same.segment()->bump_generation();  // does nothing here
          same(0) = 4;
          return 0;
        }) == -SIGSEGV);
  CHECK(array(0) == 3);
  CHECK_THROWS_AS(Array<double>::attach("guarded", read_only()).set_attributes({}),
                  furrow::PermissionDenied);
}

TEST_CASE("permissions are the file's, and say so") {
  if (::geteuid() != 0) {
    WARN("not root: cannot play another user");
    return;
  }
  furrow::CreateOptions options = owned();
  const auto secret = Array<double>::create("secret", {3}, options);
  options.mode = 0444;
  const auto open_to_all = Array<double>::create("readable", {3}, options);
  CHECK(run_child([] {
          if (::seteuid(nobody) != 0) return 2;
          Array<double>::attach("readable", read_only());
          int denied = 0;
          for (const auto& attempt : std::initializer_list<void (*)()>{
                   [] { Array<double>::attach("secret"); },
                   [] { Array<double>::attach("secret", read_only()); },
                   [] { Array<double>::attach("readable"); }, [] { segment::info("secret"); },
                   [] { segment::remove("readable", true); }})
            try {
              attempt();
            } catch (const furrow::PermissionDenied&) {
              ++denied;
            }
          // Others' arrays that cannot be read are left out of the list.
          if (segment::list().size() != 1) return 3;
          return denied == 5 ? 0 : 1;
        }) == 0);
}

TEST_CASE("a segment that is not complete is waited for as long as its creator lives") {
  const auto array = Array<double>::create("slow", {3}, owned());
  set_state("slow", 1);
  CHECK_THROWS_AS(Array<double>::attach("slow", for_milliseconds(30)), furrow::Timeout);
  const pid_t child = furrow::test::start_child([] {
    ::usleep(20000);
    set_state("slow", 2);
    return 0;
  });
  CHECK(Array<double>::attach("slow").size() == 3);
  CHECK(furrow::test::wait_for(child) == 0);
}

TEST_CASE("a segment that is not complete and has no creator is Corrupt at once") {
  Array<double>::create("dead", {3});
  for (const std::uint32_t state : {0u, 1u, 3u, 0xFFFFFFFFu}) {
    set_state("dead", state);
    CHECK_THROWS_WITH(Array<double>::attach("dead"), Catch::Contains("creator died"));
    CHECK_THROWS_AS(segment::info("dead"), furrow::Corrupt);
  }
  segment::remove("dead");
}

TEST_CASE("a remover that stops in the middle lets an attacher time out, not hang") {
  Array<double>::create("stopped", {3});
  const pid_t child = furrow::test::start_child([] {
    furrow::os::set_fault("segment.remove.seized:stop");
    segment::remove("stopped");
    return 0;
  });
  int status = 0;
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  CHECK_THROWS_AS(Array<double>::attach("stopped", for_milliseconds(30)), furrow::Timeout);
  ::kill(child, SIGCONT);
  CHECK(furrow::test::wait_for(child) == 0);
  CHECK_THROWS_AS(Array<double>::attach("stopped"), furrow::NotFound);
}

TEST_CASE("an attacher that finds its file removed under it starts again") {
  Array<double>::create("swapped", {3});
  const pid_t child = furrow::test::start_child([] {
    furrow::os::set_fault("segment.attach.opened:stop");
    return static_cast<int>(Array<double>::attach("swapped").size());
  });
  int status = 0;
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  segment::remove("swapped");
  Array<double>::create("swapped", {5});
  ::kill(child, SIGCONT);
  CHECK(furrow::test::wait_for(child) == 5);
  segment::remove("swapped");
}

TEST_CASE("kill -9 of an attacher at any point frees its hold at once") {
  Array<double>::create("killed", {3});
  for (const char* point :
       {"segment.attach.opened", "segment.attach.held", "segment.attach.mapped"}) {
    CHECK(furrow::test::run_child_to(point, [] { Array<double>::attach("killed"); }) == -SIGKILL);
    CHECK_FALSE(segment::info("killed").attached);
    CHECK(Array<double>::attach("killed").size() == 3);
  }
  segment::remove("killed");
}

TEST_CASE("what was checked stays, whatever is written over the shared header later") {
  const auto array = Array<double>::create("scribbled", {3}, owned());
  auto* page = reinterpret_cast<char*>(const_cast<segment::Header*>(&array.segment()->header()));
  std::fill_n(page + 20, 240, '\xFF');
  CHECK(array.segment()->data_bytes() == 24);
  CHECK(array.segment()->info().shape == std::vector<std::int64_t>{3});
  CHECK(array.attributes().empty());
}

TEST_CASE("segments on a disk work as those in memory") {
  const auto folder =
      std::filesystem::temp_directory_path() / ("furrow-attach-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  {
    furrow::CreateOptions options = owned();
    options.place = {folder.string() + "/", "tenant."};
    auto array = Array<double>::create("disk", {1000, 10}, options);
    array(999, 9) = 1;
    AttachOptions attach;
    attach.place = options.place;
    CHECK(Array<double>::attach("disk", attach)(999, 9) == 1);
    CHECK(std::filesystem::exists(folder / "furrow.tenant.disk"));
  }
  CHECK(std::filesystem::is_empty(folder));
  std::filesystem::remove(folder);
}
