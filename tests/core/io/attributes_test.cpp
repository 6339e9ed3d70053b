// Attributes: h5py's to furrow's, furrow's to h5py's, and what is left out.
#include <catch2/catch.hpp>

#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/utf8.hpp>

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

TEST_CASE("texts that are no UTF-8 are taken for Latin-1", "[hdf5][attributes]") {
  struct Case {
    const char* text;
    bool said;  // the file says that it is UTF-8
    const char* wanted;
  };
  for (const Case& c : {
           Case{"plain", false, "plain"},
           Case{"", false, ""},
           Case{"Gr\xC3\xB6\xC3\x9F"
                "e",
                false, "Größe"},  // UTF-8 under the flag of ASCII
           Case{"Gr\xF6\xDF"
                "e in \xB5m, 20 \xB0"
                "C",
                false, "Größe in µm, 20 °C"},
           Case{"Gr\xF6\xDF"
                "e",
                true, "Größe"},
           Case{"caf\xE9", false, "café"},  // it could begin a character of three bytes
           Case{"5 \x80 \x96 8 \x80", false, "5 € – 8 €"},  // windows-1252
           Case{"Gr\xC3\xB6\xC3", false, "Grö"},            // cut by its length
           Case{"caf\xC3", true, "caf"},
           Case{"\xE2\x82\xAC \xF0\x9F\x8C\xBE", false, "€ 🌾"},
           Case{"\xC0\x80", false, "À€"},              // longer than needed: no UTF-8
           Case{"\xED\xA0\x80", false, "í\xC2\xA0€"},  // a surrogate
           Case{"\xF4\x90\x80\x80", false, "ô\xC2\x90€€"},
       }) {
    CAPTURE(c.text, c.said);
    CHECK(hdf5::as_utf8(c.text, c.said) == c.wanted);
  }
  const Folder folder;
  const std::string file = folder / "latin.h5";
  REQUIRE(run_peer("latin " + file).output.empty());
  const Attributes a = read_here(file, "/x").attributes;
  CHECK(a.at("unit") == Attribute::text("µm"));
  CHECK(a.at("variable") == Attribute::text("Grad °C"));
  CHECK(a.at("names") == Attribute::strings({"é", "ok", "ü"}));
  CHECK(a.at("ours") == Attribute::text("Größe"));
  // What is written back is UTF-8 that Python reads.
  hdf5::SaveOptions options;
  options.attributes = a;
  hdf5::save(pattern_array("x", Dtype::f64, {3}), folder / "out.h5", "x", options);
  const Ran checked = run_peer("check_latin " + (folder / "out.h5"));
  INFO(checked.output);
  CHECK(checked.code == 0);
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
