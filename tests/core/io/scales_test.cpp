// Dimension labels and scales: h5py's and netCDF's to furrow's attributes, and back as real ones.
#include <catch2/catch.hpp>

#include <furrow/engine/engine.hpp>
#include <furrow/io/dimensions.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5_inspect.hpp>

#include "io_support.hpp"
#include "tools_support.hpp"

using Catch::Matchers::Contains;

namespace furrow::test {
namespace {

hdf5::LoadOptions owned() {
  hdf5::LoadOptions options;
  options.create.lifetime = Lifetime::owned;
  return options;
}

Attribute i64s(const std::vector<std::int64_t>& values) {
  Attribute result{Dtype::i64, {static_cast<std::int64_t>(values.size())}, {}};
  const auto* bytes = reinterpret_cast<const std::byte*>(values.data());
  result.bytes.assign(bytes, bytes + 8 * values.size());
  return result;
}

void check_peer(const std::string& arguments) {
  const Ran ran = run_tools_peer(arguments);
  INFO(ran.output);
  CHECK(ran.code == 0);
}

}  // namespace

TEST_CASE("dimensions go into attributes and come out as they were", "[hdf5][scales]") {
  Dimensions d;
  d.labels = {"a", ""};
  d.scales = {{}, {{"time", i64s({1, 2, 3}), {{"unit", Attribute::text("s")}}}, {"/g/x", {}, {}}}};
  d.scale = "title";
  Attributes attributes;
  attributes["other"] = Attribute::number(1);
  attributes["dims.7.x"] = Attribute::number(2);  // nothing names it
  attributes["dims.labelsx"] = Attribute::text("x");
  const Attributes before = attributes;
  put_dimensions(attributes, d);
  CHECK(attributes.at("dims.1").as_strings() == std::vector<std::string>{"time", "/g/x"});
  CHECK(attributes.at("dims.1.time@unit").as_text() == "s");
  const Dimensions same = take_dimensions(attributes);
  CHECK(attributes == before);
  CHECK(same.labels == d.labels);
  CHECK(same.scale == "title");
  REQUIRE(same.scales.size() == 2);
  REQUIRE(same.scales[1].size() == 2);
  CHECK(same.scales[1][0].values == d.scales[1][0].values);
  CHECK(same.scales[1][0].attributes == d.scales[1][0].attributes);
  CHECK_FALSE(same.scales[1][1].values);
}

TEST_CASE("labels and scales of h5py are kept, and written back as scales", "[hdf5][scales]") {
  const Folder folder;
  const std::string in = folder / "in.h5";
  const std::string out = folder / "out.h5";
  check_peer("scales " + in);
  Engine engine({.workers = 2});
  hdf5::LoadReport report;
  const auto x = hdf5::load<double>(engine, in, "/g/x", "x", owned(), &report);
  const Dimensions d = dimensions_of(x.attributes());
  CHECK(d.labels == std::vector<std::string>{"t", "", "wörter"});
  REQUIRE(d.scales.size() == 2);
  CHECK(d.scales[0].at(0).name == "time");
  CHECK(d.scales[0][0].values->dtype == Dtype::i32);
  CHECK(d.scales[0][0].attributes.at("units").as_text() == "days since 2000-01-01");
  CHECK(d.scales[0][0].attributes.at("NAME").as_text() == "the time");
  CHECK(d.scales[1].at(0).name == "/lat");
  CHECK(d.scales[1].at(1).values == i64s({7, 8, 9}));
  CHECK(report.skipped_attributes == std::vector<std::string>{"scale /words of axis 2"});
  CHECK(x.attributes().count("DIMENSION_LIST") == 0);

  hdf5::save(engine, x, out, "/out/x");
  const auto time = hdf5::load(engine, in, "/g/time", "time", owned());
  CHECK(dimensions_of(time.attributes()).scale == "the time");
  hdf5::save(engine, time, out, "/alone");
  hdf5::LoadOptions rows = owned();
  rows.rows = hdf5::RowRange{1, 3};
  hdf5::save(engine, hdf5::load(engine, in, "/g/x", "rows", rows), out, "/rows");
  hdf5::save(engine, x.slice(0, {-1, 0, -2}).slice(1, {1, {}, 1}), folder / "p.h5", "/part/slice");
  CHECK_THAT(error_of([&] {
               hdf5::save(engine, x.slice(0, {-1, 0, -2}).slice(1, {1, {}, 1}), out, "/part/slice");
             }),
             Contains("AlreadyExists") && Contains("/lat"));
  // Beside each other when each has scales of its own.
  Attributes own = attributes_of_view(x.slice(0, {-1, 0, -2}).slice(1, {1, {}, 1}));
  Dimensions cut = take_dimensions(own);
  cut.scales[1][0].name = "lat";
  cut.scales[1].pop_back();
  put_dimensions(own, cut);
  hdf5::SaveOptions options;
  options.attributes = own;
  hdf5::save(engine, x.slice(0, {-1, 0, -2}).slice(1, {1, {}, 1}), out, "/part/slice", options);
  hdf5::save(engine, x.transpose(), out, "/turned");
  check_peer("check_scales " + out);
  if (has_program("h5dump")) {
    CHECK(run_program("h5dump -H " + out).code == 0);
  }
}

TEST_CASE("what is replaced keeps its place among scales and what furrow cannot keep",
          "[hdf5][scales]") {
  const Folder folder;
  const std::string file = folder / "in.h5";
  check_peer("scales " + file);
  Engine engine({.workers = 1});
  hdf5::SaveOptions replace;
  replace.replace = true;
  const auto x = hdf5::load(engine, file, "/g/x", "x", owned());
  hdf5::save(engine, x, file, "/g/x", replace);
  hdf5::save(engine, x, file, "/g/x", replace);
  const auto pairs = hdf5::load(engine, file, "/g/pairs", "pairs", owned());
  hdf5::save(engine, pairs, file, "/g/pairs", replace);
  const auto time = Array<std::int32_t>::create("t", {4}, {.lifetime = Lifetime::owned});
  for (int i = 0; i < 4; ++i) time(i) = i + 1;
  hdf5::save(engine, time, file, "/g/time", replace);
  check_peer("check_replaced " + file);
}

TEST_CASE("scales that do not fit are refused, and the file stays", "[hdf5][scales]") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  Engine engine({.workers = 1});
  const auto x = Array<double>::create("x", {3, 2}, {.lifetime = Lifetime::owned});
  Dimensions d;
  d.scales = {{{"time", i64s({1, 2, 3, 4}), {}}}};
  hdf5::SaveOptions options;
  const auto saved = [&](const std::string& dataset) {
    options.attributes = Attributes();
    put_dimensions(*options.attributes, d);
    return error_of([&] { hdf5::save(engine, x, file, dataset, options); });
  };
  CHECK_THAT(saved("/x"), Contains("InvalidArgument") && Contains("4 values"));
  CHECK(folder.names().empty());
  d.scales = {{}, {}, {{"time", i64s({1}), {}}}};
  CHECK_THAT(saved("/x"), Contains("2 axes"));
  d.scales.clear();
  d.labels = {"only one"};
  CHECK_THAT(saved("/x"), Contains("labels"));
  d.labels.clear();
  d.scales = {{{"time", i64s({1, 2, 3}), {}}}};
  CHECK(saved("/x").empty());
  CHECK(saved("/y").empty());  // the same scale, used twice
  d.scales = {{{"time", i64s({4, 5, 6}), {}}}};
  CHECK_THAT(saved("/z"), Contains("AlreadyExists"));
  options.replace = true;
  CHECK_THAT(saved("/z"), Contains("AlreadyExists"));  // x and y have it
  d.scales = {{{"x", i64s({4, 5, 6}), {}}}};
  options.replace = false;
  CHECK_THAT(saved("/w"), Contains("AlreadyExists"));  // not a scale with these values
}

TEST_CASE("replace covers the dataset named and the scales it alone had", "[hdf5][scales]") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  Engine engine({.workers = 1});
  const auto x = Array<double>::create("x", {3}, {.lifetime = Lifetime::owned});
  const auto other = Array<std::int64_t>::create("o", {5}, {.lifetime = Lifetime::owned});
  for (int i = 0; i < 5; ++i) other(i) = 10 + i;
  hdf5::SaveOptions options;
  options.replace = true;
  const auto saved = [&](const std::string& dataset, std::optional<Attribute> time) {
    Dimensions d;
    d.scales = {{{"time", std::move(time), {}}}};
    options.attributes = Attributes();
    put_dimensions(*options.attributes, d);
    return error_of([&] { hdf5::save(engine, x, file, dataset, options); });
  };
  const auto time_there = [&] {
    const auto there = hdf5::load(engine, file, "/time", "t", owned());
    const auto* first = static_cast<const std::int64_t*>(there.data());
    return std::vector<std::int64_t>(first, first + there.size());
  };
  hdf5::save(engine, other, file, "/time");
  CHECK_THAT(saved("/t", i64s({1, 2, 3})), Contains("AlreadyExists") && Contains("/time"));
  CHECK_THAT(saved("/t", {}), Contains("AlreadyExists"));  // a title would hide its values
  options.attributes = Attributes();
  hdf5::save(engine, x, file, "/t", options);  // now there is one to be replaced, without scales
  CHECK_THAT(saved("/t", i64s({1, 2, 3})), Contains("AlreadyExists"));
  CHECK(time_there() == std::vector<std::int64_t>{10, 11, 12, 13, 14});
  CHECK(hdf5::info(engine, file, "/time").attributes.empty());
  // Its own scale goes with it, but not from another dataset.
  options.attributes = Attributes();
  const auto three = Array<std::int64_t>::create("3", {3}, {.lifetime = Lifetime::owned});
  for (int i = 0; i < 3; ++i) three(i) = 1 + i;
  hdf5::save(engine, three, file, "/time", options);
  CHECK(saved("/t", i64s({1, 2, 3})).empty());  // the same values: it becomes a scale
  CHECK(saved("/t", i64s({4, 5, 6})).empty());
  CHECK(time_there() == std::vector<std::int64_t>{4, 5, 6});
  CHECK_THAT(saved("/u", i64s({7, 8, 9})), Contains("AlreadyExists"));
  CHECK(saved("/u", i64s({4, 5, 6})).empty());
  CHECK_THAT(saved("/t", i64s({7, 8, 9})), Contains("AlreadyExists"));
  CHECK(time_there() == std::vector<std::int64_t>{4, 5, 6});
}

TEST_CASE("a netCDF-4 variable is loaded with its coordinates and written back", "[hdf5][scales]") {
  const Folder folder;
  const std::string in = folder / "in.nc";
  check_peer("netcdf " + in);
  Engine engine({.workers = 1});
  const auto t = hdf5::load<double>(engine, in, "temperature", "t", owned());
  const Dimensions d = dimensions_of(t.attributes());
  REQUIRE(d.scales.size() == 2);
  CHECK(d.scales[0].at(0).values);
  CHECK(d.scales[1].at(0).name == "lon");
  CHECK_FALSE(d.scales[1][0].values);
  hdf5::save(engine, t, folder / "out.nc", "temperature");
  check_peer("check_netcdf " + (folder / "out.nc"));
}

TEST_CASE("scales and datasets that were deleted are in nobody's way", "[hdf5][scales]") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  check_peer("dangling " + file);
  Engine engine({.workers = 1});
  hdf5::LoadReport report;
  const auto x = hdf5::load<double>(engine, file, "/x", "x", owned(), &report);
  CHECK(report.skipped_attributes ==
        std::vector<std::string>{"scale of axis 0 that is no longer in the file"});
  const Dimensions there = dimensions_of(x.attributes());
  REQUIRE(there.scales.size() == 1);
  REQUIRE(there.scales[0].size() == 1);
  CHECK(there.scales[0][0].name == "u");
  hdf5::SaveOptions options;
  options.replace = true;
  const auto saved = [&](const AnyArray& array, const std::string& dataset) {
    return error_of([&] { hdf5::save(engine, array, file, dataset, options); });
  };
  CHECK(saved(x, "/x").empty());
  CHECK(saved(hdf5::load<double>(engine, file, "/y", "y", owned()), "/y").empty());
  const auto v = Array<std::int64_t>::create("v", {4}, {.lifetime = Lifetime::owned});
  for (int i = 0; i < 4; ++i) v(i) = 1 + i;
  CHECK(saved(v, "/v").empty());  // a scale of one dataset that is there and one that is not
  // Nobody who is there has the old scale but the dataset that is replaced.
  Dimensions d;
  d.scales = {{{"old", i64s({4, 5, 6, 7}), {}}}};
  options.attributes = Attributes();
  put_dimensions(*options.attributes, d);
  CHECK(saved(x, "/only").empty());
  check_peer("check_dangling " + file);
  CHECK(hdf5::verify(engine, file).whole());
}

}  // namespace furrow::test
