#include <furrow/cli/command.hpp>

#include <algorithm>
#include <cstdio>
#include <numeric>

#include <fmt/format.h>

namespace furrow::cli {
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

}  // namespace

void print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) {
    throw IoError("the output cannot be written (is the disk full, or the pipe closed?)");
  }
}

void complain(std::string_view text) {
  const std::string line = fmt::format("furrow: {}\n", text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

const std::string& checked_name(const std::string& name) {
  try {
    Place::default_place().path_of(name);
  } catch (const InvalidArgument& error) {
    throw UsageError(error.what());
  }
  return name;
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
  return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
}

std::vector<std::string> names_of(segment::Kind kind) {
  std::vector<std::string> names;
  for (const segment::Info& info : segment::list()) {
    if (info.kind == kind) names.push_back(info.name);
  }
  return names;
}

AnyArray attach(const std::string& name, Access access) {
  AttachOptions options;
  options.access = access;
  try {
    return AnyArray::attach(checked_name(name), options);
  } catch (const NotFound& error) {
    throw NotFound(error.what() + did_you_mean(name, names_of(segment::Kind::array)));
  }
}

}  // namespace furrow::cli
