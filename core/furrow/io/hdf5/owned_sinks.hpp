// furrow/io/hdf5/owned_sinks.hpp
//
// The files that this process has open for sessions of a coordinator, from one job to the next.
//
// Numbers  random ones: a process that joined or was replaced never takes another's for its own
// End      with the process, or drop_sink: a file that was not published goes without a trace
#pragma once

#include <cstdint>
#include <memory>

#include <furrow/io/hdf5/sink.hpp>

namespace furrow::hdf5 {

void keep_sink(std::uint64_t session, std::unique_ptr<Sink> sink);

/// Null when another process has it.
Sink* find_sink(std::uint64_t session) noexcept;

void drop_sink(std::uint64_t session) noexcept;

}  // namespace furrow::hdf5
