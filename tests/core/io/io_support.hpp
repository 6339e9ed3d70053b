// tests/core/io/io_support.hpp
//
// What the tests of HDF5 files share: folders that go, contents that can be told apart, other
// programs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <furrow/array/array.hpp>
#include <furrow/kernels/dtype.hpp>

namespace furrow::test {

/// A new folder, removed with all that is in it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  /// Names in it, sorted, blank-separated.
  std::string names() const;

 private:
  std::string path_;
};

inline const Dtype all_dtypes[] = {Dtype::bool_, Dtype::i8,  Dtype::i16, Dtype::i32, Dtype::i64,
                                   Dtype::u8,    Dtype::u16, Dtype::u32, Dtype::u64, Dtype::f16,
                                   Dtype::f32,   Dtype::f64, Dtype::c64, Dtype::c128};

/// Byte j is (131 j + 7) mod 256, and its lowest bit for bool: peer.py makes the same. The floats
/// among them are NaNs with payloads, denormals, infinities and zeros of both signs, too.
std::vector<std::byte> pattern(Dtype dtype, std::int64_t size);

/// Rank 0 to 8, and two shapes without elements; peer.py has the same list.
const std::vector<Shape>& all_shapes();

/// An `owned` array with the pattern.
AnyArray pattern_array(const std::string& name, Dtype dtype, const Shape& shape);

bool holds(const AnyArray& array, const std::vector<std::byte>& bytes);

/// A dataset read in this process, without workers.
struct Content {
  Dtype dtype = Dtype::none;
  Shape shape;
  std::vector<std::byte> bytes;
  Attributes attributes;
  std::vector<std::string> skipped;
  bool chunked = false;
  bool filtered = false;
};
Content read_here(const std::string& file, const std::string& dataset);

/// What a program printed (both streams), and its exit code; 128 + n when signal n ended it.
struct Ran {
  int code = 0;
  std::string output;
};
Ran run_program(const std::string& command);
Ran run_peer(const std::string& arguments);  // peer.py
bool has_program(const std::string& name);

/// "NotFound: there is no …" of what f throws; "" when it throws nothing.
template <class F>
std::string error_of(F f);

std::string describe_error(const std::exception& error);

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const std::exception& error) {
    return describe_error(error);
  }
  return "";
}

std::vector<std::byte> file_bytes(const std::string& path);
void write_file(const std::string& path, const std::vector<std::byte>& bytes);
/// As if it had been changed that long ago; in the future: as if it were being changed now.
void set_age(const std::string& path, std::chrono::seconds age);

}  // namespace furrow::test
