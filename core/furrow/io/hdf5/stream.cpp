#include <furrow/io/hdf5_stream.hpp>

#include <algorithm>
#include <utility>

#include <furrow/compute/histogram.hpp>
#include <furrow/engine/pieces.hpp>
#include <furrow/error.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/stream_run.hpp>

namespace furrow::hdf5 {
namespace {

StreamSource open_rows(Engine& engine, const DatasetAddress& from, const StreamOptions& options) {
  StreamSource source = open_source(engine, from, options);
  if (source.info.shape.ndim() > 0) return source;
  throw ShapeMismatch(quoted(source.address.file, source.address.dataset) +
                      " is a single number; a stream takes rows (load it instead)");
}

StreamReport visit(Engine& engine, const std::vector<StreamSource>& sources,
                   const SlabKernel& kernel, const StreamOptions& options) {
  SlabNeeds needs;
  needs.layer_rows = layer_rows_of(sources);
  needs.fixed_bytes = scratch_bytes_of(engine, sources);
  needs.row_bytes = 2 * sources[0].row_bytes();
  const SlabPlan plan = plan_slabs(sources[0].info.shape[0], options, needs,
                                   quoted(sources[0].address.file, sources[0].address.dataset));
  StreamWatch watch(options.job);
  SlabReader reader(engine, sources, plan, 0, options);
  for_each(reader, plan, watch,
           [&](const ReadSlab& slab) { kernel(slab.arrays[0], slab.first_row); });
  return {reader.road(), plan.slabs(), plan.slab_rows, plan.buffer_bytes};
}

Statistics statistics_of(Engine& engine, const std::vector<StreamSource>& sources,
                         const StreamOptions& options, StreamReport& report) {
  if (is_complex(sources[0].info.dtype)) {
    throw TypeMismatch(quoted(sources[0].address.file, sources[0].address.dataset) + " holds " +
                       std::string(dtype_name(sources[0].info.dtype)) +
                       "; statistics need an order, which complex numbers do not have");
  }
  engine::PiecewiseStatistics all(engine);
  report = fold_slabs(
      engine, sources, all.granule(sources[0].info.dtype), options,
      [&](const std::vector<AnyArray>& pieces, const JobOptions& job) { all.add(pieces[0], job); });
  return all.result();
}

}  // namespace

StreamReport for_each_slab(Engine& engine, const DatasetAddress& from, const SlabKernel& kernel,
                           const StreamOptions& options) {
  return visit(engine, {open_rows(engine, from, options)}, kernel, options);
}

StreamReport transform_file(Engine& engine, const DatasetAddress& from, const DatasetAddress& to,
                            Dtype dtype, const SlabTransform& kernel, const SaveOptions& save,
                            const StreamOptions& options) {
  const std::vector<StreamSource> sources = {open_rows(engine, from, options)};
  StreamOutput output = {to, dtype, sources[0].info.shape, save};
  if (!output.save.attributes) output.save.attributes = attributes_of_rows(sources[0], options);
  return write_slabs(engine, sources, output, 0, options,
                     [&](const ReadSlab& slab, const AnyArray& out, const JobOptions&) {
                       kernel(slab.arrays[0], out, slab.first_row);
                     });
}

Statistics statistics(Engine& engine, const DatasetAddress& from, const StreamOptions& options,
                      StreamReport* report) {
  StreamReport went;
  const Statistics s = statistics_of(engine, {open_rows(engine, from, options)}, options, went);
  if (report != nullptr) *report = went;
  return s;
}

StreamHistogram histogram(Engine& engine, const DatasetAddress& from, std::int64_t bins,
                          const std::optional<std::pair<double, double>>& range,
                          const StreamOptions& options) {
  // Opened once: a file that changes between the two passes is InUse.
  const std::vector<StreamSource> sources = {open_rows(engine, from, options)};
  std::pair<double, double> bounds = range.value_or(std::pair{0.0, 1.0});
  if (!range) {
    StreamReport went;
    const Statistics s = statistics_of(engine, sources, options, went);
    if (s.count > 0) bounds = {s.min, s.max};
  }
  // The edges of no elements are those of all of them.
  const auto none = Array<double>::temporary({0});
  const Histogram empty = furrow::histogram(engine, none, bins, bounds);
  StreamHistogram all;
  all.edges.assign(empty.edges.span().begin(), empty.edges.span().end());
  all.counts.assign(empty.counts.span().begin(), empty.counts.span().end());
  visit(
      engine, sources,
      [&](const AnyArray& slab, std::int64_t) {
        const Histogram here = furrow::histogram(engine, slab, bins, bounds);
        std::transform(all.counts.begin(), all.counts.end(), here.counts.span().begin(),
                       all.counts.begin(), std::plus<>());
      },
      options);
  return all;
}

}  // namespace furrow::hdf5
