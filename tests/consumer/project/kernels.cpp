// The mathematics alone: furrow::kernels on the caller's memory.
#include <cstdio>

#include <furrow/kernels/registry.hpp>

int main() {
  const furrow::kernels::Kernel* scale = furrow::kernels::find("scale");
  if (scale == nullptr || scale->variants.empty()) {
    std::puts("the registry does not know the kernel scale");
    return 1;
  }
  std::printf("%zu kernels\n", furrow::kernels::all().size());
}
