// Parts of datasets: ranges with steps on any axis and lists of rows give what indexing the whole
// gives, on every road, and read no chunk that they do not touch.
#include <catch2/catch.hpp>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5/selection.hpp>

#include "io_support.hpp"

namespace furrow::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using Positions = std::vector<std::vector<std::int64_t>>;  // of each axis

const std::string peer = std::string(FURROW_PYTHON) + " -B " + FURROW_IO_ROADS_PEER + " ";

hdf5::LoadOptions owned() {
  hdf5::LoadOptions options;
  options.create.lifetime = Lifetime::owned;
  options.attributes = false;
  return options;
}

EngineOptions two_workers() {
  EngineOptions options;
  options.workers = 2;
  return options;
}

/// The elements of a whole that lie at these positions, in C order.
std::vector<std::byte> picked(const std::vector<std::byte>& whole, const Shape& shape,
                              std::size_t item, const Positions& at) {
  std::vector<std::byte> part;
  std::int64_t size = 1;
  for (const auto& axis : at) size *= static_cast<std::int64_t>(axis.size());
  for (std::int64_t i = 0; i < size; ++i) {
    std::int64_t rest = i;
    std::int64_t element = 0;
    std::int64_t stride = 1;
    for (std::size_t axis = shape.ndim(); axis-- > 0; stride *= shape[axis]) {
      const auto count = static_cast<std::int64_t>(at[axis].size());
      element += at[axis][static_cast<std::size_t>(rest % count)] * stride;
      rest /= count;
    }
    const std::byte* from = &whole[static_cast<std::size_t>(element) * item];
    part.insert(part.end(), from, from + item);
  }
  return part;
}

hdf5::AxisRange random_range(std::mt19937& random, std::int64_t extent) {
  const auto pick = [&](std::int64_t most) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1));
  };
  hdf5::AxisRange range;
  range.begin = pick(extent);
  range.end = range.begin + pick(extent - range.begin);
  range.step = 1 + pick(random() % 3 == 0 ? extent : 3);
  if (random() % 5 == 0) range = {};
  return range;
}

std::vector<std::int64_t> positions_of(const hdf5::AxisRange& range, std::int64_t extent) {
  std::vector<std::int64_t> positions;
  const std::int64_t end = range.end == hdf5::AxisRange::last ? extent : range.end;
  for (std::int64_t i = range.begin; i < end; i += range.step) positions.push_back(i);
  return positions;
}

}  // namespace

TEST_CASE("the cells of any selection hold each wanted element once", "[hdf5][partial]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int trial = 0; trial < 2000; ++trial) {
    const std::size_t rank = random() % 4;
    hdf5::Selection selection;
    Extents shape;
    Extents extents;
    std::int64_t wanted = 1;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      shape.push_back(1 + random() % 20);
      extents.push_back(1 + random() % 8);
      const hdf5::AxisRange range = random_range(random, shape[axis]);
      const auto count = static_cast<std::int64_t>(positions_of(range, shape[axis]).size());
      selection.begin.push_back(range.begin);
      selection.step.push_back(range.step);
      selection.count.push_back(count);
      wanted *= count;
    }
    const hdf5::Cells cells = hdf5::cells_of(selection, extents);
    std::int64_t seen = 0;
    for (std::int64_t i = 0; i < cells.count(); ++i) {
      const hdf5::Cell cell = cells[i];
      REQUIRE(size_of(cell.count) > 0);
      for (std::size_t axis = 0; axis < rank; ++axis) {
        REQUIRE(cell.corner[axis] % extents[axis] == 0);
        REQUIRE(cell.inside[axis] >= 0);
        REQUIRE(cell.inside[axis] + (cell.count[axis] - 1) * cell.step[axis] < extents[axis]);
        REQUIRE(cell.corner[axis] + cell.inside[axis] ==
                selection.begin[axis] + cell.to[axis] * selection.step[axis]);
      }
      seen += size_of(cell.count);
    }
    REQUIRE(seen == wanted);
  }
}

TEST_CASE("ranges with steps and lists of rows, on every road", "[hdf5][partial]") {
  const Folder folder;
  const std::string file = folder / "roads.h5";
  REQUIRE(run_program(peer + "roads " + file).code == 0);
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Engine engine(two_workers());
  const Shape shape = {37, 11};
  for (int trial = 0; trial < 300; ++trial) {
    const Dtype dtype = all_dtypes[random() % std::size(all_dtypes)];
    static const char* const layouts[] = {"contiguous", "plain",   "shuffle_gzip_checked",
                                          "compact",    "virtual", "gzip"};
    const std::string path = "/" + std::string(layouts[random() % std::size(layouts)]) + "/" +
                             std::string(dtype_name(dtype)) + (random() % 2 == 0 ? "/le" : "/be");
    hdf5::LoadOptions options = owned();
    Positions at(2);
    options.select = {random_range(random, 37), random_range(random, 11)};
    at[1] = positions_of(options.select[1], 11);
    if (random() % 2 == 0) {
      options.select[0] = {};
      options.row_list.emplace();
      for (std::size_t i = random() % 60; i != 0; --i) {
        const bool follows = !options.row_list->empty() && random() % 2 == 0;
        const std::int64_t row =
            follows ? options.row_list->back() + 1 : static_cast<std::int64_t>(random() % 37);
        options.row_list->push_back(row % 37);
      }
      at[0] = *options.row_list;
    } else {
      at[0] = positions_of(options.select[0], 37);
    }
    CAPTURE(path, at);
    const AnyArray part = hdf5::load(engine, file, path, "part", options);
    CHECK(holds(part, picked(pattern(dtype, 37 * 11), shape, item_bytes(dtype), at)));
    // Into an array that exists, between others.
    const Shape wide = {part.shape()[0], part.shape()[1] + 2};
    const AnyArray room = pattern_array("room", dtype, wide);
    hdf5::load(engine, file, path, room.columns(1, wide[1] - 1), options);
    for (std::int64_t i = 0; i < part.shape()[0]; ++i) {
      const std::size_t bytes = static_cast<std::size_t>(part.shape()[1]) * item_bytes(dtype);
      REQUIRE(std::memcmp(room.slice(0, {i, i + 1, 1}).columns(1, wide[1] - 1).data(),
                          part.slice(0, {i, i + 1, 1}).data(), bytes) == 0);
    }
  }
}

TEST_CASE("parts of wide rows, which are written through the array's file", "[hdf5][partial]") {
  const Folder folder;
  const std::string file = folder / "wide.h5";
  const Shape shape = {9, 3, 2000};
  const AnyArray x = pattern_array("x", Dtype::f64, shape);
  hdf5::save(x, file, "rows", {.gzip = 1, .chunk = {2, 3, 2000}});
  hdf5::save(x, file, "tiles", {.gzip = 1, .chunk = {4, 2, 700}});
  hdf5::save(x, file, "plain");
  const std::vector<std::byte> whole = pattern(Dtype::f64, size_of(shape));
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Engine engine(two_workers());
  for (int trial = 0; trial < 60; ++trial) {
    const char* const dataset = trial % 3 == 0 ? "rows" : trial % 3 == 1 ? "tiles" : "plain";
    hdf5::LoadOptions options = owned();
    options.select = {random_range(random, 9), random_range(random, 3), {}};
    if (random() % 2 == 0) options.select[2] = {static_cast<std::int64_t>(random() % 900), 1950};
    Positions at;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      at.push_back(positions_of(options.select[axis], shape[axis]));
    }
    if (random() % 2 == 0) {
      options.select[0] = {};
      at[0].clear();
      for (std::size_t i = 1 + random() % 7; i != 0; --i) {
        at[0].push_back(static_cast<std::int64_t>(random() % 9));
      }
      options.row_list = at[0];
    }
    CAPTURE(dataset, at[0], at[1]);
    const AnyArray part = hdf5::load(engine, file, dataset, "part", options);
    CHECK(holds(part, picked(whole, shape, 8, at)));
  }
}

TEST_CASE("what cannot be chosen is refused by name", "[hdf5][partial]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  hdf5::save(pattern_array("x", Dtype::i32, {30, 4}), file, "x");
  hdf5::save(pattern_array("x", Dtype::i32, {}), file, "number");
  Engine engine(two_workers());
  const auto refusal = [&](const char* dataset, auto set) {
    hdf5::LoadOptions options = owned();
    set(options);
    return error_of([&] { hdf5::load(engine, file, dataset, "y", options); });
  };
  using Options = hdf5::LoadOptions;
  CHECK_THAT(refusal("x",
                     [](Options& o) {
                       o.row_list = {3, -1};
                     }),
             StartsWith("ShapeMismatch") && Contains("row -1") && Contains("0:30"));
  CHECK_THAT(refusal("x", [](Options& o) { o.row_list = {30}; }), StartsWith("ShapeMismatch"));
  CHECK_THAT(refusal("x",
                     [](Options& o) {
                       o.select = {{}, {0, 5}};
                     }),
             StartsWith("ShapeMismatch") && Contains("axis 1") && Contains("0:4"));
  CHECK_THAT(refusal("x",
                     [](Options& o) {
                       o.select = {{}, {}, {}};
                     }),
             StartsWith("ShapeMismatch") && Contains("3 axes"));
  CHECK_THAT(refusal("x",
                     [](Options& o) {
                       o.select = {{0, 9, 0}};
                     }),
             StartsWith("InvalidArgument") && Contains("step"));
  CHECK_THAT(refusal("x",
                     [](Options& o) {
                       o.select = {{0, 9, -1}};
                     }),
             StartsWith("InvalidArgument"));
  CHECK_THAT(refusal("x",
                     [](Options& o) {
                       o.rows = {0, 3};
                       o.row_list = {1};
                     }),
             StartsWith("InvalidArgument") && Contains("two ways"));
  CHECK_THAT(refusal("number", [](Options& o) { o.row_list = {0}; }),
             StartsWith("ShapeMismatch") && Contains("single number"));
  CHECK(refusal("x", [](Options& o) { o.select = {{2, 9, INT64_MAX}}; }).empty());
  CHECK(refusal("x", [](Options& o) { o.row_list.emplace(); }).empty());
}

TEST_CASE("chunks that are not touched are not read", "[hdf5][partial]") {
  const Folder folder;
  const std::string file = folder / "f.h5";
  const AnyArray x = pattern_array("x", Dtype::i32, {100, 6});
  hdf5::save(x, file, "x", {.gzip = 6, .chunk = {10, 6}});
  std::vector<std::byte> bytes = file_bytes(file);
  for (hsize_t chunk = 0; chunk < 10; ++chunk) {
    if (chunk == 2 || chunk == 6) continue;
    const auto opened =
        hdf5::own<hdf5::File>(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), "open");
    const auto dataset = hdf5::own<hdf5::Dataset>(H5Dopen2(opened.get(), "x", H5P_DEFAULT), "open");
    const hsize_t corner[] = {10 * chunk, 0};
    unsigned mask = 0;
    haddr_t address = 0;
    hsize_t stored = 0;
    REQUIRE(H5Dget_chunk_info_by_coord(dataset.get(), corner, &mask, &address, &stored) >= 0);
    bytes.at(address + stored / 2) ^= std::byte{0x10};
  }
  write_file(file, bytes);
  Engine engine(two_workers());
  const Shape shape = {100, 6};
  hdf5::LoadOptions options = owned();
  const auto part = [&] { return hdf5::load(engine, file, "x", "part", options); };
  CHECK_THAT(error_of(part), StartsWith("Corrupt") && Contains("the chunk at ("));
  options.row_list = {63, 20, 29, 21, 63};
  const std::vector<std::int64_t> all = {0, 1, 2, 3, 4, 5};
  CHECK(holds(part(), picked(pattern(Dtype::i32, 600), shape, 4, {*options.row_list, all})));
  options.row_list.reset();
  options.select = {{25, 66, 40}, {1, 6, 2}};
  CHECK(holds(part(), picked(pattern(Dtype::i32, 600), shape, 4, {{25, 65}, {1, 3, 5}})));
  options.select = {{20, 30}};
  CHECK(part().shape() == Shape{10, 6});
}

}  // namespace furrow::test
