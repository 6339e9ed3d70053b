// Checkpoints: a simulation that is ended or killed and taken up again has the bits of one that was
// not, and files of others, damaged ones and unfit ones are refused.
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include <furrow/io/hdf5.hpp>
#include <furrow/montecarlo/design.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

struct Walk {
  double drift = 0.1;
  template <class G>
  auto operator()(G& path) const {
    const auto z = path.normal();
    const auto u = path.uniform();
    return std::array{drift + z * u, u};
  }
};

std::vector<std::uint64_t> bits(const MonteCarloResult& result) {
  std::vector<std::uint64_t> out;
  for (const double word : result.record) out.push_back(std::bit_cast<std::uint64_t>(word));
  return out;
}

struct File {
  std::string path;
  explicit File(std::string name) : path(std::move(name)) { std::filesystem::remove(path); }
  ~File() { std::filesystem::remove(path); }
};

MonteCarloOptions options_of(const File& file) {
  MonteCarloOptions options{.paths = 3'000'017, .seed = 12};
  options.histogram = {-2, 2, 20};
  options.quantiles = true;
  options.checkpoint = file.path;
  options.checkpoint_ns = 10'000'000;
  options.model = "walk";
  return options;
}

}  // namespace

TEST_CASE("ended and taken up again, with other workers: the same bits") {
  const File file("taken_up.h5");
  MonteCarloOptions options = options_of(file);
  options.paths = 30'000'017;  // of which no machine has all in 15 ms
  std::vector<std::uint64_t> straight;
  {
    Engine engine(workers(2));
    options.checkpoint.clear();
    straight = bits(monte_carlo(engine, options, Walk{}));
    options.checkpoint = file.path;
  }
  int ends = 0;
  for (;; ++ends) {
    Engine engine(workers(1 + static_cast<std::size_t>(ends) % 3));
    options.time_ns = ends < 4 ? 15'000'000 : 0;
    const auto result = monte_carlo(engine, options, Walk{});
    if (result.stop == Stop::paths) {
      CHECK(bits(result) == straight);
      break;
    }
    CHECK(result.stop == Stop::time);
  }
  CHECK(ends > 0);
  // It is all there: nothing is simulated again.
  Engine engine(workers(1));
  const auto again = monte_carlo(engine, options, Walk{});
  CHECK(bits(again) == straight);
  CHECK(again.stop == Stop::paths);
}

TEST_CASE("a simulation killed at any moment and taken up again: the same bits") {
  const File file("killed.h5");
  MonteCarloOptions options = options_of(file);
  options.paths = 200'000'000;
  options.quantiles = false;
  const auto run_and_die = [&options](int milliseconds) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        Engine engine(workers(2));
        monte_carlo(engine, options, Walk{});
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status);
  };
  // Three times with a checkpoint to go on from; how soon there is one is up to the machine.
  int killed = 0;
  for (int after = 40; killed < 3 && after < 2000; after += 40) {
    const bool had_one = std::filesystem::exists(file.path);
    if (run_and_die(after) && had_one) ++killed;
  }
  CHECK(killed > 0);
  CHECK(std::filesystem::exists(file.path));
  Engine engine(workers(3));
  const auto resumed = monte_carlo(engine, options, Walk{});
  options.checkpoint.clear();
  CHECK(bits(resumed) == bits(monte_carlo(engine, options, Walk{})));
  for (const auto& entry : std::filesystem::directory_iterator(".")) {
    INFO(entry.path());
    CHECK((entry.path().string().find("killed.h5") == std::string::npos ||
           entry.path().filename() == "killed.h5"));
  }
}

TEST_CASE("a checkpoint of more paths goes on; one of fewer, of another simulation, is refused") {
  const File file("other.h5");
  MonteCarloOptions options = options_of(file);
  options.paths = 256 * 100;
  Engine engine(workers(2));
  monte_carlo(engine, options, Walk{});
  MonteCarloOptions more = options;
  more.paths = 256 * 300 + 7;
  const auto extended = monte_carlo(engine, more, Walk{});
  more.checkpoint.clear();
  CHECK(bits(extended) == bits(monte_carlo(engine, more, Walk{})));

  const auto refused = [&](const MonteCarloOptions& other, const Walk& walk,
                           const std::string& what) {
    CHECK_THROWS_AS(monte_carlo(engine, other, walk), WrongData);
    CHECK_THROWS_WITH(monte_carlo(engine, other, walk), Catch::Contains(what));
  };
  more.checkpoint = file.path;
  MonteCarloOptions other = more;
  other.paths = 1000;
  refused(other, Walk{}, "it holds 76800, here are 1000");
  other = more;
  other.seed = 13;
  refused(other, Walk{}, "seed is 12, here it is 13");
  other = more;
  other.stream = 1;
  refused(other, Walk{}, "stream");
  other = more;
  other.model = "run";
  refused(other, Walk{}, "model is walk, here it is run");
  refused(more, Walk{0.2}, "captures");
  other = more;
  other.antithetic = true;
  refused(other, Walk{}, "antithetic");
  other = more;
  other.quantiles = false;
  refused(other, Walk{}, "quantiles");
  other = more;
  other.histogram.count = 10;
  refused(other, Walk{}, "histogram");
  other = more;
  other.block_paths = 128;
  refused(other, Walk{}, "block paths");
  other = more;
  other.on_invalid = OnInvalid::fail;
  refused(other, Walk{}, "on invalid is count, here it is fail");
  other = more;
  other.samples = "other_samples";
  CHECK_THROWS_AS(monte_carlo(engine, other, Walk{}), InvalidArgument);
  CHECK_THROWS_WITH(monte_carlo(engine, other, Walk{}), Catch::Contains("samples"));
  CHECK_THROWS_AS(monte_carlo(engine, more, stratified(Walk{})), WrongData);
  CHECK_THROWS_WITH(monte_carlo(engine, more, stratified(Walk{})),
                    Catch::Contains("design is independent paths, here it is stratified"));
}

TEST_CASE("a checkpoint of other parameters is refused by their names, where it holds them") {
  const File file("parameters.h5");
  MonteCarloOptions options = options_of(file);
  options.paths = 25600;
  Engine engine(workers(1));
  const auto refused = [&](double drift, const std::string& what) {
    CHECK_THROWS_AS(monte_carlo(engine, options, Walk{drift}), WrongData);
    CHECK_THROWS_WITH(monte_carlo(engine, options, Walk{drift}), Catch::Contains(what));
  };
  monte_carlo(engine, options, Walk{});
  options.parameters = {{"drift", "0.2"}, {"kind", "plain"}};
  refused(0.2, "with other captures, the values that it takes from outside, and does not name");
  // One that changes nothing is no reason to refuse.
  options.parameters = {{"drift", "0.1"}, {"kind", "plain"}};
  std::filesystem::remove(file.path);
  monte_carlo(engine, options, Walk{});
  options.parameters["kind"] = "other";
  CHECK(monte_carlo(engine, options, Walk{}).taken_up == 25600);
  options.parameters["kind"] = "";
  options.parameters["drift"] = "0.2";
  refused(0.2, "its drift is 0.1, here it is 0.2; its kind is plain, here it is \"\"");
}

TEST_CASE("a checkpoint that cannot be written is seen before anything is simulated") {
  Engine engine(workers(1));
  MonteCarloOptions options{.paths = std::int64_t{1} << 46};
  options.checkpoint = "no/such/folder.h5";
  CHECK_THROWS_AS(monte_carlo(engine, options, Walk{}), NotFound);
}

TEST_CASE("a checkpoint of a simulation that ended within a block goes on") {
  const File file("within.h5");
  MonteCarloOptions more = options_of(file);
  Engine engine(workers(2));
  more.paths = 256 * 300 + 7;
  monte_carlo(engine, more, Walk{});
  // Within the first: all of it is simulated again.
  for (const bool counts : {false, true}) {
    const File small("small.h5");
    MonteCarloOptions few = options_of(small);
    few.paths = 100;
    few.quantiles = counts;
    few.histogram.count = counts ? 20 : 0;
    monte_carlo(engine, few, Walk{});
    CHECK(std::filesystem::exists(small.path));
    few.paths = 1000;
    const auto longer = monte_carlo(engine, few, Walk{});
    CHECK(longer.taken_up == 0);
    few.checkpoint.clear();
    CHECK(bits(longer) == bits(monte_carlo(engine, few, Walk{})));
  }
  for (const std::int64_t paths : {256 * 300 + 8, 256 * 301, 256 * 777 + 1}) {
    more.paths = paths;
    more.checkpoint = file.path;
    const auto longer = monte_carlo(engine, more, Walk{});
    CHECK(longer.taken_up > 0);
    more.checkpoint.clear();
    CHECK(bits(longer) == bits(monte_carlo(engine, more, Walk{})));
  }
}

TEST_CASE("designs go on from their own checkpoint; invalid paths in one are an error") {
  Engine engine(workers(2));
  const File file("designs.h5");
  MonteCarloOptions options = options_of(file);
  options.paths = 256 * 10 - 100;
  monte_carlo(engine, options, stratified(Walk{}));
  CHECK_THROWS_WITH(monte_carlo(engine, options, latin_hypercube(Walk{})),
                    Catch::Contains("design is stratified, here it is latin hypercube"));
  options.paths = 256 * 20;
  const auto longer = monte_carlo(engine, options, stratified(Walk{}));
  CHECK(longer.taken_up == 256 * 10);
  const std::string path = std::exchange(options.checkpoint, "");
  CHECK(bits(longer) == bits(monte_carlo(engine, options, stratified(Walk{}))));
  options.checkpoint = path;

  std::filesystem::remove(file.path);
  const auto half = [](auto& generator) {
    const auto u = generator.uniform();
    return where(u < 0.5, 1.0 / (u - u), u);
  };
  CHECK(monte_carlo(engine, options, half).invalid > 0);
  // As if they had been let through by a simulation that does not allow them.
  const hdf5::DatasetInfo info = hdf5::info(engine, file.path, "/monte_carlo");
  const auto state = Array<double>::temporary({info.shape[0]});
  hdf5::load(engine, file.path, "/monte_carlo", state);
  hdf5::SaveOptions how;
  how.replace = true;
  how.attributes = info.attributes;
  (*how.attributes)["on invalid"] = Attribute::text("fail");
  hdf5::save(engine, state, file.path, "/monte_carlo", how);
  options.on_invalid = OnInvalid::fail;
  CHECK_THROWS_AS(monte_carlo(engine, options, half), KernelFailed);
  (*how.attributes)["version"] = Attribute::integer(1);
  hdf5::save(engine, state, file.path, "/monte_carlo", how);
  CHECK_THROWS_WITH(monte_carlo(engine, options, half),
                    Catch::Contains("version is 1, here it is"));
}

TEST_CASE("files that are no checkpoint, damaged ones, and folders that are not there") {
  Engine engine(workers(2));
  const File file("damaged.h5");
  MonteCarloOptions options = options_of(file);
  options.paths = 100'000;
  std::ofstream(file.path) << "no HDF5";
  CHECK_THROWS_AS(monte_carlo(engine, options, Walk{}), Corrupt);
  std::filesystem::remove(file.path);
  const auto numbers = Array<double>::temporary({10});
  hdf5::save(engine, numbers, file.path, "/x");
  CHECK_THROWS_AS(monte_carlo(engine, options, Walk{}), NotFound);
  std::filesystem::remove(file.path);
  hdf5::save(engine, numbers, file.path, "/monte_carlo");
  CHECK_THROWS_AS(monte_carlo(engine, options, Walk{}), Corrupt);
  std::filesystem::remove(file.path);
  // The attributes of a checkpoint, and other data.
  const auto straight = monte_carlo(engine, options, Walk{});
  const Attributes attributes = hdf5::info(engine, file.path, "/monte_carlo").attributes;
  hdf5::SaveOptions how;
  how.replace = true;
  how.attributes = attributes;
  hdf5::save(engine, numbers, file.path, "/monte_carlo", how);
  CHECK_THROWS_AS(monte_carlo(engine, options, Walk{}), Corrupt);
  options.checkpoint = "no_such_folder/x.h5";
  CHECK_THROWS_AS(monte_carlo(engine, options, Walk{}), NotFound);
}

TEST_CASE("a checkpoint of a closure without a name is not taken up by another closure") {
  const File file("montecarlo_nameless.h5");
  Engine engine(workers(2));
  MonteCarloOptions options{.paths = 4096, .seed = 1};
  options.checkpoint = file.path;
  const auto normal = [](auto& path) { return path.normal(); };
  monte_carlo(engine, options, normal);
  options.paths = 8192;
  CHECK(monte_carlo(engine, options, normal).paths == 8192);
  options.paths = 16384;
  CHECK_THROWS_WITH(
      monte_carlo(engine, options, [](auto& path) { return 5 + path.uniform(); }),
      Catch::Matchers::Contains("another closure") && Catch::Matchers::Contains("`model`"));
  CHECK(monte_carlo(engine, options, normal).paths == 16384);
}
