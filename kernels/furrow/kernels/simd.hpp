// furrow/kernels/simd.hpp
//
// Which SIMD targets are compiled. Include it before any header of Highway, in every file that
// includes one: all tables of the library must agree on the list.
//
// x86   AVX3 (AVX-512 F, BW, DQ, VL), AVX2 with FMA, SSE4 (no FMA: bits of its own), fallback
// Arm   NEON
// else  Highway's fallback (SCALAR with g++ before 12.3, EMU128 otherwise)
//
// SSSE3, AVX3_DL and SVE would only add compile time: SSSE3 lacks a few integer instructions,
// AVX3_DL none that we use, and SVE's registers cannot be members or array elements.
#pragma once

#ifdef HIGHWAY_HWY_DETECT_TARGETS_H_
#error "include furrow/kernels/simd.hpp before Highway"
#endif

#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#endif
