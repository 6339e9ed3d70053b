// Kept samples are those of the estimate, however a simulation ends; and what is made from records.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <furrow/montecarlo/design.hpp>
#include <furrow/montecarlo/monte_carlo.hpp>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

struct Leftover {
  std::string name;
  ~Leftover() {
    try {
      segment::remove(name, true);
    } catch (const Error&) {
      // It never had that name.
    }
  }
};

bool is_there(std::string_view name) {
  for (const auto& each : segment::list()) {
    if (each.name == name) return true;
  }
  return false;
}

/// Two outputs, of which the first has a variance of 1; many draws, so that workers run ahead.
struct Slow {
  int draws = 60;
  template <class G>
  auto operator()(G& path) const {
    auto sum = path.normal();
    for (int i = 1; i < draws; ++i) sum = sum + path.normal();
    return std::array{sum * (1 / std::sqrt(1.0 * draws)), 1.0 + sum * sum};
  }
};

/// All columns up to the paths of the estimate are numbers, and none behind them.
void check_samples(const MonteCarloResult& result) {
  const std::int64_t columns = result.samples.shape()[1];
  REQUIRE(result.paths > 0);
  for (std::int64_t output = 0; output < 2; ++output) {
    const double* const row = result.samples.data() + output * columns;
    std::int64_t numbers = 0;
    while (numbers < columns && !std::isnan(row[numbers])) ++numbers;
    CHECK(numbers == result.paths);
    std::int64_t behind = 0;
    for (std::int64_t i = numbers; i < columns; ++i) behind += std::isnan(row[i]) ? 0 : 1;
    CHECK(behind == 0);
    const double mean = std::accumulate(row, row + numbers, 0.0) / static_cast<double>(numbers);
    CHECK(mean == Approx(result.mean(static_cast<std::size_t>(output))).margin(1e-10));
  }
}

}  // namespace

TEST_CASE("samples of a simulation that ends early are those of the estimate, and no more") {
  for (const std::size_t count : {1, 2, 3}) {
    INFO("workers " << count);
    Engine engine(workers(count));
    const Leftover gone{"early"};
    MonteCarloOptions options{.paths = 300'000, .error = 0.01, .seed = 5};
    options.samples = "early";
    {
      const auto result = monte_carlo(engine, options, Slow{10});
      CHECK(result.stop == Stop::error);
      check_samples(result);
    }
    segment::remove("early");
    options.error = 0;
    options.paths = 2'000'000;
    options.time_ns = 15'000'000;
    {
      const auto result = monte_carlo(engine, options, Slow{});
      CHECK(result.stop == Stop::time);
      check_samples(result);
    }
    segment::remove("early");
    options.time_ns = 0;
    options.progress = [](const MonteCarloProgress& now) { return now.paths == 0; };
    const auto result = monte_carlo(engine, options, Slow{});
    CHECK(result.stop == Stop::cancelled);
    check_samples(result);
  }
}

TEST_CASE("samples of a design's block that is left out are none") {
  Engine engine(workers(2));
  const Leftover gone{"blocks"};
  MonteCarloOptions options{.paths = 1024};
  options.samples = "blocks";
  const auto result = monte_carlo(engine, options, latin_hypercube([](auto& path) {
                                    const auto u = path.uniform();
                                    return where(path.index() == 300.0, 0.0 / (u - u), u);
                                  }));
  for (std::int64_t i = 0; i < 1024; ++i) {
    CHECK(std::isnan(result.samples.data()[i]) == (i / 256 == 1));
  }
}

TEST_CASE(
    "a simulation that fails or is killed leaves no samples; a name that is taken is refused") {
  MonteCarloOptions options{.paths = 1 << 22, .seed = 5};
  options.samples = "unfinished";
  const Leftover gone{"unfinished"};
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    options.progress = [&ends](const MonteCarloProgress& now) {
      if (now.paths != 0) static_cast<void>(!::write(ends[1], "x", 1));
      return true;
    };
    try {
      Engine engine(workers(2));
      monte_carlo(engine, options, Slow{600});
    } catch (...) {
    }
    ::_exit(1);
  }
  ::close(ends[1]);
  char some = 0;
  CHECK(::read(ends[0], &some, 1) == 1);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(ends[0]);
  CHECK(WIFSIGNALED(status));
  CHECK_FALSE(is_there("unfinished"));

  Engine engine(workers(2));
  options.paths = 10'000;
  options.on_invalid = OnInvalid::fail;
  CHECK_THROWS_AS(monte_carlo(engine, options, [](auto&) { return std::nan(""); }), KernelFailed);
  CHECK_FALSE(is_there("unfinished"));
  const auto taken = Array<double>::create("unfinished", {1});
  CHECK_THROWS_AS(monte_carlo(engine, options, Slow{}), AlreadyExists);
  CHECK(taken.data()[0] == 0);
}

TEST_CASE("Student's intervals are SciPy's, for all degrees") {
  // scipy.stats.t.ppf(0.5 + confidence / 2, degrees), SciPy 1.10, which is right to 1e-8.
  const double degrees[] = {1, 2, 3, 4, 5, 7, 10, 15, 30, 199, 200, 1000, 100000};
  const struct {
    double confidence;
    double t[13];
  } known[] = {
      {0.5,
       {1.00000000001339, 0.816496580927727, 0.764892328080891, 0.740697084091225, 0.72668684379794,
        0.711141778081696, 0.699812061312429, 0.69119694895849, 0.682755691992621,
        0.675724595610544, 0.675718411404121, 0.674735164607009, 0.674492203553292}},
      {0.9,
       {6.31375151480093, 2.91998558035552, 2.35336343480183, 2.13184678133629, 2.01504837266916,
        1.8945786050613, 1.81246112281073, 1.75305035569255, 1.69726089436174, 1.65254674616594,
        1.65250810091027, 1.64637881728546, 1.64486886478497}},
      {0.95,
       {12.7062047364321, 4.30265272991127, 3.18244630528426, 2.7764451051978, 2.57058183661474,
        2.3646242510103, 2.22813885196494, 2.13144954555932, 2.04227245630124, 1.97195654424939,
        1.97189622363161, 1.96233908082641, 1.95998770753461}},
      {0.99,
       {63.656741162874, 9.92484320091807, 5.84090929975643, 4.6040948714159, 4.03214298355754,
        3.4994832973505, 3.16927266717584, 2.94671288333861, 2.74999565356703, 2.60076021603132,
        2.60063443616504, 2.58075469806594, 2.57587846990837}},
      {0.999,
       {636.619249431856, 31.5990545770415, 12.9239786366374, 8.6103015813799, 6.86882663986522,
        5.40788252097767, 4.58689385870313, 4.07276519590385, 3.64595863499715, 3.34008655588385,
        3.33983540600497, 3.30028264842386, 3.29062403141191}},
      {0.999999,
       {636619.772277937, 999.99924994065, 130.154589348083, 49.4586367552067, 28.478473462208,
        15.7670094563374, 10.5164899567716, 7.90323363260902, 6.11907562033412, 5.04909460607458,
        5.04828567104696, 4.92228952339713, 4.8919433406876}},
  };
  for (const auto& row : known) {
    for (std::size_t i = 0; i < 13; ++i) {
      INFO(row.confidence << " of " << degrees[i]);
      CHECK(montecarlo::student_interval(row.confidence, degrees[i]) ==
            Approx(row.t[i]).epsilon(2e-8));
    }
  }
  CHECK(std::isinf(montecarlo::student_interval(0.95, 0.5)));
}

TEST_CASE("controls of too few paths correct nothing, and are no outputs") {
  Engine engine(workers(1));
  for (const std::int64_t paths : {1, 2, 3, 4}) {
    INFO("paths " << paths);
    MonteCarloOptions options{.paths = paths, .seed = 3};
    const auto path = [](auto& p) {
      const auto z = p.normal();
      return std::array{p.normal() + z, z, p.uniform()};
    };
    const auto bare = monte_carlo(engine, options, path);
    options.control_means = {0.0, 0.5};
    const auto result = monte_carlo(engine, options, path);
    REQUIRE(result.outputs.size() == 1);
    REQUIRE(result.control_coefficients.size() == 1);
    REQUIRE(result.control_coefficients[0].size() == 2);
    REQUIRE(result.variance_reduction.size() == 1);
    if (paths == 4) {
      CHECK(result.mean() != bare.mean());
      continue;
    }
    CHECK(result.mean() == bare.mean());
    CHECK(result.variance_reduction[0] == 1);
    CHECK(std::isnan(result.standard_error()) == (paths == 1));
    if (paths > 1) CHECK(result.outputs[0].low == bare.outputs[0].low);
  }
}

TEST_CASE("a result without moments says so") {
  MonteCarloResult bare;
  bare.outputs.resize(2);
  bare.paths = 100;
  CHECK_THROWS_AS(bare.covariance(0, 1), InvalidArgument);
  CHECK_THROWS_WITH(bare.correlation(0, 1), Catch::Contains("estimates alone"));
  CHECK_THROWS_AS(difference(bare, 0, 1), InvalidArgument);
  CHECK_THROWS_AS(ratio(bare, 0, 1), InvalidArgument);
  CHECK_THROWS_AS(effective_paths(bare, 1), InvalidArgument);
}

TEST_CASE("a bump of 1e-9: the difference as an output has the right error") {
  Engine engine(workers(2));
  const auto bumped = [](auto& path) {
    const auto z = path.normal();
    const double bump = 1e-9;
    const auto up = exp((1 + bump) * z);
    const auto down = exp(z);
    return std::array{up, down, down * expm1(bump * z)};
  };
  const auto result = monte_carlo(engine, {.paths = 100'000, .seed = 4}, bumped);
  // E[z exp(z)] = sqrt(e); the variance is 5 e^2 - e.
  const double exact = 1e-9 * std::exp(0.5);
  const double error = 1e-9 * std::sqrt((5 * std::exp(2.0) - std::exp(1.0)) / 1e5);
  CHECK(result.standard_error(2) == Approx(error).epsilon(0.05));
  CHECK(std::abs(result.mean(2) - exact) < 5 * error);
  // By covariances it is known to a part of 1e-15 of both variances.
  const double lost = 1e-14 * result.outputs[0].variance;
  CHECK(std::abs(difference(result, 0, 1).variance) < lost);
}

TEST_CASE("hypercubes shuffle every draw anew, those behind the first 65,536 too") {
  Engine engine(workers(1));
  MonteCarloOptions options{.paths = 1024, .seed = 8};
  const auto result = monte_carlo(engine, options, latin_hypercube([](auto& path) {
                                    const auto first = path.uniform();
                                    auto last = path.uniform();
                                    for (int i = 2; i <= 65536; ++i) last = path.uniform();
                                    return floor(256.0 * first) == floor(256.0 * last);
                                  }));
  CHECK(result.mean() < 0.05);
}
