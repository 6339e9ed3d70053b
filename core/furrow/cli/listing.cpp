// furrow ls, furrow info
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>

namespace furrow::cli {
namespace {

const char* lifetime_name(const segment::Info& info) {
  return info.lifetime == Lifetime::owned ? "owned" : "persistent";
}

Shape shape_of(const segment::Info& info) { return Shape(info.shape); }

bool is_array(const segment::Info& info) { return info.kind == segment::Kind::array; }

const char* kind_name(const segment::Info& info) {
  if (is_array(info)) return "array";
  return info.kind == segment::Kind::engine ? "engine" : "object";
}

// The members that ls and info share, without the braces.
std::string json_members(const segment::Info& info) {
  return fmt::format(
      "\"name\": {}, \"dtype\": {}, \"shape\": {}, \"bytes\": {}, \"lifetime\": \"{}\", "
      "\"attached\": {}, \"created\": \"{}\"",
      json_quoted(info.name), is_array(info) ? json_quoted(dtype_name(info.dtype)) : "null",
      json_extents(shape_of(info)), info.data_bytes, lifetime_name(info), info.attached,
      iso_time(info.created_at));
}

int ls(bool json, bool all) {
  std::string text;
  std::vector<std::vector<std::string>> rows{
      {"NAME", "DTYPE", "SHAPE", "BYTES", "LIFETIME", "ATTACHED", "CREATED"}};
  for (const segment::Info& info : segment::list()) {
    if (!is_array(info) && !all) continue;
    if (json) {
      text += fmt::format("{}{{{}{}}}", text.empty() ? "[" : ",\n ", json_members(info),
                          all ? fmt::format(", \"kind\": \"{}\"", kind_name(info)) : "");
      continue;
    }
    rows.push_back({info.name,
                    is_array(info) ? std::string(dtype_name(info.dtype)) : kind_name(info),
                    is_array(info) ? to_string(shape_of(info)) : "", human_bytes(info.data_bytes),
                    lifetime_name(info), info.attached ? "yes" : "no", iso_time(info.created_at)});
  }
  if (json) {
    print(text.empty() ? "[]\n" : text + "]\n");
  } else {
    print(table(rows, "lllrlll"));
  }
  return exit_done;
}

// An owned array that nobody holds would go when we let go of it: a look must not do that.
Attributes attributes_of(const segment::Info& info) {
  if (!is_array(info) || (info.lifetime == Lifetime::owned && !info.attached)) return {};
  return attach(info.name, Access::read_only).attributes();
}

segment::Info look_at(const std::string& name) {
  try {
    return segment::info(checked_name(name));
  } catch (const NotFound& error) {
    throw NotFound(error.what() + did_you_mean(name, names_of(segment::Kind::array)));
  }
}

int info(const std::string& name, bool json) {
  const segment::Info info = look_at(name);
  std::vector<std::vector<std::string>> rows;
  std::string attributes;
  for (const auto& [key, value] : attributes_of(info)) {
    attributes += fmt::format("{}{}: {}", attributes.empty() ? "" : ", ", json_quoted(key),
                              attribute_json(value));
    rows.push_back({"@" + key, attribute_text(value)});
  }
  if (json) {
    print(fmt::format(
        "{{{}, \"creator_pid\": {}, \"generation\": {}, \"note\": {}, "
        "\"attributes\": {{{}}}}}\n",
        json_members(info), info.creator_pid, info.generation, json_quoted(info.note), attributes));
    return exit_done;
  }
  const std::string dtype = is_array(info) ? std::string(dtype_name(info.dtype)) : kind_name(info);
  rows.insert(
      rows.begin(),
      {{"name", info.name},
       {"dtype", dtype},
       {"shape", to_string(shape_of(info))},
       {"bytes", fmt::format("{} ({})", info.data_bytes, human_bytes(info.data_bytes))},
       {"lifetime", lifetime_name(info)},
       {"attached", info.attached ? "yes" : "no"},
       {"created", fmt::format("{} by process {}", iso_time(info.created_at), info.creator_pid)},
       {"changed", fmt::format("{} times by jobs", info.generation)}});
  if (!info.note.empty()) rows.push_back({"note", info.note});
  print(table(rows, "ll"));
  return exit_done;
}

}  // namespace

void add_ls(CLI::App& app, Command& command) {
  struct Options {
    bool json = false;
    bool all = false;
  };
  auto options = std::make_shared<Options>();
  const Verb verb = add_verb(app, "ls", "List the arrays");
  verb.flag("--json", options->json,
            "An array of objects: name, dtype, shape, bytes, lifetime, attached, created");
  verb.flag("--all", options->all,
            "Engines that run, locks, queues and the like, too (JSON: with a member kind)");
  verb.on_chosen(
      [&command, options] { command.run = [options] { return ls(options->json, options->all); }; });
}

void add_info(CLI::App& app, Command& command) {
  struct Options {
    std::string name;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  const Verb verb = add_verb(app, "info", "Show what an array is, and its attributes");
  verb.option("NAME", options->name, "Name of the array").required();
  verb.flag("--json", options->json,
            "One object: as ls, and creator_pid, generation, note, attributes");
  verb.on_chosen([&command, options] {
    command.run = [options] { return info(options->name, options->json); };
  });
}

}  // namespace furrow::cli
