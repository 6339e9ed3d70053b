// Damaged elements: every changed byte of a chunk with a checksum is noticed and the chunk named,
// sizes that a file claims are not believed, a file that ends too early is an error.
#include <libdeflate.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/decode.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5/roads.hpp>
#include <furrow/io/hdf5/source.hpp>

#include "io_support.hpp"

namespace furrow::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using Bytes = std::vector<std::byte>;

EngineOptions two_workers() {
  EngineOptions options;
  options.workers = 2;
  return options;
}

struct ChunkPlace {
  std::size_t address;
  std::size_t bytes;
};

ChunkPlace chunk_place(const std::string& file, const std::string& path, hsize_t row,
                       hsize_t column) {
  const auto opened =
      hdf5::own<hdf5::File>(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open");
  const auto dataset =
      hdf5::own<hdf5::Dataset>(H5Dopen2(opened.get(), path.c_str(), H5P_DEFAULT), "open");
  const hsize_t corner[] = {row, column};
  unsigned mask = 0;
  haddr_t address = 0;
  hsize_t bytes = 0;
  hdf5::check(H5Dget_chunk_info_by_coord(dataset.get(), corner, &mask, &address, &bytes), "ask");
  return {static_cast<std::size_t>(address), static_cast<std::size_t>(bytes)};
}

/// A dataset of chunks of 8 x 4 i32 with these filters, in a file of 1 MiB.
hdf5::Description described(const std::vector<hdf5::FilterKind>& kinds) {
  hdf5::Description d;
  d.dtype = Dtype::i32;
  d.shape = {37, 11};
  d.chunk = {8, 4};
  d.chunked = d.plain = d.filtered = true;
  d.layout = hdf5::Layout::chunked;
  d.stamp.bytes = 1 << 20;
  for (const hdf5::FilterKind kind : kinds) d.filters[d.filter_count++] = {kind, 4};
  return d;
}

Bytes compressed(const Bytes& raw) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(6), libdeflate_free_compressor);
  Bytes out(raw.size() * 2 + 100);
  out.resize(
      libdeflate_zlib_compress(compressor.get(), raw.data(), raw.size(), out.data(), out.size()));
  return out;
}

std::string decode_error(const hdf5::Description& d, Bytes stored, std::uint32_t mask = 0) {
  hdf5::Decoder decoder;
  const Extents corner = {16, 4};
  const std::string dataset = "dataset \"x\"";
  const hdf5::ChunkName name{corner, dataset};
  return error_of([&] {
    const std::span<std::byte> place = decoder.stored(d, stored.size(), name);
    if (!stored.empty()) std::memcpy(place.data(), stored.data(), stored.size());
    decoder.decode(d, mask, place, {}, name);
  });
}

}  // namespace

TEST_CASE("a changed byte of a chunk with a checksum is noticed", "[hdf5][damaged]") {
  const Folder folder;
  const std::string file = folder / "roads.h5";
  const std::string peer = std::string(FURROW_PYTHON) + " -B " + FURROW_IO_ROADS_PEER + " roads ";
  REQUIRE(run_program(peer + file).code == 0);
  const Bytes whole = file_bytes(file);
  Engine engine(two_workers());
  hdf5::LoadOptions options;
  options.create.lifetime = Lifetime::owned;
  for (const char* layout : {"checked", "gzip", "gzip_checked", "shuffle_checked", "shuffle_gzip",
                             "shuffle_gzip_checked"}) {
    for (const char* type : {"/i32/le", "/f64/be"}) {
      const std::string path = "/" + std::string(layout) + type;
      for (const hsize_t column : {0, 8}) {
        const ChunkPlace chunk = chunk_place(file, path, 16, column);
        for (std::size_t i = 0; i < chunk.bytes; i += 1 + chunk.bytes / 9) {
          // zlib's first two bytes say how it was compressed, and may say so in several ways.
          if (i < 2) continue;
          CAPTURE(path, column, i);
          Bytes damaged = whole;
          damaged[chunk.address + i] ^= std::byte{0x04};
          write_file(folder / "m.h5", damaged);
          const std::string error =
              error_of([&] { hdf5::load(engine, folder / "m.h5", path, "m", options); });
          CHECK_THAT(error, StartsWith("Corrupt") &&
                                Contains("the chunk at (16, " + std::to_string(column) + ")"));
        }
      }
    }
  }
}

TEST_CASE("a chunk that is not what it should be is refused by its size", "[hdf5][damaged]") {
  using Kind = hdf5::FilterKind;
  const Bytes raw = pattern(Dtype::i32, 32);
  const auto gzip = described({Kind::shuffle, Kind::deflate});
  CHECK(decode_error(gzip, compressed(raw)).empty());
  Bytes longer = raw;
  longer.resize(raw.size() + 4);
  Bytes shorter = raw;
  shorter.resize(raw.size() - 4);
  CHECK_THAT(decode_error(gzip, compressed(longer)),
             StartsWith("Corrupt") && Contains("more than") && Contains("(16, 4)"));
  CHECK_THAT(decode_error(gzip, compressed(shorter)), StartsWith("Corrupt") && Contains("less"));
  CHECK_THAT(decode_error(gzip, Bytes(60, std::byte{1})), StartsWith("Corrupt"));
  CHECK_THAT(decode_error(gzip, Bytes()), StartsWith("Corrupt"));
  CHECK_THAT(decode_error(gzip, Bytes(10'000)), StartsWith("Corrupt") && Contains("10000 bytes"));
  CHECK_THAT(decode_error(gzip, shorter, 2), StartsWith("Corrupt") && Contains("holds 124"));
  const auto plain = described({});
  CHECK(decode_error(plain, raw).empty());
  CHECK_THAT(decode_error(plain, shorter), StartsWith("Corrupt"));
  CHECK_THAT(decode_error(plain, longer), StartsWith("Corrupt"));
  const auto checked = described({Kind::deflate, Kind::fletcher32});
  CHECK_THAT(decode_error(checked, Bytes(3)), StartsWith("Corrupt") && Contains("checksum"));
  // Larger than the file: nothing is taken for it.
  auto huge = described({Kind::deflate});
  huge.chunk = {1 << 15, 1 << 14};
  CHECK_THAT(decode_error(huge, Bytes(100)), StartsWith("Corrupt"));
  hdf5::Decoder decoder;
  const std::string dataset = "x";
  const hdf5::ChunkName name{huge.chunk, dataset};
  CHECK_THAT(error_of([&] { decoder.stored(huge, 1 << 30, name); }), StartsWith("Corrupt"));
}

TEST_CASE("a large chunk is judged as a small one is", "[hdf5][damaged]") {
  // From 16 KiB on our own inflater is asked first.
  auto gzip = described({hdf5::FilterKind::deflate});
  gzip.chunk = {64, 128};
  const Bytes raw = pattern(Dtype::i32, 64 * 128);
  const Bytes whole = compressed(raw);
  REQUIRE(raw.size() < 100 * whole.size());
  CHECK(decode_error(gzip, whole).empty());
  Bytes longer = raw;
  longer.resize(raw.size() + 4);
  Bytes shorter = raw;
  shorter.resize(raw.size() - 4);
  CHECK_THAT(decode_error(gzip, compressed(longer)),
             StartsWith("Corrupt") && Contains("more than"));
  CHECK_THAT(decode_error(gzip, compressed(shorter)), StartsWith("Corrupt") && Contains("less"));
  for (std::size_t i = 0; i < whole.size(); i += 1 + whole.size() / 200) {
    if (i == 1) continue;  // how it was compressed: may be said in several ways
    CAPTURE(i);
    Bytes changed = whole;
    changed[i] ^= std::byte{0x08};
    CHECK_THAT(decode_error(gzip, changed), StartsWith("Corrupt"));
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK_THAT(decode_error(gzip, cut), StartsWith("Corrupt"));
  }
  for (std::size_t i = whole.size() - 4; i < whole.size(); ++i) {  // the checksum
    Bytes changed = whole;
    changed[i] ^= std::byte{1};
    CHECK_THAT(decode_error(gzip, changed), StartsWith("Corrupt"));
  }
}

TEST_CASE("elements that the file does not hold are an error", "[hdf5][damaged]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  hdf5::save(pattern_array("x", Dtype::f64, {5000}), file, "x");
  hdf5::LoadPlan plan;
  plan.description = hdf5::Source(file, "x").description();
  plan.road = hdf5::road_of(plan.description);
  REQUIRE(plan.road == hdf5::Road::contiguous);
  const hdf5::Selection all = hdf5::select_all(plan.description.shape);
  plan.cells = hdf5::cells_of(all, hdf5::cell_extents(plan.description, all, 1 << 20));
  plan.cells_per_block = plan.cells.count();
  plan.blocks = 1;
  Bytes memory(40'000);
  plan.data = memory.data();
  plan.strides = {1};
  hdf5::read_block(plan, file, "/x", 0);
  CHECK(memory == pattern(Dtype::f64, 5000));
  plan.description.offset += 8;
  CHECK_THAT(error_of([&] { hdf5::read_block(plan, file, "/x", 0); }),
             StartsWith("Corrupt") && Contains("cut short"));
  plan.description.offset = ~std::uint64_t{0} - 100;
  CHECK_FALSE(error_of([&] { hdf5::read_block(plan, file, "/x", 0); }).empty());
  plan.description.offset = 2048;
  plan.description.stamp.bytes += 1;
  CHECK_THAT(error_of([&] { hdf5::read_block(plan, file, "/x", 0); }), StartsWith("InUse"));
}

}  // namespace furrow::test
