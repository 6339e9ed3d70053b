// furrow/kernels/expression/machine.cpp
//
// The virtual machine: blocks in the outer loop, instructions in the inner one.
#include <algorithm>
#include <array>
#include <cstring>

#include <furrow/kernels/expression/graph.hpp>
#include <furrow/kernels/expression/program.hpp>
#include <furrow/kernels/packed.hpp>
#include <furrow/kernels/reduce/partials.hpp>
#include <furrow/kernels/tile_copy.hpp>

namespace furrow::kernels::expression {
namespace {

const Variant& variant_of(std::uint16_t kernel, std::uint16_t variant) noexcept {
  return all()[kernel].variants[variant];
}

// Fills a register with a constant.
void splat(Dtype dtype, const Scalar& constant, std::byte* at, std::size_t count) noexcept {
  visit_dtype(dtype, [&]<class T>(T) {
    std::fill_n(reinterpret_cast<T*>(at), count, element_of<T>(constant));
  });
}

// An input whose elements are walked along axes.
class Walk {
 public:
  Walk(const Program& program, const Program::Input& input) noexcept
      : input_(input), axes_(program.axes + input.first_axis) {}

  /// Where [first, first + count) lies packed, or null.
  const std::byte* packed(std::int64_t first, std::size_t count) noexcept {
    seek(first);
    const Program::Axis& last = axes_[input_.axes - 1];
    const bool fits = index_[input_.axes - 1] + static_cast<std::int64_t>(count) <= last.extent;
    if (!fits || (last.stride != 1 && count != 1)) return nullptr;
    return input_.data + offset_ * input_.item_bytes;
  }

  /// Copies the next `count` elements after packed() said no.
  void gather_to(std::byte* to, std::size_t count) noexcept {
    const std::size_t fast = input_.axes - 1U;
    const std::ptrdiff_t item = input_.item_bytes;
    auto left = static_cast<std::int64_t>(count);
    while (left > 0) {
      const std::int64_t run = std::min(left, axes_[fast].extent - index_[fast]);
      copy(to, static_cast<std::size_t>(run), axes_[fast].stride);
      to += run * item;
      left -= run;
      offset_ += run * axes_[fast].stride;
      index_[fast] += run;
      // Carry into the slower axes, as an odometer does.
      for (std::size_t axis = fast; axis > 0 && index_[axis] == axes_[axis].extent; --axis) {
        offset_ += axes_[axis - 1].stride - index_[axis] * axes_[axis].stride;
        index_[axis] = 0;
        ++index_[axis - 1];
      }
    }
  }

 private:
  void seek(std::int64_t first) noexcept {
    offset_ = 0;
    for (std::size_t axis = input_.axes; axis-- > 0;) {
      index_[axis] = first % axes_[axis].extent;
      first /= axes_[axis].extent;
      offset_ += index_[axis] * axes_[axis].stride;
    }
  }

  void copy(std::byte* to, std::size_t count, std::int64_t stride) const noexcept {
    const std::byte* const from = input_.data + offset_ * input_.item_bytes;
    if (stride == 1) {
      std::memcpy(to, from, count * input_.item_bytes);
    } else {
      gather(to, from, stride, count, input_.item_bytes);
    }
  }

  const Program::Input& input_;
  const Program::Axis* axes_;
  std::int64_t index_[8] = {};
  std::int64_t offset_ = 0;
};

class Machine {
 public:
  explicit Machine(const Program& program) noexcept : program_(program) {
    call_.out_stride = 1;
    for (std::ptrdiff_t& stride : call_.in_stride) stride = 1;
    for (std::size_t r = 0; r < registers_max; ++r) {
      const std::size_t at = r * program.register_bytes;
      place_[r] = at < sizeof registers_ ? registers_ + at : nullptr;
    }
    for (std::size_t i = 0; i < program.instruction_count; ++i) {
      const Program::Instruction& instruction = program.instructions[i];
      maps_[i] = variant_of(instruction.kernel, instruction.variant).map;
    }
  }

  void run(std::byte* const* out, std::int64_t first, std::size_t count) noexcept {
    const std::size_t block = program_.block;
    for (std::size_t s = 0; s < program_.splat_count; ++s) {
      const Program::Splat& constant = program_.splats[s];
      splat(constant.dtype, program_.constants[constant.constant],
            registers_ + constant.place * program_.register_bytes, std::min(block, count));
    }
    for (std::size_t begin = 0; begin < count; begin += block) {
      const std::size_t length = std::min(block, count - begin);
      const std::int64_t at = first + static_cast<std::int64_t>(begin);
      for (std::size_t i = 0; i < program_.input_count; ++i) find_input(i, at, length);
      for (std::size_t k = 0; k < program_.output_count; ++k) {
        if (program_.outputs[k].place != first_output + k) continue;
        place_[first_output + k] = out[k] + begin * program_.outputs[k].item_bytes;
      }
      call_.count = length;
      call_.first_index = static_cast<std::uint64_t>(program_.first_index + at);
      for (std::size_t i = 0; i < program_.instruction_count;) {
        if (program_.instructions[i].out == chained) {
          i = execute_chain(i);
        } else {
          execute(i++);
        }
      }
    }
    if (program_.streaming != 0) stream_fence();
  }

 private:
  void find_input(std::size_t i, std::int64_t at, std::size_t length) noexcept {
    const Program::Input& input = program_.inputs[i];
    const std::byte*& place = place_[first_input + i];
    if (input.axes == 0) {
      place = input.data + at * input.item_bytes;
      return;
    }
    Walk walk(program_, input);
    place = walk.packed(at, length);
    if (place != nullptr) return;
    std::byte* const gathered = registers_ + input.gathered * program_.register_bytes;
    walk.gather_to(gathered, length);
    place = gathered;
  }

  void execute(std::size_t i) noexcept {
    const Program::Instruction& instruction = program_.instructions[i];
    // Only the outputs and the registers are written, and those are not const.
    call_.out = const_cast<std::byte*>(place_[instruction.out]);
    for (std::size_t k = 0; k < inputs_max; ++k) call_.in[k] = place_[instruction.in[k]];
    for (std::size_t k = 0; k < instruction.parameters; ++k) {
      call_.parameters[k] = program_.constants[instruction.first_parameter + k];
    }
    call_.streaming = program_.streaming != 0 && instruction.out == first_output;
    maps_[i](call_);
  }

  static constexpr std::size_t memory_max = 4;

  // The instructions from i on up to the first whose result goes to memory. Gives the next one.
  std::size_t execute_chain(std::size_t i) noexcept {
    ChainStep steps[instructions_max];
    std::size_t count = 0;
    const Program::Instruction& first = program_.instructions[i];
    ChainCall chain{place_[first.in[0]], nullptr, call_.count, false, {}, {}};
    std::array<const void*, memory_max> memory;
    std::size_t memory_count = 0;
    const auto note = [&](Place place) {
      if (program_.streaming == 0 || place < first_input || place >= first_output) return;
      const auto end = memory.begin() + memory_count;
      if (end == memory.end() || std::find(memory.begin(), end, place_[place]) != end) return;
      memory[memory_count++] = place_[place];
    };
    note(first.in[0]);
    for (;; ++i) {
      const Program::Instruction& instruction = program_.instructions[i];
      // The operand that is not the value itself, which comes first in a chain's first operation.
      const bool second = count == 0 || instruction.in[0] == chained;
      const Place other = instruction.in[second ? 1 : 0];
      note(other);
      steps[count++] = {instruction.link, other < places ? place_[other] : nullptr,
                        program_.constants + instruction.first_parameter};
      if (instruction.out == chained) continue;
      chain.out = const_cast<std::byte*>(place_[instruction.out]);
      chain.streaming = program_.streaming != 0 && instruction.out == first_output;
      break;
    }
    chain.steps = {steps, count};
    chain.memory = {memory.data(), memory_count};
    const Program::Instruction& last = program_.instructions[i];
    run_chain(variant_of(last.kernel, last.variant).out, chain);
    return i + 1;
  }

  const Program& program_;
  MapCall call_{};
  const std::byte* place_[places];
  MapFunction maps_[instructions_max];
  alignas(64) std::byte registers_[register_bytes];
};

}  // namespace

bool is_runnable(const Program& program) noexcept { return all().size() >= program.kernels; }

void run_tile(const Program& program, void* out, std::int64_t first, std::size_t count) noexcept {
  Machine machine(program);
  std::byte* const outputs[2] = {static_cast<std::byte*>(out), nullptr};
  machine.run(outputs, first, count);
}

const ReduceFunctions& reduction_of(const Program& program) noexcept {
  return variant_of(program.reduce_kernel, program.reduce_variant).reduce;
}

std::size_t reduce_tile_elements(const Program& program) noexcept {
  return reduce_tile_bytes / program.outputs[0].item_bytes;
}

void reduce_tile(const Program& program, std::int64_t first, std::size_t count,
                 void* partial) noexcept {
  alignas(64) std::byte values[2][reduce_tile_bytes];
  std::byte* const outputs[2] = {values[0], values[1]};
  if (program.instruction_count > 0) {
    Machine machine(program);
    machine.run(outputs, first, count);
  }
  ReduceCall call{};
  call.count = count;
  call.first_index = static_cast<std::uint64_t>(program.first_index + first);
  for (std::size_t k = 0; k < program.output_count; ++k) {
    const Program::Output& output = program.outputs[k];
    call.in[k] = output.place >= first_output
                     ? values[output.place - first_output]
                     : program.inputs[output.place - first_input].data + first * output.item_bytes;
    call.in_stride[k] = 1;
  }
  reduction_of(program).tile(call, partial);
}

void reduce_tiles(const Program& program, std::int64_t first, std::int64_t last,
                  Partial& result) noexcept {
  const ReduceFunctions& functions = reduction_of(program);
  const auto tile = static_cast<std::int64_t>(reduce_tile_elements(program));
  const auto combine = [&](const Partial& left, const Partial& right, Partial& out) {
    Partial both;
    functions.combine(&left, &right, &both);
    out = both;
  };
  TreeCounter<Partial, 48, decltype(combine)> tree(combine);
  for (std::int64_t begin = first; begin < last; begin += tile) {
    Partial partial;
    reduce_tile(program, begin, static_cast<std::size_t>(std::min(tile, last - begin)), &partial);
    tree.add(partial);
  }
  result = tree.total();
}

void combine_partials(const Program& program, Partial* partials, std::size_t count) noexcept {
  ReduceFunctions functions = reduction_of(program);
  functions.partial_bytes = sizeof(Partial);  // that is how far apart they are
  combine_tree(functions, partials, count);
}

}  // namespace furrow::kernels::expression
