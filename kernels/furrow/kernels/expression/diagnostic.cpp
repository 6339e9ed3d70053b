// furrow/kernels/expression/diagnostic.cpp
#include <furrow/kernels/expression/diagnostic.hpp>

#include <algorithm>
#include <numeric>

namespace furrow::kernels::expression {
namespace {

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// A terminal shows one column for a character, not for each of its bytes in UTF-8.
bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

// What a terminal shows in one column, and whether a caret stands below it.
struct Column {
  std::string text;
  bool marked;
};
bool is_marked(const Column& column) { return column.marked; }

// Of a longer line this much is shown, around the place.
constexpr std::size_t columns_max = 76;

}  // namespace

std::string to_string(const Diagnostic& diagnostic, std::string_view text) {
  const std::size_t at = std::min(diagnostic.where.begin, text.size());
  const std::size_t newline = at == 0 ? text.npos : text.rfind('\n', at - 1);
  const std::size_t begin = newline == text.npos ? 0 : newline + 1;
  const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  const std::size_t last = std::max(diagnostic.where.end, at + 1);
  std::vector<Column> columns;  // and one more, for what is missing at the end
  for (std::size_t i = 0; i <= line.size(); ++i) {
    const char c = i < line.size() ? line[i] : ' ';
    if (continues_character(c) && !columns.empty()) {
      columns.back().text += c;
      continue;
    }
    const bool control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    columns.push_back({i == line.size() ? "" : std::string(1, control ? ' ' : c),
                       begin + i >= at && begin + i < last});
  }
  const auto marked = std::find_if(columns.begin(), columns.end(), &is_marked);
  const auto place = static_cast<std::size_t>(marked - columns.begin());
  std::size_t first = 0;
  std::size_t end = columns.size();
  if (end > columns_max + 1) {
    first = place > columns_max / 2 ? place - columns_max / 2 : 0;
    end = std::min(end, first + columns_max);
    first = std::min(first, end - columns_max);
  }
  std::string shown = first > 0 ? "… " : "";
  std::string carets = first > 0 ? "  " : "";
  for (std::size_t k = first; k < end; ++k) {
    shown += columns[k].text;
    carets += columns[k].marked ? '^' : ' ';
  }
  if (end < columns.size()) shown += " …";
  carets.erase(carets.find_last_not_of(' ') + 1);
  return diagnostic.message + "\n  " + shown + "\n  " + carets;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string near;
  for (const std::string& candidate : candidates) {
    const std::size_t far = distance(word, candidate);
    if (far >= best || far >= word.size()) continue;
    best = far;
    near = candidate;
  }
  return near.empty() ? "" : "; did you mean \"" + near + "\"?";
}

}  // namespace furrow::kernels::expression
