// What runs: any executor, any cut, strides, in place, reductions, every SIMD target.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <furrow/kernels/elementwise/elementwise.hpp>
#include <furrow/kernels/expression/expression.hpp>
#include <furrow/kernels/reduce/reduce.hpp>
#include <numeric>
#include <random>
#include <vector>

using namespace furrow;                       // NOLINT
using namespace furrow::kernels;              // NOLINT
using namespace furrow::kernels::expression;  // NOLINT

namespace {

std::vector<double> noise(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& value : values) value = normal(random);
  return values;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

Compiled compiled(const std::string& text, const std::vector<Source>& sources) {
  Compiled result = compile(text, sources);
  INFO(text);
  if (result.error) FAIL(to_string(*result.error, text));
  return result;
}

double fold(std::string_view name, std::span<const double> x) {
  const Dtype dtype = Dtype::f64;
  const ReduceFunctions& functions = find_variant(*find(name), {&dtype, 1}, Dtype::none)->reduce;
  Partial partial;
  functions.tile({{x.data(), nullptr}, {1, 1}, x.size(), 0}, &partial);
  ReduceResult result{};
  functions.finish(&partial, &result);
  return result.f64[0];
}

struct EachTarget {
  template <class F>
  void operator()(F f) const {
    for (const std::string_view name : targets()) {
      REQUIRE(force_target(name));
      REQUIRE(target() == name);
      f();
    }
    force_target("");
  }
};

}  // namespace

TEST_CASE("an expression gives the bits of its operations one by one, on every target") {
  const std::vector<double> x = noise(70'001, 1);
  const std::vector<double> y = noise(70'001, 2);
  EachTarget{}([&] {
    const Compiled c = compiled("2*x + y*exp(x) - x/(y + 1) + (x - 3)*(5 - y)/4",
                                {array<double>("x", x), array<double>("y", y)});
    std::vector<double> ours(x.size());
    run(c, ours.data());
    std::vector<double> right(x.size());
    std::vector<double> e(x.size());
    kernels::exp<double>(x, e);
    for (std::size_t i = 0; i < x.size(); ++i) {
      right[i] = 2 * x[i] + y[i] * e[i] - x[i] / (y[i] + 1) + (x[i] - 3) * (5 - y[i]) / 4;
    }
    CHECK(same_bits(ours, right));
  });
}

TEST_CASE("neither the executor nor the cut nor the block changes a bit") {
  const std::vector<double> x = noise(300'007, 3);
  const std::vector<Source> sources = {array<double>("x", x)};
  Compiled c = compiled("sin(x)*exp(-x*x/2) + sqrt(abs(x))", sources);
  std::vector<double> serial(x.size());
  run(c, serial.data());
  std::vector<double> other(x.size());
  run(c, other.data(), Threads{3});
  CHECK(same_bits(serial, other));
  for (const std::uint32_t block : {64U, 65U, 128U, 200U}) {
    c.program.block = block;
    std::fill(other.begin(), other.end(), 0.0);
    for (std::size_t at = 0; at < x.size(); at += 7'777) {
      const std::size_t count = std::min<std::size_t>(7'777, x.size() - at);
      run_tile(c.program, other.data() + at, static_cast<std::int64_t>(at), count);
    }
    CHECK(same_bits(serial, other));
  }
}

TEST_CASE("small counts and unaligned arrays") {
  const std::vector<double> x = noise(100, 4);
  for (std::size_t count = 0; count < 40; ++count) {
    const std::span<const double> part = std::span(x).subspan(count % 3, count);
    const Compiled c = compiled("x*x - 1", {array<double>("x", part)});
    std::vector<double> out(count + 2, 7.0);
    run(c, out.data() + 1);
    CHECK(out.front() == 7.0);
    CHECK(out.back() == 7.0);
    for (std::size_t i = 0; i < count; ++i) CHECK(out[i + 1] == part[i] * part[i] - 1);
  }
}

TEST_CASE("the output may be an input") {
  std::vector<double> x = noise(10'000, 5);
  const std::vector<double> before = x;
  const Compiled c =
      compiled("x = (x + 1)*(x - 1)*x", {array<double>("x", std::span<const double>(x))});
  CHECK(c.target == "x");
  run(c, x.data());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] != (before[i] + 1) * (before[i] - 1) * before[i]) FAIL("element " << i);
  }
}

TEST_CASE("arrays of any strides and broadcast arrays") {
  std::vector<double> memory(61 * 47 * 5);
  std::iota(memory.begin(), memory.end(), 0.0);
  // memory as (61, 47, 5); t its transpose of the last two axes, backwards in the first one.
  Source t;
  t.name = "t";
  t.dtype = Dtype::f64;
  t.form = {3, {61, 5, 47}};
  t.stride[0] = -47 * 5;
  t.stride[1] = 1;
  t.stride[2] = 5;
  t.data = memory.data() + 60 * 47 * 5;
  Source row = array<double>("row", std::span<const double>(memory).first(47));
  Source column = array<double>("column", std::span<const double>(memory).first(5));
  column.form = {2, {5, 1}};
  Source one = array<double>("one", std::span<const double>(memory).subspan(9, 1));
  const Compiled c = compiled("1*t + 1000*row - column*one", {t, row, column, one});
  REQUIRE(c.form == t.form);
  std::vector<double> out(memory.size());
  run(c, out.data());
  std::size_t at = 0;
  for (std::size_t i = 0; i < 61; ++i) {
    for (std::size_t j = 0; j < 5; ++j) {
      for (std::size_t k = 0; k < 47; ++k, ++at) {
        const double right = memory[((60 - i) * 47 + k) * 5 + j] + 1000 * memory[k] - memory[j] * 9;
        if (out[at] != right) FAIL(i << " " << j << " " << k);
      }
    }
  }
}

TEST_CASE("reductions have the bits of the kernel on the values") {
  const std::vector<double> x = noise(123'457, 6);
  const std::vector<double> y = noise(123'457, 7);
  std::vector<double> z(x.size());
  std::vector<float> f(x.begin(), x.end());
  const std::vector<Source> sources = {array<double>("x", x), array<double>("y", y),
                                       array<float>("f", std::span<const float>(f))};
  EachTarget{}([&] {
    kernels::multiply<double>(x, y, z);
    const std::span<const double> values = z;
    const auto number = [&](const std::string& text) {
      const Compiled c = compiled(text, sources);
      const Answer serial = reduce(c);
      const Answer threads = reduce(c, Threads{3});
      CHECK(std::memcmp(&serial.value, &threads.value, 8) == 0);
      return serial;
    };
    CHECK(number("sum(x*y)").value.f64 == kernels::sum(values));
    CHECK(number("sum(x)").value.f64 == kernels::sum(std::span<const double>(x)));
    CHECK(number("max(x*y)").value.f64 == kernels::max(values));
    CHECK(number("dot(x, y)").value.f64 == kernels::dot<double>(x, y));
    CHECK(number("dot(x*y, x)").value.f64 == kernels::dot<double>(z, x));
    CHECK(number("norm(x*y)").value.f64 == fold("norm2", values));
    CHECK(number("mean(x*y)").value.f64 == kernels::mean_variance(values).mean);
    CHECK(number("var(x*y)").value.f64 == kernels::mean_variance(values).variance());
    CHECK(number("std(x*y, ddof=1)").value.f64 ==
          std::sqrt(kernels::mean_variance(values).variance(1)));
    CHECK(number("count_nonzero(x*y)").value.i64 == 123'457);
    CHECK(number("nansum(x*y)").value.f64 == kernels::sum(values));
    CHECK(number("argmax(x*y)").value.i64 == std::max_element(z.begin(), z.end()) - z.begin());
    CHECK(number("any(x)").value.u64 == 1);
    CHECK(number("all(x*0)").value.u64 == 0);
    CHECK(number("all(x*y)").value.u64 == 1);
    CHECK(number("sum(f)").value.f64 == kernels::sum(std::span<const float>(f)));
    CHECK(number("min(f)").dtype == Dtype::f32);
    CHECK(number("sum(i8(2) + 0*i32(1))").dtype == Dtype::i64);
  });
}

TEST_CASE("a reduction of nothing is its identity") {
  const std::vector<Source> sources = {array<double>("x", {})};
  CHECK(reduce(compiled("sum(x*x)", sources)).value.f64 == 0);
  CHECK(reduce(compiled("prod(x)", sources)).value.f64 == 1);
  CHECK(std::isnan(reduce(compiled("mean(x)", sources)).value.f64));
  CHECK(reduce(compiled("all(x)", sources)).value.u64 == 1);
}

TEST_CASE("equal operations are done once, and constants while compiling") {
  const std::vector<double> x = noise(10, 8);
  const std::vector<Source> sources = {array<double>("x", x)};
  const auto count = [&](const std::string& text) {
    return compiled(text, sources).program.instruction_count;
  };
  CHECK(count("x + 2*3*sqrt(4)") == 1);
  CHECK(count("exp(x)*exp(x)") == 2);
  CHECK(count("(x + 1)*(x + 1) + (x + 1)") == 3);
  CHECK(count("x*2 + x/4") == 3);
  CHECK(count("x") == 1);
  CHECK(count("+x*1.0") == 1);
  CHECK(compiled("1 + 2", sources).constant->value.i64 == 3);
}

TEST_CASE("a complex number is true when a part of it is not zero") {
  const std::vector<c128> w = {{0, 0}, {0, 2}, {-0.0, -0.0}, {1e-300, 0}, {0, std::nan("")}};
  const std::vector<Source> sources = {array<c128>("w", w)};
  const std::vector<std::uint8_t> right = {0, 1, 0, 1, 1};
  for (const char* text : {"bool(w)", "logical_or(w, 0)", "where(w, True, False)", "not not w"}) {
    std::vector<std::uint8_t> ours(w.size(), 9);
    run(compiled(text, sources), ours.data());
    CHECK(ours == right);
  }
  CHECK(compile("var(real(w), ddof=1j)", sources).error);
}

TEST_CASE("random numbers are elements of their stream, wherever they stand") {
  const std::vector<double> x = noise(50'000, 9);
  const Compiled c = compiled("x + random_uniform(7)", {array<double>("x", x)});
  std::vector<double> ours(x.size());
  run(c, ours.data(), Threads{2});
  MapCall call{};
  std::vector<double> drawn(x.size());
  const Kernel* kernel = find("random_uniform");
  REQUIRE(kernel != nullptr);
  call.out = drawn.data();
  call.out_stride = 1;
  call.count = x.size();
  call.parameters[0].u64 = 7;
  for (std::size_t k = 1; k < kernel->parameters.size(); ++k) {
    call.parameters[k].f64 = kernel->parameters[k].default_value;
    if (kernel->parameters[k].kind == Parameter::Kind::count) call.parameters[k].u64 = 0;
  }
  find_variant(*kernel, {}, Dtype::f64)->map(call);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(ours[i] == x[i] + drawn[i]);
}

TEST_CASE("many values at a time fit into registers of any width") {
  std::vector<c128> w(5'000, c128(1, 1));
  std::string text = "(w*1j)";
  for (int i = 2; i <= 30; ++i) text = "(w*" + std::to_string(i) + "j*" + text + ")";
  std::string sum = "w";
  for (int i = 2; i <= 20; ++i) sum += " + (w + " + std::to_string(i) + "j)*(w*w)";
  for (const std::string& each : {text, sum}) {
    const Compiled c = compiled(each, {array<c128>("w", w)});
    std::vector<c128> out(w.size());
    run(c, out.data());
    CHECK(out.front() == out.back());
  }
}
