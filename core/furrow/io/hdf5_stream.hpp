// furrow/io/hdf5_stream.hpp
//
// Datasets that are larger than memory, slab by slab: workers read the next slab while kernels run
// on the present one, and write the one before.
//
//   hdf5::for_each_slab<double>(engine, {"in.h5", "/x"}, [&](const Array<double>& x, auto first) {
//     total += engine.sum(x);                                  // rows first .. first + x.extent(0)
//   });
//   hdf5::transform_file<double, float>(engine, {"in.h5", "/x"}, {"out.h5", "/y"},
//       [&](const auto& x, const auto& y, std::int64_t) { engine.transform(y, f, x); });
//   Statistics s = hdf5::statistics(engine, {"in.h5", "/x"});
//   hdf5::evaluate(engine, "y = sqrt(x)", {{"x", {"in.h5", "/x"}}}, DatasetAddress{"out.h5",
//   "/y"});
//
// Slabs    whole layers of chunks, in order; a kernel runs in the calling thread, and uses the
//          engine as it likes. It must not keep a slab: its memory is used again
// Memory   slabs, and what all processes take to read, decode, filter and write, stay below
//          `memory_bytes`; caches of the system are not counted
// Bits     statistics and expressions: those of the dataset loaded whole, whatever the memory
// Changed  a file that changes or is replaced between two slabs is InUse
// Crash    a worker's death costs nothing. When it owned the output, the stream begins again (at
//          most three times), so kernels may see slabs once more. The output is whole, or the old
//          one
// Errors   those of load, save and the kernel; InvalidArgument when the memory holds no two layers
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>

namespace furrow::hdf5 {

struct DatasetAddress {
  std::string file;
  std::string dataset;
};

struct StreamOptions {
  std::uint64_t memory_bytes = std::uint64_t{256} << 20;
  std::optional<RowRange> rows = {};  // of the input; default: all
  bool external = false;              // as LoadOptions::external
  Dtype dtype = Dtype::none;          // of the input; TypeMismatch for any other. none: any
  JobOptions job = {};  // a deadline for all of it; a watch that gets the part that is done
};

/// How a stream went.
struct StreamReport {
  std::string road;  // on which the first input was read (LoadReport::road)
  std::int64_t slabs = 0;
  std::int64_t slab_rows = 0;
  std::uint64_t buffer_bytes = 0;  // of all slabs in memory together
  SaveReport written = {};         // of the dataset that was made, where one was
};

// --- kernels of one's own ---

using SlabKernel = std::function<void(const AnyArray& slab, std::int64_t first_row)>;
StreamReport for_each_slab(Engine& engine, const DatasetAddress& from, const SlabKernel& kernel,
                           const StreamOptions& options = {});

template <Element T, class F>
StreamReport for_each_slab(Engine& engine, const DatasetAddress& from, F kernel,
                           const StreamOptions& options = {}) {
  const SlabKernel typed = [&kernel](const AnyArray& slab, std::int64_t first_row) {
    kernel(slab.as<T>(), first_row);
  };
  StreamOptions wanted = options;
  wanted.dtype = dtype_of<T>;
  return for_each_slab(engine, from, typed, wanted);
}

/// `out` has the rows of `in` in another dtype or the same; the kernel writes all of it.
using SlabTransform =
    std::function<void(const AnyArray& in, const AnyArray& out, std::int64_t first_row)>;

/// SaveOptions as of save: contiguous unless gzip or growable ask for chunks, which then have the
/// input's shape where none is given. The input's attributes go along unless others are given. `to`
/// may be another dataset of the same file, or with `replace` the same.
StreamReport transform_file(Engine& engine, const DatasetAddress& from, const DatasetAddress& to,
                            Dtype dtype, const SlabTransform& kernel, const SaveOptions& save = {},
                            const StreamOptions& options = {});

template <Element In, Element Out, class F>
StreamReport transform_file(Engine& engine, const DatasetAddress& from, const DatasetAddress& to,
                            F kernel, const SaveOptions& save = {},
                            const StreamOptions& options = {}) {
  const SlabTransform typed = [&kernel](const AnyArray& in, const AnyArray& out,
                                        std::int64_t first_row) {
    kernel(in.as<In>(), out.as<Out>(), first_row);
  };
  StreamOptions wanted = options;
  wanted.dtype = dtype_of<In>;
  return transform_file(engine, from, to, dtype_of<Out>, typed, save, wanted);
}

// --- statistics, histograms, expressions ---

Statistics statistics(Engine& engine, const DatasetAddress& from, const StreamOptions& options = {},
                      StreamReport* report = nullptr);

struct StreamHistogram {
  std::vector<std::int64_t> counts;
  std::vector<double> edges;  // one more
};
/// As furrow::histogram (compute/histogram.hpp). Without a range the dataset is read twice.
StreamHistogram histogram(Engine& engine, const DatasetAddress& from, std::int64_t bins = 10,
                          const std::optional<std::pair<double, double>>& range = {},
                          const StreamOptions& options = {});

/// What a name of an expression stands for: a dataset.
struct StreamBinding {
  std::string name;
  DatasetAddress dataset;
};

struct StreamEvaluated {
  Evaluated value;  // a reduction's number, or the array in memory that was assigned to
  StreamReport report;
};

/// An expression (engine/evaluate.hpp) over datasets: to a dataset, when `to` is given; else to the
/// array in memory that it assigns to; or to a number. Datasets with as many rows as the result
/// come in slabs; smaller ones, which are broadcast, are loaded whole; other names are arrays in
/// memory. In a reduction all of them have one shape. A dataset that is assigned to under its own
/// name (x = 2*x) keeps its attributes; others get those of SaveOptions alone. Throws
/// InvalidArgument for a name that is bound twice.
StreamEvaluated evaluate(Engine& engine, std::string_view text,
                         std::span<const StreamBinding> inputs,
                         const std::optional<DatasetAddress>& to = {}, const SaveOptions& save = {},
                         const StreamOptions& options = {});
inline StreamEvaluated evaluate(Engine& engine, std::string_view text,
                                std::initializer_list<StreamBinding> inputs,
                                const std::optional<DatasetAddress>& to = {},
                                const SaveOptions& save = {}, const StreamOptions& options = {}) {
  return evaluate(engine, text, std::span(inputs.begin(), inputs.size()), to, save, options);
}

}  // namespace furrow::hdf5
