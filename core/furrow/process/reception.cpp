#include <furrow/process/reception.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/identity.hpp>
#include <furrow/os/process.hpp>

namespace furrow::process {
namespace {

constexpr std::string_view draft_prefix = "furrow.socket.";
constexpr std::int64_t full_house_pause_ns = 500'000;

[[noreturn]] void throw_address_error(const char* what, const std::string& address,
                                      const std::error_code& error) {
  const std::string text = fmt::format("{} \"{}\": {}", what, address, error.message());
  if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted)
    throw PermissionDenied(text);
  if (error == std::errc::address_in_use) throw AlreadyExists(text);
  if (error == std::errc::no_such_file_or_directory || error == std::errc::connection_refused)
    throw NotFound(fmt::format("{} \"{}\": nobody listens there", what, address));
  throw IoError(text);
}

void check_length(const std::string& address) {
  if (address.size() <= os::socket_path_max) return;
  throw InvalidArgument(
      fmt::format("the address \"{}\" has {} bytes; a socket's path has at most {}", address,
                  address.size(), os::socket_path_max));
}

// Sockets whose process was killed between making and unlinking them.
void sweep_drafts(const std::string& folder) {
  std::error_code error;
  for (const std::string& name : os::list_directory(folder, error)) {
    if (!name.starts_with(draft_prefix)) continue;
    std::uint64_t pid = 0;
    const char* const end = name.data() + name.size();
    std::from_chars(name.data() + draft_prefix.size(), end, pid);
    if (pid != 0 && os::ProcessWatch(pid).dead()) os::remove_file(folder + "/" + name);
  }
}

bool send(const os::Descriptor& socket, std::span<const std::byte> message) {
  return !os::send_packet(socket.get(), message, {}, {}, false);
}

}  // namespace

Reception::Reception(const std::string& address, std::string key, int backlog)
    : address_(address), key_(std::move(key)), process_(os::this_process_id()) {
  if (backlog < 1) throw InvalidArgument(fmt::format("a backlog of {}: at least 1", backlog));
  if (key_.empty()) throw InvalidArgument("an authentication key holds at least one byte");
  if (address.empty()) {
    listen_without_name(backlog);
  } else {
    listen_at_path(backlog);
  }
}

Reception::~Reception() { close(); }

// The socket's file is unlinked at once and stays reachable through this process's descriptor of
// it, so that nothing is left behind, however the process ends.
void Reception::listen_without_name(int backlog) {
  const std::string folder = os::temporary_directory();
  sweep_drafts(folder);
  const std::string path =
      fmt::format("{}/{}{}.{:016x}", folder, draft_prefix, process_, os::random_bits());
  check_length(path);
  std::error_code error;
  socket_ = os::listen_at(path, backlog, error);
  if (error) throw_address_error("cannot listen at", path, error);
  os::fault_point("process.reception.named");
  path_ = os::open_path_only(path, error);
  os::remove_file(path);
  if (error) throw_address_error("cannot listen at", path, error);
  address_ = os::path_of_descriptor(path_);
}

void Reception::listen_at_path(int backlog) {
  check_length(address_);
  std::error_code error;
  socket_ = os::listen_at(address_, backlog, error);
  if (error == std::errc::address_in_use) {
    // Nobody listens there any more when a connection is refused; the folder's lock lets only one
    // process at a time come to that conclusion.
    const std::size_t slash = address_.find_last_of('/');
    const std::string folder = slash == std::string::npos ? "." : address_.substr(0, slash + 1);
    std::error_code ignored;
    const os::Descriptor lock = os::open_directory(folder, ignored);
    for (int look = 0; look < 1000 && lock.valid(); ++look) {
      if (os::try_lock(lock, os::LockKind::exclusive, ignored)) break;
      os::sleep_ns(1'000'000);
    }
    std::error_code refused;
    os::connect_to(address_, refused);
    if (refused == std::errc::connection_refused) {
      os::remove_file(address_);
      socket_ = os::listen_at(address_, backlog, error);
    }
  }
  if (error) throw_address_error("cannot listen at", address_, error);
  named_ = true;
}

void Reception::append_sources(std::vector<int>& sources) const {
  sources.push_back(socket_.get());
  for (const Guest& guest : guests_) sources.push_back(guest.socket.get());
}

std::int64_t Reception::left_ns() const noexcept {
  if (guests_.empty()) return -1;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const Guest& guest : guests_) first = std::min(first, guest.until_ns);
  return std::max<std::int64_t>(first - os::monotonic_ns(), 0);
}

void Reception::let_in() {
  for (;;) {
    std::error_code error;
    os::Descriptor socket = os::accept_next(socket_.get(), error);
    if (!socket.valid()) return;
    ListenerHandshake handshake(key_);
    if (!send(socket, handshake.challenge())) continue;
    guests_.push_back(
        {std::move(socket), std::move(handshake), os::monotonic_ns() + handshake_limit_ns});
  }
}

std::optional<Reception::Visitor> Reception::next() {
  let_in();
  for (std::size_t i = 0; i < guests_.size();) {
    Guest& guest = guests_[i];
    std::array<std::byte, handshake_bytes_max> buffer;
    std::error_code error;
    const os::Packet packet = os::receive_packet(guest.socket.get(), buffer, false, error);
    const bool silent = error == std::errc::resource_unavailable_try_again;
    if (silent && os::monotonic_ns() < guest.until_ns) {
      ++i;
      continue;
    }
    Guest done = std::move(guest);
    guests_.erase(guests_.begin() + static_cast<std::ptrdiff_t>(i));
    if (error || packet.bytes == 0) continue;  // gone, or too slow
    const auto reply =
        packet.cut ? std::nullopt : done.handshake.check(std::span(buffer).first(packet.bytes));
    if (!reply) return Visitor{};
    if (send(done.socket, *reply)) return Visitor{std::move(done.socket)};
  }
  return std::nullopt;
}

void Reception::close() noexcept {
  guests_.clear();
  if (!socket_.valid()) return;
  socket_.close();
  path_.close();
  if (named_ && os::this_process_id() == process_) os::remove_file(address_);
}

os::Descriptor knock(const std::string& address, const std::string& key, std::int64_t until_ns) {
  check_length(address);
  if (key.empty()) throw InvalidArgument("an authentication key holds at least one byte");
  const auto out_of_time = [&]() -> furrow::Timeout {
    return furrow::Timeout(fmt::format("connecting to \"{}\": no answer in time", address));
  };
  os::Descriptor socket;
  for (;;) {
    std::error_code error;
    socket = os::connect_to(address, error);
    if (!error) break;
    if (error != std::errc::resource_unavailable_try_again)
      throw_address_error("cannot connect to", address, error);
    if (os::monotonic_ns() >= until_ns) throw out_of_time();
    os::sleep_ns(full_house_pause_ns);
  }
  std::array<std::byte, handshake_bytes_max> buffer;
  const auto receive = [&]() -> std::span<const std::byte> {
    for (;;) {
      std::error_code error;
      const os::Packet packet = os::receive_packet(socket.get(), buffer, false, error);
      if (!error && packet.bytes > 0) return std::span(buffer).first(packet.bytes);
      if (!error || error != std::errc::resource_unavailable_try_again) {
        throw AuthenticationFailed(fmt::format(
            "\"{}\" hung up: it has another key, or does not speak furrow's language", address));
      }
      const std::int64_t left = until_ns - os::monotonic_ns();
      if (left <= 0) throw out_of_time();
      const int source = socket.get();
      os::wait_ready(std::span(&source, 1), left);
    }
  };
  ClientHandshake handshake(key);
  const auto answer = handshake.answer(receive());
  if (!answer) {
    throw AuthenticationFailed(fmt::format("\"{}\" does not speak furrow's language", address));
  }
  send(socket, *answer);
  if (!handshake.check(receive())) {
    throw AuthenticationFailed(fmt::format("\"{}\" could not show that it has the key", address));
  }
  return socket;
}

}  // namespace furrow::process
