// furrow/montecarlo/models/list.hpp
//
// The functions that make each model, one a file. models.cpp puts them into order.
#pragma once

#include <furrow/montecarlo/models/models.hpp>

namespace furrow::models {

Model european();       // european.cpp
Model digital();        // european.cpp
Model asian();          // path_options.cpp
Model barrier();        // path_options.cpp
Model lookback();       // path_options.cpp
Model basket();         // basket.cpp
Model american();       // american.cpp
Model heston();         // beyond_lognormal.cpp
Model merton();         // beyond_lognormal.cpp
Model portfolio();      // portfolio.cpp
Model pi();             // pi.cpp
Model integral();       // genz.cpp
Model buffon();         // buffon.cpp
Model random_walk();    // random_walk.cpp
Model first_passage();  // random_walk.cpp
Model gambler();        // gambler.cpp
Model hitting();        // hitting.cpp
Model slab();           // slab.cpp
Model percolation();    // percolation.cpp
Model ising();          // ising.cpp
Model bootstrap();      // bootstrap.cpp

}  // namespace furrow::models
