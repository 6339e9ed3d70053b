#include <furrow/os/terminal.hpp>

#include <furrow/os/win32/system.hpp>

namespace furrow::os {
namespace {

HANDLE handle_of(Stream stream) noexcept {
  return ::GetStdHandle(stream == Stream::output ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE);
}

}  // namespace

bool is_terminal(Stream stream) noexcept {
  DWORD mode = 0;
  return ::GetConsoleMode(handle_of(stream), &mode) != 0;
}

TerminalSize terminal_size(Stream stream) noexcept {
  CONSOLE_SCREEN_BUFFER_INFO info{};
  TerminalSize result;
  if (::GetConsoleScreenBufferInfo(handle_of(stream), &info) == 0) return result;
  const int columns = info.srWindow.Right - info.srWindow.Left + 1;
  const int rows = info.srWindow.Bottom - info.srWindow.Top + 1;
  if (columns > 0) result.columns = columns;
  if (rows > 0) result.rows = rows;
  return result;
}

}  // namespace furrow::os
