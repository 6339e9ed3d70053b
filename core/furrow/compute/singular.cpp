// Rows of a are contiguous, so every loop over numbers here runs along a row.
#include <furrow/compute/singular.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <utility>

#include <furrow/error.hpp>

namespace furrow::compute {
namespace {

using Index = std::int64_t;

/// (x, y) becomes (c x + s y, c y - s x).
struct Rotation {
  double c, s;

  void apply(double& x, double& y) const noexcept {
    const double old = x;
    x = c * old + s * y;
    y = c * y - s * old;
  }
  /// That of it that takes back what apply does.
  Rotation inverse() const noexcept { return {c, -s}; }
};

/// That brings (x, y) to (length, 0); x becomes the length.
Rotation rotation_of(double& x, double y) noexcept {
  const double length = std::sqrt(x * x + y * y);
  if (length == 0) return {1, 0};
  const Rotation r = {x / length, y / length};
  x = length;
  return r;
}

/// Rows of `width` numbers.
struct Rows {
  double* data;
  Index width;

  double* row(Index i) const noexcept { return data + i * width; }
  void rotate(Rotation r, Index i, Index j) const noexcept {
    for (Index k = 0; k < width; ++k) r.apply(row(i)[k], row(j)[k]);
  }
};

/// The reflection I - scale v v^T that brings `v` to (first, 0, 0, …), which it returns. v becomes
/// the reflection's vector; a scale of 0 leaves all as it is.
double reflection_of(double* v, Index count, double* scale) noexcept {
  double rest = 0;
  for (Index k = 1; k < count; ++k) rest += v[k] * v[k];
  *scale = 0;
  if (rest == 0) return v[0];
  const double length = std::sqrt(v[0] * v[0] + rest);
  const double first = v[0] > 0 ? -length : length;
  v[0] -= first;
  *scale = 2 / (v[0] * v[0] + rest);
  return first;
}

/// Rows `from` to `to` of `rows`, their columns from `column` on: minus scale v (v^T rows).
void reflect_rows(const Rows& rows, Index from, Index to, Index column, const double* v,
                  double scale, std::vector<double>& work) {
  if (scale == 0) return;
  const Index count = rows.width - column;
  std::fill_n(work.begin(), count, 0.0);
  double* const sums = work.data();
  for (Index i = from; i < to; ++i) {
    const double* const x = rows.row(i) + column;
    const double factor = scale * v[i - from];
    for (Index k = 0; k < count; ++k) sums[k] += factor * x[k];
  }
  for (Index i = from; i < to; ++i) {
    double* const x = rows.row(i) + column;
    const double factor = v[i - from];
    for (Index k = 0; k < count; ++k) x[k] -= factor * sums[k];
  }
}

class Bidiagonal {
 public:
  Bidiagonal(std::vector<double> a, std::vector<double> b, Index p, Index m)
      : p_(p), m_(m), a_(std::move(a)), b_(std::move(b)), d_(size(p)), e_(size(p)) {
    reduce();
    iterate();
  }

  SingularSolution solution(double cutoff) {
    SingularSolution found;
    for (const double d : d_) found.values.push_back(std::fabs(d));
    std::sort(found.values.begin(), found.values.end(), std::greater<>());
    const double least = cutoff * found.values[0];
    for (Index i = 0; i < p_; ++i) {
      const bool counts = std::fabs(d_[size(i)]) > least;
      found.rank += counts ? 1 : 0;
      for (Index k = 0; k < m_; ++k) {
        double& y = b_[size(i * m_ + k)];
        y = counts ? y / d_[size(i)] : 0;
      }
    }
    take_back();
    found.x = std::move(b_);
    return found;
  }

 private:
  static std::size_t size(Index i) noexcept { return static_cast<std::size_t>(i); }

  /// a to its bidiagonal, b along with the reflections from the left; those from the right stay in
  /// the rows of a.
  void reduce() {
    const Rows a{a_.data(), p_};
    const Rows b{b_.data(), m_};
    std::vector<double> column(size(p_));
    std::vector<double> work(size(std::max(p_, m_)));
    right_.assign(size(p_), 0);
    for (Index k = 0; k < p_; ++k) {
      for (Index i = k; i < p_; ++i) column[size(i - k)] = a.row(i)[k];
      double left = 0;
      d_[size(k)] = reflection_of(column.data(), p_ - k, &left);
      if (k + 1 < p_) reflect_rows(a, k, p_, k + 1, column.data(), left, work);
      reflect_rows(b, k, p_, 0, column.data(), left, work);
      if (k + 1 == p_) break;
      double* const v = a.row(k) + k + 1;
      const Index count = p_ - k - 1;
      e_[size(k)] = reflection_of(v, count, &right_[size(k)]);
      if (right_[size(k)] == 0) continue;
      for (Index i = k + 1; i < p_; ++i) reflect(v, count, right_[size(k)], a.row(i) + k + 1, 1);
    }
  }

  /// x - scale v (v^T x), of elements `step` apart.
  static void reflect(const double* v, Index count, double scale, double* x, Index step) noexcept {
    double sum = 0;
    for (Index k = 0; k < count; ++k) sum += v[k] * x[k * step];
    sum *= scale;
    for (Index k = 0; k < count; ++k) x[k * step] -= sum * v[k];
  }

  bool negligible(double x, double beside) const noexcept {
    return std::fabs(x) <= std::numeric_limits<double>::epsilon() * beside;
  }

  /// d_[i] is 0: the number beside it is rotated out of its row, to the right and away.
  void empty_row(Index i, Index last) {
    const Rows b{b_.data(), m_};
    double out = std::exchange(e_[size(i)], 0);
    for (Index j = i + 1; j <= last && out != 0; ++j) {
      const Rotation r = rotation_of(d_[size(j)], out);
      b.rotate(r, j, i);
      if (j == last) break;
      out = -r.s * e_[size(j)];
      e_[size(j)] *= r.c;
    }
  }

  /// The eigenvalue nearer to the end of the last 2 x 2 of B^T B.
  double shift(Index first, Index last) const noexcept {
    const double d0 = d_[size(last - 1)];
    const double d1 = d_[size(last)];
    const double e0 = last - 1 > first ? e_[size(last - 2)] : 0;
    const double e1 = e_[size(last - 1)];
    const double corner = d1 * d1 + e1 * e1;
    const double beside = d0 * e1;
    const double half = (d0 * d0 + e0 * e0 - corner) / 2;
    const double root = std::sqrt(half * half + beside * beside);
    const double below = half + (half < 0 ? -root : root);
    return below == 0 ? corner : corner - beside * (beside / below);
  }

  /// One implicit QR step on the rows from first to last.
  void step(Index first, Index last) {
    const Rows b{b_.data(), m_};
    double y = d_[size(first)] * d_[size(first)] - shift(first, last);
    double z = d_[size(first)] * e_[size(first)];
    for (Index k = first; k < last; ++k) {
      double& d0 = d_[size(k)];
      double& d1 = d_[size(k + 1)];
      double& e0 = e_[size(k)];
      const Rotation right = rotation_of(y, z);
      if (k > first) e_[size(k - 1)] = y;
      right.apply(d0, e0);
      double bulge = 0;
      right.apply(bulge, d1);
      turns_.push_back({k, right});
      const Rotation left = rotation_of(d0, bulge);
      left.apply(e0, d1);
      b.rotate(left, k, k + 1);
      y = e0;
      if (k + 1 == last) break;
      z = left.s * e_[size(k + 1)];
      e_[size(k + 1)] *= left.c;
    }
  }

  /// Until nothing stands beside the diagonal.
  void iterate() {
    Index steps_left = 100 * p_;
    for (Index last = p_ - 1; last > 0;) {
      Index first = last;
      bool is_split = false;
      while (first > 0 && !is_split) {
        double& e = e_[size(first - 1)];
        const double d = std::fabs(d_[size(first - 1)]);
        if (negligible(e, d + std::fabs(d_[size(first)]))) {
          e = 0;
          break;
        }
        --first;
        const double before = first > 0 ? std::fabs(e_[size(first - 1)]) : 0;
        is_split = negligible(d_[size(first)], before + std::fabs(e));
      }
      if (is_split) {
        d_[size(first)] = 0;
        empty_row(first, last);
      } else if (first == last) {
        --last;
      } else if (steps_left-- > 0) {
        step(first, last);
      } else {
        throw Error(
            "lstsq: the singular values of this matrix do not converge (bring its columns "
            "to like sizes)");
      }
    }
  }

  /// Through the rotations and reflections from the right: V times what is in b.
  void take_back() {
    const Rows x{b_.data(), m_};
    for (auto turn = turns_.rbegin(); turn != turns_.rend(); ++turn) {
      x.rotate(turn->rotation.inverse(), turn->at, turn->at + 1);
    }
    for (Index k = p_ - 2; k >= 0; --k) {
      const double* const v = a_.data() + k * p_ + k + 1;
      for (Index c = 0; c < m_; ++c) {
        reflect(v, p_ - k - 1, right_[size(k)], x.row(k + 1) + c, m_);
      }
    }
  }

  struct Turn {
    Index at;
    Rotation rotation;
  };

  Index p_, m_;
  std::vector<double> a_, b_;
  std::vector<double> d_, e_;  // the diagonal, and what stands to its right
  std::vector<double> right_;  // scales of the reflections from the right
  std::vector<Turn> turns_;    // rotations from the right, of columns at and at + 1
};

}  // namespace

SingularSolution solve_by_singular_values(std::vector<double> a, std::vector<double> b,
                                          std::int64_t p, std::int64_t m, double cutoff) {
  double greatest = 0;
  for (const double each : a) greatest = std::max(greatest, std::fabs(each));
  int power = 0;
  std::frexp(greatest, &power);
  // Fourth powers are computed with.
  for (double& each : a) each = std::ldexp(each, -power);
  for (double& each : b) each = std::ldexp(each, -power);
  SingularSolution found = Bidiagonal(std::move(a), std::move(b), p, m).solution(cutoff);
  for (double& each : found.values) each = std::ldexp(each, power);
  return found;
}

}  // namespace furrow::compute
