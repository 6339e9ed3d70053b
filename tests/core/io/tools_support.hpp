// tests/core/io/tools_support.hpp
//
// tools_peer.py, for the tests of what stands around load and save.
#pragma once

#include <string>

#include "io_support.hpp"

namespace furrow::test {

inline Ran run_tools_peer(const std::string& arguments) {
  return run_program(std::string(FURROW_PYTHON) + " -B " + FURROW_IO_TOOLS_PEER + " " + arguments);
}

}  // namespace furrow::test
