// Every file is opened so that others may read, write, rename and delete it meanwhile, as on POSIX.
// What differs: permission bits other than "writable by nobody" have no meaning here (the folder's
// access list decides), files without names do not exist, and a file that is mapped somewhere
// cannot be deleted, only renamed.
#include <furrow/os/file.hpp>

#include <furrow/os/fault.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/win32/system.hpp>

#include <algorithm>
#include <limits>

namespace furrow::os {
namespace {

using win32::handle_of;
using win32::last_error;
using win32::system_path;

constexpr DWORD share_all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

Descriptor open(const std::wstring& path, DWORD access, DWORD disposition, DWORD flags,
                std::error_code& error) {
  const HANDLE handle =
      ::CreateFileW(path.c_str(), access, share_all, nullptr, disposition, flags, nullptr);
  error = handle == INVALID_HANDLE_VALUE ? last_error() : std::error_code();
  return Descriptor(win32::descriptor_of(handle));
}

constexpr DWORD look_flags = FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS;

}  // namespace

void Descriptor::close() noexcept {
  if (fd_ >= 0) ::CloseHandle(handle_of(std::exchange(fd_, -1)));
}

std::string default_segment_directory() {
  const DWORD size = ::GetEnvironmentVariableW(L"LOCALAPPDATA", nullptr, 0);
  std::wstring folder(size, L'\0');
  folder.resize(::GetEnvironmentVariableW(L"LOCALAPPDATA", folder.data(), size));
  std::string path = folder.empty() ? std::string("./furrow") : win32::narrow(folder) + "/furrow";
  ::CreateDirectoryW(system_path(path).c_str(), nullptr);  // what is wrong shows at the first use
  return path;
}

Descriptor open_file(const std::string& path, OpenMode mode, std::error_code& error) {
  const DWORD access =
      mode == OpenMode::read_only ? GENERIC_READ : DWORD{GENERIC_READ} | GENERIC_WRITE;
  Descriptor file = open(system_path(path), access, OPEN_EXISTING, look_flags, error);
  if (error) return file;
  BY_HANDLE_FILE_INFORMATION info{};
  ::GetFileInformationByHandle(handle_of(file.get()), &info);
  if ((info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
    error = std::make_error_code(std::errc::too_many_symbolic_link_levels);
    file.close();
  }
  return file;
}

Descriptor create_unnamed(const std::string&, unsigned, std::error_code& error) {
  error = std::make_error_code(std::errc::operation_not_supported);
  return {};
}

Descriptor create_new(const std::string& path, unsigned mode, std::error_code& error) {
  const DWORD flags = (mode & 0222) == 0 ? FILE_ATTRIBUTE_READONLY : FILE_ATTRIBUTE_NORMAL;
  return open(system_path(path), DWORD{GENERIC_READ} | GENERIC_WRITE, CREATE_NEW, flags, error);
}

std::error_code publish_unnamed(const Descriptor&, const std::string&) {
  return std::make_error_code(std::errc::operation_not_supported);
}

std::error_code publish_renamed(const std::string& from, const std::string& to) {
  if (::MoveFileExW(system_path(from).c_str(), system_path(to).c_str(), 0) != 0) return {};
  return last_error();
}

std::error_code remove_file(const std::string& path) {
  // First out of the way, so that the name is free at once, whoever still has the file open.
  const std::wstring name = system_path(path);
  const std::wstring aside = name + win32::wide(removed_mark) + std::to_wstring(random_bits());
  const DWORD attributes = ::GetFileAttributesW(name.c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES) return last_error();
  if ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
    return std::make_error_code(std::errc::is_a_directory);
  if (::MoveFileExW(name.c_str(), aside.c_str(), 0) == 0) return last_error();
  // A read-only file cannot be deleted before it is none.
  if ((attributes & FILE_ATTRIBUTE_READONLY) != 0)
    ::SetFileAttributesW(aside.c_str(), attributes & ~DWORD{FILE_ATTRIBUTE_READONLY});
  // Goes with its last handle; one that is mapped stays, for a sweep to take.
  ::DeleteFileW(aside.c_str());
  return {};
}

std::error_code reserve(const Descriptor& file, std::uint64_t bytes) {
  if (fault_point("os.reserve")) return std::make_error_code(std::errc::no_space_on_device);
  if (bytes > static_cast<std::uint64_t>(INT64_MAX))
    return std::make_error_code(std::errc::file_too_large);
  // NTFS takes the clusters for every file that is not sparse when its end is set.
  FILE_END_OF_FILE_INFO end{};
  end.EndOfFile.QuadPart = static_cast<LONGLONG>(bytes);
  const BOOL done =
      ::SetFileInformationByHandle(handle_of(file.get()), FileEndOfFileInfo, &end, sizeof end);
  return done != 0 ? std::error_code() : last_error();
}

std::error_code reserve_part(const Descriptor& file, std::uint64_t bytes, std::uint64_t,
                             std::uint64_t) {
  return reserve(file, bytes);
}

void release_part(const Descriptor& /*file*/, std::uint64_t /*begin*/,
                  std::uint64_t /*end*/) noexcept {}

std::size_t read_at(const Descriptor& file, std::uint64_t offset, void* buffer, std::size_t bytes,
                    std::error_code& error) {
  constexpr std::size_t step_bytes_max = std::size_t{1} << 30;
  error.clear();
  std::size_t done = 0;
  while (done < bytes) {
    OVERLAPPED place = win32::at_offset(offset + done);
    DWORD got = 0;
    const BOOL read =
        ::ReadFile(handle_of(file.get()), static_cast<char*>(buffer) + done,
                   static_cast<DWORD>(std::min(bytes - done, step_bytes_max)), &got, &place);
    if (read == 0 && ::GetLastError() != ERROR_HANDLE_EOF) error = last_error();
    if (read == 0 || got == 0) break;
    done += got;
  }
  return done;
}

std::error_code write_at(const Descriptor& file, std::uint64_t offset, const void* content,
                         std::size_t bytes) {
  constexpr std::size_t step_bytes_max = std::size_t{1} << 30;
  for (std::size_t done = 0; done < bytes;) {
    OVERLAPPED place = win32::at_offset(offset + done);
    DWORD put = 0;
    if (::WriteFile(handle_of(file.get()), static_cast<const char*>(content) + done,
                    static_cast<DWORD>(std::min(bytes - done, step_bytes_max)), &put,
                    &place) == 0) {
      return last_error();
    }
    done += put;
  }
  return {};
}

std::uint64_t file_size_limit() noexcept { return std::numeric_limits<std::uint64_t>::max(); }

FileStatus status_of(const Descriptor& file, std::error_code& error) {
  BY_HANDLE_FILE_INFORMATION info{};
  FILE_STANDARD_INFO standard{};
  const HANDLE handle = handle_of(file.get());
  const bool known =
      ::GetFileInformationByHandle(handle, &info) != 0 &&
      ::GetFileInformationByHandleEx(handle, FileStandardInfo, &standard, sizeof standard) != 0;
  error = known ? std::error_code() : last_error();
  if (!known) return {};
  constexpr DWORD irregular =
      FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT | FILE_ATTRIBUTE_DEVICE;
  FileStatus status;
  // The index alone tells the files of one folder apart; the volume stays 0, because Wine forgets
  // it for a handle whose file was renamed.
  status.inode = std::uint64_t{info.nFileIndexHigh} << 32 | info.nFileIndexLow;
  status.bytes = std::uint64_t{info.nFileSizeHigh} << 32 | info.nFileSizeLow;
  status.links = standard.DeletePending != 0 ? 0 : info.nNumberOfLinks;
  status.regular = (info.dwFileAttributes & irregular) == 0;
  return status;
}

FileStatus status_of(const std::string& path, std::error_code& error) {
  const Descriptor file =
      open(system_path(path), FILE_READ_ATTRIBUTES, OPEN_EXISTING, look_flags, error);
  return error ? FileStatus{} : status_of(file, error);
}

FileSystem file_system_of(const std::string& directory, std::error_code& error) {
  ULARGE_INTEGER available{};
  const bool known = ::GetDiskFreeSpaceExW(system_path(directory + "/").c_str(), &available,
                                           nullptr, nullptr) != 0;
  error = known ? std::error_code() : last_error();
  if (!known) return {};
  return {available.QuadPart, 4096, false, false};
}

std::vector<std::string> list_directory(const std::string& path, std::error_code& error) {
  std::vector<std::string> names;
  error.clear();
  WIN32_FIND_DATAW entry{};
  const HANDLE search = ::FindFirstFileW((system_path(path + "/") + L"*").c_str(), &entry);
  if (search == INVALID_HANDLE_VALUE) {
    error = last_error();
    return names;
  }
  do {
    const std::string name = win32::narrow(entry.cFileName);
    if (name != "." && name != "..") names.push_back(name);
  } while (::FindNextFileW(search, &entry) != 0);
  ::FindClose(search);
  return names;
}

}  // namespace furrow::os
