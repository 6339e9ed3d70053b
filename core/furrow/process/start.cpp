#include <furrow/process/start.hpp>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/os/module.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/initialize.hpp>
#include <furrow/segment/attachments.hpp>

namespace furrow {
namespace {

constexpr const char* start_variable = "FURROW_START";

std::atomic<bool> initialized{false};
std::atomic<std::size_t> own_threads{0};

std::string encode(const os::CodeName& name, const std::string& argument) {
  std::string id;
  for (const std::uint8_t byte : name.build_id) id += fmt::format("{:02x}", byte);
  return fmt::format("{}={}:{:x}:{}", start_variable, id, name.offset, argument);
}

// "<40 hex digits>:<hex offset>:<argument>"
bool decode(const std::string& text, os::CodeName& name, std::string& argument) {
  const std::size_t digits = name.build_id.size() * 2;
  const std::size_t colon = text.find(':', digits + 1);
  if (text.size() < digits + 2 || text[digits] != ':' || colon == std::string::npos) return false;
  for (std::size_t i = 0; i < name.build_id.size(); ++i) {
    const char* const at = text.data() + 2 * i;
    if (std::from_chars(at, at + 2, name.build_id[i], 16).ptr != at + 2) return false;
  }
  const char* const end = text.data() + colon;
  if (std::from_chars(text.data() + digits + 1, end, name.offset, 16).ptr != end) return false;
  argument = text.substr(colon + 1);
  return true;
}

}  // namespace

void initialize(int /*argc*/, char** /*argv*/) {
  initialized.store(true);
  const char* const start = std::getenv(start_variable);
  if (start == nullptr) return;
  const std::string text(start);
  unsetenv(start_variable);
  os::CodeName name;
  std::string argument;
  if (!decode(text, name, argument)) os::exit_now(2);
  const auto main = reinterpret_cast<process::HelperMain>(os::find_code(name));
  if (main == nullptr) os::exit_now(2);  // another build of the program
  os::become_helper(os::inherited_descriptors());
  main(argument);
  os::exit_now(0);
}

namespace process {

OwnThread::OwnThread() noexcept { own_threads.fetch_add(1); }
OwnThread::~OwnThread() { own_threads.fetch_sub(1); }

bool fork_is_safe() noexcept { return os::thread_count() <= 1 + own_threads.load(); }

bool can_execute() noexcept { return initialized.load(); }

std::uint64_t start_by_fork(HelperMain main, const std::string& argument,
                            std::span<const int> inherited) {
  const std::int64_t pid = os::fork_process();
  if (pid < 0) throw Error(fmt::format("a process cannot be forked: {}", std::strerror(errno)));
  if (pid > 0) return static_cast<std::uint64_t>(pid);
  own_threads.store(0);
  segment::drop_inherited_attachments();
  os::become_helper(inherited);
  main(argument);
  os::exit_now(0);
}

std::uint64_t start_by_execution(HelperMain main, const std::string& argument,
                                 std::span<const int> inherited) {
  os::CodeName name;
  if (!os::name_code(reinterpret_cast<const void*>(main), name)) {
    throw Error(
        "this program has no build id, so it cannot be run again as a worker "
        "(link it with -Wl,--build-id)");
  }
  const std::int64_t pid = os::execute_self(encode(name, argument), inherited);
  if (pid < 0) throw Error("this program cannot be run again as a worker (/proc/self/exe)");
  return static_cast<std::uint64_t>(pid);
}

}  // namespace process
}  // namespace furrow
