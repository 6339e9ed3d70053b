// In a worker: the places of a block are read, one after the other, and nothing is kept of them.
#include <algorithm>
#include <cstring>
#include <optional>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/decode.hpp>
#include <furrow/io/hdf5/object.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/verify_plan.hpp>
#include <furrow/os/fault.hpp>
#include <furrow/os/file.hpp>
#include <furrow/os/replace_file.hpp>

namespace furrow::hdf5 {
namespace {

const char* const reading = "cannot read it";

[[noreturn]] void refuse_changed(const std::string& file) {
  throw InUse("\"" + file + "\" was changed while it was being verified; verify it again");
}

/// Kept from block to block; a worker has one thread.
Decoder& decoder() {
  static thread_local Decoder one;
  return one;
}

bool sticks_out(const Description& d, const Extents& corner) {
  for (std::size_t axis = 0; axis < d.shape.ndim(); ++axis) {
    if (corner[axis] + d.chunk[axis] > d.shape[axis]) return true;
  }
  return false;
}

/// True when one of the filters that tell a change was skipped as the chunk was written, and no
/// other was there to tell.
bool is_unchecked(const Description& d, std::uint32_t mask) {
  bool could = false;
  for (std::uint32_t i = 0; i < d.filter_count; ++i) {
    const FilterKind kind = d.filters[i].kind;
    const bool tells = kind == FilterKind::deflate || kind == FilterKind::fletcher32;
    if (tells && (mask >> i & 1) == 0) return false;
    could = could || tells;
  }
  return could;
}

enum class Outcome { whole, unchecked, unread, torn };

/// A dataset that is being gone through.
class Reader {
 public:
  Reader(PlanHeader& plan, std::uint64_t index, hid_t file, const std::string& file_name)
      : plan_(plan.dataset(index)), file_name_(file_name), file_bytes_(plan.stamp.bytes) {
    const auto* numbers = plan.at<std::int64_t>(plan.numbers_at) + plan_.numbers_at;
    const std::size_t rank = plan_.rank;
    const bool chunked = plan_.kind == PlaceKind::chunk_grid || plan_.kind == PlaceKind::chunk_list;
    rule_ = {plan_.kind, {numbers, numbers + rank}, {},
             plan_.rows, numbers + 2 * rank,        plan_.bytes};
    if (chunked) rule_.chunk.assign(numbers + rank, numbers + 2 * rank);
    if (plan_.kind == PlaceKind::bytes) return;
    const std::string path(plan.at<char>(plan.names_at) + plan_.name_at, plan_.name_bytes);
    if (chunked && decodes_itself(path, plan.stamp)) return;
    const Properties access = own<Properties>(H5Pcreate(H5P_DATASET_ACCESS), reading);
    // Every chunk is used once.
    check(H5Pset_chunk_cache(access.get(), 1, 0, 1), reading);
    dataset_ = own<Dataset>(H5Dopen2(file, path.c_str(), access.get()), reading);
    type_ = own<Type>(H5Dget_type(dataset_.get()), reading);
    variable_ =
        H5Tdetect_class(type_.get(), H5T_VLEN) > 0 || H5Tdetect_class(type_.get(), H5T_STRING) > 0;
  }

  Outcome read(std::uint64_t place) {
    Outcome outcome = Outcome::whole;
    if (plan_.kind == PlaceKind::bytes) {
      read_bytes(place);
    } else if (source_) {
      outcome = read_chunk(box_of(rule_, place));
    } else if (went_past(box_of(rule_, place))) {
      read_box(box_of(rule_, place));
    } else {
      std::atomic_ref(plan_.unread).store(1, std::memory_order_relaxed);
      outcome = Outcome::unread;
    }
    decoder().rest();
    return outcome;
  }

 private:
  /// Where all filters are ours, chunks are read as they lie: a damaged one is told by its filter.
  bool decodes_itself(const std::string& path, const os::FileStamp& stamp) {
    try {
      source_.emplace(file_name_, path);
    } catch (const TypeMismatch&) {
      return false;
    } catch (const ShapeMismatch&) {
      return false;  // more axes than an array has
    } catch (const IoError&) {
      return false;  // a filter without plugin, which the planned chunks went past
    }
    if (source_->description().stamp != stamp) refuse_changed(file_name_);
    if (road_of(source_->description()) != Road::chunks) source_.reset();
    return source_.has_value();
  }

  Outcome read_chunk(const PlaceBox& box) {
    const Description& d = source_->description();
    const Extents corner{std::span<const std::int64_t>(box.first)};
    const ChunkName name{corner, source_->name()};
    const std::uint64_t bytes = source_->chunk_stored_bytes(corner);
    if (bytes == 0) return Outcome::whole;
    const std::span<std::byte> stored = decoder().stored(d, bytes, name);
    std::uint32_t mask = source_->read_chunk(corner, stored);
    if (d.edges_unfiltered && sticks_out(d, corner)) mask = ~std::uint32_t{0};
    decoder().decode(d, mask, stored, {}, name);
    return is_unchecked(d, mask) ? Outcome::unchecked : Outcome::whole;
  }

  void read_bytes(std::uint64_t place) {
    std::error_code error;
    if (!bytes_.valid()) bytes_ = os::open_readable(file_name_, error);
    const std::uint64_t begin = place * piece_bytes;
    const std::size_t wanted = static_cast<std::size_t>(std::min(piece_bytes, plan_.bytes - begin));
    const std::uint64_t offset = plan_.file_offset + begin;
    const std::size_t got =
        error ? 0 : os::read_at(bytes_, offset, decoder().scratch(wanted).data(), wanted, error);
    if (error) throw IoError(error.message());
    if (got != wanted) throw Corrupt("the file ends before it");
  }

  /// Whether the library here can undo all filters that the chunk went through. The chunk says so
  /// itself, when it is read as it lies: in the index the library would look through all before it.
  bool went_past(const PlaceBox& box) {
    if (plan_.without == 0) return true;
    const std::vector<hsize_t> offset(box.first.begin(), box.first.end());
    hsize_t bytes = 0;
    // Never written: nothing to undo. (What else may be wrong, the read that follows tells.)
    if (H5Dget_chunk_storage_size(dataset_.get(), offset.data(), &bytes) < 0) return true;
    if (bytes > file_bytes_) throw Corrupt("it is said to be larger than its file");
    std::uint32_t mask = 0;
    std::byte* const room = decoder().scratch(static_cast<std::size_t>(bytes)).data();
    check(H5Dread_chunk(dataset_.get(), H5P_DEFAULT, offset.data(), &mask, room), reading);
    return (mask & plan_.without) == plan_.without;
  }

  void read_box(const PlaceBox& box) {
    const std::vector<hsize_t> offset(box.first.begin(), box.first.end());
    const std::vector<hsize_t> count(box.second.begin(), box.second.end());
    const int rank = static_cast<int>(count.size());
    const Space memory = rank == 0
                             ? own<Space>(H5Screate(H5S_SCALAR), reading)
                             : own<Space>(H5Screate_simple(rank, count.data(), nullptr), reading);
    const Space space = own<Space>(H5Dget_space(dataset_.get()), reading);
    if (rank != 0) {
      check(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, offset.data(), nullptr, count.data(),
                                nullptr),
            reading);
    }
    std::size_t bytes = H5Tget_size(type_.get());
    for (const hsize_t extent : count) bytes *= static_cast<std::size_t>(extent);
    std::byte* const room = decoder().scratch(bytes).data();
    if (variable_) std::memset(room, 0, bytes);
    // The type as it lies in the file: nothing is converted.
    const herr_t result =
        H5Dread(dataset_.get(), type_.get(), memory.get(), space.get(), H5P_DEFAULT, room);
    check(result, reading);
    if (variable_) H5Dvlen_reclaim(type_.get(), memory.get(), H5P_DEFAULT, room);
  }

  PlanDataset& plan_;
  const std::string& file_name_;
  const std::uint64_t file_bytes_;
  PlaceRule rule_{};
  std::optional<Source> source_;
  Dataset dataset_;
  Type type_;
  os::Descriptor bytes_;
  bool variable_ = false;
};

void note(PlanHeader& plan, std::uint64_t dataset, std::uint64_t place, bool crashed,
          const std::string& reason) {
  const std::uint64_t number = plan.torn_entries.fetch_add(1, std::memory_order_relaxed);
  if (number >= plan.torn_max) return;
  TornEntry& entry = plan.torn(number);
  entry.crashed = crashed ? 1 : 0;
  entry.dataset = dataset;
  entry.place = place;
  entry.reason_bytes = std::min(reason.size(), sizeof entry.reason);
  std::memcpy(entry.reason, reason.data(), entry.reason_bytes);
  entry.complete.store(1, std::memory_order_release);
}

/// "cannot read it: inflate() failed" is told as "inflate() failed", and "the chunk at … is
/// damaged: …" as what comes behind.
std::string reason_of(const Error& error) {
  std::string text = error.what();
  for (const std::string& before : {std::string(reading) + ": ", std::string(" is damaged: ")}) {
    const std::size_t at = text.find(before);
    if (at != std::string::npos) return text.substr(at + before.size());
  }
  return text;
}

Outcome read_place(PlanHeader& plan, std::uint64_t dataset, std::uint64_t place,
                   std::optional<Reader>& reader, hid_t file, const std::string& name) {
  try {
    if (!reader) reader.emplace(plan, dataset, file, name);
    os::fault_point("io.verify.place");
    return reader->read(place);
  } catch (const InUse&) {
    throw;  // of the whole file
  } catch (const Error& error) {
    note(plan, dataset, place, false, reason_of(error));
  } catch (const std::bad_alloc&) {
    note(plan, dataset, place, false, "the memory of this machine does not hold it");
  }
  return Outcome::torn;
}

}  // namespace

void verify_block(PlanHeader& plan, const std::string& file, std::uint64_t index) {
  PlanBlock& block = plan.block(index);
  Progress now = Progress::of(block.progress.load(std::memory_order_acquire));
  if (now.place == block.count) return;
  const auto publish = [&block, &now] {
    block.progress.store(now.word(), std::memory_order_release);
  };
  const QuietErrors quiet;
  const OpenFile open = open_to_read(file);
  if (open.stamp != plan.stamp) {
    refuse_changed(file);
  }
  std::uint64_t dataset = block.dataset;
  std::uint64_t place = block.place + now.place;
  std::optional<Reader> reader;
  for (; now.place < block.count; ++place) {
    while (place >= plan.dataset(dataset).places) {
      place -= plan.dataset(dataset).places;
      ++dataset;
      reader.reset();
    }
    const std::uint64_t crashes = plan.crashes.load(std::memory_order_relaxed);
    if (crashes >= plan.crashes_max) return;
    // Once the library has crashed in this file, a place has no second chance.
    if (now.tries >= (crashes == 0 ? 2u : 1u)) {
      note(plan, dataset, place, true, "the HDF5 library crashes on it");
      plan.crashes.fetch_add(1, std::memory_order_relaxed);
      now = {now.place + 1, now.unchecked, now.torn + 1, 0};
      publish();
      continue;
    }
    ++now.tries;
    publish();
    const Outcome outcome = read_place(plan, dataset, place, reader, open.file.get(), file);
    now = {now.place + 1, now.unchecked + (outcome == Outcome::unchecked ? 1 : 0),
           now.torn + (outcome == Outcome::torn ? 1 : 0), 0};
    publish();
  }
}

}  // namespace furrow::hdf5
