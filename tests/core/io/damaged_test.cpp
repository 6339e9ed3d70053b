// Damaged files: cut at any length, with bytes changed anywhere. An error or the data, never the
// end of the caller, and never wrong data where gzip's checksum covers it.
#include <catch2/catch.hpp>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/segment/segment.hpp>

#include "io_support.hpp"

namespace furrow::test {
namespace {

hdf5::LoadOptions impatient() {
  hdf5::LoadOptions options;
  options.job.deadline_ns = 5'000'000'000;
  return options;
}

EngineOptions two_workers() {
  EngineOptions options;
  options.workers = 2;
  options.replacements_max = 100'000;
  return options;
}

struct Sample {
  std::vector<std::byte> file;
  std::vector<std::byte> elements;
};

Sample make_sample(const Folder& folder) {
  const std::string path = folder / "sample.h5";
  const AnyArray x = pattern_array("sample", Dtype::i32, {300, 11});
  Attributes attributes;
  attributes["unit"] = Attribute::text("m");
  attributes["scale"] = Attribute::number(2);
  x.set_attributes(attributes);
  hdf5::save(x, path, "/g/x", {.gzip = 6, .chunk = {50, 11}});
  return {file_bytes(path), pattern(Dtype::i32, 3300)};
}

/// "" when the load gave exactly the elements, "other" when it gave something else, or its error.
std::string outcome(Engine& engine, const std::string& file,
                    const std::vector<std::byte>& elements) {
  std::string result;
  const std::string error = error_of([&] {
    const AnyArray x = hdf5::load(engine, file, "/g/x", "damaged", impatient());
    result = holds(x, elements) ? "" : "other";
    segment::remove("damaged", true);
  });
  return error.empty() ? result : error;
}

}  // namespace

TEST_CASE("a file cut short at any length is an error", "[hdf5][damaged]") {
  const Folder folder;
  const Sample sample = make_sample(folder);
  Engine engine(two_workers());
  for (std::size_t bytes = 0; bytes < sample.file.size(); bytes += 1 + sample.file.size() / 60) {
    CAPTURE(bytes);
    auto cut = sample.file;
    cut.resize(bytes);
    write_file(folder / "cut.h5", cut);
    CHECK_FALSE(outcome(engine, folder / "cut.h5", sample.elements).empty());
    CHECK(segment::list().size() <= 1);  // the engine's own
  }
}

TEST_CASE("a file with changed bytes never takes the caller with it", "[hdf5][damaged]") {
  const Folder folder;
  const Sample sample = make_sample(folder);
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Engine engine(two_workers());
  int errors = 0;
  int deaths = 0;
  int others = 0;
  for (int trial = 0; trial < 250; ++trial) {
    auto mutated = sample.file;
    // Mostly the first part, where the structure lies.
    const std::size_t range =
        trial % 4 == 0 ? mutated.size() : std::min<std::size_t>(mutated.size(), 4000);
    for (unsigned changes = 1 + random() % 4; changes != 0; --changes) {
      mutated[random() % range] = std::byte(random() & 255);
    }
    write_file(folder / "m.h5", mutated);
    const std::string result = outcome(engine, folder / "m.h5", sample.elements);
    errors += !result.empty() && result != "other";
    deaths += result.find("WorkerDied") == 0;
    others += result == "other";
    INFO(result);
    REQUIRE(result.find("another error") != 0);
    REQUIRE(segment::list().size() <= 1);
  }
  CHECK(errors > 10);
  WARN(errors << " errors, " << deaths << " of them by the death of workers, " << others
              << " loads of another content, of 250");
}

TEST_CASE("changed bytes in compressed chunks are noticed", "[hdf5][damaged]") {
  const Folder folder;
  const Sample sample = make_sample(folder);
  Engine engine(two_workers());
  // gzip's header, 0x78 0x9C at level 6, tells where the chunks begin.
  std::vector<std::size_t> chunks;
  for (std::size_t i = 0; i + 1 < sample.file.size(); ++i) {
    if (sample.file[i] == std::byte{0x78} && sample.file[i + 1] == std::byte{0x9C}) {
      chunks.push_back(i);
    }
  }
  REQUIRE(chunks.size() >= 6);
  for (const std::size_t chunk : chunks) {
    for (const std::size_t at : {2u, 20u, 60u}) {
      auto mutated = sample.file;
      if (chunk + at >= mutated.size()) continue;
      mutated[chunk + at] ^= std::byte{0x10};
      write_file(folder / "m.h5", mutated);
      CHECK(outcome(engine, folder / "m.h5", sample.elements) != "other");
    }
  }
}

TEST_CASE("saving into a damaged file leaves it as it was", "[hdf5][damaged]") {
  const Folder folder;
  const Sample sample = make_sample(folder);
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Engine engine(two_workers());
  const AnyArray x = pattern_array("x", Dtype::u8, {10});
  for (int trial = 0; trial < 60; ++trial) {
    auto mutated = sample.file;
    for (int changes = 0; changes < 3; ++changes) {
      mutated[random() % std::min<std::size_t>(mutated.size(), 2000)] = std::byte(random() & 255);
    }
    write_file(folder / "m.h5", mutated);
    hdf5::SaveOptions options;
    options.job.deadline_ns = 5'000'000'000;
    const std::string error =
        error_of([&] { hdf5::save(engine, x, folder / "m.h5", "/new", options); });
    if (!error.empty()) CHECK(file_bytes(folder / "m.h5") == mutated);
    CHECK(file_bytes(folder / "sample.h5") == sample.file);
  }
  // What dead workers left goes with the next save.
  hdf5::save(engine, x, folder / "sample.h5", "/new");
  CHECK(folder.names() == "m.h5 sample.h5");
}

}  // namespace furrow::test
