// furrow/io/hdf5/convert.hpp
//
// Elements of one dtype that become another's on their way from a file into an array.
//
// Rule     the kernel "cast", but no complex number loses its imaginary part. bfloat16, which is no
//          dtype, becomes f32 first, exactly
// Speed    SIMD, in pieces that stay in the cache; HDF5's own conversion of f16 and bfloat16 takes
//          each element apart
#pragma once

#include <cstddef>
#include <span>

#include <furrow/array/shape.hpp>
#include <furrow/io/hdf5/selection.hpp>
#include <furrow/kernels/dtype.hpp>

namespace furrow::hdf5 {

/// Trivially copyable: a closure takes it along.
struct Conversion {
  Dtype from = Dtype::none;  // of the elements as they are read
  Dtype to = Dtype::none;
  bool bfloat16 = false;  // `from` is u16, and stands for these

  bool needed() const noexcept { return from != to || bfloat16; }
  bool possible() const noexcept;
};

/// What is wanted of a cell, side by side in `elements`, to its place in the result, whose element
/// 0 is at `to`. REQUIRES: conversion.possible().
void convert_cell(const Conversion& conversion, const Cell& cell,
                  std::span<const std::byte> elements, std::byte* to, const Strides& strides);

}  // namespace furrow::hdf5
