// Matrices on every SIMD target: against sums in __float128, over all shapes around the panels,
// with any strides; the same bits from every executor and on all targets with fused multiply-add.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <furrow/kernels/execution.hpp>
#include <furrow/kernels/linalg/covariance.hpp>
#include <furrow/kernels/linalg/gemm.hpp>
#include <furrow/kernels/linalg/gemv.hpp>
#include <furrow/kernels/linalg/least_squares.hpp>
#include <furrow/kernels/linalg/triangular.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::test {
namespace {

/// Runs `body` on each target, and gives the choice back.
template <class Body>
void on_each_target(Body body) {
  for (const std::string_view name : targets()) {
    REQUIRE(force_target(name));
    REQUIRE(target() == name);
    INFO("target " << name);
    body(name);
  }
  force_target("");
}

/// A matrix in memory of its own, laid out in one of several ways.
template <class T>
struct Owned {
  std::vector<T> memory;
  Matrix<T> matrix;

  Owned(std::int64_t rows, std::int64_t columns, int layout, unsigned seed = 1) {
    const std::int64_t size = std::max<std::int64_t>(1, rows * columns);
    memory.assign(static_cast<std::size_t>(3 * size + 8), T(-77));
    if (layout == 0) matrix = {memory.data() + 3, rows, columns, columns, 1};
    if (layout == 1) matrix = {memory.data() + 1, rows, columns, 1, rows};
    if (layout == 2) matrix = {memory.data(), rows, columns, 3 * columns, 3};
    if (layout == 3) matrix = {memory.data() + size, rows, columns, -columns, -1};
    if (layout == 3 && rows > 0) matrix.data += columns * (rows - 1) + columns - 1 - (size - 1);
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) matrix(i, j) = static_cast<T>(uniform(random));
    }
  }
};

/// Largest |got - exact| in units of eps * (|A||B| + |beta C|), element by element.
template <class T>
double product_error(T alpha, Matrix<const T> a, Matrix<const T> b, T beta, Matrix<const T> c,
                     Matrix<const T> got) {
  double worst = 0;
  for (std::int64_t i = 0; i < got.rows; ++i) {
    for (std::int64_t j = 0; j < got.columns; ++j) {
      __float128 exact = beta == T(0) ? __float128(0) : __float128(beta) * c(i, j);
      double size = beta == T(0) ? 0 : std::fabs(double(beta) * double(c(i, j)));
      for (std::int64_t k = 0; k < a.columns; ++k) {
        exact += __float128(alpha) * a(i, k) * b(k, j);
        size += std::fabs(double(alpha) * double(a(i, k)) * double(b(k, j)));
      }
      const double off = std::fabs(static_cast<double>(got(i, j) - exact));
      if (off != 0) worst = std::max(worst, off / size / std::numeric_limits<T>::epsilon());
    }
  }
  return worst;
}

template <class T, class Each>
void run_gemm(const Each& each, T alpha, const Owned<T>& a, const Owned<T>& b, T beta,
              const Owned<T>& c, Owned<T>& out, Half half = Half::both) {
  const Matrix<T> to = out.matrix;
  std::vector<T> scratch(gemm_scratch<T>(to.rows, to.columns, a.matrix.columns));
  gemm<T>(each, alpha, a.matrix, b.matrix, beta, c.matrix, to, scratch.data(), half);
}

TEMPLATE_TEST_CASE("products of matrices of every shape and layout", "", float, double) {
  using T = TestType;
  on_each_target([](std::string_view) {
    for (const std::int64_t m : {0, 1, 2, 7, 8, 23, 24, 25, 49, 100}) {
      for (const std::int64_t n : {1, 3, 8, 9, 24, 50}) {
        for (const std::int64_t k : {0, 1, 5, 33}) {
          const int layout = static_cast<int>(m + 2 * n + k) % 4;
          const Owned<T> a(m, k, layout, 1);
          const Owned<T> b(k, n, (layout + 1) % 4, 2);
          const Owned<T> c(m, n, (layout + 2) % 4, 3);
          Owned<T> out(m, n, (layout + 3) % 4, 4);
          INFO(m << " x " << k << " x " << n << " layout " << layout);
          run_gemm<T>(Serial{}, 1, a, b, 0, {0, 0, 0}, out);
          CHECK(product_error<T>(1, a.matrix, b.matrix, 0, {}, out.matrix) <= double(k + 3));
          run_gemm<T>(Serial{}, T(-0.75), a, b, T(1.5), c, out);
          CHECK(product_error<T>(T(-0.75), a.matrix, b.matrix, T(1.5), c.matrix, out.matrix) <=
                double(k + 3));
        }
      }
    }
  });
}

TEST_CASE("products over several passes of k add up") {
  for (const std::int64_t k : {256, 257, 8192, 8193, 16400, 24600}) {
    const Owned<double> a(3, k, 0, 1);
    const Owned<double> b(k, 5, 1, 2);
    const Owned<double> c(3, 5, 0, 3);
    for (int layout = 0; layout < 3; ++layout) {
      Owned<double> out(3, 5, layout, 4);
      INFO("k = " << k << ", layout " << layout);
      run_gemm<double>(Serial{}, 2, a, b, 1, c, out);
      CHECK(product_error<double>(2, a.matrix, b.matrix, 1, c.matrix, out.matrix) <= 40);
    }
  }
}

TEST_CASE("what lies around a product's result stays as it is, and C is not read for beta 0") {
  Owned<double> out(25, 9, 2);
  const Owned<double> a(25, 4, 0);
  const Owned<double> b(4, 9, 0);
  Owned<double> c(25, 9, 0);
  for (double& value : c.memory) value = std::nan("");
  run_gemm<double>(Serial{}, 1, a, b, 0, c, out);
  std::size_t foreign = 0;
  for (const double value : out.memory) foreign += value == -77 ? 1 : 0;
  CHECK(foreign == out.memory.size() - 25 * 9);
  CHECK(product_error<double>(1, a.matrix, b.matrix, 0, {}, out.matrix) <= 7);
}

TEMPLATE_TEST_CASE("a symmetric product is symmetric to the last bit", "", float, double) {
  using T = TestType;
  for (const std::int64_t n : {1, 24, 130, 500}) {
    const Owned<T> a(n, 70, 0);
    Owned<T> at(70, n, 0);
    at.matrix = a.matrix.transposed();
    for (int layout = 0; layout < 2; ++layout) {
      Owned<T> half(n, n, layout);
      Owned<T> both(n, n, layout);
      run_gemm<T>(Serial{}, T(0.5), a, at, 0, {0, 0, 0}, half, Half::one);
      run_gemm<T>(Serial{}, T(0.5), a, at, 0, {0, 0, 0}, both);
      std::size_t differ = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
          differ += half.matrix(i, j) != half.matrix(j, i) ? 1 : 0;
          differ += half.matrix(i, j) != both.matrix(i, j) ? 1 : 0;
        }
      }
      CHECK(differ == 0);
    }
  }
}

/// All results of this file for one input, as bytes.
template <class T, class Each>
std::vector<T> all_results(const Each& each) {
  std::vector<T> results;
  const auto keep = [&](const std::vector<T>& more) {
    results.insert(results.end(), more.begin(), more.end());
  };
  const std::int64_t n = 300;
  const Owned<T> a(n, n, 0, 5);
  const Owned<T> x(n, 1, 0, 6);
  Owned<T> product(n, n, 0);
  run_gemm<T>(each, 1, a, a, 0, {0, 0, 0}, product);
  keep(product.memory);
  std::vector<T> y(static_cast<std::size_t>(n));
  std::vector<T> scratch(gemv_scratch<T>(n, 20000));
  gemv<T>(each, a.matrix, x.matrix.data, 1, y.data(), 1, scratch.data());
  keep(y);
  gemv<T>(each, Matrix<const T>(a.matrix).transposed(), x.matrix.data, 1, y.data(), 1,
          scratch.data());
  keep(y);
  Owned<T> positive(n, n, 0);
  Owned<T> at(n, n, 0);
  at.matrix = a.matrix.transposed();
  run_gemm<T>(each, 1, a, at, 0, {0, 0, 0}, positive, Half::one);
  for (std::int64_t i = 0; i < n; ++i) positive.matrix(i, i) += T(n);
  Owned<T> l(n, n, 0);
  std::vector<T> room(triangular_scratch<T>(n, n));
  REQUIRE(cholesky<T>(each, positive.matrix, l.matrix, room.data()) == 0);
  keep(l.memory);
  Owned<T> solution(n, n, 1);
  solve_lower<T>(each, l.matrix, false, a.matrix, solution.matrix, room.data());
  keep(solution.memory);
  return results;
}

TEMPLATE_TEST_CASE("matrices give the same bits on every target with FMA and on threads", "", float,
                   double) {
  using T = TestType;
  const auto bits = [](const std::vector<T>& values) {
    return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  };
  std::string fused;
  on_each_target([&](std::string_view name) {
    const std::string serial = bits(all_results<T>(Serial{}));
    CHECK(bits(all_results<T>(Threads{3})) == serial);
    if (name != "AVX3" && name != "AVX2" && name != "NEON") return;
    if (fused.empty()) fused = serial;
    CHECK((serial == fused));
  });
}

TEMPLATE_TEST_CASE("a matrix times a vector, rows or columns contiguous", "", float, double) {
  using T = TestType;
  on_each_target([](std::string_view) {
    for (const std::int64_t m : {1, 2, 9, 63, 64, 65, 600}) {
      for (const std::int64_t n : {0, 1, 3, 4, 7, 65, 1100}) {
        for (int layout = 0; layout < 4; ++layout) {
          const Owned<T> a(m, n, layout, 1);
          const Owned<T> x(n, 1, 2, 2);
          Owned<T> y(m, 1, 2, 3);
          std::vector<T> scratch(gemv_scratch<T>(m, n));
          gemv<T>(Serial{}, a.matrix, x.matrix.data, x.matrix.row_stride, y.matrix.data,
                  y.matrix.row_stride, scratch.data());
          INFO(m << " x " << n << " layout " << layout);
          CHECK(product_error<T>(1, a.matrix, x.matrix, 0, {}, y.matrix) <= 70);
        }
      }
    }
  });
}

TEST_CASE("a short and very wide matrix times a vector takes parts in a tree") {
  const Owned<double> a(40, 20000, 1, 1);
  const Owned<double> x(20000, 1, 0, 2);
  Owned<double> y(40, 1, 0, 3);
  std::vector<double> scratch(gemv_scratch<double>(40, 20000));
  gemv<double>(Serial{}, a.matrix, x.matrix.data, 1, y.matrix.data, 1, scratch.data());
  CHECK(product_error<double>(1, a.matrix, x.matrix, 0, {}, y.matrix) <= 70);
}

TEMPLATE_TEST_CASE("Cholesky factors and triangular systems", "", float, double) {
  using T = TestType;
  on_each_target([](std::string_view) {
    for (const std::int64_t n : {1, 2, 5, 64, 127, 128, 129, 300}) {
      const Owned<T> root(n, n, 0, 7);
      Owned<T> other(n, n, 0);
      other.matrix = root.matrix.transposed();
      Owned<T> a(n, n, static_cast<int>(n) % 4);
      run_gemm<T>(Serial{}, 1, root, other, 0, {0, 0, 0}, a);
      for (std::int64_t i = 0; i < n; ++i) a.matrix(i, i) += T(n);
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = i + 1; j < n; ++j) a.matrix(i, j) = T(1e9);  // not to be read
      }
      Owned<T> l(n, n, static_cast<int>(n + 1) % 4);
      std::vector<T> scratch(triangular_scratch<T>(n, std::max<std::int64_t>(n, 3)));
      INFO("n = " << n);
      REQUIRE(cholesky<T>(Serial{}, a.matrix, l.matrix, scratch.data()) == 0);
      const Matrix<const T> lower = l.matrix;
      double worst = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
          if (j > i) REQUIRE(lower(i, j) == T(0));
          double sum = 0;
          for (std::int64_t k = 0; k <= std::min(i, j); ++k)
            sum += double(lower(i, k)) * double(lower(j, k));
          if (j <= i) worst = std::max(worst, std::fabs(sum - double(a.matrix(i, j))));
        }
      }
      CHECK(worst <= 2.0 * double(n) * double(n) * std::numeric_limits<T>::epsilon());
      const Owned<T> b(n, 3, 1, 8);
      Owned<T> x(n, 3, 0, 9);
      solve_lower<T>(Serial{}, lower, false, b.matrix, x.matrix, scratch.data());
      double residual = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < 3; ++j) {
          double sum = -double(b.matrix(i, j));
          double size = 1;
          for (std::int64_t k = 0; k <= i; ++k) {
            sum += double(lower(i, k)) * double(x.matrix(k, j));
            size += std::fabs(double(lower(i, k)) * double(x.matrix(k, j)));
          }
          residual = std::max(residual, std::fabs(sum) / size);
        }
      }
      CHECK(residual <= double(n + 4) * std::numeric_limits<T>::epsilon());
    }
  });
}

TEST_CASE("Cholesky tells the first leading minor that is not positive") {
  for (const std::int64_t n : {1, 5, 130, 200, 300}) {
    for (const std::int64_t bad : {std::int64_t{1}, n / 2 + 1, n}) {
      Owned<double> a(n, n, 0);
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) a.matrix(i, j) = i == j ? 2 : 0;
      }
      Owned<double> l(n, n, 0);
      std::vector<double> scratch(triangular_scratch<double>(n, n));
      for (const double value : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
        a.matrix(bad - 1, bad - 1) = value;
        CHECK(cholesky<double>(Serial{}, a.matrix, l.matrix, scratch.data()) == bad);
      }
    }
  }
}

TEST_CASE("covariances: narrow and wide, one observation to several parts") {
  for (const std::int64_t p : {1, 2, 8, 9, 25, 48, 49, 60}) {
    for (const std::int64_t n : {2, 3, 255, 257, 2048, 2049, 5000}) {
      for (int layout = 0; layout < 2; ++layout) {
        Owned<double> x(n, p, layout, 11);
        for (std::int64_t i = 0; i < n; ++i) {
          for (std::int64_t j = 0; j < p; ++j) x.matrix(i, j) += 1e6;  // a naive sum would cancel
        }
        std::vector<double> scratch(covariance_scratch(n, p));
        std::vector<double> mean(static_cast<std::size_t>(p));
        std::vector<double> c(static_cast<std::size_t>(p * p));
        covariance(Serial{}, x.matrix, 1 / double(n - 1), mean.data(), c.data(), scratch.data());
        INFO(n << " observations of " << p << ", layout " << layout);
        const std::int64_t i = p - 1;
        const std::int64_t j = p / 2;
        __float128 mi = 0;
        __float128 mj = 0;
        for (std::int64_t r = 0; r < n; ++r) {
          mi += x.matrix(r, i);
          mj += x.matrix(r, j);
        }
        mi /= n;
        mj /= n;
        __float128 exact = 0;
        for (std::int64_t r = 0; r < n; ++r) exact += (x.matrix(r, i) - mi) * (x.matrix(r, j) - mj);
        const double value = static_cast<double>(exact / (n - 1));
        CHECK(c[static_cast<std::size_t>(i * p + j)] == Approx(value).epsilon(1e-9).margin(1e-10));
        CHECK(c[static_cast<std::size_t>(i * p + j)] == c[static_cast<std::size_t>(j * p + i)]);
        CHECK(mean[static_cast<std::size_t>(i)] == Approx(static_cast<double>(mi)).epsilon(1e-15));
      }
    }
  }
}

TEST_CASE("the triangle of a tall matrix has its products of columns") {
  for (const std::int64_t n : {1, 3, 2047, 2049, 9000}) {
    for (const std::int64_t w : {1, 4, 7}) {
      const Owned<double> a(n, w, static_cast<int>(n) % 4, 12);
      std::vector<double> r(static_cast<std::size_t>(w * w), -1);
      std::vector<double> scratch(triangle_of_scratch(n, w));
      triangle_of(Serial{}, a.matrix, r.data(), scratch.data());
      for (std::int64_t i = 0; i < w; ++i) {
        for (std::int64_t j = 0; j < w; ++j) {
          double left = 0;
          double right = 0;
          for (std::int64_t k = 0; k < n; ++k) left += a.matrix(k, i) * a.matrix(k, j);
          for (std::int64_t k = 0; k < w; ++k) {
            right +=
                r[static_cast<std::size_t>(k * w + i)] * r[static_cast<std::size_t>(k * w + j)];
          }
          CHECK(left == Approx(right).margin(1e-10 * double(n)));
          if (j < i) CHECK(r[static_cast<std::size_t>(i * w + j)] == 0);
        }
      }
    }
  }
}

}  // namespace
}  // namespace furrow::kernels::test
