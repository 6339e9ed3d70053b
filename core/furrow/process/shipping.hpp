// furrow/process/shipping.hpp
//
// Callables on their way to another process that runs the same program: functions by build id and
// offset (os/module.hpp), closures by their bytes.
//
// Closure  its captures are trivially copyable and at most 4 KiB: numbers, pointers into memory
//          that lies at the same address there, views. A pointer to a function among them means
//          nothing in a program that was executed anew.
// Errors   NotFound: the code is not in this program. Error: the program has no build id.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <type_traits>
#include <vector>

#include <furrow/os/module.hpp>
#include <furrow/process/parcel.hpp>

namespace furrow::process {

/// What a program that was executed calls with what was packed; calls `taken` once it has it.
using Entry = void (*)(Unpacker& in, const std::function<void()>& taken);
using AnyCode = void (*)();

inline constexpr std::size_t shipped_bytes_max = 4096;

template <class F>
inline constexpr bool is_function_pointer =
    std::is_pointer_v<F>&& std::is_function_v<std::remove_pointer_t<F>>;

template <class F>
inline constexpr bool ships = is_function_pointer<F> ||
                              (std::is_class_v<F> && std::is_trivially_copyable_v<F> &&
                               sizeof(F) <= shipped_bytes_max);

/// The name of code at an address, remembered: looking into modules takes microseconds. Throws
/// Error where it has none.
os::CodeName name_of_code(const void* address);
/// The code at its destination, remembered. Throws NotFound.
void* code_of_name(const os::CodeName& name);

void ship_code(AnyCode code, std::vector<std::byte>& bytes);
AnyCode find_shipped_code(Unpacker& in);

template <class F>
std::string why_not_shipped() {
  if (!std::is_class_v<F>) return "a pointer to a member is no callable that travels; use a lambda";
  if (sizeof(F) > shipped_bytes_max) return "its captures take more than 4 KiB";
  return "its captures are not trivially copyable (give such values as arguments)";
}

template <class F>
void ship(const F& f, std::vector<std::byte>& bytes) {
  if constexpr (is_function_pointer<F>) {
    ship_code(reinterpret_cast<AnyCode>(f), bytes);
  } else {
    append_bytes(&f, sizeof(F), bytes);
  }
}

/// A callable at its destination.
template <class F>
class Shipped {
 public:
  explicit Shipped(Unpacker& in) {
    if constexpr (is_function_pointer<F>) {
      const F f = reinterpret_cast<F>(find_shipped_code(in));
      std::memcpy(bytes_, &f, sizeof f);
    } else {
      std::memcpy(bytes_, in.take_bytes(sizeof(F)).data(), sizeof(F));
    }
  }
  Shipped(const Shipped&) = delete;
  Shipped& operator=(const Shipped&) = delete;
  F& get() noexcept { return *std::launder(reinterpret_cast<F*>(bytes_)); }

 private:
  alignas(F) std::byte bytes_[sizeof(F)];
};

}  // namespace furrow::process
