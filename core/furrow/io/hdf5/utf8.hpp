// furrow/io/hdf5/utf8.hpp
//
// Texts of files that were written elsewhere, as UTF-8.
//
// Why       HDF5 knows ASCII and UTF-8 only, and checks neither: what older programs write as
//           "ASCII" is often Latin-1, with its µ, ° and é
// Rule      UTF-8 stays as it is. A text that is no UTF-8 is taken for Latin-1, byte by byte; bytes
//           80 to 9F, which are no characters there, for those of windows-1252 (€, –, …)
// Cut       a text of fixed length whose last character did not fit loses the rest of it, where
//           it says that it is UTF-8, or holds other characters that are
// Source    WHATWG Encoding Standard, 4.2 and "index windows-1252": the label latin1 is decoded so
#pragma once

#include <string>

namespace furrow::hdf5 {

/// `said`: the file says that it is UTF-8.
std::string as_utf8(std::string text, bool said);

}  // namespace furrow::hdf5
