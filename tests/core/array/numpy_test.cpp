// NumPy and furrow look at the same memory, in both directions.
#include <furrow/array/array.hpp>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <numeric>

using furrow::Array;
using furrow::Place;

namespace {

// Runs the peer script; zero when its own assertions held.
int run_peer(const std::string& arguments) {
  const auto script = std::filesystem::path(FURROW_TEST_FOLDER) / "numpy_peer.py";
  return std::system((FURROW_PYTHON " " + script.string() + " " + arguments).c_str());
}

bool is_doubled(const Array<double>& array) {
  for (std::int64_t i = 0; i < 12; ++i)
    if (array.view()[i] != 2.0 * static_cast<double>(i)) return false;
  return true;
}

}  // namespace

TEST_CASE("NumPy maps the file of an array and computes on it in place") {
  auto array = Array<double>::create("numpy_memmap", {3, 4});
  std::iota(array.data(), array.data() + 12, 0.0);
  CHECK(run_peer("memmap " + Place::default_place().path_of("numpy_memmap")) == 0);
  CHECK(is_doubled(array));
  furrow::segment::remove("numpy_memmap", true);
}

TEST_CASE("Python's SharedMemory opens an array by name and leaves it where it is") {
  // SharedMemory knows /dev/shm alone, whatever directory furrow uses.
  furrow::CreateOptions options;
  options.place.directory = "/dev/shm";
  auto array = Array<double>::create("numpy_shm", {3, 4}, options);
  std::iota(array.data(), array.data() + 12, 0.0);
  CHECK(run_peer("shm furrow." + options.place.prefix + "numpy_shm") == 0);
  CHECK(is_doubled(array));
  CHECK(furrow::segment::info("numpy_shm", options.place).attached);
  furrow::segment::remove("numpy_shm", true, options.place);
}
