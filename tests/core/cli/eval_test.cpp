// eval
#include <catch2/catch.hpp>
#include <furrow/array/array.hpp>
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

TEST_CASE("eval makes its target, writes one that is there, and prints numbers") {
  const auto x = counting("x", 1000);
  const auto y = counting("y", 1000);
  CHECK(run({"eval", "z = 2*x + y/(x + 1)"}).empty());
  const auto z = Array<double>::attach("z");
  CHECK(z(3) == 6.75);
  CHECK(run({"eval", "z = z*0 + 1", "--workers", "3"}).empty());
  CHECK(z(999) == 1);
  run({"eval", "x -= 1"});
  CHECK(x(0) == -1);
  CHECK(run({"eval", "sum(z*2)"}) == "2000\n");
  CHECK(run({"eval", "mean(y)"}) == "499.5\n");
  CHECK(run({"eval", "any(x > 100)"}) == "true\n");
  CHECK(run({"eval", "1/3"}) == "0.33333333333333331\n");
  CHECK(run({"eval", "sqrt(-1)"}) == "nan\n");
  CHECK(run({"eval", "--json", "argmax(y)"}) == "{\"value\": 999, \"dtype\": \"i64\"}\n");
  CHECK(run({"eval", "--json", "sum(x/0)"}) == "{\"value\": null, \"dtype\": \"f64\"}\n");
  CHECK(run({"eval", "\"a-b\" = i32(x)", "--json"}) ==
        "{\"name\": \"a-b\", \"dtype\": \"i32\", \"shape\": [1000]}\n");
  run({"rm", "--force", "x", "y", "z", "a-b"});
}

TEST_CASE("a reduction's number goes to an array of rank 0, made when it is not there") {
  const auto x = counting("x", 1000);
  CHECK(run({"eval", "total = sum(x)"}).empty());
  const auto total = AnyArray::attach("total");
  CHECK(total.shape() == Shape{});
  CHECK(total.dtype() == Dtype::f64);
  CHECK(*static_cast<const double*>(total.data()) == 499'500);
  // One that is there keeps its dtype, and counts as a number elsewhere.
  run({"create", "least", "--dtype", "f32", "--shape", ""});
  CHECK(run({"eval", "least = min(x + 3)", "--json"}) ==
        "{\"name\": \"least\", \"dtype\": \"f32\", \"shape\": []}\n");
  CHECK(run({"eval", "sum(x*0 + least)"}) == "3000\n");
  run({"create", "whole", "--dtype", "i32", "--shape", ""});
  const Result refused = attempt({"eval", "whole = mean(x)"});
  CHECK(refused.code == 1);
  CHECK(refused.error.find("would lose what it is") != std::string::npos);
  run({"rm", "--force", "x", "total", "least", "whole"});
}

TEST_CASE("apply says where functions are that are no kernels") {
  const auto x = counting("x", 10);
  const auto says = [](const std::string& name) { return attempt({"apply", name, "x"}).error; };
  CHECK(says("mean").find("furrow eval 'mean(NAME)'") != std::string::npos);
  CHECK(says("arcsin").find("furrow eval 'arcsin(NAME)'") != std::string::npos);
  CHECK(says("sort").find("in C++ furrow::sort (furrow/compute/sort.hpp)") != std::string::npos);
  CHECK(says("median").find("furrow/compute/quantile.hpp") != std::string::npos);
  CHECK(says("affin").find("did you mean \"affine\"") != std::string::npos);
  run({"rm", "--force", "x"});
}

TEST_CASE("an array that is called as a constant is told to be quoted") {
  const auto e = counting("e", 4);
  const Result either = attempt({"eval", "sum(e*2)"});
  CHECK(either.code == 1);
  CHECK(either.out.empty());
  CHECK_THAT(either.error, Catch::Contains("the array is \"e\" in quotes, the constant is np.e"));
  CHECK_THAT(either.error, Catch::Contains("\n      ^\n"));
  CHECK(run({"eval", "sum(\"e\"*2)"}) == "12\n");
  CHECK(run({"eval", "2*np.e"}) == "5.4365636569180902\n");
  // Also as the target, which is read, and where a dataset of a file has the name.
  CHECK(attempt({"eval", "\"e\" = e + 1"}).code == 1);
  const Folder folder;
  const std::string in = folder / "in.h5:/e";
  run({"save", "e", in});
  run({"rm", "--force", "e"});
  CHECK(run({"eval", "2*e"}) == "5.4365636569180902\n");
  CHECK_THAT(attempt({"eval", "--in", in, "sum(e)"}).error, Catch::Contains("np.e"));
  CHECK(run({"eval", "--in", in, "sum(\"e\")"}) == "6\n");
}

TEST_CASE("what eval refuses has a caret under it, and nothing is made") {
  const auto x = counting("x", 10);
  const auto y = counting("y", 9);
  const auto refused = [&](const std::string& text, int code, const std::string& says) {
    const Result result = attempt({"eval", text});
    INFO(result.error);
    CHECK(result.code == code);
    CHECK(result.out.empty());
    CHECK(result.error.find("furrow: ") == 0);
    CHECK(result.error.find(says) != std::string::npos);
    CHECK(segments() == std::vector<std::string>{"x", "y"});
  };
  refused("z = x +", 2, "\n  z = x +\n         ^\n");
  refused("z = x + nothing", 1, "\n  z = x + nothing\n          ^^^^^^^\n");
  refused("z = sqrrt(x)", 1, "did you mean \"sqrt\"?");
  refused("z = x + y", 1, "(10,) and (9,)");
  refused("x = y", 1, "(9,)");
  refused("x + 1", 2, "NAME = x + 1");
  refused("x = sum(x)", 1, "gives one number");
  for (const std::string name : {"sort", "cumsum", "np.median"}) {
    refused("z = " + name + "(x)", 1, "it takes whole arrays: in C++ furrow::");
  }
  refused("least = nanargmin(x*nan)", 1, "nanargmin: all elements are NaN");
  refused("x = random_normal(0.5)", 1, "a whole number of 0 or more, and this is f64");
  refused("x = random_normal(-3)", 1, "and this is negative");
  refused("x = random_binomial(1, n=10, p=3)", 1, "\n      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n");
  CHECK(x(9) == 9);
  run({"rm", "--force", "x", "y"});
}

TEST_CASE("eval and fill write no number that the array does not hold") {
  run({"create", "u8", "--dtype", "u8", "--shape", "4"});
  run({"create", "f32", "--dtype", "f32", "--shape", "4"});
  run({"create", "least", "--dtype", "u8", "--shape", ""});
  const auto refused = [](const std::vector<std::string>& arguments, const std::string& says) {
    const Result result = attempt(arguments);
    INFO(result.error);
    CHECK(result.code == 1);
    CHECK(result.error.find(says) != std::string::npos);
  };
  refused({"eval", "u8 = 300"}, "cannot be given exactly as u8");
  refused({"apply", "fill", "u8", "300"}, "cannot be given exactly as u8");
  refused({"apply", "random_normal", "f32", "1", "0.5"},
          "parameter stream of random_normal cannot be given exactly as u64 (the parameters are "
          "seed, stream, mean, std)");
  refused({"eval", "f32 = 1e300"}, "infinite as f32");
  refused({"apply", "fill", "f32", "1e300"}, "cannot be given exactly as f32");
  refused({"eval", "least = sum(u64(u8) + 100)"}, "the number is 400");
  refused({"eval", "u8 = u8 + 10**20"}, "more than 64 bits");
  CHECK(run({"eval", "sum(u8)"}) == "0\n");
  CHECK(run({"apply", "fill", "f32", "inf"}).empty());
  CHECK(run({"eval", "least = sum(u64(u8) + 50)"}).empty());
  CHECK(run({"eval", "0 + least"}) == "200\n");
  run({"rm", "--force", "u8", "f32", "least"});
}

TEST_CASE("an expression may begin with a minus") {
  const auto x = counting("x", 10);
  CHECK(run({"eval", "-2"}) == "-2\n");
  CHECK(run({"eval", "-2 + 3", "--json"}) == "{\"value\": 1, \"dtype\": \"i64\"}\n");
  CHECK(run({"--workers", "1", "eval", "--json", "-2"}) == run({"eval", "--json", "--", "-2"}));
  const Result array = attempt({"eval", "-x"});
  CHECK(array.code == 2);
  CHECK(array.error.find("NAME = -x") != std::string::npos);
  CHECK(run({"eval", "-h"}).find("EXPRESSION") != std::string::npos);
  run({"rm", "--force", "x"});
}

TEST_CASE("of several statements an earlier one is no array's") {
  const auto x = counting("x", 10);
  const Result refused = attempt({"eval", "x = x*2; z = x + 1"});
  CHECK(refused.code == 1);
  CHECK(refused.error.find("only the last one writes") != std::string::npos);
  CHECK(refused.error.find("\n  x = x*2; z = x + 1\n  ^\n") != std::string::npos);
  CHECK(x(9) == 9);
  CHECK(run({"eval", "t = x*2; x = t + 1"}).empty());
  CHECK(x(9) == 19);
  run({"rm", "--force", "x"});
}
