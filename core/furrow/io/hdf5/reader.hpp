// furrow/io/hdf5/reader.hpp
//
// A dataset that is looked at once and then read part after part, by an engine's workers: what a
// stream does, where load() looks and reads once.
//
// Changed  InUse, when the file is no longer what was looked at: changed in place or replaced
// Threads  one at a time
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <furrow/array/array.hpp>
#include <furrow/io/hdf5.hpp>

namespace furrow::hdf5 {

class Reader {
 public:
  /// Throws what hdf5::info does. Of the options: external, job.
  Reader(Engine& engine, const std::string& file, const std::string& dataset,
         const LoadOptions& options);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  const DatasetInfo& info() const noexcept;
  std::string road() const;
  /// Rows [begin, end) into an array of the dataset's dtype and their shape.
  void read_rows(std::int64_t begin, std::int64_t end, const AnyArray& array,
                 const JobOptions& job);
  /// Throws InUse.
  void require_same() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace furrow::hdf5
