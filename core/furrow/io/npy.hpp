// furrow/io/npy.hpp
//
// NumPy's .npy files into named arrays and back.
//
//   auto x = furrow::npy::load<double>(engine, "x.npy", "x");
//   furrow::npy::save(engine, x, "y.npy");
//
// Load     by all workers at once, each reading its part of the file straight into the array
// Save     whole or not at all, as hdf5::save: the old file or the new one, at any instant
// Types    bool, i8 to u64, f16, f32, f64, c64, c128; both byte orders are read, little-endian is
//          written. Structures, objects, strings, dates and long doubles are TypeMismatch
// Shape    rank 0 to 8, extents may be 0. Saved in C order, whatever the array's strides: element
//          (i, j) stays element (i, j). The same bytes as np.save of NumPy 1.24
// Fortran  a file in Fortran order is refused unless the options say what to do with it
// Beyond   the elements a file may hold more, which is not looked at, as np.load does not; the
//          header says how many bytes (several arrays, saved one after the other, or no end)
// Attributes  have no place in such files
// Changed  a file that is written into while it is loaded is InUse; one that is replaced gives the
//          old array whole, or InUse
// Source   NumPy Enhancement Proposal 1; numpy.lib.format, versions 1.0, 2.0 and 3.0
// Errors   NotFound, Corrupt (no .npy, a header that makes no sense, cut short), TypeMismatch,
//          ShapeMismatch, AlreadyExists, InUse, PermissionDenied, OutOfSpace, InvalidArgument (a
//          file in Fortran order), IoError; and those of jobs
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <furrow/array/array.hpp>
#include <furrow/engine/options.hpp>

namespace furrow {

class Engine;

namespace npy {

/// What the first bytes of a file say.
struct Header {
  Dtype dtype = Dtype::none;
  bool other_byte_order = false;
  bool fortran_order = false;
  Shape shape;
  std::uint64_t data_at = 0;       // byte of the first element
  int version = 1;                 // 1, 2, 3
  std::uint64_t bytes_behind = 0;  // the file's, behind the last element
};

/// What becomes of a file in Fortran order (its first axis is the fast one) of two axes or more.
enum class Fortran {
  refuse,    // InvalidArgument, which says what else there is
  convert,   // element (i, j) stays (i, j): the bytes are rearranged
  reversed,  // the bytes stay: the array has the axes in reverse order, and its transpose() is the
             // file's
};

struct LoadOptions {
  Dtype dtype = Dtype::none;  // none: what the file holds; else TypeMismatch for any other
  std::optional<std::int64_t> begin = {};  // rows [begin, end) of the first axis; default: all
  std::optional<std::int64_t> end = {};
  Fortran fortran = Fortran::refuse;
  bool replace = false;  // an array of that name goes (InUse when it is attached)
  CreateOptions create = {};
  JobOptions job = {};
};

struct LoadReport {
  Header header;
  std::int64_t blocks = 0;
};

/// What a file holds. Throws as load does.
Header inspect(const std::string& file);

/// A new array; it gets its name when all of it is there.
AnyArray load(Engine& engine, const std::string& file, std::string_view name,
              const LoadOptions& options = {}, LoadReport* report = nullptr);

template <Element T>
Array<T> load(Engine& engine, const std::string& file, std::string_view name,
              LoadOptions options = {}, LoadReport* report = nullptr) {
  options.dtype = dtype_of<T>;
  return load(engine, file, name, options, report).template as<T>();
}

/// Into an array that exists, of the same dtype and shape; it may be a slice.
void load(Engine& engine, const std::string& file, const AnyArray& array,
          const LoadOptions& options = {}, LoadReport* report = nullptr);

struct SaveOptions {
  bool replace = false;                      // a file of that name goes; else AlreadyExists
  std::int64_t timeout_ns = 30'000'000'000;  // for another saver of the same file
  JobOptions job = {};
};
void save(Engine& engine, const AnyArray& array, const std::string& file,
          const SaveOptions& options = {});

}  // namespace npy
}  // namespace furrow
