#include <furrow/process/mirror.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <furrow/os/fault.hpp>
#include <furrow/os/memory.hpp>
#include <furrow/os/memory_file.hpp>

namespace furrow::process {
namespace {

constexpr int tries_max = 100;

std::uint64_t lengths_of(std::size_t key, std::size_t value, MirrorState state) noexcept {
  return key | static_cast<std::uint64_t>(value) << 16 | static_cast<std::uint64_t>(state) << 32;
}
std::size_t key_bytes(std::uint64_t lengths) noexcept { return lengths & 0xffffU; }
std::size_t value_bytes(std::uint64_t lengths) noexcept { return lengths >> 16 & 0xffffU; }
MirrorState state_of(std::uint64_t lengths) noexcept {
  return static_cast<MirrorState>(lengths >> 32);
}

// The words are read while another process may write them: one by one, and believed afterwards.
struct Item {
  std::uint64_t words[mirror_words];
  const std::byte* bytes() const noexcept { return reinterpret_cast<const std::byte*>(words); }
};

void copy_words(const MirrorSlot& slot, std::size_t bytes, Item& item) noexcept {
  const std::size_t words = std::min(mirror_words, (bytes + 7) / 8);
  for (std::size_t i = 0; i < words; ++i) {
    item.words[i] = slot.words[i].load(std::memory_order_relaxed);
  }
}

bool starts_with(const Item& item, std::span<const std::byte> key) noexcept {
  return key.empty() || std::memcmp(item.bytes(), key.data(), key.size()) == 0;
}

std::size_t bytes_for(std::size_t slots) noexcept {
  return sizeof(MirrorHead) + slots * sizeof(MirrorSlot);
}

}  // namespace

// FNV-1a, with the high bits mixed down.
std::uint64_t mirror_hash(std::span<const std::byte> key) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const std::byte byte : key) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3U;
  }
  return hash ^ hash >> 32;
}

std::unique_ptr<MirrorWriter> MirrorWriter::make(std::size_t slots) {
  std::error_code error;
  os::Descriptor file = os::create_memory_file(error);
  const std::size_t bytes = bytes_for(slots);
  if (!error) error = os::reserve(file, bytes);
  if (!error) error = os::seal(file);
  if (error) return nullptr;
  const std::uintptr_t address = os::map_file(file.get(), bytes, true, 0, error);
  if (address == 0) return nullptr;
  reinterpret_cast<MirrorHead*>(address)->slots = slots;
  return std::unique_ptr<MirrorWriter>(new MirrorWriter(std::move(file), address, bytes));
}

MirrorWriter::~MirrorWriter() {
  retire();
  os::unmap(address_, bytes_, false);
}

MirrorSlot& MirrorWriter::slot(std::uint64_t at) const noexcept {
  auto* const slots = reinterpret_cast<MirrorSlot*>(address_ + sizeof(MirrorHead));
  return slots[at & (head().slots - 1)];
}

// The slot of the key, or the empty one where it belongs. There always is one.
MirrorSlot* MirrorWriter::find(std::span<const std::byte> key, std::uint64_t hash) const noexcept {
  for (std::uint64_t at = hash;; ++at) {
    MirrorSlot& candidate = slot(at);
    const std::uint64_t lengths = candidate.lengths.load(std::memory_order_relaxed);
    if (state_of(lengths) == MirrorState::empty) return &candidate;
    if (candidate.hash.load(std::memory_order_relaxed) != hash || key_bytes(lengths) != key.size())
      continue;
    Item item;
    copy_words(candidate, key.size(), item);
    if (starts_with(item, key)) return &candidate;
  }
}

bool MirrorWriter::put(std::span<const std::byte> key,
                       std::optional<std::span<const std::byte>> value) noexcept {
  if (key.size() > mirror_item_bytes) return true;  // readers ask for such a key
  const std::uint64_t hash = mirror_hash(key);
  MirrorSlot& place = *find(key, hash);
  const bool is_new = state_of(place.lengths.load(std::memory_order_relaxed)) == MirrorState::empty;
  if (is_new && 2 * (used_ + 1) > slots()) {
    retire();
    return false;
  }
  used_ += is_new ? 1 : 0;
  const bool fits = value && key.size() + value->size() <= mirror_item_bytes;
  Item item{};
  if (!key.empty()) std::memcpy(item.words, key.data(), key.size());
  const std::size_t count = fits ? value->size() : 0;
  if (count != 0) {
    std::memcpy(reinterpret_cast<std::byte*>(item.words) + key.size(), value->data(), count);
  }
  if (!many_) change_version();
  place.hash.store(hash, std::memory_order_relaxed);
  for (std::size_t i = 0; i < (key.size() + count + 7) / 8; ++i) {
    place.words[i].store(item.words[i], std::memory_order_relaxed);
  }
  os::fault_point("process.mirror.writing");
  place.lengths.store(lengths_of(key.size(), count, fits ? MirrorState::here : MirrorState::ask),
                      std::memory_order_relaxed);
  if (!many_) change_version();
  return true;
}

// To an odd one before a change, to an even one behind it.
void MirrorWriter::change_version() noexcept {
  std::atomic<std::uint64_t>& version = head().version;
  const std::uint64_t before = version.load(std::memory_order_relaxed);
  version.store(before + 1, std::memory_order_release);  // what was changed is seen before it
  std::atomic_thread_fence(std::memory_order_release);   // readers of what follows see it odd
}

void MirrorWriter::begin() noexcept {
  change_version();
  many_ = true;
}

void MirrorWriter::end() noexcept {
  many_ = false;
  change_version();
}

// The slot stays the key's: readers ask, and hear that it is gone.
void MirrorWriter::remove(std::span<const std::byte> key) noexcept { put(key, std::nullopt); }

std::unique_ptr<MirrorReader> MirrorReader::map(const os::Descriptor& file) {
  const auto bytes = os::sealed_bytes(file);
  if (!bytes || *bytes < bytes_for(1)) return nullptr;
  std::error_code error;
  const auto count = static_cast<std::size_t>(*bytes);
  const std::uintptr_t address = os::map_file(file.get(), count, false, 0, error);
  if (address == 0) return nullptr;
  std::unique_ptr<MirrorReader> reader(new MirrorReader(address, count));
  const std::uint64_t slots = reader->head().slots;
  const bool whole = slots != 0 && (slots & (slots - 1)) == 0 && slots <= mirror_slots_max &&
                     bytes_for(static_cast<std::size_t>(slots)) == count;
  return whole ? std::move(reader) : nullptr;
}

MirrorReader::~MirrorReader() { os::unmap(address_, bytes_, false); }

std::optional<mp::Bytes> MirrorReader::get(std::span<const std::byte> key) const {
  if (key.size() > mirror_item_bytes) return std::nullopt;
  const std::uint64_t hash = mirror_hash(key);
  const auto* const slots = reinterpret_cast<const MirrorSlot*>(address_ + sizeof(MirrorHead));
  const std::uint64_t mask = head().slots - 1;
  for (int tries = 0; tries < tries_max; ++tries) {
    const std::uint64_t before = head().version.load(std::memory_order_acquire);
    if ((before & 1) != 0) continue;
    std::uint64_t lengths = 0;
    Item item;
    for (std::uint64_t step = 0; step <= mask; ++step) {
      const MirrorSlot& slot = slots[(hash + step) & mask];
      lengths = slot.lengths.load(std::memory_order_relaxed);
      if (state_of(lengths) == MirrorState::empty) break;
      if (slot.hash.load(std::memory_order_relaxed) != hash || key_bytes(lengths) != key.size()) {
        lengths = 0;
        continue;
      }
      copy_words(slot, key_bytes(lengths) + value_bytes(lengths), item);
      if (starts_with(item, key)) break;
      lengths = 0;
    }
    std::atomic_thread_fence(std::memory_order_acquire);  // what was read, before the second look
    if (head().version.load(std::memory_order_relaxed) != before) continue;
    if (state_of(lengths) != MirrorState::here) return std::nullopt;
    const std::size_t count = value_bytes(lengths);
    if (key.size() + count > mirror_item_bytes) return std::nullopt;
    return mp::Bytes(item.bytes() + key.size(), item.bytes() + key.size() + count);
  }
  return std::nullopt;
}

}  // namespace furrow::process
