// The solution by singular values against Eigen's decomposition: values, rank and solution, on
// matrices that are full, deficient, graded, zero or already diagonal.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <Eigen/SVD>

#include <furrow/compute/singular.hpp>

namespace furrow::test {
namespace {

using Dense = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

enum class Kind { full, triangle, deficient, graded, zero_diagonal, kahan, diagonal, equal, none };
constexpr Kind kinds[] = {Kind::full,     Kind::triangle, Kind::deficient,
                          Kind::graded,   Kind::kahan,    Kind::zero_diagonal,
                          Kind::diagonal, Kind::equal,    Kind::none};

Dense make(Kind kind, std::int64_t p, std::mt19937_64& random) {
  Dense a(p, p);
  for (std::int64_t k = 0; k < p * p; ++k) a.data()[k] = std::normal_distribution<>()(random);
  switch (kind) {
    case Kind::triangle: a = a.triangularView<Eigen::Upper>(); break;
    case Kind::deficient:
      for (std::int64_t j = p / 2 + 1; j < p; ++j) a.col(j) = a.col(j / 3) - 2 * a.col(j / 5);
      break;
    case Kind::graded:
      for (std::int64_t j = 0; j < p; ++j) {
        a.col(j) *= std::ldexp(1.0, -20 * static_cast<int>(j % 4));
      }
      break;
    case Kind::kahan:
      for (std::int64_t i = 0; i < p; ++i) {
        for (std::int64_t j = 0; j < p; ++j) {
          a(i, j) = i > j ? 0 : std::pow(0.95, static_cast<double>(i)) * (i == j ? 1 : -0.3);
        }
      }
      break;
    case Kind::zero_diagonal:
      a = a.triangularView<Eigen::StrictlyUpper>();
      for (std::int64_t i = 0; i < p; i += 3) a(i, i) = 1;
      break;
    case Kind::diagonal: a = Dense(a.diagonal().asDiagonal()); break;
    case Kind::equal: a.setOnes(); break;
    case Kind::none: a.setZero(); break;
    default: break;
  }
  return a;
}

void check(const Dense& a, const Dense& b) {
  const std::int64_t p = a.rows();
  const double cutoff = 1e-11;
  const auto found = compute::solve_by_singular_values(
      {a.data(), a.data() + a.size()}, {b.data(), b.data() + b.size()}, p, b.cols(), cutoff);
  const Eigen::JacobiSVD<Dense, Eigen::NoQRPreconditioner> svd(
      a, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const auto& values = svd.singularValues();
  REQUIRE(static_cast<std::int64_t>(found.values.size()) == p);
  const double error = 4e-15 * static_cast<double>(p) * values[0];
  std::int64_t rank = 0;
  Eigen::VectorXd inverse = Eigen::VectorXd::Zero(p);
  for (std::int64_t i = 0; i < p; ++i) {
    CHECK(std::fabs(found.values[static_cast<std::size_t>(i)] - values[i]) <= error);
    if (values[i] <= cutoff * values[0]) continue;
    inverse[i] = 1 / values[i];
    ++rank;
  }
  REQUIRE(found.rank == rank);
  REQUIRE(static_cast<std::int64_t>(found.x.size()) == b.size());
  if (rank == 0) {
    CHECK(std::all_of(found.x.begin(), found.x.end(), [](double x) { return x == 0; }));
    return;
  }
  const Dense expected = svd.matrixV() * (inverse.asDiagonal() * (svd.matrixU().transpose() * b));
  const Eigen::Map<const Dense> x(found.x.data(), p, b.cols());
  const double condition = values[0] * inverse.maxCoeff();
  CHECK((x - expected).norm() <= 1e-14 * static_cast<double>(p) * condition * expected.norm());
}

TEST_CASE("solutions by singular values are those of Eigen's decomposition") {
  std::mt19937_64 random(5);
  for (const Kind kind : kinds) {
    for (const std::int64_t p : {1, 2, 3, 4, 5, 8, 17, 40, 120}) {
      for (const std::int64_t m : {0, 1, 3}) {
        if (p == 120 && m != 1) continue;
        CAPTURE(static_cast<int>(kind), p, m);
        Dense b(p, m);
        for (std::int64_t k = 0; k < p * m; ++k) b.data()[k] = std::normal_distribution<>()(random);
        check(make(kind, p, random), b);
      }
    }
  }
}

TEST_CASE("solutions by singular values: numbers whose squares are nearly no doubles") {
  std::mt19937_64 random(6);
  for (const int power : {-400, -380, 380, 400}) {
    CAPTURE(power);
    const Dense a = std::ldexp(0.1, power) * make(Kind::full, 20, random);
    check(a, Dense::Ones(20, 2));
  }
}

}  // namespace
}  // namespace furrow::test
