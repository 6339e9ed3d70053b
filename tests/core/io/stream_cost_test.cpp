// What streams take: memory within the limit, measured, and each chunk read and written once.
#include <catch2/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5_stream.hpp>

#include "io_support.hpp"
#include "save_support.hpp"
#include "support/engine_memory.hpp"
#include "tools_support.hpp"

namespace furrow::test {
namespace {

namespace fs = std::filesystem;
using hdf5::DatasetAddress;

/// Bytes that the workers have read or written, by any call.
std::uint64_t moved(const Engine& engine, const char* which) {
  std::uint64_t bytes = 0;
  for (const WorkerInfo& worker : engine.worker_info()) {
    bytes += number_of(proc(worker.pid, "io"), which);
  }
  return bytes;
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
    const auto stream = [&] {
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
    };
    std::string error;
    const std::uint64_t peak = peak_of(engine, [&] { error = error_of(stream); });
    CHECK(error.empty());
    INFO(c.dataset << " " << c.mebibytes << " MiB: " << report.road << ", " << report.slabs
                   << " slabs of " << report.slab_rows << " rows, peak "
                   << static_cast<double>(peak) / (1 << 20) << " MiB");
    CHECK(report.slabs > 1);
    CHECK(peak <= options.memory_bytes);
  }
}

}  // namespace furrow::test
