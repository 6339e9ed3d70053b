// furrow/io/npy/job.hpp
//
// A job that reads or writes parts of a file.
#pragma once

#include <cstdint>
#include <string>

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
    engine.for_each(count, f, hdf5::workers_only(options));
  } catch (const KernelFailed& error) {
    box.rethrow();
    throw KernelFailed(asked + ": " + error.what());
  } catch (const WorkerDied& error) {
    throw WorkerDied(asked + ": " + error.what());
  }
}

}  // namespace furrow::npy
