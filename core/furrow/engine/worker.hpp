// furrow/engine/worker.hpp
//
// A worker's life: wait for the bell, map what is new, run what can be claimed, wait again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <furrow/engine/layout.hpp>
#include <furrow/segment/place.hpp>

namespace furrow {

/// Joins the engine of that name as one more worker, until the engine stops or its coordinator
/// dies, or `leave` becomes true (seen within a quarter of a second; tiles in hand are finished).
/// Runs kernels of the registry; closures only when this is the coordinator's own program.
/// Throws NotFound (no such engine), InUse (it has no place left), Corrupt.
void join_engine(std::string_view name, const Place& place = Place::default_place(),
                 const std::atomic<bool>* leave = nullptr);

namespace engine {

/// Serves slot `worker` until the control says stop. `coordinator` is watched while idle when it
/// is not negative: a joined worker has no nursery that would end it. `leave` as in join_engine.
void serve(const ControlView& view, std::size_t worker, int coordinator = -1,
           const std::atomic<bool>* leave = nullptr);

}  // namespace engine
}  // namespace furrow
