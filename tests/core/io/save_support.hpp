// tests/core/io/save_support.hpp
//
// What the tests of saves by several workers share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>
#include <furrow/io/hdf5/chunks.hpp>
#include <furrow/os/fault.hpp>

#include "io_support.hpp"

namespace furrow::test {

inline EngineOptions workers_of(std::size_t count) {
  EngineOptions options;
  options.workers = count;
  return options;
}

/// Faults that the workers of engines made after this inherit, also those that are executed: a
/// thread that has just ended may still be there for the kernel, and then nothing is forked.
class WorkerFaults {
 public:
  explicit WorkerFaults(const std::string& spec) {
    os::set_fault(spec);
    ::setenv("FURROW_FAULT", spec.c_str(), 1);
  }
  ~WorkerFaults() {
    os::set_fault("");
    ::unsetenv("FURROW_FAULT");
  }
  WorkerFaults(const WorkerFaults&) = delete;
  WorkerFaults& operator=(const WorkerFaults&) = delete;
};

/// By SIGSTOP.
inline bool is_stopped(std::uint64_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t end = text.rfind(')');
  return end != std::string::npos && text.size() > end + 2 && text[end + 2] == 'T';
}

/// Doubles with four digits behind the point: gzip makes about half of them.
inline Array<double> decimals(const std::string& name, const Shape& shape) {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  const auto array = Array<double>::create(name, shape, options);
  std::uint64_t state = 1;
  for (double& x : array.span()) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    x = static_cast<double>(state >> 44) / 1e4;
  }
  return array;
}

/// The elements in C order.
inline std::vector<std::byte> dense_bytes(const AnyArray& array) {
  std::vector<std::byte> bytes(array.bytes());
  const AnyArray copy = pattern_array("dense", array.dtype(), array.shape());
  hdf5::gather_box(array.shape(), item_bytes(array.dtype()), array.data(), array.strides(),
                   copy.data(), copy.strides());
  if (!bytes.empty()) std::memcpy(bytes.data(), copy.data(), bytes.size());
  return bytes;
}

}  // namespace furrow::test
