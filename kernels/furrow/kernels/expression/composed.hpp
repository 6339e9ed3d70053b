// furrow/kernels/expression/composed.hpp
//
// NumPy's functions that are a few of the others: written in the language itself, and taken apart
// while compiling. They have the dtypes and the bits of what they are made of.
#pragma once

#include <span>
#include <string_view>

namespace furrow::kernels::expression {

struct Composed {
  std::string_view name;
  std::string_view other;  // another name of it; empty: none
  std::size_t inputs;
  std::string_view text;  // of the operands a and b
};

std::span<const Composed> composed_functions() noexcept;

/// Null when there is none of that name.
const Composed* find_composed(std::string_view name) noexcept;

}  // namespace furrow::kernels::expression
