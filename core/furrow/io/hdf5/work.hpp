// furrow/io/hdf5/work.hpp
//
// How a call of hdf5.hpp becomes a job: a closure with a mailbox, and errors that keep their class
// on the way back.
#pragma once

#include <cstdint>
#include <string>

#include <furrow/engine/engine.hpp>
#include <furrow/error.hpp>
#include <furrow/io/hdf5/mailbox.hpp>

namespace furrow::hdf5 {

/// In a worker: notes what f throws, and lets it go on, which ends the job.
template <class F>
void guard(Mail& mail, F f) {
  try {
    f();
  } catch (const Error& error) {
    post_error(mail, error);
    throw;
  }
}

/// What a file's structure takes at most, unless the options have a deadline of their own: a
/// damaged one can send the library round in circles.
inline constexpr std::int64_t structure_deadline_ns = 120'000'000'000;
inline JobOptions bounded(JobOptions options) {
  if (options.deadline_ns == 0) options.deadline_ns = structure_deadline_ns;
  return options;
}

/// The library crashes on some files, and a disk may hang: never in the caller, also where it takes
/// part in the engine's work.
inline JobOptions workers_only(JobOptions options) {
  options.workers_only = true;
  return options;
}

/// In the coordinator: f(i) for all i below `count` on the workers. Throws what a worker noted. A
/// worker that died says no more than that it did; `asked` says what it was doing.
template <class F>
void run(Engine& engine, const Mailbox& box, std::int64_t count, F f, const JobOptions& options,
         const std::string& asked) {
  try {
    engine.for_each(count, f, workers_only(options));
  } catch (const KernelFailed& error) {
    box.rethrow();
    throw KernelFailed(asked + ": " + error.what());
  } catch (const Timeout& error) {
    throw Timeout(asked + ": " + error.what());
  } catch (const WorkerDied& error) {
    throw WorkerDied(asked + ", the HDF5 library crashed in it, so the file is probably damaged: " +
                     error.what());
  }
}

}  // namespace furrow::hdf5
