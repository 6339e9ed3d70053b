// Every layout, filter, dtype and byte order is loaded by the road that it should take, and by no
// other: bit for bit what h5py wrote.
#include <catch2/catch.hpp>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/decode.hpp>
#include <furrow/io/hdf5/handle.hpp>

#include "io_support.hpp"

namespace furrow::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

const std::string peer = std::string(FURROW_PYTHON) + " -B " + FURROW_IO_ROADS_PEER + " ";

hdf5::LoadOptions owned() {
  hdf5::LoadOptions options;
  options.create.lifetime = Lifetime::owned;
  return options;
}

EngineOptions two_workers() {
  EngineOptions options;
  options.workers = 2;
  return options;
}

AnyArray load(Engine& engine, const std::string& file, const std::string& dataset,
              const std::string& road, hdf5::LoadOptions options = owned()) {
  hdf5::LoadReport report;
  options.attributes = false;
  AnyArray x = hdf5::load(engine, file, dataset, "x", options, &report);
  CHECK(report.road == road);
  return x;
}

const std::map<std::string, std::string> road_of_layout = {
    {"contiguous", "contiguous"}, {"plain", "chunks"},           {"gzip", "chunks"},
    {"shuffle", "chunks"},        {"checked", "chunks"},         {"shuffle_gzip", "chunks"},
    {"gzip_checked", "chunks"},   {"shuffle_checked", "chunks"}, {"shuffle_gzip_checked", "chunks"},
    {"szip", "blocks"},           {"compact", "blocks"},         {"virtual", "blocks"}};

}  // namespace

TEST_CASE("every layout takes its own road, with the bits that h5py wrote", "[hdf5][roads]") {
  const Folder folder;
  const std::string file = folder / "roads.h5";
  const Ran written = run_program(peer + "roads " + file);
  INFO(written.output);
  REQUIRE(written.code == 0);
  Engine engine(two_workers());
  for (const auto& [layout, road] : road_of_layout) {
    for (const Dtype dtype : all_dtypes) {
      if (layout == "szip" && (is_complex(dtype) || dtype == Dtype::bool_)) continue;
      for (const char* order : {"le", "be"}) {
        const std::string path = "/" + layout + "/" + std::string(dtype_name(dtype)) + "/" + order;
        CAPTURE(path);
        const AnyArray x = load(engine, file, path, road);
        CHECK(x.dtype() == dtype);
        CHECK(holds(x, pattern(dtype, 37 * 11)));
      }
    }
  }
  for (const char* integer : {"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"}) {
    const AnyArray x = load(engine, file, std::string("/scaled/") + integer + "/le", "blocks");
    CHECK(holds(x, pattern(x.dtype(), 37 * 11)));
  }
}

TEST_CASE("every rank, sizes of zero, edges and fill values on our own roads", "[hdf5][roads]") {
  const Folder folder;
  const std::string file = folder / "shapes.h5";
  REQUIRE(run_program(peer + "shapes " + file).code == 0);
  Engine engine(two_workers());
  for (const Dtype dtype : all_dtypes) {
    const std::string name(dtype_name(dtype));
    for (std::size_t i = 0; i < all_shapes().size(); ++i) {
      CAPTURE(name, i);
      const std::vector<std::byte> bytes = pattern(dtype, size_of(all_shapes()[i]));
      const std::string path = name + "/r" + std::to_string(i);
      CHECK(holds(load(engine, file, "/contiguous/" + path, "contiguous"), bytes));
      if (i != 0) CHECK(holds(load(engine, file, "/chunked/" + path, "chunks"), bytes));
    }
    const std::size_t item = item_bytes(dtype);
    const std::vector<std::byte> source = pattern(dtype, 41);
    std::vector<std::byte> filled(30 * item);
    for (std::size_t j = 0; j < 30; ++j) {
      std::memcpy(&filled[j * item], &source[5 * item], item);
    }
    for (const std::string order : {"/le", "/be"}) {
      CAPTURE(name, order);
      CHECK(holds(load(engine, file, "/contiguous_fill/" + name + order, "contiguous"), filled));
      std::vector<std::byte> expected = filled;
      std::memcpy(&expected[14 * item], &source[14 * item], 7 * item);
      CHECK(holds(load(engine, file, "/chunked_fill/" + name + order, "chunks"), expected));
    }
  }
}

TEST_CASE("filters that a chunk skipped are skipped", "[hdf5][roads]") {
  const Folder folder;
  const std::string file = folder / "masks.h5";
  REQUIRE(run_program(peer + "masks " + file).code == 0);
  Engine engine(two_workers());
  for (int mask = 0; mask < 8; ++mask) {
    CAPTURE(mask);
    CHECK(
        holds(load(engine, file, "/m" + std::to_string(mask), "chunks"), pattern(Dtype::i32, 40)));
  }
}

namespace {

using hdf5::own;

/// What h5py cannot ask for: edge chunks without filters, nbit, two deflates, odd types.
class OddFile {
 public:
  explicit OddFile(const std::string& path) {
    const hdf5::Properties latest = own<hdf5::Properties>(H5Pcreate(H5P_FILE_ACCESS), "make");
    H5Pset_libver_bounds(latest.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    const hdf5::Properties creation = own<hdf5::Properties>(H5Pcreate(H5P_FILE_CREATE), "make");
    H5Pset_userblock(creation.get(), 1024);
    file_ = own<hdf5::File>(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), latest.get()),
                            "make");
  }

  template <class Set>
  void write(const char* name, hid_t type, hid_t memory_type, const void* elements, Set set) {
    const hsize_t extents[] = {37, 11};
    const hsize_t chunk[] = {8, 4};
    const hdf5::Space space = own<hdf5::Space>(H5Screate_simple(2, extents, nullptr), "make");
    const hdf5::Properties creation = own<hdf5::Properties>(H5Pcreate(H5P_DATASET_CREATE), "make");
    H5Pset_chunk(creation.get(), 2, chunk);
    set(creation.get());
    const hdf5::Dataset dataset = own<hdf5::Dataset>(
        H5Dcreate2(file_.get(), name, type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
        "make");
    hdf5::check(H5Dwrite(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, elements),
                "write");
  }

 private:
  hdf5::File file_;
};

void write_odd(const std::string& path, const std::vector<std::byte>& x) {
  OddFile f(path);
  const auto write = [&](const char* name, auto set) {
    f.write(name, H5T_STD_I32BE, H5T_NATIVE_INT32, x.data(), set);
  };
  write("contiguous", [](hid_t p) { H5Pset_layout(p, H5D_CONTIGUOUS); });
  write("unfiltered_edges", [](hid_t p) {
    H5Pset_deflate(p, 5);
    H5Pset_fletcher32(p);
    H5Pset_chunk_opts(p, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS);
  });
  write("early", [](hid_t p) { H5Pset_alloc_time(p, H5D_ALLOC_TIME_EARLY); });
  write("backwards", [](hid_t p) {
    H5Pset_fletcher32(p);
    H5Pset_deflate(p, 5);
    H5Pset_shuffle(p);
  });
  write("single", [](hid_t p) {
    const hsize_t all[] = {37, 11};
    H5Pset_chunk(p, 2, all);
    H5Pset_deflate(p, 1);
  });
  write("nbit", [](hid_t p) { H5Pset_nbit(p); });
  write("twice", [](hid_t p) {
    H5Pset_deflate(p, 1);
    H5Pset_deflate(p, 1);
  });
  // 24 bits of 32: not our bits, so HDF5 converts.
  const hdf5::Type narrow = own<hdf5::Type>(H5Tcopy(H5T_STD_I32LE), "make");
  H5Tset_precision(narrow.get(), 24);
  std::vector<std::int32_t> small(37 * 11, -5);
  f.write("narrow", narrow.get(), H5T_NATIVE_INT32, small.data(), [](hid_t) {});
  // A complex number with its parts exchanged and apart.
  const hdf5::Type pair = own<hdf5::Type>(H5Tcreate(H5T_COMPOUND, 16), "make");
  H5Tinsert(pair.get(), "r", 12, H5T_IEEE_F32LE);
  H5Tinsert(pair.get(), "i", 4, H5T_IEEE_F32BE);
  const hdf5::Type memory = own<hdf5::Type>(H5Tcreate(H5T_COMPOUND, 8), "make");
  H5Tinsert(memory.get(), "r", 0, H5T_NATIVE_FLOAT);
  H5Tinsert(memory.get(), "i", 4, H5T_NATIVE_FLOAT);
  std::vector<float> numbers;
  for (int i = 0; i < 37 * 11; ++i) numbers.insert(numbers.end(), {1.5F * float(i), -float(i)});
  f.write("parts", pair.get(), memory.get(), numbers.data(), [](hid_t) {});
}

}  // namespace

TEST_CASE("what only HDF5's own interface can make, behind a user block", "[hdf5][roads]") {
  const Folder folder;
  const std::string file = folder / "odd.h5";
  const std::vector<std::byte> x = pattern(Dtype::i32, 37 * 11);
  {
    const hdf5::QuietErrors quiet;
    write_odd(file, x);
  }
  Engine engine(two_workers());
  const std::map<std::string, std::string> roads = {
      {"contiguous", "contiguous"}, {"unfiltered_edges", "chunks"}, {"early", "chunks"},
      {"backwards", "chunks"},      {"single", "chunks"},           {"nbit", "blocks"},
      {"twice", "blocks"}};
  for (const auto& [name, road] : roads) {
    CAPTURE(name);
    CHECK(holds(load(engine, file, name, road), x));
  }
  {
    const AnyArray narrow = load(engine, file, "narrow", "blocks");
    for (const std::int32_t value : narrow.as<std::int32_t>().span()) REQUIRE(value == -5);
  }
  const auto numbers = load(engine, file, "parts", "blocks").as<c64>();
  for (int i = 0; i < 37; ++i) {
    for (int j = 0; j < 11; ++j) {
      REQUIRE(numbers(i, j) == c64(1.5F * float(11 * i + j), -float(11 * i + j)));
    }
  }
}

TEST_CASE("links and elements in other files are refused unless allowed", "[hdf5][roads]") {
  const Folder folder;
  REQUIRE(run_program(peer + "outside " + folder.path()).code == 0);
  const std::string file = folder / "main.h5";
  const std::vector<std::byte> x = pattern(Dtype::f64, 30);
  Engine engine(two_workers());
  hdf5::LoadOptions trusting = owned();
  trusting.external = true;
  const std::map<std::string, std::string> roads = {
      {"link", "contiguous"}, {"group/x", "contiguous"}, {"soft", "contiguous"},
      {"storage", "blocks"},  {"parts", "blocks"},       {"around", "blocks"}};
  for (const auto& entry : roads) {
    const std::string& name = entry.first;
    const std::string& road = entry.second;
    CAPTURE(name);
    CHECK_THAT(error_of([&] { load(engine, file, name, road); }),
               StartsWith("PermissionDenied") && Contains("--external"));
    CHECK_THAT(error_of([&] { hdf5::info(engine, file, name); }), StartsWith("PermissionDenied"));
    CHECK(holds(load(engine, file, name, road, trusting), x));
  }
  for (const char* name : {"far", "near/soft"}) {
    CHECK(holds(load(engine, file, name, "contiguous"), x));
  }
  CHECK(holds(load(engine, file, "own", "blocks"), x));
  CHECK_THAT(error_of([&] { load(engine, file, "circle", ""); }),
             StartsWith("NotFound") && Contains("circle"));
}

}  // namespace furrow::test
