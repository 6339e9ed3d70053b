#include <furrow/io/hdf5/mailbox.hpp>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace furrow::hdf5 {
namespace {

constexpr std::size_t error_bytes_min = 4096;

std::byte* request_place(const Mail& mail) noexcept {
  return reinterpret_cast<std::byte*>(const_cast<Mail*>(&mail)) + sizeof(Mail);
}
std::byte* answer_place(const Mail& mail) noexcept {
  return request_place(mail) + mail.request_bytes;
}

// One list for both directions: a class's number is its position.
template <class... Classes>
struct ErrorList {
  static std::uint32_t number_of(const Error& error) noexcept {
    std::uint32_t number = 0;
    std::uint32_t position = 0;
    ((++position,
      number = number == 0 && dynamic_cast<const Classes*>(&error) != nullptr ? position : number),
     ...);
    return number;
  }
  [[noreturn]] static void raise(std::uint32_t number, const std::string& text) {
    std::uint32_t position = 0;
    ((++position == number ? throw Classes(text) : void()), ...);
    throw Error(text);
  }
};
using Errors = ErrorList<InvalidArgument, NotFound, AlreadyExists, InUse, OutOfSpace,
                         PermissionDenied, Corrupt, VersionMismatch, ShapeMismatch, TypeMismatch,
                         Timeout, Cancelled, WorkerDied, KernelFailed, IoError>;

}  // namespace

Mailbox::Mailbox(const Place& place, const WireWriter& request, std::size_t answer_capacity) {
  const std::size_t request_bytes = request.bytes().size();
  const std::size_t capacity = std::max(answer_capacity, error_bytes_min);
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  options.attribute_bytes = 0;
  options.note = "request to the workers of a load or save";
  options.place = place;
  options.publish = false;  // workers reach it as the coordinator's open file
  const auto bytes = static_cast<std::int64_t>(sizeof(Mail) + request_bytes + capacity);
  array_ = AnyArray::create("request", Dtype::u8, {bytes}, options);
  Mail& m = *new (array_.data()) Mail{};
  m.request_bytes = request_bytes;
  m.answer_capacity = capacity;
  if (request_bytes != 0) std::memcpy(request_place(m), request.bytes().data(), request_bytes);
}

void Mailbox::rethrow() const {
  const Mail& m = *mail();
  if (m.state.load(std::memory_order_acquire) != static_cast<std::uint32_t>(MailState::error)) {
    return;
  }
  const auto* text = reinterpret_cast<const char*>(answer_place(m));
  const auto bytes = static_cast<std::size_t>(std::min(m.answer_bytes, m.answer_capacity));
  Errors::raise(m.error, std::string(text, bytes));
}

void Mailbox::reuse() const noexcept {
  mail()->answer_bytes = 0;
  mail()->state.store(static_cast<std::uint32_t>(MailState::empty), std::memory_order_release);
}

WireReader Mailbox::answer() const {
  const Mail& m = *mail();
  return WireReader({answer_place(m), static_cast<std::size_t>(m.answer_bytes)});
}

WireReader request_of(const Mail& mail) noexcept {
  return WireReader({request_place(mail), static_cast<std::size_t>(mail.request_bytes)});
}

void post_answer(Mail& mail, const WireWriter& answer) noexcept {
  mail.answer_bytes = answer.bytes().size();
  if (mail.answer_bytes <= mail.answer_capacity) {
    std::memcpy(answer_place(mail), answer.bytes().data(), answer.bytes().size());
  }
  mail.state.store(static_cast<std::uint32_t>(MailState::answer), std::memory_order_release);
}

void post_error(Mail& mail, const Error& error) noexcept {
  // Acquire and release: whoever wins writes the text alone, and is read after `error` is seen.
  std::uint32_t empty = static_cast<std::uint32_t>(MailState::empty);
  if (!mail.state.compare_exchange_strong(empty, static_cast<std::uint32_t>(MailState::writing),
                                          std::memory_order_acq_rel)) {
    return;
  }
  const std::string_view text = error.what();
  mail.error = Errors::number_of(error);
  mail.answer_bytes = std::min<std::uint64_t>(text.size(), mail.answer_capacity);
  std::memcpy(answer_place(mail), text.data(), static_cast<std::size_t>(mail.answer_bytes));
  mail.state.store(static_cast<std::uint32_t>(MailState::error), std::memory_order_release);
}

}  // namespace furrow::hdf5
