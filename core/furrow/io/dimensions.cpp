#include <furrow/io/dimensions.hpp>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace furrow {
namespace {

const std::string prefix = "dims.";
constexpr std::size_t axes_max = segment::dimensions_max;

std::string axis_key(std::size_t axis) { return prefix + std::to_string(axis); }

std::optional<Attribute> take(Attributes& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  if (found == attributes.end()) return std::nullopt;
  Attribute value = std::move(found->second);
  attributes.erase(found);
  return value;
}

bool is_list(const Attributes& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  return found != attributes.end() && found->second.is_text() && found->second.shape.size() == 1;
}

bool is_one_text(const Attributes& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  return found != attributes.end() && found->second.is_text() && found->second.shape.empty();
}

Scale take_scale(Attributes& attributes, const std::string& key, const std::string& name) {
  Scale scale;
  scale.name = name;
  const std::string own = key + "." + name;
  const auto values = attributes.find(own);
  if (values != attributes.end() && !values->second.is_text()) scale.values = take(attributes, own);
  const std::string mark = own + "@";
  for (auto at = attributes.lower_bound(mark);
       at != attributes.end() && at->first.compare(0, mark.size(), mark) == 0;) {
    scale.attributes.emplace(at->first.substr(mark.size()), std::move(at->second));
    at = attributes.erase(at);
  }
  return scale;
}

/// The values at those positions of the first axis.
Attribute chosen(const Attribute& values, std::int64_t count,
                 const std::function<std::int64_t(std::int64_t)>& position) {
  Attribute result = values;
  const auto rows = static_cast<std::size_t>(values.shape[0]);
  const std::size_t row_bytes = rows == 0 ? 0 : values.bytes.size() / rows;
  result.shape[0] = count;
  result.bytes.resize(static_cast<std::size_t>(count) * row_bytes);
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(result.bytes.data() + static_cast<std::size_t>(i) * row_bytes,
                values.bytes.data() + static_cast<std::size_t>(position(i)) * row_bytes, row_bytes);
  }
  return result;
}

struct Step {
  std::int64_t begin;
  std::int64_t by;
};

/// Where the handle's elements lie on the axes of the whole array; nothing when its axes are not
/// the array's own, sliced.
std::optional<std::vector<Step>> steps_of(const AnyArray& array, const Shape& whole) {
  if (array.ndim() != whole.ndim() || size_of(whole) == 0 || array.size() == 0) return std::nullopt;
  const Strides strides = c_strides(whole);
  const auto item = static_cast<std::int64_t>(item_bytes(array.dtype()));
  std::int64_t rest =
      (static_cast<const std::byte*>(array.data()) - array.segment()->data()) / item;
  std::vector<Step> steps;
  for (std::size_t axis = 0; axis < whole.ndim(); ++axis) {
    Step step{rest / strides[axis], 1};
    rest %= strides[axis];
    if (array.extent(axis) > 1) {
      if (array.strides()[axis] % strides[axis] != 0) return std::nullopt;
      step.by = array.strides()[axis] / strides[axis];
    }
    const std::int64_t last = step.begin + step.by * (array.extent(axis) - 1);
    if (step.begin >= whole[axis] || last < 0 || last >= whole[axis]) return std::nullopt;
    steps.push_back(step);
  }
  return steps;
}

}  // namespace

Dimensions take_dimensions(Attributes& attributes) {
  Dimensions result;
  if (is_list(attributes, prefix + "labels")) {
    result.labels = take(attributes, prefix + "labels")->as_strings();
  }
  if (is_one_text(attributes, prefix + "scale")) {
    result.scale = take(attributes, prefix + "scale")->as_text();
  }
  for (std::size_t axis = 0; axis < axes_max; ++axis) {
    const std::string key = axis_key(axis);
    if (!is_list(attributes, key)) continue;
    result.scales.resize(axis + 1);
    for (const std::string& name : take(attributes, key)->as_strings()) {
      result.scales[axis].push_back(take_scale(attributes, key, name));
    }
  }
  return result;
}

Dimensions dimensions_of(const Attributes& attributes) {
  Attributes copy = attributes;
  return take_dimensions(copy);
}

void put_dimensions(Attributes& attributes, const Dimensions& dimensions) {
  const bool labelled = std::any_of(dimensions.labels.begin(), dimensions.labels.end(),
                                    [](const std::string& label) { return !label.empty(); });
  if (labelled) attributes[prefix + "labels"] = Attribute::strings(dimensions.labels);
  if (dimensions.scale) attributes[prefix + "scale"] = Attribute::text(*dimensions.scale);
  for (std::size_t axis = 0; axis < dimensions.scales.size(); ++axis) {
    const std::string key = axis_key(axis);
    std::vector<std::string> names;
    for (const Scale& scale : dimensions.scales[axis]) {
      names.push_back(scale.name);
      const std::string own = key + "." + scale.name;
      if (scale.values) attributes[own] = *scale.values;
      for (const auto& [name, value] : scale.attributes) {
        attributes[own + "@" + name] = value;
      }
    }
    if (!names.empty()) attributes[key] = Attribute::strings(names);
  }
}

void cut_dimensions(Attributes& attributes, std::size_t axis, std::int64_t count,
                    const std::function<std::int64_t(std::int64_t)>& position) {
  Dimensions dimensions = take_dimensions(attributes);
  if (axis < dimensions.scales.size()) {
    for (Scale& scale : dimensions.scales[axis]) {
      if (!scale.values || scale.values->shape.size() != 1) continue;
      const std::int64_t there = scale.values->shape[0];
      const auto inside = [&](std::int64_t i) { return position(i) >= 0 && position(i) < there; };
      bool fits = true;
      for (std::int64_t i = 0; i < count && fits; ++i) fits = inside(i);
      if (fits) scale.values = chosen(*scale.values, count, position);
    }
  }
  put_dimensions(attributes, dimensions);
}

Attributes attributes_of_view(const AnyArray& array) {
  Attributes attributes = array.attributes();
  const Shape whole(std::span<const std::int64_t>(array.segment()->info().shape));
  if (array.shape() == whole && array.strides() == c_strides(whole)) return attributes;
  const std::optional<std::vector<Step>> steps = steps_of(array, whole);
  if (!steps) {
    take_dimensions(attributes);
    return attributes;
  }
  for (std::size_t axis = 0; axis < steps->size(); ++axis) {
    const Step step = (*steps)[axis];
    if (step.begin == 0 && step.by == 1 && array.extent(axis) == whole[axis]) continue;
    cut_dimensions(attributes, axis, array.extent(axis),
                   [step](std::int64_t i) { return step.begin + step.by * i; });
  }
  return attributes;
}

}  // namespace furrow
