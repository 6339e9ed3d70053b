// The operands in shared memory, and the engines that work on them.
#pragma once

#include <furrow/engine/engine.hpp>

#include "peer.hpp"

namespace bench {

struct Stage {
  furrow::Array<double> x, y, z;
  furrow::Array<double> fresh;  // what a topic that overwrites x begins with, every time
  Operands operands{};
};

/// The topic that is open.
Stage& stage();
/// An engine with that many workers, started when it is first asked for.
furrow::Engine& engine(int workers);

}  // namespace bench
