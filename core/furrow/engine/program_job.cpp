#include <furrow/engine/program_job.hpp>

#include <cstdint>
#include <stdexcept>
#include <vector>

#include <furrow/os/cpu.hpp>

namespace furrow::engine {
namespace {

namespace expression = kernels::expression;

// What runs on the workers: the program is the closure.
struct ProgramEntry {
  static const expression::Program& program(const void* captures) {
    const auto& program = *static_cast<const expression::Program*>(captures);
    if (!expression::is_runnable(program)) {
      throw std::runtime_error("this worker has not got all kernels of the coordinator");
    }
    return program;
  }
  static void run(const void* captures, const TileCall& call) {
    expression::run_tile(program(captures), call.operand[0], call.first, call.count);
  }
  static void reduce(const void* captures, const TileCall& call) {
    expression::reduce_tile(program(captures), call.first, call.count, call.partial);
  }
  static void combine(const void* captures, void* left, const void* right) {
    const auto& functions =
        expression::reduction_of(*static_cast<const expression::Program*>(captures));
    if (right != nullptr) return functions.combine(left, right, left);
    if (functions.identity != nullptr) functions.identity(left);  // else the tile writes all of it
  }
};

bool same_segment(const AnyArray& a, const AnyArray& b) {
  return a.segment()->identity() == b.segment()->identity();
}

// The job that both have: the program, and the arrays that it reads at their addresses.
Job job_of(const expression::Compiled& compiled, const ExpressionNames& names,
           const JobOptions& options) {
  Job job;
  job.options = options;
  job.is_light = true;
  job.count = compiled.form.size();
  job.captures = std::as_bytes(std::span(&compiled.program, 1));
  for (const std::size_t source : compiled.used) job.keep.push_back(names.array_of(source));
  return job;
}

}  // namespace

void run_program(Engine& engine, expression::Compiled& compiled, const ExpressionNames& names,
                 const AnyArray& target, const JobOptions& options) {
  std::uint64_t bytes = target.bytes();
  bool fresh = target.is_contiguous();
  std::vector<Operand> operands = {{target, Use::write}};
  for (const std::size_t source : compiled.used) {
    const AnyArray& array = names.array_of(source);
    bytes += array.bytes();
    if (!same_segment(array, target)) continue;
    // The engine sees what is read and written: it refuses overlap, and runs the rest exactly once.
    operands.push_back({array.broadcast_to(target.shape()), Use::read});
    fresh = false;
  }
  static const std::size_t cache = os::largest_cache_bytes();
  compiled.program.streaming = fresh && bytes > cache ? 1 : 0;
  Job job = job_of(compiled, names, options);
  job.operands = std::move(operands);
  job.entry = &ProgramEntry::run;
  job.runs = true;
  Future<void>(engine.start(std::move(job))).get();
}

Job fold_program(const expression::Compiled& compiled, const ExpressionNames& names,
                 const JobOptions& options) {
  Job job = job_of(compiled, names, options);
  job.entry = &ProgramEntry::reduce;
  job.combine = &ProgramEntry::combine;
  job.tile_elements = static_cast<std::int64_t>(expression::reduce_tile_elements(compiled.program));
  job.partial_bytes = expression::reduction_of(compiled.program).partial_bytes;
  return job;
}

}  // namespace furrow::engine
