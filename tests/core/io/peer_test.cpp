// Round trips: furrow to furrow, furrow to h5py, h5py to furrow, and what h5ls and h5dump say.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include <furrow/io/hdf5.hpp>

#include "io_support.hpp"

namespace furrow::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

std::string rank_path(Dtype dtype, std::size_t shape) {
  return "/" + std::string(dtype_name(dtype)) + "/r" + std::to_string(shape);
}

void save_everything(const std::string& file) {
  for (const Dtype dtype : all_dtypes) {
    for (std::size_t i = 0; i < all_shapes().size(); ++i) {
      hdf5::save(pattern_array("all", dtype, all_shapes()[i]), file, rank_path(dtype, i));
    }
    hdf5::SaveOptions options;
    options.gzip = 6;
    options.chunk = {50, 3};
    const std::string path = "/" + std::string(dtype_name(dtype)) + "/gzip";
    hdf5::save(pattern_array("all", dtype, {200, 5}), file, path, options);
  }
}

}  // namespace

TEST_CASE("every dtype and rank comes back bit for bit, and as h5py sees it", "[hdf5]") {
  const Folder folder;
  const std::string file = folder / "all.h5";
  save_everything(file);
  for (const Dtype dtype : all_dtypes) {
    for (std::size_t i = 0; i < all_shapes().size(); ++i) {
      CAPTURE(dtype_name(dtype), i);
      const Content content = read_here(file, rank_path(dtype, i));
      CHECK(content.dtype == dtype);
      CHECK(content.shape == all_shapes()[i]);
      CHECK(content.bytes == pattern(dtype, size_of(all_shapes()[i])));
      CHECK_FALSE(content.chunked);
    }
    const Content packed = read_here(file, "/" + std::string(dtype_name(dtype)) + "/gzip");
    CHECK((packed.chunked && packed.filtered));
    CHECK(packed.bytes == pattern(dtype, 1000));
  }
  CHECK(folder.names() == "all.h5");
  const Ran checked = run_peer("check " + file);
  INFO(checked.output);
  CHECK(checked.code == 0);
}

TEST_CASE("what h5py writes is read bit for bit, either byte order, filtered or not", "[hdf5]") {
  const Folder folder;
  const std::string file = folder / "peer.h5";
  const Ran written = run_peer("write " + file);
  INFO(written.output);
  REQUIRE(written.code == 0);
  for (const Dtype dtype : all_dtypes) {
    for (std::size_t i = 0; i < all_shapes().size(); ++i) {
      for (const char* order : {"/le", "/be"}) {
        CAPTURE(order, dtype_name(dtype), i);
        const Content content = read_here(file, order + rank_path(dtype, i));
        CHECK(content.dtype == dtype);
        CHECK(content.shape == all_shapes()[i]);
        CHECK(content.bytes == pattern(dtype, size_of(all_shapes()[i])));
      }
    }
    CAPTURE(dtype_name(dtype));
    CHECK(read_here(file, "/gzip/" + std::string(dtype_name(dtype))).bytes == pattern(dtype, 7000));
  }
  const Content pairs = read_here(file, "/pairs");
  CHECK(pairs.dtype == Dtype::c128);
  const Content fill = read_here(file, "/fill");
  double values[40];
  REQUIRE(fill.bytes.size() == sizeof values);
  std::memcpy(values, fill.bytes.data(), sizeof values);
  CHECK(values[17] == -1);
  CHECK(values[16] == 2.5);  // in a chunk that was written
  CHECK(values[39] == 2.5);  // in one that never was
}

TEST_CASE("types that furrow has no dtype for are refused by name", "[hdf5]") {
  const Folder folder;
  const std::string file = folder / "peer.h5";
  REQUIRE(run_peer("write " + file).code == 0);
  const auto refusal = [&](const std::string& name) {
    return error_of([&] { read_here(file, "/refuse/" + name); });
  };
  CHECK_THAT(refusal("text"), StartsWith("TypeMismatch") && Contains("strings of variable length"));
  CHECK_THAT(refusal("fixed"), StartsWith("TypeMismatch") && Contains("strings of 3 bytes"));
  CHECK_THAT(refusal("compound"), StartsWith("TypeMismatch") && Contains("a compound of x, y, z"));
  CHECK_THAT(refusal("half_complex"), StartsWith("TypeMismatch") && Contains("a compound of r, i"));
  CHECK_THAT(refusal("long_double"), StartsWith("TypeMismatch") && Contains("128-bit floats"));
  CHECK_THAT(refusal("colours"),
             StartsWith("TypeMismatch") && Contains("an enumeration of BLUE, RED"));
  CHECK_THAT(refusal("lists"), StartsWith("TypeMismatch") && Contains("lists of variable length"));
  CHECK_THAT(refusal("opaque"), StartsWith("TypeMismatch") && Contains("opaque"));
  CHECK(read_here(file, "/refuse/null").shape == Shape{0});  // h5py.Empty
  CHECK_THAT(refusal("rank9"), StartsWith("ShapeMismatch") && Contains("9 axes"));
  CHECK_THAT(refusal("dangling"), StartsWith("NotFound") && Contains("leads nowhere"));
  CHECK_THAT(error_of([&] { read_here(file, "/lzf"); }), StartsWith("IoError") && Contains("lzf"));
}

TEST_CASE("special values keep their bits through gzip", "[hdf5]") {
  const Folder folder;
  using Limits = std::numeric_limits<double>;
  const std::uint64_t bits[] = {0x7FF8000000000000, 0x7FF0000000000001, 0xFFF8DEADBEEF0001,
                                0x8000000000000000, 0x0000000000000001, 0x800FFFFFFFFFFFFF,
                                0x7FF0000000000000, 0xFFF0000000000000, 0x7FEFFFFFFFFFFFFF};
  const auto count = static_cast<std::int64_t>(std::size(bits));
  const auto array = pattern_array("special", Dtype::f64, {count}).as<double>();
  std::memcpy(array.data(), bits, sizeof bits);
  REQUIRE(array(8) == Limits::max());
  REQUIRE(std::isnan(array(1)));
  hdf5::SaveOptions options;
  options.gzip = 9;
  hdf5::save(array, folder / "s.h5", "x", options);
  const Content content = read_here(folder / "s.h5", "x");
  REQUIRE(content.bytes.size() == sizeof bits);
  CHECK(std::memcmp(content.bytes.data(), bits, sizeof bits) == 0);
}

TEST_CASE("h5ls and h5dump agree with what was saved", "[hdf5]") {
  if (!has_program("h5dump") || !has_program("h5ls")) {
    WARN("skipped: h5dump and h5ls (hdf5-tools) are not installed");
    return;
  }
  const Folder folder;
  const std::string file = folder / "tools.h5";
  const auto array = pattern_array("tools", Dtype::i32, {4, 3}).as<std::int32_t>();
  for (int i = 0; i < 12; ++i) array.span()[static_cast<std::size_t>(i)] = 10 * i;
  hdf5::SaveOptions options;
  options.gzip = 1;
  options.chunk = {2, 3};
  hdf5::save(array, file, "/a/b/x", options);
  const Ran list = run_program("h5ls -r -v " + file);
  CHECK(list.code == 0);
  CHECK_THAT(list.output, Contains("/a/b/x") && Contains("{4/4, 3/3}") && Contains("{2, 3}"));
  const Ran dump = run_program("h5dump -d /a/b/x " + file);
  CHECK(dump.code == 0);
  CHECK_THAT(dump.output, Contains("H5T_STD_I32LE") && Contains("(3,0): 90, 100, 110"));
}

}  // namespace furrow::test
