// bfloat16 from every layout, and elements that become another dtype's as they are loaded.
#include <catch2/catch.hpp>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5_inspect.hpp>
#include <furrow/io/hdf5_stream.hpp>

#include "io_support.hpp"
#include "save_support.hpp"

namespace furrow::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

CreateOptions owned() { return {.lifetime = Lifetime::owned}; }

std::uint32_t bits_of(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// Of element (i, j) of the 37 x 11 elements that roads_peer.py writes.
std::uint32_t wanted_bits(std::int64_t i, std::int64_t j) {
  static const std::vector<std::byte> halves = pattern(Dtype::u16, 37 * 11);
  std::uint16_t half = 0;
  std::memcpy(&half, &halves[static_cast<std::size_t>(2 * (11 * i + j))], sizeof half);
  return static_cast<std::uint32_t>(half) << 16;
}

/// Elements of x that are not those at (first + i * step, column + j).
std::int64_t wrong(const Array<float>& x, std::int64_t first, std::int64_t step,
                   std::int64_t column) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < x.extent(0); ++i) {
    for (std::int64_t j = 0; j < x.extent(1); ++j) {
      count += bits_of(x(i, j)) != wanted_bits(first + i * step, column + j) ? 1 : 0;
    }
  }
  return count;
}

void write_bfloat16(const std::string& file) {
  const Ran written =
      run_program(std::string(FURROW_PYTHON) + " -B " + FURROW_IO_ROADS_PEER + " bfloat16 " + file);
  INFO(written.output);
  REQUIRE(written.code == 0);
}

}  // namespace

TEST_CASE("bfloat16 is read as f32, to the bit, from every layout", "[hdf5][convert]") {
  const Folder folder;
  const std::string file = folder / "b.h5";
  write_bfloat16(file);
  for (const std::size_t workers : {1u, 3u}) {
    Engine engine(workers_of(workers));
    for (const auto& [layout, road] :
         {std::pair{"contiguous", "contiguous"}, std::pair{"compact", "blocks"},
          std::pair{"plain", "chunks"}, std::pair{"gzip", "chunks"}, std::pair{"all", "chunks"},
          std::pair{"nbit", "blocks"}}) {
      for (const char* order : {"le", "be"}) {
        const std::string path = std::string("/") + layout + "/" + order;
        CAPTURE(path);
        hdf5::LoadReport report;
        const auto x = hdf5::load<float>(engine, file, path, "x", {.create = owned()}, &report);
        CHECK(report.road == road);
        CHECK((x.shape() == Shape{37, 11} && wrong(x, 0, 1, 0) == 0));
        hdf5::LoadOptions part{.create = owned()};
        part.select = {{3, 30, 5}, {2, 9, 1}};
        const auto y = hdf5::load<float>(engine, file, path, "y", part);
        CHECK((y.shape() == Shape{6, 7} && wrong(y, 3, 5, 2) == 0));
        hdf5::LoadOptions listed{.create = owned()};
        listed.row_list = std::vector<std::int64_t>{36, 0, 36, 9};
        const auto z = hdf5::load<float>(engine, file, path, "z", listed);
        CHECK((wrong(z.rows(0, 1), 36, 1, 0) == 0 && wrong(z.rows(1, 2), 0, 1, 0) == 0 &&
               wrong(z.rows(2, 3), 36, 1, 0) == 0 && wrong(z.rows(3, 4), 9, 1, 0) == 0));
        // Every other column: what lies between them stays.
        const auto wide = Array<float>::create("wide", {37, 22}, owned());
        engine.fill(wide, 1.0f);
        const Array<float> slice = wide.slice(1, {0, 22, 2});
        hdf5::load(engine, file, path, slice);
        CHECK(wrong(slice, 0, 1, 0) == 0);
        CHECK(engine.sum(wide.slice(1, {1, 22, 2})) == 37 * 11);
      }
    }
  }
}

TEST_CASE("bfloat16 in what stands around a load", "[hdf5][convert]") {
  const Folder folder;
  const std::string file = folder / "b.h5";
  write_bfloat16(file);
  Engine engine(workers_of(2));
  for (const char* path : {"/fill/le", "/fill/be"}) {
    const auto x = hdf5::load<float>(engine, file, path, "x", {.create = owned()});
    CHECK(wrong(x.rows(0, 16), 0, 1, 0) == 0);
    CHECK((x(16, 0) == -2.5f && x(36, 10) == -2.5f));  // chunks that were never written
  }
  CHECK(hdf5::info(engine, file, "/all/be").dtype == Dtype::f32);
  const hdf5::ObjectInfo info = hdf5::inspect(engine, file, "/plain/le");
  CHECK((info.dtype == Dtype::f32 && info.type == "bfloat16"));
  CHECK(info.attributes.at("scale").as_number() == -1.5);
  CHECK(hdf5::verify(engine, file, "/all").whole());
  // Streams see f32, too.
  const auto whole = hdf5::load<float>(engine, file, "/gzip/be", "whole", {.create = owned()});
  const Statistics s = hdf5::statistics(engine, {file, "/gzip/be"}, {.memory_bytes = 9u << 20});
  CHECK((s.count == engine.statistics(whole).count && s.nan == engine.statistics(whole).nan));
  std::int64_t seen = 0;
  hdf5::for_each_slab<float>(engine, {file, "/all/le"}, [&](const Array<float>& x, auto first) {
    seen += x.extent(0);
    CHECK(wrong(x, first, 1, 0) == 0);
  });
  CHECK(seen == 37);
  CHECK_THAT(error_of([&] { hdf5::load<double>(engine, file, "/all/le", "d"); }),
             StartsWith("TypeMismatch") && Contains("holds f32, asked for was f64"));
}

TEST_CASE("elements become another dtype's as the kernel cast has it", "[hdf5][convert]") {
  const Folder folder;
  const std::string file = folder / "c.h5";
  Engine engine(workers_of(2));
  struct Case {
    Dtype from, to;
  };
  for (const Case& c :
       {Case{Dtype::f16, Dtype::f64}, Case{Dtype::f16, Dtype::f32}, Case{Dtype::f64, Dtype::f16},
        Case{Dtype::i32, Dtype::f64}, Case{Dtype::u8, Dtype::i64}, Case{Dtype::f32, Dtype::c128},
        Case{Dtype::bool_, Dtype::f32}}) {
    const AnyArray x = pattern_array("x", c.from, {300, 40});
    CAPTURE(dtype_name(c.from), dtype_name(c.to));
    const AnyArray wanted = AnyArray::create("wanted", c.to, {300, 40}, owned());
    engine.apply_to("cast", wanted, {x});
    for (const int gzip : {0, 1}) {
      hdf5::save(engine, x, file, "/x", {.gzip = gzip, .replace = true});
      hdf5::LoadReport report;
      const AnyArray y = hdf5::load(engine, file, "/x", "y",
                                    {.dtype = c.to, .convert = true, .create = owned()}, &report);
      CHECK(report.road == (gzip == 0 ? "contiguous" : "chunks"));
      CHECK((dense_bytes(y) == dense_bytes(wanted)));
      const AnyArray turned = AnyArray::create("turned", c.to, {40, 300}, owned()).transpose();
      hdf5::load(engine, file, "/x", turned, {.convert = true});
      CHECK((dense_bytes(turned) == dense_bytes(wanted)));
    }
  }
  CHECK_THAT(error_of([&] { hdf5::load<double>(engine, file, "/x", "d"); }),
             StartsWith("TypeMismatch") && Contains("asked for was f64"));
  const AnyArray z = pattern_array("z", Dtype::c128, {3});
  hdf5::save(engine, z, file, "/z");
  CHECK_THAT(error_of([&] { hdf5::load<double>(engine, file, "/z", "d", {.convert = true}); }),
             StartsWith("TypeMismatch") && Contains("cannot be converted"));
}

}  // namespace furrow::test
