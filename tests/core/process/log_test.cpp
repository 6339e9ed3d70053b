// mp::log_to_stderr: lines, levels, children, nothing torn.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <map>
#include <sstream>
#include <string>

#include <furrow/process/log.hpp>
#include <furrow/process/process.hpp>

#include "caught_stderr.hpp"

using namespace furrow;
using namespace std::chrono_literals;
using test::CaughtStderr;

TEST_CASE("a record is a line with its level and its process") {
  const mp::Logger log = mp::get_logger();
  CaughtStderr before;
  log.critical("nobody asked for it");
  CHECK(before.text().empty());

  CaughtStderr caught;
  mp::log_to_stderr();
  CHECK(log.level() == mp::LogLevel::notset);
  log.subdebug("a");
  log.set_level(mp::LogLevel::info);
  log.debug("no");
  log.info("b");
  log.subwarning("c");
  log.warning("two\nlines\r");
  mp::log_to_stderr(mp::LogLevel::warning);
  log.subwarning("no");
  log.error("d");
  log.critical("e");
  log.log(static_cast<mp::LogLevel>(35), "f");
  CHECK(log.is_enabled_for(mp::LogLevel::error));
  CHECK_FALSE(log.is_enabled_for(mp::LogLevel::info));
  CHECK(caught.text() ==
        "[SUBDEBUG/MainProcess] a\n"
        "[INFO/MainProcess] b\n"
        "[SUBWARNING/MainProcess] c\n"
        "[WARNING/MainProcess] two\\nlines\\r\n"
        "[ERROR/MainProcess] d\n"
        "[CRITICAL/MainProcess] e\n"
        "[Level 35/MainProcess] f\n");
}

TEST_CASE("children go on with their parent's level and destination") {
  for (const char* const method : {"fork", "execute"}) {
    CaughtStderr caught;
    mp::log_to_stderr(mp::LogLevel::info);
    mp::Process process({.name = "Child", .method = method}, [] {
      mp::get_logger().debug("no");
      mp::get_logger().info("here");
    });
    process.start();
    CHECK(process.join(20s));
    CHECK(caught.text() ==
          "[INFO/Child] the function of this process begins\n"
          "[INFO/Child] here\n"
          "[INFO/Child] this process exits with code 0\n");
  }
}

TEST_CASE("lines of many processes through one pipe are whole, the longest too") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const int saved = ::dup(2);
  ::dup2(ends[1], 2);
  ::close(ends[1]);
  mp::log_to_stderr(mp::LogLevel::warning);
  std::vector<mp::Process> processes;
  for (int p = 0; p < 4; ++p) {
    processes.emplace_back(
        mp::ProcessOptions{.name = "P" + std::to_string(p), .method = "fork"}, [p, ends] {
          ::close(ends[0]);
          const std::string text(static_cast<std::size_t>(p) * 1500, static_cast<char>('a' + p));
          for (int i = 0; i < 200; ++i) mp::get_logger().warning(text);
        });
    processes.back().start();
  }
  ::dup2(saved, 2);
  ::close(saved);
  std::string all;
  char buffer[65536];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    all.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  for (mp::Process& process : processes) CHECK(process.join(20s));
  std::map<std::string, int> lines;
  std::istringstream stream(all);
  for (std::string line; std::getline(stream, line);) ++lines[line];
  REQUIRE(lines.size() == 4);
  for (int p = 0; p < 4; ++p) {
    std::string line = "[WARNING/P" + std::to_string(p) + "] " +
                       std::string(static_cast<std::size_t>(p) * 1500, static_cast<char>('a' + p));
    if (line.size() > 4095) line = line.substr(0, 4092) + "…";
    CHECK(lines[line] == 200);
  }
}
