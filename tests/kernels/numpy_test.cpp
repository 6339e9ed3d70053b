// tests/kernels/numpy_test.cpp
//
// Kernels that round at most once against NumPy's own answers, every dtype that both have: all
// pairs of the numbers that break integer division, shifts, comparisons and rounding, and random
// ones. Every kernel of the registry is here whose description promises such a result.
#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include "samples.hpp"

namespace furrow::kernels::test {
namespace {

template <class T>
void append_integers(std::vector<T>& values) {
  using L = std::numeric_limits<T>;
  for (const int v : {0, 1, 2, 3, 5, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 100, 127}) {
    values.push_back(static_cast<T>(v));
    values.push_back(static_cast<T>(-v));
  }
  for (const int v : {0, 1, 2}) {
    values.push_back(static_cast<T>(L::min() + v));
    values.push_back(static_cast<T>(L::max() - v));
    values.push_back(static_cast<T>(L::max() / 2 + v));
  }
  if constexpr (sizeof(T) == 8) {
    for (const int bit : {31, 32, 51, 52, 53, 62}) {
      for (const int v : {-1, 0, 1}) values.push_back((T{1} << bit) + static_cast<T>(v));
    }
  }
}

template <class T>
void append_reals(std::vector<T>& values) {
  using L = std::numeric_limits<T>;
  const T unit = L::epsilon();
  for (const T v : {T(0),
                    T(0.25),
                    T(0.5),
                    std::nextafter(T(0.5), T(0)),
                    T(1),
                    T(1) + unit,
                    T(1.5),
                    T(2),
                    T(2.5),
                    T(3),
                    T(7),
                    T(10),
                    T(0.1),
                    T(1e6),
                    T(1) / unit,
                    T(0.5) / unit,
                    T(1e18),
                    T(1e30),
                    T(1) / unit + 1,
                    T(3) * L::denorm_min(),
                    L::min(),
                    L::denorm_min(),
                    L::max(),
                    L::infinity(),
                    T(127.7),
                    T(128.2),
                    T(255.9),
                    L::quiet_NaN(),
                    T(32768),
                    T(65535.5),
                    T(9.3e18),
                    T(1.85e19),
                    T(4294967295),
                    T(2147483648.0)}) {
    values.push_back(v);
    values.push_back(-v);
  }
}

template <class T>
std::vector<T> edges() {
  std::vector<T> values;
  if constexpr (std::is_same_v<T, bool>) {
    values = {false, true};
  } else if constexpr (std::is_integral_v<T>) {
    append_integers(values);
  } else if constexpr (std::is_same_v<T, f16>) {
    for (const int bits : {0, 1, 0x3ff, 0x400, 0x3800, 0x3c00, 0x3e00, 0x7bff, 0x7c00, 0x7e00}) {
      values.push_back(f16::from_bits(static_cast<std::uint16_t>(bits)));
      values.push_back(f16::from_bits(static_cast<std::uint16_t>(bits | 0x8000)));
    }
  } else if constexpr (is_complex(dtype_of<T>)) {
    const auto parts = edges<typename T::value_type>();
    for (std::size_t i = 0; i < parts.size(); i += 3) {
      for (std::size_t k = 0; k < parts.size(); k += 4) values.emplace_back(parts[i], parts[k]);
    }
  } else {
    append_reals(values);
  }
  return values;
}

/// Input k of all cases: every edge with every other, then random numbers.
std::vector<unsigned char> operand(Dtype dtype, std::size_t k, std::size_t count, Engine& engine) {
  std::vector<unsigned char> bytes(count * item_bytes(dtype));
  visit_dtype(dtype, [&]<class T>(T) {
    const std::vector<T> values = edges<T>();
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t at = i;
      for (std::size_t skip = 0; skip < k; ++skip) at /= values.size();
      const bool random = i >= values.size() * values.size();
      const T value = random ? sample<T>(engine, Mood::wild) : values[at % values.size()];
      std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
    }
  });
  return bytes;
}

bool has_numpy_answer(const Kernel& kernel, const Variant& variant) {
  // Defined otherwise on purpose, or rounded once where NumPy rounds twice.
  const std::set<std::string_view> others = {"cast_saturate", "fma"};
  if (kernel.name == "pow") return is_integer(variant.out);
  if (kernel.family != Family::elementwise || kernel.input_count == 0) return false;
  // NumPy leaves reals beyond an integer's range to the platform: cast_test.cpp.
  const bool from_reals = is_real_float(variant.in[0]) || is_complex(variant.in[0]);
  const bool is_cast = kernel.name == "cast" || kernel.name == "cast_wrap";
  if (is_cast && from_reals && is_integer(variant.out)) return false;
  if (!kernel.parameters.empty() || others.count(kernel.name) != 0) return false;
  if (kernel.error.substr(0, 5) != "exact" && kernel.error.substr(0, 17) != "correctly rounded") {
    return false;
  }
  // NumPy's complex products and magnitudes depend on the CPU.
  const bool varies = kernel.name == "multiply" || kernel.name == "abs";
  return !varies || !is_complex(variant.in[0]);
}

TEST_CASE("kernels give NumPy's answers, to the bit") {
  const std::string manifest = "numpy_manifest.txt";
  const std::string data = "numpy_data.bin";
  Engine engine(base_seed());
  std::size_t cases = 0;
  {
    std::ofstream lines(manifest);
    std::ofstream bytes(data, std::ios::binary);
    for (const Kernel& kernel : all()) {
      for (const Variant& variant : kernel.variants) {
        if (!has_numpy_answer(kernel, variant)) continue;
        constexpr std::size_t count = 10'007;
        std::vector<std::vector<unsigned char>> in;
        std::vector<unsigned char> out(count * item_bytes(variant.out));
        MapCall call{};
        std::string dtypes;
        for (std::size_t k = 0; k < kernel.input_count; ++k) {
          in.push_back(operand(variant.in[k], k, count, engine));
          // NumPy refuses negative powers of integers.
          const bool exponents = kernel.name == "pow" && k == 1 && is_signed_integer(variant.in[1]);
          const std::size_t item = item_bytes(variant.in[k]);
          for (std::size_t i = item - 1; exponents && i < in.back().size(); i += item) {
            in.back()[i] &= 0x7f;
          }
          call.in[k] = in.back().data();
          call.in_stride[k] = 1;
          dtypes += (k == 0 ? "" : " ") + std::string(dtype_name(variant.in[k]));
        }
        call.out = out.data();
        call.out_stride = 1;
        call.count = count;
        variant.map(call);
        lines << kernel.name << '|' << kernel.numpy << '|' << dtypes << '|'
              << dtype_name(variant.out) << '|' << count << '\n';
        for (const auto& operand : in) {
          bytes.write(reinterpret_cast<const char*>(operand.data()),
                      static_cast<std::streamsize>(operand.size()));
        }
        bytes.write(reinterpret_cast<const char*>(out.data()),
                    static_cast<std::streamsize>(out.size()));
        ++cases;
      }
    }
  }
  CHECK(cases > 300);
  const std::string command =
      FURROW_PYTHON " " FURROW_NUMPY_PEER " " + manifest + " " + data + " > numpy_answers.txt 2>&1";
  const int status = std::system(command.c_str());
  std::ifstream file("numpy_answers.txt");
  const std::string answers((std::istreambuf_iterator<char>(file)), {});
  INFO(answers);
  CHECK(status == 0);
  std::remove(manifest.c_str());
  std::remove(data.c_str());
  std::remove("numpy_answers.txt");
}

}  // namespace
}  // namespace furrow::kernels::test
