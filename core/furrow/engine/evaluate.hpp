// furrow/engine/evaluate.hpp
//
// Expressions on shared arrays, compiled once and computed by the workers in one pass.
//
//   engine.evaluate("z = where(x > 0, log(x), 0) + 2*y");         // arrays by their names
//   engine.evaluate("z = a*x + b", {{"x", x.rows(0, 10)}, {"a", 2.5}, {"b", y}});
//   double s = engine.evaluate("sum(x*y)").real();                // the bits of z = x*y, sum(z)
//   furrow::AnyArray t = engine.evaluate("x.re - 1", {{"x.re", x}}).array();
//
// Grammar   Python's operators, NumPy's functions and dtypes: kernels/furrow/kernels/expression/
// Names     those bound here; pi, e, inf, nan, True, False; else arrays, which are attached
// Numbers   arrays of rank 0 and bound numbers are read when evaluate is called
// Target    `name = …` writes an array: one that is bound or that exists (its shape, a dtype of the
//           same kind or a later one), or a new one, which appears with its values or not at all.
//           Without a name the array is temporary.
// In place  the target may be read, too (z = z + 1, z += 1): exactly once, as any job in place
// Errors    InvalidArgument (syntax, limits), NotFound, TypeMismatch, ShapeMismatch: with the line
//           and a caret at the character, before anything is written; and what a job throws
#pragma once

#include <complex>
#include <cstdint>
#include <string>
#include <utility>

#include <furrow/array/array.hpp>
#include <furrow/engine/options.hpp>
#include <furrow/kernels/expression/reduction.hpp>

namespace furrow {

/// What an expression gives: an array, or the number of a reduction (or of numbers alone).
class Evaluated {
 public:
  Evaluated() = default;
  explicit Evaluated(AnyArray array) : array_(std::move(array)) {}
  explicit Evaluated(const kernels::expression::Answer& number) : number_(number) {}

  bool is_number() const noexcept { return !array_.valid(); }
  /// The target, or the temporary array. Throws TypeMismatch when it is a number.
  const AnyArray& array() const;

  /// bool, i64, u64, f64 or c128; of min and max that of the elements.
  Dtype dtype() const noexcept { return array_.valid() ? array_.dtype() : number_.dtype; }
  const kernels::expression::Answer& number() const noexcept { return number_; }
  /// Throw TypeMismatch when it is no number, or none that the type holds exactly (real: rounded).
  double real() const;
  std::int64_t integer() const;
  std::complex<double> complex() const;
  /// "0.1", "17", "true", "1+2j": all the digits that it has.
  std::string text() const;

 private:
  AnyArray array_;
  kernels::expression::Answer number_{};
};

struct EvaluateOptions {
  CreateOptions create{};  // of a target that is new
  JobOptions job{};
  // Of element 0, where the arrays are a part of larger ones: random numbers and the positions that
  // argmin and argmax give count from there.
  std::int64_t first_index = 0;
};

}  // namespace furrow
