#include <furrow/segment/header.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include <furrow/os/identity.hpp>
#include <furrow/segment/failure.hpp>

namespace furrow::segment {
namespace {

constexpr std::uint64_t bytes_limit = std::uint64_t{1} << 62;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

// C-order strides in bytes, and the data's bytes; false where they would not fit into 62 bits. An
// extent of 0 counts as 1, so that strides stay sane (NumPy does the same).
bool lay_out(Facts& facts) {
  const std::uint64_t item = item_bytes(facts.dtype);
  std::uint64_t stride = item;
  bool empty = false;
  for (std::size_t axis = facts.ndim; axis-- > 0;) {
    if (facts.shape[axis] < 0) return false;
    facts.strides[axis] = static_cast<std::int64_t>(stride);
    const auto extent = static_cast<std::uint64_t>(std::max<std::int64_t>(1, facts.shape[axis]));
    empty = empty || facts.shape[axis] == 0;
    if (extent > bytes_limit / stride) return false;
    stride *= extent;
  }
  facts.data_bytes = empty ? 0 : stride;
  return true;
}

std::uint64_t fnv1a(std::uint64_t hash, const unsigned char* bytes, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) hash = (hash ^ bytes[i]) * 0x100000001B3u;
  return hash;
}

// Strings on the page end with a NUL inside their field.
bool ends_inside(const char* field, std::size_t bytes) {
  return std::memchr(field, '\0', bytes) != nullptr;
}

[[noreturn]] void throw_corrupt(const std::string& path, const std::string& found) {
  throw Corrupt(
      fmt::format("{} is damaged: {} (remove it with `furrow rm --force`, then create it "
                  "again)",
                  path, found));
}

// Kind, dtype and shape agree with the sizes that the header states.
void check_content(const Header& page, const Facts& facts, const std::string& path) {
  if (facts.kind != Kind::array) {
    if (page.dtype != 0 || page.ndim != 0) throw_corrupt(path, "a shape, and it is no array");
    if (page.data_bytes > bytes_limit) throw_corrupt(path, "impossible size");
    return;
  }
  if (item_bytes(facts.dtype) == 0)
    throw_corrupt(path, fmt::format("unknown dtype number {}", page.dtype));
  Facts expected = facts;
  if (!lay_out(expected)) throw_corrupt(path, "impossible shape");
  if (expected.strides != facts.strides || expected.data_bytes != page.data_bytes)
    throw_corrupt(path, "shape, strides and size do not agree");
}

}  // namespace

std::uint64_t checksum_of(const Header& page) noexcept {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&page);
  std::uint64_t hash = fnv1a(0xCBF29CE484222325u, bytes, 16);
  hash = fnv1a(hash, bytes + 20, 248 - 20);
  return fnv1a(hash, bytes + 256, 1536 - 256);
}

Facts plan(const Content& content, const CreateOptions& options, std::size_t block_bytes) {
  Facts facts;
  facts.kind = content.kind;
  facts.dtype = content.dtype;
  facts.lifetime = options.lifetime;
  facts.note = options.note;
  if (options.note.size() > note_bytes_max)
    throw InvalidArgument(
        fmt::format("the note has {} bytes, at most {} fit", options.note.size(), note_bytes_max));
  if (options.note.find('\0') != std::string::npos)
    throw InvalidArgument("the note has a NUL byte in it");
  if (options.attribute_bytes > (std::size_t{1} << 30))
    throw InvalidArgument(
        fmt::format("attribute_bytes is {}, at most 1 GiB can be had", options.attribute_bytes));
  if (content.kind == Kind::array) {
    if (item_bytes(content.dtype) == 0) throw InvalidArgument("an array needs a dtype");
    if (content.shape.size() > dimensions_max)
      throw InvalidArgument(fmt::format("{} dimensions were asked for, at most {} can be had",
                                        content.shape.size(), dimensions_max));
    facts.ndim = content.shape.size();
    std::copy(content.shape.begin(), content.shape.end(), facts.shape.begin());
    if (!lay_out(facts))
      throw InvalidArgument(
          fmt::format("the shape ({}) is impossible: extents are 0 or more, and the array's bytes "
                      "stay below 2^62",
                      fmt::join(content.shape, ", ")));
  } else {
    facts.data_bytes = content.data_bytes;
    if (facts.data_bytes > bytes_limit) throw InvalidArgument("a segment's bytes stay below 2^62");
  }
  facts.attributes_offset = header_bytes + round_up(facts.data_bytes, page_bytes);
  facts.attributes_bytes = 2 * round_up(options.attribute_bytes, page_bytes / 2);
  facts.segment_bytes =
      round_up(facts.attributes_offset + facts.attributes_bytes, std::max(block_bytes, page_bytes));
  return facts;
}

void write_header(Header& page, const Facts& facts, std::string_view full_name) {
  const os::ProcessIdentity creator = os::this_process();
  page.state.store(static_cast<std::uint32_t>(State::creating), std::memory_order_relaxed);
  std::memcpy(page.magic, magic, sizeof magic);
  page.layout_version = layout_version;
  page.byte_order = byte_order_mark;
  page.kind = static_cast<std::uint32_t>(facts.kind);
  page.dtype = static_cast<std::uint32_t>(facts.dtype);
  page.ndim = static_cast<std::uint32_t>(facts.ndim);
  std::copy(facts.shape.begin(), facts.shape.end(), page.shape);
  std::copy(facts.strides.begin(), facts.strides.end(), page.strides);
  page.data_offset = header_bytes;
  page.data_bytes = facts.data_bytes;
  page.attributes_offset = facts.attributes_offset;
  page.attributes_bytes = facts.attributes_bytes;
  page.segment_bytes = facts.segment_bytes;
  page.lifetime = static_cast<std::uint32_t>(facts.lifetime);
  page.creator_pid = creator.pid;
  page.creator_start = creator.start;
  std::copy(creator.boot.begin(), creator.boot.end(), page.creator_boot);
  page.created_at = facts.created_at;
  std::memcpy(page.name, full_name.data(), full_name.size());
  std::memcpy(page.note, facts.note.data(), facts.note.size());
  page.checksum = checksum_of(page);
  // Orders everything above before READY, for an attacher that loads the state with acquire.
  page.state.store(static_cast<std::uint32_t>(State::ready), std::memory_order_release);
}

std::unique_ptr<Header> read_header(const os::Descriptor& file, const std::string& path) {
  auto page = std::make_unique<Header>();
  std::memset(static_cast<void*>(page.get()), 0, sizeof(Header));
  std::error_code error;
  const std::size_t got = os::read_at(file, 0, page.get(), sizeof(Header), error);
  if (error) throw_os_error(error, "cannot read " + path);
  if (got < sizeof(Header))
    throw Corrupt(
        fmt::format("{} has {} bytes, not even a header of {}: it is no furrow segment, "
                    "or was cut short (remove it with `furrow rm --force`)",
                    path, got, sizeof(Header)));
  return page;
}

Facts check_header(const Header& page, std::uint64_t file_bytes, const std::string& path) {
  if (std::memcmp(page.magic, magic, sizeof magic) != 0)
    throw Corrupt(
        fmt::format("{} is no furrow segment: it does not begin with furrow's magic", path));
  if (page.byte_order != byte_order_mark)
    throw Corrupt(fmt::format("{} was written on a machine of another byte order (mark {:#x})",
                              path, page.byte_order));
  if (page.layout_version != layout_version)
    throw VersionMismatch(
        fmt::format("{} has layout version {}, this furrow reads version {} (use the furrow that "
                    "wrote it, or remove it with `furrow rm`)",
                    path, page.layout_version, layout_version));
  if (page.checksum != checksum_of(page)) throw_corrupt(path, "the header's checksum is wrong");

  Facts facts;
  facts.kind = static_cast<Kind>(page.kind);
  if (facts.kind != Kind::array && facts.kind != Kind::engine && facts.kind != Kind::object)
    throw_corrupt(path, fmt::format("unknown kind {}", page.kind));
  facts.dtype = static_cast<Dtype>(page.dtype);
  if (page.ndim > dimensions_max) throw_corrupt(path, fmt::format("{} dimensions", page.ndim));
  facts.ndim = page.ndim;
  std::copy(page.shape, page.shape + dimensions_max, facts.shape.begin());
  std::copy(page.strides, page.strides + dimensions_max, facts.strides.begin());
  check_content(page, facts, path);
  facts.data_bytes = page.data_bytes;
  if (page.data_offset != header_bytes ||
      page.attributes_offset != header_bytes + round_up(facts.data_bytes, page_bytes))
    throw_corrupt(path, "its parts do not lie where they belong");
  facts.attributes_offset = page.attributes_offset;
  if (page.attributes_bytes % page_bytes != 0 || page.segment_bytes % page_bytes != 0 ||
      page.segment_bytes < facts.attributes_offset ||
      page.attributes_bytes > page.segment_bytes - facts.attributes_offset)
    throw_corrupt(path, "its parts are longer than the whole");
  facts.attributes_bytes = page.attributes_bytes;
  facts.segment_bytes = page.segment_bytes;
  // Behind an object its messages may lie that are too long for it.
  const bool may_go_on = facts.kind == Kind::object && file_bytes > page.segment_bytes;
  if (page.segment_bytes != file_bytes && !may_go_on)
    throw_corrupt(path, fmt::format("the header tells of {} bytes, the file has {}",
                                    page.segment_bytes, file_bytes));
  if (page.lifetime > 1) throw_corrupt(path, fmt::format("unknown lifetime {}", page.lifetime));
  facts.lifetime = static_cast<Lifetime>(page.lifetime);
  if (!ends_inside(page.name, sizeof page.name) || !ends_inside(page.note, sizeof page.note))
    throw_corrupt(path, "a text without an end");
  facts.creator_pid = page.creator_pid;
  facts.created_at = page.created_at;
  facts.generation = page.generation.load(std::memory_order_relaxed);
  facts.note = page.note;
  return facts;
}

Info info_from(const Facts& facts, std::string_view name, bool attached) {
  Info info;
  info.name = name;
  info.kind = facts.kind;
  info.dtype = facts.dtype;
  info.shape.assign(facts.shape.begin(), facts.shape.begin() + facts.ndim);
  info.strides.assign(facts.strides.begin(), facts.strides.begin() + facts.ndim);
  info.data_bytes = facts.data_bytes;
  info.segment_bytes = facts.segment_bytes;
  info.lifetime = facts.lifetime;
  info.attached = attached;
  info.created_at = facts.created_at;
  info.creator_pid = facts.creator_pid;
  info.generation = facts.generation;
  info.note = facts.note;
  return info;
}

}  // namespace furrow::segment
