#include <furrow/io/hdf5/mailbox.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include <furrow/os/identity.hpp>

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
                         WrongData, Timeout, Cancelled, WorkerDied, KernelFailed, IoError>;

// New shared memory costs a small load more than its bytes do: workers have mapped the last one.
constexpr std::size_t kept_bytes_max = std::size_t{128} << 10;

struct Kept {
  std::mutex mutex;
  std::uint64_t process = 0;
  AnyArray* array = nullptr;  // never destroyed: at the end of a process segments may have gone
};
Kept& kept() {
  static Kept one;
  return one;
}

/// Not valid when there is none that would do.
AnyArray take_kept(const Place& place, std::size_t bytes) {
  Kept& k = kept();
  const std::lock_guard lock(k.mutex);
  // A forked child has its parent's, which the parent goes on to use.
  if (k.array == nullptr || k.process != os::this_process_id() || k.array->bytes() < bytes ||
      k.array->segment()->place().directory != place.directory) {
    return {};
  }
  const std::unique_ptr<AnyArray> array(std::exchange(k.array, nullptr));
  return std::move(*array);
}

void keep(AnyArray array) {
  Kept& k = kept();
  const std::lock_guard lock(k.mutex);
  if (k.process != os::this_process_id()) k.array = nullptr;
  if (k.array != nullptr) return;
  k.process = os::this_process_id();
  k.array = new AnyArray(std::move(array));
}

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
  const std::size_t bytes = sizeof(Mail) + request_bytes + capacity;
  array_ = take_kept(place, bytes);
  if (!array_.valid()) {
    array_ = AnyArray::create("request", Dtype::u8, {static_cast<std::int64_t>(bytes)}, options);
  }
  Mail& m = *new (array_.data()) Mail{};
  m.request_bytes = request_bytes;
  m.answer_capacity = array_.bytes() - sizeof(Mail) - request_bytes;
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

Mailbox::~Mailbox() {
  if (ended_ && array_.valid() && array_.bytes() <= kept_bytes_max) keep(std::move(array_));
}

void Mailbox::reuse() noexcept {
  ended_ = false;
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
