// Names of code: the same function is found again, in this process, in another, in a library.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <string>

#include <furrow/os/module.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/start.hpp>

using namespace furrow;

namespace {

int first(int value) { return value + 1; }
[[gnu::noinline]] int second(int value) { return value + 2; }

const void* address(int (*function)(int)) { return reinterpret_cast<const void*>(function); }

int call(const void* code, int value) {
  return reinterpret_cast<int (*)(int)>(reinterpret_cast<std::uintptr_t>(code))(value);
}

std::string text_of(const os::CodeName& name) {
  std::string text = std::to_string(name.offset);
  for (const std::uint8_t byte : name.build_id) text += "." + std::to_string(byte);
  return text;
}

// In a program that was executed: writes the name that `first` has there.
void write_name(const std::string& file) {
  os::CodeName name;
  os::name_code(address(first), name);
  std::ofstream(file) << text_of(name);
}

}  // namespace

TEST_CASE("code is named and found again") {
  os::CodeName one;
  os::CodeName two;
  REQUIRE(os::name_code(address(first), one));
  REQUIRE(os::name_code(address(second), two));
  CHECK(one.build_id == two.build_id);
  CHECK(one.offset != two.offset);
  CHECK(os::find_code(one) == address(first));
  CHECK(call(os::find_code(two), 5) == 7);
}

TEST_CASE("a function has the same name in the program run again, wherever that is loaded") {
  const std::string file = "name-" + std::to_string(::getpid());
  const std::uint64_t child = process::start_by_execution(write_name, file, {});
  const os::ProcessWatch watch(child);
  const int source = watch.get();
  os::wait_ready(std::span(&source, 1), -1);
  REQUIRE(os::collect(child).has_value());
  std::string there;
  std::ifstream(file) >> there;
  ::unlink(file.c_str());
  os::CodeName here;
  REQUIRE(os::name_code(address(first), here));
  CHECK(there == text_of(here));
}

TEST_CASE("code of a library that was loaded at run time; not found once that is gone") {
  void* const library = ::dlopen(FURROW_PLUGIN, RTLD_NOW);
  REQUIRE(library != nullptr);
  const void* const code = ::dlsym(library, "furrow_test_plugin_function");
  os::CodeName name;
  REQUIRE(os::name_code(code, name));
  os::CodeName own;
  REQUIRE(os::name_code(address(first), own));
  CHECK(name.build_id != own.build_id);
  CHECK(os::find_code(name) == code);
  CHECK(call(os::find_code(name), 5) == 15);
  ::dlclose(library);
  CHECK(os::find_code(name) == nullptr);
}

TEST_CASE("what is no code has no name, and an unknown name no code") {
  os::CodeName name;
  int local = 0;
  CHECK_FALSE(os::name_code(&local, name));
  CHECK_FALSE(os::name_code(nullptr, name));
  os::CodeName unknown;
  unknown.build_id.fill(0xEE);
  unknown.offset = 64;
  CHECK(os::find_code(unknown) == nullptr);
}
