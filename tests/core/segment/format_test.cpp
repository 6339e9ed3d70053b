// FORMAT.md: the reader printed there is run, and the header is read by offsets alone.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <furrow/array/array.hpp>
#include <furrow/segment/header.hpp>
#include <numeric>
#include <sstream>

#include "child.hpp"

using furrow::Array;
using furrow::Place;
using furrow::test::owned;
namespace fs = std::filesystem;

namespace {

std::string contents_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The first ```python block of FORMAT.md.
std::string documented_reader() {
  const auto page = fs::path(FURROW_TEST_FOLDER) / "../../../core/furrow/segment/FORMAT.md";
  const std::string text = contents_of(page);
  const std::size_t begin = text.find("```python\n") + 10;
  REQUIRE(begin > 10);
  return text.substr(begin, text.find("```\n", begin) - begin);
}

template <class T>
T at(const std::string& page, std::size_t offset) {
  T value;
  std::memcpy(&value, page.data() + offset, sizeof value);
  return value;
}

int run_python(const std::string& program) {
  const fs::path file = fs::temp_directory_path() / ("furrow-format-" + std::to_string(::getpid()));
  std::ofstream(file) << program;
  const int code = std::system((FURROW_PYTHON " " + file.string()).c_str());
  fs::remove(file);
  return code;
}

}  // namespace

TEST_CASE("the documented reader reads, writes, and knows every dtype and rank") {
  auto numbers = Array<double>::create("reader", {3, 4}, owned());
  std::iota(numbers.data(), numbers.data() + 12, 0.0);
  std::string program = documented_reader();
  const std::string path = Place::default_place().path_of("reader");
  program += "a = furrow_array('" + path + "')\n" +
             "assert (a == np.arange(12.0).reshape(3, 4)).all() and a.dtype == np.float64\n" +
             "furrow_array('" + path + "', 'r+')[2, 3] = 99\n";
  std::vector<furrow::AnyArray> arrays;
  for (std::uint32_t number = 1; number <= 14; ++number) {
    const auto dtype = static_cast<furrow::Dtype>(number);
    const std::string name = "reader" + std::to_string(number);
    furrow::Shape shape;
    for (std::uint32_t axis = 0; axis < number % 9; ++axis) shape.push_back(axis % 3 + 1);
    arrays.push_back(furrow::AnyArray::create(name, dtype, shape, owned()));
    program += "a = furrow_array('" + Place::default_place().path_of(name) + "')\n" +
               "assert a.shape == " + furrow::to_string(shape) + ", a.shape\n" +
               "assert a.itemsize == " + std::to_string(furrow::item_bytes(dtype)) + "\n" +
               "assert a.nbytes == " + std::to_string(arrays.back().bytes()) + "\n";
  }
  CHECK(run_python(program) == 0);
  CHECK(numbers(2, 3) == 99);
}

TEST_CASE("the header page is what FORMAT.md says, byte by byte") {
  auto options = owned();
  options.note = "daily closes";
  auto array = Array<float>::create("format", {5, 0, 7}, options);
  array.segment()->bump_generation();
  const std::string page = contents_of(Place::default_place().path_of("format"));
  CHECK(page.substr(0, 8) == std::string("FURROW\x1A\n", 8));
  const std::uint32_t words[] = {1, 0x01020304, 2, 1, 11, 3};
  for (std::size_t i = 0; i < 6; ++i) CHECK(at<std::uint32_t>(page, 8 + 4 * i) == words[i]);
  const std::int64_t extents[] = {5, 0, 7, 0, 0, 0, 0, 0, 28, 28, 4, 0, 0, 0, 0, 0};
  for (std::size_t i = 0; i < 16; ++i) CHECK(at<std::int64_t>(page, 32 + 8 * i) == extents[i]);
  const std::uint64_t sizes[] = {4096, 0, 4096, 4096, 8192};
  for (std::size_t i = 0; i < 5; ++i) CHECK(at<std::uint64_t>(page, 160 + 8 * i) == sizes[i]);
  CHECK(page.size() == 8192);
  CHECK(at<std::uint32_t>(page, 200) == 1);
  CHECK(at<std::uint64_t>(page, 208) == static_cast<std::uint64_t>(::getpid()));
  CHECK(at<std::uint64_t>(page, 216) != 0);
  CHECK(std::abs(at<std::int64_t>(page, 240) / 1'000'000'000 - std::time(nullptr)) < 1000);
  CHECK(std::string(page.c_str() + 256) == Place::default_place().prefix + "format");
  CHECK(std::string(page.c_str() + 512) == "daily closes");
  CHECK(at<std::uint64_t>(page, 1536) == 1);
  CHECK(page.substr(1552, 4096 - 1552) == std::string(4096 - 1552, '\0'));

  std::uint64_t hash = 0xCBF29CE484222325u;
  for (std::size_t i = 0; i < 1536; ++i)
    if (i < 16 || (i >= 20 && i < 248) || i >= 256)
      hash = (hash ^ static_cast<unsigned char>(page[i])) * 0x100000001B3u;
  CHECK(at<std::uint64_t>(page, 248) == hash);
}
