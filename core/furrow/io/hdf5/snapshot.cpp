#include <furrow/io/hdf5_snapshot.hpp>

#include <algorithm>
#include <memory>
#include <set>

#include <furrow/engine/engine.hpp>
#include <furrow/error.hpp>
#include <furrow/io/dimensions.hpp>
#include <furrow/io/hdf5/attributes.hpp>
#include <furrow/io/hdf5/request.hpp>
#include <furrow/io/hdf5/sampling.hpp>
#include <furrow/io/hdf5/session.hpp>
#include <furrow/os/fault.hpp>

namespace furrow::hdf5 {
namespace {

constexpr int attempts_max = 3;

void require_names(std::span<const AnyArray> arrays) {
  std::set<std::string> names;
  for (const AnyArray& array : arrays) {
    if (!array.valid()) throw InvalidArgument("there is an array that was never created");
    if (names.insert(array.name()).second) continue;
    throw InvalidArgument("two of the arrays are called \"" + array.name() +
                          "\", and a file holds each name once");
  }
  if (names.empty()) throw InvalidArgument("there are no arrays to take a snapshot of");
}

/// The arrays as they are at one instant, in memory of ours.
std::vector<AnyArray> copy_at_boundary(Engine& engine, std::span<const AnyArray> arrays,
                                       std::vector<Attributes>& attributes) {
  std::vector<AnyArray> copies;
  for (const AnyArray& array : arrays) {
    copies.push_back(AnyArray::temporary(array.dtype(), array.shape()));
  }
  attributes.clear();
  engine.at_boundary([&] {
    for (std::size_t i = 0; i < copies.size(); ++i) {
      engine.apply_to("copy", copies[i], {arrays[i]});
      attributes.push_back(attributes_of_view(arrays[i]));
    }
  });
  os::fault_point("io.snapshot.copied");
  return copies;
}

}  // namespace

void snapshot(Engine& engine, std::span<const AnyArray> arrays, const std::string& file,
              const SaveOptions& options) {
  require_names(arrays);
  std::vector<Attributes> attributes;
  const std::vector<AnyArray> copies = copy_at_boundary(engine, arrays, attributes);
  std::vector<WriteRequest> requests;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    SaveOptions save = options;
    save.chunk = {};
    save.attributes = attributes[i];
    requests.push_back(request_for(&engine, copies[i], file, "/" + arrays[i].name(), save));
    requests.back().fresh = true;
    requests.back().replace = true;  // a scale that another array's axis has brought along
    for (const auto& [name, attribute] : attributes[i]) {
      requests[0].large_attributes |= attribute.bytes.size() > compact_attribute_bytes_max;
    }
  }
  for (int attempt = 1;; ++attempt) {
    WriteSession session(engine, requests[0], options.job);
    try {
      for (std::size_t i = 0; i < copies.size(); ++i) {
        if (i > 0) session.next(requests[i]);
        session.push(copies[i]);
      }
      return session.commit();
    } catch (const WorkerDied&) {
      if (!session.lost() || attempt == attempts_max) throw;
    }
  }
}

void restore(Engine& engine, std::span<const AnyArray> arrays, const std::string& file,
             const JobOptions& job) {
  require_names(arrays);
  std::vector<AnyArray> loaded;
  for (const AnyArray& array : arrays) {
    if (array.access() == Access::read_only) {
      throw PermissionDenied("array \"" + array.name() + "\" is attached read-only");
    }
    loaded.push_back(AnyArray::temporary(array.dtype(), array.shape()));
    LoadOptions options;
    options.attributes = false;
    options.job = job;
    load(engine, file, "/" + array.name(), loaded.back(), options);
  }
  engine.at_boundary([&] {
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      engine.apply_to("copy", arrays[i], {loaded[i]});
    }
  });
}

}  // namespace furrow::hdf5
