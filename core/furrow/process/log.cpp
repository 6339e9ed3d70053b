#include <furrow/process/log.hpp>

#include <fmt/format.h>

#include <atomic>
#include <string>

#include <furrow/os/process.hpp>
#include <furrow/process/identity.hpp>

namespace furrow::process {
namespace {

// What a pipe takes in one piece (PIPE_BUF).
constexpr std::size_t line_bytes_max = 4096;
constexpr std::string_view cut_mark = "…";

std::atomic<std::int32_t> the_level{0};
std::atomic<bool> goes_to_stderr{false};

std::string name_of(mp::LogLevel level) {
  switch (level) {
    case mp::LogLevel::notset: return "NOTSET";
    case mp::LogLevel::subdebug: return "SUBDEBUG";
    case mp::LogLevel::debug: return "DEBUG";
    case mp::LogLevel::info: return "INFO";
    case mp::LogLevel::subwarning: return "SUBWARNING";
    case mp::LogLevel::warning: return "WARNING";
    case mp::LogLevel::error: return "ERROR";
    case mp::LogLevel::critical: return "CRITICAL";
  }
  return fmt::format("Level {}", static_cast<int>(level));
}

// One line, whatever is in it, that fits into one write.
std::string line_of(mp::LogLevel level, std::string_view name, std::string_view text) {
  std::string line;
  const auto append = [&](std::string_view part) {
    for (const char c : part) {
      if (c == '\n') {
        line += "\\n";
      } else if (c == '\r') {
        line += "\\r";
      } else {
        line += c;
      }
    }
  };
  append(fmt::format("[{}/{}] ", name_of(level), name));
  append(text);
  if (line.size() >= line_bytes_max) {
    std::size_t end = line_bytes_max - 1 - cut_mark.size();
    // Not in the middle of a character of several bytes.
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
    line.resize(end);
    line += cut_mark;
  }
  return line + '\n';
}

}  // namespace

LogSettings log_settings() noexcept { return {the_level.load(), goes_to_stderr.load()}; }

void set_log_settings(const LogSettings& settings) noexcept {
  the_level = settings.level;
  goes_to_stderr = settings.to_stderr;
}

}  // namespace furrow::process

namespace furrow::mp {

void Logger::log(LogLevel level, std::string_view text) const noexcept {
  if (!is_enabled_for(level)) return;
  try {
    os::write_error(process::line_of(level, process::kinship().name, text));
  } catch (...) {  // no memory for a line: a log must not end the program
  }
}

LogLevel Logger::level() const noexcept { return static_cast<LogLevel>(process::the_level.load()); }
void Logger::set_level(LogLevel level) const noexcept {
  process::the_level = static_cast<std::int32_t>(level);
}

bool Logger::is_enabled_for(LogLevel level) const noexcept {
  return process::goes_to_stderr && static_cast<std::int32_t>(level) >= process::the_level;
}

Logger get_logger() noexcept { return {}; }

Logger log_to_stderr(std::optional<LogLevel> level) noexcept {
  if (level) process::the_level = static_cast<std::int32_t>(*level);
  process::goes_to_stderr = true;
  return {};
}

}  // namespace furrow::mp
