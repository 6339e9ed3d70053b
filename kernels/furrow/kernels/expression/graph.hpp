// furrow/kernels/expression/graph.hpp
//
// The typed operations of an expression, each once: equal operations on equal operands are one
// vertex, and what depends on constants alone is computed while the graph is built, by the same
// kernels. Operands come before the operations that take them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <furrow/kernels/expression/form.hpp>
#include <furrow/kernels/expression/operations.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::expression {

struct Vertex {
  enum class Kind { constant, source, operation };
  Kind kind = Kind::constant;
  Dtype dtype = Dtype::none;
  Form form;
  Scalar value{};          // of a constant
  std::size_t source = 0;  // which of the sources
  const Kernel* kernel = nullptr;
  const Variant* variant = nullptr;
  std::size_t operands[inputs_max] = {};
  Scalar parameters[parameters_max] = {};

  bool is_constant() const noexcept { return kind == Kind::constant; }
  Operand as_operand() const noexcept { return {dtype, is_constant() ? &value : nullptr}; }
};

/// An element as a constant's value, and back.
Scalar load_element(Dtype dtype, const void* element) noexcept;
void store_element(Dtype dtype, const Scalar& value, void* element) noexcept;

class Graph {
 public:
  using Id = std::size_t;

  const Vertex& operator[](Id id) const noexcept { return vertices_[id]; }
  std::size_t size() const noexcept { return vertices_.size(); }

  Id constant(Dtype dtype, const Scalar& value);
  Id source(std::size_t index, Dtype dtype, const Form& form);
  /// The value in another dtype; of complex numbers the real part, or whether they are not 0.
  Id cast(Id value, Dtype to);
  /// A variant on operands that are of its dtypes already (or bool for u8). `form` is theirs,
  /// broadcast. `dtype` is that of the result, where it is not the variant's (bool for u8).
  Id operation(const Kernel& kernel, const Variant& variant, std::span<const Id> operands,
               const Form& form, Dtype dtype = Dtype::none,
               std::span<const Scalar> parameters = {});
  /// A resolved call: operands are converted, and f16 goes through f32.
  Id apply(const Kernel& kernel, const Resolution& resolution, std::span<const Id> operands,
           const Form& form);

 private:
  Id add(const Vertex& vertex);
  Id fold(const Vertex& operation);
  bool with_constant(const Kernel& kernel, const Vertex& operation, Id& result);

  std::vector<Vertex> vertices_;
};

}  // namespace furrow::kernels::expression
