#include <furrow/io/free_name.hpp>

#include <string>

#include <furrow/error.hpp>

namespace furrow {

void require_free(std::string_view name, const Place& place) {
  try {
    const segment::Info there = segment::info(name, place);
    if (there.lifetime == Lifetime::owned && !there.attached) return;  // a crash left it
  } catch (const NotFound&) {
    return;
  }
  throw AlreadyExists("there is an array \"" + std::string(name) +
                      "\" already: the name is taken (load with replace, or --replace on the "
                      "command line, or choose another name)");
}

}  // namespace furrow
