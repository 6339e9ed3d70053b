// The table of attributes, as it lies in each half of the attribute area (all little-endian, every
// part padded with zeros to 8 bytes):
//
//   table    u64 count, then `count` records by ascending name
//   record   u32 dtype (0: text)   u32 ndim   u32 name_bytes   u32 reserved   u64 value_bytes
//            i64 shape[ndim]       name       value
//
// Text values hold one string, or with shape {n} n strings separated by NULs.
//
// Header::attributes_word says what counts: bits 0..31 the table's length in bytes, bits 32..62 a
// sequence number, bit 63 the half. Length 0 is an empty table.
//
// A writer fills the half that does not count, then publishes the word. A reader copies the half
// that counts and looks at the word again: only after it has changed does anybody write into that
// half, so an unchanged word proves the copy whole.
#include <furrow/segment/attributes.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <thread>

#include <furrow/os/fault.hpp>
#include <furrow/segment/failure.hpp>
#include <furrow/segment/state.hpp>

namespace furrow {
namespace {

constexpr std::uint64_t length_mask = 0xFFFFFFFFu;
constexpr std::uint64_t sequence_step = std::uint64_t{1} << 32;
constexpr std::uint64_t sequence_mask = 0x7FFFFFFFu * sequence_step;
constexpr std::uint64_t half_bit = std::uint64_t{1} << 63;
constexpr std::size_t record_head_bytes = 24;
constexpr std::size_t attribute_name_bytes_max = 65535;

constexpr std::size_t padded(std::size_t bytes) { return (bytes + 7) / 8 * 8; }

// The shared halves are copied word by word through relaxed atomics: the other side may be writing,
// and the word that is checked afterwards decides.
void copy_out(std::vector<std::uint64_t>& to, std::uint64_t* from) {
  for (std::size_t i = 0; i < to.size(); ++i)
    to[i] = std::atomic_ref(from[i]).load(std::memory_order_relaxed);
}

void copy_in(std::uint64_t* to, const std::vector<std::uint64_t>& from) {
  for (std::size_t i = 0; i < from.size(); ++i)
    std::atomic_ref(to[i]).store(from[i], std::memory_order_relaxed);
}

class Writer {
 public:
  void u32(std::uint32_t value) { raw(&value, sizeof value); }
  void u64(std::uint64_t value) { raw(&value, sizeof value); }
  void padded_bytes(const void* data, std::size_t bytes) {
    raw(data, bytes);
    static constexpr char zeros[8] = {};
    raw(zeros, padded(bytes) - bytes);
  }
  std::vector<std::uint64_t> words() const {
    std::vector<std::uint64_t> result(text_.size() / 8);
    if (!text_.empty()) std::memcpy(result.data(), text_.data(), text_.size());
    return result;
  }

 private:
  void raw(const void* data, std::size_t bytes) {
    if (bytes != 0) text_.append(static_cast<const char*>(data), bytes);
  }
  std::string text_;
};

// Never reads past the end: a request for more than is left throws Corrupt.
class Reader {
 public:
  Reader(const std::vector<std::uint64_t>& words, const std::string& path)
      : at_(reinterpret_cast<const char*>(words.data())), left_(words.size() * 8), path_(path) {}
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  const char* padded_bytes(std::uint64_t bytes) {
    if (bytes > left_ || padded(bytes) > left_) fail("a part is longer than the table");
    const char* result = at_;
    at_ += padded(bytes);
    left_ -= padded(bytes);
    return result;
  }
  std::size_t left() const { return left_; }
  [[noreturn]] void fail(const char* found) const {
    throw Corrupt(
        fmt::format("the attributes of {} are damaged: {} (set them anew)", path_, found));
  }

 private:
  template <class T>
  T number() {
    if (left_ < sizeof(T)) fail("the table ends early");
    T value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    left_ -= sizeof value;
    return value;
  }
  const char* at_;
  std::size_t left_;
  const std::string& path_;
};

// Elements of a shape; false when it is negative or overflows.
bool count_elements(const std::vector<std::int64_t>& shape, std::uint64_t& count) {
  count = 1;
  for (const std::int64_t extent : shape)
    if (extent < 0 || __builtin_mul_overflow(count, static_cast<std::uint64_t>(extent), &count))
      return false;
  return true;
}

bool size_fits(const Attribute& value) {
  std::uint64_t bytes = 0;
  if (value.is_text()) return value.shape.size() <= 1;
  if (value.shape.size() > segment::dimensions_max || !count_elements(value.shape, bytes))
    return false;
  return !__builtin_mul_overflow(bytes, item_bytes(value.dtype), &bytes) &&
         bytes == value.bytes.size();
}

std::vector<std::uint64_t> encode(const Attributes& attributes) {
  if (attributes.empty()) return {};
  Writer writer;
  writer.u64(attributes.size());
  for (const auto& [name, value] : attributes) {
    if (name.empty() || name.size() > attribute_name_bytes_max)
      throw InvalidArgument(fmt::format("an attribute's name has 1 to {} bytes, got {}",
                                        attribute_name_bytes_max, name.size()));
    if (!size_fits(value))
      throw InvalidArgument(
          fmt::format("the attribute \"{}\" has {} bytes, which do not fit its dtype and shape",
                      name, value.bytes.size()));
    writer.u32(static_cast<std::uint32_t>(value.dtype));
    writer.u32(static_cast<std::uint32_t>(value.shape.size()));
    writer.u32(static_cast<std::uint32_t>(name.size()));
    writer.u32(0);
    writer.u64(value.bytes.size());
    for (const std::int64_t extent : value.shape) writer.u64(static_cast<std::uint64_t>(extent));
    writer.padded_bytes(name.data(), name.size());
    writer.padded_bytes(value.bytes.data(), value.bytes.size());
  }
  return writer.words();
}

Attributes decode(const std::vector<std::uint64_t>& words, const std::string& path) {
  Attributes attributes;
  if (words.empty()) return attributes;
  Reader reader(words, path);
  const std::uint64_t count = reader.u64();
  if (count > reader.left() / record_head_bytes) reader.fail("more attributes than fit");
  for (std::uint64_t i = 0; i < count; ++i) {
    Attribute value;
    const std::uint32_t dtype = reader.u32();
    const std::uint32_t ndim = reader.u32();
    const std::uint32_t name_bytes = reader.u32();
    reader.u32();
    const std::uint64_t value_bytes = reader.u64();
    value.dtype = static_cast<Dtype>(dtype);
    if (dtype != 0 && item_bytes(value.dtype) == 0) reader.fail("unknown dtype");
    if (ndim > segment::dimensions_max) reader.fail("too many dimensions");
    for (std::uint32_t axis = 0; axis < ndim; ++axis)
      value.shape.push_back(static_cast<std::int64_t>(reader.u64()));
    const std::string name(reader.padded_bytes(name_bytes), name_bytes);
    const char* bytes = reader.padded_bytes(value_bytes);
    value.bytes.resize(value_bytes);
    if (value_bytes != 0) std::memcpy(value.bytes.data(), bytes, value_bytes);
    if (name.empty() || !size_fits(value)) reader.fail("sizes do not agree");
    if (!attributes.emplace(name, std::move(value)).second) reader.fail("a name stands twice");
  }
  return attributes;
}

}  // namespace

std::size_t attribute_bytes_of(const Attributes& attributes) {
  return encode(attributes).size() * 8;
}

Attributes read_attributes(const Segment& segment) {
  const Segment::State& s = *segment.state_;
  const std::uint64_t half_bytes = s.facts.attributes_bytes / 2;
  auto& published = s.header().attributes_word;
  for (;;) {
    // Acquire: the half's contents were stored before the word that names it.
    const std::uint64_t word = published.load(std::memory_order_acquire);
    const std::uint64_t length = word & length_mask;
    if (length > half_bytes || length % 8 != 0)
      throw Corrupt(fmt::format("the attributes of {} are damaged: {} bytes of {} (set them anew)",
                                s.path, length, half_bytes));
    std::vector<std::uint64_t> words(length / 8);
    const std::uint64_t offset = s.facts.attributes_offset + ((word & half_bit) ? half_bytes : 0);
    copy_out(words, reinterpret_cast<std::uint64_t*>(s.bytes_at(offset)));
    // Orders the copy before the second look.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (published.load(std::memory_order_relaxed) == word) return decode(words, s.path);
  }
}

void write_attributes(Segment& segment, const Attributes& attributes) {
  Segment::State& s = *segment.state_;
  if (s.access == Access::read_only)
    throw PermissionDenied(fmt::format("cannot set attributes of {}: it is attached read-only",
                                       segment::quoted(s.name, s.place)));
  const std::vector<std::uint64_t> words = encode(attributes);
  const std::uint64_t half_bytes = s.facts.attributes_bytes / 2;
  if (words.size() * 8 > half_bytes)
    throw OutOfSpace(fmt::format(
        "the attributes of {} need {} bytes, it has room for {} (create it with attribute_bytes of "
        "{} or more)",
        segment::quoted(s.name, s.place), words.size() * 8, half_bytes, words.size() * 8));

  const std::lock_guard threads(s.attributes);
  const segment::Deadline deadline = segment::deadline_in(2'000'000'000);
  std::error_code error;
  while (
      !os::try_lock_byte(s.file, segment::attributes_lock_byte, os::LockKind::exclusive, error)) {
    if (error) segment::throw_os_error(error, "cannot lock " + segment::quoted(s.name, s.place));
    if (std::chrono::steady_clock::now() >= deadline)
      throw Timeout(
          fmt::format("another process has been writing the attributes of {} for over 2 s",
                      segment::quoted(s.name, s.place)));
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  auto& published = s.header().attributes_word;
  const std::uint64_t before = published.load(std::memory_order_acquire);
  const bool second = (before & half_bit) == 0;
  os::fault_point("attributes.write.locked");
  // Orders the store of the word that freed this half before the stores into it.
  std::atomic_thread_fence(std::memory_order_release);
  const std::uint64_t offset = s.facts.attributes_offset + (second ? half_bytes : 0);
  copy_in(reinterpret_cast<std::uint64_t*>(s.bytes_at(offset)), words);
  os::fault_point("attributes.write.copied");
  // Release: whoever sees the word sees the half.
  published.store(
      (second ? half_bit : 0) | ((before + sequence_step) & sequence_mask) | words.size() * 8,
      std::memory_order_release);
  os::fault_point("attributes.write.published");
  os::unlock_byte(s.file, segment::attributes_lock_byte);
}

}  // namespace furrow
