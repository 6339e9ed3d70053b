// furrow/montecarlo/models/list.hpp
//
// The functions that make each model, one a file. models.cpp puts them into order.
#pragma once

#include <furrow/montecarlo/models/models.hpp>

namespace furrow::models {

Model european();   // european.cpp
Model digital();    // european.cpp
Model asian();      // path_options.cpp
Model barrier();    // path_options.cpp
Model lookback();   // path_options.cpp
Model basket();     // basket.cpp
Model american();   // american.cpp
Model heston();     // beyond_lognormal.cpp
Model merton();     // beyond_lognormal.cpp
Model portfolio();  // portfolio.cpp
Model pi();         // pi.cpp

}  // namespace furrow::models
