// furrow ls, furrow info
#include <memory>

#include <fmt/format.h>

#include <furrow/cli/command.hpp>
#include <furrow/cli/number.hpp>
#include <furrow/cli/text.hpp>
#include <furrow/cli/verb.hpp>
#include <furrow/sync/describe.hpp>

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

// What it is, more closely than its segment says, and a few words on how it stands.
mp::ObjectDescription describe(const segment::Info& info) {
  if (info.lifetime == Lifetime::owned && !info.attached) {
    const char* const left =
        info.kind == segment::Kind::engine
            ? "left by an engine that died: furrow gc finishes its jobs' tiles and removes it"
            : "left by processes that died: furrow gc removes it";
    return {kind_name(info), left};
  }
  if (info.kind == segment::Kind::engine) return {"engine", "runs"};
  if (is_array(info)) return {"array", info.attached ? "in use" : "nobody is attached"};
  try {
    // Somebody else's look is over by then; a list of many must not take seconds for one.
    const auto segment =
        Segment::attach(info.name, {.access = Access::read_only, .timeout_ns = 5'000'000});
    return mp::describe_object({segment->data(), segment->data_bytes()});
  } catch (const PermissionDenied&) {
    return {"object", "of another user"};
  } catch (const NotFound&) {
    return {"object", "gone by now"};
  } catch (const Timeout&) {
    return {"object", "being made or removed by another process"};
  } catch (const Error& error) {
    return {"object", error.what()};
  }
}

int ls(bool json, bool arrays) {
  std::string text;
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "DTYPE", "SHAPE", "BYTES", "LIFETIME",
                                              "ATTACHED", "CREATED", "BY PROCESS", "STATE"}};
  for (const segment::Info& info : segment::list()) {
    if (!is_array(info) && arrays) continue;
    const mp::ObjectDescription what = describe(info);
    if (json) {
      text += fmt::format(
          "{}{{{}, \"kind\": \"{}\", \"type\": {}, \"creator_pid\": {}, \"state\": {}}}",
          text.empty() ? "[" : ",\n ", json_members(info), kind_name(info), json_quoted(what.type),
          info.creator_pid, json_quoted(what.state));
      continue;
    }
    rows.push_back({info.name, what.type, is_array(info) ? std::string(dtype_name(info.dtype)) : "",
                    is_array(info) ? to_string(shape_of(info)) : "", human_bytes(info.data_bytes),
                    lifetime_name(info), info.attached ? "yes" : "no", iso_time(info.created_at),
                    fmt::format("{}", info.creator_pid), what.state});
  }
  if (json) {
    print(text.empty() ? "[]\n" : text + "]\n");
  } else {
    print(table(rows, "llllrlllrl"));
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
    const mp::ObjectDescription what = describe(info);
    print(
        fmt::format("{{{}, \"creator_pid\": {}, \"generation\": {}, \"note\": {}, "
                    "\"attributes\": {{{}}}, \"kind\": \"{}\", \"type\": {}, \"state\": {}}}\n",
                    json_members(info), info.creator_pid, info.generation, json_quoted(info.note),
                    attributes, kind_name(info), json_quoted(what.type), json_quoted(what.state)));
    return exit_done;
  }
  const mp::ObjectDescription what = describe(info);
  rows.insert(
      rows.begin(),
      {{"name", info.name},
       {"kind", what.type},
       {"dtype", is_array(info) ? std::string(dtype_name(info.dtype)) : "none"},
       {"shape", is_array(info) ? to_string(shape_of(info)) : "none"},
       {"bytes", fmt::format("{} ({})", info.data_bytes, human_bytes(info.data_bytes))},
       {"lifetime", lifetime_name(info)},
       {"attached", info.attached ? "yes" : "no"},
       {"state", what.state},
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
    bool arrays = false;
  };
  auto options = std::make_shared<Options>();
  const Verb verb = add_verb(app, "ls", "List what is in shared memory: arrays, locks, queues, …");
  verb.flag("--json", options->json,
            "An array of objects: name, dtype, shape, bytes, lifetime, attached, created, kind "
            "(array, engine, object), type (Lock, Queue, …), creator_pid, state");
  verb.flag("--arrays", options->arrays, "Arrays alone");
  verb.flag("--all", options->all, "All kinds: what it does anyway");
  verb.on_chosen([&command, options] {
    command.run = [options] {
      if (options->all && options->arrays) throw UsageError("--all and --arrays contradict");
      return ls(options->json, options->arrays);
    };
  });
}

void add_info(CLI::App& app, Command& command) {
  struct Options {
    std::string name;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  const Verb verb =
      add_verb(app, "info", "Show what an array, a lock or a queue is, and how it stands");
  verb.option("NAME", options->name, "Its name").required();
  verb.flag("--json", options->json, "One object: as ls, and generation, note, attributes");
  verb.on_chosen([&command, options] {
    command.run = [options] { return info(options->name, options->json); };
  });
}

}  // namespace furrow::cli
