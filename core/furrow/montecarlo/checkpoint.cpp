#include <furrow/montecarlo/checkpoint.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <furrow/error.hpp>
#include <furrow/os/clock.hpp>
#include <furrow/os/module.hpp>
#ifdef FURROW_WITH_HDF5
#include <furrow/io/hdf5.hpp>
#include <furrow/io/replace_errors.hpp>
#include <furrow/os/replace_file.hpp>
#endif

namespace furrow::montecarlo {
namespace {

/// Of what is written, and of how draws become moments: another one means other bits.
constexpr std::int64_t version = 3;
constexpr const char* dataset = "/monte_carlo";
/// Attributes "parameter strike": what it is of, for people and for messages alone, since some, as
/// the level of a value at risk, change nothing in the simulation.
const std::string parameter_prefix = "parameter ";

/// FNV-1a (Fowler, Noll, Vo).
std::uint64_t hash_of(std::span<const std::byte> bytes) noexcept {
  std::uint64_t h = 0xcbf29ce484222325;
  for (const std::byte b : bytes) h = (h ^ static_cast<std::uint64_t>(b)) * 0x100000001b3;
  return h;
}

/// Edited, the same closure has the same type; another build of its program has another build id.
std::string closure_of(const CheckpointSource& source) {
  os::CodeName name;
  std::string text;
  if (os::name_code(source.code, name))
    for (const std::uint8_t byte : name.build_id) text += fmt::format("{:02x}", byte);
  return text + " " + source.type;
}

/// Of a value that a parameter leads to, in a model that has such.
bool follows_from_parameters(std::string_view key) {
  return key == "closure" || key == "closure captures" || key == "design" || key == "outputs";
}

std::string shown(const Attribute& value) {
  return value.is_text() ? value.as_text() : fmt::format("{}", value.as_number());
}

}  // namespace

Checkpoint::Checkpoint(Engine& engine, const MonteCarloOptions& options, const RecordLayout& layout,
                       const CheckpointSource& source)
    : engine_(engine),
      options_(options),
      layout_(layout),
      captures_(hash_of(source.captures)),
      closure_(options.model.empty() ? closure_of(source) : ""),
      design_(source.design),
      paths_(source.paths),
      saved_ns_(os::monotonic_ns()) {
#ifndef FURROW_WITH_HDF5
  if (!options.checkpoint.empty()) {
    throw InvalidArgument("checkpoints are HDF5 files, and this furrow was built without HDF5");
  }
#endif
}

Attributes Checkpoint::identity(std::int64_t blocks) const {
  // 64 bits as text: attributes that are numbers come back as doubles.
  const auto word = [](std::uint64_t x) { return Attribute::text(fmt::format("{}", x)); };
  Attributes a;
  a["version"] = Attribute::integer(version);
  a["model"] = Attribute::text(options_.model);
  a["closure"] = Attribute::text(closure_);
  a["closure captures"] = word(captures_);
  for (const auto& [name, value] : options_.parameters) {
    a[parameter_prefix + name] = Attribute::text(value);
  }
  a["seed"] = word(options_.seed);
  a["stream"] = word(options_.stream);
  a["outputs"] = Attribute::integer(layout_.outputs);
  a["block paths"] = Attribute::integer(options_.block_paths);
  a["design"] = Attribute::text(design_);
  a["on invalid"] = Attribute::text(options_.on_invalid == OnInvalid::fail ? "fail" : "count");
  a["antithetic"] = Attribute::integer(options_.antithetic ? 1 : 0);
  a["quantiles"] = Attribute::integer(options_.quantiles ? 1 : 0);
  const Bins& bins = options_.histogram;
  a["histogram"] =
      Attribute::text(fmt::format("{} bins from {} to {}", bins.count, bins.low, bins.high));
  a["blocks"] = word(static_cast<std::uint64_t>(blocks));
  a["paths"] = word(static_cast<std::uint64_t>(blocks * options_.block_paths));
  return a;
}

/// Names the parameters that differ, where the file holds them.
void Checkpoint::refuse_other_parameters(const Attributes& found) const {
  std::vector<std::string> differ;
  for (const auto& [name, value] : options_.parameters) {
    const auto other = found.find(parameter_prefix + name);
    if (other == found.end() || shown(other->second) == value) continue;
    const std::string there = shown(other->second);
    differ.push_back(fmt::format("its {} is {}, here it is {}", name,
                                 there.empty() ? "\"\"" : there, value.empty() ? "\"\"" : value));
  }
  if (differ.empty()) return;
  throw WrongData(
      fmt::format("{} is of other parameters: {} (give another file, or remove it to begin anew)",
                  options_.checkpoint, fmt::join(differ, "; ")));
}

void Checkpoint::check(const Attributes& found, std::int64_t blocks) const {
  const Attributes mine = identity(blocks);
  // What tells most comes first.
  std::vector<std::string> keys{"version", "model", "closure", "design", "seed", "stream"};
  for (const auto& [key, value] : mine) {
    if (!key.starts_with(parameter_prefix)) keys.push_back(key);
  }
  for (const std::string& key : keys) {
    const Attribute& value = mine.at(key);
    const auto other = found.find(key);
    if (other == found.end()) {
      throw Corrupt(fmt::format("{} is no checkpoint of a simulation: {} has no attribute \"{}\"",
                                options_.checkpoint, dataset, key));
    }
    if (shown(other->second) == shown(value)) continue;
    // The closures' captures, and whatever else follows from parameters.
    if (follows_from_parameters(key)) refuse_other_parameters(found);
    if (key == "closure captures") {
      throw WrongData(fmt::format(
          "{} is of the same closure with other captures, the values that it takes from outside, "
          "and does not name them (give another file, or remove it to begin anew)",
          options_.checkpoint));
    }
    if (key == "closure") {
      throw WrongData(fmt::format(
          "{} was written by another closure, or by another build of the program, and neither says "
          "whether it simulates the same (give another file; or name the closure in the options, "
          "`model`, and it is taken up by every build)",
          options_.checkpoint));
    }
    throw WrongData(
        fmt::format("{} is of another simulation: its {} is {}, here it is {} (give another file, "
                    "or remove it to begin anew)",
                    options_.checkpoint, key, shown(other->second), shown(value)));
  }
  if (blocks * options_.block_paths > paths_) {
    throw WrongData(fmt::format(
        "{} is of a simulation of more paths: it holds {}, here are {} (ask for as many, or give "
        "another file)",
        options_.checkpoint, blocks * options_.block_paths, paths_));
  }
}

void Checkpoint::save_now_and_then(const Tree& tree) {
  if (options_.checkpoint.empty() || os::monotonic_ns() - saved_ns_ < options_.checkpoint_ns)
    return;
  save(tree);
}

#ifdef FURROW_WITH_HDF5

/// For another program that saves the same file.
constexpr std::int64_t patience_ns = 10'000'000'000;

void Checkpoint::take_up(Tree& tree) {
  if (options_.checkpoint.empty() || !std::filesystem::exists(options_.checkpoint)) return;
  const hdf5::DatasetInfo info = hdf5::info(engine_, options_.checkpoint, dataset);
  const auto stored = info.attributes.find("blocks");
  std::int64_t blocks = -1;
  if (stored != info.attributes.end() && stored->second.is_text()) {
    const std::string text = stored->second.as_text();
    if (!text.empty() && text.size() < 14 &&
        std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      blocks = std::stoll(text);
    }
  }
  check(info.attributes, std::max<std::int64_t>(blocks, 0));
  const auto words = static_cast<std::int64_t>(tree.state_words(std::max<std::int64_t>(blocks, 0)));
  if (blocks < 0 || info.dtype != Dtype::f64 || info.shape.ndim() != 1 || info.shape[0] != words) {
    throw Corrupt(fmt::format("{} does not hold what its attributes say", options_.checkpoint));
  }
  auto state = Array<double>::temporary({words});
  hdf5::load(engine_, options_.checkpoint, dataset, state);
  tree.set(blocks, std::vector<double>(state.data(), state.data() + words));
  found_ = true;
  saved_blocks_ = blocks;
}

void Checkpoint::require_room() const {
  if (options_.checkpoint.empty()) return;
  os::FileReplacement place;
  require_replaced(place.begin(options_.checkpoint, patience_ns), options_.checkpoint);
}

void Checkpoint::save(const Tree& tree) {
  if (options_.checkpoint.empty() || tree.blocks() == saved_blocks_) return;
  const std::vector<double> state = tree.state();
  auto array = Array<double>::temporary({static_cast<std::int64_t>(state.size())});
  std::copy(state.begin(), state.end(), array.data());
  hdf5::SaveOptions how;
  how.replace = true;
  how.attributes = identity(tree.blocks());
  hdf5::save(engine_, array, options_.checkpoint, dataset, how);
  saved_blocks_ = tree.blocks();
  saved_ns_ = os::monotonic_ns();
}

#else

void Checkpoint::take_up(Tree&) {}
void Checkpoint::require_room() const {}
void Checkpoint::save(const Tree&) {}

#endif

}  // namespace furrow::montecarlo
