// furrow/io/hdf5/handle.hpp
//
// HDF5's identifiers as owners, and its error stack as one exception.
//
// Handles  closed with the object, in any order; never cross a fork (a worker opens its own)
// Errors   every call of the C library goes through check(), which throws what fail() makes of it
// Stderr   QuietErrors keeps the library from printing, in this thread and as long as it lives
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <string>
#include <utility>

namespace furrow::hdf5 {

template <herr_t (*Close)(hid_t)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) noexcept : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      close();
      id_ = std::exchange(other.id_, H5I_INVALID_HID);
    }
    return *this;
  }
  ~Handle() { close(); }

  hid_t get() const noexcept { return id_; }
  bool valid() const noexcept { return id_ >= 0; }
  /// False when the library could not: a file that does not take its last bytes, for one.
  bool close() noexcept {
    const hid_t id = std::exchange(id_, H5I_INVALID_HID);
    return id < 0 || Close(id) >= 0;
  }
  hid_t release() noexcept { return std::exchange(id_, H5I_INVALID_HID); }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

using File = Handle<H5Fclose>;
using Object = Handle<H5Oclose>;
using Dataset = Handle<H5Dclose>;
using AttributeHandle = Handle<H5Aclose>;
using Space = Handle<H5Sclose>;
using Type = Handle<H5Tclose>;
using Properties = Handle<H5Pclose>;

/// Turns off the library's printing of errors, and puts back what was there.
class QuietErrors {
 public:
  QuietErrors() noexcept {
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~QuietErrors() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// Throws "<asked>: <the library's own reason>": Corrupt for files that are no HDF5 or cut short,
/// InUse for locked ones, OutOfSpace, PermissionDenied, else IoError. Must follow the failed call
/// at once, for the next one clears its reason.
[[noreturn]] void fail(const std::string& asked);

inline void check(herr_t result, const std::string& asked) {
  if (result < 0) fail(asked);
}

/// The identifier as an owner; `H` is one of the above.
template <class H>
H own(hid_t id, const std::string& asked) {
  if (id < 0) fail(asked);
  return H(id);
}

}  // namespace furrow::hdf5
