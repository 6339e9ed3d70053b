// furrow/os/module.hpp
//
// Names for code that hold in every process that has loaded the same binary: the module's build
// id and the offset of the function in it. Raw function pointers do not travel (address space
// randomisation); this is how UPC++ ships lambdas between processes, too.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace furrow::os {

struct CodeName {
  std::array<std::uint8_t, 20> build_id{};  // zero-padded; of the program or shared library
  std::uint64_t offset = 0;                 // from the module's load address
};

/// The name of the code at `address`. False when it lies in no loaded module, or in one without a
/// build id (link with -Wl,--build-id; furrow::core's CMake target does).
bool name_code(const void* address, CodeName& name) noexcept;

/// The address of the named code in this process; null when no such module is loaded here.
void* find_code(const CodeName& name) noexcept;

/// Loads a shared library for the rest of the process's life. Null with the system's reason.
void* load_module(const std::string& path, std::string& reason);

/// A function that a library exports by name; null when it has none.
void* find_symbol(void* module, const char* name) noexcept;

}  // namespace furrow::os
