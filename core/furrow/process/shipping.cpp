#include <furrow/process/shipping.hpp>

#include <furrow/os/module.hpp>

namespace furrow::process {

void ship_code(AnyCode code, std::vector<std::byte>& bytes) {
  os::CodeName name;
  if (!os::name_code(reinterpret_cast<const void*>(code), name)) {
    throw Error(
        "this program has no build id, so its functions have no name in another process (link it "
        "with -Wl,--build-id)");
  }
  pack(name, bytes);
}

AnyCode find_shipped_code(Unpacker& in) {
  const auto name = in.take<os::CodeName>();
  void* const code = os::find_code(name);
  if (code == nullptr) {
    throw NotFound(
        "the function that another process asks for is not in this program: it is another build, "
        "or a library that is not loaded here");
  }
  return reinterpret_cast<AnyCode>(code);
}

}  // namespace furrow::process
