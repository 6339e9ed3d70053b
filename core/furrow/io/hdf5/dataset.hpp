// furrow/io/hdf5/dataset.hpp
//
// Datasets of a file that is being changed: found or made, and what they look like.
//
// Links    soft ones are followed, those into other files are refused: only one file is replaced
#pragma once

#include <optional>
#include <string>

#include <furrow/io/hdf5/chunks.hpp>
#include <furrow/io/hdf5/handle.hpp>
#include <furrow/io/hdf5/request.hpp>
#include <furrow/io/hdf5/scales.hpp>

namespace furrow::hdf5 {

/// True when there is a dataset of the request's name (to be replaced, or appended to). Throws when
/// it cannot go there: AlreadyExists, NotFound, InvalidArgument.
bool is_taken(hid_t file, const WriteRequest& request);

/// Lets the dataset of that name go, when there is one. Throws as is_taken.
std::optional<Predecessor> take_name(hid_t file, const WriteRequest& request);

Dataset create_dataset(hid_t file, const WriteRequest& request);

/// Throws NotFound, TypeMismatch, ShapeMismatch, InvalidArgument.
Dataset open_dataset(hid_t file, const WriteRequest& request);

/// `type` becomes that of its elements in memory.
Target describe_target(hid_t dataset, const std::string& name, Type& type);

}  // namespace furrow::hdf5
