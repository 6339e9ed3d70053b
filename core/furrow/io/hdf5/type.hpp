// furrow/io/hdf5/type.hpp
//
// Which HDF5 types are which dtypes.
//
//   bool         1-byte enum with the two names FALSE = 0 and TRUE = 1, as h5py writes it
//   i8 … u64     integers of 1, 2, 4, 8 bytes, either byte order
//   f16 f32 f64  IEEE 754, either byte order
//   c64 c128     compound of two f32 or f64; written with the names r and i, read with any
//
// Bits    reading converts the byte order and nothing else: NaN payloads, -0, denormals stay
// f16     read and written as it lies; HDF5's own conversion of it is sixteen times slower
// Source  h5py docs/faq.rst, "What datatypes are supported?"
#pragma once

#include <string>

#include <furrow/io/hdf5/handle.hpp>
#include <furrow/kernels/dtype.hpp>

namespace furrow::hdf5 {

/// The dtype that elements of this file type become; Dtype::none when it is not one of ours.
Dtype dtype_of_type(hid_t file_type);

/// Of 16 bits, those above of an f32, in either byte order: no dtype of ours, but read as f32.
bool is_bfloat16(hid_t file_type);

/// What H5Dread and H5Aread are asked for, so that the dtype's elements come out.
/// REQUIRES: dtype_of_type(file_type) is not Dtype::none, or is_bfloat16 and dtype is f32.
Type memory_type_of(hid_t file_type, Dtype dtype);

/// The type of elements in memory, and the little-endian one in files.
Type native_type(Dtype dtype);
Type stored_type(Dtype dtype);

/// A string of variable length, UTF-8: what Python reads as str.
Type text_type();
/// A string of fixed length, padded with NUL, for texts that contain NUL.
Type fixed_text_type(std::size_t bytes);

/// "strings of variable length", "a compound of x, y, z", "an 80-bit float": for messages.
std::string describe_type(hid_t file_type);

}  // namespace furrow::hdf5
