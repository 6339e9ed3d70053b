// Files with bytes changed anywhere, of every layout, from a fixed seed: an error or the right
// data, never the end of the caller, never wrong data where a checksum covers it.
//
// FURROW_MUTATIONS=N does N times as many trials with other seeds.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5_inspect.hpp>
#include <furrow/os/fault.hpp>

#include "io_support.hpp"
#include "tools_support.hpp"

namespace furrow::test {
namespace {

constexpr std::int64_t deadline_ns = 1'000'000'000;

struct Counts {
  int errors = 0;
  int crashes = 0;
  int right = 0;
  int others = 0;  // loads of something else than the file held before
};

int repeats() {
  const char* text = std::getenv("FURROW_MUTATIONS");
  return text == nullptr ? 1 : std::max(std::atoi(text), 1);
}

/// What becomes of one call: "" or the error.
template <class F>
std::string outcome(Counts& counts, F f) {
  std::string error = error_of(f);
  counts.errors += error.empty() ? 0 : 1;
  counts.crashes += error.find("WorkerDied") == 0 ? 1 : 0;
  INFO(error);
  REQUIRE(error.find("another error") != 0);
  return error;
}

class Trials {
 public:
  explicit Trials(const Folder& folder, const std::string& kind) : folder_(folder) {
    const std::string file = folder / "good.h5";
    const Ran made = run_tools_peer("mutation " + kind + " " + file);
    INFO(made.output);
    REQUIRE(made.code == 0);
    good_ = file_bytes(file);
    for (const auto& object : hdf5::list(engine_, file).objects) {
      if (object.dtype == Dtype::none || !object.has_shape) continue;
      const Content content = read_here(file, object.path);
      good_data_.push_back({object.path, content.shape, content.bytes});
    }
    REQUIRE_FALSE(good_data_.empty());
  }

  std::size_t bytes() const { return good_.size(); }
  Engine& engine() { return engine_; }

  /// One trial with these bytes changed. `strict`: no dataset may load as something else.
  void run(std::mt19937& random, std::size_t begin, std::size_t end, bool strict) {
    auto mutated = good_;
    for (unsigned changes = 1 + random() % 4; changes != 0; --changes) {
      mutated[begin + random() % (end - begin)] = std::byte(random() & 255);
    }
    const std::string file = folder_ / "m.h5";
    write_file(file, mutated);
    JobOptions job;
    job.deadline_ns = deadline_ns;
    outcome(counts_, [&] { hdf5::verify(engine_, file, "/", {.job = job}); });
    const Known& known = good_data_[random() % good_data_.size()];
    outcome(counts_, [&] { hdf5::inspect(engine_, file, known.path, job); });
    bool right = false;
    hdf5::LoadOptions options;
    options.job = job;
    options.create.lifetime = Lifetime::owned;
    const std::string error = outcome(counts_, [&] {
      const AnyArray x = hdf5::load(engine_, file, known.path, "mutated", options);
      right = x.shape() == known.shape && holds(x, known.bytes);
    });
    if (error.empty()) ++(right ? counts_.right : counts_.others);
    if (strict && error.empty() && !right) {
      write_file("mutated.h5", mutated);  // to look at
      FAIL(known.path << " was loaded with other data");
    }
    REQUIRE(segment::list().size() <= 1);  // the engine's own
  }

  const Counts& counts() const { return counts_; }

 private:
  struct Known {
    std::string path;
    Shape shape;
    std::vector<std::byte> bytes;
  };
  const Folder& folder_;
  Engine engine_{{.workers = 2}};  // with its usual budget of replacements
  std::vector<std::byte> good_;
  std::vector<Known> good_data_;
  Counts counts_;
};

void run_trials(const std::string& kind, int count, bool strict) {
  const Folder folder;
  Trials trials(folder, kind);
  for (int round = 0; round < repeats(); ++round) {
    const unsigned seed = 20261121 + static_cast<unsigned>(round);
    CAPTURE(kind, seed);
    std::mt19937 random(seed);
    for (int trial = 0; trial < count; ++trial) {
      CAPTURE(trial);
      // Mostly the first part, where the structure of small files lies.
      const std::size_t end =
          trial % 3 == 0 ? trials.bytes() : std::min<std::size_t>(trials.bytes(), 4096);
      trials.run(random, 0, end, strict);
    }
  }
  std::uint64_t deaths = 0;
  for (const WorkerInfo& worker : trials.engine().worker_info()) deaths += worker.deaths;
  const Counts& c = trials.counts();
  WARN(kind << ": " << c.errors << " errors, " << c.crashes << " of them crashes of the library, "
            << deaths << " workers lost; loads: " << c.right << " right, " << c.others
            << " of something else");
  CHECK(c.errors > 0);
  // The engine is as good as new.
  CHECK(trials.engine().workers() > 0);
}

}  // namespace

// The newest format of metadata has checksums, too: there nothing may ever load as something else.
TEST_CASE("mutated files whose every byte has a checksum give the right data or an error",
          "[hdf5][mutation]") {
  run_trials("latest", 250, true);
}

TEST_CASE("mutated files of the earliest format end no caller", "[hdf5][mutation]") {
  run_trials("earliest", 250, false);
}

TEST_CASE("mutated files without checksums end no caller", "[hdf5][mutation]") {
  run_trials("plain", 200, false);
}

TEST_CASE("mutated trees of groups, links and attributes end no caller", "[hdf5][mutation]") {
  run_trials("tree", 100, false);
}

// Each costs three workers, and the budget of the engine is 1000 of them.
TEST_CASE("hundreds of files that crash the library neither cripple an engine nor slow it down",
          "[hdf5][mutation]") {
  const Folder folder;
  const std::string file = folder / "good.h5";
  REQUIRE(run_tools_peer("mutation plain " + file).code == 0);
  os::set_fault("io.load.inspect:segv");
  Engine engine({.workers = 2});
  os::set_fault("");
  for (int i = 0; i < 400; ++i) {
    const std::string error = error_of([&] { hdf5::load(engine, file, "/half", "never"); });
    REQUIRE(error.find("WorkerDied") == 0);
    // Other files are looked at all the same.
    if (i % 50 == 0) REQUIRE(hdf5::inspect(engine, file, "/half").error.empty());
  }
  std::uint64_t deaths = 0;
  for (const WorkerInfo& worker : engine.worker_info()) deaths += worker.deaths;
  CHECK(deaths == 1200);
  CHECK(hdf5::list(engine, file).objects.size() > 1);
}

}  // namespace furrow::test
