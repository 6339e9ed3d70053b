// furrow/kernels/finance/entries.hpp
//
// The formulas as each SIMD target has them: packed numbers in, packed numbers out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include <furrow/kernels/dispatch.hpp>
#include <furrow/kernels/finance/black_scholes.hpp>
#include <furrow/kernels/finance/models.hpp>

namespace furrow::kernels::finance {

inline constexpr std::size_t columns_max = 10;

/// One run of a formula. Column k of option i is at in[k][i * stride[k]]; stride is 0 or 1.
struct FormulaCall {
  double* out;
  std::size_t count;
  const double* in[columns_max];
  std::size_t stride[columns_max];
  int choice;  // which of the formula's variants
  int sign;    // 1 call, -1 put
};
using Formula = void (*)(const FormulaCall& call) noexcept;

struct LognormalTable {
  Formula black_scholes[11];  // by Greek
  Formula implied_volatility;
  Formula margrabe;
  double (*geometric_basket)(const GeometricBasket& option) noexcept;
};
struct PathTable {
  Formula geometric_asian;
  Formula barrier;
  Formula lookback;
};
struct ModelTable {
  Formula merton_jump;
  Formula cir[3];  // by ShortRateValue
  Formula vasicek[3];
};
struct HestonTable {
  HestonPrice (*price)(const Heston& option) noexcept;
};

const LognormalTable* resolve_lognormal(std::size_t slot) noexcept;
const PathTable* resolve_path(std::size_t slot) noexcept;
const ModelTable* resolve_model(std::size_t slot) noexcept;
const HestonTable* resolve_heston(std::size_t slot) noexcept;

/// The columns of a call, numbers spread by a stride of 0.
inline void run_formula(Formula formula, std::span<double> out,
                        std::initializer_list<const Column*> columns, int choice,
                        int sign) noexcept {
  FormulaCall call{out.data(), out.size(), {}, {}, choice, sign};
  double values[columns_max];
  std::size_t k = 0;
  for (const Column* column : columns) {
    values[k] = column->value();
    call.in[k] = column->values() != nullptr ? column->values() : &values[k];
    call.stride[k] = column->values() != nullptr ? 1 : 0;
    ++k;
  }
  formula(call);
}

}  // namespace furrow::kernels::finance
