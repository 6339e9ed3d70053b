// mp::SharedMemoryManager: what it gave out is gone with it, however it ends.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include <furrow/os/fault.hpp>
#include <furrow/os/process.hpp>
#include <furrow/process/connection.hpp>
#include <furrow/process/process.hpp>
#include <furrow/process/shared_memory_manager.hpp>

#include "board.hpp"

using namespace furrow;
using namespace std::chrono_literals;
using test::eventually;

namespace {

bool is_there(const std::string& name) { return ::access(("/dev/shm/" + name).c_str(), F_OK) == 0; }

}  // namespace

TEST_CASE("memory and lists of a manager are unlinked with it, and used until then") {
  std::string memory;
  std::string list;
  {
    const mp::SharedMemoryManager manager;
    const auto shm = manager.SharedMemory(4096);
    const auto items = manager.ShareableList({1, 2.5, "text"});
    memory = shm.name();
    list = items.shm().name();
    mp::Process process(
        [](const mp::SharedMemory& there, const std::string& name) {
          there.buf()[0] = std::byte{7};
          mp::ShareableList::attach(name).set(0, 5);
        },
        shm, list);
    process.start();
    CHECK(process.join(20s));
    CHECK(process.exit_code() == 0);
    CHECK(shm.buf()[0] == std::byte{7});
    CHECK(std::get<std::int64_t>(items.get(0)) == 5);
    CHECK(is_there(memory));
    CHECK(is_there(list));
    const auto early = manager.SharedMemory(100);
    early.unlink();  // by its user: no error later
  }
  CHECK_FALSE(is_there(memory));
  CHECK_FALSE(is_there(list));
}

TEST_CASE("a shared memory manager after shutdown, in a child, and with its process killed") {
  const mp::SharedMemoryManager manager;
  const auto one = manager.SharedMemory(10);
  mp::Process child({.method = "fork"}, [&manager] {
    try {
      (void)manager.SharedMemory(10);
    } catch (const InvalidState&) {
      throw mp::SystemExit{5};
    }
  });
  child.start();
  child.join();
  CHECK(child.exit_code() == 5);
  CHECK(is_there(one.name()));
  os::kill_now(manager.pid());
  std::this_thread::sleep_for(10ms);
  const auto two = manager.SharedMemory(10);
  CHECK(is_there(two.name()));
  manager.shutdown();
  CHECK_FALSE(is_there(one.name()));
  CHECK_FALSE(is_there(two.name()));
  CHECK_THROWS_AS(manager.SharedMemory(10), InvalidState);
  manager.shutdown();
  CHECK(manager.pid() == 0);
}

TEST_CASE("a killed owner leaves no shared memory, wherever it was killed") {
  auto [reader, writer] = mp::Pipe(false);
  for (const char* const fault : {"process.shared_memory_manager.noted:kill:2",
                                  "process.shared_memory_manager.made:kill:2", ""}) {
    mp::Process owner({.method = "fork"}, [&writer = writer, fault] {
      os::set_fault(fault);
      const mp::SharedMemoryManager manager;
      const auto shm = manager.SharedMemory(1 << 16);
      writer.send(shm.name());
      writer.send(manager.pid());
      (void)manager.SharedMemory(1 << 16);
      ::pause();
    });
    owner.start();
    const auto name = reader.recv<std::string>(20s);
    const os::ProcessWatch watcher(reader.recv<std::uint64_t>(20s));
    if (*fault == '\0') owner.kill();
    CHECK(owner.join(20s));
    CHECK(owner.exit_code() == -SIGKILL);
    CHECK(eventually([&] { return watcher.dead(); }));
    CHECK_FALSE(is_there(name));
  }
}
