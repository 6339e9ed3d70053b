// furrow peek
//
// Lines    one row of the last axis each (of a rank-1 array one element); above rank 2 the slabs
//          are set apart by an empty line and a comment with their indices
// Terminal only as many rows and columns as fit, the first and the last, with … between them
// Pipe     all that was selected, block by block; a block's columns are aligned
#include <algorithm>
#include <cstddef>
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/os/interrupt.hpp>
#include <furrow/os/terminal.hpp>

namespace furrow::cli {
namespace {

constexpr std::size_t block_lines = 1024;
constexpr std::int64_t gap = -1;  // stands for what is left out

// 0 … n-1, or the first and the last of them with a gap, at most `most` in all.
std::vector<std::int64_t> positions(std::int64_t n, std::int64_t most) {
  std::vector<std::int64_t> result;
  const bool all = n <= most;
  const std::int64_t head = all ? n : (most + 1) / 2;
  for (std::int64_t i = 0; i < head; ++i) result.push_back(i);
  if (all) return result;
  result.push_back(gap);
  for (std::int64_t i = n - most / 2; i < n; ++i) result.push_back(i);
  return result;
}

class Printer {
 public:
  Printer(const AnyArray& array, std::int64_t first_row, bool whole)
      : array_(array), first_row_(first_row), whole_(whole) {
    const Shape& shape = array.shape();
    line_elements_ = shape.ndim() >= 2 ? shape[shape.ndim() - 1] : 1;
    slab_lines_ = shape.ndim() >= 3 ? shape[shape.ndim() - 2] : array.size();
    lines_ = line_elements_ == 0 ? 0 : array.size() / line_elements_;
    const os::TerminalSize terminal = os::terminal_size(os::Stream::output);
    lines_shown_ = whole ? lines_ : std::max(terminal.rows - 4, 6);
    // On a terminal a number takes about eight columns; who sees too few makes the window wider.
    columns_ =
        positions(line_elements_, whole ? line_elements_ : std::max(terminal.columns / 9, 2));
  }

  void run() {
    if (whole_) {
      for (std::int64_t line = 0; line < lines_; ++line) add(line);
    } else {
      for (const std::int64_t line : positions(lines_, lines_shown_)) add(line);
    }
    flush();
  }

 private:
  using Cells = std::vector<std::string>;

  void add(std::int64_t line) {
    if (line == gap) {
      pending_.push_back({"…"});
      return;
    }
    if (array_.ndim() >= 3 && slab_lines_ > 0 && line / slab_lines_ != slab_) {
      slab_ = line / slab_lines_;
      pending_.push_back({heading()});
    }
    Cells cells;
    for (const std::int64_t column : columns_) {
      cells.push_back(column == gap ? "…" : element(line * line_elements_ + column));
    }
    pending_.push_back(std::move(cells));
    if (pending_.size() >= block_lines) flush();
  }

  // "# [3, 1, :, :]"
  std::string heading() const {
    std::int64_t rest = slab_;
    std::string text = ":, :]";
    for (std::size_t axis = array_.ndim() - 2; axis-- > 0;) {
      const std::int64_t index = rest % array_.extent(axis) + (axis == 0 ? first_row_ : 0);
      rest /= array_.extent(axis);
      text = fmt::format("{}, {}", index, text);
    }
    return (slab_ > 0 ? "\n# [" : "# [") + text;
  }

  // The element at a position in C order.
  std::string element(std::int64_t position) const {
    std::int64_t offset = 0;
    for (std::size_t axis = array_.ndim(); axis-- > 0;) {
      offset += position % array_.extent(axis) * array_.strides()[axis];
      position /= array_.extent(axis);
    }
    const auto item = static_cast<std::int64_t>(item_bytes(array_.dtype()));
    return element_text(array_.dtype(),
                        static_cast<const std::byte*>(array_.data()) + offset * item);
  }

  void flush() {
    for (const Cells& cells : pending_) {
      if (is_row(cells)) {
        for (const std::string& cell : cells) width_ = std::max(width_, cell.size());
      }
    }
    std::string text;
    for (const Cells& cells : pending_) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const bool aligned = is_row(cells) && cells[i] != "…";
        text += i > 0 ? " " : "";
        text += aligned ? fmt::format("{:>{}}", cells[i], width_) : cells[i];
      }
      text += "\n";
    }
    pending_.clear();
    if (os::interrupted()) throw Interrupted("interrupted; nothing was changed");
    print(text);
  }

  bool is_row(const Cells& cells) const {
    return cells.size() == columns_.size() && !is_note(cells);
  }
  static bool is_note(const Cells& cells) {
    return cells.size() == 1 && (cells[0] == "…" || cells[0].find('#') != std::string::npos);
  }

  const AnyArray& array_;
  std::int64_t first_row_;
  bool whole_;
  std::int64_t line_elements_ = 1;
  std::int64_t slab_lines_ = 0;
  std::int64_t lines_ = 0;
  std::int64_t lines_shown_ = 0;
  std::int64_t slab_ = -1;
  std::vector<std::int64_t> columns_;
  std::vector<Cells> pending_;
  std::size_t width_ = 0;
};

int peek(const std::string& name, const std::string& rows_text) {
  const Rows rows = rows_text.empty() ? Rows{} : parse_rows(rows_text);
  AnyArray array = attach(name, Access::read_only);
  std::int64_t first = 0;
  if (!rows_text.empty()) {
    const auto [begin, end] = resolve_rows(rows, array.shape(), fmt::format("array \"{}\"", name));
    first = begin;
    array = array.rows(begin, end);
  }
  Printer(array, first, !os::is_terminal(os::Stream::output)).run();
  return exit_done;
}

}  // namespace

void add_peek(CLI::App& app, Command& command) {
  struct Options {
    std::string name;
    std::string rows;
  };
  auto options = std::make_shared<Options>();
  const Verb verb = add_verb(
      app, "peek", "Print an array's rows; on a terminal the first and last, into a pipe all");
  verb.option("NAME", options->name, "Name of the array").required();
  verb.option("--rows", options->rows, "A:B, from row A to before row B");
  verb.on_chosen([&command, options] {
    command.run = [options] { return peek(options->name, options->rows); };
  });
}

}  // namespace furrow::cli
