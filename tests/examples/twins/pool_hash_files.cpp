// with Pool() as pool: for name, digest in pool.imap_unordered(hash_file, files): …
// The hash is FNV-1a (Fowler, Noll, Vo): short enough for an example.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <furrow/process/initialize.hpp>
#include <furrow/process/pool.hpp>

namespace mp = furrow::mp;

static std::pair<std::string, std::uint64_t> hash_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::uint64_t hash = 14695981039346656037ULL;
  for (char c = 0; file.get(c);) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return {path, hash};
}

int main(int argc, char** argv) {
  furrow::initialize(argc, argv);
  std::vector<std::string> paths;
  for (int i = 0; i < 200; ++i) {
    paths.push_back("file-" + std::to_string(1000 + i));
    std::ofstream file(paths.back(), std::ios::binary);
    for (int line = 0; line < i; ++line) file << "line " << line << " of file " << i << "\n";
  }
  mp::Pool pool;
  std::map<std::string, std::uint64_t> hashes;
  for (auto& [path, hash] : pool.imap_unordered(hash_file, paths, {.chunk_size = 5})) {
    hashes[path] = hash;
  }
  std::printf("%zu files\n", hashes.size());
  std::uint64_t all = 0;
  for (const auto& [path, hash] : hashes) all = all * 31 + hash;
  for (const char* path : {"file-1000", "file-1001", "file-1199"}) {
    std::printf("%s %016llx\n", path, static_cast<unsigned long long>(hashes[path]));
  }
  std::printf("all %016llx\n", static_cast<unsigned long long>(all));
}
