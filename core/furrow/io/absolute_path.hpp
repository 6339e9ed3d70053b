// furrow/io/absolute_path.hpp
//
// A file's name as workers can use it, which may stand in another folder.
//
// Errors   InvalidArgument for an empty name, NotFound when this process's own folder is gone
#pragma once

#include <string>

namespace furrow {

/// Links are not followed, and the file need not exist.
std::string absolute_path(const std::string& file);

}  // namespace furrow
