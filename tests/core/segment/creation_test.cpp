// Creation: a segment is invisible or complete, and a failure leaves nothing behind.
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <furrow/array/array.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/memory.hpp>

#include "child.hpp"

using furrow::Array;
using furrow::CreateOptions;
using furrow::Place;
using furrow::Segment;
using furrow::Shape;
using furrow::test::run_child;
using furrow::test::run_child_to;

namespace {

std::size_t files_with_prefix() {
  const std::string start = "furrow." + Place::default_place().prefix;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Place::default_place().directory))
    count += entry.path().filename().string().rfind(start, 0) == 0;
  return count;
}

void create_some(const char* name) { Array<double>::create(name, {100000}); }

}  // namespace

TEST_CASE("names that cannot be are refused with the reason") {
  for (const char* bad : {"", ".", "..", "a/b", "a b", "a\n", "ä", "~x", "../x", "x\\y", "a:b"})
    CHECK_THROWS_AS(create_some(bad), furrow::InvalidArgument);
  const std::string long_name(201, 'x');
  CHECK_THROWS_WITH(create_some(long_name.c_str()), Catch::Contains("200"));
  Place place = Place::default_place();
  place.prefix.clear();
  CHECK_NOTHROW(place.path_of(std::string(200, 'x')));
  place.prefix = "a/b";
  CHECK_THROWS_AS(place.path_of("x"), furrow::InvalidArgument);
  CHECK(files_with_prefix() == 0);
}

TEST_CASE("a name is given once") {
  auto first = Array<double>::create("once", {3}, furrow::test::owned());
  first(0) = 4;
  CHECK_THROWS_AS(Array<double>::create("once", {3}), furrow::AlreadyExists);
  CHECK(first(0) == 4);
  CHECK(files_with_prefix() == 1);
}

TEST_CASE("options that cannot be are refused") {
  CreateOptions options = furrow::test::owned();
  options.note = std::string(1023, 'n');
  CHECK(Array<double>::create("note", {3}, options).segment()->info().note == options.note);
  options.note += 'n';
  CHECK_THROWS_AS(Array<double>::create("note", {3}, options), furrow::InvalidArgument);
  options.note = std::string("a\0b", 3);
  CHECK_THROWS_AS(Array<double>::create("note", {3}, options), furrow::InvalidArgument);
  options.note.clear();
  options.attribute_bytes = std::size_t{1} << 40;
  CHECK_THROWS_AS(Array<double>::create("note", {3}, options), furrow::InvalidArgument);
  options.attribute_bytes = 0;
  CHECK(Array<double>::create("note", {}, options).segment()->info().segment_bytes == 8192);
  options.place.directory = "/nonexistent/folder";
  CHECK_THROWS_WITH(Array<double>::create("note", {}, options), Catch::Contains("/nonexistent"));
  CHECK(files_with_prefix() == 0);
}

TEST_CASE("the file has the mode asked for, whatever the umask") {
  const auto mode_of = [](unsigned asked) {
    CreateOptions options = furrow::test::owned();
    options.mode = asked;
    const auto array = Array<double>::create("mode", {3}, options);
    struct stat s {};
    ::stat(Place::default_place().path_of("mode").c_str(), &s);
    return s.st_mode & 07777;
  };
  const mode_t before = ::umask(077);
  CHECK(mode_of(0600) == 0600);
  CHECK(mode_of(0644) == 0644);
  CHECK(mode_of(0444) == 0444);
  ::umask(before);
}

TEST_CASE("kill -9 of the creator leaves nothing, or the whole array") {
  for (const char* point :
       {"segment.create.opened", "segment.create.reserved", "segment.create.written"}) {
    CAPTURE(point);
    CHECK(run_child_to(point, [] { create_some("victim"); }) == -SIGKILL);
    CHECK(files_with_prefix() == 0);
  }
  CHECK(run_child_to("segment.create.published", [] { create_some("victim"); }) == -SIGKILL);
  CHECK(files_with_prefix() == 1);
  CHECK(Array<double>::attach("victim").size() == 100000);
  furrow::segment::remove("victim");
}

TEST_CASE("where files without names do not exist, drafts take their place and are swept") {
  const std::string no_unnamed = "os.create_unnamed:fail";
  CHECK(run_child([&] {
          furrow::os::set_fault(no_unnamed);
          auto array = Array<double>::create("draft", {10});
          array(3) = 1;
          return 0;
        }) == 0);
  CHECK(Array<double>::attach("draft")(3) == 1);
  CHECK(files_with_prefix() == 1);
  CHECK(run_child([&] {
          furrow::os::set_fault(no_unnamed);
          try {
            Array<double>::create("draft", {10});
          } catch (const furrow::AlreadyExists&) {
            return 0;
          }
          return 1;
        }) == 0);
  furrow::segment::remove("draft");
  CHECK(files_with_prefix() == 0);

  for (const char* point :
       {"segment.create.named", "segment.create.reserved", "segment.create.written"}) {
    CAPTURE(point);
    CHECK(run_child_to(no_unnamed + "," + point, [] { create_some("draft"); }) == -SIGKILL);
    CHECK(files_with_prefix() == 1);
    CHECK(furrow::test::names().empty());
    CHECK_THROWS_AS(Array<double>::attach("draft"), furrow::NotFound);
    CHECK(furrow::segment::sweep(true).size() == 1);
    CHECK(furrow::segment::sweep().size() == 1);
    CHECK(files_with_prefix() == 0);
  }
}

TEST_CASE("a draft that somebody still makes is not swept") {
  const pid_t child = furrow::test::start_child([] {
    furrow::os::set_fault("os.create_unnamed:fail,segment.create.written:stop");
    create_some("slow");
    return 0;
  });
  int status = 0;
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  REQUIRE(WIFSTOPPED(status));
  CHECK(files_with_prefix() == 1);
  CHECK(furrow::segment::sweep().empty());
  ::kill(child, SIGCONT);
  CHECK(furrow::test::wait_for(child) == 0);
  CHECK(Array<double>::attach("slow").size() == 100000);
  furrow::segment::remove("slow");
}

TEST_CASE("more than there is room for is OutOfSpace at once") {
  // A petabyte, and (where the file system is the bigger of the two) more than the memory.
  const std::uint64_t free = std::filesystem::space(Place::default_place().directory).available;
  for (const std::uint64_t bytes : {std::uint64_t{1} << 50, free + 1, std::uint64_t{1} << 61}) {
    CHECK_THROWS_WITH(
        Segment::create("big", furrow::test::bytes(bytes)),
        Catch::Contains("\"big\"") && Catch::Contains("needs") && Catch::Contains("free"));
    CHECK(files_with_prefix() == 0);
  }
  CHECK(run_child([&] {
          furrow::os::set_fault("os.reserve:fail");
          try {
            create_some("refused");
          } catch (const furrow::OutOfSpace&) {
            return 0;
          }
          return 1;
        }) == 0);
  CHECK(files_with_prefix() == 0);
}

TEST_CASE("a limit on file sizes is OutOfSpace, not SIGXFSZ") {
  CHECK(run_child([] {
          const rlimit limit{1 << 20, 1 << 20};
          ::setrlimit(RLIMIT_FSIZE, &limit);
          Array<double>::create("limited", {100}, furrow::test::owned());
          try {
            Array<double>::create("limited", {1 << 20});
          } catch (const furrow::OutOfSpace& error) {
            return std::string(error.what()).find("ulimit") == std::string::npos ? 2 : 0;
          }
          return 1;
        }) == 0);
  CHECK(files_with_prefix() == 0);
}

namespace {

// In a child with a tmpfs of its own, creates arrays until it is full, and writes all of each.
// Returns 0 when all is as it should be, 77 where nothing can be mounted.
int fill_a_tmpfs(const char* options, const Shape& shape, std::size_t least, std::size_t most) {
  namespace fs = std::filesystem;
  const std::string folder = fs::temp_directory_path() / ("furrow-" + std::to_string(::getpid()));
  fs::create_directory(folder);
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", folder.c_str(), "tmpfs", 0, options) != 0) {
    fs::remove(folder);
    return 77;
  }
  int result = 0;
  {
    const Place place{folder, ""};
    CreateOptions create;
    create.place = place;
    std::vector<Array<double>> arrays;
    std::string message;
    try {
      for (int i = 0; i < 100; ++i)
        arrays.push_back(Array<double>::create("a" + std::to_string(i), shape, create));
    } catch (const furrow::OutOfSpace& error) {
      message = error.what();
    }
    // What could be made can be touched to its last byte.
    for (auto& array : arrays)
      for (double& x : array.span()) x = 1;
    if (arrays.size() < least || arrays.size() > most) result = 2;
    if (message.find("free") == std::string::npos) result = 3;
    if (furrow::segment::list(place).size() != arrays.size()) result = 4;
    // The same without the look before: the reservation itself says it.
    std::error_code error;
    const auto before = fs::space(folder).available;
    {
      const auto file = furrow::os::create_unnamed(folder, 0600, error);
      if (furrow::os::reserve(file, 64 << 20) != std::errc::no_space_on_device) result = 5;
    }
    if (fs::space(folder).available != before) result = 6;
  }
  ::umount(folder.c_str());
  fs::remove(folder);
  return result;
}

}  // namespace

TEST_CASE("a tmpfs that fills up gives errors and no SIGBUS, and its room comes back") {
  const auto fill = [](const char* options, const Shape& shape, std::size_t least,
                       std::size_t most) {
    const int code = run_child([&] { return fill_a_tmpfs(options, shape, least, most); });
    INFO(options);
    if (code == 77) WARN("no right to mount a small tmpfs, or none with " << options);
    CHECK((code == 0 || code == 77));
  };
  fill("size=1m", {10000}, 5, 13);
  // Arrays of 2.3 MiB, of which one huge page and the rest in small ones.
  fill("size=16m,huge=within_size", {300'000}, 4, 6);
  fill("size=16m,huge=always", {300'000}, 2, 6);
}

namespace {

std::uint64_t huge_kib_mapped() {
  std::uint64_t sum = 0;
  std::ifstream maps("/proc/self/smaps");
  for (std::string line; std::getline(maps, line);)
    if (line.rfind("ShmemPmdMapped:", 0) == 0) sum += std::stoull(line.substr(15));
  return sum;
}

}  // namespace

TEST_CASE("arrays lie in huge pages where /dev/shm has them") {
  const int code = run_child([] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", "/dev/shm", "tmpfs", 0, "size=64m,huge=within_size") != 0)
      return 77;
    if (furrow::os::huge_page_policy("/dev/shm") != "within_size") return 2;
    const auto x = Array<double>::create("x", {1 << 20});  // 8 MiB behind a page of header
    for (double& value : x.span()) value = 1;
    const std::uint64_t ours = huge_kib_mapped();
    if (ours >= 6 * 1024) return 0;
    // Memory may be in pieces: then a plain file gets none either.
    std::error_code error;
    const auto file = furrow::os::create_unnamed("/dev/shm", 0600, error);
    if (error || furrow::os::reserve(file, 8 << 20)) return 77;
    const std::uintptr_t at = furrow::os::map_file(file.get(), 8 << 20, true, 0, error);
    for (std::uintptr_t byte = 0; at != 0 && byte < 8 << 20; byte += 4096)
      *reinterpret_cast<volatile char*>(at + byte) = 1;
    return huge_kib_mapped() >= ours + 6 * 1024 ? 3 : 77;
  });
  if (code == 77) WARN("no right to mount a tmpfs of huge pages: not tried");
  CHECK((code == 0 || code == 77));
}

TEST_CASE("of many who create one name at once, exactly one wins") {
  for (int round = 0; round < 30; ++round) {
    constexpr int rivals = 6;
    furrow::test::Signal start;
    std::vector<pid_t> children;
    for (int i = 0; i < rivals; ++i)
      children.push_back(furrow::test::start_child([&] {
        start.wait();
        try {
          Array<double>::create("race", {1000});
          return 0;
        } catch (const furrow::AlreadyExists&) {
          return 1;
        }
      }));
    start.send(rivals);
    int won = 0;
    int lost = 0;
    for (const pid_t child : children) {
      const int code = furrow::test::wait_for(child);
      won += code == 0;
      lost += code == 1;
    }
    REQUIRE(won == 1);
    REQUIRE(lost == rivals - 1);
    REQUIRE(files_with_prefix() == 1);
    furrow::segment::remove("race");
  }
}

TEST_CASE("memory that is not reserved is taken through the file, or when it is published") {
  CreateOptions later;
  later.publish = false;
  later.reserve = false;
  later.lifetime = furrow::Lifetime::owned;
  {
    const auto x = Array<std::uint8_t>::create("later", {16 << 20}, later);
    const furrow::Segment& segment = *x.segment();
    REQUIRE_FALSE(segment.is_reserved());
    furrow::os::Descriptor file(::dup(segment.descriptor()));
    struct stat s {};
    REQUIRE(::fstat(file.get(), &s) == 0);
    CHECK(s.st_blocks * 512 < 8 << 20);  // header and attributes, in huge pages at most
    const std::string text = "written";
    REQUIRE_FALSE(furrow::os::write_at(file, furrow::segment::header_bytes + 70'000, text.data(),
                                       text.size()));
    x.set_attributes({{"unit", furrow::Attribute::text("m")}});  // its room is there
    {
      furrow::os::set_fault("os.reserve:fail");
      CHECK_THROWS_AS(x.segment()->publish(), furrow::OutOfSpace);
      furrow::os::set_fault("");
      CHECK(files_with_prefix() == 0);
    }
    x.segment()->publish();
    CHECK(segment.is_reserved());
    REQUIRE(::fstat(file.get(), &s) == 0);
    CHECK(s.st_blocks * 512 >= s.st_size);
    const auto same = Array<std::uint8_t>::attach("later");
    CHECK(std::memcmp(same.data() + 70'000, text.data(), text.size()) == 0);
    CHECK(same(0) == 0);
  }
  later.publish = true;  // then it is there at once
  CHECK(Array<std::uint8_t>::create("now", {1 << 20}, later).segment()->is_reserved());
}

TEST_CASE("an array created without a name is seen by nobody until it is published") {
  CreateOptions unseen;
  unseen.publish = false;
  {
    auto x = Array<double>::create("later", {1000}, unseen);
    x(3) = 2.5;
    CHECK(files_with_prefix() == 0);
    CHECK_THROWS_AS(Array<double>::attach("later"), furrow::NotFound);
    x.segment()->publish();
    x.segment()->publish();  // once more is no error
    CHECK(Array<double>::attach("later")(3) == 2.5);
  }
  { auto never = Array<double>::create("never", {1000}, unseen); }
  CHECK(files_with_prefix() == 1);
  auto second = Array<double>::create("later", {5}, unseen);  // the name may be taken meanwhile
  CHECK_THROWS_AS(second.segment()->publish(), furrow::AlreadyExists);
  {
    const auto held = Array<double>::attach("later");
    CHECK_THROWS_AS(second.segment()->publish(true), furrow::InUse);
  }
  second.segment()->publish(true);
  CHECK(Array<double>::attach("later").size() == 5);
  second = {};
  furrow::segment::remove("later");
}
