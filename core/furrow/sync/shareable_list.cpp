#include <furrow/sync/shareable_list.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <furrow/error.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::mp {
namespace {

constexpr std::size_t word = 8;
constexpr std::size_t format_bytes = 8;
constexpr std::size_t text_bytes_max = 9'999'984;  // "9999992s" is the longest format

enum Kind : char { number = 0, text = 1, binary = 2, none = 3 };

constexpr const char* bool_format = "xxxxxxx?";
constexpr const char* none_format = "xxxxxx?x";

/// The bytes of a text or bytes item; nothing for the others.
std::string_view content_of(const ListItem& item) {
  if (const auto* s = std::get_if<std::string>(&item)) return *s;
  if (const auto* b = std::get_if<std::vector<std::byte>>(&item))
    return {reinterpret_cast<const char*>(b->data()), b->size()};
  return {};
}

bool has_content(const ListItem& item) { return item.index() >= 4; }

Kind kind_of(const ListItem& item) {
  switch (item.index()) {
    case 0: return none;
    case 4: return text;
    case 5: return binary;
    default: return number;
  }
}

std::size_t slot_for(const ListItem& item) {
  if (!has_content(item)) return word;
  const std::size_t bytes = content_of(item).size();
  if (bytes > text_bytes_max)
    throw InvalidArgument(
        fmt::format("an item of {} bytes; a ShareableList takes up to {}", bytes, text_bytes_max));
  return word * (bytes / word + 1);
}

std::string format_for(const ListItem& item, std::size_t slot) {
  switch (item.index()) {
    case 0: return none_format;
    case 1: return bool_format;
    case 2: return "q";
    case 3: return "d";
    default: break;
  }
  const std::string_view content = content_of(item);
  const bool exact = !content.empty() && content.back() == '\0';
  return fmt::format("{}s", exact ? content.size() : slot);
}

void write_item(std::byte* to, std::size_t slot, const ListItem& item) {
  std::memset(to, 0, slot);
  if (const auto* b = std::get_if<bool>(&item)) {
    to[word - 1] = std::byte{*b};
  } else if (const auto* i = std::get_if<std::int64_t>(&item)) {
    std::memcpy(to, i, sizeof *i);
  } else if (const auto* d = std::get_if<double>(&item)) {
    std::memcpy(to, d, sizeof *d);
  } else {
    const std::string_view content = content_of(item);
    if (!content.empty()) std::memcpy(to, content.data(), content.size());
  }
}

template <class T>
T read_as(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

[[noreturn]] void throw_corrupt(const SharedMemory& shm, const std::string& what) {
  throw Corrupt(fmt::format("\"{}\" is no ShareableList, or damaged: {}", shm.name(), what));
}

}  // namespace

ShareableList ShareableList::create(std::string_view name, const std::vector<ListItem>& items) {
  ShareableList list;
  for (const ListItem& item : items) list.offsets_.push_back(list.offsets_.back() + slot_for(item));
  const std::size_t n = items.size();
  const auto fill = [&](const SharedMemory& made) {
    list.shm_ = made;
    std::byte* const begin = made.buf().data();
    std::memcpy(begin, &n, word);
    for (std::size_t i = 0; i <= n; ++i)
      std::memcpy(begin + word * (i + 1), &list.offsets_[i], word);
    for (std::size_t i = 0; i < n; ++i) list.set(i, items[i]);
  };
  const std::size_t bytes = word * (n + 2) + list.offsets_.back() + n * (format_bytes + 1);
  list.shm_ = SharedMemory::create(name, bytes, 0600, fill);
  return list;
}

ShareableList ShareableList::attach(std::string_view name) {
  ShareableList list;
  list.shm_ = SharedMemory::attach(name);
  const std::span<std::byte> bytes = list.shm_.buf();
  if (bytes.size() < 2 * word) throw_corrupt(list.shm_, "it is too short");
  const auto n = read_as<std::uint64_t>(bytes.data());
  const std::size_t rest = bytes.size() - 2 * word;
  if (n > rest / (word + format_bytes + 1))
    throw_corrupt(list.shm_, fmt::format("{} items do not fit", n));
  const std::size_t room = rest - n * (word + format_bytes + 1);
  list.offsets_.clear();
  for (std::size_t i = 0; i <= n; ++i) {
    const auto offset = read_as<std::uint64_t>(bytes.data() + word * (i + 1));
    const std::uint64_t before = i == 0 ? 0 : list.offsets_.back() + word;
    if (offset < before || offset > room || (i == 0 && offset != 0))
      throw_corrupt(list.shm_, fmt::format("item {} lies at {}", i, offset));
    list.offsets_.push_back(offset);
  }
  return list;
}

std::byte* ShareableList::item_at(std::size_t index) const {
  if (index >= size())
    throw InvalidArgument(
        fmt::format("item {} of a ShareableList of {} was asked for", index, size()));
  return shm_.buf().data() + word * (size() + 2) + offsets_[index];
}

char* ShareableList::format_at(std::size_t index) const {
  return reinterpret_cast<char*>(shm_.buf().data()) + word * (size() + 2) + offsets_.back() +
         format_bytes * index;
}

char* ShareableList::kind_at(std::size_t index) const { return format_at(size()) + index; }

std::string ShareableList::format_of(std::size_t index) const {
  const char* const begin = format_at(index);
  return {begin, std::find(begin, begin + format_bytes, '\0')};
}

ListItem ShareableList::get(std::size_t index) const {
  const std::byte* const at = item_at(index);
  const std::string format = format_of(index);
  const char kind = *kind_at(index);
  if (kind == none) return {};
  if (format == "q") return read_as<std::int64_t>(at);
  if (format == "d") return read_as<double>(at);
  if (format == bool_format) return at[word - 1] != std::byte{0};
  std::size_t bytes = 0;
  const char* const end = format.data() + format.size();
  const auto [stop, error] = std::from_chars(format.data(), end, bytes);
  const bool is_text = error == std::errc() && stop + 1 == end && *stop == 's';
  if (!is_text || bytes > slot_bytes(index) || (kind != text && kind != binary))
    throw_corrupt(shm_, fmt::format("item {} has the format \"{}\"", index, format));
  const auto* const chars = reinterpret_cast<const char*>(at);
  if (bytes == slot_bytes(index))  // as Python writes it: filled up with NULs
    while (bytes > 0 && chars[bytes - 1] == '\0') --bytes;
  if (kind == text) return std::string(chars, bytes);
  return std::vector<std::byte>(at, at + bytes);
}

void ShareableList::set(std::size_t index, const ListItem& item) const {
  std::byte* const at = item_at(index);
  const std::size_t slot = slot_bytes(index);
  const std::string_view content = content_of(item);
  if (content.size() > slot)
    throw InvalidArgument(fmt::format(
        "an item of {} bytes does not fit into its slot of {} (it was made for a shorter one)",
        content.size(), slot));
  if (content.size() == slot && !content.empty() && content.back() == '\0')
    throw InvalidArgument(
        fmt::format("an item of {} bytes that ends in NUL fills its slot: the format cannot tell "
                    "where it ends",
                    slot));
  const std::string format = format_for(item, slot);
  std::memset(format_at(index), 0, format_bytes);
  std::memcpy(format_at(index), format.data(), format.size());
  *kind_at(index) = kind_of(item);
  os::fault_point("shareable_list.formatted");
  write_item(at, slot, item);
}

std::vector<ListItem> ShareableList::to_vector() const {
  std::vector<ListItem> items;
  for (std::size_t i = 0; i < size(); ++i) items.push_back(get(i));
  return items;
}

std::size_t ShareableList::index(const ListItem& item) const {
  for (std::size_t i = 0; i < size(); ++i)
    if (get(i) == item) return i;
  throw NotFound("this item is not in the ShareableList");
}

std::size_t ShareableList::count(const ListItem& item) const {
  std::size_t found = 0;
  for (std::size_t i = 0; i < size(); ++i) found += get(i) == item ? 1 : 0;
  return found;
}

std::string ShareableList::format() const {
  std::string all;
  for (std::size_t i = 0; i < size(); ++i) all += format_of(i);
  return all;
}

}  // namespace furrow::mp
