#include <furrow/io/hdf5/type.hpp>

#include <cstddef>

namespace furrow::hdf5 {
namespace {

const char* const making = "cannot make an HDF5 type";

/// Where the parts of an IEEE float lie, in bits.
struct FloatLayout {
  std::size_t sign, exponent, exponent_bits, mantissa_bits, bias;
};
constexpr FloatLayout f16_layout{15, 10, 5, 10, 15};
constexpr FloatLayout bf16_layout{15, 7, 8, 7, 127};
constexpr FloatLayout f32_layout{31, 23, 8, 23, 127};
constexpr FloatLayout f64_layout{63, 52, 11, 52, 1023};

bool has_layout(hid_t type, const FloatLayout& wanted) {
  std::size_t sign = 0;
  std::size_t exponent = 0;
  std::size_t exponent_bits = 0;
  std::size_t mantissa = 1;
  std::size_t mantissa_bits = 0;
  if (H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0) {
    return false;
  }
  const H5T_order_t order = H5Tget_order(type);
  return sign == wanted.sign && exponent == wanted.exponent &&
         exponent_bits == wanted.exponent_bits && mantissa == 0 &&
         mantissa_bits == wanted.mantissa_bits && H5Tget_ebias(type) == wanted.bias &&
         H5Tget_norm(type) == H5T_NORM_IMPLIED && H5Tget_offset(type) == 0 &&
         (order == H5T_ORDER_LE || order == H5T_ORDER_BE);
}

Dtype dtype_of_float(hid_t type) {
  switch (H5Tget_size(type)) {
    case 2: return has_layout(type, f16_layout) ? Dtype::f16 : Dtype::none;
    case 4: return has_layout(type, f32_layout) ? Dtype::f32 : Dtype::none;
    case 8: return has_layout(type, f64_layout) ? Dtype::f64 : Dtype::none;
    default: return Dtype::none;
  }
}

Dtype dtype_of_integer(hid_t type) {
  const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  switch (H5Tget_size(type)) {
    case 1: return is_signed ? Dtype::i8 : Dtype::u8;
    case 2: return is_signed ? Dtype::i16 : Dtype::u16;
    case 4: return is_signed ? Dtype::i32 : Dtype::u32;
    case 8: return is_signed ? Dtype::i64 : Dtype::u64;
    default: return Dtype::none;
  }
}

std::string member_name(hid_t type, unsigned member) {
  char* name = H5Tget_member_name(type, member);
  std::string result = name == nullptr ? "" : name;
  H5free_memory(name);
  return result;
}

bool is_bool(hid_t type) {
  if (H5Tget_size(type) != 1 || H5Tget_nmembers(type) != 2) return false;
  for (unsigned member = 0; member < 2; ++member) {
    unsigned char value = 255;
    if (H5Tget_member_value(type, member, &value) < 0 || value > 1) return false;
    if (member_name(type, member) != (value == 1 ? "TRUE" : "FALSE")) return false;
  }
  return true;
}

Dtype dtype_of_compound(hid_t type) {
  if (H5Tget_nmembers(type) != 2) return Dtype::none;
  Dtype parts[2] = {Dtype::none, Dtype::none};
  for (unsigned member = 0; member < 2; ++member) {
    const Type part(H5Tget_member_type(type, member));
    if (part.valid() && H5Tget_class(part.get()) == H5T_FLOAT) {
      parts[member] = dtype_of_float(part.get());
    }
  }
  if (parts[0] != parts[1]) return Dtype::none;
  if (parts[0] == Dtype::f32) return Dtype::c64;
  return parts[0] == Dtype::f64 ? Dtype::c128 : Dtype::none;
}

Type complex_type(hid_t part, const std::string& real, const std::string& imaginary) {
  const std::size_t bytes = H5Tget_size(part);
  Type type = own<Type>(H5Tcreate(H5T_COMPOUND, 2 * bytes), making);
  check(H5Tinsert(type.get(), real.c_str(), 0, part), making);
  check(H5Tinsert(type.get(), imaginary.c_str(), bytes, part), making);
  return type;
}

Type f16_type(hid_t order_of) {
  Type type = own<Type>(H5Tcopy(order_of), making);
  const FloatLayout& f = f16_layout;
  // The fields first: the library refuses a size that would cut the old ones off.
  check(H5Tset_fields(type.get(), f.sign, f.exponent, f.exponent_bits, 0, f.mantissa_bits), making);
  check(H5Tset_size(type.get(), 2), making);
  check(H5Tset_ebias(type.get(), f.bias), making);
  return type;
}

Type bool_type() {
  Type type = own<Type>(H5Tenum_create(H5T_STD_I8LE), making);
  for (const signed char value : {0, 1}) {
    check(H5Tenum_insert(type.get(), value == 1 ? "TRUE" : "FALSE", &value), making);
  }
  return type;
}

std::string describe_members(hid_t type) {
  std::string names;
  const int count = H5Tget_nmembers(type);
  for (int member = 0; member < count && member < 4; ++member) {
    names += (member == 0 ? "" : ", ") + member_name(type, static_cast<unsigned>(member));
  }
  return names + (count > 4 ? ", …" : "");
}

}  // namespace

Dtype dtype_of_type(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER: return dtype_of_integer(type);
    case H5T_FLOAT: return dtype_of_float(type);
    case H5T_ENUM: return is_bool(type) ? Dtype::bool_ : Dtype::none;
    case H5T_COMPOUND: return dtype_of_compound(type);
    default: return Dtype::none;
  }
}

bool is_bfloat16(hid_t type) {
  return H5Tget_class(type) == H5T_FLOAT && H5Tget_size(type) == 2 &&
         H5Tget_precision(type) == 16 && has_layout(type, bf16_layout);
}

Type memory_type_of(hid_t file_type, Dtype dtype) {
  if (dtype == Dtype::bool_) return own<Type>(H5Tcopy(file_type), making);
  if (is_complex(dtype)) {
    const hid_t part = dtype == Dtype::c64 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    return complex_type(part, member_name(file_type, 0), member_name(file_type, 1));
  }
  return native_type(dtype);
}

Type native_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::bool_: return bool_type();
    case Dtype::i8: return own<Type>(H5Tcopy(H5T_NATIVE_INT8), making);
    case Dtype::i16: return own<Type>(H5Tcopy(H5T_NATIVE_INT16), making);
    case Dtype::i32: return own<Type>(H5Tcopy(H5T_NATIVE_INT32), making);
    case Dtype::i64: return own<Type>(H5Tcopy(H5T_NATIVE_INT64), making);
    case Dtype::u8: return own<Type>(H5Tcopy(H5T_NATIVE_UINT8), making);
    case Dtype::u16: return own<Type>(H5Tcopy(H5T_NATIVE_UINT16), making);
    case Dtype::u32: return own<Type>(H5Tcopy(H5T_NATIVE_UINT32), making);
    case Dtype::u64: return own<Type>(H5Tcopy(H5T_NATIVE_UINT64), making);
    case Dtype::f16: return f16_type(H5T_NATIVE_FLOAT);
    case Dtype::f32: return own<Type>(H5Tcopy(H5T_NATIVE_FLOAT), making);
    case Dtype::c64: return complex_type(H5T_NATIVE_FLOAT, "r", "i");
    case Dtype::c128: return complex_type(H5T_NATIVE_DOUBLE, "r", "i");
    case Dtype::f64:
    case Dtype::none: break;
  }
  return own<Type>(H5Tcopy(H5T_NATIVE_DOUBLE), making);
}

Type stored_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::f16: return f16_type(H5T_IEEE_F32LE);
    case Dtype::bool_: return bool_type();
    case Dtype::c64: return complex_type(H5T_IEEE_F32LE, "r", "i");
    case Dtype::c128: return complex_type(H5T_IEEE_F64LE, "r", "i");
    default: break;
  }
  Type type = native_type(dtype);
  check(H5Tset_order(type.get(), H5T_ORDER_LE), making);
  return type;
}

Type text_type() {
  Type type = own<Type>(H5Tcopy(H5T_C_S1), making);
  check(H5Tset_size(type.get(), H5T_VARIABLE), making);
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), making);
  return type;
}

Type fixed_text_type(std::size_t bytes) {
  Type type = own<Type>(H5Tcopy(H5T_C_S1), making);
  check(H5Tset_size(type.get(), bytes), making);
  check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD), making);
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), making);
  return type;
}

std::string describe_type(hid_t type) {
  const std::string bits = std::to_string(8 * H5Tget_size(type)) + "-bit";
  switch (H5Tget_class(type)) {
    case H5T_INTEGER: return bits + " integers";
    case H5T_FLOAT:
      if (is_bfloat16(type)) return "bfloat16";
      return bits + " floats of a layout that is not IEEE 754's";
    case H5T_STRING:
      return H5Tis_variable_str(type) > 0
                 ? "strings of variable length"
                 : "strings of " + std::to_string(H5Tget_size(type)) + " bytes";
    case H5T_COMPOUND: return "a compound of " + describe_members(type);
    case H5T_ENUM: return "an enumeration of " + describe_members(type);
    case H5T_VLEN: return "lists of variable length";
    case H5T_ARRAY: return "elements that are arrays themselves";
    case H5T_REFERENCE: return "references";
    case H5T_OPAQUE: return "opaque bytes";
    case H5T_BITFIELD: return bits + " bit fields";
    case H5T_TIME: return "times";
    default: return "a type of unknown class";
  }
}

}  // namespace furrow::hdf5
