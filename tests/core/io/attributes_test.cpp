// Attributes: h5py's to furrow's, furrow's to h5py's, and what is left out.
#include <catch2/catch.hpp>

#include <furrow/io/hdf5.hpp>

#include "io_support.hpp"

namespace furrow::test {
namespace {

Attribute numbers(Dtype dtype, const std::vector<std::int64_t>& shape) {
  std::int64_t size = 1;
  for (const std::int64_t extent : shape) size *= extent;
  return {dtype, shape, pattern(dtype, size)};
}

}  // namespace

TEST_CASE("attributes of h5py are kept, those of other types are named", "[hdf5][attributes]") {
  const Folder folder;
  const std::string file = folder / "peer.h5";
  REQUIRE(run_peer("write " + file).code == 0);
  const Content content = read_here(file, "/attributes");
  const Attributes& a = content.attributes;
  CHECK(a.at("text") == Attribute::text("Größe in µm"));
  CHECK(a.at("ascii") == Attribute::text("plain"));
  CHECK(a.at("empty") == Attribute::text(""));
  CHECK(a.at("names") == Attribute::strings({"DAX", "SMI", "é"}));
  CHECK(a.at("fixed") == Attribute::strings({"ab", "abc", ""}));
  for (const Dtype dtype : all_dtypes) {
    const std::string name(dtype_name(dtype));
    CAPTURE(name);
    CHECK(a.at("scalar " + name) == numbers(dtype, {}));
    CHECK(a.at("array " + name) == numbers(dtype, {2, 3}));
  }
  CHECK(a.at("big endian").dtype == Dtype::f64);
  CHECK(a.at("no elements").shape == std::vector<std::int64_t>{0, 2});
  CHECK(content.skipped == std::vector<std::string>{"compound", "null", "reference", "table"});
}

TEST_CASE("attributes are written so that h5py and furrow read them back", "[hdf5][attributes]") {
  const Folder folder;
  const std::string file = folder / "a.h5";
  Attributes attributes;
  attributes["text"] = Attribute::text("Größe in µm");
  attributes["empty"] = Attribute::text("");
  attributes["names"] = Attribute::strings({"DAX", "", "é"});
  attributes["number"] = Attribute::number(2.5);
  for (const Dtype dtype : all_dtypes) {
    attributes["array " + std::string(dtype_name(dtype))] = numbers(dtype, {2, 3});
  }
  hdf5::SaveOptions options;
  options.attributes = attributes;
  hdf5::save(pattern_array("x", Dtype::f64, {3}), file, "x", options);
  CHECK(read_here(file, "x").attributes == attributes);
  const Ran checked = run_peer("attributes " + file);
  INFO(checked.output);
  CHECK(checked.code == 0);
}

TEST_CASE("an array's own attributes are saved, large ones and texts with NUL too",
          "[hdf5][attributes]") {
  const Folder folder;
  CreateOptions create;
  create.lifetime = Lifetime::owned;
  create.attribute_bytes = 500'000;
  const auto array = Array<double>::create("x", {3}, create);
  Attributes attributes;
  attributes["large"] = numbers(Dtype::f64, {20'000});
  attributes["nul"] = Attribute::text(std::string_view("a\0b", 3));
  attributes["all axes"] = numbers(Dtype::i16, {1, 2, 1, 2, 1, 2, 1, 2});
  array.set_attributes(attributes);
  hdf5::save(array, folder / "a.h5", "x");
  CHECK(read_here(folder / "a.h5", "x").attributes == attributes);
}

}  // namespace furrow::test
