// furrow/process/identity.hpp
//
// Who this process is to multiprocessing's eyes: its name, its place among its relatives, the key
// that it shares with them. Internal to the room.
//
// Threads  every function may be called from any thread
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <furrow/os/process.hpp>

namespace furrow::process {

/// What a child is told about itself.
struct Kinship {
  std::string name = "MainProcess";
  std::vector<std::uint32_t> ancestry{};  // {1, 2} of "Process-1:2"
  bool daemon = false;
  std::string authkey{};
  std::string method{};        // the start method that was set
  std::int32_t log_level = 0;  // as set in the parent
  bool logs_to_stderr = false;
  std::string parent_name{};  // empty: started by hand
  std::uint64_t parent_pid = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, ancestry, daemon, authkey, method, log_level, logs_to_stderr, parent_name,
            parent_pid);
  }
};

/// A copy of what this process is.
Kinship kinship();
/// Changes it.
template <class Change>
void change_kinship(const Change& change);
/// In a child, before anything of the user's runs.
void become(Kinship kin);

/// The numbers of the next child that this process makes: its own and one more.
std::vector<std::uint32_t> next_ancestry();

/// A watch on the parent that was opened when this process began; invalid in one started by hand.
int parent_watch() noexcept;
bool parent_is_dead() noexcept;

/// The key, made when it is first asked for.
std::string shared_key();

namespace detail {
std::mutex& kinship_mutex();
Kinship& this_kinship();
}  // namespace detail

template <class Change>
void change_kinship(const Change& change) {
  const std::lock_guard lock(detail::kinship_mutex());
  change(detail::this_kinship());
}

}  // namespace furrow::process
