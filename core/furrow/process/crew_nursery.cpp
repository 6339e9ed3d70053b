// The nursery of a crew: what it does for the parent, and how it is told.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include <furrow/error.hpp>
#include <furrow/os/futex.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/process/crew_worker.hpp>
#include <furrow/process/nursery.hpp>
#include <furrow/segment/place.hpp>

namespace furrow::process {
namespace {

constexpr char separator = '\x1f';

class Client final : public NurseryClient {
 public:
  Client(const CrewView& view, const CrewArgument& argument)
      : view_(view),
        alarm_(os::Event::adopt(argument.alarm)),
        memory_(os::Descriptor(argument.memory)) {}

  void changed_hands(std::uint64_t nursery_pid, std::uint64_t spare_pid) override {
    view_.control().spare_pid.store(spare_pid, std::memory_order_release);
    view_.control().nursery_start.store(os::start_of_process(nursery_pid));
    view_.control().nursery_pid.store(nursery_pid, std::memory_order_release);
    tell();
  }

  void took_over() override {
    // What the nursery before had promised, and died before it forked.
    for (std::size_t w = 0; w < view_.workers(); ++w) {
      if (view_.seat(w).pid.load() == 0) change(w, SeatState::starting, SeatState::wanted);
    }
  }

  std::size_t places() const override { return view_.workers(); }

  bool take_request(std::size_t place) override {
    if (!change(place, SeatState::wanted, SeatState::starting)) return false;
    view_.seat(place).exit_known.store(0);
    return true;
  }

  void started(std::size_t place, std::uint64_t pid) override {
    view_.seat(place).start.store(os::start_of_process(pid));
    view_.seat(place).pid.store(pid, std::memory_order_release);
    tell();
  }

  void ended(std::size_t place, std::uint64_t pid, const os::ExitStatus& status) override {
    SeatLayout& seat = view_.seat(place);
    for (const SeatState alive :
         {SeatState::starting, SeatState::initializing, SeatState::running}) {
      change(place, alive, SeatState::dead);
    }
    // The parent may have given up waiting for this word, and asked for another worker already.
    const auto state = static_cast<SeatState>(seat.state.load());
    if (state == SeatState::dead || state == SeatState::left) {
      seat.pid.store(pid, std::memory_order_release);
      seat.exit_signalled.store(status.signalled ? 1 : 0, std::memory_order_relaxed);
      seat.exit_code.store(static_cast<std::uint32_t>(status.code), std::memory_order_relaxed);
      seat.exit_known.store(1, std::memory_order_release);  // last: the seat is the parent's now
    }
    tell();
  }

  void run_child(std::size_t place) override { serve_crew(view_, place, alarm_, memory_); }

  bool stopping() const override { return view_.control().stop.load() != 0; }

  void ask_to_stop() override {
    view_.control().stop.store(1, std::memory_order_release);
    for (std::size_t w = 0; w < view_.workers(); ++w) {
      view_.seat(w).gate.store(1, std::memory_order_release);
      os::futex_wake(view_.seat(w).gate, os::wake_all);
    }
  }

  void clean_up() override {}  // the memory has no name: it goes with the last of us

 private:
  bool change(std::size_t place, SeatState from, SeatState to) const {
    auto expected = static_cast<std::uint32_t>(from);
    return view_.seat(place).state.compare_exchange_strong(expected, static_cast<std::uint32_t>(to),
                                                           std::memory_order_acq_rel);
  }

  void tell() {
    view_.control().attention.fetch_add(1, std::memory_order_acq_rel);
    os::futex_wake(view_.control().attention, os::wake_all);
    alarm_.raise();
  }

  CrewView view_;
  os::Event alarm_;
  os::Descriptor memory_;
};

}  // namespace

std::string CrewArgument::encode() const {
  return fmt::format("{1}{0}{2}{0}{3}{0}{4}{0}{5}{0}{6}{0}{7}", separator, parent_pid, bytes,
                     memory, requests, alarm, directory, prefix);
}

CrewArgument CrewArgument::decode(const std::string& text) {
  std::array<std::string, 7> parts;
  std::size_t part = 0;
  for (const char c : text) {
    if (c == separator && part + 1 < parts.size()) {
      ++part;
    } else {
      parts[part] += c;
    }
  }
  const auto number = [](const std::string& digits, auto& value) {
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
  };
  CrewArgument result;
  number(parts[0], result.parent_pid);
  number(parts[1], result.bytes);
  number(parts[2], result.memory);
  number(parts[3], result.requests);
  number(parts[4], result.alarm);
  result.directory = parts[5];
  result.prefix = parts[6];
  return result;
}

void crew_nursery_main(const std::string& text) {
  const CrewArgument argument = CrewArgument::decode(text);
  // Arrays travel by name: the same names, also in a program that was executed anew.
  Place::set_default({argument.directory, argument.prefix});
  std::error_code error;
  const std::uintptr_t address = os::map_file(argument.memory, argument.bytes, true, 0, error);
  if (address == 0) os::exit_now(3);  // the parent sees its nursery end and says so
  const CrewView view{reinterpret_cast<std::byte*>(address)};
  if (view.control().magic != crew_magic) os::exit_now(3);
  for (const int fd : {argument.memory, argument.requests, argument.alarm}) {
    os::close_on_execute(fd);  // what a task executes has no business with them
  }
  Client client(view, argument);
  run_nursery(client, {argument.parent_pid, argument.requests, {argument.memory, argument.alarm}});
}

}  // namespace furrow::process
