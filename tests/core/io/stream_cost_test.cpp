// What streams take: memory within the limit, measured, and each chunk read and written once.
#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5_stream.hpp>

#include "io_support.hpp"
#include "save_support.hpp"
#include "tools_support.hpp"

namespace furrow::test {
namespace {

namespace fs = std::filesystem;
using hdf5::DatasetAddress;

/// A number of a line "name: number …" of a file in /proc; 0 where there is none.
std::uint64_t number_of(const std::string& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string word; in >> word;) {
    std::uint64_t value = 0;
    if (word == name && in >> value) return value;
  }
  return 0;
}

std::vector<std::uint64_t> processes_of(const Engine& engine) {
  std::vector<std::uint64_t> pids{static_cast<std::uint64_t>(::getpid())};
  for (const WorkerInfo& worker : engine.worker_info()) pids.push_back(worker.pid);
  return pids;
}

std::string proc(std::uint64_t pid, const char* what) {
  return "/proc/" + std::to_string(pid) + "/" + what;
}

/// Bytes that the workers have read or written, by any call.
std::uint64_t moved(const Engine& engine, const char* which) {
  std::uint64_t bytes = 0;
  for (const WorkerInfo& worker : engine.worker_info()) {
    bytes += number_of(proc(worker.pid, "io"), which);
  }
  return bytes;
}

/// Memory of all segments that this process holds, taken from the system, and what it and the
/// workers have beside them.
std::uint64_t memory_of(const Engine& engine) {
  std::uint64_t bytes = 0;
  std::map<ino_t, std::uint64_t> segments;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    struct stat s {};
    std::error_code error;
    const std::string target = fs::read_symlink(entry.path(), error).string();
    if (target.find("/dev/shm/") != 0 || ::stat(entry.path().c_str(), &s) != 0) continue;
    segments[s.st_ino] = static_cast<std::uint64_t>(s.st_blocks) * 512;
  }
  for (const auto& [inode, taken] : segments) bytes += taken;
  for (const std::uint64_t pid : processes_of(engine)) {
    bytes += 1024 * number_of(proc(pid, "smaps_rollup"), "Anonymous:");
  }
  return bytes;
}

/// The most that f takes beside what there was before, looked at a thousand times a second.
template <class F>
std::uint64_t peak_of(const Engine& engine, F f) {
  const std::uint64_t before = memory_of(engine);
  std::uint64_t most = before;
  std::atomic<bool> over{false};
  std::thread looker([&] {
    while (!over) {
      most = std::max(most, memory_of(engine));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const std::string error = error_of(f);
  over = true;
  looker.join();
  CHECK(error == "");
  return most - before;
}

}  // namespace

TEST_CASE("each chunk of a stream is read once and written once, wherever its rows begin",
          "[hdf5][stream]") {
  Engine engine(workers_of(2));
  const Folder folder;
  const DatasetAddress from{folder / "in.h5", "/x"};
  constexpr std::int64_t rows = 2500;
  const Array<double> x = decimals("x", {rows, 300});
  hdf5::save(engine, x, from.file, "/x", {.gzip = 1, .chunk = {64, 150}});
  for (const std::int64_t begin : {0, 64, 1, 77}) {
    for (const std::int64_t chunk : {64, 48}) {
      CAPTURE(begin, chunk);
      const DatasetAddress to{folder / "out.h5", "/y"};
      fs::remove(to.file);  // else it is copied, which is no part of the stream
      hdf5::StreamOptions options;
      options.memory_bytes = std::uint64_t{10} << 20;
      options.rows = hdf5::RowRange{begin, rows, 1};
      const std::uint64_t read = moved(engine, "rchar:");
      const std::uint64_t written = moved(engine, "wchar:");
      const hdf5::StreamReport report = hdf5::transform_file<double, double>(
          engine, from, to,
          [&](const auto& in, const auto& out, std::int64_t) {
            engine.apply_to("copy", out, {in});
          },
          {.gzip = 1, .shuffle = hdf5::Shuffle::off, .chunk = {chunk, 150}}, options);
      const double in_bytes = static_cast<double>(fs::file_size(from.file));
      const double out_bytes = static_cast<double>(fs::file_size(to.file));
      CHECK(static_cast<double>(moved(engine, "rchar:") - read) < 1.15 * in_bytes);
      CHECK(static_cast<double>(moved(engine, "wchar:") - written) < 1.05 * out_bytes);
      // No holes where chunks were written again in another size.
      hdf5::save(
          x.rows(begin, rows), folder / "right.h5", "/y",
          {.gzip = 1, .shuffle = hdf5::Shuffle::off, .chunk = {chunk, 150}, .replace = true});
      CHECK(out_bytes < 1.01 * static_cast<double>(fs::file_size(folder / "right.h5")));
      CHECK((read_here(to.file, "/y").bytes == dense_bytes(x.rows(begin, rows))));
      CHECK(report.slabs > 1);
    }
  }
}

TEST_CASE("streams keep to their memory, HDF5's own included", "[hdf5][stream]") {
  const Folder folder;
  const std::string file = folder / "in.h5";
  REQUIRE(run_tools_peer("streamed " + file).output.empty());
  struct Case {
    const char* dataset;
    std::uint64_t mebibytes;
    int gzip;
    std::int64_t chunk_rows;  // of the output; 0: none is written
  };
  for (const Case& c :
       {Case{"contiguous", 9, 0, 0}, Case{"contiguous", 16, 0, 0}, Case{"gzip", 9, 0, 0},
        Case{"gzip", 24, 1, 0}, Case{"gzip", 32, 1, 100}, Case{"shuffled", 32, 0, 0},
        Case{"large", 52, 0, 0}, Case{"large", 144, 1, 1024}, Case{"scaled", 16, 0, 0},
        Case{"wide", 32, 0, 0}, Case{"big", 10, 0, 0}}) {
    CAPTURE(c.dataset, c.mebibytes, c.gzip, c.chunk_rows);
    Engine engine(workers_of(2));
    hdf5::StreamOptions options;
    options.memory_bytes = c.mebibytes << 20;
    const DatasetAddress from{file, c.dataset};
    hdf5::info(engine, file, c.dataset);  // the library starts in each worker
    engine.for_each_worker([](std::size_t) { H5open(); });
    hdf5::StreamReport report;
    const std::uint64_t peak = peak_of(engine, [&] {
      if (c.gzip == 0) {
        hdf5::statistics(engine, from, options, &report);
        return;
      }
      report = hdf5::evaluate(engine, "y = sqrt(abs(x))", {{"x", from}},
                              DatasetAddress{folder / "out.h5", "/y"},
                              {.gzip = c.gzip,
                               .chunk = c.chunk_rows == 0 ? Extents() : Extents{c.chunk_rows, 1024},
                               .replace = true},
                              options)
                   .report;
    });
    INFO(c.dataset << " " << c.mebibytes << " MiB: " << report.road << ", " << report.slabs
                   << " slabs of " << report.slab_rows << " rows, peak "
                   << static_cast<double>(peak) / (1 << 20) << " MiB");
    CHECK(report.slabs > 1);
    CHECK(peak <= options.memory_bytes);
  }
}

}  // namespace furrow::test
