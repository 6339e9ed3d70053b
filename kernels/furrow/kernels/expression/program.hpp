// furrow/kernels/expression/program.hpp
//
// An expression compiled: the code of a virtual machine whose registers are blocks of elements.
// Each instruction is one kernel of the registry, or a chain of cheap ones (chain.hpp), run on one
// block (64 to 1024 elements, so that all registers lie in the first-level cache) before the next
// instruction: the arrays are read and written once, whatever the number of operations.
//
// Travel    trivially copyable and of fixed size: it goes to workers as a closure's bytes. Kernels
//           are named by their position in the registry, which is the same in every process that
//           runs the same program with the same plugins (is_runnable says when it is not)
// Memory    nothing is allocated: registers and the tile of a reduction lie on the stack, 52 KiB
// Order     element i depends on the inputs' element i: the cut into tiles and blocks changes no
//           bit. A reduction's tiles are those of the kernel on an array of the values, so that
//           sum(x*y) has the bits of z = x*y and then sum(z)
// In place  an input may be the output itself, but not overlap it otherwise
// Limits    96 instructions, 24 arrays, 56 registers, 48 axes of arrays that are not packed,
//           56 constants
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <furrow/kernels/expression/chain.hpp>
#include <furrow/kernels/expression/reduction.hpp>
#include <furrow/kernels/registry.hpp>

namespace furrow::kernels::expression {

inline constexpr std::size_t instructions_max = 96;
inline constexpr std::size_t program_inputs_max = 24;
inline constexpr std::size_t registers_max = 56;
inline constexpr std::size_t program_axes_max = 48;
inline constexpr std::size_t constants_max = 56;
inline constexpr std::size_t register_bytes = 32 * 1024;  // all of them together
inline constexpr std::size_t block_elements_max = 1024;

/// Where an operand of an instruction is: registers first, then inputs, then the outputs.
using Place = std::uint8_t;
inline constexpr Place first_input = registers_max;
inline constexpr Place first_output = registers_max + program_inputs_max;
inline constexpr std::size_t places = first_output + 2;
/// No place in memory: the result of the instruction before, in a chain.
inline constexpr Place chained = 254;

struct Program {
  struct Instruction {
    std::uint16_t kernel;
    std::uint16_t variant;
    std::uint8_t parameters;
    std::uint8_t first_parameter;  // in `constants`
    Place out;                     // `chained`: the next instruction goes on with the result
    Place in[inputs_max];
    Link link;  // what this instruction is in a chain; none: a kernel call
  };
  /// An array. Packed (no axes): read where it is; else along its axes, the last one fast, and
  /// where a block is no run of the memory it is gathered into a register.
  struct Input {
    const std::byte* data;
    std::uint8_t item_bytes;
    std::uint8_t axes;
    std::uint8_t first_axis;
    Place gathered;
  };
  struct Axis {
    std::int64_t extent;
    std::int64_t stride;  // in elements
  };
  /// A register that holds one constant in every element.
  struct Splat {
    Dtype dtype;
    std::uint8_t constant;
    Place place;
  };
  struct Output {
    Place place;  // an output's; or an input that is packed, where there is nothing to compute
    std::uint8_t item_bytes;
  };

  std::uint32_t block;           // elements
  std::uint32_t register_bytes;  // of one register
  std::uint32_t kernels;         // in the registry when this was compiled
  std::int64_t first_index;      // of element 0, for random numbers and positions
  std::uint8_t instruction_count;
  std::uint8_t input_count;
  std::uint8_t splat_count;
  std::uint8_t output_count;
  Output outputs[2];
  std::uint16_t reduce_kernel;  // where there is a reduction
  std::uint16_t reduce_variant;
  std::uint8_t reduces;
  std::uint8_t streaming;  // a hint to whoever writes the output: it will not be read soon
  Splat splats[registers_max];
  Instruction instructions[instructions_max];
  Input inputs[program_inputs_max];
  Axis axes[program_axes_max];
  Scalar constants[constants_max];
};
static_assert(std::is_trivially_copyable_v<Program> && sizeof(Program) <= 4096);

/// False when this process has other kernels than the one that compiled the program.
bool is_runnable(const Program& program) noexcept;

/// Elements [first, first + count) in C order, into packed memory.
void run_tile(const Program& program, void* out, std::int64_t first, std::size_t count) noexcept;

/// What folds the tiles of a program that reduces, and the elements of one tile.
const ReduceFunctions& reduction_of(const Program& program) noexcept;
std::size_t reduce_tile_elements(const Program& program) noexcept;

/// The partial of elements [first, first + count); count is at most reduce_tile_elements.
void reduce_tile(const Program& program, std::int64_t first, std::size_t count,
                 void* partial) noexcept;

/// A partial of any reduction, and those of the tiles of [first, last), combined in the fixed tree.
struct alignas(16) Partial {
  std::byte bytes[partial_bytes_max];
};
void reduce_tiles(const Program& program, std::int64_t first, std::int64_t last,
                  Partial& result) noexcept;
/// Combines `count` >= 1 of them, by index in the fixed tree, into the first one.
void combine_partials(const Program& program, Partial* partials, std::size_t count) noexcept;

}  // namespace furrow::kernels::expression
