// Saves by several workers: the same file as by one process, whoever dies, stops or is told to.
#include <catch2/catch.hpp>

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/session.hpp>

#include "io_support.hpp"
#include "save_support.hpp"

namespace furrow::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

hdf5::SaveOptions small_chunks(int gzip = 1) {
  hdf5::SaveOptions options;
  options.gzip = gzip;
  options.chunk = {64, 250};
  return options;
}

/// Lets the stopped worker go on, and waits until it does.
int resume_stopped(const Engine& engine) {
  int resumed = 0;
  for (const WorkerInfo& worker : engine.worker_info()) {
    if (!is_stopped(worker.pid)) continue;
    ::kill(static_cast<pid_t>(worker.pid), SIGCONT);
    while (is_stopped(worker.pid)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ++resumed;
  }
  return resumed;
}

}  // namespace

TEST_CASE("equal arrays make equal files, for any number of workers", "[hdf5][save]") {
  const Folder folder;
  const Array<double> x = decimals("x", {1000, 500});
  struct Case {
    AnyArray array;
    hdf5::SaveOptions options;
  };
  hdf5::SaveOptions plain;
  hdf5::SaveOptions checksum = small_chunks(0);
  hdf5::SaveOptions shuffled = small_chunks(4);
  shuffled.shuffle = hdf5::Shuffle::on;
  shuffled.fletcher32 = false;
  shuffled.growable = true;
  const Case cases[] = {{x, plain},
                        {x, checksum},
                        {x, shuffled},
                        {x, small_chunks()},
                        {x.transpose(), small_chunks()},
                        {x.slice(0, {{}, {}, -1}).columns(3, 490), small_chunks()}};
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    const Case& c = cases[i];
    hdf5::SaveReport here;
    hdf5::save(c.array, folder / "here.h5", "/g/x", c.options, &here);
    const std::vector<std::byte> wanted = file_bytes(folder / "here.h5");
    CHECK(read_here(folder / "here.h5", "/g/x").bytes == dense_bytes(c.array));
    for (const std::size_t workers : {1, 2, 3, 5}) {
      CAPTURE(i, workers);
      Engine engine(workers_of(workers));
      hdf5::SaveReport report;
      hdf5::save(engine, c.array, folder / "there.h5", "/g/x", c.options, &report);
      CHECK((file_bytes(folder / "there.h5") == wanted));
      CHECK(report.road == (i == 0 ? "rows" : "chunks"));
      CHECK(report.road == here.road);
      std::filesystem::remove(folder / "there.h5");
    }
    std::filesystem::remove(folder / "here.h5");
  }
}

TEST_CASE("shuffle is chosen by what becomes smaller", "[hdf5][save]") {
  const Folder folder;
  Engine engine(workers_of(2));
  const auto smooth = pattern_array("smooth", Dtype::f64, {300'000}).as<double>();
  for (std::int64_t i = 0; i < 300'000; ++i) smooth(i) = 1e-3 * static_cast<double>(i);
  const auto repeated = pattern_array("repeated", Dtype::f64, {300'000}).as<double>();
  const auto noise = decimals("noise", {300'000});
  for (std::int64_t i = 0; i < 300'000; ++i) repeated(i) = 0.1 * std::floor(noise(i));
  const auto is_shuffled = [&](const AnyArray& array, hdf5::Shuffle shuffle, int gzip) {
    hdf5::SaveReport report;
    hdf5::SaveReport here;
    hdf5::SaveOptions options;
    options.gzip = gzip;
    options.shuffle = shuffle;
    options.chunk = {10'000};
    options.replace = true;
    hdf5::save(engine, array, folder / "f.h5", "x", options, &report);
    hdf5::save(array, folder / "f.h5", "x", options, &here);
    CHECK(here.shuffled == report.shuffled);
    return report.shuffled;
  };
  CHECK(is_shuffled(smooth, hdf5::Shuffle::automatic, 4));
  CHECK_FALSE(is_shuffled(smooth, hdf5::Shuffle::off, 4));
  CHECK_FALSE(is_shuffled(smooth, hdf5::Shuffle::automatic, 0));
  CHECK_FALSE(is_shuffled(repeated, hdf5::Shuffle::automatic, 4));
  CHECK(is_shuffled(repeated, hdf5::Shuffle::on, 0));
}

TEST_CASE("a worker killed at any step of a save costs nothing", "[hdf5][save][faults]") {
  const Folder folder;
  const Array<double> x = decimals("x", {1000, 500});
  hdf5::save(x, folder / "wanted.h5", "x", small_chunks());
  const std::vector<std::byte> wanted = file_bytes(folder / "wanted.h5");
  for (const char* point :
       {"io.save.locked:kill:1", "io.save.opened:kill:1", "io.save.slot:kill:2",
        "io.save.ticket:kill:1", "io.save.ticket:kill:3", "io.save.encoded:kill:1",
        "io.save.encoded:kill:2", "io.save.ready:kill:2", "io.save.chunk:kill:1",
        "io.save.chunk:kill:9", "io.save.settled:kill:1", "io.save.synced:kill:1",
        "io.save.rename:kill:1", "io.save.named:kill:1", "io.save.renamed:kill:1",
        "io.save.done:kill:1"}) {
    CAPTURE(point);
    write_file(folder / "once", {});
    const WorkerFaults faults(std::string(point) + ":" + (folder / "once"));
    Engine engine(workers_of(3));
    // Without replace: a save that was published is not taken for somebody else's.
    hdf5::save(engine, x, folder / "f.h5", "x", small_chunks());
    CHECK((file_bytes(folder / "f.h5") == wanted));
    CHECK(folder.names() == "f.h5 wanted.h5");
    std::filesystem::remove(folder / "f.h5");
  }
}

TEST_CASE("an owner that always dies ends the save: the old file, an error, nothing left",
          "[hdf5][save][faults]") {
  const Folder folder;
  const Array<double> x = decimals("x", {1000, 500});
  for (const char* point : {"io.save.chunk:kill:3", "io.save.synced:kill"}) {
    CAPTURE(point);
    hdf5::save(x.rows(0, 10), folder / "f.h5", "x", {.replace = true});
    const std::vector<std::byte> before = file_bytes(folder / "f.h5");
    const WorkerFaults faults(point);
    Engine engine(workers_of(2));
    hdf5::SaveOptions options = small_chunks();
    options.replace = true;
    CHECK_THAT(error_of([&] { hdf5::save(engine, x, folder / "f.h5", "x", options); }),
               StartsWith("WorkerDied") && Contains("f.h5") && Contains("nothing was saved"));
    CHECK(file_bytes(folder / "f.h5") == before);
    CHECK(folder.names() == "f.h5");
  }
}

TEST_CASE("a helper that stands still holds nobody up, and spoils nothing when it comes back",
          "[hdf5][save][faults]") {
  const Folder folder;
  const Array<double> x = decimals("x", {1000, 500});
  hdf5::save(x, folder / "wanted.h5", "x", small_chunks());
  const std::vector<std::byte> wanted = file_bytes(folder / "wanted.h5");
  write_file(folder / "once", {});
  const WorkerFaults faults("io.save.encoded:stop:2:" + (folder / "once"));
  Engine engine(workers_of(2));
  hdf5::save(engine, x, folder / "a.h5", "x", small_chunks());
  CHECK((file_bytes(folder / "a.h5") == wanted));
  // Half of the workers stands still inside of the first save while the second one runs.
  hdf5::save(engine, x, folder / "b.h5", "x", small_chunks());
  CHECK(resume_stopped(engine) == 1);
  hdf5::save(engine, x, folder / "c.h5", "x", small_chunks());
  CHECK((file_bytes(folder / "b.h5") == wanted));
  CHECK((file_bytes(folder / "c.h5") == wanted));
  CHECK(folder.names() == "a.h5 b.h5 c.h5 wanted.h5");
}

TEST_CASE("an owner that stands still is killed at the deadline", "[hdf5][save][faults]") {
  const Folder folder;
  const Array<double> x = decimals("x", {1000, 500});
  write_file(folder / "once", {});
  const WorkerFaults faults("io.save.chunk:stop:2:" + (folder / "once"));
  Engine engine(workers_of(2));
  hdf5::SaveOptions options = small_chunks();
  options.job.deadline_ns = 500'000'000;
  CHECK_THAT(error_of([&] { hdf5::save(engine, x, folder / "f.h5", "x", options); }),
             StartsWith("Timeout"));
  CHECK(folder.names().empty());
  CHECK(resume_stopped(engine) == 0);
  options.job.deadline_ns = 60'000'000'000;
  hdf5::save(engine, x, folder / "f.h5", "x", options);
  CHECK((read_here(folder / "f.h5", "x").bytes == dense_bytes(x)));
}

TEST_CASE("a save that is cancelled half way leaves the old file and nothing else",
          "[hdf5][save]") {
  const Folder folder;
  // More than there is time for between two looks of the watch.
  const Array<double> x = decimals("x", {4000, 1000});
  hdf5::save(x.rows(0, 10), folder / "f.h5", "x");
  const std::vector<std::byte> before = file_bytes(folder / "f.h5");
  for (const bool by_engine : {true, false}) {
    hdf5::SaveOptions options = small_chunks(9);
    options.replace = true;
    double last = -1;
    options.job.watch = [&last](double done) {
      last = done;
      return done < 0.1;
    };
    Engine engine(workers_of(2));
    CHECK_THAT(error_of([&] {
                 if (by_engine) {
                   hdf5::save(engine, x, folder / "f.h5", "x", options);
                 } else {
                   hdf5::save(x, folder / "f.h5", "x", options);
                 }
               }),
               StartsWith("Cancelled"));
    CHECK((last >= 0.1 && last < 1));
    CHECK(file_bytes(folder / "f.h5") == before);
    CHECK(folder.names() == "f.h5");
  }
}

TEST_CASE("a disk that is full from any write of the owner on", "[hdf5][save][faults]") {
  const Array<double> x = decimals("x", {400, 500});
  int failures = 0;
  for (int nth = 1; nth < 60; nth += nth < 8 ? 1 : 5, ++failures) {
    CAPTURE(nth);
    const Folder folder;
    const std::string file = folder / "f.h5";
    hdf5::save(x.rows(0, 3), file, "old");
    const std::vector<std::byte> before = file_bytes(file);
    const WorkerFaults faults("io.save.pwrite:fail:" + std::to_string(nth));
    Engine engine(workers_of(2));
    const std::string error =
        error_of([&] { hdf5::save(engine, x, file, "/g/new", small_chunks()); });
    if (error.empty()) break;
    CHECK_THAT(error, StartsWith("OutOfSpace") && Contains("the old file is unchanged"));
    CHECK(file_bytes(file) == before);
    CHECK(folder.names() == "f.h5");
  }
  CHECK(failures > 8);
}

TEST_CASE("slabs of any size, one after the other, make the same dataset", "[hdf5][save]") {
  const Folder folder;
  const Array<double> x = decimals("x", {300, 20});
  Engine engine(workers_of(2));
  for (const bool growable : {false, true}) {
    for (const std::int64_t rows : {1, 7, 64, 100, 300}) {
      CAPTURE(growable, rows);
      hdf5::WriteRequest request;
      request.file = folder / "f.h5";
      request.dataset = "/x";
      request.dtype = Dtype::f64;
      request.shape = growable ? Shape{0, 20} : Shape{300, 20};
      request.growable = growable;
      request.gzip = 1;
      request.fletcher32 = true;
      request.chunk = {64, 20};
      request.chunk_given = true;
      request.replace = true;
      hdf5::WriteSession session(engine, request);
      for (std::int64_t row = 0; row < 300; row += rows) {
        CHECK(session.position() == row);
        session.start(x.rows(row, std::min<std::int64_t>(row + rows, 300)));
      }
      session.commit();
      CHECK(session.position() == 300);
      const Content content = read_here(folder / "f.h5", "x");
      CHECK(content.shape == Shape{300, 20});
      CHECK((content.bytes == dense_bytes(x)));
    }
  }
  CHECK(folder.names() == "f.h5");
}

TEST_CASE("a session that ends without a commit did nothing", "[hdf5][save]") {
  const Folder folder;
  const Array<double> x = decimals("x", {300, 20});
  Engine engine(workers_of(2));
  hdf5::WriteRequest request;
  request.file = folder / "f.h5";
  request.dataset = "/x";
  request.dtype = Dtype::f64;
  request.shape = x.shape();
  request.gzip = 1;
  {
    hdf5::WriteSession session(engine, request);
    session.push(x.rows(0, 100));
    CHECK(folder.names() == ".f.h5.furrow-save");
    CHECK_THAT(error_of([&] { session.push(x.columns(0, 3)); }), StartsWith("ShapeMismatch"));
    CHECK_THAT(error_of([&] {
                 session.push(pattern_array("i", Dtype::i64, {5, 20}));
               }),
               StartsWith("TypeMismatch"));
    CHECK_THAT(error_of([&] { session.push(x.rows(0, 250)); }),
               StartsWith("ShapeMismatch") && Contains("300"));
    session.start(x.rows(0, 100));
  }
  CHECK(folder.names().empty());
}

TEST_CASE("savers with workers of their own meet at one file, and a reader among them",
          "[hdf5][save]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  const Array<double> x = decimals("x", {100, 50});
  hdf5::save(x, file, "kept");
  std::string command;
  for (int i = 0; i < 3; ++i) {
    command += std::string(FURROW_IO_SAVER) + " " + file + " d" + std::to_string(i) + " " +
               std::to_string(i) + " 150000 1 replace 2 & ";
  }
  std::string said;
  std::thread savers([&] { said = run_program(command + "wait").output; });
  // The old file or a new one, whole, at any time.
  for (int i = 0; i < 20; ++i) {
    CHECK((read_here(file, "kept").bytes == dense_bytes(x)));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  savers.join();
  CHECK(said.empty());
  for (int i = 0; i < 3; ++i) {
    const Content content = read_here(file, "d" + std::to_string(i));
    double first = 0;
    REQUIRE(content.bytes.size() == 1'200'000);
    std::memcpy(&first, content.bytes.data(), sizeof first);
    CHECK(first == i + 1);
  }
  CHECK(folder.names() == "f.h5");
}

}  // namespace furrow::test
