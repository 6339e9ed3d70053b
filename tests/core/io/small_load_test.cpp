// Small datasets: one question to one worker, and the elements are read where the caller waits.
#include <catch2/catch.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>

#include "io_support.hpp"
#include "save_support.hpp"
#include "tools_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace furrow::test {
namespace {

std::uint64_t tiles_of(const Engine& engine) {
  std::uint64_t tiles = 0;
  for (const WorkerInfo& worker : engine.worker_info()) tiles += worker.tiles;
  return tiles;
}

hdf5::LoadOptions owned() {
  hdf5::LoadOptions options;
  options.create.lifetime = Lifetime::owned;
  return options;
}

}  // namespace

TEST_CASE("a small load without filters asks one worker once", "[hdf5][small]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  REQUIRE(run_tools_peer("small " + file).output.empty());
  Engine engine(workers_of(2));
  for (const std::string name : {"contiguous", "chunks", "edges", "big", "holes"}) {
    CAPTURE(name);
    const std::uint64_t before = tiles_of(engine);
    hdf5::LoadReport report;
    const AnyArray x = hdf5::load(engine, file, name, "x", owned(), &report);
    CHECK(tiles_of(engine) - before == 1);
    CHECK(report.road == (name == "contiguous" ? "contiguous" : "chunks"));
    CHECK((dense_bytes(x) == read_here(file, name).bytes));
  }
}

TEST_CASE("a dataset is asked about once, until its file changes", "[hdf5][small]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  REQUIRE(run_tools_peer("small " + file).output.empty());
  set_age(file, std::chrono::seconds(10));
  Engine engine(workers_of(1));
  for (const std::string name : {"contiguous", "chunks"}) {
    CAPTURE(name);
    const AnyArray first = hdf5::load(engine, file, name, "first", owned());
    const std::uint64_t before = tiles_of(engine);
    const AnyArray second = hdf5::load(engine, file, name, "second", owned());
    hdf5::load(engine, file, name, first);
    CHECK(tiles_of(engine) == before);
    CHECK((dense_bytes(first) == read_here(file, name).bytes));
    CHECK((dense_bytes(second) == read_here(file, name).bytes));
  }
  REQUIRE(run_tools_peer("small_changed " + file).output.empty());
  for (const std::string name : {"contiguous", "chunks"}) {
    CAPTURE(name);
    const AnyArray x = hdf5::load(engine, file, name, "x", owned());
    CHECK((dense_bytes(x) == read_here(file, name).bytes));
    CHECK(x.attributes().size() == (name == "chunks" ? 1u : 0u));
  }
  std::filesystem::remove(file);
  CHECK_THROWS_AS(hdf5::load(engine, file, "chunks", "x", owned()), NotFound);
}

TEST_CASE("files that change within one tick of the clock are read as they are", "[hdf5][small]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  Engine engine(workers_of(1));
  std::vector<std::byte> versions[2];
  for (const std::string kind : {"small_retyped", "small_behind"}) {
    REQUIRE(run_tools_peer(kind + " " + file).output.empty());
    versions[kind == "small_behind" ? 1 : 0] = file_bytes(file);
  }
  // Of one size, in one inode, at one time: nothing tells them apart from outside.
  for (std::vector<std::byte>& version : versions) version.resize(std::size_t{16} << 10);
  bool right = true;
  const auto tick = std::filesystem::file_time_type::clock::now() + std::chrono::seconds(10);
  for (int i = 0; i < 20 && right; ++i) {
    write_file(file, versions[i % 2]);
    std::filesystem::last_write_time(file, tick);
    const AnyArray x = hdf5::load(engine, file, "x", "x", owned());
    right = i % 2 == 0 ? x.dtype() == Dtype::i64 && x.shape() == Shape{100}
                       : x.dtype() == Dtype::f64 && x.shape() == Shape{6, 10};
  }
  CHECK(right);
}

TEST_CASE("parts of small datasets in chunks", "[hdf5][small]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  REQUIRE(run_tools_peer("small " + file).output.empty());
  Engine engine(workers_of(1));
  for (const std::string name : {"chunks", "edges", "big", "holes"}) {
    CAPTURE(name);
    const AnyArray all = hdf5::load(engine, file, name, "all", owned());
    const auto element = [](const AnyArray& a, std::int64_t i, std::int64_t j) {
      return static_cast<const double*>(a.data())[i * a.strides()[0] + j * a.strides()[1]];
    };
    hdf5::LoadOptions options = owned();
    options.select = {{3, 29, 5}, {1, 20, 3}};
    const AnyArray some = hdf5::load(engine, file, name, "some", options);
    REQUIRE(some.shape() == Shape{6, 7});
    options = owned();
    options.row_list = std::vector<std::int64_t>{28, 0, 7, 7, 29, 8};
    const AnyArray listed = hdf5::load(engine, file, name, "listed", options);
    bool same = true;
    for (std::int64_t i = 0; i < 6; ++i) {
      for (std::int64_t j = 0; j < 7; ++j) {
        same = same && element(some, i, j) == element(all, 3 + 5 * i, 1 + 3 * j);
        const std::int64_t row = (*options.row_list)[static_cast<std::size_t>(i)];
        same = same && element(listed, i, j) == element(all, row, j);
      }
    }
    CHECK(same);
  }
}

TEST_CASE("small chunks behind a user's block, and chunks that the file does not hold",
          "[hdf5][small][damaged]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  REQUIRE(run_tools_peer("small_behind " + file).output.empty());
  Engine engine(workers_of(1));
  const AnyArray x = hdf5::load(engine, file, "x", "x", owned());
  CHECK((dense_bytes(x) == read_here(file, "x").bytes));
  REQUIRE(run_tools_peer("small " + file).output.empty());
  std::vector<std::byte> cut = file_bytes(file);
  cut.resize(cut.size() - 300);
  write_file(file, cut);
  CHECK_THAT(error_of([&] { hdf5::load(engine, file, "chunks", "y", owned()); }),
             StartsWith("Corrupt") || Contains("truncated") || StartsWith("IoError"));
}

}  // namespace furrow::test
