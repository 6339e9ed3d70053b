// Snapshots of live arrays: all of one instant, whole or not at all; checkpoints keep the newest.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/engine/writing.hpp>
#include <furrow/io/hdf5_snapshot.hpp>

#include "faults/fault_support.hpp"
#include "io_support.hpp"

namespace furrow::test {
namespace {

using Catch::Matchers::Contains;

Array<double> array(const char* name, std::int64_t rows) {
  return Array<double>::create(name, {rows, 100}, owned());
}

/// Every element is the first one, which is returned.
double only_value(const std::string& file, const std::string& dataset) {
  const Content content = read_here(file, dataset);
  std::vector<double> x(content.bytes.size() / sizeof(double));
  std::memcpy(x.data(), content.bytes.data(), content.bytes.size());
  for (const double v : x) {
    if (v != x[0]) FAIL("half old, half new: " << v << " and " << x[0]);
  }
  return x.at(0);
}

}  // namespace

TEST_CASE("snapshots of arrays that are worked on are of one instant", "[hdf5][snapshot]") {
  const Folder folder;
  Engine engine(workers(2));
  const auto x = array("snap-x", 2000);
  const auto y = array("snap-y", 1000);
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop.load()) {
      // Two jobs, one operation: y is always x + 1 at a boundary.
      const engine::Writing writing(engine, y);
      engine.transform(x, [](double v) { return v + 1; });
      engine.transform(y, [](double v) { return v + 1; });
    }
  });
  const std::string file = folder / "state.h5";
  double last = -1;
  hdf5::SaveOptions gzip;
  for (int i = 0; i < 6; ++i) {
    gzip.gzip = i % 2;
    hdf5::snapshot(engine, {x, y}, file, gzip);
    const double value = only_value(file, "/snap-x");
    CHECK(value > last);
    CHECK(only_value(file, "/snap-y") == value);
    last = value;
  }
  stop.store(true);
  other.join();
  CHECK(folder.names() == "state.h5");
  hdf5::restore(engine, {y, x}, file);
  CHECK(x(1999, 99) == last);
  CHECK(y(0, 0) == last);
}

TEST_CASE("a snapshot holds its arrays alone, with their attributes", "[hdf5][snapshot]") {
  const Folder folder;
  Engine engine(workers(2));
  const auto x = array("snap-x", 10);
  const auto y = array("snap-y", 20);
  x.set_attributes({{"unit", Attribute::text("m")}});
  const std::string file = folder / "state.h5";
  hdf5::save(engine, y, file, "/something/else");
  hdf5::snapshot(engine, {x}, file);
  CHECK(read_here(file, "/snap-x").attributes.count("unit") == 1);
  CHECK_THAT(error_of([&] { read_here(file, "/something/else"); }), Contains("NotFound"));
  CHECK_THAT(error_of([&] { hdf5::snapshot(engine, {x, x}, file); }), Contains("snap-x"));
  // A restore that cannot have everything changes nothing.
  engine.fill(x, 3);
  CHECK_THAT(error_of([&] { hdf5::restore(engine, {x, y}, file); }), Contains("NotFound"));
  CHECK(x(0, 0) == 3);
  const auto wide = Array<double>::temporary({11, 100});
  CHECK_THAT(error_of([&] { hdf5::restore(engine, {wide}, file); }), Contains("NotFound"));
}

TEST_CASE("snapshots of slices, of arrays that are each other's scales", "[hdf5][snapshot]") {
  const Folder folder;
  Engine engine(workers(2));
  const auto time = Array<double>::create("time", {20}, owned());
  const auto x = array("snap-x", 20);
  for (std::int64_t i = 0; i < 20; ++i) time(i) = static_cast<double>(i);
  Attribute values;
  values.dtype = Dtype::f64;
  values.shape = {20};
  values.bytes.resize(160);
  std::memcpy(values.bytes.data(), time.data(), 160);
  x.set_attributes({{"dims.labels", Attribute::strings({"time", ""})},
                    {"dims.0", Attribute::strings({"time"})},
                    {"dims.0.time", values}});
  const std::string file = folder / "state.h5";
  hdf5::snapshot(engine, {x, time}, file);
  CHECK(read_here(file, "/time").shape == Shape{20});
  // A slice has the part of the scale that is its own.
  hdf5::snapshot(engine, {x.rows(5, 15)}, file);
  CHECK(read_here(file, "/snap-x").shape == Shape{10, 100});
  CHECK(read_here(file, "/time").shape == Shape{10});
  // What a transposed view would say wrongly it does not say.
  hdf5::snapshot(engine, {x.transpose()}, file);
  CHECK(read_here(file, "/snap-x").shape == Shape{100, 20});
  CHECK_THAT(error_of([&] { read_here(file, "/time"); }), Contains("NotFound"));
}

TEST_CASE("a worker that dies in a snapshot costs nothing", "[hdf5][snapshot][faults]") {
  const Folder folder;
  const std::string file = folder / "state.h5";
  for (const char* point :
       {"engine.tile.computed", "io.save.chunk", "io.save.block", "io.save.settled"}) {
    CAPTURE(point);
    const OneFault fault(point, "kill", 2);
    Engine engine(workers(2));
    const auto x = array("snap-x", 3000);
    const auto y = array("snap-y", 3000);
    engine.fill(x, 4);
    engine.fill(y, 5);
    hdf5::SaveOptions options;
    options.gzip = std::string(point) == "io.save.chunk" ? 1 : 0;
    hdf5::snapshot(engine, {x, y}, file, options);
    CHECK(only_value(file, "/snap-x") == 4);
    CHECK(only_value(file, "/snap-y") == 5);
    CHECK(folder.names() == "state.h5");
  }
}

TEST_CASE("checkpoints are numbered, and the last two stay", "[hdf5][snapshot]") {
  const Folder folder;
  Engine engine(workers(2));
  const auto x = array("snap-x", 50);
  CHECK_FALSE(hdf5::latest_checkpoint(folder / "run.h5"));
  {
    hdf5::Checkpoints checkpoints(engine, {x}, folder / "run.h5");
    for (int i = 1; i <= 4; ++i) {
      engine.fill(x, i);
      CHECK(checkpoints.save() == folder / ("run." + std::to_string(i) + ".h5"));
    }
  }
  CHECK(folder.names() == "run.3.h5 run.4.h5");
  engine.fill(x, 10);
  hdf5::CheckpointOptions often;
  often.every_ns = 20'000'000;
  hdf5::Checkpoints checkpoints(engine, {x}, folder / "run.h5", often);
  CHECK(eventually([&] {
    const std::string newest = hdf5::latest_checkpoint(folder / "run.h5").value_or("");
    return newest != folder / "run.4.h5" && newest != folder / "run.5.h5";
  }));
  checkpoints.stop();
  const std::string latest = *hdf5::latest_checkpoint(folder / "run.h5");
  CHECK(only_value(latest, "/snap-x") == 10);
  engine.fill(x, 0);
  hdf5::restore(engine, {x}, latest);
  CHECK(x(49, 99) == 10);
  const std::string names = folder.names();
  CHECK(std::count(names.begin(), names.end(), ' ') == 1);
  CHECK_THAT(error_of([&] { hdf5::Checkpoints(engine, {x}, folder / "no/run.h5"); }),
             Contains("NotFound"));
  CHECK_THAT(error_of([&] { hdf5::Checkpoints(engine, {x}, folder / ""); }),
             Contains("InvalidArgument"));
  CHECK_FALSE(hdf5::latest_checkpoint(folder / "no/run.h5"));
}

}  // namespace furrow::test
