// tests/kernels/reduce_test.cpp
//
// What reductions promise beyond one tile: the same bits for any cut into calls at tile borders,
// accuracy, NaN, and the empty array.
#include <catch2/catch.hpp>

#include <numeric>

#include <furrow/kernels/reduce/reduce.hpp>

#include "compare.hpp"
#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

template <class T>
std::vector<T> random_vector(std::size_t count, double low, double high) {
  Engine engine(base_seed());
  std::vector<T> x(count);
  for (T& value : x) {
    value = static_cast<T>(std::uniform_real_distribution<double>(low, high)(engine));
  }
  return x;
}

/// One partial per tile, made in the given order of tiles, then the tree by index.
ReduceResult by_tiles(const ReduceFunctions& functions, const double* x, std::size_t count,
                      bool backwards) {
  const std::size_t elements = reduce_tile_bytes / sizeof(double);
  const std::size_t tiles = (count + elements - 1) / elements;
  struct alignas(16) Room {
    unsigned char bytes[16];
  };
  std::vector<Room> partials(tiles * functions.partial_bytes / 16);
  auto* base = partials.data()->bytes;
  for (std::size_t k = 0; k < tiles; ++k) {
    const std::size_t tile = backwards ? tiles - 1 - k : k;
    const std::size_t begin = tile * elements;
    const ReduceCall call = {
        {x + begin, x + begin}, {1, 1}, std::min(elements, count - begin), begin};
    functions.tile(call, base + tile * functions.partial_bytes);
  }
  combine_tree(functions, base, tiles);
  ReduceResult result;
  functions.finish(base, &result);
  return result;
}

TEST_CASE("one call, tiles in order and tiles backwards give the same bits on every target") {
  const Dtype pair[] = {Dtype::f64, Dtype::f64};
  for (const char* name : {"sum", "mean_variance", "dot", "min", "max", "product", "count"}) {
    const Kernel& kernel = *find(name);
    const Variant& variant = *find_variant(kernel, {pair, kernel.input_count}, Dtype::none);
    for (const std::size_t count : {1, 1024, 1025, 5000, 7 * 1024, 70001}) {
      const std::vector<double> x = random_vector<double>(count, 0.9, 1.1);
      ReduceResult first{};
      bool have_first = false;
      for (const std::string_view target_name : targets()) {
        REQUIRE(force_target(target_name));
        const ReduceCall call = {{x.data(), x.data()}, {1, 1}, count, 0};
        alignas(16) unsigned char partial[partial_bytes_max];
        variant.reduce.tile(call, partial);
        ReduceResult whole;
        variant.reduce.finish(partial, &whole);
        INFO(name << ", " << count << " elements on " << target_name);
        for (const bool backwards : {false, true}) {
          const ReduceResult tiled = by_tiles(variant.reduce, x.data(), count, backwards);
          CHECK(std::memcmp(&whole, &tiled, sizeof whole) == 0);
        }
        if (!is_fused(target_name)) continue;
        if (have_first) CHECK(std::memcmp(&whole, &first, sizeof whole) == 0);
        first = whole;
        have_first = true;
      }
      force_target("");
    }
  }
}

TEST_CASE("a sum of a million uniforms is good to a few units") {
  const std::vector<double> x = random_vector<double>(1 << 20, 0, 1);
  long double exact = 0;
  for (const double value : x) exact += value;
  const double error = std::fabs(static_cast<double>(sum<double>(x) - exact));
  CHECK(error <= 8 * std::numeric_limits<double>::epsilon() * static_cast<double>(exact));
  const auto narrow = random_vector<float>(1 << 20, 0, 1);
  exact = 0;
  for (const float value : narrow) exact += value;
  CHECK(std::fabs(static_cast<double>(sum<float>(narrow) - exact)) <=
        8 * std::numeric_limits<double>::epsilon() * static_cast<double>(exact));
}

TEST_CASE("moments survive an offset that drowns naive formulas") {
  std::vector<double> x = random_vector<double>(100000, 0, 1);
  const Moments plain = mean_variance<double>(x);
  long double mean = 0;
  for (const double value : x) mean += value;
  mean /= static_cast<long double>(x.size());
  long double m2 = 0;
  for (const double value : x) m2 += (value - mean) * (value - mean);
  CHECK(plain.count == x.size());
  CHECK(plain.mean == Approx(static_cast<double>(mean)).epsilon(1e-15));
  CHECK(plain.m2 == Approx(static_cast<double>(m2)).epsilon(1e-14));
  for (double& value : x) value = std::ldexp(std::round(std::ldexp(value, 20)), -20) + 1e9;
  std::vector<double> same = x;
  for (double& value : same) value -= 1e9;  // exact
  CHECK(mean_variance<double>(x).m2 == Approx(mean_variance<double>(same).m2).epsilon(1e-12));
  const std::vector<double> constant(5000, 0.1);
  CHECK(mean_variance<double>(constant).m2 == 0);
  CHECK(mean_variance<double>(constant).mean == 0.1);
  CHECK(mean_variance<double>(constant).variance(1) == 0);
}

TEST_CASE("NaN propagates from any place, infinities stay infinite") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    for (const std::size_t at : {0, 1, 15, 16, 900, 1023, 1024, 1999}) {
      std::vector<double> x = random_vector<double>(2000, -1, 1);
      x[at] = nan;
      INFO(target_name << ", NaN at " << at);
      CHECK(std::isnan(sum<double>(x)));
      CHECK(std::isnan(min<double>(x)));
      CHECK(std::isnan(max<double>(x)));
      CHECK(std::isnan(mean_variance<double>(x).mean));
      CHECK(std::isnan(mean_variance<double>(x).m2));
      CHECK(count_nan<double>(x) == 1);
      CHECK(count<double>(x) == 2000);
      x[at] = inf;
      CHECK(sum<double>(x) == inf);
      CHECK(max<double>(x) == inf);
      CHECK(mean_variance<double>(x).mean == inf);
      CHECK(count_nan<double>(x) == 0);
    }
  }
  force_target("");
}

TEST_CASE("places are the first, and a NaN comes before all numbers") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    for (const std::size_t at : {0, 1, 15, 31, 32, 900, 1023, 1024, 4000, 5998}) {
      std::vector<double> x = random_vector<double>(6000, -1, 1);
      x[at] = x[5999] = -2;
      INFO(target_name << ", at " << at);
      CHECK(argmin<double>(x) == static_cast<std::int64_t>(at));
      x[at] = x[5999] = 2;
      CHECK(argmax<double>(x) == static_cast<std::int64_t>(at));
      x[at] = x[5999] = nan;
      CHECK(argmin<double>(x) == static_cast<std::int64_t>(at));
      CHECK(argmax<double>(x) == static_cast<std::int64_t>(at));
      std::vector<std::uint8_t> bytes(6000, 7);
      CHECK(argmax<std::uint8_t>(bytes) == 0);
      bytes[at] = bytes[5999] = 6;
      CHECK(argmin<std::uint8_t>(bytes) == static_cast<std::int64_t>(at));
    }
  }
  force_target("");
  CHECK(argmin<double>(std::vector<double>{0.0, -0.0}) == 0);
  const std::vector<std::uint8_t> ones(3000, 1);
  CHECK(all<std::uint8_t>(ones));
  CHECK(!any<double>(std::vector<double>(3000)));
  CHECK(any<double>(std::vector<double>{0, nan}));
}

TEST_CASE("places of numbers pass NaN over, and among NaN alone there is none") {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    for (const std::size_t ahead : {0, 1, 63, 1024, 5000}) {
      std::vector<double> x(ahead, nan);
      for (const double v : {nan, infinity, 3.0, nan, -infinity, 3.0, infinity}) x.push_back(v);
      const auto place = static_cast<std::int64_t>(ahead);
      CHECK(nanargmin<double>(x) == place + 4);
      CHECK(nanargmax<double>(x) == place + 1);
      x.resize(ahead + 2);
      CHECK(nanargmin<double>(x) == place + 1);  // an infinity is a number
      x.resize(ahead + 1);
      CHECK(nanargmin<double>(x) == -1);
      CHECK(nanargmax<float>(std::vector<float>(x.begin(), x.end())) == -1);
    }
  }
  force_target("");
}

TEST_CASE("products, inner products and norms of complex numbers") {
  Engine engine(base_seed());
  std::uniform_real_distribution<double> part(-1.4, 1.4);
  std::vector<c128> x(3000);
  std::vector<c128> y(x.size());
  std::complex<long double> product = 1;
  std::complex<long double> inner = 0;
  long double squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = {part(engine), part(engine)};
    y[i] = {part(engine), part(engine)};
    product *= std::complex<long double>(x[i]);
    inner += std::complex<long double>(x[i]) * std::complex<long double>(y[i]);
    squares += std::norm(std::complex<long double>(x[i]));
  }
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    INFO(target_name << ", FURROW_SEED=" << base_seed());
    const auto off = [](c128 got, std::complex<long double> exact) {
      return static_cast<double>(std::abs(std::complex<long double>(got) - exact));
    };
    CHECK(off(furrow::kernels::product<c128>(x), product) <
          3 * 3000 * 0x1p-53 * static_cast<double>(std::abs(product)));
    CHECK(off(dot<c128>(x, y), inner) < 1e-12);
    CHECK(norm2<c128>(x) == Approx(static_cast<double>(std::sqrt(squares))).epsilon(1e-15));
    const std::vector<c128> large = {{3e200, 4e200}};
    CHECK(norm2<c128>(large) == Approx(5e200).epsilon(1e-15));
    CHECK(furrow::kernels::product<c64>(std::span<const c64>()) == c128(1, 0));
  }
  force_target("");
}

TEST_CASE("the Euclidean norm is good at both ends of the range, and across it") {
  for (const double scale : {1.0, 1e-320, 0x1p-1074, 1e-170, 1e-140, 1e140, 1e170, 1e304}) {
    for (const std::size_t count : {1, 5, 1000, 5000, 70000}) {
      std::vector<double> x = random_vector<double>(count, 0.5, 1);
      long double squares = 0;
      for (double& value : x) {
        value *= scale;
        squares += static_cast<long double>(value) * value;
      }
      const auto exact = static_cast<double>(std::sqrt(squares));
      INFO(count << " elements of size " << scale);
      CHECK(std::fabs(norm2<double>(x) - exact) <=
            20 * std::numeric_limits<double>::epsilon() * exact + 0x1p-1074);
    }
  }
  std::vector<double> mixed(5000, 1e-300);
  mixed[4000] = 3e200;
  mixed[10] = 4e200;
  mixed[2000] = 1;
  CHECK(norm2<double>(mixed) == Approx(5e200).epsilon(1e-15));
  mixed[4000] = mixed[10] = 0;
  CHECK(norm2<double>(mixed) == 1);
  const double inf = std::numeric_limits<double>::infinity();
  mixed[1] = -inf;
  CHECK(norm2<double>(mixed) == inf);
  CHECK(norm_inf<double>(mixed) == inf);
  mixed[4999] = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(norm2<double>(mixed)));
  CHECK(std::isnan(norm_inf<double>(mixed)));
  CHECK(std::isnan(norm1<double>(mixed)));
  CHECK(norm2<double>(std::vector<double>(3000)) == 0);
  CHECK(norm2<double>({}) == 0);
  CHECK(norm1<double>(std::vector<double>{-1, 2}) == 3);
}

TEST_CASE("NaN is left out where that is asked for") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> x = random_vector<double>(5000, 1, 2);
  std::vector<double> numbers;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i % 3 == 0 || (i >= 1024 && i < 2048)) x[i] = nan;
    if (!std::isnan(x[i])) numbers.push_back(x[i]);
  }
  const Moments moments = nanmean_variance<double>(x);
  const Moments expected = mean_variance<double>(numbers);
  CHECK(moments.count == numbers.size());
  CHECK(moments.mean == Approx(expected.mean).epsilon(1e-15));
  CHECK(moments.m2 == Approx(expected.m2).epsilon(1e-13));
  CHECK(nansum<double>(x) == Approx(sum<double>(numbers)).epsilon(1e-15));
  CHECK(nanmin<double>(x) == min<double>(numbers));
  CHECK(nanmax<double>(x) == max<double>(numbers));
  const std::vector<double> nothing(3000, nan);
  CHECK(nansum<double>(nothing) == 0);
  CHECK(nanprod<double>(nothing) == 1);
  CHECK(std::isnan(nanmin<double>(nothing)));
  CHECK(std::isnan(nanmax<double>(nothing)));
  CHECK(nanmean_variance<double>(nothing).count == 0);
  CHECK(std::isnan(nanmean_variance<double>(nothing).mean));
}

TEST_CASE("the empty array has the answers it has") {
  const std::span<const double> nothing;
  CHECK(sum<double>(nothing) == 0);
  CHECK(product<double>(nothing) == 1);
  CHECK(dot<double>(nothing, nothing) == 0);
  CHECK(count<double>(nothing) == 0);
  CHECK(mean_variance<double>(nothing).count == 0);
  CHECK(std::isnan(mean_variance<double>(nothing).mean));
  CHECK(!find("min")->has_identity);
  CHECK(!find("max")->has_identity);
  CHECK(sum<std::int8_t>({}) == 0);
  CHECK(sum<c64>({}) == c128(0, 0));
}

TEST_CASE("integers are exact in 64 bits, and wrap as NumPy's") {
  std::vector<std::int8_t> bytes(100000, -128);
  CHECK(sum<std::int8_t>(bytes) == -12800000);
  std::vector<std::uint8_t> unsigned_bytes(100000, 255);
  CHECK(sum<std::uint8_t>(unsigned_bytes) == 25500000u);
  CHECK(dot<std::uint8_t>(unsigned_bytes, unsigned_bytes) == 100000ull * 255 * 255);
  const std::vector<std::int64_t> big(3, std::numeric_limits<std::int64_t>::max());
  CHECK(sum<std::int64_t>(big) == std::numeric_limits<std::int64_t>::max() - 2);
  const std::vector<std::uint64_t> large = {~0ull, 5, 7};
  CHECK(max<std::uint64_t>(large) == ~0ull);
  CHECK(min<std::uint64_t>(large) == 5);
  CHECK(min<std::int8_t>(bytes) == -128);
  CHECK(mean_variance<std::int8_t>(bytes).mean == -128);
}

}  // namespace
}  // namespace furrow::kernels::test
