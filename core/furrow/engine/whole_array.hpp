// furrow/engine/whole_array.hpp
//
// Functions that users look for among kernels and in expressions, and that take whole arrays
// instead: where they are.
#pragma once

#include <string>
#include <string_view>

namespace furrow::engine {

/// `it takes a whole array: in C++ furrow::sort (furrow/compute/sort.hpp)`; empty for other names.
std::string whole_array_hint(std::string_view name);

}  // namespace furrow::engine
