#include <furrow/os/win32/system.hpp>

namespace furrow::os::win32 {
namespace {

struct Meaning {
  DWORD code;
  std::errc meaning;
};

constexpr Meaning meanings[] = {
    {ERROR_FILE_NOT_FOUND, std::errc::no_such_file_or_directory},
    {ERROR_PATH_NOT_FOUND, std::errc::no_such_file_or_directory},
    {ERROR_INVALID_NAME, std::errc::no_such_file_or_directory},
    {ERROR_BAD_NETPATH, std::errc::no_such_file_or_directory},
    {ERROR_DIRECTORY, std::errc::not_a_directory},
    {ERROR_FILE_EXISTS, std::errc::file_exists},
    {ERROR_ALREADY_EXISTS, std::errc::file_exists},
    {ERROR_ACCESS_DENIED, std::errc::permission_denied},
    {ERROR_SHARING_VIOLATION, std::errc::permission_denied},
    {ERROR_USER_MAPPED_FILE, std::errc::permission_denied},
    {ERROR_WRITE_PROTECT, std::errc::read_only_file_system},
    {ERROR_DISK_FULL, std::errc::no_space_on_device},
    {ERROR_HANDLE_DISK_FULL, std::errc::no_space_on_device},
    {ERROR_FILE_TOO_LARGE, std::errc::file_too_large},
    {ERROR_NOT_ENOUGH_MEMORY, std::errc::not_enough_memory},
    {ERROR_OUTOFMEMORY, std::errc::not_enough_memory},
    {ERROR_COMMITMENT_LIMIT, std::errc::not_enough_memory},
    {ERROR_TOO_MANY_OPEN_FILES, std::errc::too_many_files_open},
    {ERROR_INVALID_HANDLE, std::errc::bad_file_descriptor},
    {ERROR_INVALID_PARAMETER, std::errc::invalid_argument},
    {ERROR_INVALID_ADDRESS, std::errc::invalid_argument},
    {ERROR_NOT_SUPPORTED, std::errc::operation_not_supported},
};

}  // namespace

std::error_code error_from(DWORD code) noexcept {
  for (const Meaning& known : meanings)
    if (known.code == code) return std::make_error_code(known.meaning);
  return {static_cast<int>(code), std::system_category()};
}

std::wstring wide(std::string_view text) {
  const int bytes = static_cast<int>(text.size());
  std::wstring result(
      static_cast<std::size_t>(::MultiByteToWideChar(CP_UTF8, 0, text.data(), bytes, nullptr, 0)),
      L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, text.data(), bytes, result.data(),
                        static_cast<int>(result.size()));
  return result;
}

std::string narrow(std::wstring_view text) {
  const int units = static_cast<int>(text.size());
  std::string result(static_cast<std::size_t>(::WideCharToMultiByte(CP_UTF8, 0, text.data(), units,
                                                                    nullptr, 0, nullptr, nullptr)),
                     '\0');
  ::WideCharToMultiByte(CP_UTF8, 0, text.data(), units, result.data(),
                        static_cast<int>(result.size()), nullptr, nullptr);
  return result;
}

std::wstring system_path(const std::string& path) {
  const std::wstring given = wide(path);
  // Only the folder is made absolute by the system, which would also cut trailing dots off a name.
  const std::size_t slash = given.find_last_of(L"/\\");
  const std::wstring name = slash == std::wstring::npos ? given : given.substr(slash + 1);
  const std::wstring folder = slash == std::wstring::npos ? L"." : given.substr(0, slash + 1);
  std::wstring full(::GetFullPathNameW(folder.c_str(), 0, nullptr, nullptr), L'\0');
  full.resize(
      ::GetFullPathNameW(folder.c_str(), static_cast<DWORD>(full.size()), full.data(), nullptr));
  if (!full.empty() && full.back() != L'\\') full += L'\\';
  if (full.compare(0, 4, L"\\\\?\\") != 0 && full.compare(0, 4, L"\\\\.\\") != 0)
    full.insert(0, full.compare(0, 2, L"\\\\") == 0 ? L"\\\\?\\UNC" : L"\\\\?\\");
  if (full.compare(0, 8, L"\\\\?\\UNC\\") == 0 && full.compare(8, 1, L"\\") == 0) full.erase(8, 1);
  return full + name;
}

}  // namespace furrow::os::win32
