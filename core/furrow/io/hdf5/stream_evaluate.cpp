#include <algorithm>
#include <utility>

#include <furrow/engine/pieces.hpp>
#include <furrow/error.hpp>
#include <furrow/io/hdf5/source.hpp>
#include <furrow/io/hdf5/stream_run.hpp>
#include <furrow/io/hdf5_stream.hpp>
#include <furrow/kernels/expression/syntax.hpp>

namespace furrow::hdf5 {
namespace {

/// One name that the expression reads.
struct Operand {
  std::string name;
  int source = -1;        // of the datasets that come in slabs
  AnyArray array;         // else
  bool has_rows = false;  // an array in memory of as many rows as the result: cut along with it
};

/// Stands for a dataset where types and shapes are asked for: one element, as often as it takes.
AnyArray stand_in(const StreamSource& source) {
  Shape one;
  for (std::size_t axis = 0; axis < source.info.shape.ndim(); ++axis) one.push_back(1);
  return AnyArray::temporary(source.info.dtype, one).broadcast_to(source.info.shape);
}

bool has_rows_of(const Shape& shape, const Shape& result) {
  return shape.ndim() == result.ndim() && shape.ndim() > 0 && shape[0] == result[0];
}

class StreamedExpression {
 public:
  StreamedExpression(Engine& engine, std::string text, std::span<const StreamBinding> inputs,
                     bool to_dataset, const StreamOptions& options)
      : engine_(engine), text_(std::move(text)), options_(options) {
    std::vector<StreamSource> datasets;
    for (const StreamBinding& input : inputs) {
      for (const Binding& before : stand_ins_) {
        if (before.name != input.name) continue;
        throw InvalidArgument("\"" + input.name +
                              "\" is bound to two datasets; give each a name of its own");
      }
      datasets.push_back(open_source(engine, input.dataset, options));
      stand_ins_.push_back({input.name, stand_in(datasets.back())});
      // A number is read before anything else, since its value takes part in finding the dtype.
      if (datasets.back().info.shape.ndim() == 0) stand_ins_.back().value = whole(datasets.back());
    }
    const auto find = [&](std::string_view name) {
      return std::find_if(inputs.begin(), inputs.end(),
                          [&](const StreamBinding& each) { return each.name == name; });
    };
    const std::string target = kernels::expression::parse(text_).target();
    const auto own = find(target);
    in_place_ = own != inputs.end();
    if (in_place_) {
      attributes_ =
          attributes_of_rows(datasets[static_cast<std::size_t>(own - inputs.begin())], options);
    }
    look_ = engine::outlook_of(text_, stand_ins_, to_dataset && !in_place_);
    std::vector<std::string> names = look_.names;
    if (in_place_) names.push_back(target);
    for (const std::string& name : names) {
      if (std::any_of(operands_.begin(), operands_.end(),
                      [&](const Operand& each) { return each.name == name; })) {
        continue;
      }
      const auto input = find(name);
      const auto at = static_cast<std::size_t>(input - inputs.begin());
      add(name, input != inputs.end() ? &datasets[at] : nullptr);
    }
  }

  const engine::ExpressionOutlook& look() const noexcept { return look_; }

  Evaluated fold(StreamReport& report) {
    engine::PiecewiseExpression all(engine_, text_, stand_ins_);
    if (options_.rows && look_.shape[0] > 0) {
      position_ = options_.rows->begin * (size_of(look_.shape) / look_.shape[0]);
    }
    const auto add_pieces = [&](const std::vector<AnyArray>& pieces, const JobOptions& job) {
      std::vector<Binding> bindings;
      for (const Operand& operand : operands_) {
        bindings.push_back({operand.name, piece_of(operand, pieces)});
      }
      position_ += pieces[0].size();
      all.add(bindings, job);
    };
    report = fold_slabs(engine_, sources_, all.granule(), options_, add_pieces);
    return all.result();
  }

  StreamReport write(const DatasetAddress& to, const SaveOptions& save) {
    StreamOutput output = {to, look_.dtype, look_.shape, save};
    if (in_place_ && !output.save.attributes) output.save.attributes = attributes_;
    return write_slabs(engine_, sources_, output, whole_bytes_, options_,
                       [&](const ReadSlab& slab, const AnyArray& out, const JobOptions& job) {
                         compute(slab, out, job);
                       });
  }

  StreamReport write(const AnyArray& target) {
    SlabNeeds needs;
    needs.layer_rows = layer_rows_of(sources_);
    needs.fixed_bytes = whole_bytes_ + scratch_bytes_of(engine_, sources_);
    needs.buffers = 2 * sources_.size();
    for (const StreamSource& source : sources_) needs.row_bytes += 2 * source.row_bytes();
    const DatasetAddress& first = sources_[0].address;
    const SlabPlan plan =
        plan_slabs(look_.shape[0], options_, needs, quoted(first.file, first.dataset));
    StreamWatch watch(options_.job);
    SlabReader reader(engine_, sources_, plan, 0, options_);
    for_each(reader, plan, watch, [&](const ReadSlab& slab) {
      const std::int64_t begin = slab.first_row - plan.begin;
      compute(slab, target.rows(begin, begin + slab.rows), watch.job());
    });
    return {reader.road(), plan.slabs(), plan.slab_rows, plan.buffer_bytes};
  }

  /// Throws when there are no rows to stream.
  void require_rows() const {
    if (!sources_.empty()) return;
    throw InvalidArgument("\"" + text_ +
                          "\" reads no dataset row by row: load what it reads, and evaluate it in "
                          "memory");
  }

 private:
  /// A dataset that is no slab of the result's: all of it, in memory.
  AnyArray whole(const StreamSource& source) {
    const auto bytes =
        static_cast<std::uint64_t>(size_of(source.info.shape)) * item_bytes(source.info.dtype);
    whole_bytes_ += bytes;
    if (whole_bytes_ > options_.memory_bytes / 2) {
      throw InvalidArgument(quoted(source.address.file, source.address.dataset) +
                            " is broadcast, so all of it has to be in memory, and its " +
                            std::to_string(bytes) +
                            " bytes are more than half of what the stream "
                            "may take; give --memory " +
                            mebibytes(2 * whole_bytes_) + " or more (StreamOptions::memory_bytes)");
    }
    AnyArray array = AnyArray::temporary(source.info.dtype, source.info.shape);
    LoadOptions load_options;
    load_options.external = options_.external;
    load_options.attributes = false;
    load(engine_, source.address.file, source.address.dataset, array, load_options);
    return array;
  }

  void add(const std::string& name, const StreamSource* dataset) {
    Operand operand{name, -1, {}, false};
    if (dataset == nullptr) {
      AttachOptions attach;
      attach.access = Access::read_only;
      operand.array = AnyArray::attach(name, attach);
      operand.has_rows = has_rows_of(operand.array.shape(), look_.shape);
    } else if (has_rows_of(dataset->info.shape, look_.shape)) {
      operand.source = static_cast<int>(sources_.size());
      sources_.push_back(*dataset);
    } else {
      operand.array = whole(*dataset);
    }
    operands_.push_back(std::move(operand));
  }

  AnyArray piece_of(const Operand& operand, const std::vector<AnyArray>& pieces) const {
    if (operand.source >= 0) return pieces[static_cast<std::size_t>(operand.source)];
    if (!operand.has_rows) return operand.array;
    const AnyArray flat = operand.array.reshape({operand.array.size()});
    return flat.rows(position_, position_ + pieces[0].size());
  }

  void compute(const ReadSlab& slab, const AnyArray& out, const JobOptions& job) {
    std::vector<Binding> bindings;
    bool bound = false;
    for (const Operand& operand : operands_) {
      AnyArray array = operand.array;
      if (operand.source >= 0) {
        array = slab.arrays[static_cast<std::size_t>(operand.source)];
      } else if (operand.has_rows) {
        array = array.rows(slab.first_row, slab.first_row + slab.rows);
      }
      if (operand.name == look_.target) {
        // Read and written: what it reads has to lie where it writes, as that of memory does.
        if (operand.source >= 0) engine_.apply_to("copy", out, {array}, {}, job);
        array = out;
        bound = true;
      }
      bindings.push_back({operand.name, array});
    }
    if (!bound) bindings.push_back({look_.target, out});
    EvaluateOptions options;
    options.job = job;
    // Random numbers count from the first row that is taken, as where numbers are folded.
    const std::int64_t first_row = slab.first_row - (options_.rows ? options_.rows->begin : 0);
    options.first_index = first_row * (slab.rows == 0 ? 0 : out.size() / slab.rows);
    engine_.evaluate(text_, bindings, options);
  }

  Engine& engine_;
  std::string text_;
  StreamOptions options_;
  std::vector<Binding> stand_ins_;
  engine::ExpressionOutlook look_;
  bool in_place_ = false;  // what is assigned to is one of the inputs
  Attributes attributes_;  // of that one
  std::vector<StreamSource> sources_;
  std::vector<Operand> operands_;
  std::uint64_t whole_bytes_ = 0;
  std::int64_t position_ = 0;  // elements folded so far
};

}  // namespace

StreamEvaluated evaluate(Engine& engine, std::string_view text,
                         std::span<const StreamBinding> inputs,
                         const std::optional<DatasetAddress>& to, const SaveOptions& save,
                         const StreamOptions& options) {
  StreamedExpression expression(engine, std::string(text), inputs, to.has_value(), options);
  const engine::ExpressionOutlook& look = expression.look();
  StreamEvaluated result;
  expression.require_rows();
  if (look.is_number) {
    if (to) {
      throw InvalidArgument("\"" + std::string(text) +
                            "\" gives a number, which no dataset is made of");
    }
    result.value = expression.fold(result.report);
    return result;
  }
  if (look.target.empty()) {
    throw InvalidArgument("\"" + std::string(text) +
                          "\" gives rows that nothing keeps: assign them, as in y = …");
  }
  if (to) {
    result.report = expression.write(*to, save);
    return result;
  }
  if (options.rows) {
    throw InvalidArgument("rows of the input are for datasets that are written, and for numbers");
  }
  try {
    const AnyArray target = AnyArray::attach(look.target);
    result.report = expression.write(target);
    result.value = Evaluated(target);
  } catch (const NotFound&) {
    CreateOptions create;
    create.publish = false;
    const AnyArray target = AnyArray::create(look.target, look.dtype, look.shape, create);
    result.report = expression.write(target);
    target.segment()->publish();
    result.value = Evaluated(target);
  }
  return result;
}

}  // namespace furrow::hdf5
