#include <furrow/io/hdf5/reference_lists.hpp>

#include <algorithm>
#include <cstddef>

#include <furrow/error.hpp>
#include <furrow/io/hdf5/attributes.hpp>

namespace furrow::hdf5 {
namespace {

const char* const asked = "cannot read or write the references of a dimension scale";
constexpr const char* users_name = "REFERENCE_LIST";

[[noreturn]] void refuse(const std::string& name) {
  throw Corrupt("the attribute \"" + name + "\" is not what dimension scales have");
}

Type user_type() {
  Type type = own<Type>(H5Tcreate(H5T_COMPOUND, sizeof(ScaleUser)), asked);
  check(H5Tinsert(type.get(), "dataset", offsetof(ScaleUser, dataset), H5T_STD_REF_OBJ), asked);
  check(H5Tinsert(type.get(), "dimension", offsetof(ScaleUser, axis), H5T_NATIVE_INT), asked);
  return type;
}

Type list_type() { return own<Type>(H5Tvlen_create(H5T_STD_REF_OBJ), asked); }

/// Elements of an attribute with one axis; bounded, for a damaged file may claim any number.
std::size_t count_of(hid_t attribute, std::size_t item_bytes, const std::string& name) {
  const Space space = own<Space>(H5Aget_space(attribute), asked);
  const hssize_t count = H5Sget_simple_extent_npoints(space.get());
  if (count < 0 || static_cast<std::uint64_t>(count) > attribute_bytes_max / item_bytes) {
    refuse(name);
  }
  return static_cast<std::size_t>(count);
}

AttributeHandle create(hid_t object, const char* name, hid_t type, std::size_t count) {
  const hsize_t extent = count;
  const Space space = own<Space>(H5Screate_simple(1, &extent, nullptr), asked);
  return own<AttributeHandle>(H5Acreate2(object, name, type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                              asked);
}

void write_users(hid_t scale, const std::vector<ScaleUser>& users) {
  if (H5Aexists(scale, users_name) > 0) check(H5Adelete(scale, users_name), asked);
  if (users.empty()) return;
  const Type type = user_type();
  const AttributeHandle attribute = create(scale, users_name, type.get(), users.size());
  check(H5Awrite(attribute.get(), type.get(), users.data()), asked);
}

}  // namespace

hobj_ref_t reference_to(hid_t object) {
  hobj_ref_t reference = 0;
  check(H5Rcreate(&reference, object, ".", H5R_OBJECT, -1), asked);
  return reference;
}

Object find_referenced(hid_t file, hobj_ref_t reference) {
  return Object(H5Rdereference2(file, H5P_DEFAULT, H5R_OBJECT, &reference));
}

ReferenceLists read_reference_lists(hid_t dataset, const char* name) {
  const auto attribute = own<AttributeHandle>(H5Aopen(dataset, name, H5P_DEFAULT), asked);
  const Type type = own<Type>(H5Aget_type(attribute.get()), asked);
  if (H5Tget_class(type.get()) != H5T_VLEN) refuse(name);
  const Type item = own<Type>(H5Tget_super(type.get()), asked);
  if (H5Tequal(item.get(), H5T_STD_REF_OBJ) <= 0) refuse(name);
  std::vector<hvl_t> raw(count_of(attribute.get(), sizeof(hvl_t), name));
  if (raw.empty()) return {};
  const Type memory = list_type();
  check(H5Aread(attribute.get(), memory.get(), raw.data()), asked);
  ReferenceLists lists;
  for (const hvl_t& list : raw) {
    const auto* first = static_cast<const hobj_ref_t*>(list.p);
    lists.emplace_back(first, first + (first == nullptr ? 0 : list.len));
  }
  const Space space = own<Space>(H5Aget_space(attribute.get()), asked);
  H5Dvlen_reclaim(memory.get(), space.get(), H5P_DEFAULT, raw.data());
  return lists;
}

void write_reference_lists(hid_t dataset, const char* name, const ReferenceLists& lists) {
  std::vector<hvl_t> raw;
  for (const auto& list : lists) {
    raw.push_back({list.size(), const_cast<hobj_ref_t*>(list.data())});
  }
  const Type type = list_type();
  const AttributeHandle attribute = create(dataset, name, type.get(), raw.size());
  check(H5Awrite(attribute.get(), type.get(), raw.data()), asked);
}

std::vector<ScaleUser> scale_users(hid_t scale) {
  if (H5Aexists(scale, users_name) <= 0) return {};
  const auto attribute = own<AttributeHandle>(H5Aopen(scale, users_name, H5P_DEFAULT), asked);
  const Type type = own<Type>(H5Aget_type(attribute.get()), asked);
  if (H5Tget_class(type.get()) != H5T_COMPOUND) refuse(users_name);
  std::vector<ScaleUser> users(count_of(attribute.get(), sizeof(ScaleUser), users_name));
  const Type memory = user_type();
  if (!users.empty()) check(H5Aread(attribute.get(), memory.get(), users.data()), asked);
  return users;
}

void add_scale_user(hid_t scale, const ScaleUser& user) {
  std::vector<ScaleUser> users = scale_users(scale);
  users.push_back(user);
  write_users(scale, users);
}

void remove_scale_user(hid_t scale, hobj_ref_t dataset) {
  std::vector<ScaleUser> users = scale_users(scale);
  const std::size_t gone =
      std::erase_if(users, [dataset](const ScaleUser& user) { return user.dataset == dataset; });
  if (gone != 0) write_users(scale, users);
}

}  // namespace furrow::hdf5
