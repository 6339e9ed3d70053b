// furrow/io/npy/header.hpp
//
// The first bytes of a .npy file, read strictly and written as NumPy writes them.
//
//   "\x93NUMPY" major minor | length: u16 (1.0) or u32 (2.0, 3.0), little-endian | a Python literal
//
// Literal  {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), } and blanks up to the length,
//          the last byte a newline; keys in any order, each once, and no others
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <furrow/io/npy.hpp>

namespace furrow::npy {

inline constexpr std::size_t preamble_bytes_max = 12;
inline constexpr std::size_t literal_bytes_max = std::size_t{64} << 10;

struct Preamble {
  int version;
  std::size_t literal_at;
  std::size_t literal_bytes;
};

/// `first`: up to preamble_bytes_max of the file. Throws Corrupt; `name` is for messages.
Preamble read_preamble(std::span<const std::byte> first, const std::string& name);

/// Throws Corrupt, TypeMismatch, ShapeMismatch.
Header read_literal(const std::string& literal, const Preamble& preamble, const std::string& name);

/// All bytes before the elements, in C order and version 1.0.
std::string make_header(Dtype dtype, const Shape& shape);

}  // namespace furrow::npy
