// furrow/kernels/elementwise/descriptors.hpp
//
// The registry's view of the family.
#pragma once

#include <span>

#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

std::span<const Kernel> elementwise_kernels() noexcept;
std::span<const Kernel> exponential_kernels() noexcept;
std::span<const Kernel> integer_kernels() noexcept;  // division with remainder, rounding, bits
std::span<const Kernel> compare_kernels() noexcept;
std::span<const Kernel> select_kernels() noexcept;
std::span<const Kernel> trigonometric_kernels() noexcept;
std::span<const Kernel> special_kernels() noexcept;
std::span<const Kernel> cast_kernels() noexcept;  // copy and cast

}  // namespace furrow::kernels
