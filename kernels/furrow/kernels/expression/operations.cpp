// furrow/kernels/expression/operations.cpp
#include <furrow/kernels/expression/operations.hpp>

#include <algorithm>
#include <array>
#include <iterator>

#include <furrow/kernels/expression/composed.hpp>

namespace furrow::kernels::expression {
namespace {

using Synonyms = std::array<std::string_view, 3>;
constexpr Synonyms synonyms[] = {
    {"asin", "arcsin"},
    {"acos", "arccos"},
    {"atan", "arctan"},
    {"asinh", "arcsinh"},
    {"acosh", "arccosh"},
    {"atanh", "arctanh"},
    {"atan2", "arctan2"},
    {"abs", "absolute", "fabs"},
    {"pow", "power"},
    {"remainder", "mod"},
    {"divide", "true_divide"},
    {"negative", "negate"},
    {"conjugate", "conj"},
    {"invert", "bitwise_not", "bitwise_invert"},
    {"prod", "product"},
    {"left_shift", "bitwise_left_shift"},
    {"rint", "round", "around"},
    {"right_shift", "bitwise_right_shift"},
    {"count_nonzero", "count"},
    {"tgamma", "gamma"},
    {"lgamma", "gammaln"},
    {"trunc", "fix"},
    {"min", "amin"},
    {"max", "amax"},
    {"ndtr", "normal_cdf", "norm.cdf"},
    {"ndtri", "normal_quantile", "norm.ppf"},
};

// Names that the compiler takes apart itself (build.cpp) and that need no kernel of their own.
constexpr std::string_view built_in[] = {"where",      "clip", "positive", "square",
                                         "reciprocal", "mean", "var",      "std",
                                         "any",        "all",  "norm"};

// Kernels that may take the bytes of a bool, 0 and 1, as u8.
constexpr std::string_view on_bool_bytes[] = {
    "equal",   "not_equal", "less",        "less_equal", "greater",    "greater_equal",
    "maximum", "minimum",   "bitwise_and", "bitwise_or", "bitwise_xor"};

// Functions that NumPy computes in floating point whatever they are given.
constexpr std::string_view floats_only[] = {"floor", "ceil", "trunc", "rint"};

// Functions whose operands NumPy promotes together first. The others take the first loop that each
// operand goes to on its own: u16 + 70000 is u32, and u16 ^ 70000 is i32.
constexpr std::string_view uniform[] = {
    "add",  "subtract", "multiply", "maximum",    "minimum", "fmax",          "fmin",
    "sign", "less",     "greater",  "less_equal", "equal",   "greater_equal", "not_equal"};

template <std::size_t N>
bool holds(const std::string_view (&list)[N], std::string_view name) noexcept {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

bool is_named(const Synonyms& group, std::string_view name) noexcept {
  return !name.empty() && std::find(group.begin(), group.end(), name) != group.end();
}

// One loop that a kernel offers: a variant as it is, or on the bytes of bools, or through f32.
struct Loop {
  const Variant* variant;
  Dtype from;  // none, or the variant's dtype that is replaced …
  Dtype to;    // … by this one
  Dtype see(Dtype dtype) const noexcept {
    return from != Dtype::none && dtype == from ? to : dtype;
  }
};

class Search {
 public:
  Search(const Kernel& kernel, std::span<const Operand> operands)
      : kernel_(kernel), operands_(operands), by_value_(scalars_by_value(operands)) {}

  std::optional<Loop> best() {
    for (const Variant& variant : kernel_.variants) {
      consider({&variant, Dtype::none, Dtype::none});
      if (all_are(variant, Dtype::f32)) consider({&variant, Dtype::f32, Dtype::f16});
      if (all_are(variant, Dtype::u8) && holds(on_bool_bytes, kernel_.name)) {
        consider({&variant, Dtype::u8, Dtype::bool_});
      }
    }
    return best_;
  }

 private:
  bool all_are(const Variant& variant, Dtype dtype) const noexcept {
    return kernel_.input_count > 0 && std::all_of(variant.in, variant.in + kernel_.input_count,
                                                  [&](Dtype each) { return each == dtype; });
  }

  bool takes(const Loop& loop) const noexcept {
    for (std::size_t k = 0; k < operands_.size(); ++k) {
      const Dtype dtype = loop.see(loop.variant->in[k]);
      if (!can_cast_safely(operands_[k], dtype, by_value_)) return false;
      if (rank_of(dtype) < rank_of(Dtype::f16) && holds(floats_only, kernel_.name)) return false;
    }
    return true;
  }

  // Earlier in NumPy's order; a loop of the kernel's own before one that is made up.
  bool before(const Loop& a, const Loop& b) const noexcept {
    for (std::size_t k = 0; k < kernel_.input_count; ++k) {
      const std::size_t left = rank_of(a.see(a.variant->in[k]));
      const std::size_t right = rank_of(b.see(b.variant->in[k]));
      if (left != right) return left < right;
    }
    return a.from == Dtype::none && b.from != Dtype::none;
  }

  void consider(const Loop& loop) {
    if (takes(loop) && (!best_ || before(loop, *best_))) best_ = loop;
  }

  const Kernel& kernel_;
  std::span<const Operand> operands_;
  bool by_value_;
  std::optional<Loop> best_;
};

}  // namespace

std::string_view bare_name(std::string_view name) noexcept {
  for (const std::string_view module :
       {"np.", "numpy.", "scipy.special.", "special.", "scipy.stats."}) {
    if (name.substr(0, module.size()) == module) return name.substr(module.size());
  }
  return name;
}

const Kernel* find_function(std::string_view name) noexcept {
  if (const Kernel* kernel = find(name)) return kernel;
  for (const Synonyms& group : synonyms) {
    if (!is_named(group, name)) continue;
    for (const std::string_view other : group) {
      const Kernel* kernel = other.empty() ? nullptr : find(other);
      if (kernel != nullptr) return kernel;
    }
  }
  return nullptr;
}

bool is_synonym(std::string_view a, std::string_view b) noexcept {
  if (a == b) return true;
  return std::any_of(std::begin(synonyms), std::end(synonyms), [&](const Synonyms& group) {
    return is_named(group, a) && is_named(group, b);
  });
}

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const Kernel& kernel : all()) names.emplace_back(kernel.name);
  for (const Synonyms& group : synonyms) {
    if (find_function(group[0]) == nullptr) continue;
    for (const std::string_view name : group) {
      if (!name.empty()) names.emplace_back(name);
    }
  }
  names.insert(names.end(), std::begin(built_in), std::end(built_in));
  for (const Composed& function : composed_functions()) {
    names.emplace_back(function.name);
    if (!function.other.empty()) names.emplace_back(function.other);
  }
  return names;
}

std::optional<Resolution> resolve(const Kernel& kernel, std::span<const Operand> operands) {
  if (operands.size() != kernel.input_count) return std::nullopt;
  Operand promoted[inputs_max] = {};
  if (holds(uniform, kernel.name)) {
    std::fill_n(promoted, operands.size(), Operand{result_type(operands)});
    operands = std::span(promoted, operands.size());
  }
  const std::optional<Loop> loop = Search(kernel, operands).best();
  if (!loop) return std::nullopt;
  Resolution resolution;
  resolution.variant = loop->variant;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    resolution.operand[k] = loop->see(loop->variant->in[k]);
  }
  resolution.in_f32 = loop->to == Dtype::f16;
  resolution.result = loop->see(loop->variant->out);
  return resolution;
}

}  // namespace furrow::kernels::expression
