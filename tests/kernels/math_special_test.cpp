// tests/kernels/math_special_test.cpp
//
// What C's Annex F says about exponentials, logarithms, hyperbolic functions, powers and roots at
// zeros, infinities, NaN and the ends of their domains; exact results; neighbours that change no
// bits.
#include "exact.hpp"

namespace furrow::kernels::test {
namespace {

template <class F>
struct SpecialValue {
  const char* kernel;
  F x, y, expected;
};

template <class F>
void check(const std::vector<SpecialValue<F>>& table) {
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    for (const SpecialValue<F>& row : table) {
      const F got = evaluate_at<F>(row.kernel, row.x, row.y);
      INFO(row.kernel << "(" << row.x << ", " << row.y << ") = " << got << ", expected "
                      << row.expected << ", " << dtype_name(dtype_of<F>) << " on " << target());
      CHECK(same_bits(got, row.expected));
    }
  }
  force_target("");
}

template <class F>
void check_exponentials() {
  using L = std::numeric_limits<F>;
  const F inf = L::infinity(), nan = L::quiet_NaN(), tiny = L::denorm_min();
  std::vector<SpecialValue<F>> table = {
      {"exp2", nan, 0, nan},
      {"exp2", inf, 0, inf},
      {"exp2", -inf, 0, 0},
      {"exp2", 0, 0, 1},
      {"exp2", -F(0), 0, 1},
      {"exp2", L::max(), 0, inf},
      {"exp2", L::lowest(), 0, 0},
      {"exp2", tiny, 0, 1},
      {"expm1", nan, 0, nan},
      {"expm1", inf, 0, inf},
      {"expm1", -inf, 0, -1},
      {"expm1", 0, 0, 0},
      {"expm1", -F(0), 0, -F(0)},
      {"expm1", tiny, 0, tiny},
      {"expm1", -tiny, 0, -tiny},
      {"expm1", L::max(), 0, inf},
      {"expm1", L::lowest(), 0, -1},
      {"log1p", nan, 0, nan},
      {"log1p", inf, 0, inf},
      {"log1p", -inf, 0, nan},
      {"log1p", -1, 0, -inf},
      {"log1p", -2, 0, nan},
      {"log1p", 0, 0, 0},
      {"log1p", -F(0), 0, -F(0)},
      {"log1p", tiny, 0, tiny},
      {"log1p", -tiny, 0, -tiny},
      {"log1p", L::lowest(), 0, nan},
      {"reciprocal", 0, 0, inf},
      {"reciprocal", -F(0), 0, -inf},
      {"reciprocal", -inf, 0, -F(0)},
      {"square", -F(0), 0, 0},
      {"square", -inf, 0, inf},
      {"square", nan, 0, nan},
      {"cbrt", nan, 0, nan},
      {"cbrt", inf, 0, inf},
      {"cbrt", -inf, 0, -inf},
      {"cbrt", 0, 0, 0},
      {"cbrt", -F(0), 0, -F(0)},
      {"cbrt", -27, 0, -3},
      {"cbrt", F(0.125), 0, F(0.5)},
  };
  for (const char* name : {"log2", "log10"}) {
    for (const auto& [x, y] : {std::pair{nan, nan},
                               {inf, inf},
                               {F(0), -inf},
                               {-F(0), -inf},
                               {F(-1), nan},
                               {-inf, nan},
                               {-tiny, nan},
                               {F(1), F(0)}}) {
      table.push_back({name, x, 0, y});
    }
  }
  check(table);
}

template <class F>
void check_hyperbolic() {
  using L = std::numeric_limits<F>;
  const F inf = L::infinity(), nan = L::quiet_NaN(), tiny = L::denorm_min();
  std::vector<SpecialValue<F>> table = {
      {"cosh", nan, 0, nan},
      {"cosh", inf, 0, inf},
      {"cosh", -inf, 0, inf},
      {"cosh", 0, 0, 1},
      {"cosh", -F(0), 0, 1},
      {"cosh", tiny, 0, 1},
      {"cosh", L::max(), 0, inf},
      {"sinh", inf, 0, inf},
      {"sinh", L::max(), 0, inf},
      {"tanh", inf, 0, 1},
      {"tanh", L::max(), 0, 1},
      {"asinh", inf, 0, inf},
      {"acosh", nan, 0, nan},
      {"acosh", inf, 0, inf},
      {"acosh", -inf, 0, nan},
      {"acosh", 1, 0, 0},
      {"acosh", 0, 0, nan},
      {"acosh", -1, 0, nan},
      {"acosh", F(0.5), 0, nan},
      {"atanh", 1, 0, inf},
      {"atanh", 2, 0, nan},
      {"atanh", inf, 0, nan},
      {"acosh", 1 - L::epsilon(), 0, nan},
      {"atanh", 1 + L::epsilon(), 0, nan},
  };
  for (const char* name : {"sinh", "tanh", "asinh", "atanh"}) {
    for (const F x : {F(0), tiny, 3 * tiny, L::min(), nan}) {
      table.push_back({name, x, 0, x});
      table.push_back({name, -x, 0, -x});
    }
    const F more = evaluate_at<F>(name, 2);
    table.push_back({name, -2, 0, -more});
  }
  table.push_back({"sinh", -inf, 0, -inf});
  table.push_back({"tanh", -inf, 0, -1});
  table.push_back({"asinh", -inf, 0, -inf});
  table.push_back({"atanh", -1, 0, -inf});
  check(table);
}

/// C17, F.10.4.4, line by line.
template <class F>
void check_pow() {
  using L = std::numeric_limits<F>;
  const F inf = L::infinity(), nan = L::quiet_NaN(), most = L::max(), zero = 0;
  std::vector<SpecialValue<F>> table = {
      {"pow", zero, -3, inf},
      {"pow", -zero, -3, -inf},
      {"pow", zero, -2, inf},
      {"pow", -zero, -2, inf},
      {"pow", -zero, F(-2.5), inf},
      {"pow", zero, -inf, inf},
      {"pow", -zero, -inf, inf},
      {"pow", zero, 3, zero},
      {"pow", -zero, 3, -zero},
      {"pow", -zero, 2, zero},
      {"pow", -zero, F(0.5), zero},
      {"pow", zero, inf, zero},
      {"pow", -1, inf, 1},
      {"pow", -1, -inf, 1},
      {"pow", 1, nan, 1},
      {"pow", 1, inf, 1},
      {"pow", 1, -inf, 1},
      {"pow", nan, zero, 1},
      {"pow", nan, -zero, 1},
      {"pow", inf, zero, 1},
      {"pow", -inf, -zero, 1},
      {"pow", -2, F(0.5), nan},
      {"pow", -most, F(-0.5), nan},
      {"pow", F(0.5), -inf, inf},
      {"pow", F(-0.5), -inf, inf},
      {"pow", 2, -inf, zero},
      {"pow", -2, -inf, zero},
      {"pow", F(0.5), inf, zero},
      {"pow", F(-0.5), inf, zero},
      {"pow", 2, inf, inf},
      {"pow", -2, inf, inf},
      {"pow", -inf, -3, -zero},
      {"pow", -inf, -2, zero},
      {"pow", -inf, F(-0.5), zero},
      {"pow", -inf, 3, -inf},
      {"pow", -inf, 2, inf},
      {"pow", -inf, F(0.5), inf},
      {"pow", inf, F(-0.5), zero},
      {"pow", inf, F(0.5), inf},
      {"pow", inf, inf, inf},
      {"pow", inf, -inf, zero},
      {"pow", -inf, inf, inf},
      {"pow", -inf, -inf, zero},
      {"pow", nan, 1, nan},
      {"pow", 2, nan, nan},
      {"pow", nan, nan, nan},
      {"pow", zero, nan, nan},
      {"pow", inf, nan, nan},
      {"pow", -1, nan, nan},
      {"pow", -2, 3, -8},
      {"pow", -2, 2, 4},
      {"pow", -1, most, 1},
      {"pow", -1, 1 / L::epsilon() - 1, -1},
      {"pow", -3, most, inf},
      {"pow", -3, -most, zero},
      {"pow", most, most, inf},
      {"pow", 10, 2, 100},
      {"pow", F(0.5), 10, F(0x1p-10)},
      {"pow", L::denorm_min(), 1, L::denorm_min()},
      {"pow", -most, 1, -most},
      {"pow", 2, L::min_exponent - 1, L::min()},
  };
  check(table);
}

/// C17, F.10.4.3.
template <class F>
void check_hypot() {
  using L = std::numeric_limits<F>;
  const F inf = L::infinity(), nan = L::quiet_NaN(), most = L::max(), zero = 0;
  std::vector<SpecialValue<F>> table;
  for (const auto& [x, y, r] : {std::tuple{inf, nan, inf},
                                {-inf, nan, inf},
                                {inf, inf, inf},
                                {inf, F(1), inf},
                                {nan, F(1), nan},
                                {nan, nan, nan},
                                {zero, nan, nan},
                                {zero, zero, zero},
                                {-zero, -zero, zero},
                                {-zero, F(-3), F(3)},
                                {F(3), F(-4), F(5)},
                                {most, most, inf},
                                {most, zero, most},
                                {L::denorm_min(), zero, L::denorm_min()},
                                {L::denorm_min() * 3, L::denorm_min() * 4, L::denorm_min() * 5}}) {
    table.push_back({"hypot", x, y, r});
    table.push_back({"hypot", y, x, r});
  }
  check(table);
}

TEST_CASE("special values of exponentials, logarithms and roots are those of C") {
  check_exponentials<double>();
  check_exponentials<float>();
}

TEST_CASE("special values of hyperbolic functions are those of C") {
  check_hyperbolic<double>();
  check_hyperbolic<float>();
}

TEST_CASE("special values of pow and hypot are those of C") {
  check_pow<double>();
  check_hypot<double>();
  check_pow<float>();
  check_hypot<float>();
}

template <class F>
void check_exact_results() {
  using L = std::numeric_limits<F>;
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    INFO(target_name);
    for (int k = L::min_exponent - L::digits; k < L::max_exponent; ++k) {
      const F power = std::ldexp(F(1), k);
      CHECK(evaluate_at<F>("exp2", static_cast<F>(k)) == power);
      CHECK(evaluate_at<F>("log2", power) == static_cast<F>(k));
    }
    F power = 1;
    for (int k = 0; k <= (sizeof(F) == 8 ? 22 : 10); ++k, power *= 10) {
      CHECK(evaluate_at<F>("log10", power) == static_cast<F>(k));
      CHECK(evaluate_at<F>("pow", F(10), static_cast<F>(k)) == power);
    }
    for (int k = 1; k <= 200; ++k) {
      CHECK(evaluate_at<F>("cbrt", static_cast<F>(k * k * k)) == static_cast<F>(k));
      CHECK(evaluate_at<F>("pow", static_cast<F>(k), F(2)) == static_cast<F>(k * k));
    }
  }
  force_target("");
}

TEST_CASE("whole powers and their logarithms are exact") {
  check_exact_results<double>();
  check_exact_results<float>();
}

/// Ordinary arguments alone, then with one lane replaced: the others' bits must stay.
template <class F>
void check_neighbours(const Kernel& kernel) {
  using L = std::numeric_limits<F>;
  const F intruders[] = {L::max(),      L::lowest(),    L::denorm_min(), 0,      -1,
                         L::infinity(), L::quiet_NaN(), F(-0.0),         F(1.5), -L::min()};
  Engine engine(base_seed());
  const Dtype dtypes[] = {dtype_of<F>, dtype_of<F>};
  const Variant* variant = find_variant(kernel, {dtypes, kernel.input_count}, dtype_of<F>);
  constexpr std::size_t count = 33;
  for (int round = 0; round < 100; ++round) {
    F in[2][count], alone[count], mixed[count];
    const bool above_one = kernel.name == "acosh";
    for (auto& operand : in) {
      for (F& x : operand) {
        x = static_cast<F>(std::uniform_real_distribution<double>(0.01, 0.99)(engine)) + above_one;
      }
    }
    MapCall call{};
    call.out_stride = call.in_stride[0] = call.in_stride[1] = 1;
    call.count = count;
    call.in[0] = in[0];
    call.in[1] = in[1];
    call.out = alone;
    variant->map(call);
    const std::size_t at = engine() % count;
    in[engine() % kernel.input_count][at] = intruders[engine() % std::size(intruders)];
    call.out = mixed;
    variant->map(call);
    mixed[at] = alone[at];
    INFO(kernel.name << " on " << target() << ", FURROW_SEED=" << base_seed());
    REQUIRE(std::memcmp(alone, mixed, sizeof alone) == 0);
  }
}

TEST_CASE("a neighbour changes no bits of a mathematical function") {
  for (const std::string_view target_name : targets()) {
    REQUIRE(force_target(target_name));
    for (const char* name : {"exp2", "expm1", "log2", "log10", "log1p", "sinh", "cosh", "tanh",
                             "asinh", "acosh", "atanh", "cbrt", "pow", "hypot"}) {
      check_neighbours<double>(*find(name));
      check_neighbours<float>(*find(name));
    }
  }
  force_target("");
}

}  // namespace
}  // namespace furrow::kernels::test
