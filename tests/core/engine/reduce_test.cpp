// Reductions: equal bits for any workers, start and wait; kernels equal to one call of theirs.
#include <cmath>
#include <map>
#include <random>

#include "faults/fault_support.hpp"

using namespace furrow;
using namespace furrow::test;

namespace {

struct Odd {  // neither commutative nor associative in floating point: any other tree shows
  double value;
  double weight;
};

// All results over one array, as bytes.
template <class T>
std::string bits_of(Engine& engine, const Array<T>& x) {
  std::string bits;
  const auto add = [&](const auto& value) {
    bits.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  add(engine.sum(x));
  add(engine.count(x));
  if constexpr (!is_complex(dtype_of<T>)) {
    add(engine.mean(x));
    add(engine.variance(x));
    add(engine.min(x));
    add(engine.max(x));
    const Statistics s = engine.statistics(x);
    for (const double v : {s.sum, s.mean, s.variance, s.std, s.min, s.max}) add(v);
    add(s.count);
    add(s.nan);
    add(engine.reduce(
        x, Odd{0, 1},
        [](Odd& o, T v) {
          o.value += static_cast<double>(v) / o.weight;
          o.weight += 0.1;
        },
        [](Odd& left, const Odd& right) {
          left.value = left.value * 0.99 + right.value / left.weight;
          left.weight += right.weight;
        }));
  }
  return bits;
}

EngineOptions variant(std::size_t count, StartMethod start, WaitPolicy wait, bool participate) {
  EngineOptions options = workers(count);
  options.start = start;
  options.wait = wait;
  options.participate = participate;
  return options;
}

std::vector<EngineOptions> variants() {
  std::vector<EngineOptions> all;
  for (const std::size_t count : {1, 2, 3, 7}) {
    all.push_back(variant(count, StartMethod::fork, WaitPolicy::adaptive, false));
    all.push_back(variant(count, StartMethod::fork, WaitPolicy::passive, true));
  }
  all.push_back(variant(2, StartMethod::fork, WaitPolicy::active, true));
  all.push_back(variant(2, StartMethod::execute, WaitPolicy::adaptive, false));
  all.push_back(variant(3, StartMethod::execute, WaitPolicy::passive, true));
  return all;
}

template <class T>
Array<T> noise(const char* name, std::int64_t rows, std::int64_t columns) {
  auto x = Array<T>::create(name, {rows, columns}, owned());
  std::mt19937_64 random(42);
  for (T& v : x.span()) {
    const double u = static_cast<double>(random() >> 11) * 0x1p-53;
    if constexpr (std::is_same_v<T, bool>) {
      v = u < 0.5;
    } else if constexpr (std::is_integral_v<T>) {
      v = static_cast<T>(random());
    } else {
      v = static_cast<T>(static_cast<float>(std::exp(4 * (u - 0.5)) - 0.7));
    }
  }
  return x;
}

template <class T>
void same_bits() {
  auto x = noise<T>("x", 70001, 3);
  std::map<std::string, std::vector<std::string>> results;
  for (const EngineOptions& options : variants()) {
    Engine engine(options);
    results["all"].push_back(bits_of(engine, x));
    results["column"].push_back(bits_of(engine, x.column(1)));
    results["reversed"].push_back(bits_of(engine, x.slice(0, {{}, {}, -1})));
    results["transposed"].push_back(bits_of(engine, x.transpose()));
    results["one tile"].push_back(bits_of(engine, x.rows(0, 100)));
  }
  for (const auto& [what, bits] : results) {
    INFO(dtype_name(dtype_of<T>) << ", " << what);
    for (const std::string& one : bits) CHECK((one == bits.front()));
  }
}

}  // namespace

TEST_CASE("equal bits for 1, 2, 3 and 7 workers, any start and any wait: f64") {
  same_bits<double>();
}
TEST_CASE("equal bits: f32") { same_bits<float>(); }
TEST_CASE("equal bits: i32") { same_bits<std::int32_t>(); }
TEST_CASE("equal bits: u8") { same_bits<std::uint8_t>(); }

TEST_CASE("every reduction of the registry: workers give what one call gives") {
  Engine engine(workers(3));
  const std::int64_t columns = 3;
  int combinations = 0;
  for (const kernels::Kernel& kernel : kernels::all()) {
    if (kernel.family != kernels::Family::reduce) continue;
    for (const kernels::Variant& variant : kernel.variants) {
      for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{341}, std::int64_t{60007}}) {
        INFO(kernel.name << " " << dtype_name(variant.in[0]) << " " << rows);
        auto x = AnyArray::create("x", variant.in[0], {rows, columns}, owned());
        visit_dtype(variant.in[0], [&]<class T>(T) {
          T* const data = static_cast<T*>(x.data());
          for (std::int64_t i = 0; i < x.size(); ++i) {
            if constexpr (std::is_same_v<T, bool>) {
              data[i] = i % 3 == 1;
            } else {
              data[i] = static_cast<T>(static_cast<float>((i * 7919) % 101) / 8 - 4);
            }
          }
        });
        const bool two = kernel.input_count == 2;
        kernels::ReduceCall call{};
        call.in[0] = x.data();
        call.in[1] = x.data();
        call.in_stride[0] = call.in_stride[1] = 1;
        call.count = static_cast<std::size_t>(x.size());
        alignas(64) std::byte partial[kernels::partial_bytes_max];
        variant.reduce.tile(call, partial);
        kernels::ReduceResult expected{};
        variant.reduce.finish(partial, &expected);
        const auto result = engine.reduce(kernel.name, x, two ? x : AnyArray());
        CHECK(std::memcmp(&result, &expected, sizeof result) == 0);
        // Strided: the reversed reversed array has the same elements, but is no packed run.
        auto wide = AnyArray::create("wide", variant.in[0], {rows * columns, 2}, owned());
        visit_dtype(variant.in[0], [&]<class T>(T) {
          for (std::int64_t i = 0; i < x.size(); ++i) {
            static_cast<T*>(wide.data())[2 * i + 1] = static_cast<const T*>(x.data())[i];
          }
        });
        const AnyArray column = wide.column(1);
        const auto strided = engine.reduce(kernel.name, column, two ? column : AnyArray());
        CHECK(std::memcmp(&strided, &expected, sizeof strided) == 0);
        ++combinations;
      }
    }
  }
  CHECK(combinations > 20);
}

TEST_CASE("statistics: NaN, infinities, one element, none") {
  Engine engine(workers(2));
  auto x = Array<double>::create("x", {5000}, owned());
  for (std::int64_t i = 0; i < 5000; ++i) x(i) = static_cast<double>(i % 10);
  Statistics s = engine.statistics(x);
  CHECK(s.count == 5000);
  CHECK(s.sum == 22500);
  CHECK(s.mean == Approx(4.5));
  CHECK(s.variance == Approx(8.25 * 5000 / 4999));
  CHECK(s.min == 0);
  CHECK(s.max == 9);
  x(17) = std::nan("");
  s = engine.statistics(x);
  CHECK(s.nan == 1);
  CHECK(s.count == 4999);
  CHECK(s.sum == 22493);
  CHECK(std::isnan(engine.mean(x)));
  CHECK(std::isnan(engine.variance(x)));
  CHECK(std::isnan(engine.min(x)));
  x(4000) = INFINITY;
  s = engine.statistics(x);
  CHECK(s.mean == INFINITY);
  CHECK(std::isnan(s.variance));
  CHECK(s.max == INFINITY);
  s = engine.statistics(x.rows(3, 4));
  CHECK(s.mean == 3);
  CHECK(std::isnan(s.variance));
  s = engine.statistics(x.rows(17, 18));
  CHECK(s.count == 0);
  CHECK(std::isnan(s.mean));
  CHECK(std::isnan(s.min));
  s = engine.statistics(x.rows(0, 0));
  CHECK(s.count == 0);
  CHECK(s.sum == 0);
  CHECK(std::isnan(engine.mean(x.rows(0, 0))));
}

TEST_CASE("dot, mean and variance of integers are those of their values") {
  Engine engine(workers(2));
  auto x = Array<std::int32_t>::create("x", {3000}, owned());
  double dot = 0;
  for (std::int64_t i = 0; i < 3000; ++i) {
    x(i) = static_cast<std::int32_t>(i % 7) - 2;
    dot += static_cast<double>(x(i)) * x(i);
  }
  CHECK(engine.dot(x, x) == dot);
  CHECK(engine.mean(x) == Approx(static_cast<double>(engine.sum(x)) / 3000));
}

TEST_CASE("reduce by closures: accumulators of 1 byte and 4000, indices, the identity") {
  Engine engine(workers(3));
  struct Big {
    std::uint64_t count[500];
  };
  auto x = Array<std::uint32_t>::create("x", {300000}, owned());
  for (std::int64_t i = 0; i < x.size(); ++i) x(i) = static_cast<std::uint32_t>(i * 40503);
  const Big histogram = engine.reduce(
      x, Big{}, [](Big& b, std::uint32_t v) { ++b.count[v % 500]; },
      [](Big& left, const Big& right) {
        for (std::size_t i = 0; i < 500; ++i) left.count[i] += right.count[i];
      });
  std::uint64_t total = 0;
  for (const std::uint64_t n : histogram.count) total += n;
  CHECK(total == 300000);
  const auto parity = engine.reduce(
      x, std::uint8_t{0},
      [](std::uint8_t& p, std::uint32_t v) { p = static_cast<std::uint8_t>(p ^ (v & 1U)); },
      [](std::uint8_t& left, std::uint8_t right) {
        left = static_cast<std::uint8_t>(left ^ right);
      });
  CHECK(parity == 0);
  const auto sum_of = [&](std::int64_t count, std::int64_t tile) {
    return engine
        .reduce_indices_async(
            count, tile, std::int64_t{0}, [](std::int64_t& s, std::int64_t i) { s += i; },
            [](std::int64_t& left, std::int64_t right) { left += right; })
        .get();
  };
  CHECK(sum_of(0, 10) == 0);
  CHECK(sum_of(1, 10) == 0);
  CHECK(sum_of(100000, 10) == 100000LL * 99999 / 2);
  CHECK(sum_of(100001, 1) == 100001LL * 100000 / 2);
  CHECK(sum_of(100001, 1'000'000) == 100001LL * 100000 / 2);
  CHECK_THROWS_AS(sum_of(10, -1), InvalidArgument);
}
