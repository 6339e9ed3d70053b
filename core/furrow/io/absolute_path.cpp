#include <furrow/io/absolute_path.hpp>

#include <filesystem>
#include <system_error>

#include <furrow/error.hpp>

namespace furrow {

std::string absolute_path(const std::string& file) {
  if (file.empty()) throw InvalidArgument("the file's name is empty; name a file");
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(file, error);
  if (error) {
    throw NotFound("cannot tell in which folder \"" + file + "\" is: " + error.message());
  }
  return path.string();
}

}  // namespace furrow
