#include <furrow/process/start.hpp>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/module.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/initialize.hpp>
#include <furrow/segment/address_space.hpp>
#include <furrow/segment/attachments.hpp>

namespace furrow {
namespace {

constexpr const char* start_variable = "FURROW_START";

std::atomic<bool> initialized{false};
std::atomic<std::size_t> own_threads{0};

// What to run, and what the caller's other descriptors are told from.
struct Order {
  os::CodeName name;
  std::vector<int> inherited;
  std::string argument;
};

std::string encode(const Order& order) {
  std::string id;
  for (const std::uint8_t byte : order.name.build_id) id += fmt::format("{:02x}", byte);
  return fmt::format("{}={}:{:x}:{}:{}", start_variable, id, order.name.offset,
                     fmt::join(order.inherited, ","), order.argument);
}

// "<40 hex digits>:<hex offset>:<descriptors>:<argument>"
bool decode(const std::string& text, Order& order) {
  const std::size_t digits = order.name.build_id.size() * 2;
  const std::size_t colon = text.find(':', digits + 1);
  if (text.size() < digits + 2 || text[digits] != ':' || colon == std::string::npos) return false;
  for (std::size_t i = 0; i < order.name.build_id.size(); ++i) {
    const char* const at = text.data() + 2 * i;
    if (std::from_chars(at, at + 2, order.name.build_id[i], 16).ptr != at + 2) return false;
  }
  const char* const end = text.data() + colon;
  if (std::from_chars(text.data() + digits + 1, end, order.name.offset, 16).ptr != end)
    return false;
  const std::size_t last = text.find(':', colon + 1);
  if (last == std::string::npos) return false;
  for (const char* at = end + 1; at < text.data() + last; ++at) {
    int descriptor = -1;
    at = std::from_chars(at, text.data() + last, descriptor).ptr;
    if (descriptor < 0) return false;
    order.inherited.push_back(descriptor);
  }
  order.argument = text.substr(last + 1);
  return true;
}

}  // namespace

void initialize(int /*argc*/, char** /*argv*/) {
  initialized.store(true);
  const char* const start = std::getenv(start_variable);
  if (start == nullptr) return;
  const std::string text(start);
  unsetenv(start_variable);
  Order order;
  if (!decode(text, order)) os::exit_now(2);
  const auto main = reinterpret_cast<process::HelperMain>(os::find_code(order.name));
  if (main == nullptr) os::exit_now(2);  // another build of the program
  // Also closes what the caller has open without close-on-exec.
  os::become_helper(order.inherited);
  main(order.argument);
  os::exit_now(0);
}

namespace process {

OwnThread::OwnThread() noexcept { own_threads.fetch_add(1); }
OwnThread::~OwnThread() { own_threads.fetch_sub(1); }
UsersCode::UsersCode() noexcept { own_threads.fetch_sub(1); }
UsersCode::~UsersCode() { own_threads.fetch_add(1); }

bool fork_is_safe() noexcept {
  // The kernel counts a thread for a moment longer than join takes, and one of furrow's own before
  // it has said so: look again before calling it unsafe.
  for (int look = 0; look < 20; ++look) {
    const std::size_t threads = os::thread_count();
    if (threads != 0 && threads <= 1 + own_threads.load()) return true;
    os::sleep_ns(200'000);
  }
  return false;
}

bool can_execute() noexcept { return initialized.load(); }

namespace {

// With the locks held that furrow's own threads take and a child needs.
std::int64_t fork_in_peace() {
  const auto attachments = segment::lock_attachments();
  const auto addresses = segment::lock_addresses();
  return os::fork_process();
}

}  // namespace

std::int64_t fork_whole() {
  const std::int64_t pid = fork_in_peace();
  if (pid != 0) return pid;
  own_threads.store(0);
  segment::forget_inherited_observers();
  return 0;
}

std::uint64_t start_by_fork(HelperMain main, const std::string& argument,
                            std::span<const int> inherited) {
  const std::int64_t pid = fork_in_peace();
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
  Order order{{}, {inherited.begin(), inherited.end()}, argument};
  if (!os::name_code(reinterpret_cast<const void*>(main), order.name)) {
    throw Error(
        "this program has no build id, so it cannot be run again as a worker "
        "(link it with -Wl,--build-id)");
  }
  const std::int64_t pid = os::execute_self(encode(order), inherited);
  if (pid < 0) throw Error("this program cannot be run again as a worker (/proc/self/exe)");
  return static_cast<std::uint64_t>(pid);
}

}  // namespace process
}  // namespace furrow
