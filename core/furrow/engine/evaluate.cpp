#include <furrow/engine/evaluate.hpp>

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <furrow/engine/engine.hpp>
#include <furrow/engine/expression_names.hpp>
#include <furrow/engine/program_job.hpp>
#include <furrow/kernels/expression/literal.hpp>

namespace furrow {
namespace {

namespace expression = kernels::expression;

expression::Answer run_reduce(Engine& engine, const expression::Compiled& compiled,
                              const engine::ExpressionNames& names, const JobOptions& options) {
  engine::Job job = engine::fold_program(compiled, names, options);
  auto answer = std::make_shared<expression::Answer>();
  const expression::Reduction reduction = *compiled.reduction;
  job.finish = [answer, reduction, count = job.count](const void* partial) {
    *answer = expression::finish(reduction, count, partial);
  };
  Future<expression::Answer>(engine.start(std::move(job)), answer).get();
  const std::string_view name = compiled.reduction->kernel->name;
  if ((name == "nanargmin" || name == "nanargmax") && answer->value.i64 < 0) {
    throw InvalidArgument(fmt::format("{}: all elements are NaN", name));
  }
  return *answer;
}

/// The number as an array of rank 0: in `target`, or in a new one of that name.
AnyArray keep(Engine& engine, const expression::Answer& answer, const std::string& name,
              const std::optional<AnyArray>& target, CreateOptions create) {
  if (target) {
    expression::Vertex number;
    number.dtype = answer.dtype;
    number.value = answer.value;
    if (!expression::holds_value(target->dtype(), number)) {
      throw InvalidArgument(fmt::format("the number is {}, and {} is {}, which does not hold it",
                                        Evaluated(answer).text(), target->label(),
                                        dtype_name(target->dtype())));
    }
  }
  const bool publishes = std::exchange(create.publish, false);
  AnyArray number = target ? AnyArray::temporary(answer.dtype, {})
                           : AnyArray::create(name, answer.dtype, {}, create);
  expression::store_element(answer.dtype, answer.value, static_cast<std::byte*>(number.data()));
  if (target) {
    engine.apply_to("cast", *target, {number});
    return *target;
  }
  if (publishes) number.segment()->publish();
  return number;
}

}  // namespace

Evaluated Engine::evaluate(std::string_view text, std::span<const Binding> bindings,
                           const EvaluateOptions& options) {
  const expression::Syntax syntax = expression::parse(text);
  if (syntax.error) engine::raise(*syntax.error, text);
  const engine::ExpressionNames names(text, syntax, bindings, options.create.place);
  std::optional<expression::Target> known;
  if (names.target()) {
    known = expression::Target{names.target()->dtype(), engine::form_of(names.target()->shape())};
  }
  expression::Compiled compiled = expression::compile(syntax, names.sources(), known);
  if (compiled.error) engine::raise(*compiled.error, text);
  compiled.program.first_index = options.first_index;
  if (compiled.reduction) {
    const expression::Answer answer = run_reduce(*this, compiled, names, options.job);
    if (compiled.target.empty()) return Evaluated(answer);
    return Evaluated(keep(*this, answer, compiled.target, names.target(), options.create));
  }
  if (compiled.target.empty() && compiled.constant) return Evaluated(*compiled.constant);
  if (names.target()) {
    engine::run_program(*this, compiled, names, *names.target(), options.job);
    return Evaluated(*names.target());
  }
  const Shape shape = engine::shape_of(compiled.form);
  if (compiled.target.empty()) {
    const AnyArray result = AnyArray::temporary(compiled.dtype, shape);
    engine::run_program(*this, compiled, names, result, options.job);
    return Evaluated(result);
  }
  CreateOptions create = options.create;
  create.publish = false;
  const AnyArray result = AnyArray::create(compiled.target, compiled.dtype, shape, create);
  engine::run_program(*this, compiled, names, result, options.job);
  if (options.create.publish) result.segment()->publish();
  return Evaluated(result);
}

namespace {

[[noreturn]] void refuse(const Evaluated& evaluated, std::string_view wanted) {
  if (!evaluated.is_number()) {
    throw TypeMismatch(fmt::format("the expression gave an array, and {} was asked for", wanted));
  }
  throw TypeMismatch(fmt::format("the expression gave {} ({}), and {} was asked for",
                                 evaluated.text(), dtype_name(evaluated.dtype()), wanted));
}

// A NaN has no sign that means anything: sqrt(-1) is nan, and not -nan.
double without_nan_sign(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

}  // namespace

const AnyArray& Evaluated::array() const {
  if (is_number()) refuse(*this, "an array");
  return array_;
}

double Evaluated::real() const {
  if (!is_number() || is_complex(dtype())) refuse(*this, "a real number");
  if (is_real_float(dtype())) return number_.value.f64;
  if (is_signed_integer(dtype())) return static_cast<double>(number_.value.i64);
  return static_cast<double>(number_.value.u64);
}

std::int64_t Evaluated::integer() const {
  const bool whole = is_integer(dtype()) || dtype() == Dtype::bool_;
  if (!is_number() || !whole) refuse(*this, "an integer");
  if (!is_signed_integer(dtype()) && number_.value.u64 >> 63U != 0) refuse(*this, "an i64");
  return number_.value.i64;
}

std::complex<double> Evaluated::complex() const {
  if (is_number() && is_complex(dtype())) return {number_.value.c128[0], number_.value.c128[1]};
  return real();
}

std::string Evaluated::text() const {
  if (!is_number()) refuse(*this, "a text");
  if (dtype() == Dtype::bool_) return number_.value.u64 != 0 ? "true" : "false";
  if (is_signed_integer(dtype())) return fmt::format("{}", number_.value.i64);
  if (is_unsigned_integer(dtype())) return fmt::format("{}", number_.value.u64);
  if (is_real_float(dtype())) return fmt::format("{:.17g}", without_nan_sign(number_.value.f64));
  return fmt::format("{:.17g}{:+.17g}j", without_nan_sign(number_.value.c128[0]),
                     without_nan_sign(number_.value.c128[1]));
}

}  // namespace furrow
