// furrow/kernels/reduce/descriptors.hpp
//
// The registry's view of the family.
#pragma once

#include <span>

#include <furrow/kernels/registry.hpp>

namespace furrow::kernels {

std::span<const Kernel> reduce_kernels() noexcept;

}  // namespace furrow::kernels
