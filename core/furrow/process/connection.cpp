#include <furrow/process/connection.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cstring>

#include <furrow/os/fault.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/os/memory_file.hpp>
#include <furrow/os/process.hpp>
#include <furrow/os/socket.hpp>

namespace furrow::mp {
namespace {

// In front of every message.
struct Head {
  std::uint32_t magic;
  std::uint32_t in_file;  // 1: the first descriptor is the file that holds the message
  std::uint64_t bytes;
};
static_assert(sizeof(Head) == 16);

constexpr std::uint32_t head_magic = 0x31504d46;  // "FMP1"
constexpr std::size_t inline_bytes_max = os::packet_bytes_max - sizeof(Head);

// Room for the longest packet; one for all connections of a thread.
std::span<std::byte> packet_buffer() {
  thread_local const auto buffer = std::make_unique<std::byte[]>(os::packet_bytes_max);
  return {buffer.get(), os::packet_bytes_max};
}

os::Descriptor in_memory_file(std::span<const std::byte> bytes) {
  std::error_code error;
  os::Descriptor file = os::create_memory_file(error);
  if (!error) error = os::write_within_limit(file, 0, bytes.data(), bytes.size());
  os::fault_point("process.connection.written");
  if (!error) error = os::seal(file);
  if (error) {
    throw OutOfSpace(
        fmt::format("no memory for a message of {} bytes: {}", bytes.size(), error.message()));
  }
  return file;
}

[[noreturn]] void throw_timeout(const char* what, Timeout timeout) {
  throw furrow::Timeout(
      fmt::format("{}: nothing within {:.3f} s", what, static_cast<double>(timeout.ns()) * 1e-9));
}

[[noreturn]] void throw_send_error(const std::error_code& error) {
  if (error == std::errc::broken_pipe)
    throw BrokenPipe("send: nobody holds the other end of the connection any more");
  throw IoError("send: " + error.message());
}

}  // namespace

struct Connection::State {
  os::Descriptor socket;
  bool readable = false;
  bool writable = false;
  std::atomic<bool> closed{false};
};

Connection::Message::Message() = default;
Connection::Message::Message(Message&& other) noexcept
    : bytes(std::move(other.bytes)),
      mapped(std::exchange(other.mapped, 0)),
      mapped_bytes(other.mapped_bytes),
      descriptors(std::move(other.descriptors)) {}
Connection::Message::~Message() {
  if (mapped != 0) os::unmap(mapped, mapped_bytes, false);
}
std::span<const std::byte> Connection::Message::view() const noexcept {
  if (mapped != 0) return {reinterpret_cast<const std::byte*>(mapped), mapped_bytes};
  return bytes;
}

Connection::Connection(os::Descriptor socket, bool readable, bool writable)
    : state_(std::make_shared<State>()) {
  state_->socket = std::move(socket);
  state_->readable = readable;
  state_->writable = writable;
}

Connection::State& Connection::open(bool to_read) const {
  if (closed()) throw Closed("the connection is closed");
  if (to_read && !state_->readable)
    throw InvalidState("this is the sending end of a one-way pipe: nothing can be received here");
  if (!to_read && !state_->writable)
    throw InvalidState("this is the receiving end of a one-way pipe: nothing can be sent here");
  return *state_;
}

void Connection::send_text(const std::string& text, Timeout timeout) const {
  const Bytes bytes = encode(text);
  send_message(bytes, {}, timeout);
}

void Connection::send_bytes(std::span<const std::byte> bytes, Timeout timeout) const {
  send_message(bytes, {}, timeout);
}

void Connection::send_message(std::span<const std::byte> bytes, const std::vector<int>& descriptors,
                              Timeout timeout) const {
  State& s = open(false);
  if (bytes.size() > message_bytes_max) {
    throw MessageTooLarge(fmt::format("a message of {} bytes: at most {} are sent at once",
                                      bytes.size(), message_bytes_max));
  }
  const Deadline deadline(timeout);
  Head head{head_magic, 0, bytes.size()};
  std::vector<int> sent;
  os::Descriptor file;
  std::span<const std::byte> body = bytes;
  if (bytes.size() > inline_bytes_max) {
    file = in_memory_file(bytes);
    head.in_file = 1;
    body = {};
    sent.push_back(file.get());
  }
  sent.insert(sent.end(), descriptors.begin(), descriptors.end());
  const auto head_bytes = std::as_bytes(std::span<const Head, 1>(&head, 1));
  for (;;) {
    const std::error_code error =
        os::send_packet(s.socket.get(), head_bytes, body, sent, deadline.is_forever());
    if (!error) return;
    if (error != std::errc::resource_unavailable_try_again) throw_send_error(error);
    if (deadline.passed()) throw_timeout("send", timeout);
    os::wait_sendable(s.socket.get(), deadline.left_ns());
  }
}

Connection::Message Connection::receive(Timeout timeout) const {
  State& s = open(true);
  const Deadline deadline(timeout);
  const std::span<std::byte> buffer = packet_buffer();
  std::error_code error;
  os::Packet packet;
  for (;;) {
    packet = os::receive_packet(s.socket.get(), buffer, deadline.is_forever(), error);
    if (!error) break;
    if (error == std::errc::too_many_files_open) {
      throw OutOfSpace(
          "recv: this process has no descriptors left for those that the message brings; it stays "
          "until there are some (close files, or raise the limit: ulimit -n)");
    }
    if (error != std::errc::resource_unavailable_try_again)
      throw IoError("recv: " + error.message());
    if (deadline.passed()) throw_timeout("recv", timeout);
    const int source = s.socket.get();
    os::wait_ready(std::span(&source, 1), deadline.left_ns());
  }
  if (packet.bytes == 0)
    throw EndOfFile("recv: nobody holds the other end of the connection any more");

  Head head{};
  if (packet.bytes >= sizeof head) std::memcpy(&head, buffer.data(), sizeof head);
  Message message;
  bool whole = !packet.cut && head.magic == head_magic;
  if (whole && head.in_file == 0) {
    whole = head.bytes == packet.bytes - sizeof head;
    message.bytes.assign(buffer.data() + sizeof head, buffer.data() + packet.bytes);
  } else if (whole) {
    whole = !packet.descriptors.empty() && head.bytes != 0 &&
            os::sealed_bytes(packet.descriptors.front()) == head.bytes;
    if (whole) {
      message.mapped_bytes = static_cast<std::size_t>(head.bytes);
      message.mapped =
          os::map_file(packet.descriptors.front().get(), message.mapped_bytes, false, 0, error);
      if (message.mapped == 0)
        throw OutOfSpace(
            fmt::format("no room for a message of {} bytes: {}", head.bytes, error.message()));
      packet.descriptors.erase(packet.descriptors.begin());
    }
  }
  if (!whole) {
    close();
    throw Corrupt("recv: what came is no message of furrow's; the connection is closed");
  }
  message.descriptors = std::move(packet.descriptors);
  return message;
}

Bytes Connection::recv_bytes(std::uint64_t limit, Timeout timeout) const {
  Message message = receive(timeout);
  const auto view = message.view();
  Bytes bytes = message.mapped != 0 ? Bytes(view.begin(), view.end()) : std::move(message.bytes);
  if (bytes.size() > limit) {
    const std::size_t count = bytes.size();
    throw BufferTooShort(
        fmt::format("a message of {} bytes came where at most {} were wanted", count, limit),
        std::move(bytes));
  }
  return bytes;
}

Bytes Connection::recv_parcel(std::vector<os::Descriptor>& descriptors, Timeout timeout) const {
  Message message = receive(timeout);
  descriptors = std::move(message.descriptors);
  const auto view = message.view();
  return message.mapped != 0 ? Bytes(view.begin(), view.end()) : std::move(message.bytes);
}

std::size_t Connection::recv_bytes_into(std::span<std::byte> buffer, std::size_t offset,
                                        Timeout timeout) const {
  if (offset > buffer.size()) {
    throw InvalidArgument(fmt::format("recv_bytes_into: offset {} lies behind a buffer of {} bytes",
                                      offset, buffer.size()));
  }
  const Message message = receive(timeout);
  const auto view = message.view();
  if (view.size() > buffer.size() - offset) {
    throw BufferTooShort(fmt::format("a message of {} bytes came where {} have room", view.size(),
                                     buffer.size() - offset),
                         Bytes(view.begin(), view.end()));
  }
  if (!view.empty()) std::memcpy(buffer.data() + offset, view.data(), view.size());
  return view.size();
}

bool Connection::poll(Timeout timeout) const {
  const int source = open(true).socket.get();
  const Deadline deadline(timeout);
  for (;;) {
    if (os::wait_ready(std::span(&source, 1), deadline.left_ns())[0]) return true;
    if (deadline.passed()) return false;
  }
}

bool Connection::readable() const noexcept { return state_ != nullptr && state_->readable; }
bool Connection::writable() const noexcept { return state_ != nullptr && state_->writable; }
bool Connection::closed() const noexcept { return state_ == nullptr || state_->closed; }

void Connection::close() const noexcept {
  if (state_ == nullptr || state_->closed.exchange(true)) return;
  state_->socket.close();
}

int Connection::fileno() const {
  if (closed()) throw Closed("the connection is closed");
  return state_->socket.get();
}

std::pair<Connection, Connection> Pipe(bool duplex) {
  std::error_code error;
  auto [first, second] = os::socket_pair(error);
  if (error) throw Error("a pipe cannot be made: " + error.message());
  return {Connection(std::move(first), true, duplex), Connection(std::move(second), duplex, true)};
}

}  // namespace furrow::mp
