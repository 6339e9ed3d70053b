// furrow h5 ls, furrow h5 info, furrow h5 verify
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/cli/work.hpp>
#include <furrow/io/hdf5_inspect.hpp>

namespace furrow::cli {
namespace {

using hdf5::ObjectInfo;
using hdf5::ObjectKind;

struct Options {
  std::string place;
  bool json = false;
  double deadline_s = 0;
  std::size_t objects_max = hdf5::ListOptions().objects_max;
};

/// "FILE.h5" or "FILE.h5:/group".
Address parse_file(const std::string& text) {
  const std::size_t colon = text.rfind(":/");
  if (colon == std::string::npos || colon == 0) return {text, "/"};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

JobOptions job_for(Work& work, const Options& options, std::uint64_t bytes) {
  JobOptions job = work.job(bytes);
  job.deadline_ns = static_cast<std::int64_t>(options.deadline_s * 1e9);
  return job;
}

// Names come from strangers: what would move a terminal's cursor is shown as a number.
std::string printable(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

std::string extents(const std::vector<std::int64_t>& values) {
  std::vector<std::string> words;
  for (const std::int64_t value : values) words.push_back(value < 0 ? "∞" : std::to_string(value));
  return fmt::format("({}{})", fmt::join(words, ", "), values.size() == 1 ? "," : "");
}

std::string json_numbers(const std::vector<std::int64_t>& values) {
  std::vector<std::string> words;
  for (const std::int64_t value : values) {
    words.push_back(value < 0 ? "null" : std::to_string(value));
  }
  return fmt::format("[{}]", fmt::join(words, ", "));
}

std::vector<std::string> filter_words(const ObjectInfo& info) {
  std::vector<std::string> words;
  for (const hdf5::Filter& filter : info.filters) {
    words.push_back(to_string(filter) + (filter.available ? "" : " (no plugin here)"));
  }
  return words;
}

std::string ratio_text(const ObjectInfo& info) {
  if (info.filters.empty() || info.stored_bytes == 0) return "";
  return fmt::format("{:.2f}",
                     static_cast<double>(info.bytes) / static_cast<double>(info.stored_bytes));
}

bool is_link(const ObjectInfo& info) {
  return info.kind == ObjectKind::soft_link || info.kind == ObjectKind::external_link ||
         info.kind == ObjectKind::hard_link;
}

/// "f64", "a group", "a soft link to /x": what an object is, in a few words.
std::string words_of(const ObjectInfo& info) {
  if (!info.error.empty()) return fmt::format("unreadable: {}", printable(info.error));
  if (is_link(info)) {
    return fmt::format("{} to {}{}", kind_name(info.kind), printable(info.target),
                       info.leads_nowhere ? ", which leads nowhere" : "");
  }
  if (info.kind != ObjectKind::dataset) return std::string(kind_name(info.kind));
  return printable(info.type) + (info.byte_order == "big" ? ", big-endian" : "");
}

// The members that ls and info share, without the braces.
std::string json_members(const ObjectInfo& info) {
  std::string text =
      fmt::format("\"path\": {}, \"kind\": \"{}\"", json_quoted(info.path), kind_name(info.kind));
  if (!info.error.empty()) text += fmt::format(", \"error\": {}", json_quoted(info.error));
  if (is_link(info)) {
    return text + fmt::format(", \"target\": {}{}", json_quoted(info.target),
                              info.leads_nowhere ? ", \"leads_nowhere\": true" : "");
  }
  text += fmt::format(", \"attribute_count\": {}", info.attribute_count);
  if (info.kind != ObjectKind::dataset) return text;
  std::vector<std::string> filters;
  for (const hdf5::Filter& filter : info.filters) filters.push_back(json_quoted(to_string(filter)));
  return text +
         fmt::format(
             ", \"dtype\": {}, \"type\": {}, \"byte_order\": {}, \"shape\": {}, \"shape_max\": {}, "
             "\"layout\": {}, \"chunk\": {}, \"filters\": [{}], \"bytes\": {}, "
             "\"stored_bytes\": {}",
             info.dtype == Dtype::none ? "null" : json_quoted(dtype_name(info.dtype)),
             json_quoted(info.type),
             info.byte_order.empty() ? "null" : json_quoted(info.byte_order),
             info.has_shape ? json_numbers(info.shape) : "null",
             info.has_shape ? json_numbers(info.shape_max) : "null", json_quoted(info.layout),
             info.chunk.empty() ? "null" : json_numbers(info.chunk), fmt::join(filters, ", "),
             info.bytes, info.stored_bytes);
}

void print_listing(const hdf5::Listing& listing, bool json) {
  std::string text;
  std::vector<std::vector<std::string>> rows{
      {"PATH", "WHAT", "SHAPE", "CHUNK", "FILTERS", "STORED", "RATIO"}};
  for (const ObjectInfo& info : listing.objects) {
    if (json) {
      text += fmt::format("{}{{{}}}", text.empty() ? "[" : ",\n ", json_members(info));
      continue;
    }
    const bool dataset = info.kind == ObjectKind::dataset && info.error.empty();
    rows.push_back({printable(info.path), words_of(info),
                    !dataset         ? ""
                    : info.has_shape ? extents(info.shape)
                                     : "none",
                    info.chunk.empty() ? "" : extents(info.chunk),
                    fmt::format("{}", fmt::join(filter_words(info), ", ")),
                    dataset ? human_bytes(info.stored_bytes) : "", ratio_text(info)});
  }
  print(json ? text + "]\n" : table(rows, "lllllrr"));
}

int ls(const Command& command, const Options& options) {
  const Address at = parse_file(options.place);
  hdf5::Listing listing;
  interruptible("interrupted", [&] {
    Work work(command, "h5 ls");
    hdf5::ListOptions wanted;
    wanted.objects_max = options.objects_max;
    wanted.job = job_for(work, options, 0);
    listing = hdf5::list(work.engine(), at.file, at.dataset, wanted);
  });
  print_listing(listing, options.json);
  std::size_t unreadable = 0;
  for (const ObjectInfo& info : listing.objects) unreadable += info.error.empty() ? 0 : 1;
  if (listing.more) {
    complain(fmt::format("there is more than the first {} objects (--max shows more of them)",
                         listing.objects.size()));
  }
  if (unreadable == 0) return exit_done;
  complain(fmt::format("{} of {} objects cannot be read", unreadable, listing.objects.size()));
  return exit_failed;
}

std::string info_json(const ObjectInfo& info) {
  std::vector<std::string> kept;
  for (const auto& [name, value] : info.attributes) {
    kept.push_back(fmt::format("{}: {}", json_quoted(name), attribute_json(value)));
  }
  std::vector<std::string> foreign;
  for (const auto& [name, type] : info.foreign_attributes) {
    foreign.push_back(fmt::format("{}: {}", json_quoted(name), json_quoted(type)));
  }
  return fmt::format("{{{}, \"fill\": {}, \"attributes\": {{{}}}, \"other_attributes\": {{{}}}}}\n",
                     json_members(info), info.fill ? attribute_json(*info.fill) : "null",
                     fmt::join(kept, ", "), fmt::join(foreign, ", "));
}

void add_dataset_rows(const ObjectInfo& info, std::vector<std::vector<std::string>>& rows) {
  rows.push_back({"type", words_of(info)});
  if (info.dtype == Dtype::none) rows.push_back({"dtype", "none: furrow cannot load it"});
  if (!info.byte_order.empty()) rows.push_back({"byte order", info.byte_order});
  rows.push_back({"shape", info.has_shape ? extents(info.shape) : "none"});
  if (info.shape_max != info.shape) rows.push_back({"grows to", extents(info.shape_max)});
  rows.push_back({"layout", info.layout});
  if (!info.chunk.empty()) rows.push_back({"chunk", extents(info.chunk)});
  const std::vector<std::string> filters = filter_words(info);
  if (!filters.empty()) rows.push_back({"filters", fmt::format("{}", fmt::join(filters, ", "))});
  rows.push_back({"bytes", fmt::format("{} ({})", info.bytes, human_bytes(info.bytes))});
  rows.push_back(
      {"stored", fmt::format("{} ({})", info.stored_bytes, human_bytes(info.stored_bytes))});
  const std::string ratio = ratio_text(info);
  if (!ratio.empty()) rows.push_back({"ratio", ratio});
  if (info.fill) rows.push_back({"fill value", attribute_text(*info.fill)});
}

int info(const Command& command, const Options& options) {
  const Address at = parse_file(options.place);
  ObjectInfo info;
  interruptible("interrupted", [&] {
    Work work(command, "h5 info");
    info = hdf5::inspect(work.engine(), at.file, at.dataset, job_for(work, options, 0));
  });
  if (options.json) {
    print(info_json(info));
  } else {
    std::vector<std::vector<std::string>> rows{{"path", printable(info.path)},
                                               {"kind", std::string(kind_name(info.kind))}};
    if (info.kind == ObjectKind::dataset && info.error.empty()) add_dataset_rows(info, rows);
    for (const auto& [name, value] : info.attributes) {
      rows.push_back({"@" + printable(name), printable(attribute_text(value))});
    }
    for (const auto& [name, type] : info.foreign_attributes) {
      rows.push_back({"@" + printable(name), fmt::format("({})", printable(type))});
    }
    print(table(rows, "ll"));
  }
  if (info.error.empty()) return exit_done;
  complain(fmt::format("\"{}\" cannot be read: {}", printable(info.path), printable(info.error)));
  return exit_failed;
}

std::string verdict(const hdf5::VerifiedDataset& d) {
  std::string unread = d.skipped.empty() ? "" : "not read: " + printable(d.skipped);
  if (d.torn != 0) {
    return fmt::format("TORN: {} of {}{}{}", d.torn, d.places, unread.empty() ? "" : "; ", unread);
  }
  if (!unread.empty()) return unread;
  if (d.places == 0) return "nothing is stored";
  return d.checksum.empty() ? "readable, nothing to check against" : "whole by " + d.checksum;
}

std::string report_text(const hdf5::VerifyReport& report) {
  std::vector<std::vector<std::string>> rows{{"DATASET", "STORED", "PARTS", "RESULT"}};
  for (const hdf5::VerifiedDataset& d : report.datasets) {
    rows.push_back(
        {printable(d.path), human_bytes(d.stored_bytes), std::to_string(d.places), verdict(d)});
  }
  std::string text = table(rows, "lrrl");
  for (const hdf5::TornPlace& torn : report.torn) {
    text += fmt::format("torn: {} from {} on, {}: {}\n", printable(torn.dataset),
                        extents(torn.offset), extents(torn.count), printable(torn.reason));
  }
  if (report.unchecked_count != 0) {
    text += fmt::format(
        "{} chunks were stored without their dataset's checksum: readable, nothing "
        "to check against\n",
        report.unchecked_count);
  }
  if (report.elsewhere_count != 0) {
    text += fmt::format("{} not read: verify the files where the elements lie\n",
                        counted(static_cast<std::int64_t>(report.elsewhere_count), "dataset"));
  }
  for (const ObjectInfo& info : report.unreadable) {
    text += fmt::format("unreadable: {}: {}\n", printable(info.path), printable(info.error));
  }
  return text;
}

std::string report_json(const hdf5::VerifyReport& report) {
  std::vector<std::string> datasets;
  for (const hdf5::VerifiedDataset& d : report.datasets) {
    datasets.push_back(fmt::format(
        "{{\"path\": {}, \"stored_bytes\": {}, \"parts\": {}, \"torn\": {}, \"checksum\": {}, "
        "\"skipped\": {}}}",
        json_quoted(d.path), d.stored_bytes, d.places, d.torn,
        d.checksum.empty() ? "null" : json_quoted(d.checksum),
        d.skipped.empty() ? "null" : json_quoted(d.skipped)));
  }
  std::vector<std::string> torn;
  for (const hdf5::TornPlace& place : report.torn) {
    torn.push_back(fmt::format(
        "{{\"dataset\": {}, \"offset\": {}, \"count\": {}, \"reason\": {}, \"crashed\": {}}}",
        json_quoted(place.dataset), json_numbers(place.offset), json_numbers(place.count),
        json_quoted(place.reason), place.crashed));
  }
  std::vector<std::string> unreadable;
  for (const ObjectInfo& info : report.unreadable) {
    unreadable.push_back(fmt::format("{{\"path\": {}, \"error\": {}}}", json_quoted(info.path),
                                     json_quoted(info.error)));
  }
  return fmt::format(
      "{{\"whole\": {}, \"torn_count\": {}, \"skipped_count\": {}, \"elsewhere_count\": {}, "
      "\"unchecked_count\": {}, \"gave_up\": {}, \"bytes\": {},\n \"datasets\": [{}],\n"
      " \"torn\": [{}],\n \"unreadable\": [{}]}}\n",
      report.whole(), report.torn_count, report.skipped_count, report.elsewhere_count,
      report.unchecked_count, report.gave_up, report.bytes, fmt::join(datasets, ",\n  "),
      fmt::join(torn, ",\n  "), fmt::join(unreadable, ",\n  "));
}

int verify(const Command& command, const Options& options) {
  const Address at = parse_file(options.place);
  hdf5::VerifyReport report;
  interruptible("interrupted", [&] {
    Work work(command, "h5 verify");
    hdf5::VerifyOptions wanted;
    wanted.job = job_for(work, options, 0);
    report = hdf5::verify(work.engine(), at.file, at.dataset, wanted);
  });
  print(options.json ? report_json(report) : report_text(report));
  if (report.whole()) return exit_done;
  if (report.torn_count == 0 && report.unreadable.empty() && !report.gave_up) {
    complain(
        fmt::format("\"{}\" was not checked as a whole: {} of {} datasets could not be read, or "
                    "not all of them",
                    at.file, report.skipped_count, report.datasets.size()));
    return exit_failed;
  }
  complain(
      fmt::format("\"{}\" is damaged: {} parts of datasets are torn, {} objects cannot be "
                  "read, {} datasets were not read or not all of them{}",
                  at.file, report.torn_count, report.unreadable.size(), report.skipped_count,
                  report.gave_up ? "; it crashed the HDF5 library too often to go on" : ""));
  return exit_failed;
}

}  // namespace

void add_h5(CLI::App& app, Command& command) {
  const Verb h5 = add_verb(app, "h5", "Look into HDF5 files: ls, info, verify");
  struct Look {
    const char* name;
    const char* what;
    const char* json;
    int (*run)(const Command&, const Options&);
  };
  static constexpr Look looks[] = {
      {"ls", "List groups, datasets and links", "An array of objects, one for each", ls},
      {"info", "Show all about a dataset or group, and its attributes", "One object", info},
      {"verify",
       "Read every chunk and name the torn ones; exit code 1 unless all that lies in the file was "
       "read and is whole (of virtual datasets nothing does: verify the files that they name)",
       "One object: whole, counts, datasets, torn, unreadable", verify},
  };
  for (const Look& each : looks) {
    auto options = std::make_shared<Options>();
    const Verb verb = h5.add_verb(each.name, each.what);
    verb.option("FILE.h5[:/path]", options->place, "The file, or what lies below a path")
        .required();
    verb.flag("--json", options->json, each.json);
    verb.option("--deadline", options->deadline_s,
                "Seconds after which to give up, should the file hang the HDF5 library")
        .not_negative();
    if (each.run == ls) {
      verb.option("--max", options->objects_max, "Objects to be shown at most");
    }
    verb.on_chosen([&command, options, run = each.run] {
      command.run = [&command, options, run] { return run(command, *options); };
    });
  }
}

}  // namespace furrow::cli
