// What is said about files and datasets that cannot be read.
#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>
#include <string>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5_inspect.hpp>
#include <furrow/io/npy.hpp>

#include "io_support.hpp"
#include "tools_support.hpp"

namespace furrow::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

std::string reading(const std::string& file, const std::string& dataset) {
  return error_of([&] { read_here(file, dataset); });
}

}  // namespace

TEST_CASE("no such file, no such dataset, a group, a folder", "[hdf5][errors]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  hdf5::save(pattern_array("x", Dtype::f64, {3}), file, "/g/x");
  CHECK_THAT(reading(folder / "none.h5", "x"), StartsWith("NotFound") && Contains("none.h5"));
  CHECK_THAT(reading(file, "/g/y"), StartsWith("NotFound") && Contains("the file holds /g/x"));
  CHECK_THAT(reading(file, "g"), StartsWith("NotFound") && Contains("it is a group"));
  CHECK_THAT(reading(file, "g/x/y"), StartsWith("NotFound") && Contains("\"/g/x\" is no group"));
  CHECK_THAT(reading(file, "//"), StartsWith("InvalidArgument"));
  CHECK_THAT(reading(folder.path(), "x"), StartsWith("InvalidArgument") && Contains("folder"));
  CHECK_THAT(reading("/dev/null", "x"), StartsWith("InvalidArgument"));
}

TEST_CASE("a list of what is there stops in time", "[hdf5][errors]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  for (int i = 0; i < 12; ++i) {
    hdf5::save(pattern_array("x", Dtype::u8, {1}), file, "d" + std::to_string(10 + i));
  }
  CHECK_THAT(reading(file, "x"), Contains("/d10, /d11") && Contains(", …") && !Contains("/d21"));
}

TEST_CASE("no HDF5, cut short, empty, locked", "[hdf5][errors]") {
  const Folder folder;
  write_file(folder / "text.h5", pattern(Dtype::u8, 3000));
  CHECK_THAT(reading(folder / "text.h5", "x"), StartsWith("Corrupt") && Contains("no HDF5 file"));
  write_file(folder / "empty.h5", {});
  CHECK_THAT(reading(folder / "empty.h5", "x"), StartsWith("Corrupt"));
  hdf5::save(pattern_array("x", Dtype::f64, {1000}), folder / "f.h5", "x");
  auto bytes = file_bytes(folder / "f.h5");
  for (const std::size_t keep : {bytes.size() - 1, bytes.size() / 2, std::size_t{100}}) {
    bytes.resize(keep);
    write_file(folder / "cut.h5", bytes);
    CAPTURE(keep);
    CHECK_THAT(reading(folder / "cut.h5", "x"), StartsWith("Corrupt"));
  }
  const std::string script =
      "import h5py,sys;f=h5py.File(sys.argv[1],'r+');print('held',flush=True);"
      "import os;os.system(sys.argv[2])";
  const Ran ran =
      run_program(std::string(FURROW_PYTHON) + " -c \"" + script + "\" " + (folder / "f.h5") +
                  " '" + FURROW_IO_SAVER + " " + (folder / "f.h5") + " y 1 10'");
  CHECK_THAT(ran.output, Contains("held") && Contains("open for writing"));
}

TEST_CASE("a file that may not be read", "[hdf5][errors]") {
  if (::geteuid() == 0) {
    WARN("skipped: root may read everything");
    return;
  }
  const Folder folder;
  hdf5::save(pattern_array("x", Dtype::f64, {3}), folder / "f.h5", "x");
  std::filesystem::permissions(folder / "f.h5", std::filesystem::perms::none);
  CHECK_THAT(reading(folder / "f.h5", "x"), StartsWith("PermissionDenied"));
}

TEST_CASE("the library's own printing of errors is left as it was", "[hdf5][errors]") {
  H5E_auto2_t before = nullptr;
  void* data = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &before, &data);
  REQUIRE(before != nullptr);
  CHECK_FALSE(reading("/nowhere.h5", "x").empty());
  const Folder folder;
  CHECK_FALSE(error_of([&] {
                hdf5::save(pattern_array("x", Dtype::f64, {3}), folder / "no/f.h5", "x");
              }).empty());
  H5E_auto2_t after = nullptr;
  H5Eget_auto2(H5E_DEFAULT, &after, &data);
  CHECK(after == before);
}

TEST_CASE("an empty file name is refused in furrow's own words", "[hdf5]") {
  Engine engine({.workers = 1});
  const auto x = Array<double>::create("x", {3}, {.lifetime = Lifetime::owned});
  const std::string none;
  for (const std::string& error : {
           error_of([&] { hdf5::load(engine, none, "/x", "y"); }),
           error_of([&] { hdf5::info(engine, none, "/x"); }),
           error_of([&] { hdf5::save(engine, x, none, "/x"); }),
           error_of([&] { hdf5::save(x, none, "/x"); }),
           error_of([&] { hdf5::append(engine, x, none, "/x"); }),
           error_of([&] { hdf5::list(engine, none); }),
           error_of([&] { hdf5::inspect(engine, none, "/"); }),
           error_of([&] { hdf5::verify(engine, none); }),
           error_of([&] { npy::save(engine, x, none); }),
       }) {
    CHECK_THAT(error, Contains("InvalidArgument") && Contains("empty"));
  }
}

TEST_CASE("what cannot be loaded or appended to is called by its name", "[hdf5][errors]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  REQUIRE(run_tools_peer("unloadable " + file).output.empty());
  Engine engine({.workers = 1});
  const AnyArray rows = pattern_array("rows", Dtype::f64, {10});
  const std::string before = error_of([&] { hdf5::append(engine, rows, file, "/lzf"); });
  CHECK_THAT(before, Contains("lzf") && Contains("plugin") && Contains("gzip"));
  CHECK(read_here(file, "/plain").shape == Shape{100});
  CHECK_THAT(error_of([&] { hdf5::append(engine, rows, file, "/bf16"); }),
             Contains("TypeMismatch") && Contains("bfloat16"));
  hdf5::LoadOptions twice;
  twice.rows = hdf5::RowRange{0, 5, 1};
  twice.row_list = std::vector<std::int64_t>{1};
  CHECK_THAT(error_of([&] { hdf5::load(engine, file, "/plain", "x", twice); }),
             Contains("InvalidArgument") && Contains("--take"));
}

}  // namespace furrow::test
