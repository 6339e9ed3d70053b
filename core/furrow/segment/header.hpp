// furrow/segment/header.hpp
//
// Writing the header page, and reading one that may be foreign, torn or hostile. Internal to the
// room.
//
// Trust   the page is checked in a private copy, and what was found is kept as Facts: a holder
//         that scribbles over the shared page later cannot move anybody's offsets
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <furrow/os/file.hpp>
#include <furrow/segment/layout.hpp>
#include <furrow/segment/segment.hpp>

namespace furrow::segment {

/// What a header said when it was checked.
struct Facts {
  Kind kind = Kind::array;
  Dtype dtype = Dtype::none;
  std::size_t ndim = 0;
  std::array<std::int64_t, dimensions_max> shape{};
  std::array<std::int64_t, dimensions_max> strides{};  // bytes
  std::uint64_t data_bytes = 0;
  std::uint64_t attributes_offset = 0;
  std::uint64_t attributes_bytes = 0;
  std::uint64_t segment_bytes = 0;
  Lifetime lifetime = Lifetime::persistent;
  std::uint64_t creator_pid = 0;
  std::int64_t created_at = 0;
  std::uint64_t generation = 0;
  std::string note;
};

/// Sizes, strides and offsets of a new segment. Throws InvalidArgument for what cannot be made.
/// `block_bytes` is what the file's size must be a multiple of.
Facts plan(const Content& content, const CreateOptions& options, std::size_t block_bytes);

/// Fills a zeroed page; state becomes READY last, with release. `full_name` includes the prefix.
void write_header(Header& page, const Facts& facts, std::string_view full_name);

/// A private copy of a file's first page; state empty when the file is shorter than that.
std::unique_ptr<Header> read_header(const os::Descriptor& file, const std::string& path);

/// Checks everything but the state against a file of `file_bytes`. Throws Corrupt and
/// VersionMismatch, naming `path`.
Facts check_header(const Header& page, std::uint64_t file_bytes, const std::string& path);

std::uint64_t checksum_of(const Header& page) noexcept;

Info info_from(const Facts& facts, std::string_view name, bool attached);

}  // namespace furrow::segment
