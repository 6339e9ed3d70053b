// furrow/os/win32/system.hpp
//
// What the files of this folder share: <windows.h> without its macros, errors, handles, paths.
//
// Handles  a Descriptor's int is the HANDLE itself: Windows keeps handles to 32 significant bits
//          (Microsoft, "Interprocess Communication Between 32-bit and 64-bit Applications"), and
//          INVALID_HANDLE_VALUE is -1
// Errors   the codes that callers tell apart become the std::errc of the same meaning, as on POSIX
// Paths    UTF-8 outside; inside absolute and with "\\?\" in front, which lifts the limit of 260
//          characters and keeps names like "a." as they are
#pragma once

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace furrow::os::win32 {

inline HANDLE handle_of(int descriptor) noexcept {
  return reinterpret_cast<HANDLE>(static_cast<std::intptr_t>(descriptor));
}

inline int descriptor_of(HANDLE handle) noexcept {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(handle));
}

std::error_code error_from(DWORD code) noexcept;
inline std::error_code last_error() noexcept { return error_from(::GetLastError()); }

std::wstring wide(std::string_view text);
std::string narrow(std::wstring_view text);
std::wstring system_path(const std::string& path);

/// A byte offset, for LockFileEx and for ReadFile at a place.
inline OVERLAPPED at_offset(std::uint64_t offset) noexcept {
  OVERLAPPED result{};
  result.Offset = static_cast<DWORD>(offset);
  result.OffsetHigh = static_cast<DWORD>(offset >> 32);
  return result;
}

}  // namespace furrow::os::win32
