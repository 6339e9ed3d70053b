// furrow/io/hdf5/sampling.hpp
//
// Does shuffling help? Pieces of several chunks are filtered both ways.
//
// Rule     shuffle where the pieces become more than 3 % smaller by it: without, a load is faster
// Sample   up to 16 pieces of 32 KiB, spread over the array, about 3 % of it at most
// Bits     the same for any number of workers: pieces follow from shape and chunks alone
#pragma once

#include <furrow/array/array.hpp>
#include <furrow/io/hdf5/request.hpp>

namespace furrow {

class Engine;

namespace hdf5 {

/// Of `rows`, when they are stored as the request says. Without an engine in this process.
bool shuffle_pays(Engine* engine, const AnyArray& rows, const WriteRequest& request);

}  // namespace hdf5
}  // namespace furrow
