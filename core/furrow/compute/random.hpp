// furrow/compute/random.hpp
//
// Random order of arrays, on an engine's workers. (Arrays of random numbers are kernels:
// engine.apply("random_normal", x, {seed}).)
//
//   furrow::shuffle(engine, x, 42);                       // rows, in place
//   auto order = furrow::permutation(engine, 1000, 42);   // 0 … 999 in the same order
//   auto some = furrow::choice(engine, 1000, 10, 42);     // 10 different ones of 0 … 999
//
// Order   every permutation is as likely as any other; a function of (seed, stream, length): the
//         same for any number of workers, after any crash. shuffle(x) gives x[permutation(n)]
// Types   all dtypes, any strides
// Crash   a worker may be killed at any instant, in place too
// Memory  as much scratch as the array, and 8 bytes a row where rows are more than one element;
//         counts, a byte an element at most, and never more than 64 MiB
// Errors  InvalidArgument (rank 0, a negative number, more chosen than there are),
//         PermissionDenied (attached read-only), OutOfSpace: all before anything is written
#pragma once

#include <cstdint>

#include <furrow/array/array.hpp>
#include <furrow/engine/engine.hpp>

namespace furrow {

/// Puts the rows (what stands at each index of axis 0) in random order, in place.
void shuffle(Engine& engine, const AnyArray& x, std::uint64_t seed, std::uint64_t stream = 0);

/// 0 … n-1 in random order.
Array<std::int64_t> permutation(Engine& engine, std::int64_t n, std::uint64_t seed,
                                std::uint64_t stream = 0);

/// k different numbers of 0 … n-1, in random order: the first of the permutation, which is made as
/// a whole.
Array<std::int64_t> choice(Engine& engine, std::int64_t n, std::int64_t k, std::uint64_t seed,
                           std::uint64_t stream = 0);

}  // namespace furrow
