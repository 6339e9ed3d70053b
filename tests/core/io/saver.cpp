// Saves one dataset of doubles in a process of its own, so that it can be killed: by itself, or by
// so many workers.
//
//   saver FILE DATASET VALUE COUNT [GZIP] [replace] [WORKERS]
#include <hdf5.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>

#include <furrow/array/array.hpp>
#include <furrow/engine/engine.hpp>
#include <furrow/io/hdf5.hpp>

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  try {
    furrow::CreateOptions create;
    create.lifetime = furrow::Lifetime::owned;
    const std::string name = "saver-" + std::to_string(getpid());
    const auto array = furrow::Array<double>::create(name, {std::atoll(argv[4])}, create);
    // The first is VALUE + 1; the others are noise, which gzip can shrink by little only.
    std::uint64_t noise = 1;
    for (double& x : array.span()) {
      noise = noise * 6364136223846793005u + 1442695040888963407u;
      x = static_cast<double>(noise >> 11);
    }
    array(0) = std::atof(argv[3]) + 1;
    furrow::hdf5::SaveOptions options;
    if (argc > 5) options.gzip = std::atoi(argv[5]);
    options.replace = argc > 6;
    if (argc > 7) {
      options.chunk = {32'768};
      furrow::EngineOptions workers;
      workers.workers = static_cast<std::size_t>(std::atoi(argv[7]));
      furrow::Engine engine(workers);
      furrow::hdf5::save(engine, array, argv[1], argv[2], options);
    } else {
      furrow::hdf5::save(array, argv[1], argv[2], options);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    // On a full disk the library may fail to close a file, and holds it for ever.
    if (H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_FILE) != 0) std::fputs("files still open\n", stderr);
    return 1;
  }
  return 0;
}
