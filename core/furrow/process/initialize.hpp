// furrow/process/initialize.hpp
//
// The first line of main in a program whose workers start by re-executing it (StartMethod::execute,
// the only way where fork is unsafe or missing). In a worker it does not return.
#pragma once

namespace furrow {

/// Must be called before anything else, while the process has one thread. In a program started by
/// hand it only notes that re-execution is possible.
void initialize(int argc, char** argv);

}  // namespace furrow
