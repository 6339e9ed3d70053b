// Expressions on shared arrays: names, targets, the same bits for any number of workers, kills.
#include <signal.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <furrow/engine/engine.hpp>
#include <furrow/kernels/expression/expression.hpp>
#include <random>
#include <thread>

using namespace furrow;  // NOLINT

namespace {

Array<double> noise(const char* name, const Shape& shape, unsigned seed) {
  auto x = Array<double>::create(name, shape, {.lifetime = Lifetime::owned});
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  for (double& value : x.span()) value = normal(random);
  return x;
}

EngineOptions with_workers(std::size_t workers) {
  EngineOptions options;
  options.workers = workers;
  return options;
}

EvaluateOptions owned() {
  EvaluateOptions options;
  options.create.lifetime = Lifetime::owned;
  return options;
}

template <class E>
std::string refusal(Engine& engine, const std::string& text,
                    std::initializer_list<Binding> bindings = {}) {
  try {
    engine.evaluate(text, bindings);
  } catch (const E& error) {
    return error.what();
  }
  return "nothing of that kind was thrown";
}

bool exists(const char* name) {
  for (const auto& info : segment::list()) {
    if (info.name == name) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a new target has the expression's dtype and shape, and its values") {
  Engine engine(with_workers(2));
  const auto x = noise("x", {300, 70}, 1);
  const auto row = noise("row", {70}, 2);
  const auto z = engine.evaluate("z = where(x > 0, sqrt(abs(x)), 0) + 2*row", {}, owned())
                     .array()
                     .as<double>();
  CHECK(z.name() == "z");
  REQUIRE(z.shape() == x.shape());
  for (std::int64_t i = 0; i < 300; ++i) {
    for (std::int64_t j = 0; j < 70; ++j) {
      const double right = (x(i, j) > 0 ? std::sqrt(x(i, j)) : 0.0) + 2 * row(j);
      if (z(i, j) != right) FAIL(i << ", " << j);
    }
  }
  const Evaluated kept = engine.evaluate("positive = x > 0", {}, owned());
  CHECK(kept.dtype() == Dtype::bool_);
  const Evaluated temporary = engine.evaluate("f32(x) * 2");
  CHECK(temporary.dtype() == Dtype::f32);
  CHECK(temporary.array().as<float>()(3, 4) == static_cast<float>(x(3, 4)) * 2);
}

TEST_CASE("names are bound to arrays, slices and numbers, or attached") {
  Engine engine(with_workers(2));
  const auto x = noise("x", {100, 8}, 3);
  auto y = Array<double>::temporary({100});
  engine.evaluate("y = a*c + x0", {{"y", y}, {"a", 3}, {"c", x.column(2)}, {"x0", x.column(0)}});
  for (std::int64_t i = 0; i < 100; ++i) CHECK(y(i) == 3 * x(i, 2) + x(i, 0));
  auto rank0 = Array<double>::temporary({});
  *rank0.data() = 0.5;
  engine.evaluate("y *= half", {{"y", y}, {"half", rank0}});
  CHECK(y(7) == (3 * x(7, 2) + x(7, 0)) * 0.5);
  // A strided target, and one that is read through another slice of the same array.
  engine.evaluate("out = -in", {{"out", x.column(5)}, {"in", x.column(1)}});
  CHECK(x(50, 5) == -x(50, 1));
  CHECK(engine.evaluate("i + 1", {{"i", 2}}).integer() == 3);
  CHECK(engine.evaluate("z*z", {{"z", std::complex<double>(0, 1)}}).complex().real() == -1);
}

TEST_CASE("reductions have the bits of the two steps, for any number of workers") {
  const auto x = noise("x", {500'009}, 4);
  const auto y = noise("y", {500'009}, 5);
  auto z = Array<double>::temporary({500'009});
  std::vector<std::string> first;
  for (const std::size_t workers : {1, 2, 3, 5}) {
    Engine engine(with_workers(workers));
    engine.evaluate("z = x*y", {{"z", z}});
    CHECK(engine.evaluate("sum(x*y)").real() == engine.sum(z));
    CHECK(engine.evaluate("mean(x*y)").real() == engine.mean(z));
    CHECK(engine.evaluate("var(x*y, ddof=1)").real() == engine.variance(z));
    CHECK(engine.evaluate("max(x*y)").real() == engine.max(z));
    CHECK(engine.evaluate("dot(x, y)").real() == engine.dot(x, y));
    CHECK(engine.evaluate("count_nonzero(x > 0)").integer() > 200'000);
    std::vector<std::string> texts;
    for (const char* text : {"sum(exp(x)*y)", "sum(f32(x)*f32(y))", "std(x - y)", "norm(x/y)",
                             "argmax(x*y)", "any(x > 100)", "sum(x > y)"}) {
      texts.push_back(engine.evaluate(text).text());
    }
    if (first.empty()) first = texts;
    CHECK(texts == first);
  }
}

TEST_CASE("arrays have the same bits for any number of workers") {
  const auto x = noise("x", {200'003}, 6);
  std::vector<double> first;
  for (const std::size_t workers : {1, 2, 3, 5}) {
    Engine engine(with_workers(workers));
    const auto z = engine.evaluate("sin(x)*exp(x) - log(abs(x) + 1)/(x*x + 1)").array();
    const auto span = z.as<double>().span();
    if (first.empty()) first.assign(span.begin(), span.end());
    CHECK(std::memcmp(first.data(), span.data(), span.size_bytes()) == 0);
  }
}

namespace {

// Kills a worker now and then while it is there.
std::jthread killer_of(const Engine& engine) {
  return std::jthread([&engine](const std::stop_token& stop) {
    std::size_t kills = 0;
    while (!stop.stop_requested() && kills < 12) {
      std::this_thread::sleep_for(std::chrono::milliseconds(15));
      for (const WorkerInfo& worker : engine.worker_info()) {
        if (!worker.alive || worker.pid == 0) continue;
        ::kill(static_cast<pid_t>(worker.pid), SIGKILL);
        ++kills;
        break;
      }
    }
  });
}

std::uint64_t deaths_of(const Engine& engine) {
  std::uint64_t deaths = 0;
  for (const WorkerInfo& worker : engine.worker_info()) deaths += worker.deaths;
  return deaths;
}

}  // namespace

TEST_CASE("a worker killed in the middle of an expression into another array changes nothing") {
  Engine engine(with_workers(3));
  const auto x = noise("x", {300'000}, 11);
  auto right = Array<double>::temporary({300'000});
  auto z = Array<double>::temporary({300'000});
  const char* text = "z = sin(x)*exp(x) + log(abs(x) + 1)*cos(x) - x**3";
  engine.evaluate(text, {{"z", right}});
  std::jthread killer = killer_of(engine);
  for (int i = 0; i < 150; ++i) {
    engine.evaluate(text, {{"z", z}});
    if (std::memcmp(z.data(), right.data(), z.bytes()) != 0) FAIL("round " << i);
    engine.fill(z, 0.0);
  }
  killer.request_stop();
  killer.join();
  CHECK(deaths_of(engine) > 0);
}

TEST_CASE("a worker killed in the middle of an expression in place changes nothing") {
  Engine engine(with_workers(3));
  const auto x = noise("x", {400'000}, 7);
  const std::vector<double> before(x.span().begin(), x.span().end());
  std::jthread killer = killer_of(engine);
  constexpr int rounds = 150;
  for (int i = 0; i < rounds; ++i) engine.evaluate("x = x*0.5 + 1");
  killer.request_stop();
  killer.join();
  CHECK(deaths_of(engine) > 0);
  for (std::size_t i = 0; i < before.size(); ++i) {
    double right = before[i];
    for (int round = 0; round < rounds; ++round) right = right * 0.5 + 1;
    if (x.span()[i] != right) FAIL("element " << i);
  }
}

TEST_CASE("what is refused is refused before anything is written, with its place") {
  Engine engine(with_workers(1));
  const auto x = noise("x", {10}, 8);
  const std::vector<double> before(x.span().begin(), x.span().end());
  auto whole = Array<std::int32_t>::create("whole", {10}, {.lifetime = Lifetime::owned});
  CHECK(refusal<InvalidArgument>(engine, "z = x +").find("\n  z = x +\n         ^") !=
        std::string::npos);
  CHECK(refusal<NotFound>(engine, "z = x + wole").find("did you mean \"whole\"?") !=
        std::string::npos);
  CHECK(refusal<NotFound>(engine, "z = sine(x)").find("    ^^^^") != std::string::npos);
  CHECK(refusal<TypeMismatch>(engine, "whole = x").find("would lose") != std::string::npos);
  CHECK(refusal<ShapeMismatch>(engine, "x = y", {{"y", x.rows(0, 5)}}).find("(5,)") !=
        std::string::npos);
  CHECK(refusal<ShapeMismatch>(engine, "z = x + y", {{"y", x.rows(0, 5)}}).find("(5,)") !=
        std::string::npos);
  CHECK(refusal<InvalidArgument>(engine, "a = b*2", {{"a", x.rows(0, 9)}, {"b", x.rows(1, 10)}})
            .find("overlaps") != std::string::npos);
  CHECK(refusal<TypeMismatch>(engine, "a = x", {{"a", 2}}).find("number") != std::string::npos);
  CHECK(refusal<InvalidArgument>(engine, "\"no/name\" + x").find("no/name") != std::string::npos);
  for (const char* text : {"z = x + random_binomial(1, n=10, p=3)",
                           "z = x*random_normal(1, 0, 0, -1)", "x = random_poisson(3, lam=-1)"}) {
    CHECK(refusal<InvalidArgument>(engine, text).find("must be") != std::string::npos);
  }
  CHECK(std::equal(x.span().begin(), x.span().end(), before.begin()));
  CHECK_FALSE(exists("z"));
  CHECK(engine.evaluate("sum(whole)").integer() == 0);
  CHECK_THROWS_AS(engine.evaluate("x + 1").real(), TypeMismatch);
  CHECK_THROWS_AS(engine.evaluate("mean(x)").integer(), TypeMismatch);
}

TEST_CASE("a number is no array, and a NaN has no sign") {
  Engine engine(with_workers(1));
  const auto x = noise("x", {10}, 9);
  auto half = Array<double>::temporary({});
  *half.data() = 0.5;
  CHECK_THROWS_AS(engine.evaluate("sum(x)").array(), TypeMismatch);
  CHECK_THROWS_AS(engine.evaluate("1 + 2").array(), TypeMismatch);
  CHECK_THROWS_WITH(engine.evaluate("2*h", {{"h", half}}).array(),
                    Catch::Contains("gave 1 (f64), and an array was asked for"));
  CHECK_THROWS_AS(Evaluated().array(), TypeMismatch);
  CHECK(engine.evaluate("sqrt(-1)").text() == "nan");
  CHECK(engine.evaluate("-sqrt(-1)").text() == "nan");
  CHECK(engine.evaluate("nan*1j").text() == "nan+nanj");
  CHECK(engine.evaluate("-nan*1j").text() == "nan+nanj");
  CHECK(engine.evaluate("-inf").text() == "-inf");
  CHECK_THROWS_AS(engine.evaluate("dot(x, y)", {{"y", x.rows(0, 5)}}), ShapeMismatch);
}

TEST_CASE("many arrays, and arrays of no elements") {
  Engine engine(with_workers(2));
  std::vector<Array<double>> arrays;
  std::vector<Binding> bindings;
  std::string text = "0";
  for (int i = 0; i < 20; ++i) {
    arrays.push_back(Array<double>::temporary({1000}));
    engine.fill(arrays.back(), i);
    bindings.push_back({"a" + std::to_string(i), arrays.back()});
    text += " + a" + std::to_string(i);
  }
  CHECK(engine.evaluate("sum(" + text + ")", bindings).real() == 190'000);
  const auto none = Array<double>::temporary({0, 3});
  CHECK(engine.evaluate("sum(n)", {{"n", none}}).real() == 0);
  CHECK(engine.evaluate("n + 1", {{"n", none}}).array().size() == 0);
  CHECK_THROWS_AS(engine.evaluate("min(n)", {{"n", none}}), ShapeMismatch);
}
