// furrow/process/mirror.hpp
//
// A dict of a manager, as its readers see it without asking: a table in shared memory that only the
// manager's process writes, and any process reads. Internal to the room.
//
//      0      128                                    a memory file, mapped for reading by clients
//   +--------+--------+--------+- …                  slots: a power of two
//   |  head  | slot 0 | slot 1 |
//   +--------+--------+--------+- …
//
//   head   0  version   odd while the table is being changed                        (atomic u64)
//          8  retired   1: too full or emptied; ask for the next one                (atomic u64)
//         16  slots
//   slot   0  lengths   key bytes | value bytes << 16 | state << 32                 (atomic u64)
//          8  hash      of the key                                                  (atomic u64)
//         16  bytes     key, then value, in words                                   (atomic u64 ×
//         30)
//
// Reading  a sequence lock: copy, and believe the copy when the version was even and has not
//          changed. A manager that is killed while it writes leaves an odd version for ever: ask
//          it, and learn that it is dead.
// Asked    for keys that are not here, and for values that are too long or hold proxies
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <furrow/os/file.hpp>
#include <furrow/sync/message.hpp>

namespace furrow::process {

inline constexpr std::size_t mirror_words = 30;
inline constexpr std::size_t mirror_item_bytes = 8 * mirror_words;
inline constexpr std::size_t mirror_slots_first = 64;
inline constexpr std::size_t mirror_slots_max = std::size_t{1} << 16;

struct MirrorHead {
  std::atomic<std::uint64_t> version;
  std::atomic<std::uint64_t> retired;
  std::uint64_t slots;
  std::uint64_t unused[13];
};
static_assert(sizeof(MirrorHead) == 128);

struct MirrorSlot {
  std::atomic<std::uint64_t> lengths;
  std::atomic<std::uint64_t> hash;
  std::atomic<std::uint64_t> words[mirror_words];
};
static_assert(sizeof(MirrorSlot) == 256);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

enum class MirrorState : std::uint64_t { empty = 0, here = 1, ask = 2 };

std::uint64_t mirror_hash(std::span<const std::byte> key) noexcept;

/// The manager's side. Never throws: a mirror that cannot be kept is retired.
class MirrorWriter {
 public:
  /// Null when there is no memory for it.
  static std::unique_ptr<MirrorWriter> make(std::size_t slots);
  ~MirrorWriter();
  MirrorWriter(const MirrorWriter&) = delete;
  MirrorWriter& operator=(const MirrorWriter&) = delete;

  int descriptor() const noexcept { return file_.get(); }
  std::size_t slots() const noexcept { return static_cast<std::size_t>(head().slots); }
  /// False when it was too full and is retired. An empty value: ask the manager.
  bool put(std::span<const std::byte> key,
           std::optional<std::span<const std::byte>> value) noexcept;
  void remove(std::span<const std::byte> key) noexcept;
  /// What is put between the two, readers see all at once; meanwhile they ask.
  void begin() noexcept;
  void end() noexcept;
  void retire() noexcept { head().retired.store(1, std::memory_order_release); }

 private:
  MirrorWriter(os::Descriptor file, std::uintptr_t address, std::size_t bytes) noexcept
      : file_(std::move(file)), address_(address), bytes_(bytes) {}
  MirrorHead& head() const noexcept { return *reinterpret_cast<MirrorHead*>(address_); }
  void change_version() noexcept;
  MirrorSlot& slot(std::uint64_t at) const noexcept;
  MirrorSlot* find(std::span<const std::byte> key, std::uint64_t hash) const noexcept;

  os::Descriptor file_;
  std::uintptr_t address_;
  std::size_t bytes_;
  std::size_t used_ = 0;
  bool many_ = false;
};

/// A client's side.
class MirrorReader {
 public:
  /// Null when the descriptor is no mirror.
  static std::unique_ptr<MirrorReader> map(const os::Descriptor& file);
  ~MirrorReader();
  MirrorReader(const MirrorReader&) = delete;
  MirrorReader& operator=(const MirrorReader&) = delete;

  bool retired() const noexcept { return head().retired.load(std::memory_order_acquire) != 0; }
  /// The value; empty: ask the manager.
  std::optional<mp::Bytes> get(std::span<const std::byte> key) const;

 private:
  MirrorReader(std::uintptr_t address, std::size_t bytes) noexcept
      : address_(address), bytes_(bytes) {}
  const MirrorHead& head() const noexcept { return *reinterpret_cast<const MirrorHead*>(address_); }
  std::uintptr_t address_;
  std::size_t bytes_;
};

}  // namespace furrow::process
