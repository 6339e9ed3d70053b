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
constexpr std::int64_t rest_ns = 50'000'000;  // of a listener without descriptors
constexpr int folder_lock_looks = 5000;       // one every millisecond

[[noreturn]] void throw_address_error(const char* what, const std::string& address,
                                      const std::error_code& error) {
  const std::string text = fmt::format("{} \"{}\": {}", what, address, error.message());
  if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted)
    throw PermissionDenied(text);
  if (error == std::errc::address_in_use || error == std::errc::file_exists)
    throw AlreadyExists(text);
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

// It listens under a draft's name first and then gets its own in one step: whoever finds a socket
// at a path that refuses connections knows that its listener is dead, and is not just beginning.
void Reception::listen_at_path(int backlog) {
  check_length(address_);
  const std::size_t slash = address_.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : address_.substr(0, slash + 1);
  std::error_code error;
  const os::Descriptor place = os::open_directory(folder, error);
  if (!place.valid() && error != std::errc::permission_denied)
    throw_address_error("cannot listen at", address_, error);
  sweep_drafts(folder);
  // By the descriptor the draft's path is short, however long the folder's is.
  const std::string draft =
      fmt::format("{}/{}{}.{:016x}", place.valid() ? os::path_of_descriptor(place) : folder,
                  draft_prefix, process_, os::random_bits());
  check_length(draft);
  socket_ = os::listen_at(draft, backlog, error);
  if (error) throw_address_error("cannot listen at", address_, error);
  os::fault_point("process.reception.named");
  const os::FileStatus mine = os::status_of(draft, error);
  if (!error) error = os::publish_renamed(draft, address_);
  if (error == std::errc::file_exists && remove_dead(place))
    error = os::publish_renamed(draft, address_);
  if (error) {
    os::remove_file(draft);
    throw_address_error("cannot listen at", address_, error);
  }
  device_ = mine.device;
  inode_ = mine.inode;
}

// Takes away what a killed listener left at the address; true when the address may be free now. A
// listener that closes removes its path while it still listens, so what refuses connections is
// nobody's; the folder's lock lets only one process at a time remove it, and so nothing else.
bool Reception::remove_dead(const os::Descriptor& place) const {
  if (!place.valid()) return false;
  std::error_code error;
  int looks = 0;
  while (!os::try_lock(place, os::LockKind::exclusive, error)) {
    if (++looks > folder_lock_looks) return false;
    os::sleep_ns(1'000'000);
  }
  const os::FileStatus there = os::status_of(address_, error);
  if (error == std::errc::no_such_file_or_directory) return true;
  if (error || !there.socket) return false;
  os::connect_to(address_, error);
  if (error == std::errc::no_such_file_or_directory) return true;
  return error == std::errc::connection_refused && !os::remove_file(address_);
}

void Reception::append_sources(std::vector<int>& sources) const {
  sources.push_back(os::monotonic_ns() < resting_until_ns_ ? -1 : socket_.get());
  for (const Guest& guest : guests_) sources.push_back(guest.socket.get());
}

std::int64_t Reception::left_ns() const noexcept {
  const std::int64_t now = os::monotonic_ns();
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  if (now < resting_until_ns_) first = resting_until_ns_;
  for (const Guest& guest : guests_) first = std::min(first, guest.until_ns);
  if (first == std::numeric_limits<std::int64_t>::max()) return -1;
  return std::max<std::int64_t>(first - now, 0);
}

void Reception::let_in() {
  if (os::monotonic_ns() < resting_until_ns_) return;
  for (;;) {
    std::error_code error;
    os::Descriptor socket = os::accept_next(socket_.get(), error);
    if (!socket.valid()) {
      // Without descriptors the socket stays ready, and who knocks waits until there are some.
      const bool nobody = error == std::errc::resource_unavailable_try_again;
      resting_until_ns_ = nobody ? 0 : os::monotonic_ns() + rest_ns;
      return;
    }
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
  // Before it stops listening: nobody else removes it or puts another there meanwhile.
  if (inode_ != 0 && os::this_process_id() == process_) {
    std::error_code error;
    const os::FileStatus there = os::status_of(address_, error);
    if (!error && there.device == device_ && there.inode == inode_) os::remove_file(address_);
  }
  socket_.close();
  path_.close();
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
