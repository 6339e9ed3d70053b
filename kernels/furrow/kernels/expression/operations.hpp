// furrow/kernels/expression/operations.hpp
//
// From a function's name and its operands' dtypes to a variant of a registered kernel, as NumPy
// finds the loop of a ufunc: the first one, in the order of dtypes, that every operand goes to
// safely. All functions come from the registry; a kernel that is added there is found here.
//
// f16     where a kernel has no f16, it is computed in f32 and rounded: what NumPy does, too
// bool    where a kernel has no bool, comparisons, min, max and bits take its bytes as u8
// Names   NumPy's, also as np.sqrt; synonyms (arcsin and asin, power and pow, …) are one
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/kernels/expression/promotion.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::expression {

/// Without a leading "np." or "numpy.".
std::string_view bare_name(std::string_view name) noexcept;

/// The kernel of that name or of a synonym; null when there is none.
const Kernel* find_function(std::string_view name) noexcept;

/// True when both name the same function.
bool is_synonym(std::string_view a, std::string_view b) noexcept;

/// Every name that an expression may call, for "did you mean".
std::vector<std::string> function_names();

struct Resolution {
  const Variant* variant = nullptr;
  Dtype operand[inputs_max] = {};  // what each operand is converted to
  bool in_f32 = false;             // f16 operands, which go on to f32, and the result comes back
  Dtype result = Dtype::none;
};

/// Empty when no variant takes the operands.
std::optional<Resolution> resolve(const Kernel& kernel, std::span<const Operand> operands);

}  // namespace furrow::kernels::expression
