// furrow/kernels/random/descriptors.hpp
//
// The registry's view of the family.
#pragma once

#include <span>

#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

std::span<const Kernel> random_kernels() noexcept;

}  // namespace furrow::kernels
