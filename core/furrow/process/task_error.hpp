// furrow/process/task_error.hpp
//
// How a task of a Pool or an Executor failed, as its future throws it.
//
// TaskFailed       the task threw something, of whatever type: its type's name and its text come
//                  along; of a map, which item it was
// WorkerDied       (furrow/error.hpp) the task's process was killed or ended itself
// NotSerialisable  the task returned, and its result could not be sent
// BrokenPool       (furrow/error.hpp) workers cannot start: the initializer failed, or none can be
//                  made
// Timeout          the task ran past its limit
// Cancelled        it was cancelled, or its pool terminated
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <furrow/error.hpp>
#include <furrow/sync/message.hpp>

namespace furrow {
namespace mp {

class TaskFailed : public Error {
 public:
  TaskFailed(const std::string& message, std::string type, std::string text, std::size_t worker,
             std::optional<std::size_t> item = {})
      : Error(message),
        type_(std::move(type)),
        text_(std::move(text)),
        worker_(worker),
        item_(item) {}

  const std::string& type() const noexcept { return type_; }  // "std::out_of_range"
  const std::string& text() const noexcept { return text_; }  // its what(), where it has one
  std::size_t worker() const noexcept { return worker_; }     // the seat it ran in
  /// Of what was mapped over, counted from 0; empty for a task of its own.
  std::optional<std::size_t> item() const noexcept { return item_; }

 private:
  std::string type_;
  std::string text_;
  std::size_t worker_;
  std::optional<std::size_t> item_;
};

}  // namespace mp

namespace process {

/// An exception on its way: the name of its type, its text, and of a chunk which item's it was.
struct ExceptionText {
  std::string type;
  std::string text;
  std::optional<std::uint64_t> item{};
};

/// Appends the exception that is being caught. REQUIRES: called in a catch.
void describe_exception(mp::Bytes& description, std::optional<std::uint64_t> item = {});
ExceptionText read_description(std::span<const std::byte> description);
/// "std::out_of_range: no such row".
std::string describe(const ExceptionText& exception);
/// A type's name as it is written in C++.
std::string readable_name(const char* mangled);

}  // namespace process
}  // namespace furrow
