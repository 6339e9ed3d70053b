#include "io_support.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/attributes.hpp>
#include <furrow/io/hdf5/source.hpp>

namespace furrow::test {

namespace fs = std::filesystem;

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "furrow-io-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Folder::names() const {
  std::vector<std::string> list;
  for (const auto& entry : fs::directory_iterator(path_)) {
    list.push_back(entry.path().filename().string());
  }
  std::sort(list.begin(), list.end());
  std::string text;
  for (const std::string& name : list) text += (text.empty() ? "" : " ") + name;
  return text;
}

std::vector<std::byte> pattern(Dtype dtype, std::int64_t size) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(size) * item_bytes(dtype));
  for (std::size_t j = 0; j < bytes.size(); ++j) {
    const auto value = static_cast<unsigned char>(131 * j + 7);
    bytes[j] = std::byte(dtype == Dtype::bool_ ? value & 1 : value);
  }
  return bytes;
}

const std::vector<Shape>& all_shapes() {
  static const std::vector<Shape> shapes = {{},
                                            {3},
                                            {3, 2},
                                            {3, 2, 2},
                                            {3, 2, 2, 1},
                                            {3, 2, 2, 1, 2},
                                            {3, 2, 2, 1, 2, 3},
                                            {3, 2, 2, 1, 2, 3, 1},
                                            {3, 2, 2, 1, 2, 3, 1, 2},
                                            {0},
                                            {3, 0, 2}};
  return shapes;
}

AnyArray pattern_array(const std::string& name, Dtype dtype, const Shape& shape) {
  CreateOptions options;
  options.lifetime = Lifetime::owned;
  AnyArray array = AnyArray::create(name, dtype, shape, options);
  const std::vector<std::byte> bytes = pattern(dtype, array.size());
  if (!bytes.empty()) std::memcpy(array.data(), bytes.data(), bytes.size());
  return array;
}

bool holds(const AnyArray& array, const std::vector<std::byte>& bytes) {
  return array.is_contiguous() && array.bytes() == bytes.size() &&
         (bytes.empty() || std::memcmp(array.data(), bytes.data(), bytes.size()) == 0);
}

Content read_here(const std::string& file, const std::string& dataset) {
  const hdf5::QuietErrors quiet;
  const hdf5::Source source(file, dataset);
  Content content;
  const hdf5::Description& d = source.description();
  content.dtype = d.dtype;
  content.shape = d.shape;
  content.chunked = d.chunked;
  content.filtered = d.filtered;
  content.bytes.resize(static_cast<std::size_t>(size_of(d.shape)) * item_bytes(d.dtype));
  hdf5::Box all{d.shape, d.shape};
  for (std::size_t axis = 0; axis < d.shape.ndim(); ++axis) all.offset[axis] = 0;
  source.read_box(all, {content.bytes.data(), all, c_strides(d.shape)});
  hdf5::ReadAttributes attributes = hdf5::read_object_attributes(source.dataset());
  content.attributes = std::move(attributes.kept);
  content.skipped = std::move(attributes.skipped);
  return content;
}

Ran run_program(const std::string& command) {
  Ran ran;
  std::FILE* pipe = ::popen(("{ " + command + " ; } 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  char buffer[4096];
  for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) != 0;) {
    ran.output.append(buffer, got);
  }
  const int status = ::pclose(pipe);
  ran.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return ran;
}

Ran run_peer(const std::string& arguments) {
  return run_program(std::string(FURROW_PYTHON) + " -B " + FURROW_IO_PEER + " " + arguments);
}

bool has_program(const std::string& name) {
  return run_program("command -v " + name + " >/dev/null").code == 0;
}

std::string describe_error(const std::exception& error) {
  const std::string text = error.what();
#define FURROW_TEST_NAME(Name) \
  if (dynamic_cast<const Name*>(&error) != nullptr) return #Name ": " + text
  FURROW_TEST_NAME(InvalidArgument);
  FURROW_TEST_NAME(NotFound);
  FURROW_TEST_NAME(AlreadyExists);
  FURROW_TEST_NAME(InUse);
  FURROW_TEST_NAME(OutOfSpace);
  FURROW_TEST_NAME(PermissionDenied);
  FURROW_TEST_NAME(Corrupt);
  FURROW_TEST_NAME(ShapeMismatch);
  FURROW_TEST_NAME(TypeMismatch);
  FURROW_TEST_NAME(Timeout);
  FURROW_TEST_NAME(Cancelled);
  FURROW_TEST_NAME(WorkerDied);
  FURROW_TEST_NAME(KernelFailed);
  FURROW_TEST_NAME(IoError);
#undef FURROW_TEST_NAME
  return "another error: " + text;
}

std::vector<std::byte> file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

void write_file(const std::string& path, const std::vector<std::byte>& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
}

void set_age(const std::string& path, std::chrono::seconds age) {
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
}

}  // namespace furrow::test
