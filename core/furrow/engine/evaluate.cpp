#include <furrow/engine/evaluate.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/expression/expression.hpp>
#include <furrow/kernels/packed.hpp>
#include <furrow/os/cpu.hpp>

namespace furrow {
namespace {

namespace expression = kernels::expression;
using expression::Diagnostic;

[[noreturn]] void raise(const Diagnostic& diagnostic, std::string_view text) {
  const std::string message = expression::to_string(diagnostic, text);
  switch (diagnostic.kind) {
    case Diagnostic::Kind::unknown: throw NotFound(message);
    case Diagnostic::Kind::type: throw TypeMismatch(message);
    case Diagnostic::Kind::shape: throw ShapeMismatch(message);
    default: throw InvalidArgument(message);
  }
}

expression::Form form_of(const Shape& shape) {
  expression::Form form;
  form.ndim = shape.ndim();
  std::copy(shape.begin(), shape.end(), form.extent);
  return form;
}

Shape shape_of(const expression::Form& form) {
  return Shape(std::span<const std::int64_t>(form.extent, form.ndim));
}

// One name of the expression: an array, or a number in `element`.
struct Name {
  AnyArray array;
  expression::Source source;
  alignas(16) std::byte element[16] = {};
};

void set_array(Name& name, const AnyArray& array) {
  name.array = array;
  name.source.dtype = array.dtype();
  name.source.form = form_of(array.shape());
  std::copy(array.strides().begin(), array.strides().end(), name.source.stride);
  name.source.data = array.data();
}

// As a number in the text would be: i64 (or u64 where that is too small), f64 or c128.
void set_number(Name& name, const Value& value) {
  kernels::Scalar scalar{};
  switch (value.kind) {
    case Value::Kind::integer:
      name.source.dtype = Dtype::i64;
      scalar.i64 = value.i;
      break;
    case Value::Kind::natural:
      name.source.dtype = value.u >> 63U != 0 ? Dtype::u64 : Dtype::i64;
      scalar.u64 = value.u;
      break;
    case Value::Kind::real:
      name.source.dtype = Dtype::f64;
      scalar.f64 = value.z.real();
      break;
    case Value::Kind::complex:
      name.source.dtype = Dtype::c128;
      scalar.c128[0] = value.z.real();
      scalar.c128[1] = value.z.imag();
      break;
  }
  expression::store_element(name.source.dtype, scalar, name.element);
  name.source.data = name.element;
}

// The arrays and numbers of an expression, and its target.
class Names {
 public:
  Names(std::string_view text, const expression::Syntax& syntax, std::span<const Binding> bindings,
        const Place& place)
      : text_(text), place_(place) {
    for (const Binding& binding : bindings) {
      Name& name = add(binding.name);
      if (binding.value.is_array()) {
        set_array(name, binding.value.array());
      } else {
        set_number(name, binding.value.value());
      }
    }
    if (!syntax.target().empty()) find_target(syntax.statements.back());
    for (const auto& free : syntax.free_names()) {
      if (find(free.name) == nullptr) attach(free);
    }
    for (const auto& name : names_) sources_.push_back(name->source);
  }

  std::span<const expression::Source> sources() const { return sources_; }
  const AnyArray& array_of(std::size_t source) const { return names_[source]->array; }
  const std::optional<AnyArray>& target() const { return target_; }

 private:
  Name* find(std::string_view name) const {
    const auto found = std::find_if(names_.begin(), names_.end(),
                                    [&](const auto& each) { return each->source.name == name; });
    return found != names_.end() ? found->get() : nullptr;
  }

  Name& add(const std::string& name) {
    names_.push_back(std::make_unique<Name>());
    names_.back()->source.name = name;
    return *names_.back();
  }

  void find_target(const expression::Statement& statement) {
    if (const Name* bound = find(statement.target)) {
      if (!bound->array.valid()) {
        raise({Diagnostic::Kind::type, statement.target_where,
               fmt::format("\"{}\" is a number, and numbers are not written", statement.target)},
              text_);
      }
      target_ = bound->array;
      return;
    }
    try {
      AttachOptions options;
      options.place = place_;
      target_ = AnyArray::attach(statement.target, options);
      set_array(add(statement.target), *target_);
    } catch (const NotFound&) {
      // It is going to be made.
    } catch (const InvalidArgument& error) {
      raise({Diagnostic::Kind::syntax, statement.target_where, error.what()}, text_);
    }
  }

  void attach(const expression::Syntax::Name& free) {
    AttachOptions options;
    options.access = Access::read_only;
    options.place = place_;
    try {
      set_array(add(free.name), AnyArray::attach(free.name, options));
    } catch (const NotFound&) {
      std::vector<std::string> there;
      for (const auto& info : segment::list(place_)) {
        if (info.kind == segment::Kind::array) there.push_back(info.name);
      }
      for (const auto& name : names_) there.push_back(name->source.name);
      raise({Diagnostic::Kind::unknown, free.where,
             fmt::format("no array is called \"{}\"{}", free.name,
                         expression::did_you_mean(free.name, there))},
            text_);
    } catch (const InvalidArgument& error) {
      raise({Diagnostic::Kind::syntax, free.where, error.what()}, text_);
    }
  }

  std::string_view text_;
  Place place_;
  std::vector<std::unique_ptr<Name>> names_;
  std::vector<expression::Source> sources_;
  std::optional<AnyArray> target_;
};

// What runs on the workers: the program is the closure.
struct ProgramEntry {
  static const expression::Program& program(const void* captures) {
    const auto& program = *static_cast<const expression::Program*>(captures);
    if (!expression::is_runnable(program)) {
      throw std::runtime_error("this worker has not got all kernels of the coordinator");
    }
    return program;
  }
  static void run(const void* captures, const engine::TileCall& call) {
    expression::run_tile(program(captures), call.operand[0], call.first, call.count);
  }
  static void reduce(const void* captures, const engine::TileCall& call) {
    expression::reduce_tile(program(captures), call.first, call.count, call.partial);
  }
  static void combine(const void* captures, void* left, const void* right) {
    const auto& functions =
        expression::reduction_of(*static_cast<const expression::Program*>(captures));
    if (right != nullptr) return functions.combine(left, right, left);
    if (functions.identity != nullptr) functions.identity(left);  // else the tile writes all of it
  }
};

bool same_segment(const AnyArray& a, const AnyArray& b) {
  return a.segment()->identity() == b.segment()->identity();
}

// The job that both have: the program, and the arrays that it reads at their addresses.
engine::Job job_of(const expression::Compiled& compiled, const Names& names,
                   const EvaluateOptions& options) {
  engine::Job job;
  job.options = options.job;
  job.count = compiled.form.size();
  job.captures = std::as_bytes(std::span(&compiled.program, 1));
  for (const std::size_t source : compiled.used) job.keep.push_back(names.array_of(source));
  return job;
}

void run_map(Engine& engine, expression::Compiled& compiled, const Names& names,
             const AnyArray& target, const EvaluateOptions& options) {
  std::uint64_t bytes = target.bytes();
  bool fresh = target.is_contiguous();
  std::vector<engine::Operand> operands = {{target, engine::Use::write}};
  for (const std::size_t source : compiled.used) {
    const AnyArray& array = names.array_of(source);
    bytes += array.bytes();
    if (!same_segment(array, target)) continue;
    // The engine sees what is read and written: it refuses overlap, and runs the rest exactly once.
    operands.push_back({array.broadcast_to(target.shape()), engine::Use::read});
    fresh = false;
  }
  static const std::size_t cache = os::largest_cache_bytes();
  compiled.program.streaming = fresh && bytes > cache ? 1 : 0;
  engine::Job job = job_of(compiled, names, options);
  job.operands = std::move(operands);
  job.entry = &ProgramEntry::run;
  job.runs = true;
  Future<void>(engine.start(std::move(job))).get();
}

expression::Answer run_reduce(Engine& engine, const expression::Compiled& compiled,
                              const Names& names, const EvaluateOptions& options) {
  engine::Job job = job_of(compiled, names, options);
  job.entry = &ProgramEntry::reduce;
  job.combine = &ProgramEntry::combine;
  job.tile_elements = static_cast<std::int64_t>(expression::reduce_tile_elements(compiled.program));
  job.partial_bytes = expression::reduction_of(compiled.program).partial_bytes;
  auto answer = std::make_shared<expression::Answer>();
  const expression::Reduction reduction = *compiled.reduction;
  job.finish = [answer, reduction, count = job.count](const void* partial) {
    *answer = expression::finish(reduction, count, partial);
  };
  return Future<expression::Answer>(engine.start(std::move(job)), answer).get();
}

}  // namespace

Evaluated Engine::evaluate(std::string_view text, std::span<const Binding> bindings,
                           const EvaluateOptions& options) {
  const expression::Syntax syntax = expression::parse(text);
  if (syntax.error) raise(*syntax.error, text);
  const Names names(text, syntax, bindings, options.create.place);
  std::optional<expression::Target> known;
  if (names.target()) {
    known = expression::Target{names.target()->dtype(), form_of(names.target()->shape())};
  }
  expression::Compiled compiled = expression::compile(syntax, names.sources(), known);
  if (compiled.error) raise(*compiled.error, text);
  if (compiled.reduction) return Evaluated(run_reduce(*this, compiled, names, options));
  if (compiled.target.empty() && compiled.constant) return Evaluated(*compiled.constant);
  if (names.target()) {
    run_map(*this, compiled, names, *names.target(), options);
    return Evaluated(*names.target());
  }
  const Shape shape = shape_of(compiled.form);
  if (compiled.target.empty()) {
    const AnyArray result = AnyArray::temporary(compiled.dtype, shape);
    run_map(*this, compiled, names, result, options);
    return Evaluated(result);
  }
  CreateOptions create = options.create;
  create.publish = false;
  const AnyArray result = AnyArray::create(compiled.target, compiled.dtype, shape, create);
  run_map(*this, compiled, names, result, options);
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
