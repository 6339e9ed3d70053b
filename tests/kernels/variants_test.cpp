// tests/kernels/variants_test.cpp
//
// Every kernel in the registry, every variant, every SIMD target that this CPU has, against the
// scalar reference: all sizes from empty to three vectors and a tail, unaligned, strided (also
// backwards and broadcast), in place, between guard bands, on ordinary and on wild numbers.
// A kernel that is added to the registry is tested here without a further line.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <set>
#include <string>

#include "compare.hpp"
#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

struct Layout {
  std::ptrdiff_t out, in[inputs_max];
  std::size_t shift;
  bool in_place;
};

constexpr Layout layouts[] = {
    {1, {1, 1, 1}, 0, false}, {1, {1, 1, 1}, 1, false},  {1, {1, 1, 1}, 0, true},
    {1, {1, 1, 1}, 3, true},  {2, {2, 1, 0}, 1, false},  {-1, {-1, 2, -3}, 0, false},
    {1, {0, 0, 1}, 0, false}, {3, {1, -1, 0}, 2, false}, {-2, {-2, 1, 1}, 0, true},
};

/// Three 64-byte vectors and a tail for the narrowest type; the dense range covers all of them.
std::vector<std::size_t> sizes_of(std::size_t item) {
  std::vector<std::size_t> sizes;
  const std::size_t lanes = 64 / item;
  const std::size_t dense = lanes <= 16 ? 3 * lanes + 2 : 20;
  for (std::size_t n = 0; n <= dense; ++n) sizes.push_back(n);
  for (std::size_t n : {lanes, 2 * lanes, 3 * lanes}) {
    for (std::size_t m : {n - 1, n, n + 1}) {
      if (m > dense) sizes.push_back(m);
    }
  }
  sizes.push_back(601);  // several chunks of the strided path
  return sizes;
}

/// The bound of a kernel whose descriptor gives one in units in the last place, if need be for
/// complex numbers alone; 0 otherwise.
double bound_ulp(const Kernel& kernel, Dtype in) {
  char* end = nullptr;
  std::string error(kernel.error);
  const std::string complex = "complex: ";
  if (const std::size_t at = error.find(complex); is_complex(in) && at != std::string::npos) {
    error.erase(0, at + complex.size());
  }
  const double bound = std::strtod(error.c_str(), &end);
  return end != error.c_str() && std::string_view(end).substr(0, 4) == " ULP" ? bound : 0;
}

const std::set<std::string_view> with_multiply_add = {"affine", "axpby", "fma", "random_uniform",
                                                      "random_uniform_half_open"};

/// Computed from random bits by functions that libm has as well.
bool is_computed_draw(const Kernel& kernel) {
  static const std::set<std::string_view> exact = {
      "random_bits",      "random_bits_threefry", "random_uniform", "random_uniform_half_open",
      "random_geometric", "random_poisson",       "random_binomial"};
  return kernel.family == Family::random && exact.count(kernel.name) == 0;
}

/// Which of the two zeros wins is left open; and where products are added, only fused targets give
/// the reference's bits.
const std::set<std::string_view> extremes = {"min", "max", "nanmin", "nanmax"};
const std::set<std::string_view> sums_of_products = {"dot", "mean_variance", "nanmean_variance",
                                                     "norm2"};

template <class F>
F read(const void* p) {
  F value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

/// Prices are differences: what is left of them is in parts of what is subtracted, `magnitude`.
template <class F>
bool near_price(F got, F expected, double magnitude) {
  if (!(magnitude < 1e300)) return true;
  if (std::isnan(got) || std::isnan(expected)) return std::isnan(got) && std::isnan(expected);
  return std::fabs(got - expected) <= 1e-12 * magnitude;
}

/// How far an element may be from the reference.
template <class F>
bool near_element(const Kernel& kernel, Dtype in, bool fused, F got, F expected, double magnitude) {
  if (is_computed_draw(kernel)) {
    if (!std::isfinite(expected)) return same_bits(got, expected);
    const double bound = 200 * std::fabs(static_cast<double>(expected)) + 40;
    return std::fabs(got - expected) <= bound * std::numeric_limits<F>::epsilon();
  }
  // Its roots below -2 have an absolute bound.
  if (kernel.name == "lgamma" && std::fabs(got - expected) <= F(0x1p-53)) return true;
  if (kernel.name.starts_with("black_scholes")) return near_price(got, expected, magnitude);
  // The reference is libm's, which is up to 2 ULP off itself.
  if (const double bound = bound_ulp(kernel, in); bound != 0) {
    return ulp_distance(got, expected) <= bound + 2;
  }
  if (!fused && with_multiply_add.count(kernel.name) != 0) {
    // Two roundings instead of one; an intermediate overflow is also the unfused answer.
    if (!std::isfinite(got) || !std::isfinite(expected)) return true;
    return std::fabs(got - expected) <= 4 * (std::numeric_limits<F>::epsilon() * magnitude +
                                             std::numeric_limits<F>::denorm_min());
  }
  return same_bits(got, expected);
}

bool near_reference(const Kernel& kernel, const Variant& variant, bool fused, const void* got,
                    const void* expected, double magnitude) {
  const Dtype in = variant.in[0];
  const Dtype dtype = variant.out;
  if (dtype == Dtype::f32) {
    return near_element(kernel, in, fused, read<float>(got), read<float>(expected), magnitude);
  }
  if (dtype == Dtype::f64) {
    return near_element(kernel, in, fused, read<double>(got), read<double>(expected), magnitude);
  }
  return same_element(dtype, got, expected);
}

class MapCheck {
 public:
  MapCheck(const Kernel& kernel, const Variant& variant, std::uint64_t seed)
      : kernel_(kernel), variant_(variant), seed_(seed) {}

  void run(const Layout& layout, std::size_t count, Mood mood) {
    Engine engine(seed_ + count);
    if (layout.in_place && (kernel_.input_count == 0 || variant_.in[0] != variant_.out)) return;
    std::vector<Operand> in;
    for (std::size_t k = 0; k < kernel_.input_count; ++k) {
      in.emplace_back(variant_.in[k], count, layout.in[k], layout.shift);
      in.back().fill(engine, mood);
    }
    Operand expected(variant_.out, count, layout.out, layout.shift);
    MapCall call{};
    call.count = count;
    call.first_index = engine() % 1000;
    sample_parameters(kernel_, variant_.out, engine, call.parameters);
    prepare(call, in, expected);
    variant_.map_reference(call);
    call.streaming = !layout.in_place && engine() % 2 == 0;  // a hint: it changes no bits
    std::vector<Operand> fused_results;
    for (const std::string_view name : targets()) {
      if (!force_target(name)) FAIL("no target " << name);
      Operand out(variant_.out, count, layout.out, layout.shift);
      prepare(call, in, out);
      if (layout.in_place) {
        out.copy_elements(in[0]);
        call.in[0] = out.data();
        call.in_stride[0] = out.stride();
      }
      variant_.map(call);
      if (!is_right(out, expected, in, call, is_fused(name))) {
        INFO(kernel_.name << " " << dtype_name(variant_.in[0]) << " -> " << dtype_name(variant_.out)
                          << " on " << name << ", " << count << " elements, strides " << layout.out
                          << " <- " << layout.in[0] << " " << layout.in[1] << " " << layout.in[2]
                          << ", FURROW_SEED=" << seed_);
        explain(out, expected, in, call, is_fused(name));
      }
      if (is_fused(name)) fused_results.push_back(std::move(out));
    }
    for (std::size_t k = 1; k < fused_results.size(); ++k) {
      if (is_same(fused_results[0], fused_results[k], count)) continue;
      FAIL_CHECK(kernel_.name << ": targets with fused multiply-add differ, FURROW_SEED=" << seed_);
    }
  }

 private:
  void prepare(MapCall& call, std::vector<Operand>& in, Operand& out) {
    call.out = out.data();
    call.out_stride = out.stride();
    for (std::size_t k = 0; k < in.size(); ++k) {
      call.in[k] = in[k].data();
      call.in_stride[k] = in[k].stride();
    }
  }

  /// |first product| + |second term| of the kernels with a multiply-add.
  double magnitude(const std::vector<Operand>& in, const MapCall& call, std::size_t i) const {
    const auto value = [&](std::size_t k) {
      const void* p = in[k].at(i);
      return std::fabs(variant_.out == Dtype::f32 ? static_cast<double>(read<float>(p))
                                                  : read<double>(p));
    };
    const auto parameter = [&](std::size_t k) { return std::fabs(call.parameters[k].f64); };
    if (variant_.out != Dtype::f32 && variant_.out != Dtype::f64) return 0;
    if (kernel_.name.starts_with("black_scholes")) return value(0) + value(1);
    if (kernel_.name == "affine") return parameter(0) * value(0) + parameter(1);
    if (kernel_.name == "axpby") return parameter(0) * value(0) + parameter(1) * value(1);
    if (kernel_.name == "fma") return value(0) * value(1) + value(2);
    return 10;
  }

  bool is_near(const Operand& out, const Operand& expected, const std::vector<Operand>& in,
               const MapCall& call, bool fused, std::size_t i) const {
    return near_reference(kernel_, variant_, fused, out.at(i), expected.at(i),
                          magnitude(in, call, i));
  }

  // Catch2 writes its messages before it looks whether they are needed: hence two functions.
  bool is_right(const Operand& out, const Operand& expected, const std::vector<Operand>& in,
                const MapCall& call, bool fused) const {
    bool right = out.intact();
    for (std::size_t i = 0; right && i < call.count; ++i) {
      right = is_near(out, expected, in, call, fused, i);
    }
    return right;
  }

  void explain(const Operand& out, const Operand& expected, const std::vector<Operand>& in,
               const MapCall& call, bool fused) const {
    if (!out.intact()) FAIL_CHECK("byte " << out.damage() << " around the elements is written");
    std::size_t i = 0;
    while (i < call.count && is_near(out, expected, in, call, fused, i)) ++i;
    if (i == call.count) return;
    INFO("element " << i);
    if (variant_.out == Dtype::f64) {
      const double got = read<double>(out.at(i));
      const double wanted = read<double>(expected.at(i));
      FAIL_CHECK("got " << Catch::StringMaker<double>::convert(got) << ", expected "
                        << Catch::StringMaker<double>::convert(wanted) << ", "
                        << ulp_distance(got, wanted) << " ULP apart");
    } else {
      FAIL_CHECK("it is not the reference's");
    }
  }

  bool is_same(const Operand& x, const Operand& y, std::size_t count) const {
    bool same = true;
    for (std::size_t i = 0; i < count; ++i)
      same = same && same_element(variant_.out, x.at(i), y.at(i));
    return same;
  }

  const Kernel& kernel_;
  const Variant& variant_;
  std::uint64_t seed_;
};

class ReduceCheck {
 public:
  ReduceCheck(const Kernel& kernel, const Variant& variant, std::uint64_t seed)
      : kernel_(kernel), variant_(variant), seed_(seed) {}

  void run(const Layout& layout, std::size_t count, Mood mood) {
    if (count == 0) return;
    Engine engine(seed_ + count);
    std::vector<Operand> in;
    ReduceCall call{};
    call.count = count;
    for (std::size_t k = 0; k < kernel_.input_count; ++k) {
      in.emplace_back(variant_.in[k], count, layout.in[k], layout.shift);
      in.back().fill(engine, mood);
    }
    for (std::size_t k = 0; k < in.size(); ++k) {
      call.in[k] = in[k].data();
      call.in_stride[k] = in[k].stride();
    }
    const ReduceResult expected = result(variant_.reduce_reference, call);
    ReduceResult first_fused{};
    bool have_fused = false;
    for (const std::string_view name : targets()) {
      if (!force_target(name)) FAIL("no target " << name);
      const ReduceResult got = result(variant_.reduce, call);
      const bool good = is_good(got, expected, is_fused(name));
      const bool same = !is_fused(name) || !have_fused || same_result(first_fused, got);
      if (is_fused(name)) {
        first_fused = got;
        have_fused = true;
      }
      if (good && same) continue;
      INFO(kernel_.name << " " << dtype_name(variant_.in[0]) << " on " << name << ", " << count
                        << " elements, stride " << layout.in[0] << ", got " << got.f64[0]
                        << ", expected " << expected.f64[0] << ", FURROW_SEED=" << seed_);
      CHECK(good);
      CHECK(same);
    }
  }

 private:
  static ReduceResult result(const ReduceFunctions& functions, const ReduceCall& call) {
    alignas(16) unsigned char partial[partial_bytes_max + 32];
    std::memset(partial, 0x5a, sizeof partial);
    functions.tile(call, partial);
    for (std::size_t i = functions.partial_bytes; i < sizeof partial; ++i) {
      if (partial[i] != 0x5a) FAIL("tile wrote beyond partial_bytes");
    }
    ReduceResult out{};
    functions.finish(partial, &out);
    return out;
  }

  static bool same_result(const ReduceResult& x, const ReduceResult& y) {
    return same_bits(x.f64[0], y.f64[0]) && same_bits(x.f64[1], y.f64[1]) && x.i64 == y.i64 &&
           x.u64 == y.u64;
  }

  bool is_good(const ReduceResult& got, const ReduceResult& expected, bool fused) const {
    const bool in_f64 = is_real_float(variant_.in[0]);
    if (extremes.count(kernel_.name) != 0 && in_f64) {
      return got.f64[0] == expected.f64[0] ||
             (std::isnan(got.f64[0]) && std::isnan(expected.f64[0]));
    }
    if (!fused && sums_of_products.count(kernel_.name) != 0) {
      return got.u64 == expected.u64 && got.i64 == expected.i64 &&
             near(got.f64[0], expected.f64[0]) && near(got.f64[1], expected.f64[1]);
    }
    return same_result(got, expected);
  }

  static bool near(double x, double y) {
    if (!std::isfinite(x) || !std::isfinite(y)) return true;
    return std::fabs(x - y) <= 1e-12 * (std::fabs(x) + std::fabs(y)) + 1e-9;
  }

  const Kernel& kernel_;
  const Variant& variant_;
  std::uint64_t seed_;
};

struct RestoreTarget {
  ~RestoreTarget() { force_target(""); }
};

void run_kernels(Family family) {
  const RestoreTarget restore;
  const std::uint64_t seed = base_seed();
  std::size_t variants = 0;
  for (const Kernel& kernel : all()) {
    if (kernel.family != family) continue;
    for (const Variant& variant : kernel.variants) {
      ++variants;
      const Dtype widest = kernel.input_count != 0 ? variant.in[0] : variant.out;
      for (const Mood mood : {Mood::ordinary, Mood::wild}) {
        for (const Layout& layout : layouts) {
          for (const std::size_t count : sizes_of(item_bytes(widest))) {
            if (family == Family::reduce) {
              ReduceCheck(kernel, variant, seed).run(layout, count, mood);
            } else {
              MapCheck(kernel, variant, seed).run(layout, count, mood);
            }
          }
        }
        if (family != Family::reduce) continue;
        for (const std::size_t count : {1000, 1023, 1024, 8192, 8193, 30000}) {
          ReduceCheck(kernel, variant, seed).run(layouts[0], count, mood);
          ReduceCheck(kernel, variant, seed).run(layouts[5], count, mood);
        }
      }
    }
  }
  CHECK(variants > 10);
}

TEST_CASE("every elementwise variant equals its reference on every target") {
  run_kernels(Family::elementwise);
}

TEST_CASE("every reduction equals its reference on every target") { run_kernels(Family::reduce); }

TEST_CASE("every random variant equals its reference on every target") {
  run_kernels(Family::random);
}

}  // namespace
}  // namespace furrow::kernels::test
