// furrow/sync/shareable_list.hpp
//
// A list of fixed length in raw shared memory: None, bool, int, float, str and bytes, as Python's
// multiprocessing.shared_memory.ShareableList has it, byte for byte.
//
//   auto list = mp::ShareableList::create("state", {1, 2.5, true, "text"});
//   list.set(0, 7);   auto text = std::get<std::string>(list.get(3));
//   list.shm().unlink();
//
//   0                 8                8 × (n+2)                              (packed)
//   +-----------------+----------------+----------------+------------------+-----------------+
//   | i64 n           | i64 offset     | items, 8-byte  | char[8] struct   | i8 kind × n     |
//   |                 | × (n+1)        | slots          | format × n       |                 |
//   +-----------------+----------------+----------------+------------------+-----------------+
//
// Slots      an item's room is fixed when the list is made: 8 bytes, or for texts 8 × (bytes/8 +
//            1). A text beyond its slot is InvalidArgument
// Unlike     Python's, slots are measured in UTF-8 bytes and not in characters (#96779: neighbours
// Python     overwritten), and texts that end in NULs keep them (#106939): their format names the
//            exact length, where otherwise it names the slot's. Python reads both, and strips NULs
//            as it always does; what Python writes over a text that ends in NULs it may cut
// Together   with other processes there is no lock: a list is changed by one at a time, or under a
//            Lock of yours. Nothing read is trusted: a damaged list is Corrupt, never a stray
//            access
// Crash      a list has its name when all of it is there. One killed in set leaves that item half
//            changed
// Lifetime   that of its SharedMemory: shm().unlink()
// Source     CPython 3.11 Lib/multiprocessing/shared_memory.py (format)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <furrow/segment/borrowing.hpp>
#include <furrow/sync/shared_memory.hpp>

namespace furrow::mp {

/// One item. Made from bool, any integer or floating point, text, bytes; nothing at all is None.
class ListItem : public std::variant<std::monostate, bool, std::int64_t, double, std::string,
                                     std::vector<std::byte>> {
 public:
  using variant::variant;
  ListItem(int value) : variant(std::int64_t{value}) {}         // NOLINT: 1 is an item
  ListItem(const char* value) : variant(std::string(value)) {}  // NOLINT: "x" is an item, no bool
};

class ShareableList {
 public:
  ShareableList() = default;
  /// "": a name is generated.
  static ShareableList create(std::string_view name, const std::vector<ListItem>& items);
  static ShareableList attach(std::string_view name);

  std::size_t size() const noexcept { return offsets_.size() - 1; }
  /// Throws InvalidArgument beyond the end, as set does.
  ListItem get(std::size_t index) const;
  ListItem operator[](std::size_t index) const { return get(index); }
  void set(std::size_t index, const ListItem& item) const;
  std::vector<ListItem> to_vector() const;

  /// Where the item first is. NotFound when it is not there.
  std::size_t index(const ListItem& item) const;
  std::size_t count(const ListItem& item) const;
  /// Python's struct formats of all items, one after the other.
  std::string format() const;

  const SharedMemory& shm() const noexcept { return shm_; }

  template <class Archive>
  void save(Archive& archive) const {
    segment::Lending::lend_copy(*this, {});  // raw memory, no segment
    archive(shm_.name());
  }
  template <class Archive>
  void load(Archive& archive) {
    std::string name;
    archive(name);
    *this = attach(name);
  }

 private:
  std::byte* item_at(std::size_t index) const;
  char* format_at(std::size_t index) const;
  char* kind_at(std::size_t index) const;
  std::size_t slot_bytes(std::size_t index) const { return offsets_[index + 1] - offsets_[index]; }
  std::string format_of(std::size_t index) const;

  SharedMemory shm_;
  std::vector<std::size_t> offsets_{0};  // checked when attached, and not read again
};

}  // namespace furrow::mp
