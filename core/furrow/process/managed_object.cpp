#include <furrow/process/managed_object.hpp>

#include <fmt/format.h>

#include <furrow/process/shipping.hpp>
#include <furrow/segment/segment.hpp>

namespace furrow::process {
namespace {

[[noreturn]] void throw_unknown_call() {
  throw InvalidArgument("this object of the manager has no such call");
}

class Hold final : public ManagedObject {
 public:
  Hold(std::uint64_t fingerprint, const std::string& name)
      : ManagedObject(fingerprint), segment_(Segment::attach(name)) {}
  void call(ManagerCall /*call*/, Unpacker& /*in*/, const ObjectFinder& /*finder*/,
            Answer& /*out*/) override {
    throw_unknown_call();
  }

 private:
  std::shared_ptr<Segment> segment_;
};

class Any final : public ManagedObject {
 public:
  Any(std::uint64_t fingerprint, Unpacker& in) : ManagedObject(fingerprint) {
    const auto make = reinterpret_cast<MakeEntry>(find_shipped_code(in));
    object_ = make(in);
  }
  void call(ManagerCall call, Unpacker& in, const ObjectFinder& /*finder*/, Answer& out) override {
    if (call != ManagerCall::apply) throw_unknown_call();
    const auto apply = reinterpret_cast<ApplyEntry>(find_shipped_code(in));
    apply(object_.get(), in, out.body);
  }

 private:
  std::shared_ptr<void> object_;
};

}  // namespace

void Answer::add(const Stored& value) {
  put_bytes(value.bytes, body);
  References ids;
  for (const ObjectHandle& object : value.references) ids.push_back(object->id);
  put_references(ids, body);
  references.insert(references.end(), value.references.begin(), value.references.end());
}

Stored take_stored(Unpacker& in, const ObjectFinder& finder) {
  WireValue value = take_value(in);
  Stored stored{std::move(value.bytes), {}};
  for (const std::uint64_t id : value.references) stored.references.push_back(finder.find(id));
  return stored;
}

ObjectHandle make_managed_hold(std::uint64_t fingerprint, const std::string& name) {
  return std::make_shared<Hold>(fingerprint, name);
}

ObjectHandle make_managed_any(std::uint64_t fingerprint, Unpacker& in) {
  return std::make_shared<Any>(fingerprint, in);
}

}  // namespace furrow::process
