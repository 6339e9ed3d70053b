// furrow/os/terminal.hpp
//
// Whether a person looks at the output, and how much fits into a line and onto the screen.
#pragma once

namespace furrow::os {

enum class Stream { output = 1, error = 2 };

/// True when the stream goes to a terminal, not into a file or a pipe.
bool is_terminal(Stream stream) noexcept;

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

/// 80 by 24 where it cannot be told.
TerminalSize terminal_size(Stream stream) noexcept;

}  // namespace furrow::os
