// furrow/cli/npy.hpp
//
// load and save for .npy files; which format is meant follows from the name.
#pragma once

#include <string>

#include <furrow/cli/command.hpp>

namespace furrow::cli {

/// "FILE.npy" is one, "FILE.h5:/dataset" is none; `format` ("", "npy", "hdf5") overrides.
bool is_npy(const std::string& address, const std::string& format);

struct NpyLoad {
  std::string file;
  std::string name;
  std::string rows;     // "A:B"
  std::string fortran;  // "", "convert", "reversed"
  bool replace = false;
  bool verbose = false;
};
int load_npy(const Command& command, const NpyLoad& arguments);

struct NpySave {
  std::string name;
  std::string file;
  bool replace = false;
  bool verbose = false;
};
int save_npy(const Command& command, const NpySave& arguments);

}  // namespace furrow::cli
