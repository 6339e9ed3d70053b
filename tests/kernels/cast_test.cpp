// tests/kernels/cast_test.cpp
//
// The three casts between all dtypes, on every target: against whole numbers of 128 bits, which
// hold every integer there is, and against what the header says where nothing else does. Where
// NumPy defines the answer, numpy_test.cpp asks NumPy.
#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <furrow/kernels/elementwise/cast.hpp>

#include "compare.hpp"
#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

__extension__ using Wide = __int128;

/// One element through a cast on the target in use, beside others so that whole vectors run.
template <class To, class From>
To cast_one(const char* kernel, From x) {
  const Dtype from[] = {dtype_of<From>};
  const Variant* variant = find_variant(*find(kernel), from, dtype_of<To>);
  REQUIRE(variant != nullptr);
  From in[70];
  To out[70];
  for (std::size_t i = 0; i < 70; ++i) in[i] = x;
  MapCall call{};
  call.out = out;
  call.in[0] = in;
  call.out_stride = call.in_stride[0] = 1;
  call.count = 70;
  variant->map(call);
  bool same = true;
  for (const To& y : out) same = same && same_element(dtype_of<To>, &y, &out[0]);
  CHECK(same);
  return out[69];
}

/// What an integer type makes of a whole number.
template <class To>
To saturated(Wide x) {
  using L = std::numeric_limits<To>;
  if (x > Wide(L::max())) return L::max();
  return x < Wide(L::min()) ? L::min() : static_cast<To>(x);
}

template <class To>
To wrapped(Wide x) {
  return static_cast<To>(static_cast<std::uint64_t>(x));
}

template <class From>
std::vector<From> samples_of(Engine& engine) {
  std::vector<From> values;
  for (int i = 0; i < 40; ++i) values.push_back(sample<From>(engine, Mood::wild));
  for (int i = 0; i < 20; ++i) values.push_back(sample<From>(engine, Mood::ordinary));
  if constexpr (is_real_float(dtype_of<From>) && !std::is_same_v<From, f16>) {
    for (const int bits : {7, 8, 15, 16, 31, 32, 52, 53, 62, 63, 64, 65, 100}) {
      const From power = std::ldexp(From(1), bits);
      for (const From x : {power, power - From(0.5), power - 1, power + 1, power * From(1.75),
                           std::nextafter(power, From(0))}) {
        values.push_back(x);
        values.push_back(-x);
      }
    }
  }
  return values;
}

/// The whole number that x is cut off to; false when it is beyond 128 bits or none.
template <class From>
bool whole_of(From x, Wide& whole) {
  if constexpr (std::is_integral_v<From>) {
    whole = x;
    return true;
  } else {
    const auto value = static_cast<double>(x);
    if (!(std::fabs(value) < 0x1p126)) return false;
    whole = static_cast<Wide>(value);
    return true;
  }
}

template <class From, class To>
void check_integers(Engine& engine) {
  for (const From x : samples_of<From>(engine)) {
    Wide whole = 0;
    To least{}, standard{}, wrap{};
    if (whole_of(x, whole)) {
      least = saturated<To>(whole);
      wrap = wrapped<To>(whole);
    } else {
      const auto value = static_cast<double>(x);
      if (value > 0) least = std::numeric_limits<To>::max();
      if (value < 0) least = std::numeric_limits<To>::min();
    }
    standard = std::is_integral_v<From> ? wrap : least;
    INFO(dtype_name(dtype_of<From>)
         << " " << static_cast<double>(x) << " to " << dtype_name(dtype_of<To>) << " on "
         << target() << ", FURROW_SEED=" << base_seed());
    CHECK(cast_one<To>("cast_saturate", x) == least);
    CHECK(cast_one<To>("cast_wrap", x) == wrap);
    CHECK(cast_one<To>("cast", x) == standard);
  }
}

template <class From>
void check_from(Engine& engine) {
  check_integers<From, std::int8_t>(engine);
  check_integers<From, std::int16_t>(engine);
  check_integers<From, std::int32_t>(engine);
  check_integers<From, std::int64_t>(engine);
  check_integers<From, std::uint8_t>(engine);
  check_integers<From, std::uint16_t>(engine);
  check_integers<From, std::uint32_t>(engine);
  check_integers<From, std::uint64_t>(engine);
}

TEST_CASE("casts to integers saturate or wrap, from integers and from reals") {
  Engine engine(base_seed());
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    check_from<std::int8_t>(engine);
    check_from<std::int16_t>(engine);
    check_from<std::int32_t>(engine);
    check_from<std::int64_t>(engine);
    check_from<std::uint8_t>(engine);
    check_from<std::uint16_t>(engine);
    check_from<std::uint32_t>(engine);
    check_from<std::uint64_t>(engine);
    check_from<f16>(engine);
    check_from<float>(engine);
    check_from<double>(engine);
  }
  force_target("");
}

TEST_CASE("casts to narrower reals overflow to infinity and keep signs, NaN and denormals") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    INFO("on " << name);
    for (const char* kernel : {"cast", "cast_saturate", "cast_wrap"}) {
      const float inf = std::numeric_limits<float>::infinity();
      CHECK(cast_one<float>(kernel, 1e300) == inf);
      CHECK(cast_one<float>(kernel, -1e300) == -inf);
      CHECK(cast_one<float>(kernel, 0x1.ffffffp127) == inf);
      CHECK(cast_one<float>(kernel, 0x1.fffffefffffffp127) == std::numeric_limits<float>::max());
      CHECK(cast_one<float>(kernel, infinity) == inf);
      CHECK(cast_one<float>(kernel, 0x1p-149) == std::numeric_limits<float>::denorm_min());
      CHECK(std::signbit(cast_one<float>(kernel, -1e-300)));
      CHECK(std::isnan(cast_one<float>(kernel, std::nan(""))));
      CHECK(cast_one<f16>(kernel, 65520.0).bits() == 0x7c00);
      CHECK(cast_one<f16>(kernel, 65519.0).bits() == 0x7bff);
      CHECK(cast_one<f16>(kernel, -1e300).bits() == 0xfc00);
      CHECK(cast_one<c64>(kernel, c128(1e300, -1e300)) == c64(inf, -inf));
      CHECK(cast_one<bool>(kernel, std::nan("")));
      CHECK_FALSE(cast_one<bool>(kernel, -0.0));
    }
    CHECK(cast_one<double>("cast_wrap", c128(2.5, 7)) == 2.5);
    CHECK(cast_one<std::uint8_t>("cast_wrap", c128(-1.5, 7)) == 255);
    CHECK(cast_one<bool>("cast_wrap", c128(0, 1)));
    CHECK(cast_one<c64>("cast_wrap", std::int64_t{-3}) == c64(-3, 0));
  }
  force_target("");
}

namespace {

/// All 65,536 of them.
template <class To>
std::vector<To> all_halves_as() {
  std::vector<f16> in;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    in.push_back(f16::from_bits(static_cast<std::uint16_t>(bits)));
  }
  std::vector<To> out(in.size());
  const Dtype from[] = {Dtype::f16};
  MapCall call{};
  call.out = out.data();
  call.in[0] = in.data();
  call.out_stride = call.in_stride[0] = 1;
  call.count = in.size();
  find_variant(*find("cast"), from, dtype_of<To>)->map(call);
  return out;
}

}  // namespace

TEST_CASE("every f16 is cast to the f32 and the f64 that it is, in every bit") {
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    INFO("on " << name);
    const std::vector<float> singles = all_halves_as<float>();
    const std::vector<double> doubles = all_halves_as<double>();
    std::size_t wrong = 0;
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
      const auto x = static_cast<float>(f16::from_bits(static_cast<std::uint16_t>(bits)));
      const auto wide = static_cast<double>(x);
      if (std::bit_cast<std::uint32_t>(singles[bits]) != std::bit_cast<std::uint32_t>(x)) ++wrong;
      if (std::bit_cast<std::uint64_t>(doubles[bits]) != std::bit_cast<std::uint64_t>(wide)) {
        ++wrong;
      }
    }
    CHECK(wrong == 0);
  }
  force_target("");
}

TEST_CASE("spans are cast by the rule of the function's name") {
  const std::vector<double> reals = {-1.5, 300, 1e30, 7};
  const std::vector<int> integers = {-1, 300, 255, 7};
  std::vector<std::uint8_t> out(4);
  const auto check = [&](const std::vector<std::uint8_t>& expected) { CHECK(out == expected); };
  cast(std::span(reals), std::span(out));
  check({0, 255, 255, 7});
  cast_saturate(std::span(reals), std::span(out));
  check({0, 255, 255, 7});
  cast_wrap(std::span(reals), std::span(out));
  check({255, 44, 0, 7});
  cast(std::span(integers), std::span(out));
  check({255, 44, 255, 7});
  cast_saturate(std::span(integers), std::span(out));
  check({0, 255, 255, 7});
  CHECK(cast_function(CastRule::standard, Dtype::c64, Dtype::f32) == nullptr);
}

/// sin and cos of f32 go through f64 and back: huge arguments, NaN, infinities, on every target.
TEST_CASE("sin and cos of f32 take the greatest arguments on every target") {
  using L = std::numeric_limits<float>;
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    for (const float x : {L::max(), -L::max(), 1e38F, 0x1p30F, -1e20F, L::min(), L::denorm_min()}) {
      INFO(x << " on " << name);
      for (const char* kernel : {"sin", "cos"}) {
        const Dtype f32[] = {Dtype::f32};
        float out = 0;
        MapCall call{};
        call.out = &out;
        call.in[0] = &x;
        call.out_stride = call.in_stride[0] = 1;
        call.count = 1;
        find_variant(*find(kernel), f32, Dtype::f32)->map(call);
        const double exact =
            kernel[0] == 's' ? std::sin(static_cast<double>(x)) : std::cos(static_cast<double>(x));
        CHECK(out == static_cast<float>(exact));
      }
    }
  }
  force_target("");
}

}  // namespace
}  // namespace furrow::kernels::test
