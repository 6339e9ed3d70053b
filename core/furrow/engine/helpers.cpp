#include <furrow/engine/helpers.hpp>

#include <array>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include <furrow/engine/mirror.hpp>
#include <furrow/engine/recovery.hpp>
#include <furrow/engine/runner.hpp>
#include <furrow/engine/sweep.hpp>
#include <furrow/engine/worker.hpp>
#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/cpu.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/nursery.hpp>
#include <furrow/segment/address_space.hpp>
#include <furrow/segment/segment.hpp>

namespace furrow::engine {
namespace {

constexpr char separator = '\x1f';

class Client final : public process::NurseryClient {
 public:
  Client(const ControlView& view, const NurseryArgument& argument)
      : view_(view), argument_(argument), alarm_(os::Event::adopt(argument.alarm)) {}

  void changed_hands(std::uint64_t nursery_pid, std::uint64_t spare_pid) override {
    view_.control().spare_pid.store(spare_pid, std::memory_order_release);
    view_.control().nursery_pid.store(nursery_pid, std::memory_order_release);
    tell();
  }

  void took_over() override {
    // What the nursery before had promised, and died before it forked.
    for (std::size_t w = 0; w < view_.slots(); ++w) {
      Worker& worker = view_.worker(w);
      if (worker.pid.load() != 0 || worker.joined.load() != 0) continue;
      auto starting = static_cast<std::uint32_t>(WorkerState::starting);
      worker.state.compare_exchange_strong(starting,
                                           static_cast<std::uint32_t>(WorkerState::wanted));
    }
  }

  std::size_t places() const override { return view_.slots(); }

  bool take_request(std::size_t place) override {
    auto wanted = static_cast<std::uint32_t>(WorkerState::wanted);
    return view_.worker(place).state.compare_exchange_strong(
        wanted, static_cast<std::uint32_t>(WorkerState::starting), std::memory_order_acq_rel);
  }

  void started(std::size_t place, std::uint64_t pid) override {
    view_.worker(place).pid.store(pid, std::memory_order_release);
    tell();
  }

  void ended(std::size_t place, std::uint64_t pid, const os::ExitStatus& status) override {
    Worker& worker = view_.worker(place);
    if (worker.joined.load() != 0) return;  // the place was given away: the news is too late
    for (const WorkerState alive : {WorkerState::starting, WorkerState::running}) {
      auto expected = static_cast<std::uint32_t>(alive);
      worker.state.compare_exchange_strong(expected, static_cast<std::uint32_t>(WorkerState::dead));
    }
    // The parent may have given up waiting for this word, and asked for another worker already.
    const auto state = static_cast<WorkerState>(worker.state.load());
    if (state == WorkerState::dead || state == WorkerState::left) {
      worker.pid.store(pid, std::memory_order_release);
      worker.exit_signalled.store(status.signalled ? 1 : 0, std::memory_order_relaxed);
      worker.exit_code.store(static_cast<std::uint32_t>(status.code), std::memory_order_relaxed);
      worker.exit_known.store(1, std::memory_order_release);  // last: the place is the parent's now
    }
    tell();
  }

  void run_child(std::size_t place) override {
    Worker& worker = view_.worker(place);
    worker.pid.store(os::this_process_id(), std::memory_order_release);
    serve(view_, place);
  }

  bool stopping() const override { return view_.control().stop.load() != 0; }

  void ask_to_stop() override {
    view_.control().stop.store(1, std::memory_order_release);
    ring(view_);
  }

  void clean_up() override {
    wait_for_deaths();
    std::uint32_t nobody = 0;
    const auto me = static_cast<std::uint32_t>(os::this_process_id());
    if (!view_.control().recovery_lock.compare_exchange_strong(nobody, me)) {
      // The nursery began: it is done, or at it, or it was killed on the way.
      const os::ProcessWatch other(nobody);
      const std::array<int, 1> source{other.get()};
      if (other.valid()) os::wait_ready(source, -1);
      if (view_.control().recovered.load() != 0) return;
    }
    settle(view_);
    view_.control().recovered.store(1, std::memory_order_release);
    try {
      segment::sweep(false, argument_.place);
      segment::remove(argument_.name, true, argument_.place);
    } catch (const Error&) {  // somebody else removed it
    }
  }

 private:
  // The kernel kills workers with their nursery; give it the moment that takes. Those that joined
  // are nobody's children: they were asked to stop, and are killed when they do not.
  void wait_for_deaths() const {
    const std::int64_t deadline = os::monotonic_ns() + 500'000'000;
    for (std::size_t w = 0; w < view_.slots(); ++w) {
      const Worker& worker = view_.worker(w);
      const auto state = static_cast<WorkerState>(worker.state.load());
      if (state != WorkerState::running && state != WorkerState::starting) continue;
      const std::uint64_t pid = worker.pid.load();
      if (pid == 0 || pid == argument_.coordinator_pid) continue;
      const os::ProcessWatch watch(pid);
      const auto gone = [&] {
        return watch.dead() || worker.state.load() == static_cast<std::uint32_t>(WorkerState::left);
      };
      while (!gone() && os::monotonic_ns() < deadline) os::sleep_ns(1'000'000);
      if (gone()) continue;
      os::kill_now(pid);
      const std::array<int, 1> source{watch.get()};
      os::wait_ready(source, 1'000'000'000);
    }
  }

  void tell() {
    view_.control().attention.fetch_add(1, std::memory_order_acq_rel);
    os::futex_wake(view_.control().attention, os::wake_all);
    alarm_.raise();
  }

  ControlView view_;
  NurseryArgument argument_;
  os::Event alarm_;
};

}  // namespace

std::string NurseryArgument::encode() const {
  return fmt::format("{1}{0}{2}{0}{3}{0}{4}{0}{5}{0}{6}{0}{7}{0}{8}", separator, name,
                     place.directory, place.prefix, coordinator_pid, range_base, range_bytes,
                     requests, alarm);
}

NurseryArgument NurseryArgument::decode(const std::string& text) {
  std::string parts[8];
  std::size_t part = 0;
  for (const char c : text) {
    if (c == separator && part < 7) {
      ++part;
    } else {
      parts[part] += c;
    }
  }
  const auto number = [](const std::string& digits, auto& value) {
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
  };
  NurseryArgument result;
  result.name = parts[0];
  result.place = {parts[1], parts[2]};
  number(parts[3], result.coordinator_pid);
  number(parts[4], result.range_base);
  number(parts[5], result.range_bytes);
  number(parts[6], result.requests);
  number(parts[7], result.alarm);
  return result;
}

ControlMapping::ControlMapping(std::string_view name, const Place& place, os::LockKind hold) {
  std::error_code error;
  file_ = os::open_file(place.path_of(name), os::OpenMode::read_write, error);
  if (error) throw NotFound(fmt::format("no engine is called \"{}\" (furrow ls --json)", name));
  if (!os::try_lock(file_, hold, error)) {
    throw NotFound(fmt::format("the engine \"{}\" is going away", name));
  }
  segment::Header header;
  const std::size_t got = os::read_at(file_, 0, static_cast<void*>(&header), sizeof header, error);
  const os::FileStatus status = os::status_of(file_, error);
  bytes_ = status.bytes;
  if (got != sizeof header || header.kind != static_cast<std::uint32_t>(segment::Kind::engine) ||
      header.data_offset != segment::header_bytes || bytes_ < segment::header_bytes ||
      header.data_bytes > bytes_ - segment::header_bytes || header.data_bytes < sizeof(Control)) {
    throw Corrupt(fmt::format("\"{}\" is no engine", name));
  }
  address_ = os::map_file(file_.get(), bytes_, true, 0, error);
  if (address_ == 0) throw Error(fmt::format("engine \"{}\": {}", name, error.message()));
  view_.base = reinterpret_cast<std::byte*>(address_ + header.data_offset);
  const Control& control = view_.control();
  // Its coordinator died before it had written anything.
  if (control.magic == 0 && hold == os::LockKind::exclusive) return;
  if (control.magic != control_magic || control.version != control_version ||
      control.worker_slots > worker_slots_max ||
      ControlView::bytes_for(control.worker_slots) > header.data_bytes) {
    os::unmap(address_, bytes_, false);
    throw VersionMismatch(fmt::format("the engine \"{}\" is of another version of furrow", name));
  }
}

ControlMapping::~ControlMapping() { os::unmap(address_, bytes_, false); }

void nursery_main(const std::string& text) {
  const NurseryArgument argument = NurseryArgument::decode(text);
  const segment::AddressRange range{argument.range_base, argument.range_bytes};
  // A forked nursery has the range from its parent; an executed one must get the same.
  const bool same = segment::reserve_address_range(range);
  try {
    const ControlMapping control(argument.name, argument.place);
    if (!same) {
      control.view().control().stop.store(1);
      os::exit_now(3);
    }
    Client client(control.view(), argument);
    process::run_nursery(client, {argument.coordinator_pid, argument.requests});
  } catch (const Error&) {
    os::exit_now(3);  // the coordinator sees its nursery end and says so
  }
}

}  // namespace furrow::engine

namespace furrow {

void join_engine(std::string_view name, const Place& place, const std::atomic<bool>* leave) {
  const engine::ControlMapping mapping(name, place);
  const engine::ControlView view = mapping.view();
  engine::Control& control = view.control();
  if (!segment::reserve_address_range({control.range_base, control.range_bytes})) {
    throw InUse(
        fmt::format("the engine \"{}\" keeps its arrays at addresses that this process "
                    "uses otherwise (start the worker again)",
                    name));
  }
  const std::string target(control.target, strnlen(control.target, sizeof control.target));
  if (!kernels::force_target(target)) {
    throw InvalidArgument(
        fmt::format("the engine \"{}\" computes with {}, which this process has not got: its bits "
                    "could differ",
                    name, target));
  }
  const os::ProcessWatch coordinator(control.coordinator_pid);
  if (coordinator.dead()) throw NotFound(fmt::format("the engine \"{}\" is dead", name));
  for (std::size_t w = 0; w < view.slots(); ++w) {
    engine::Worker& worker = view.worker(w);
    auto empty = static_cast<std::uint32_t>(engine::WorkerState::empty);
    if (!worker.state.compare_exchange_strong(
            empty, static_cast<std::uint32_t>(engine::WorkerState::starting))) {
      continue;
    }
    worker.joined.store(1);
    worker.exit_known.store(0);
    worker.pid.store(os::this_process_id(), std::memory_order_release);
    std::uint32_t used = control.slots_used.load();
    while (used < w + 1 &&
           !control.slots_used.compare_exchange_weak(used, static_cast<std::uint32_t>(w + 1))) {
    }
    engine::serve(view, w, coordinator.get(), leave);
    return;
  }
  throw InUse(fmt::format("the engine \"{}\" has no place left for another worker", name));
}

}  // namespace furrow
