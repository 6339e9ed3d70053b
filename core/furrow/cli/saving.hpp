// furrow/cli/saving.hpp
//
// How a dataset is to be saved, as written on the command line (`save`, `eval --out`), and which
// roads elements took, for --verbose.
#pragma once

#include <string>

#include <furrow/cli/verb.hpp>
#include <furrow/io/hdf5_stream.hpp>

namespace furrow::cli {

struct SavingText {
  int gzip = 0;
  std::string shuffle;  // "", "auto", "on", "off"
  bool no_checksum = false;
  std::string chunk;  // "1000,64"
  bool growable = false;
  bool replace = false;

  /// True when any of them is given.
  bool given() const;
  /// True when something is asked for that chunks alone can have.
  bool asks_for_chunks() const;
};

/// --gzip, --shuffle, --no-checksum, --chunk and --growable. `when` ("With --out: ") stands before
/// each help. (--replace is the verb's own: it may replace more than datasets.)
void add_saving_options(const Verb& verb, SavingText& text, const std::string& when);

/// Throws UsageError.
hdf5::SaveOptions parse_saving(const SavingText& text);

/// Warns of what was asked for and cannot be, by the dataset's shape; a script that saves many
/// arrays alike goes on.
void tell_without_effect(const hdf5::SaveOptions& options, const hdf5::SaveReport& report);

/// "saved by the road "chunks", in chunks of (1000, 64), shuffled".
std::string words_of(const hdf5::SaveReport& report);
/// "read by the road "chunks", in 3 slabs of 1000 rows".
std::string road_words(const hdf5::StreamReport& report);

}  // namespace furrow::cli
