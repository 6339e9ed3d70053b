// The dicts and lists of a manager. Keys and values are bytes to it; equal bytes are equal keys.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include <furrow/os/fault.hpp>
#include <furrow/process/managed_object.hpp>
#include <furrow/process/mirror.hpp>

namespace furrow::process {
namespace {

[[noreturn]] void throw_unknown_call() {
  throw InvalidArgument("this object of the manager has no such call");
}

class Dict final : public ManagedObject {
 public:
  using ManagedObject::ManagedObject;
  void call(ManagerCall call, Unpacker& in, const ObjectFinder& finder, Answer& out) override {
    switch (call) {
      case ManagerCall::dict_get: return get(take_text(in), out);
      case ManagerCall::dict_set: return set(in, finder);
      case ManagerCall::dict_pop: return pop(take_text(in), out);
      case ManagerCall::dict_pop_last: return pop_last(out);
      case ManagerCall::dict_contains: return out.number(places_.count(take_text(in)));
      case ManagerCall::dict_set_default: return set_default(in, finder, out);
      case ManagerCall::dict_update: return update(in, finder);
      case ManagerCall::dict_swap: return swap(in, finder, out);
      case ManagerCall::dict_all: return all(out);
      case ManagerCall::mirror: return mirror(out);
      case ManagerCall::size: return out.number(entries_.size());
      case ManagerCall::clear: return clear();
      default: throw_unknown_call();
    }
  }

 private:
  struct Entry {
    std::string key;
    Stored value;
  };

  void get(const std::string& key, Answer& out) const {
    const auto place = places_.find(key);
    if (place == places_.end()) return out.missing();
    out.add(entries_.at(place->second).value);
  }
  // As in Python, a key keeps its place in the order when its value changes.
  void put(std::string key, Stored value) {
    reflect(key, value);
    const auto [place, is_new] = places_.try_emplace(key, next_);
    if (is_new) {
      entries_.emplace(next_++, Entry{std::move(key), std::move(value)});
    } else {
      entries_.at(place->second).value = std::move(value);
    }
  }
  void set(Unpacker& in, const ObjectFinder& finder) {
    std::string key = take_text(in);
    put(std::move(key), take_stored(in, finder));
  }
  void pop(const std::string& key, Answer& out) {
    const auto place = places_.find(key);
    if (place == places_.end()) return out.missing();
    if (mirror_) mirror_->remove(bytes_of(key));
    out.add(entries_.at(place->second).value);
    entries_.erase(place->second);
    places_.erase(place);
  }
  void pop_last(Answer& out) {
    if (entries_.empty()) return out.missing();
    const auto last = std::prev(entries_.end());
    put_text(last->second.key, out.body);
    out.add(last->second.value);
    if (mirror_) mirror_->remove(bytes_of(last->second.key));
    places_.erase(last->second.key);
    entries_.erase(last);
  }
  void set_default(Unpacker& in, const ObjectFinder& finder, Answer& out) {
    std::string key = take_text(in);
    Stored value = take_stored(in, finder);
    if (places_.count(key) == 0) put(key, std::move(value));
    get(key, out);
  }
  void update(Unpacker& in, const ObjectFinder& finder) {
    // All of them or, when one cannot be read, none.
    std::vector<Entry> taken;
    for (std::uint64_t left = in.take_length(); left > 0; --left) {
      std::string key = take_text(in);
      taken.push_back({std::move(key), take_stored(in, finder)});
    }
    if (mirror_) mirror_->begin();
    for (Entry& entry : taken) {
      put(std::move(entry.key), std::move(entry.value));
      os::fault_point("process.manager.updating");
    }
    if (mirror_) mirror_->end();  // one that became too full on the way is retired and gone
  }
  // Compare and exchange: so a client changes a value by a function of its own, exactly once.
  void swap(Unpacker& in, const ObjectFinder& finder, Answer& out) {
    std::string key = take_text(in);
    const bool was_there = in.take_length() != 0;
    const std::string expected = take_text(in);
    Stored value = take_stored(in, finder);
    const auto place = places_.find(key);
    const bool is_there = place != places_.end();
    bool same = is_there == was_there;
    if (same && is_there) {
      const mp::Bytes& bytes = entries_.at(place->second).value.bytes;
      same = std::equal(bytes.begin(), bytes.end(),
                        reinterpret_cast<const std::byte*>(expected.data()),
                        reinterpret_cast<const std::byte*>(expected.data()) + expected.size());
    }
    if (same) put(std::move(key), std::move(value));
    out.number(same ? 1 : 0);
  }
  void all(Answer& out) const {
    out.number(entries_.size());
    for (const auto& [order, entry] : entries_) {
      put_text(entry.key, out.body);
      out.add(entry.value);
    }
  }
  void clear() {
    mirror_.reset();
    places_.clear();
    entries_.clear();
  }

  static std::span<const std::byte> bytes_of(const std::string& key) {
    return std::as_bytes(std::span(key));
  }
  // What readers see without asking. A value with proxies in it they must ask for: its reply gives
  // them their shares.
  void reflect(const std::string& key, const Stored& value) {
    if (!mirror_) return;
    std::optional<std::span<const std::byte>> seen;
    if (value.references.empty()) seen = value.bytes;
    if (!mirror_->put(bytes_of(key), seen)) mirror_.reset();
  }
  void mirror(Answer& out) {
    if (!mirror_) {
      std::size_t slots = mirror_slots_first;
      while (slots < 4 * (entries_.size() + 1)) slots *= 2;
      if (slots <= mirror_slots_max) mirror_ = MirrorWriter::make(slots);
      for (const auto& [order, entry] : entries_) reflect(entry.key, entry.value);
    }
    if (!mirror_) return out.missing();
    out.descriptor = mirror_->descriptor();
  }

  std::unique_ptr<MirrorWriter> mirror_;
  std::unordered_map<std::string, std::uint64_t> places_;
  std::map<std::uint64_t, Entry> entries_;  // in the order of insertion
  std::uint64_t next_ = 0;
};

class List final : public ManagedObject {
 public:
  using ManagedObject::ManagedObject;
  void call(ManagerCall call, Unpacker& in, const ObjectFinder& finder, Answer& out) override {
    switch (call) {
      case ManagerCall::list_append: return append(in, finder);
      case ManagerCall::list_insert: return insert(in, finder);
      case ManagerCall::list_get: return get(in, out);
      case ManagerCall::list_set: return set(in, finder, out);
      case ManagerCall::list_pop: return pop(in, out);
      case ManagerCall::list_find: return find(in, out);
      case ManagerCall::list_count: return count(in, out);
      case ManagerCall::list_reverse: ++version_; return std::reverse(items_.begin(), items_.end());
      case ManagerCall::list_all: return all(out);
      case ManagerCall::list_replace: return replace(in, finder, out);
      case ManagerCall::size: return out.number(items_.size());
      case ManagerCall::clear: ++version_; return items_.clear();
      default: throw_unknown_call();
    }
  }

 private:
  std::vector<Stored> take_items(Unpacker& in, const ObjectFinder& finder) {
    std::vector<Stored> items;
    for (std::uint64_t left = in.take_length(); left > 0; --left) {
      items.push_back(take_stored(in, finder));
    }
    return items;
  }
  // Negative indices count from the end. False: there is no such item.
  bool place_of(Unpacker& in, std::size_t& place) const {
    const auto index = take_plain<std::int64_t>(in);
    const auto size = static_cast<std::int64_t>(items_.size());
    const std::int64_t at = index < 0 ? index + size : index;
    if (at < 0 || at >= size) return false;
    place = static_cast<std::size_t>(at);
    return true;
  }
  void append(Unpacker& in, const ObjectFinder& finder) {
    std::vector<Stored> items = take_items(in, finder);
    std::move(items.begin(), items.end(), std::back_inserter(items_));
    ++version_;
  }
  void insert(Unpacker& in, const ObjectFinder& finder) {
    const auto index = take_plain<std::int64_t>(in);
    const auto size = static_cast<std::int64_t>(items_.size());
    const std::int64_t at = std::clamp<std::int64_t>(index < 0 ? index + size : index, 0, size);
    items_.insert(items_.begin() + at, take_stored(in, finder));
    ++version_;
  }
  void get(Unpacker& in, Answer& out) const {
    std::size_t place = 0;
    if (!place_of(in, place)) return out.missing();
    out.add(items_[place]);
  }
  void set(Unpacker& in, const ObjectFinder& finder, Answer& out) {
    std::size_t place = 0;
    if (!place_of(in, place)) return out.missing();
    items_[place] = take_stored(in, finder);
    ++version_;
  }
  void pop(Unpacker& in, Answer& out) {
    std::size_t place = 0;
    if (!place_of(in, place)) return out.missing();
    out.add(items_[place]);
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(place));
    ++version_;
  }
  void find(Unpacker& in, Answer& out) const {
    const auto wanted = take_span(in);
    const auto found = std::find_if(items_.begin(), items_.end(), [&](const Stored& item) {
      return std::equal(item.bytes.begin(), item.bytes.end(), wanted.begin(), wanted.end());
    });
    if (found == items_.end()) return out.missing();
    out.number(static_cast<std::uint64_t>(found - items_.begin()));
  }
  void count(Unpacker& in, Answer& out) const {
    const auto wanted = take_span(in);
    out.number(static_cast<std::uint64_t>(
        std::count_if(items_.begin(), items_.end(), [&](const Stored& item) {
          return std::equal(item.bytes.begin(), item.bytes.end(), wanted.begin(), wanted.end());
        })));
  }
  void all(Answer& out) const {
    out.number(version_);
    out.number(items_.size());
    for (const Stored& item : items_) out.add(item);
  }
  void replace(Unpacker& in, const ObjectFinder& finder, Answer& out) {
    const std::uint64_t version = in.take_length();
    std::vector<Stored> items = take_items(in, finder);
    const bool same = version == version_;
    if (same) items_ = std::move(items);
    if (same) ++version_;
    out.number(same ? 1 : 0);
  }

  std::vector<Stored> items_;
  std::uint64_t version_ = 0;  // of the whole list: for changes that a client computes
};

}  // namespace

ObjectHandle make_managed_dict(std::uint64_t fingerprint) {
  return std::make_shared<Dict>(fingerprint);
}

ObjectHandle make_managed_list(std::uint64_t fingerprint) {
  return std::make_shared<List>(fingerprint);
}

}  // namespace furrow::process
