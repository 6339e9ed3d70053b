// furrow/process/children.hpp
//
// The children of this process that were started as mp::Process, until they have ended and been
// collected. Internal to the room.
#pragma once

#include <memory>
#include <vector>

#include <furrow/process/process.hpp>
#include <furrow/process/process_state.hpp>

namespace furrow::process {

using State = ProcessAccess::State;

/// From its start to its end. The first call arranges for finish_children at exit.
void add_child(const std::shared_ptr<State>& child);
void remove_child(const State* child);

/// Those that have not ended; the others are collected.
std::vector<std::shared_ptr<State>> living_children();

/// What a process owes its children before it ends: daemons are terminated, others waited for.
void finish_children();

/// In a forked child: those were its parent's.
void forget_children();

}  // namespace furrow::process
