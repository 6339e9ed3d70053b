// furrow/kernels/expression/assemble.cpp
//
// Registers are handed out in one walk over the operations in their order: an operation's operands
// that nobody reads later give theirs back, and the result takes one of those where both are of the
// same width, since kernels may write what they read.
#include <furrow/kernels/expression/assemble.hpp>

#include <algorithm>
#include <cstring>

namespace furrow::kernels::expression {
namespace {

using Id = Graph::Id;

// Axes that one stride can walk are joined; those of extent 1 go.
std::vector<Program::Axis> axes_of(const Source& source, const Form& form) {
  std::vector<Program::Axis> axes;
  const std::size_t missing = form.ndim - source.form.ndim;
  for (std::size_t axis = 0; axis < form.ndim; ++axis) {
    if (form.extent[axis] == 1) continue;
    const bool there = axis >= missing && source.form.extent[axis - missing] != 1;
    const std::int64_t stride = there ? source.stride[axis - missing] : 0;
    if (!axes.empty() && axes.back().stride == stride * form.extent[axis]) {
      axes.back().extent *= form.extent[axis];
      axes.back().stride = stride;
    } else {
      axes.push_back({form.extent[axis], stride});
    }
  }
  if (axes.empty()) axes.push_back({1, 1});
  return axes;
}

class Assembler {
 public:
  Assembler(const Built& built, std::span<const Source> sources, Span where, Assembled& result)
      : graph_(built.graph), built_(built), sources_(sources), where_(where), result_(result) {
    std::memset(static_cast<void*>(&program_), 0, sizeof program_);
    last_use_.resize(graph_.size());
    place_.assign(graph_.size(), no_place);
  }

  void run() {
    mark();
    for (Id id = 0; id < graph_.size() && !result_.error; ++id) {
      if (needed_[id] && graph_[id].kind == Vertex::Kind::source) input(id);
    }
    for (std::size_t i = 0; i < order_.size() && !result_.error; ++i) emit(order_[i], i + 1);
    for (std::size_t k = 0; k < built_.roots.size() && !result_.error; ++k) output(k);
    if (!result_.error) choose_block();
  }

 private:
  static constexpr Place no_place = 255;

  void fail(std::size_t count, const char* of, std::size_t limit) {
    if (result_.error) return;
    result_.error =
        Diagnostic{Diagnostic::Kind::limit, where_,
                   "the expression needs " + std::to_string(count) + " " + of +
                       ", and a program has at most " + std::to_string(limit) + " (split it)"};
  }

  bool is_root(Id id) const {
    return std::find(built_.roots.begin(), built_.roots.end(), id) != built_.roots.end();
  }

  // What the roots need, in which order, and where each value is read last.
  void mark() {
    needed_.assign(graph_.size(), false);
    // Registers that a value takes while it is computed (Sethi and Ullman, 1970).
    std::vector<std::size_t> registers(graph_.size(), 0);
    for (Id id = 0; id < graph_.size(); ++id) {
      const std::vector<Id> operands = heaviest_first(id, registers);
      for (std::size_t k = 0; k < operands.size(); ++k) {
        registers[id] = std::max({registers[id], registers[operands[k]] + k, std::size_t{1}});
      }
    }
    for (const Id root : built_.roots) visit(root, registers);
    for (std::size_t i = 0; i < order_.size(); ++i) {
      for (const Id operand : operands_of(order_[i])) last_use_[operand] = i + 1;
    }
    links_.resize(order_.size() + 1, Link::none);
    for (std::size_t i = 0; i + 1 < order_.size(); ++i) find_link(i);
  }

  Link link_at(Id id, std::size_t operand) const {
    return link_of(*graph_[id].kernel, *graph_[id].variant, operand);
  }

  // Whether the operation after number i goes on with its result, which nobody else reads.
  void find_link(std::size_t i) {
    const Id id = order_[i];
    const Id next = order_[i + 1];
    const std::span<const Id> operands = operands_of(next);
    const auto found = std::find(operands.begin(), operands.end(), id);
    const bool alone = last_use_[id] == i + 2 && !is_root(id) && found != operands.end();
    if (!alone || graph_[id].variant->out != graph_[next].variant->out) return;
    const Link begins = link_at(id, 0);
    Link link = link_at(next, static_cast<std::size_t>(found - operands.begin()));
    if (std::count(operands.begin(), operands.end(), id) == 2) {
      link = link == Link::multiply ? Link::square : Link::none;
    }
    if (begins == Link::none || link == Link::none) return;
    if (links_[i] == Link::none) links_[i] = begins;
    links_[i + 1] = link;
    chained_.push_back(id);
  }

  bool is_chained(Id id) const {
    return std::find(chained_.begin(), chained_.end(), id) != chained_.end();
  }

  std::span<const Id> operands_of(Id id) const {
    const Vertex& vertex = graph_[id];
    const bool operation = vertex.kind == Vertex::Kind::operation;
    return {vertex.operands, operation ? vertex.kernel->input_count : 0};
  }

  std::vector<Id> heaviest_first(Id id, const std::vector<std::size_t>& registers) const {
    const std::span<const Id> operands = operands_of(id);
    std::vector<Id> sorted(operands.begin(), operands.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](Id a, Id b) { return registers[a] > registers[b]; });
    return sorted;
  }

  // The heaviest operand first: what it takes is free again when the others begin.
  void visit(Id id, const std::vector<std::size_t>& registers) {
    if (needed_[id]) return;
    needed_[id] = true;
    for (const Id operand : heaviest_first(id, registers)) visit(operand, registers);
    if (graph_[id].kind == Vertex::Kind::operation) order_.push_back(id);
  }

  Place take_register(Dtype dtype) {
    widest_ = std::max(widest_, item_bytes(dtype));
    if (!free_.empty()) {
      const Place place = free_.back();
      free_.pop_back();
      return place;
    }
    if (registers_ >= registers_max) {
      fail(registers_ + 1, "values at a time", registers_max);
      return 0;
    }
    return static_cast<Place>(registers_++);
  }

  // Where these constants stand one after the other.
  std::uint8_t constants(std::span<const Scalar> values) {
    const auto same = [&](std::size_t at) {
      return std::memcmp(program_.constants + at, values.data(), values.size_bytes()) == 0;
    };
    for (std::size_t at = 0; at + values.size() <= constants_; ++at) {
      if (same(at)) return static_cast<std::uint8_t>(at);
    }
    if (constants_ + values.size() > constants_max) {
      fail(constants_ + values.size(), "constants", constants_max);
      return 0;
    }
    std::copy(values.begin(), values.end(), program_.constants + constants_);
    constants_ += values.size();
    return static_cast<std::uint8_t>(constants_ - values.size());
  }
  std::uint8_t constant(const Scalar& value) { return constants(std::span(&value, 1)); }

  void input(Id id) {
    const Vertex& vertex = graph_[id];
    const Source& source = sources_[vertex.source];
    const std::vector<Program::Axis> axes = axes_of(source, built_.form);
    const bool packed = axes.size() == 1 && axes[0].stride == 1;
    if (program_.input_count >= program_inputs_max) {
      return fail(program_.input_count + 1U, "arrays", program_inputs_max);
    }
    Program::Input& input = program_.inputs[program_.input_count];
    input.data = static_cast<const std::byte*>(source.data);
    input.item_bytes = static_cast<std::uint8_t>(item_bytes(vertex.dtype));
    if (!packed) {
      if (axes_ + axes.size() > program_axes_max) {
        return fail(axes_ + axes.size(), "axes of arrays that are not packed", program_axes_max);
      }
      input.axes = static_cast<std::uint8_t>(axes.size());
      input.first_axis = static_cast<std::uint8_t>(axes_);
      input.gathered = take_register(vertex.dtype);
      for (const Program::Axis& axis : axes) program_.axes[axes_++] = axis;
    }
    place_[id] = static_cast<Place>(first_input + program_.input_count++);
    result_.used.push_back(vertex.source);
  }

  // A constant that no parameter takes: a register of it.
  Place splat(Id id) {
    if (place_[id] != no_place) return place_[id];
    const Vertex& vertex = graph_[id];
    // Never given back, so it cannot be one that was in use before.
    if (registers_ >= registers_max) {
      fail(registers_ + 1, "values at a time", registers_max);
      return 0;
    }
    widest_ = std::max(widest_, item_bytes(vertex.dtype));
    place_[id] = static_cast<Place>(registers_++);
    program_.splats[program_.splat_count++] = {vertex.dtype, constant(vertex.value), place_[id]};
    return place_[id];
  }

  Program::Instruction& append(const Kernel& kernel, const Variant& variant) {
    if (program_.instruction_count >= instructions_max) {
      fail(program_.instruction_count + 1U, "operations", instructions_max);
      return program_.instructions[0];
    }
    Program::Instruction& to = program_.instructions[program_.instruction_count++];
    to.kernel = static_cast<std::uint16_t>(&kernel - all().data());
    to.variant = static_cast<std::uint16_t>(&variant - kernel.variants.data());
    return to;
  }

  void give_back(Id id, std::size_t user) {
    const Place place = place_[id];
    const bool dies = graph_[id].kind == Vertex::Kind::operation && last_use_[id] == user;
    if (!dies || place >= first_input || is_root(id)) return;
    if (std::find(free_.begin(), free_.end(), place) == free_.end()) free_.push_back(place);
  }

  // `position` counts from 1.
  void emit(Id id, std::size_t position) {
    const Vertex& vertex = graph_[id];
    Program::Instruction& to = append(*vertex.kernel, *vertex.variant);
    to.link = links_[position - 1];
    const std::size_t width = item_bytes(vertex.dtype);
    bool same_width = true;
    for (std::size_t k = 0; k < vertex.kernel->input_count; ++k) {
      const Vertex& operand = graph_[vertex.operands[k]];
      to.in[k] = operand.is_constant() ? splat(vertex.operands[k]) : place_[vertex.operands[k]];
      same_width = same_width && item_bytes(operand.dtype) == width;
    }
    to.parameters = static_cast<std::uint8_t>(vertex.kernel->parameters.size());
    to.first_parameter = constants(std::span(vertex.parameters, to.parameters));
    const auto release = [&] {
      for (std::size_t k = 0; k < vertex.kernel->input_count; ++k) {
        give_back(vertex.operands[k], position);
      }
    };
    if (same_width) release();
    place_[id] = target_of(id);
    if (!same_width) release();
    to.out = place_[id];
  }

  // The output itself for the first root that nothing else reads; else a register. No place at all
  // for what goes straight to the next operation of a chain.
  Place target_of(Id id) {
    if (is_chained(id)) return chained;
    if (last_use_[id] == 0 && is_root(id)) {
      const auto at = std::find(built_.roots.begin(), built_.roots.end(), id);
      return static_cast<Place>(first_output + (at - built_.roots.begin()));
    }
    return take_register(graph_[id].dtype);
  }

  void output(std::size_t k) {
    const Id root = built_.roots[k];
    const Vertex& vertex = graph_[root];
    const auto own = static_cast<Place>(first_output + k);
    program_.outputs[k] = {own, static_cast<std::uint8_t>(item_bytes(vertex.dtype))};
    ++program_.output_count;
    const bool in_memory = vertex.kind == Vertex::Kind::source &&
                           program_.inputs[place_[root] - first_input].axes == 0;
    if (built_.reduction && in_memory) {
      program_.outputs[k].place = place_[root];
      return;
    }
    if (vertex.kind == Vertex::Kind::operation && place_[root] >= first_output) {
      program_.outputs[k].place = place_[root];  // the first of two equal roots is both
      return;
    }
    const bool fills = vertex.is_constant();
    const Kernel* kernel = find(fills ? "fill" : "copy");
    const Variant* variant = fills
                                 ? find_variant(*kernel, {}, vertex.dtype)
                                 : find_variant(*kernel, std::span(&vertex.dtype, 1), vertex.dtype);
    Program::Instruction& to = append(*kernel, *variant);
    if (result_.error) return;
    to.out = own;
    if (fills) {
      to.parameters = 1;
      to.first_parameter = constant(vertex.value);
    } else {
      to.in[0] = place_[root];
    }
  }

  // As many elements as leave the registers in the first-level cache, beside the arrays' own lines.
  void choose_block() {
    constexpr std::size_t wanted = 4 * 1024;
    const std::size_t bytes =
        std::max<std::size_t>(1, registers_) * std::max<std::size_t>(1, widest_);
    std::size_t block = block_elements_max;
    while (block > 128 && block * bytes > wanted) block /= 2;
    while (block > 32 && block * bytes > register_bytes) block /= 2;
    program_.block = static_cast<std::uint32_t>(block);
    program_.register_bytes = static_cast<std::uint32_t>(block * std::max<std::size_t>(1, widest_));
    if (block * bytes > register_bytes) fail(registers_, "wide values at a time", 64);
    program_.kernels = static_cast<std::uint32_t>(all().size());
    if (built_.reduction) {
      const Kernel& kernel = *built_.reduction->kernel;
      program_.reduces = 1;
      program_.reduce_kernel = static_cast<std::uint16_t>(&kernel - all().data());
      program_.reduce_variant =
          static_cast<std::uint16_t>(built_.reduction->variant - kernel.variants.data());
    }
  }

  const Graph& graph_;
  const Built& built_;
  std::span<const Source> sources_;
  Span where_;
  Assembled& result_;
  Program& program_ = result_.program;
  std::vector<bool> needed_;
  std::vector<Id> order_;              // of the operations
  std::vector<std::size_t> last_use_;  // position in the order; 0: read by none
  std::vector<Link> links_;            // of each operation of the order
  std::vector<Id> chained_;            // whose result the next operation alone reads
  std::vector<Place> place_;
  std::vector<Place> free_;
  std::size_t registers_ = 0;
  std::size_t constants_ = 0;
  std::size_t axes_ = 0;
  std::size_t widest_ = 0;
};

}  // namespace

Assembled assemble(const Built& built, std::span<const Source> sources, Span where) {
  Assembled result;
  Assembler(built, sources, where, result).run();
  return result;
}

}  // namespace furrow::kernels::expression
