// furrow/process/crew_worker.hpp
//
// The processes of a crew beside its parent: the nursery, and a worker's life: take a task, run it,
// say how it ended, take the next; wait where there is none.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <furrow/os/file.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/crew_layout.hpp>
#include <furrow/process/task_error.hpp>
#include <furrow/segment/borrowing.hpp>
#include <furrow/sync/message.hpp>

namespace furrow::process {

/// What a worker calls: decodes a closure and its arguments, runs it, appends its result to
/// `result`. What the closure throws comes out of it.
using TaskEntry = TaskOutcome (*)(std::span<const std::byte> argument, mp::Bytes& result);

/// What a crew's nursery is told; travels as text.
struct CrewArgument {
  std::uint64_t parent_pid = 0;
  std::uint64_t bytes = 0;  // of the shared memory that is mapped
  int memory = -1;          // the memory file
  int requests = -1;        // Event: parent to nursery
  int alarm = -1;           // Event: nursery and workers to parent
  std::string directory;    // the parent's place for segments
  std::string prefix;

  std::string encode() const;
  static CrewArgument decode(const std::string& text);
};

/// HelperMain of a crew's nursery. Does not return.
void crew_nursery_main(const std::string& argument);

/// A worker's life in its own process, until the crew stops or it has run as many tasks as it may.
void serve_crew(const CrewView& view, std::size_t seat, const os::Event& alarm,
                const os::Descriptor& memory);

/// Where an entry collects what its result names, for the worker to hold until the parent does.
segment::Lending::Held& lent_results();

/// The names at the end of a result, and back.
void put_names(const segment::Lending::Held& held, mp::Bytes& result);
/// Holds what is named; what is gone is passed over.
segment::Lending::Held hold_named(std::span<const std::byte> names);

/// True while the calling process runs a task or an initializer of a crew.
bool in_worker() noexcept;

}  // namespace furrow::process
