// verify: every chunk is read, torn ones are named, a crash costs a worker and one place.
#include <catch2/catch.hpp>

#include <csignal>
#include <cstring>

#include <hdf5.h>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5_inspect.hpp>
#include <furrow/os/fault.hpp>

#include "io_support.hpp"
#include "tools_support.hpp"

using Catch::Matchers::Contains;

namespace furrow::test {
namespace {

using Numbers = std::vector<std::int64_t>;

/// Changes the bytes of a chunk, as h5py finds it. ("chunk FILE DATASET INDEX" prints its place.)
void tear(const std::string& file, const std::string& dataset, int index) {
  const Ran where = run_tools_peer("chunk " + file + " " + dataset + " " + std::to_string(index));
  REQUIRE(where.code == 0);
  auto bytes = file_bytes(file);
  const auto at = static_cast<std::size_t>(std::stoll(where.output));
  REQUIRE(at + 12 < bytes.size());
  for (std::size_t i = at + 4; i < at + 12; ++i) bytes[i] ^= std::byte{0x5A};
  write_file(file, bytes);
}

hdf5::VerifyReport verified(const std::string& file, std::size_t workers = 2,
                            const std::string& object = "/") {
  Engine engine({.workers = workers});
  return hdf5::verify(engine, file, object);
}

const hdf5::VerifiedDataset& of(const hdf5::VerifyReport& report, const std::string& path) {
  for (const auto& dataset : report.datasets) {
    if (dataset.path == path) return dataset;
  }
  FAIL("no dataset " << path);
  return report.datasets.front();
}

// A filter of this program: it crashes whoever decodes a chunk that begins with this byte.
constexpr H5Z_filter_t crashing_filter = 300;
constexpr unsigned char crashing_byte = 0xDD;

std::size_t crash_or_pass(unsigned flags, std::size_t, const unsigned*, std::size_t bytes,
                          std::size_t*, void** buffer) {
  const bool decode = (flags & H5Z_FLAG_REVERSE) != 0;
  if (decode && **reinterpret_cast<unsigned char**>(buffer) == crashing_byte) std::raise(SIGSEGV);
  return bytes;
}

const H5Z_class2_t crashing_class = {H5Z_CLASS_T_VERS, crashing_filter, 1,       1,
                                     "crashing",       nullptr,         nullptr, crash_or_pass};

/// 40 chunks of 100 bytes, chunk i full of i, but for those that crash.
void write_crashing(const std::string& file, const std::vector<std::size_t>& crashing) {
  REQUIRE(H5Zregister(&crashing_class) >= 0);
  std::vector<unsigned char> data(4000);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<unsigned char>(i / 100);
  for (const std::size_t chunk : crashing) data[100 * chunk] = crashing_byte;
  const hsize_t extent = data.size();
  const hsize_t chunk = 100;
  const hid_t f = H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(1, &extent, nullptr);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, 1, &chunk);
  H5Pset_filter(creation, crashing_filter, 0, 0, nullptr);
  const hid_t d = H5Dcreate2(f, "x", H5T_STD_U8LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  REQUIRE(H5Dwrite(d, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data()) >= 0);
  H5Dclose(d);
  H5Pclose(creation);
  H5Sclose(space);
  H5Fclose(f);
}

}  // namespace

TEST_CASE("a whole file is whole, and what has no checksum is said", "[hdf5][verify]") {
  const Folder folder;
  const std::string file = folder / "v.h5";
  REQUIRE(run_tools_peer("verify " + file).output.empty());
  for (const std::size_t workers : {1u, 3u}) {
    const hdf5::VerifyReport report = verified(file, workers);
    CHECK_FALSE(report.whole());  // but for one that the library here cannot decompress
    CHECK(report.skipped_count == 2);
    CHECK(report.elsewhere_count == 1);
    CHECK(of(report, "/lzf_skipped").skipped.empty());
    CHECK(of(report, "/lzf_skipped").places == 3);
    CHECK(of(report, "/lzf_some").places == 1);
    CHECK_THAT(of(report, "/lzf_some").skipped, Contains("2 of 3 chunks, compressed by lzf"));
    CHECK(report.torn_count == 0);
    CHECK(of(report, "/lzf").skipped.find("no plugin") != std::string::npos);
    CHECK(of(report, "/gzip").checksum == "gzip's adler32");
    CHECK(of(report, "/gzip").places == 30);
    CHECK(of(report, "/fletcher").checksum == "fletcher32");
    CHECK(of(report, "/fletcher").places == 3 * 2 * 2);  // edges are chunks, too
    CHECK(of(report, "/chunked").checksum.empty());
    CHECK(of(report, "/contiguous").places == 3);  // of 8 MiB, the last one less
    CHECK(of(report, "/strings").places == 1);
    CHECK(of(report, "/unwritten").places == 0);
    CHECK(of(report, "/sparse").places == 2);  // of 10^9 in its grid
    CHECK(of(report, "/virtual").skipped.find("other files") != std::string::npos);
    CHECK(of(report, "/deep").places > 0);  // 12 axes
    CHECK(report.unchecked_count == 1);
    CHECK(report.datasets.size() == 14);
  }
  CHECK(verified(file, 2, "/gzip").datasets.size() == 1);
  CHECK(verified(file, 2, "/gzip").whole());
  CHECK(verified(file, 2, "/lzf_skipped").whole());
  CHECK_FALSE(verified(file, 2, "/lzf_some").whole());
  CHECK(verified(file, 2, "/virtual").whole());  // the file has nothing of it
  CHECK_THAT(error_of([&] { verified(file, 1, "/none"); }), Contains("NotFound"));
}

TEST_CASE("of many chunks those are read that went past a filter that is not here",
          "[hdf5][verify]") {
  const Folder folder;
  const std::string file = folder / "many.h5";
  REQUIRE(run_tools_peer("many " + file).output.empty());
  const hdf5::VerifyReport report = verified(file);
  CHECK(report.skipped_count == 1);
  CHECK(of(report, "/past").skipped.empty());
  CHECK(of(report, "/past").places == 21'000);
  CHECK_THAT(of(report, "/some").skipped,
             Contains("some of its chunks, compressed by lzf") && Contains("no plugin"));
  CHECK(of(report, "/some").torn == 0);
  CHECK(of(report, "/torn").skipped.empty());
  CHECK(report.torn_count == 1);
  REQUIRE(report.torn.size() == 1);
  CHECK(report.torn[0].dataset == "/torn");
  CHECK(report.torn[0].offset == Numbers{20'123, 0});
  CHECK(verified(file, 1, "/past").whole());
  CHECK_FALSE(verified(file, 1, "/some").whole());
}

TEST_CASE("torn chunks are named with their coordinates and the filter's reason",
          "[hdf5][verify]") {
  const Folder folder;
  const std::string file = folder / "v.h5";
  REQUIRE(run_tools_peer("verify " + file).output.empty());
  tear(file, "/gzip", 7);
  tear(file, "/gzip", 29);
  tear(file, "/fletcher", 5);
  tear(file, "/chunked", 1);  // nothing tells
  for (const std::size_t workers : {1u, 3u}) {
    const hdf5::VerifyReport report = verified(file, workers);
    CHECK_FALSE(report.whole());
    CHECK(report.torn_count == 3);
    REQUIRE(report.torn.size() == 3);
    CHECK(report.torn[0].dataset == "/fletcher");
    CHECK(report.torn[0].offset == Numbers{4, 0, 5});
    CHECK(report.torn[0].count == Numbers{4, 3, 2});
    CHECK_THAT(report.torn[0].reason, Contains("letcher32"));
    CHECK(report.torn[1].dataset == "/gzip");
    CHECK(report.torn[1].offset == Numbers{70, 0});
    CHECK(report.torn[1].count == Numbers{10, 50});
    CHECK_THAT(report.torn[1].reason, Contains("gzip"));
    CHECK(report.torn[2].offset == Numbers{290, 0});
    CHECK(report.torn[2].count == Numbers{5, 50});
    CHECK(of(report, "/gzip").torn == 2);
    CHECK(of(report, "/chunked").torn == 0);
  }
  Engine engine({.workers = 2});
  const hdf5::VerifyReport few = hdf5::verify(engine, file, "/", {.torn_max = 1});
  CHECK(few.torn.size() == 1);
  CHECK(few.torn_count == 3);
}

TEST_CASE("a file cut short names what is past its end", "[hdf5][verify]") {
  const Folder folder;
  const std::string file = folder / "v.h5";
  REQUIRE(run_tools_peer("verify " + file).output.empty());
  auto bytes = file_bytes(file);
  bytes.resize(bytes.size() / 2);
  write_file(file, bytes);
  CHECK_THAT(error_of([&] { verified(file); }), Contains("Corrupt") && Contains("cut short"));
}

TEST_CASE("chunks that crash the library are named, and the rest goes on", "[hdf5][verify]") {
  const Folder folder;
  const std::string file = folder / "crash.h5";
  write_crashing(file, {3, 4, 5, 20});
  for (const std::size_t workers : {1u, 2u}) {
    const hdf5::VerifyReport report = verified(file, workers);
    CHECK(report.torn_count == 4);
    REQUIRE(report.torn.size() == 4);
    CHECK(report.torn[0].offset == Numbers{300});
    CHECK(report.torn[2].offset == Numbers{500});
    CHECK(report.torn[3].offset == Numbers{2000});
    for (const auto& torn : report.torn) CHECK(torn.crashed);
    CHECK_FALSE(report.gave_up);
  }
  Engine engine({.workers = 2});
  const hdf5::VerifyReport stopped = hdf5::verify(engine, file, "/", {.crashes_max = 2});
  CHECK(stopped.gave_up);
  CHECK_FALSE(stopped.whole());
  CHECK(stopped.torn_count >= 2);
}

TEST_CASE("a worker that is killed while it verifies costs nothing", "[hdf5][verify]") {
  const Folder folder;
  const std::string file = folder / "v.h5";
  REQUIRE(run_tools_peer("verify " + file).output.empty());
  tear(file, "/gzip", 7);
  for (const int nth : {1, 2, 9}) {
    const std::string token = folder / "token";
    write_file(token, {});
    os::set_fault("io.verify.place:kill:" + std::to_string(nth) + ":" + token);
    const hdf5::VerifyReport report = verified(file, 2);
    os::set_fault("");
    CHECK(report.torn_count == 1);
    CHECK_FALSE(report.torn.at(0).crashed);
    CHECK(file_bytes(token).empty());
  }
}

}  // namespace furrow::test
