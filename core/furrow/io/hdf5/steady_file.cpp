#include <furrow/io/hdf5/steady_file.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>

namespace furrow::hdf5 {
namespace {

/// What HDF5 knows of an open file: its own part first, then ours.
struct OpenFile {
  H5FD_t pub;
  SteadyFile* file;
  haddr_t end_of_allocation;
};

/// What a file access list carries.
struct Access {
  SteadyFile* file;
};

OpenFile& ours(H5FD_t* file) { return *reinterpret_cast<OpenFile*>(file); }
const OpenFile& ours(const H5FD_t* file) { return *reinterpret_cast<const OpenFile*>(file); }

H5FD_t* open_file(const char*, unsigned flags, hid_t access, haddr_t) noexcept {
  const auto* info = static_cast<const Access*>(H5Pget_driver_info(access));
  if (info == nullptr) return nullptr;
  auto* open = new (std::nothrow) OpenFile{};
  if (open == nullptr) return nullptr;
  open->file = info->file;
  if ((flags & H5F_ACC_TRUNC) != 0) open->file->resize(0);
  return &open->pub;
}

herr_t close_file(H5FD_t* file) noexcept {
  delete &ours(file);
  return 0;
}

int compare(const H5FD_t* a, const H5FD_t* b) noexcept {
  const std::less<const SteadyFile*> less;
  return less(ours(a).file, ours(b).file) ? -1 : less(ours(b).file, ours(a).file) ? 1 : 0;
}

/// As the library's own driver for plain files.
herr_t query(const H5FD_t*, unsigned long* flags) noexcept {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t get_end_of_allocation(const H5FD_t* file, H5FD_mem_t) noexcept {
  return ours(file).end_of_allocation;
}

herr_t set_end_of_allocation(H5FD_t* file, H5FD_mem_t, haddr_t end) noexcept {
  ours(file).end_of_allocation = end;
  return 0;
}

haddr_t get_end_of_file(const H5FD_t* file, H5FD_mem_t) noexcept {
  return ours(file).file->bytes();
}

herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t offset, std::size_t bytes,
            void* content) noexcept {
  return ours(file).file->read(offset, content, bytes) ? 0 : -1;
}

herr_t write(H5FD_t* file, H5FD_mem_t kind, hid_t, haddr_t offset, std::size_t bytes,
             const void* content) noexcept {
  ours(file).file->write(offset, content, bytes, kind == H5FD_MEM_DRAW);
  return 0;
}

herr_t truncate(H5FD_t* file, hid_t, hbool_t) noexcept {
  OpenFile& open = ours(file);
  if (open.file->bytes() != open.end_of_allocation) open.file->resize(open.end_of_allocation);
  return 0;
}

H5FD_class_t driver_class() {
  H5FD_class_t c{};
  c.name = "furrow_steady";
  c.maxaddr = (haddr_t{1} << 63) - 1;
  c.fc_degree = H5F_CLOSE_STRONG;
  c.fapl_size = sizeof(Access);
  c.open = open_file;
  c.close = close_file;
  c.cmp = compare;
  c.query = query;
  c.get_eoa = get_end_of_allocation;
  c.set_eoa = set_end_of_allocation;
  c.get_eof = get_end_of_file;
  c.read = read;
  c.write = write;
  c.truncate = truncate;
  const H5FD_mem_t map[] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(map), std::end(map), c.fl_map);
  return c;
}

}  // namespace

SteadyFile::SteadyFile(os::FileReplacement& place) : place_(place), bytes_(place.bytes()) {
  // The library keeps the pointer, not a copy.
  static const H5FD_class_t driver = driver_class();
  driver_ = own<Handle<H5FDunregister>>(H5FDregister(&driver), "cannot register a file driver");
}

void SteadyFile::serve(hid_t file_access) {
  const Access access{this};
  check(H5Pset_driver(file_access, driver_.get(), &access), "cannot set a file driver");
}

void SteadyFile::write(std::uint64_t offset, const void* content, std::size_t bytes,
                       bool elements) noexcept {
  bytes_ = std::max(bytes_, offset + bytes);
  if (!error_) error_ = place_.write_at(offset, content, bytes);
  if (!error_ || elements) return;
  const auto* first = static_cast<const std::byte*>(content);
  try {
    kept_.push_back({offset, {first, first + bytes}});
  } catch (const std::bad_alloc&) {
    // The library may then read zeros, and find its own file damaged.
  }
}

bool SteadyFile::read(std::uint64_t offset, void* content, std::size_t bytes) const noexcept {
  if (place_.read_at(offset, content, bytes)) return false;
  for (const Kept& kept : kept_) {
    const std::uint64_t from = std::max(kept.offset, offset);
    const std::uint64_t to = std::min(kept.offset + kept.content.size(), offset + bytes);
    if (from >= to) continue;
    std::memcpy(static_cast<std::byte*>(content) + (from - offset),
                kept.content.data() + (from - kept.offset), static_cast<std::size_t>(to - from));
  }
  return true;
}

void SteadyFile::resize(std::uint64_t bytes) noexcept {
  bytes_ = bytes;
  // To the size that it has would give back what was reserved behind the end.
  if (!error_ && place_.bytes() != bytes) error_ = place_.resize(bytes);
}

}  // namespace furrow::hdf5
