// Loads by workers: the same elements for any number of them, with one killed on the way, and
// nothing left of a load that fails.
#include <signal.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/blocks.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/segment/segment.hpp>

#include "io_support.hpp"
#include "save_support.hpp"

namespace furrow::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

hdf5::LoadOptions owned() {
  hdf5::LoadOptions options;
  options.create.lifetime = Lifetime::owned;
  return options;
}

std::string arrays_there() {
  std::string names;
  for (const segment::Info& info : segment::list()) {
    if (info.kind == segment::Kind::array) names += info.name + " ";
  }
  return names;
}

/// About 10 MiB in ten blocks, gzipped.
std::vector<std::byte> save_large(const std::string& file) {
  const AnyArray x = pattern_array("large", Dtype::f64, {1310, 1000});
  hdf5::SaveOptions options;
  options.gzip = 1;
  options.chunk = {16, 1000};
  hdf5::save(x, file, "x", options);
  return pattern(Dtype::f64, 1'310'000);
}

}  // namespace

TEST_CASE("every dtype and rank is loaded by 1, 2 and 3 workers", "[hdf5][load]") {
  const Folder folder;
  const std::string file = folder / "peer.h5";
  REQUIRE(run_peer("write " + file).code == 0);
  for (const std::size_t workers : {1, 2, 3}) {
    Engine engine(workers_of(workers));
    for (const Dtype dtype : all_dtypes) {
      const std::string name(dtype_name(dtype));
      CAPTURE(workers, name);
      CHECK(holds(hdf5::load(engine, file, "/gzip/" + name, "x", owned()), pattern(dtype, 7000)));
      for (std::size_t i = 0; i < all_shapes().size(); ++i) {
        // All ranks of one dtype, and one rank of all.
        if (dtype != Dtype::f32 && i != workers) continue;
        const std::string path = "/be/" + name + "/r" + std::to_string(i);
        const AnyArray x = hdf5::load(engine, file, path, "x", owned());
        CHECK(x.dtype() == dtype);
        CHECK(x.shape() == all_shapes()[i]);
        CHECK(holds(x, pattern(dtype, size_of(all_shapes()[i]))));
      }
    }
  }
}

TEST_CASE("row ranges, at chunk borders and beside them", "[hdf5][load]") {
  const Folder folder;
  const std::string file = folder / "rows.h5";
  const AnyArray x = pattern_array("whole", Dtype::i32, {1000, 7});
  hdf5::save(x, file, "plain");
  hdf5::save(x, file, "rows", {.gzip = 1, .chunk = {64, 7}});
  hdf5::save(x, file, "tiles", {.gzip = 1, .chunk = {100, 3}});
  hdf5::save(x, file, "columns", {.gzip = 1, .chunk = {1000, 1}});
  Engine engine(workers_of(2));
  const hdf5::RowRange ranges[] = {{0, 1000}, {0, 0},    {1000, 1000}, {0, 1},   {999, 1000},
                                   {64, 128}, {63, 129}, {65, 127},    {1, 999}, {100, 300}};
  const std::vector<std::byte> bytes = pattern(Dtype::i32, 7000);
  for (const char* dataset : {"plain", "rows", "tiles", "columns"}) {
    for (const hdf5::RowRange& rows : ranges) {
      CAPTURE(dataset, rows.begin, rows.end);
      hdf5::LoadOptions options = owned();
      options.rows = rows;
      const AnyArray part = hdf5::load(engine, file, dataset, "part", options);
      REQUIRE(part.shape() == Shape{rows.end - rows.begin, 7});
      CHECK(holds(part, {bytes.begin() + rows.begin * 28, bytes.begin() + rows.end * 28}));
    }
  }
  for (const hdf5::RowRange& rows : {hdf5::RowRange{0, 1001}, {-1, 5}, {7, 6}}) {
    hdf5::LoadOptions options = owned();
    options.rows = rows;
    CHECK_THAT(error_of([&] { hdf5::load(engine, file, "rows", "part", options); }),
               StartsWith("ShapeMismatch") && Contains("0:1000"));
  }
  CHECK(arrays_there() == "whole ");
}

TEST_CASE("into an array that exists, with any strides", "[hdf5][load]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  for (const Dtype dtype : {Dtype::bool_, Dtype::f64}) {
    const std::string path(dtype_name(dtype));
    hdf5::save(pattern_array("source", dtype, {50, 6}), file, path, {.gzip = 1, .chunk = {7, 4}});
    Engine engine(workers_of(2));
    const AnyArray big = pattern_array("big", dtype, {100, 12});
    const AnyArray slices[] = {big.rows(3, 53).columns(2, 8),
                               big.slice(0, {98, {}, -2}).rows(0, 50).columns(0, 6)};
    for (const AnyArray& slice : slices) {
      std::memset(big.data(), 0, big.bytes());
      hdf5::load(engine, file, path, slice);
      const AnyArray copy = pattern_array("copy", dtype, {50, 6});
      std::memset(copy.data(), 0, copy.bytes());
      hdf5::copy_box(slice.shape(), item_bytes(dtype), slice.data(), slice.strides(), copy.data(),
                     copy.strides());
      CHECK(holds(copy, pattern(dtype, 300)));
    }
    CHECK_THAT(error_of([&] { hdf5::load(engine, file, path, big); }),
               StartsWith("ShapeMismatch") && Contains("(50, 6)"));
    const AnyArray other = pattern_array("other", Dtype::u8, {50, 6});
    CHECK_THAT(error_of([&] { hdf5::load(engine, file, path, other); }),
               StartsWith("TypeMismatch"));
  }
}

TEST_CASE("attributes, types and names", "[hdf5][load]") {
  const Folder folder;
  const std::string file = folder / "peer.h5";
  REQUIRE(run_peer("write " + file).code == 0);
  Engine engine(workers_of(2));
  hdf5::LoadReport report;
  const auto x = hdf5::load<double>(engine, file, "attributes", "x", owned(), &report);
  CHECK(x.attributes() == read_here(file, "attributes").attributes);
  CHECK(report.skipped_attributes ==
        std::vector<std::string>{"compound", "null", "reference", "table"});
  CHECK(report.road == "contiguous");
  const hdf5::DatasetInfo info = hdf5::info(engine, file, "/gzip/f32");
  CHECK((info.dtype == Dtype::f32 && info.shape == Shape{1000, 7} && info.compressed));
  CHECK(info.chunk == Extents{64, 3});
  CHECK_THAT(error_of([&] { hdf5::load<float>(engine, file, "attributes", "y", owned()); }),
             StartsWith("TypeMismatch") && Contains("f64") && Contains("f32"));
  CHECK_THAT(error_of([&] { hdf5::load(engine, file, "/pairs", "x", owned()); }),
             StartsWith("AlreadyExists"));
  CHECK_THAT(error_of([&] { hdf5::load(engine, file, "/none", "y", owned()); }),
             StartsWith("NotFound"));
  CHECK_THAT(error_of([&] { hdf5::load(engine, file, "/refuse/compound", "y", owned()); }),
             StartsWith("TypeMismatch") && Contains("x, y, z"));
  CHECK_THAT(error_of([&] { hdf5::load(engine, folder / "none.h5", "/x", "y", owned()); }),
             StartsWith("NotFound"));
  CHECK_THAT(error_of([&] { hdf5::load(engine, file, "/pairs", "bad name", owned()); }),
             StartsWith("InvalidArgument"));
  hdf5::LoadOptions replace = owned();
  replace.replace = true;
  CHECK_THAT(error_of([&] { hdf5::load(engine, file, "/pairs", "x", replace); }),
             StartsWith("InUse"));
  CHECK(arrays_there() == "x ");
  hdf5::load(engine, file, "/pairs", "kept");
  hdf5::load(engine, file, "/gzip/i8", "kept", {.replace = true});
  CHECK(AnyArray::attach("kept").dtype() == Dtype::i8);
  segment::remove("kept");
}

TEST_CASE("a worker killed while it reads costs nothing", "[hdf5][load][faults]") {
  const Folder folder;
  const std::vector<std::byte> bytes = save_large(folder / "f.h5");
  set_age(folder / "f.h5", -std::chrono::hours(1));  // each load asks what the file holds
  for (const char* point :
       {"io.load.inspect", "io.load.block", "io.load.decode", "io.load.write", "io.load.placed"}) {
    for (const std::size_t workers : {1, 2, 3}) {
      CAPTURE(point, workers);
      write_file(folder / "once", {});
      const WorkerFaults faults(std::string(point) + ":kill:1:" + (folder / "once"));
      Engine engine(workers_of(workers));
      hdf5::LoadReport report;
      const AnyArray x = hdf5::load(engine, folder / "f.h5", "x", "x", owned(), &report);
      CHECK(holds(x, bytes));
      CHECK(report.blocks >= 9);
      CHECK_FALSE(std::filesystem::exists(folder / "once"));  // somebody was killed
    }
  }
}

TEST_CASE("a worker killed in the middle of a chunk costs nothing", "[hdf5][load][faults]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  const AnyArray x = pattern_array("from", Dtype::f64, {640, 1000});
  hdf5::save(x, file, "rows", {.gzip = 1, .chunk = {16, 1000}});
  hdf5::save(x, file, "tiles", {.gzip = 1, .chunk = {64, 600}});
  hdf5::save(x, file, "contiguous");
  const std::vector<std::byte> bytes = pattern(Dtype::f64, 640'000);
  const AnyArray there = pattern_array("there", Dtype::f64, {640, 1000});
  for (const char* dataset : {"rows", "tiles", "contiguous"}) {
    for (const char* point : {"io.load.decode", "io.load.write", "io.load.placed"}) {
      const bool is_contiguous = std::string(dataset) == "contiguous";
      const bool is_decode = std::string(point) == "io.load.decode";
      const bool is_write = std::string(point) == "io.load.write";
      for (const char* nth : {"1", "2"}) {
        for (const bool exists : {false, true}) {
          CAPTURE(dataset, point, nth, exists);
          if (is_contiguous && is_decode) continue;
          if (is_write && exists) continue;
          write_file(folder / "once", {});
          const WorkerFaults faults(std::string(point) + ":kill:" + nth + ":" + (folder / "once"));
          Engine engine(workers_of(2));
          if (exists) {
            std::memset(there.data(), 0xEE, there.bytes());
            hdf5::load(engine, file, dataset, there);
            CHECK(holds(there, bytes));
          } else {
            CHECK(holds(hdf5::load(engine, file, dataset, "x", owned()), bytes));
          }
          CHECK_FALSE(std::filesystem::exists(folder / "once"));
        }
      }
    }
  }
}

TEST_CASE("memory that runs out in the middle of a load is an error", "[hdf5][load][faults]") {
  const Folder folder;
  save_large(folder / "f.h5");
  const WorkerFaults faults("io.load.write:fail:3");
  Engine engine(workers_of(2));
  CHECK_THAT(error_of([&] { hdf5::load(engine, folder / "f.h5", "x", "x", owned()); }),
             StartsWith("OutOfSpace"));
  CHECK(arrays_there().empty());
}

TEST_CASE("a library that hangs is ended by the deadline", "[hdf5][load][faults]") {
  const Folder folder;
  save_large(folder / "f.h5");
  for (const char* point : {"io.load.inspect:stop", "io.load.block:stop"}) {
    CAPTURE(point);
    write_file(folder / "once", {});
    const WorkerFaults faults(std::string(point) + ":1:" + (folder / "once"));
    Engine engine(workers_of(2));
    hdf5::LoadOptions options = owned();
    options.job.deadline_ns = 1'000'000'000;
    const auto load = [&] { hdf5::load(engine, folder / "f.h5", "x", "x", options); };
    const std::string error = error_of(load);
    CHECK_THAT(error, StartsWith("Timeout"));
    CHECK(arrays_there().empty());
    options.job.deadline_ns = 0;
    CHECK(error_of(load).empty());  // the worker that was stopped has been replaced
  }
}

TEST_CASE("a loaded array appears with all its rows, or not at all", "[hdf5][load][faults]") {
  const Folder folder;
  const std::vector<std::byte> bytes = save_large(folder / "f.h5");
  write_file(folder / "once", {});
  const WorkerFaults faults("io.load.block:stop:2:" + (folder / "once"));
  Engine engine(workers_of(1));
  AnyArray x;
  std::thread loader([&] { x = hdf5::load(engine, folder / "f.h5", "x", "x", owned()); });
  while (std::filesystem::exists(folder / "once")) std::this_thread::yield();
  // The worker is stopped in the middle of the load.
  CHECK_THROWS_AS(segment::info("x"), NotFound);
  CHECK_THROWS_AS(AnyArray::attach("x"), NotFound);
  ::kill(static_cast<pid_t>(engine.worker_info()[0].pid), SIGCONT);
  loader.join();
  CHECK(holds(x, bytes));
  CHECK(AnyArray::attach("x").size() == x.size());
  CHECK_THROWS_AS(hdf5::load(engine, folder / "f.h5", "x", "x", owned()), AlreadyExists);
}

TEST_CASE("a file that kills every worker ends the load, not the caller", "[hdf5][load][faults]") {
  const Folder folder;
  save_large(folder / "f.h5");
  for (const char* point : {"io.load.inspect:segv", "io.load.block:segv"}) {
    CAPTURE(point);
    const WorkerFaults faults(point);
    Engine engine(workers_of(2));
    const std::string error = error_of([&] { hdf5::load(engine, folder / "f.h5", "x", "x"); });
    CHECK_THAT(error, StartsWith("WorkerDied") && Contains("f.h5"));
    CHECK(arrays_there().empty());
  }
}

TEST_CASE("a file that changes between two looks is not mixed", "[hdf5][load]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  hdf5::save(pattern_array("x", Dtype::f64, {3}), file, "x");
  const hdf5::Description before = hdf5::Source(file, "x").description();
  CHECK_NOTHROW(hdf5::Source(file, "/x", before));
  hdf5::save(pattern_array("x", Dtype::f64, {3}), file, "x", {.replace = true});
  CHECK_THAT(error_of([&] { hdf5::Source(file, "/x", before); }),
             StartsWith("InUse") && Contains("changed"));
}

TEST_CASE("a save by a worker: errors keep their class, a killed worker costs nothing",
          "[hdf5][save][faults]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  write_file(folder / "once", {});
  const WorkerFaults faults("io.save.chunk:kill:1:" + (folder / "once"));
  Engine engine(workers_of(2));
  const AnyArray x = pattern_array("x", Dtype::f32, {100, 3});
  Attributes attributes;
  attributes["unit"] = Attribute::text("m");
  x.set_attributes(attributes);
  hdf5::save(engine, x.transpose(), file, "/g/x", {.gzip = 1});
  CHECK(folder.names() == "f.h5");
  CHECK(read_here(file, "/g/x").shape == Shape{3, 100});
  CHECK(read_here(file, "/g/x").attributes == attributes);
  CHECK_THAT(error_of([&] { hdf5::save(engine, x, file, "/g/x"); }),
             StartsWith("AlreadyExists") && Contains("/g/x"));
  CHECK_THAT(error_of([&] { hdf5::save(engine, x, folder / "no/f.h5", "x"); }),
             StartsWith("NotFound"));
  const auto y = hdf5::load<float>(engine, file, "/g/x", "y", owned());
  CHECK(y(2, 99) == x.as<float>()(99, 2));
}

TEST_CASE("a name relative to the caller's folder", "[hdf5][load]") {
  const Folder folder;
  Engine engine(workers_of(1));
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const std::string error = error_of([&] {
    hdf5::save(engine, pattern_array("x", Dtype::u8, {9}), "here.h5", "x");
    CHECK(holds(hdf5::load(engine, "here.h5", "x", "y", owned()), pattern(Dtype::u8, 9)));
  });
  std::filesystem::current_path(before);
  CHECK(error.empty());
}

}  // namespace furrow::test
