// furrow/io/npy/job.hpp
//
// A job that reads or writes parts of a file, and the name that a new array is to get.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <furrow/engine/engine.hpp>
#include <furrow/error.hpp>
#include <furrow/io/hdf5/mailbox.hpp>
#include <furrow/io/hdf5/work.hpp>

namespace furrow::npy {

/// f(i) for all i below `count` on the workers. Throws what a worker noted, in its own class.
template <class F>
void run_job(Engine& engine, const hdf5::Mailbox& box, std::int64_t count, F f,
             const JobOptions& options, const std::string& asked) {
  try {
    engine.for_each(count, f, options);
  } catch (const KernelFailed& error) {
    box.rethrow();
    throw KernelFailed(asked + ": " + error.what());
  } catch (const WorkerDied& error) {
    throw WorkerDied(asked + ": " + error.what());
  }
}

/// Throws AlreadyExists before any work is done; whoever takes the name meanwhile is met when it
/// is published.
inline void require_free(std::string_view name, const Place& place) {
  try {
    const segment::Info there = segment::info(name, place);
    if (there.lifetime == Lifetime::owned && !there.attached) return;  // a crash left it
  } catch (const NotFound&) {
    return;
  }
  throw AlreadyExists("there is an array \"" + std::string(name) +
                      "\" already: the name is taken (load with replace, or --replace on the "
                      "command line, or choose another name)");
}

}  // namespace furrow::npy
