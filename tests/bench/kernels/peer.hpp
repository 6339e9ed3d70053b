// One measured piece of work: `who` does `topic` on the same operands as everybody else.
//
//   topics.py   names the topics, the number of elements and what x and y hold
//   server.cpp  keeps the operands and times one piece of work when it is asked to
//   *_peer.cpp  the others, each compiled for this very machine; furrow.cpp is ours
#pragma once

#include <cstddef>
#include <span>

namespace bench {

/// Three arrays of n doubles; a reduction leaves its result in `result`.
struct Operands {
  double* x;
  double* y;
  double* z;
  std::size_t n;
  int workers;  // threads or processes at work; whoever runs serially does nothing for more than 1
  double result;
};

struct Peer {
  const char* topic;
  const char* who;
  void (*work)(Operands&);
};

std::span<const Peer> furrow_cases();
std::span<const Peer> stream_peers();
std::span<const Peer> openmp_peers();
std::span<const Peer> eigen_peers();
std::span<const Peer> xtensor_peers();
std::span<const Peer> standard_peers();
std::span<const Peer> vector_math_peers();

inline constexpr std::size_t row_length = 1024;  // of the topics on rows and columns
inline constexpr std::size_t slab_length = 1000;

}  // namespace bench
