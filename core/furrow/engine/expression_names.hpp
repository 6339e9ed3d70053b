// furrow/engine/expression_names.hpp
//
// The arrays and numbers that an expression names: those that were bound, and those that are
// attached because they exist. Private to the engine room.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/kernels/expression/expression.hpp>

namespace furrow::engine {

/// Throws the class of error that the diagnostic stands for, with the line and a caret.
[[noreturn]] void raise(const kernels::expression::Diagnostic& diagnostic, std::string_view text);

kernels::expression::Form form_of(const Shape& shape);
Shape shape_of(const kernels::expression::Form& form);

class ExpressionNames {
 public:
  /// Attaches what is free in the expression. Throws NotFound with the place in the text. What it
  /// assigns to is looked for too, unless that is bound or `target_elsewhere`.
  ExpressionNames(std::string_view text, const kernels::expression::Syntax& syntax,
                  std::span<const Binding> bindings, const Place& place,
                  bool target_elsewhere = false);

  std::span<const kernels::expression::Source> sources() const { return sources_; }
  const AnyArray& array_of(std::size_t source) const { return names_[source]->array; }
  /// The array that is assigned to, where there is one already.
  const std::optional<AnyArray>& target() const { return target_; }

 private:
  // An array, or a number in `element`.
  struct Name {
    AnyArray array;
    kernels::expression::Source source;
    alignas(16) std::byte element[16] = {};
  };
  static void set_array(Name& name, const AnyArray& array);
  static void set_number(Name& name, const Value& value);
  Name* find(std::string_view name) const;
  Name& add(const std::string& name);
  void check_passing(const kernels::expression::Statement& statement) const;
  void find_target(const kernels::expression::Statement& statement);
  AnyArray array_there(const std::string& name) const;
  void attach_if_there(const std::string& name);
  void attach(const kernels::expression::Syntax::Name& free);

  std::string_view text_;
  Place place_;
  std::vector<std::unique_ptr<Name>> names_;
  std::vector<kernels::expression::Source> sources_;
  std::optional<AnyArray> target_;
};

}  // namespace furrow::engine
