// furrow/process/log.hpp
//
// What happens in many processes, on one standard error, as Python's multiprocessing.log_to_stderr.
//
//   mp::log_to_stderr(mp::LogLevel::info);
//   mp::get_logger().info("began");           // [INFO/Process-1] began
//
// Records    one line each, in one write of at most 4096 bytes: never torn or mixed with another's,
//            in a terminal, a pipe or a file. Longer ones are cut and end in "…", line breaks in a
//            record are written as \n.
// Levels     Python's numbers, with SUBDEBUG and SUBWARNING. Nothing is written before
//            log_to_stderr. Children go on with level and destination of their parent at their
//            start.
// From here  a process logs at level info when its function begins and when it exits
// Threads    any of them may log
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace furrow::mp {

enum class LogLevel : std::int32_t {
  notset = 0,
  subdebug = 5,
  debug = 10,
  info = 20,
  subwarning = 25,
  warning = 30,
  error = 40,
  critical = 50,
};

class Logger {
 public:
  void log(LogLevel level, std::string_view text) const noexcept;
  void subdebug(std::string_view text) const noexcept { log(LogLevel::subdebug, text); }
  void debug(std::string_view text) const noexcept { log(LogLevel::debug, text); }
  void info(std::string_view text) const noexcept { log(LogLevel::info, text); }
  void subwarning(std::string_view text) const noexcept { log(LogLevel::subwarning, text); }
  void warning(std::string_view text) const noexcept { log(LogLevel::warning, text); }
  void error(std::string_view text) const noexcept { log(LogLevel::error, text); }
  void critical(std::string_view text) const noexcept { log(LogLevel::critical, text); }

  LogLevel level() const noexcept;
  void set_level(LogLevel level) const noexcept;
  /// True when a record of this level would be written.
  bool is_enabled_for(LogLevel level) const noexcept;
};

/// The one logger of this process.
Logger get_logger() noexcept;

/// From now on records go to standard error; with a level, those of this level and above.
Logger log_to_stderr(std::optional<LogLevel> level = std::nullopt) noexcept;

}  // namespace furrow::mp

namespace furrow::process {

/// What a child goes on with.
struct LogSettings {
  std::int32_t level = 0;
  bool to_stderr = false;
};
LogSettings log_settings() noexcept;
void set_log_settings(const LogSettings& settings) noexcept;

}  // namespace furrow::process
