#include <furrow/process/launch.hpp>

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <thread>

#include <furrow/os/fault.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/memory_file.hpp>
#include <furrow/process/children.hpp>
#include <furrow/process/log.hpp>
#include <furrow/process/manager_client.hpp>
#include <furrow/process/process.hpp>
#include <furrow/process/start.hpp>
#include <furrow/process/task_error.hpp>
#include <furrow/sync/leaving.hpp>

namespace furrow::process {
namespace {

// The launch file: one page for the farewell, then what the child is told.
constexpr std::uint64_t told_at = 4096;
constexpr std::uint32_t said = 0x62796521;
constexpr std::size_t text_bytes_max = 3072;

struct FarewellRecord {
  std::uint32_t said;  // written last
  std::int32_t code;
  std::uint32_t threw;
  std::uint32_t text_bytes;
  char text[text_bytes_max];
};
static_assert(sizeof(FarewellRecord) <= told_at);

// What only a child needs to know.
struct Bond {
  bool outlive_parent = false;
  bool by_main_thread = true;
  std::uint64_t ignored_signals = 0;
};

os::Descriptor make_launch_file() {
  std::error_code error;
  os::Descriptor file = os::create_memory_file(error);
  if (error) throw Error("a process cannot be started: " + error.message());
  return file;
}

// PR_SET_PDEATHSIG speaks of the thread that forked, which only for the main thread is as good as
// the process. Where it was another one, a thread here waits for the parent's end.
void bind_to_parent(const Kinship& kin, const Bond& bond) {
  os::fault_point("process.child.unbound");
  if (bond.outlive_parent) return;
  if (bond.by_main_thread) {
    os::die_with_parent(kin.parent_pid);
    return;
  }
  std::thread([parent = kin.parent_pid] {
    const OwnThread mark;
    os::block_signals();
    const std::array<int, 1> source{parent_watch()};
    const std::int64_t slice = source[0] >= 0 ? -1 : 50'000'000;
    while (os::parent_process_id() == parent && !parent_is_dead()) os::wait_ready(source, slice);
    os::kill_now(os::this_process_id());
  }).detach();
}

std::string describe_current_exception() {
  mp::Bytes description;
  describe_exception(description);
  return describe(read_description(description));
}

void say_farewell(const os::Descriptor& file, int code, const std::optional<std::string>& text) {
  FarewellRecord record{};
  record.said = said;
  record.code = code;
  record.threw = text ? 1 : 0;
  if (text) {
    record.text_bytes = static_cast<std::uint32_t>(std::min(text->size(), text_bytes_max));
    std::memcpy(record.text, text->data(), record.text_bytes);
  }
  constexpr std::size_t first = sizeof record.said;
  const auto* const bytes = reinterpret_cast<const char*>(&record);
  os::write_within_limit(file, first, bytes + first, sizeof record - first);
  os::write_within_limit(file, 0, bytes, first);
}

template <class Body>
[[noreturn]] void live(const Kinship& kin, const os::Descriptor& file, const Body& body) {
  int code = 0;
  std::optional<std::string> text;
  set_log_settings({kin.log_level, kin.logs_to_stderr});
  mp::get_logger().info("the function of this process begins");
  try {
    body();
  } catch (const mp::SystemExit& exit) {
    code = exit.code;
  } catch (abi::__forced_unwind&) {
    throw;
  } catch (...) {
    code = 1;
    text = describe_current_exception();
    os::write_error(fmt::format("Process {}:\n{}\n", kin.name, *text));
  }
  // A party that threw has died for those who wait for it at a barrier.
  if (!text) mp::leave_all();
  say_farewell(file, code, text);
  finish_children();
  os::flush_streams();
  mp::get_logger().info(fmt::format("this process exits with code {}", code));
  os::exit_now(code);
}

[[noreturn]] void executed(const std::string& argument);

// Until the child has what its parent may let go of after the start, or is dead.
void wait_until_taken(const os::Event& taken, std::uint64_t child) {
  const os::ProcessWatch watch(child);
  const std::array<int, 2> sources{taken.get(), watch.get()};
  // Without a handle for the child, looks up now and then.
  while (!watch.dead()) {
    if (os::wait_ready(sources, watch.valid() ? -1 : 20'000'000)[0]) break;
  }
}

}  // namespace

Launched launch_by_fork(const LaunchOptions& options, Target& target,
                        const std::function<void()>& in_child) {
  if (!fork_is_safe()) {
    throw InvalidState(
        "a fork is not safe here: another thread of this process could hold a lock that the child "
        "then waits for without end (start processes before threads, or use the method "
        "\"execute\")");
  }
  Launched launched{0, make_launch_file()};
  const Bond bond{options.outlive_parent, os::on_main_thread(), os::ignored_signals()};
  os::Event shared = holds_managed() ? os::Event::create() : os::Event();
  os::flush_streams();
  const std::int64_t pid = fork_whole();
  if (pid < 0) throw Error(fmt::format("a process cannot be forked: {}", std::strerror(errno)));
  if (pid == 0) {
    become(options.kin);
    bind_to_parent(options.kin, bond);
    forget_children();
    os::set_signals_of_child(bond.ignored_signals);
    os::close_input();
    in_child();
    if (shared.valid()) {
      os::fault_point("process.child.sharing");
      share_managed_after_fork();
      shared.raise();
      shared.close();
    }
    live(options.kin, launched.file, [&] { target.call(); });
  }
  os::fault_point("process.start.forked");
  launched.pid = static_cast<std::uint64_t>(pid);
  if (shared.valid()) wait_until_taken(shared, launched.pid);
  return launched;
}

Launched launch_by_execution(const LaunchOptions& options, const Target& target) {
  if (!can_execute()) {
    throw InvalidState(
        "this program cannot be run again as a new process: its main must begin with "
        "furrow::initialize(argc, argv)");
  }
  std::string reason;
  const Entry entry = target.entry(reason);
  if (entry == nullptr) {
    throw NotSerialisable("this callable cannot be given to a program that is executed: " + reason);
  }
  const Bond bond{options.outlive_parent, os::on_main_thread(), os::ignored_signals()};
  std::vector<std::byte> told;
  const Loading loading;
  pack(options.kin, told);
  pack(bond, told);
  ship_code(reinterpret_cast<AnyCode>(entry), told);
  const std::vector<std::byte> packed = target.pack();
  pack(loading.descriptors(), told);
  told.insert(told.end(), packed.begin(), packed.end());

  Launched launched{0, make_launch_file()};
  const std::error_code error =
      os::write_within_limit(launched.file, told_at, told.data(), told.size());
  if (error) {
    throw OutOfSpace(
        fmt::format("a process cannot be started: no memory for {} bytes of arguments "
                    "({})",
                    told.size(), error.message()));
  }
  const os::Event taken = os::Event::create();
  std::vector<int> inherited = loading.descriptors();
  inherited.push_back(launched.file.get());
  inherited.push_back(taken.get());
  os::flush_streams();
  launched.pid = start_by_execution(
      executed, fmt::format("{}:{}:{}", launched.file.get(), taken.get(), told.size()), inherited);
  os::fault_point("process.start.executed");
  wait_until_taken(taken, launched.pid);
  return launched;
}

namespace {

void executed(const std::string& argument) {
  char* at = nullptr;
  const int file_number = static_cast<int>(std::strtol(argument.c_str(), &at, 10));
  const int taken_number = static_cast<int>(std::strtol(at + 1, &at, 10));
  const std::size_t bytes = std::strtoull(at + 1, nullptr, 10);
  const os::Descriptor file(file_number);
  os::Event taken = os::Event::adopt(taken_number);
  os::close_on_execute(file_number);
  os::close_on_execute(taken_number);
  std::vector<std::byte> told(bytes);
  std::error_code error;
  if (os::read_at(file, told_at, told.data(), bytes, error) != bytes) os::exit_now(2);
  Unpacker in(told);
  const auto kin = in.take<Kinship>();
  const auto bond = in.take<Bond>();
  become(kin);
  bind_to_parent(kin, bond);
  os::set_signals_of_child(bond.ignored_signals);
  os::close_input();
  live(kin, file, [&] {
    const auto entry = reinterpret_cast<Entry>(find_shipped_code(in));
    std::vector<os::Descriptor> descriptors;
    for (const int number : in.take<std::vector<int>>()) descriptors.emplace_back(number);
    for (const os::Descriptor& descriptor : descriptors) os::close_on_execute(descriptor.get());
    std::optional<Unloading> unloading(std::in_place, std::move(descriptors));
    entry(in, [&] {
      unloading.reset();
      taken.raise();
      taken.close();
    });
  });
}

}  // namespace

std::optional<Farewell> farewell_of(const os::Descriptor& file) {
  FarewellRecord record{};
  std::error_code error;
  if (os::read_at(file, 0, &record, sizeof record, error) < sizeof record.said ||
      record.said != said) {
    return std::nullopt;
  }
  Farewell farewell{record.code, std::nullopt};
  if (record.threw != 0) {
    const std::size_t bytes = std::min<std::size_t>(record.text_bytes, text_bytes_max);
    farewell.exception = std::string(record.text, bytes);
  }
  return farewell;
}

}  // namespace furrow::process
