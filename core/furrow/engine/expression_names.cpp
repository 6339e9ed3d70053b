#include <furrow/engine/expression_names.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <furrow/engine/whole_array.hpp>
#include <furrow/kernels/expression/operations.hpp>
#include <furrow/kernels/expression/reduction.hpp>

namespace furrow::engine {

namespace expression = kernels::expression;
using expression::Diagnostic;

void raise(const Diagnostic& diagnostic, std::string_view text) {
  Diagnostic shown = diagnostic;
  if (shown.kind == Diagnostic::Kind::unknown) {
    const expression::Span where = shown.where;
    const std::string_view word =
        expression::bare_name(text.substr(where.begin, where.end - where.begin));
    const std::string hint = whole_array_hint(word);
    if (!hint.empty())
      shown.message = fmt::format("{} is no function of expressions; {}", word, hint);
  }
  const std::string message = expression::to_string(shown, text);
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

void ExpressionNames::set_array(Name& name, const AnyArray& array) {
  name.array = array;
  name.source.dtype = array.dtype();
  name.source.form = form_of(array.shape());
  std::copy(array.strides().begin(), array.strides().end(), name.source.stride);
  name.source.data = array.data();
}

// As a number in the text would be: i64 (or u64 where that is too small), f64 or c128.
void ExpressionNames::set_number(Name& name, const Value& value) {
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

ExpressionNames::ExpressionNames(std::string_view text, const expression::Syntax& syntax,
                                 std::span<const Binding> bindings, const Place& place,
                                 bool target_elsewhere)
    : text_(text), place_(place) {
  for (const Binding& binding : bindings) {
    Name& name = add(binding.name);
    if (binding.value.is_array()) {
      set_array(name, binding.value.array());
    } else {
      set_number(name, binding.value.value());
    }
  }
  for (const expression::Statement& statement : syntax.statements) {
    if (&statement != &syntax.statements.back()) check_passing(statement);
  }
  if (!syntax.target().empty() && !target_elsewhere) find_target(syntax.statements.back());
  for (const auto& free : syntax.free_names()) {
    if (find(free.name) == nullptr) attach(free);
  }
  // Compiling refuses a constant that could be meant as one of these.
  for (const auto& constant : syntax.constant_names()) {
    if (find(constant.name) == nullptr) attach_if_there(constant.name);
  }
  for (const auto& name : names_) sources_.push_back(name->source);
}

ExpressionNames::Name* ExpressionNames::find(std::string_view name) const {
  const auto found = std::find_if(names_.begin(), names_.end(),
                                  [&](const auto& each) { return each->source.name == name; });
  return found != names_.end() ? found->get() : nullptr;
}

ExpressionNames::Name& ExpressionNames::add(const std::string& name) {
  names_.push_back(std::make_unique<Name>());
  names_.back()->source.name = name;
  return *names_.back();
}

// Not valid: there is no array of that name, or none that can be read.
AnyArray ExpressionNames::array_there(const std::string& name) const {
  AttachOptions options;
  options.access = Access::read_only;
  options.place = place_;
  try {
    return AnyArray::attach(name, options);
  } catch (const Error&) {
    return {};
  }
}

void ExpressionNames::attach_if_there(const std::string& name) {
  const AnyArray array = array_there(name);
  if (array.valid()) set_array(add(name), array);
}

// A name for a value must not be that of an array, which would look written and is not.
void ExpressionNames::check_passing(const expression::Statement& statement) const {
  bool there = find(statement.target) != nullptr;
  if (!there && !statement.target.empty()) there = array_there(statement.target).valid();
  if (!there) return;
  raise({Diagnostic::Kind::value, statement.target_where,
         fmt::format("\"{}\" is an array, and of several statements only the last one writes: "
                     "write it in an eval of its own, or give the value another name",
                     statement.target)},
        text_);
}

void ExpressionNames::find_target(const expression::Statement& statement) {
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

void ExpressionNames::attach(const expression::Syntax::Name& free) {
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
    const std::string hint = expression::method_hint(free.name);
    raise({Diagnostic::Kind::unknown, free.where,
           fmt::format("no array is called \"{}\"{}", free.name,
                       hint.empty() ? expression::did_you_mean(free.name, there) : hint)},
          text_);
  } catch (const InvalidArgument& error) {
    raise({Diagnostic::Kind::syntax, free.where, error.what()}, text_);
  }
}

}  // namespace furrow::engine
