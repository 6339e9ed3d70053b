// The second half of the main job: an array of normals at full size, worked on in place, with and
// without a killed worker, beside what OpenMP takes.
#pragma once

#include <furrow/engine/engine.hpp>

/// Prints what it finds. False when the bits differ.
bool full_size(furrow::Engine& engine);
