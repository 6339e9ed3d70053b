// furrow/montecarlo/models/ising_exact.hpp
//
// What is known of the Ising model on a square lattice, J = k = 1.
//
// Torus     the energy for each site of a lattice of n × n sites with periodic edges, for every n:
//           Kaufman's sum of four products, differentiated
// Infinite  Onsager's energy, Yang's magnetisation, and the correlation length
// Error     of the torus' energy: 1e-11 of it, for n to 8192 and temperatures from 0.1 to 100, as
//           the model has them. Hotter, digits cancel (2e-9 at 1e4); far colder it is NaN
// Source    Kaufman, Phys. Rev. 76 (1949) 1232; Ferdinand, Fisher, Phys. Rev. 185 (1969) 832;
//           Onsager, Phys. Rev. 65 (1944) 117; Yang, Phys. Rev. 85 (1952) 808
#pragma once

#include <cstdint>

namespace furrow::models {

double ising_torus_energy(std::int64_t size, double temperature);
double ising_infinite_energy(double temperature);
/// Below the critical temperature.
double ising_infinite_magnetisation(double temperature);
double ising_correlation_length(double temperature);
double ising_critical_temperature();

}  // namespace furrow::models
