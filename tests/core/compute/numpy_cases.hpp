// tests/core/compute/numpy_cases.hpp
//
// Cases for sort_peer.py and its like: what furrow read and what it found, written to files,
// checked by NumPy.
#pragma once

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include <furrow/array/array.hpp>

namespace furrow::test {

/// A folder of cases, gone with this object.
class NumpyCases {
 public:
  explicit NumpyCases(const std::string& name)
      : folder_(std::filesystem::temp_directory_path() /
                ("furrow-" + name + "-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  ~NumpyCases() { std::filesystem::remove_all(folder_); }
  NumpyCases(const NumpyCases&) = delete;
  NumpyCases& operator=(const NumpyCases&) = delete;

  class Case {
   public:
    Case(std::filesystem::path path, const std::string& kind) : path_(std::move(path)) {
      lines_.open(path_.string() + ".case");
      lines_ << "kind = " << kind << "\n";
    }
    /// A contiguous array.
    Case& array(const std::string& key, const AnyArray& x) {
      std::ofstream(path_.string() + "." + key, std::ios::binary)
          .write(static_cast<const char*>(x.data()), static_cast<std::streamsize>(x.bytes()));
      lines_ << key << " " << dtype_name(x.dtype());
      for (const std::int64_t extent : x.shape()) lines_ << " " << extent;
      lines_ << "\n";
      return *this;
    }
    template <class V>
    Case& value(const std::string& key, const V& v) {
      lines_.precision(17);
      lines_ << key << " = " << v << "\n";
      return *this;
    }

   private:
    std::filesystem::path path_;
    std::ofstream lines_;
  };

  Case add(const std::string& kind) { return {folder_ / (kind + std::to_string(next_++)), kind}; }
  /// Zero when NumPy finds the same.
  int check(const std::string& peer = FURROW_SORT_PEER) const {
    return std::system((FURROW_PYTHON " " + peer + " " + folder_.string()).c_str());
  }

 private:
  std::filesystem::path folder_;
  int next_ = 0;
};

/// Elements of any real dtype: some repeated, and where there are such, NaN, zeros, infinities.
template <class T>
Array<T> sample_array(const Shape& shape, std::uint64_t seed, bool finite = false) {
  const auto x = Array<T>::temporary(shape);
  std::mt19937_64 random(seed);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::uint64_t bits = random();
    if constexpr (is_real_float(dtype_of<T>)) {
      const double special[] = {0.0, -0.0, std::nan(""), HUGE_VAL, -HUGE_VAL, 1.0, 2.0, 0.5};
      double value = std::normal_distribution<double>()(random);
      if (bits % 10 == 0) value = special[(bits >> 8) % 8];
      if (finite && !std::isfinite(value)) value = 3;
      x.data()[i] = static_cast<T>(value);
    } else if constexpr (std::is_same_v<T, bool>) {
      x.data()[i] = bits % 2 == 0;
    } else {
      x.data()[i] = static_cast<T>(bits % 3 == 0 ? bits >> 8 : bits % 50);
    }
  }
  return x;
}

}  // namespace furrow::test
