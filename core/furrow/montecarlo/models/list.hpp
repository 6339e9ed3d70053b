// furrow/montecarlo/models/list.hpp
//
// The functions that make each model, one a file. models.cpp puts them into order.
#pragma once

#include <furrow/montecarlo/models/models.hpp>

namespace furrow::models {

Model pi();  // pi.cpp

}  // namespace furrow::models
