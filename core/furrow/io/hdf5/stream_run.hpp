// furrow/io/hdf5/stream_run.hpp
//
// What every stream does: slabs from a reader, steps that know the time left and the part done, and
// an output that is written while the next slab is computed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <furrow/io/hdf5/session.hpp>
#include <furrow/io/hdf5/slabs.hpp>

namespace furrow::hdf5 {

/// The deadline and the watch of a stream, for its steps.
class StreamWatch {
 public:
  explicit StreamWatch(const JobOptions& job);

  /// The steps that follow bring the stream from `begin` to `end`, of 1.
  void enter(double begin, double end) noexcept;
  /// Of the next step. Throws Timeout.
  JobOptions job() const;
  /// Throws Timeout, and Cancelled when the watch says so.
  void look() const;

 private:
  std::int64_t left_ns() const;

  JobOptions job_;
  std::int64_t until_ns_ = 0;  // 0: no deadline
  double begin_ = 0;
  double end_ = 1;
};

/// Calls f(slab) for each, in order.
void for_each(SlabReader& reader, const SlabPlan& plan, StreamWatch& watch,
              const std::function<void(const ReadSlab&)>& f);

/// Calls add(pieces): an array of one axis for each source, all of one length that is a multiple of
/// `granule`, but for the last time.
StreamReport fold_slabs(
    Engine& engine, const std::vector<StreamSource>& sources, std::int64_t granule,
    const StreamOptions& options,
    const std::function<void(const std::vector<AnyArray>& pieces, const JobOptions& job)>& add);

/// Writes what compute(slab, out) makes of each slab. `sources` may be empty of rows.
struct StreamOutput {
  DatasetAddress address;
  Dtype dtype = Dtype::none;
  Shape shape;
  SaveOptions save;  // with the attributes
};
StreamReport write_slabs(Engine& engine, const std::vector<StreamSource>& sources,
                         const StreamOutput& output, std::uint64_t fixed_bytes,
                         const StreamOptions& options,
                         const std::function<void(const ReadSlab& slab, const AnyArray& out,
                                                  const JobOptions& job)>& compute);

}  // namespace furrow::hdf5
