#include <furrow/io/hdf5/description.hpp>

#include <algorithm>
#include <span>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/type.hpp>
#include <furrow/io/hdf5_inspect.hpp>
#include <furrow/kernels/bytes/bytes.hpp>

namespace furrow::hdf5 {
namespace {

bool is_little(hid_t type) { return H5Tget_order(type) == H5T_ORDER_LE; }
bool is_big(hid_t type) { return H5Tget_order(type) == H5T_ORDER_BE; }

/// Every bit of a number counts, and its bytes come in one of the two orders.
bool is_full(hid_t type) {
  const std::size_t bytes = H5Tget_size(type);
  if (H5Tget_precision(type) != 8 * bytes || H5Tget_offset(type) != 0) return false;
  return bytes == 1 || is_little(type) || is_big(type);
}

/// Two numbers side by side, in the order of their names' numbers.
bool is_full_pair(hid_t type, bool& big) {
  const Type first(H5Tget_member_type(type, 0));
  const Type second(H5Tget_member_type(type, 1));
  if (!first.valid() || !second.valid()) return false;
  const std::size_t part = H5Tget_size(first.get());
  big = is_big(first.get());
  return is_full(first.get()) && is_full(second.get()) && big == is_big(second.get()) &&
         H5Tget_member_offset(type, 0) == 0 && H5Tget_member_offset(type, 1) == part &&
         H5Tget_size(type) == 2 * part;
}

void describe_bits(hid_t type, Description& d) {
  bool big = false;
  std::size_t part = item_bytes(d.dtype);
  if (d.dtype == Dtype::bool_) {
    d.plain = true;
  } else if (is_complex(d.dtype)) {
    d.plain = is_full_pair(type, big);
    part /= 2;
  } else {
    d.plain = is_full(type);
    big = is_big(type);
  }
  // The machine is little-endian: kernels/bytes asserts it.
  d.swap_bytes = static_cast<std::uint8_t>(d.plain && big && part > 1 ? part : 1);
}

void describe_shape(hid_t dataset, const std::string& name, const std::string& asked,
                    Description& d) {
  const Space space = own<Space>(H5Dget_space(dataset), asked);
  if (H5Sget_simple_extent_type(space.get()) == H5S_NULL) {
    d.shape.push_back(0);  // a type, but no shape and no elements
    return;
  }
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank > static_cast<int>(segment::dimensions_max)) {
    throw ShapeMismatch(name + " has " + std::to_string(rank) + " axes, furrow takes 8 at most");
  }
  hsize_t extents[segment::dimensions_max] = {};
  check(H5Sget_simple_extent_dims(space.get(), extents, nullptr), asked);
  for (int axis = 0; axis < rank; ++axis) {
    d.shape.push_back(static_cast<std::int64_t>(extents[axis]));
  }
  checked_size(d.shape, item_bytes(d.dtype));
}

void describe_layout(hid_t dataset, hid_t creation, Description& d) {
  const auto rank = static_cast<int>(d.shape.ndim());
  hsize_t chunk[segment::dimensions_max] = {};
  switch (H5Pget_layout(creation)) {
    case H5D_COMPACT: d.layout = Layout::compact; break;
    case H5D_VIRTUAL: d.layout = Layout::virtual_parts; break;
    case H5D_CHUNKED:
      d.layout = Layout::chunked;
      d.chunked = H5Pget_chunk(creation, segment::dimensions_max, chunk) == rank;
      break;
    default:
      if (H5Pget_external_count(creation) > 0) {
        d.layout = Layout::external_files;
      } else {
        const haddr_t offset = H5Dget_offset(dataset);
        if (offset != HADDR_UNDEF) d.offset = offset;
      }
  }
  for (int axis = 0; axis < rank; ++axis) {
    const hsize_t extent = d.chunked ? std::max<hsize_t>(chunk[axis], 1) : 1;
    d.chunk.push_back(static_cast<std::int64_t>(extent));
  }
  unsigned options = 0;
  if (d.chunked && H5Pget_chunk_opts(creation, &options) >= 0) {
    d.edges_unfiltered = (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0;
  }
}

FilterStep filter_of(H5Z_filter_t id, std::size_t value_count, unsigned first_value) {
  switch (id) {
    case H5Z_FILTER_DEFLATE: return {FilterKind::deflate, 1};
    case H5Z_FILTER_FLETCHER32: return {FilterKind::fletcher32, 1};
    case H5Z_FILTER_SHUFFLE:
      if (value_count == 0 || first_value == 0) break;
      return {FilterKind::shuffle, first_value};
    default: break;
  }
  return {};
}

/// An optional filter may have been left out of chunks when they were written. Looks at the first
/// ones only: a list of all is not made for what fails in all likelihood.
bool is_used(hid_t dataset, int filter) {
  constexpr hsize_t looked_at = 64;
  const Space space(H5Dget_space(dataset));
  hsize_t count = 0;
  if (!space.valid() || H5Dget_num_chunks(dataset, space.get(), &count) < 0) return true;
  for (hsize_t i = 0; i < std::min(count, looked_at); ++i) {
    hsize_t offset[H5S_MAX_RANK] = {};
    haddr_t address = 0;
    hsize_t stored = 0;
    unsigned mask = 0;
    const bool known =
        H5Dget_chunk_info(dataset, space.get(), i, offset, &mask, &address, &stored) >= 0;
    if (!known || (mask >> filter & 1u) == 0) return true;
  }
  return false;
}

void describe_filters(hid_t dataset, hid_t creation, const std::string& name, Description& d) {
  const int count = H5Pget_nfilters(creation);
  d.filtered = count > 0;
  d.filter_count = static_cast<std::uint32_t>(std::max(count, 0));
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    unsigned values[1] = {0};
    std::size_t value_count = 1;
    char text[64] = {};
    const H5Z_filter_t id = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &value_count,
                                           values, sizeof text, text, nullptr);
    if (id < 0) fail("cannot read the filters of " + name);
    const FilterStep filter = filter_of(id, value_count, values[0]);
    if (static_cast<std::size_t>(i) < filters_max) d.filters[static_cast<std::size_t>(i)] = filter;
    if (filter.kind != FilterKind::other || H5Zfilter_avail(id) > 0) continue;
    if ((flags & H5Z_FLAG_OPTIONAL) != 0 && !is_used(dataset, i)) continue;
    throw IoError(name + " is compressed by " + to_string(Filter{id, text, {}, false}) +
                  ", for which the HDF5 library here has no plugin; set HDF5_PLUGIN_PATH, or "
                  "repack the file with gzip");
  }
}

/// Zeros where the file names no value.
void describe_fill(hid_t creation, hid_t type, const std::string& asked, Description& d) {
  H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
  check(H5Pfill_value_defined(creation, &defined), asked);
  if (defined != H5D_FILL_VALUE_USER_DEFINED || !d.plain) return;
  check(H5Pget_fill_value(creation, type, d.fill.data()), asked);
  make_native(d, d.fill.data(), item_bytes(d.dtype));
}

bool knows_filters(const Description& d) noexcept {
  if (d.filter_count > filters_max) return false;
  int deflates = 0;
  for (std::uint32_t i = 0; i < d.filter_count; ++i) {
    if (d.filters[i].kind == FilterKind::other) return false;
    deflates += d.filters[i].kind == FilterKind::deflate ? 1 : 0;
  }
  return deflates <= 1;  // between two of them, nothing says how many bytes there are
}

}  // namespace

Road road_of(const Description& d) noexcept {
  if (!d.plain) return Road::blocks;
  if (d.layout == Layout::contiguous) return Road::contiguous;
  return d.chunked && knows_filters(d) ? Road::chunks : Road::blocks;
}

std::string_view road_name(Road road) noexcept {
  switch (road) {
    case Road::chunks: return "chunks";
    case Road::contiguous: return "contiguous";
    default: return "blocks";
  }
}

void describe(hid_t dataset, const std::string& name, Description& d) {
  const std::string asked = "cannot read what " + name + " is";
  const Type type = own<Type>(H5Dget_type(dataset), asked);
  d.bfloat16 = is_bfloat16(type.get());
  d.dtype = d.bfloat16 ? Dtype::u16 : dtype_of_type(type.get());
  if (d.dtype == Dtype::none) {
    throw TypeMismatch(name + " holds " + describe_type(type.get()) +
                       ", which furrow has no dtype for (it takes bool, i8 to u64, f16, f32, f64, "
                       "c64, c128, and bfloat16 as f32)");
  }
  describe_bits(type.get(), d);
  const Properties creation = own<Properties>(H5Dget_create_plist(dataset), asked);
  describe_shape(dataset, name, asked, d);
  describe_layout(dataset, creation.get(), d);
  describe_filters(dataset, creation.get(), name, d);
  describe_fill(creation.get(), type.get(), asked, d);
}

Type read_type(hid_t dataset, const Description& d) {
  Type type = own<Type>(H5Dget_type(dataset), "cannot read a type");
  return d.plain ? std::move(type) : memory_type_of(type.get(), d.dtype);
}

void make_native(const Description& d, std::byte* elements, std::size_t bytes) noexcept {
  const std::span<std::byte> all(elements, bytes);
  if (d.dtype == Dtype::bool_) kernels::normalise_bools(all, all);
  if (d.swap_bytes > 1) kernels::swap_bytes(all, all, d.swap_bytes);
}

}  // namespace furrow::hdf5
