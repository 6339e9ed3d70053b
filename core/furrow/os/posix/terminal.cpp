#include <furrow/os/terminal.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

namespace furrow::os {

bool is_terminal(Stream stream) noexcept { return ::isatty(static_cast<int>(stream)) == 1; }

TerminalSize terminal_size(Stream stream) noexcept {
  winsize size{};
  TerminalSize result;
  if (::ioctl(static_cast<int>(stream), TIOCGWINSZ, &size) != 0) return result;
  if (size.ws_col > 0) result.columns = size.ws_col;
  if (size.ws_row > 0) result.rows = size.ws_row;
  return result;
}

}  // namespace furrow::os
