// furrow/kernels/finance/descriptors.hpp
//
// The registry's view of the family: the formulas that fit three arrays and four parameters.
#pragma once

#include <span>

#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

std::span<const Kernel> finance_kernels() noexcept;  // black_scholes_call, black_scholes_put

}  // namespace furrow::kernels
