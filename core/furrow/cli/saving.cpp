#include <furrow/cli/saving.hpp>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/text.hpp>

namespace furrow::cli {

bool SavingText::given() const { return asks_for_chunks() || !shuffle.empty() || replace; }

bool SavingText::asks_for_chunks() const {
  return gzip != 0 || shuffle == "on" || no_checksum || !chunk.empty() || growable;
}

void add_saving_options(const Verb& verb, SavingText& text, const std::string& when) {
  const auto help = [&when](std::string sentence) {
    if (!when.empty() && sentence[0] >= 'A' && sentence[0] <= 'Z') {
      sentence[0] = static_cast<char>(sentence[0] - 'A' + 'a');
    }
    return when + sentence;
  };
  verb.option("--gzip", text.gzip, help("Compress, 1 (fast) to 9 (small)")).in_range(0, 9);
  verb.option("--shuffle", text.shuffle,
              help("Sort bytes by significance before gzip: auto (when it pays), on, off"))
      .one_of({"auto", "on", "off"});
  verb.flag("--no-checksum", text.no_checksum, help("No fletcher32 in the chunks"));
  verb.option("--chunk", text.chunk, help("Shape of the chunks, as in 1000,64"));
  verb.flag("--growable", text.growable, help("Rows can be appended later"));
}

hdf5::SaveOptions parse_saving(const SavingText& text) {
  if (text.shuffle == "on" && text.gzip == 0) {
    throw UsageError("--shuffle on is for compressed datasets (give --gzip, too)");
  }
  hdf5::SaveOptions options;
  options.gzip = text.gzip;
  if (text.shuffle == "on") options.shuffle = hdf5::Shuffle::on;
  if (text.shuffle == "off") options.shuffle = hdf5::Shuffle::off;
  options.fletcher32 = !text.no_checksum;
  options.growable = text.growable;
  options.replace = text.replace;
  if (!text.chunk.empty()) options.chunk = parse_extents(text.chunk, "--chunk");
  return options;
}

void tell_without_effect(const hdf5::SaveOptions& options, const hdf5::SaveReport& report) {
  const bool chunked = report.chunk.ndim() > 0;
  const bool asked = options.gzip > 0 || options.chunk.ndim() > 0;
  if (asked && !chunked) {
    spdlog::warn("{} is stored as it is: neither compressed nor in chunks",
                 report.shape.ndim() == 0 ? "a single number" : "an array without elements");
  } else if (options.chunk.ndim() > 0 && report.chunk != options.chunk) {
    spdlog::warn("chunks of {} are larger than the array: they were made {}",
                 to_string(options.chunk), to_string(report.chunk));
  }
}

std::string words_of(const hdf5::SaveReport& report) {
  std::string text = fmt::format("saved by the road \"{}\"", report.road);
  if (report.chunk.ndim() > 0) text += fmt::format(", in chunks of {}", to_string(report.chunk));
  if (report.shuffled) text += ", shuffled";
  return text;
}

std::string road_words(const hdf5::StreamReport& report) {
  return fmt::format("read by the road \"{}\", in {} of {}", report.road,
                     counted(report.slabs, "slab"), counted(report.slab_rows, "row"));
}

}  // namespace furrow::cli
