// Kernels shared out by executors: the bits of one call, whoever runs the blocks.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include <furrow/kernels/elementwise/operations.hpp>
#include <furrow/kernels/parallel.hpp>
#include "samples.hpp"

using namespace furrow;
using namespace furrow::kernels;
using namespace furrow::kernels::test;

namespace {

template <class T>
std::vector<T> samples(std::size_t n, std::uint64_t seed) {
  test::Engine engine(base_seed() + seed);
  std::vector<T> x(n);
  for (T& value : x) value = sample<T>(engine, Mood::wild);
  return x;
}

template <class T>
std::span<const T> view(const std::vector<T>& x) {
  return {x.data(), x.size()};
}

// Backwards, every block twice: as a worker's death would have it.
struct Repeated {
  template <class F>
  void operator()(std::int64_t count, F f) const {
    for (std::int64_t i = count - 1; i >= 0; --i) {
      f(i);
      f(i);
    }
  }
};

template <class T>
void check_map(const Kernel& kernel) {
  CAPTURE(kernel.name);
  const std::size_t n = 100003;
  const std::vector<T> in[] = {samples<T>(n, 1), samples<T>(n, 2), samples<T>(n, 3)};
  Scalar parameters[parameters_max] = {};
  REQUIRE(kernels::detail::set_parameters(kernel, dtype_of<T>, {}, parameters));
  const Variant* const variant =
      kernels::detail::variant_for(kernel.name, kernel.input_count, dtype_of<T>, dtype_of<T>);
  std::vector<T> expected(n);
  MapCall call{};
  call.out = expected.data();
  call.out_stride = 1;
  for (std::size_t i = 0; i < kernel.input_count; ++i) {
    call.in[i] = in[i].data();
    call.in_stride[i] = 1;
  }
  call.count = n;
  std::copy(parameters, parameters + parameters_max, call.parameters);
  variant->map(call);

  const auto check = [&](const auto& executor) {
    std::vector<T> out(n);
    const std::span<T> to(out);
    bool known = false;
    switch (kernel.input_count) {
      case 0: known = map<T>(executor, kernel.name, to, {}); break;
      case 1: known = map<T>(executor, kernel.name, to, {view(in[0])}); break;
      case 2: known = map<T>(executor, kernel.name, to, {view(in[0]), view(in[1])}); break;
      default: known = map<T>(executor, kernel.name, to, {view(in[0]), view(in[1]), view(in[2])});
    }
    REQUIRE(known);
    CHECK(std::memcmp(out.data(), expected.data(), n * sizeof(T)) == 0);
  };
  check(Serial{});
  check(Threads{1});
  check(Threads{3});
  check(Repeated{});
}

// But for the sign and the payload of a NaN, which nobody promises.
bool same_bits(const ReduceResult& a, const ReduceResult& b) {
  if (std::isnan(a.f64[0]) && std::isnan(b.f64[0])) return a.u64 == b.u64;
  return std::memcmp(&a, &b, sizeof a) == 0;
}

template <class T>
void check_reduce(const Kernel& kernel, std::size_t n) {
  CAPTURE(kernel.name, n);
  const std::vector<T> x = samples<T>(n, 1);
  const std::vector<T> y = samples<T>(n, 2);
  const Variant* const variant =
      kernels::detail::variant_for(kernel.name, kernel.input_count, dtype_of<T>, Dtype::none);
  alignas(16) std::byte partial[partial_bytes_max];
  variant->reduce.tile({{x.data(), y.data()}, {1, 1}, n, 0}, partial);
  ReduceResult expected{};
  variant->reduce.finish(partial, &expected);
  const auto check = [&](const auto& executor) {
    const auto result = kernel.input_count == 2
                            ? furrow::kernels::reduce<T>(executor, kernel.name, {view(x), view(y)})
                            : furrow::kernels::reduce<T>(executor, kernel.name, {view(x)});
    REQUIRE(result);
    CHECK(same_bits(*result, expected));
  };
  check(Serial{});
  check(Threads{1});
  check(Threads{3});
  check(Repeated{});
}

template <class T>
int check_all() {
  int kernels = 0;
  for (const Kernel& kernel : all()) {
    const bool reduces = kernel.family == Family::reduce;
    if (kernels::detail::variant_for(kernel.name, kernel.input_count, dtype_of<T>,
                                     reduces ? Dtype::none : dtype_of<T>) == nullptr) {
      continue;
    }
    Scalar ignored[parameters_max];
    if (!kernels::detail::set_parameters(kernel, dtype_of<T>, {}, ignored)) continue;
    ++kernels;
    if (reduces) {
      for (const std::size_t n : {1, 1000, 20000, 300001}) check_reduce<T>(kernel, n);
    } else {
      check_map<T>(kernel);
    }
  }
  return kernels;
}

}  // namespace

TEST_CASE("kernels shared out by threads have the bits of one call") {
  CHECK(check_all<double>() > 60);
  CHECK(check_all<float>() > 60);
  CHECK(check_all<std::int32_t>() > 20);
}

TEST_CASE("a reduction of many tiles is cut into whole branches of the tree") {
  // More tiles than blocks, so that a block has several.
  const auto& sum = *find("sum");
  check_reduce<double>(sum, std::size_t{1024} * 1024 + 77);
  check_reduce<double>(sum, std::size_t{1024} * 1024 * 3 + 1);
}

TEST_CASE("random elements are those of their index, whoever draws them") {
  std::vector<double> one(100000);
  std::vector<double> many(one.size());
  REQUIRE(map<double>(Serial{}, "random_normal", std::span<double>(one), {}, {Scalar{.u64 = 7}}));
  REQUIRE(
      map<double>(Threads{3}, "random_normal", std::span<double>(many), {}, {Scalar{.u64 = 7}}));
  CHECK(one == many);
  CHECK(one[70000] != one[70001]);
}

TEST_CASE("masks have their own type") {
  const std::vector<double> x = {1, 2, 3};
  const std::vector<double> y = {3, 2, 1};
  bool mask[3];
  REQUIRE(map<double, bool>(Threads{2}, "less", std::span<bool>(mask), {view(x), view(y)}));
  CHECK(mask[0]);
  CHECK_FALSE(mask[1]);
  CHECK_FALSE(mask[2]);
}

TEST_CASE("inputs may differ in type") {
  constexpr std::size_t count = 100'000;
  std::vector<double> x(count, 1);
  std::vector<double> y(count, 2);
  std::vector<double> out(count);
  const auto mask = std::make_unique<bool[]>(count);
  for (std::size_t i = 0; i < count; ++i) mask[i] = i % 3 == 0;
  const std::span<const bool> chosen(mask.get(), count);
  REQUIRE(map_mixed<double>(Threads{2}, "where", out, chosen, view(x), view(y)));
  for (std::size_t i = 0; i < count; ++i) REQUIRE(out[i] == (i % 3 == 0 ? 1 : 2));
  CHECK_FALSE(map_mixed<float>(Serial{}, "where", {}, chosen, view(x), view(y)));
  CHECK_FALSE(map_mixed<double>(Serial{}, "where", out, chosen.first(9), view(x), view(y)));
  CHECK_FALSE(map_mixed<double>(Serial{}, "clip", out, view(x)));  // has parameters
  std::vector<std::int8_t> bytes(count);
  std::fill(x.begin(), x.end(), 300);
  REQUIRE(map_mixed<std::int8_t>(Threads{2}, "cast_saturate", bytes, view(x)));
  CHECK(std::count(bytes.begin(), bytes.end(), 127) == static_cast<std::ptrdiff_t>(count));
}

/// Every function of operations.hpp against the registry's kernel of its name.
TEST_CASE("comparisons, bits, rounding and choices are functions on spans") {
  const std::vector<double> x = {-2.5, 0, 7, std::nan(""), 1e300};
  const std::vector<double> y = {2, -0.0, -3, 1, 1e300};
  bool flags[5];
  const auto truths = [&] { return std::vector<int>(flags, flags + 5); };
  less<double>(x, y, flags);
  CHECK(truths() == std::vector<int>{1, 0, 0, 0, 0});
  greater_equal<double>(x, y, flags);
  CHECK(truths() == std::vector<int>{0, 1, 1, 0, 1});
  equal<double>(x, y, flags);
  CHECK(truths() == std::vector<int>{0, 1, 0, 0, 1});
  logical_and<double>(x, y, flags);
  CHECK(truths() == std::vector<int>{1, 0, 1, 1, 1});
  isnan<double>(x, flags);
  CHECK(truths() == std::vector<int>{0, 0, 0, 1, 0});
  signbit<double>(y, flags);
  CHECK(truths() == std::vector<int>{0, 1, 1, 0, 0});
  isinf<c128>(std::vector<c128>{{1, std::numeric_limits<double>::infinity()}},
              std::span<bool>(flags, 1));
  CHECK(flags[0]);
  std::vector<double> out(5);
  greater<double>(x, y, flags);
  where<double>(flags, x, y, out);
  CHECK(out == std::vector<double>{2, -0.0, 7, 1, 1e300});
  fmax<double>(x, y, out);
  CHECK(out == std::vector<double>{2, 0, 7, 1, 1e300});
  minimum<double>(x, y, out);
  CHECK(std::isnan(out[3]));
  rint<double>(x, out);
  CHECK(out[0] == -2);
  remainder<double>(x, y, out);
  CHECK(out[0] == 1.5);
  copysign<double>(x, y, out);
  CHECK(out[0] == 2.5);
  const std::vector<std::int32_t> i = {7, -7, 5};
  const std::vector<std::int32_t> k = {2, 2, 0};
  std::vector<std::int32_t> whole(3);
  floor_divide<std::int32_t>(i, k, whole);
  CHECK(whole == std::vector<std::int32_t>{3, -4, 0});
  bitwise_xor<std::int32_t>(i, k, whole);
  CHECK(whole == std::vector<std::int32_t>{5, -5, 5});
  left_shift<std::int32_t>(i, k, whole);
  CHECK(whole == std::vector<std::int32_t>{28, -28, 5});
  invert<std::int32_t>(whole, whole);
  CHECK(whole[0] == -29);
  sign<std::int32_t>(i, whole);
  CHECK(whole == std::vector<std::int32_t>{1, -1, 1});
  std::vector<float> part(1);
  imag<c64>(std::vector<c64>{{1, 2}}, part);
  CHECK(part[0] == 2);
}

TEST_CASE("what a kernel does not take is refused, and nothing is written") {
  const std::vector<double> x(10, 1.0);
  const std::vector<double> shorter(9, 1.0);
  std::vector<double> out(10, 5.0);
  std::vector<double>& to = out;  // a vector is a span, too
  CHECK_FALSE(map<double>(Serial{}, "no_such_kernel", to, {view(x)}));
  CHECK_FALSE(map<double>(Serial{}, "sum", to, {view(x)}));
  CHECK_FALSE(map<double>(Serial{}, "add", to, {view(x)}));
  CHECK_FALSE(map<double>(Serial{}, "add", to, {view(x), view(shorter)}));
  CHECK_FALSE(map<double>(Serial{}, "random_normal", to, {}));  // without a seed
  CHECK_FALSE(map<double>(Serial{}, "exp", to, {view(x)}, {Scalar{.f64 = 1}}));
  CHECK_FALSE(
      map<double>(Serial{}, "random_binomial", to, {},
                  {Scalar{.u64 = 1}, Scalar{.u64 = 0}, Scalar{.f64 = 10}, Scalar{.f64 = 2}}));
  std::vector<std::int32_t> integers(10, 5);
  CHECK_FALSE(map<std::int32_t>(Serial{}, "exp", std::span<std::int32_t>(integers), {}));
  CHECK(std::count(out.begin(), out.end(), 5.0) == 10);
  CHECK_FALSE(furrow::kernels::reduce<double>(Serial{}, "min", {std::span<const double>()}));
  CHECK_FALSE(furrow::kernels::reduce<double>(Serial{}, "dot", {view(x), view(shorter)}));
  CHECK_FALSE(furrow::kernels::reduce<double>(Serial{}, "exp", {view(x)}));
  CHECK(furrow::kernels::reduce<double>(Serial{}, "sum", {std::span<const double>()})->f64[0] == 0);
}
