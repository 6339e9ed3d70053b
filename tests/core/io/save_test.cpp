// Saves: what else a file holds stays, chunks, slices, full disks, folders that may not be written.
#include <catch2/catch.hpp>

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>

#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/blocks.hpp>
#include <furrow/io/hdf5/chunks.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/os/fault.hpp>

#include "io_support.hpp"

namespace furrow::test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

/// Runs a command with a small file system of its own at `at`; 77 when that is not allowed here.
Ran run_on_small_disk(const std::string& at, const std::string& options,
                      const std::string& command) {
  const std::string unshare = ::geteuid() == 0 ? "unshare -m " : "unshare -rm ";
  if (run_program(unshare + "true").code != 0) return {77, ""};
  return run_program(unshare + "sh -c 'mount -t tmpfs -o " + options + " none " + at +
                     " || exit 77; " + command + "'");
}

}  // namespace

TEST_CASE("adding to a file keeps what it holds", "[hdf5][save]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  REQUIRE(run_peer("write " + file).code == 0);
  const Content before = read_here(file, "/gzip/f32");
  hdf5::save(pattern_array("x", Dtype::u16, {40}), file, "/new/group/x");
  CHECK(read_here(file, "/new/group/x").bytes == pattern(Dtype::u16, 40));
  CHECK(read_here(file, "/gzip/f32").bytes == before.bytes);
  CHECK(read_here(file, "/attributes").attributes.size() > 30);
  hdf5::SaveOptions replace;
  replace.replace = true;
  hdf5::save(pattern_array("x", Dtype::f64, {5, 2}), file, "/gzip/f32", replace);
  CHECK(read_here(file, "/gzip/f32").dtype == Dtype::f64);
  CHECK(read_here(file, "/new/group/x").bytes == pattern(Dtype::u16, 40));
  CHECK(folder.names() == "f.h5");
}

TEST_CASE("a file does not grow when a dataset is replaced by its like", "[hdf5][save]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  for (const int gzip : {0, 1}) {
    std::size_t bytes = 0;
    for (int i = 0; i < 5; ++i) {
      hdf5::save(pattern_array("x", Dtype::f64, {50'000}), file, "x",
                 {.gzip = gzip, .replace = true});
      // The second one may need room beside the first.
      if (i == 1) bytes = file_bytes(file).size();
    }
    CHECK(file_bytes(file).size() == bytes);
    fs::remove(file);
  }
}

TEST_CASE("equal arrays make equal files", "[hdf5][save]") {
  const Folder folder;
  for (const char* name : {"a.h5", "b.h5"}) {
    hdf5::save(pattern_array("x", Dtype::f64, {100, 3}), folder / name, "x", {.gzip = 3});
  }
  CHECK(file_bytes(folder / "a.h5") == file_bytes(folder / "b.h5"));
}

TEST_CASE("slices with any strides are saved in their own order", "[hdf5][save]") {
  const Folder folder;
  const AnyArray x = pattern_array("x", Dtype::i64, {6, 5});
  const AnyArray slices[] = {x.transpose(),   x.slice(0, {{}, {}, -1}),
                             x.columns(1, 4), x.rows(2, 5),
                             x.at(1, 3),      x.slice(1, {4, 0, -2}).transpose()};
  for (const AnyArray& slice : slices) {
    for (const int gzip : {0, 2}) {
      hdf5::save(slice, folder / "s.h5", "x", {.gzip = gzip, .replace = true});
      const Content content = read_here(folder / "s.h5", "x");
      REQUIRE(content.shape == slice.shape());
      std::vector<std::byte> wanted(slice.bytes());
      hdf5::copy_box(slice.shape(), 8, slice.data(), slice.strides(), wanted.data(),
                     c_strides(slice.shape()));
      CHECK(content.bytes == wanted);
    }
  }
}

TEST_CASE("chunks: given, chosen, too large, of the wrong rank", "[hdf5][save]") {
  CHECK(hdf5::choose_chunk({8192, 8192}, 8) == Extents{16, 8192});
  CHECK(hdf5::choose_chunk({10, 4'000'000}, 8) == Extents{4, 32'768});
  CHECK(hdf5::choose_chunk({1, 4'000'000}, 8) == Extents{1, 131'072});
  CHECK(hdf5::choose_chunk({100, 512, 512}, 8) == Extents{4, 64, 512});
  CHECK(hdf5::choose_chunk({1'000'000}, 8) == Extents{125'000});  // 8 even ones
  CHECK(hdf5::choose_chunk({100'000'000}, 8) == Extents{131'072});
  CHECK(hdf5::choose_chunk({5}, 8, true) == Extents{8192});
  CHECK(hdf5::choose_chunk({0, 3}, 4, true) == Extents{5461, 3});
  CHECK(hdf5::choose_chunk({3, 0}, 8) == Extents{3, 1});
  CHECK(hdf5::choose_chunk({}, 8) == Extents{});
  const Folder folder;
  const AnyArray x = pattern_array("x", Dtype::f32, {10, 6});
  const auto save_with = [&](const Extents& chunk, int gzip) {
    return error_of([&] {
      hdf5::save(x, folder / "c.h5", "x", {.gzip = gzip, .chunk = chunk, .replace = true});
    });
  };
  CHECK(save_with({4, 4}, 0).empty());
  CHECK(read_here(folder / "c.h5", "x").chunked);
  CHECK(read_here(folder / "c.h5", "x").filtered);  // a checksum
  CHECK(save_with({400, 400}, 0).empty());
  CHECK(read_here(folder / "c.h5", "x").bytes == pattern(Dtype::f32, 60));
  CHECK_THAT(save_with({4}, 0), StartsWith("ShapeMismatch") && Contains("(10, 6)"));
  CHECK_THAT(save_with({4, 0}, 0), StartsWith("InvalidArgument"));
  CHECK_THAT(save_with({}, 10), StartsWith("InvalidArgument") && Contains("10"));
  // gzip of what has no chunks: stored plain, not refused.
  hdf5::save(pattern_array("s", Dtype::f64, {}), folder / "c.h5", "scalar", {.gzip = 9});
  hdf5::save(pattern_array("s", Dtype::f64, {0, 4}), folder / "c.h5", "nothing", {.gzip = 9});
  CHECK(read_here(folder / "c.h5", "nothing").shape == Shape{0, 4});
}

TEST_CASE("a name that is taken, a path through a dataset, a file that is no HDF5",
          "[hdf5][save]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  const AnyArray x = pattern_array("x", Dtype::f64, {3});
  const auto save_to = [&](const std::string& to, const std::string& dataset, bool replace) {
    return error_of([&] { hdf5::save(x, to, dataset, {.replace = replace}); });
  };
  REQUIRE(save_to(file, "/g/x", false).empty());
  const auto before = file_bytes(file);
  CHECK_THAT(save_to(file, "g//x/", false), StartsWith("AlreadyExists") && Contains("/g/x"));
  CHECK_THAT(save_to(file, "/g", true), StartsWith("AlreadyExists") && Contains("group"));
  CHECK_THAT(save_to(file, "/g/x/y", true), StartsWith("AlreadyExists") && Contains("no group"));
  CHECK_THAT(save_to(file, "/", true), StartsWith("InvalidArgument"));
  CHECK_THAT(save_to(folder.path(), "x", true), StartsWith("InvalidArgument"));
  CHECK_THAT(save_to(folder / "no/f.h5", "x", true), StartsWith("NotFound"));
  CHECK(file_bytes(file) == before);
  write_file(folder / "text.h5", pattern(Dtype::u8, 5000));
  CHECK_THAT(save_to(folder / "text.h5", "x", true), StartsWith("Corrupt"));
  CHECK(file_bytes(folder / "text.h5") == pattern(Dtype::u8, 5000));
  auto cut = before;
  cut.resize(cut.size() / 2);
  write_file(folder / "cut.h5", cut);
  CHECK_THAT(save_to(folder / "cut.h5", "y", true), StartsWith("Corrupt") && Contains("cut short"));
  CHECK(file_bytes(folder / "cut.h5") == cut);
  write_file(folder / "empty.h5", {});
  CHECK(save_to(folder / "empty.h5", "x", false).empty());
  CHECK(folder.names() == "cut.h5 empty.h5 f.h5 text.h5");
}

TEST_CASE("a full disk: the old file whole, a clear error, nothing left", "[hdf5][save]") {
  const Folder folder;
  const std::string disk = folder / "disk";
  fs::create_directory(disk);
  const std::string saver = FURROW_IO_SAVER;
  const std::string file = disk + "/f.h5";
  for (const int gzip : {0, 1}) {
    CAPTURE(gzip);
    const std::string again = saver + " " + file + " y 5 400000 " + std::to_string(gzip);
    // gzip with values that shrink little; the second save needs more than is left.
    const Ran ran = run_on_small_disk(
        disk, "size=1m",
        saver + " " + file + " x 1 1000 0 || exit 3; sum=$(md5sum < " + file + "); " + again +
            "; test $? = 1 || exit 4; test \"$sum\" = \"$(md5sum < " + file + ")\" || exit 5; " +
            "ls -A " + disk + "; " + saver + " " + file + " z 1 1000 0 || exit 6");
    if (ran.code == 77) {
      WARN("skipped: no file system may be mounted here");
      return;
    }
    INFO(ran.output);
    CHECK(ran.code == 0);
    CHECK_THAT(ran.output, Contains("no room on the disk") || Contains("No space left"));
    CHECK_THAT(ran.output,
               Contains("\nf.h5\n") && !Contains("furrow-save") && !Contains("still open"));
  }
}

TEST_CASE("a disk that is full from any write on", "[hdf5][save][faults]") {
  const AnyArray x = pattern_array("x", Dtype::f64, {50'000});
  Attributes attributes;
  attributes["text"] = Attribute::text("in a heap of its own");
  for (const bool exists : {false, true}) {
    for (const int gzip : {0, 1}) {
      int failures = 0;
      for (int nth = 1; nth < 60; ++nth, ++failures) {
        CAPTURE(exists, gzip, nth);
        const Folder folder;
        const std::string file = folder / "f.h5";
        if (exists) hdf5::save(x, file, "old", {.gzip = 1});
        const auto before = file_bytes(file);
        os::set_fault("io.save.pwrite:fail:" + std::to_string(nth));
        const std::string error = error_of(
            [&] { hdf5::save(x, file, "/g/new", {.gzip = gzip, .attributes = attributes}); });
        os::set_fault("");
        // The library holds nothing: it would crash at the end of the process.
        REQUIRE(H5Fget_obj_count(hid_t{H5F_OBJ_ALL}, H5F_OBJ_ALL) == 0);
        if (error.empty()) break;
        CHECK_THAT(error, StartsWith("OutOfSpace") && Contains("bytes in") &&
                              Contains("were free") &&
                              Contains(exists ? "the old file is unchanged" : "nothing was saved"));
        CHECK(file_bytes(file) == before);
        CHECK(folder.names() == (exists ? "f.h5" : ""));
      }
      CHECK(failures > 3);
    }
  }
}

TEST_CASE("an append without room says how much it needs", "[hdf5][save][faults]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  const AnyArray x = pattern_array("x", Dtype::f64, {50'000});
  hdf5::save(x, file, "x", {.growable = true});
  const std::string bytes = std::to_string(fs::file_size(file));
  os::set_fault("io.save.pwrite:fail:1");
  const std::string error = error_of([&] { hdf5::append(x, file, "x"); });
  os::set_fault("");
  CHECK_THAT(error, StartsWith("OutOfSpace") && Contains("it needs " + bytes + " bytes in") &&
                        Contains("and room for what is new besides"));
}

TEST_CASE("a disk that is mounted read-only", "[hdf5][save]") {
  const Folder folder;
  const std::string disk = folder / "disk";
  fs::create_directory(disk);
  const std::string saver = FURROW_IO_SAVER;
  const Ran ran =
      run_on_small_disk(disk, "size=1m,ro", saver + " " + disk + "/f.h5 x 1 10; test $? = 1");
  if (ran.code == 77) {
    WARN("skipped: no file system may be mounted here");
    return;
  }
  INFO(ran.output);
  CHECK(ran.code == 0);
  CHECK_THAT(ran.output, Contains("Read-only file system") && Contains("has to be writable"));
}

TEST_CASE("a folder whose permissions forbid it", "[hdf5][save]") {
  if (::geteuid() == 0) {
    WARN("skipped: root ignores permissions");
    return;
  }
  const Folder folder;
  const std::string inner = folder / "inner";
  fs::create_directory(inner);
  fs::permissions(inner, fs::perms::owner_read | fs::perms::owner_exec);
  const AnyArray x = pattern_array("x", Dtype::f64, {3});
  CHECK_THAT(error_of([&] { hdf5::save(x, inner + "/f.h5", "x"); }),
             StartsWith("PermissionDenied"));
  fs::permissions(inner, fs::perms::owner_all);
  CHECK(fs::is_empty(inner));
}

TEST_CASE("savers of one file, all at once, lose nothing", "[hdf5][save]") {
  const Folder folder;
  std::string command;
  for (int i = 0; i < 8; ++i) {
    command += std::string(FURROW_IO_SAVER) + " " + (folder / "f.h5") + " d" + std::to_string(i) +
               " " + std::to_string(i) + " 5000 1 & ";
  }
  const Ran ran = run_program(command + "wait");
  CHECK(ran.output.empty());
  for (int i = 0; i < 8; ++i) {
    const Content content = read_here(folder / "f.h5", "d" + std::to_string(i));
    double first = 0;
    REQUIRE(content.bytes.size() == 40'000);
    std::memcpy(&first, content.bytes.data(), sizeof first);
    CHECK(first == i + 1);
  }
  CHECK(folder.names() == "f.h5");
}

}  // namespace furrow::test
