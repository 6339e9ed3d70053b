// apply, kernels, stats
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <furrow/array/array.hpp>
#include <furrow/kernels/registry.hpp>
#include <limits>
#include <numeric>

#include "core/cli/program.hpp"

using namespace furrow;        // NOLINT
using namespace furrow::test;  // NOLINT

namespace {

Array<double> counting(const char* name, std::int64_t n) {
  auto x = Array<double>::create(name, {n});
  std::iota(x.span().begin(), x.span().end(), 0.0);
  return x;
}

}  // namespace

TEST_CASE("apply takes parameters and arrays by position and by name") {
  const auto x = counting("x", 1000);
  const auto y = counting("y", 1000);
  run({"apply", "affine", "x", "2", "-1"});
  CHECK(x(10) == 19.0);
  run({"apply", "affine", "x", "b=0.5", "a=-.5e0"});
  CHECK(x(10) == -9.0);
  run({"apply", "axpby", "x", "0", "3", "y"});
  CHECK(x(10) == 30.0);
  run({"apply", "axpby", "x", "y", "1", "1"});
  CHECK(x(10) == 40.0);
  run({"apply", "axpby", "x", "y=y", "b=-1", "1"});
  CHECK(x(10) == 30.0);
  run({"apply", "fma", "x", "--with", "y", "--with", "y"});
  CHECK(x(10) == 310.0);
  run({"apply", "add", "x", "x"});
  CHECK(x(10) == 620.0);
  run({"apply", "fill", "x", "value=-inf"});
  CHECK(std::isinf(x(10)));
  run({"create", "w", "--dtype", "c128", "--shape", "2", "--fill", "1-1j"});
  run({"apply", "scale", "w", "2j"});
  CHECK(run({"peek", "w"}) == "2+2j\n2+2j\n");
  run({"rm", "--force", "x", "y", "w"});
}

TEST_CASE("random fills are those of their seed, for any number of workers") {
  run({"create", "a", "--dtype", "f64", "--shape", "100000"});
  run({"create", "b", "--dtype", "f64", "--shape", "100000"});
  run({"apply", "random_normal", "a", "7", "--workers", "1"});
  run({"apply", "random_normal", "b", "seed=7", "std=1", "--workers", "3"});
  CHECK(run({"peek", "a"}) == run({"peek", "b"}));
  CHECK(run({"stats", "a", "--json", "--workers", "1"}) ==
        run({"--workers", "3", "stats", "b", "--json"}));
  run({"apply", "random_normal", "b", "8"});
  CHECK(run({"peek", "a", "--rows", "0:9"}) != run({"peek", "b", "--rows", "0:9"}));
  run({"rm", "a", "b"});
}

TEST_CASE("apply of a reduction prints its result") {
  const auto x = counting("x", 101);
  const auto n = Array<std::int64_t>::create("n", {3});
  n(0) = std::numeric_limits<std::int64_t>::min() + 1;
  CHECK(run({"apply", "sum", "x"}) == "5050\n");
  CHECK(run({"apply", "dot", "x", "x"}) == "338350\n");
  CHECK(run({"apply", "max", "x"}) == "100\n");
  CHECK(run({"apply", "sum", "n"}) == "-9223372036854775807\n");
  CHECK(run({"apply", "count", "x"}) == "100\n");
  CHECK(run({"apply", "mean_variance", "x"}) == "count 101\nmean 50\nvariance 858.5\n");
  run({"create", "w", "--dtype", "c128", "--shape", "2", "--fill", "1-1j"});
  CHECK(run({"apply", "sum", "w"}) == "2-2j\n");
  run({"rm", "--force", "x", "n", "w"});
}

TEST_CASE("what apply refuses is one sentence, and the array is as it was") {
  const auto x = counting("x", 10);
  const auto shorter = counting("shorter", 9);
  const auto whole = Array<std::int32_t>::create("whole", {10});
  const auto refused = [&](std::vector<std::string> words, int code, const char* says) {
    words.insert(words.begin(), "apply");
    const Result result = attempt(words);
    INFO(result.error);
    CHECK(result.code == code);
    CHECK(is_one_sentence(result.error));
    CHECK(result.error.find(says) != std::string::npos);
    CHECK(x(9) == 9.0);
  };
  refused({"exq", "x"}, 1, "did you mean \"exp\"?");
  refused({"exp", "nothing"}, 1, "nothing");
  refused({"axpby", "x", "2", "3"}, 2, "axpby NAME a b Y");
  refused({"axpby", "x", "2", "shorter"}, 2, "b is missing");
  refused({"scale", "x", "2", "3"}, 2, "3 is one number too many");
  refused({"scale", "x", "2", "shorter"}, 2, "one array too many");
  refused({"scale", "x", "c=2"}, 2, "c is none of its parameters");
  refused({"scale", "x", "a=2", "a=3"}, 2, "twice");
  refused({"scale", "x", "a=two"}, 2, "a=two");
  refused({"add", "x", "bad/name"}, 2, "bad/name");
  refused({"add", "x", "shorter"}, 1, "(9,)");
  refused({"add", "x", "whole"}, 1, "i32");
  refused({"exp", "whole"}, 1, "i32");
  refused({"scale", "whole", "0.5"}, 1, "a");
  refused({"random_normal", "x", "-1"}, 1, "seed");
  refused({"dot", "x"}, 2, "dot NAME Y");
  refused({"exp", "x", "--workers", "0"}, 2, "--workers");
  refused({"exp", "x", "--workers", "many"}, 2, "--workers");
  refused({"exp", "x", "--workers", "100000"}, 2, "--workers");
  run({"create", "empty", "--dtype", "f64", "--shape", "0"});
  refused({"min", "empty"}, 1, "empty");
  run({"apply", "exp", "empty"});
  run({"rm", "--force", "x", "shorter", "whole", "empty"});
}

TEST_CASE("kernels lists the registry") {
  std::string names;
  for (const auto& kernel : kernels::all()) {
    names += (names.empty() ? "" : " ") + std::string(kernel.name);
  }
  const std::string json = run({"kernels", "--json"});
  CHECK(python("' '.join(k['name'] for k in json.loads(text))", json) == names);
  CHECK(python("[(p['name'], p['kind'], p['default']) for k in json.loads(text) if k['name'] == "
               "'random_normal' for p in k['parameters']]",
               json) ==
        "[('seed', 'count', None), ('stream', 'count', 0), ('mean', 'real', 0), ('std', 'real', "
        "1)]");
  CHECK(run({"kernels"}).find("axpby NAME a b Y") != std::string::npos);
}

TEST_CASE("stats gives one object with 17 digits, NaN counted apart and shown as null") {
  const auto x = Array<double>::create("x", {4});
  x(0) = 0.1, x(1) = 0.2, x(2) = std::nan(""), x(3) = 1e300;
  const std::string json = run({"stats", "x", "--json"});
  CHECK(python("list(json.loads(text)) == ['count', 'nan', 'sum', 'mean', 'std', 'min', 'max']",
               json) == "True");
  CHECK(python("(lambda s: (s['count'], s['nan'], s['min'] == 0.1, s['max'] == 1e300))(json.loads("
               "text))",
               json) == "(3, 1, True, True)");
  x(2) = 0.4, x(3) = 0.7;
  CHECK(python("math.isclose(json.loads(text)['std'], __import__('statistics').stdev([.1, .2, .4, "
               ".7]), rel_tol=1e-14)",
               run({"stats", "x", "--json"})) == "True");
  run({"create", "one", "--dtype", "i32", "--shape", "1", "--fill", "7"});
  CHECK(run({"stats", "one", "--json"}) ==
        "{\"count\": 1, \"nan\": 0, \"sum\": 7, \"mean\": 7, \"std\": null, \"min\": 7, "
        "\"max\": 7}\n");
  run({"create", "none", "--dtype", "f64", "--shape", "0"});
  CHECK(run({"stats", "none", "--json"}) ==
        "{\"count\": 0, \"nan\": 0, \"sum\": 0, \"mean\": null, \"std\": null, \"min\": null, "
        "\"max\": null}\n");
  run({"create", "w", "--dtype", "c128", "--shape", "2"});
  const Result complex = attempt({"stats", "w"});
  CHECK(complex.code == 1);
  CHECK(is_one_sentence(complex.error));
  run({"rm", "--force", "x", "one", "none", "w"});
}

TEST_CASE("stats gives the extremes of integers with all their digits") {
  const auto says = [](const std::string& name, const std::string& least,
                       const std::string& greatest) {
    const std::string json = run({"stats", name, "--json"});
    INFO(json);
    const std::string ends = "\"min\": " + least + ", \"max\": " + greatest + "}\n";
    CHECK(json.size() > ends.size());
    CHECK(json.substr(json.size() - ends.size()) == ends);
    CHECK(run({"stats", name}).find(least + "\n") != std::string::npos);
  };
  auto i = Array<std::int64_t>::create("i", {100'000});
  for (std::int64_t& each : i.span()) each = 5;
  i(70'001) = -4599595152959709183;
  i(3) = 9223372036854775807;
  says("i", "-4599595152959709183", "9223372036854775807");
  auto u = Array<std::uint64_t>::create("u", {100'000});
  for (std::uint64_t& each : u.span()) each = 18446744073709551615U;
  u(99'999) = 9007199254740993;
  says("u", "9007199254740993", "18446744073709551615");
  auto b = Array<bool>::create("b", {10});
  says("b", "0", "0");
  run({"rm", "--force", "i", "u", "b"});
}
