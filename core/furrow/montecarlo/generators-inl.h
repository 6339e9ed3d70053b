// furrow/montecarlo/generators-inl.h
//
// All that is compiled for each target: a program can include this only once in each of its files.
#include <furrow/montecarlo/design-inl.h>
#include <furrow/montecarlo/path-inl.h>
#include <furrow/montecarlo/quasi-inl.h>
