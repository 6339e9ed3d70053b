"""Writes sobol_table.cpp: Joe and Kuo's direction numbers for 3,667 dimensions, packed.

Usage: /usr/bin/python3 make_sobol_table.py [NPZ] > sobol_table.cpp

NPZ is scipy/stats/_sobol_direction_numbers.npz of Debian's python3-scipy 1.10.1-2, which holds
the file new-joe-kuo-6.21201 as arrays (`poly`, `vinit`):
    sha256 4859931147d42ce465b8605cb277f957d98b839d03194fdf06579357906d193b
3,667 is the first dimension and one for each primitive polynomial of degree up to 15.

A polynomial of degree s, x^s + a_1 x^(s-1) + … + a_(s-1) x + 1, and its odd numbers m_k < 2^k take
(s-1) + s(s-1)/2 bits: a_1 … a_(s-1), then for k = 2 … s the k-1 upper bits of m_k, each number
with its highest bit first. The bits of all dimensions follow each other, six a character.
"""
import hashlib
import sys

import numpy

SHA256 = "4859931147d42ce465b8605cb277f957d98b839d03194fdf06579357906d193b"
DIMENSIONS = 3667
COLUMNS = 92


def bits_of(number, count):
    return [number >> bit & 1 for bit in reversed(range(count))]


def main():
    path = (sys.argv[1:] or ["/usr/lib/python3/dist-packages/scipy/stats/"
                             "_sobol_direction_numbers.npz"])[0]
    with open(path, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    if found != SHA256:
        sys.exit(f"{path} has sha256 {found}, not that of the table")
    table = numpy.load(path)
    bits, counts = [], [0] * 16
    for dimension in range(1, DIMENSIONS):
        poly, m = int(table["poly"][dimension]), table["vinit"][dimension]
        degree = poly.bit_length() - 1
        counts[degree] += 1
        bits += bits_of(poly >> 1 & (1 << degree - 1) - 1, degree - 1)
        for k in range(2, degree + 1):
            bits += bits_of(int(m[k - 1]) >> 1, k - 1)
        assert all(m[k] % 2 == 1 for k in range(degree)) and not any(m[degree:])
    bits += [0] * (-len(bits) % 6)
    # From '0' on; a backslash would begin an escape, so its place is taken by 'p'.
    text = "".join(chr(48 + int("".join(map(str, bits[at:at + 6])), 2))
                   for at in range(0, len(bits), 6)).replace("\\", "p")
    print(HEAD % (SHA256, ", ".join(map(str, counts))))
    for at in range(0, len(text), COLUMNS):
        print(f'    "{text[at:at + COLUMNS]}"' + (";" if at + COLUMNS >= len(text) else ""))
    print(TAIL)


HEAD = """// furrow/kernels/quasi/sobol_table.cpp
//
// Made by make_sobol_table.py, which says how the bits are packed, from the direction numbers
// new-joe-kuo-6.21201 of S. Joe and F. Y. Kuo ("Constructing Sobol sequences with better
// two-dimensional projections", SIAM J. Sci. Comput. 30, 2008) as Debian's python3-scipy 1.10.1-2
// has them, sha256 %s.
// This file is long because it is a table.
//
// The numbers are theirs, under this licence:
//
// Copyright (c) 2008, Frances Y. Kuo and Stephen Joe. All rights reserved.
//
// Redistribution and use in source and binary forms, with or without modification, are permitted
// provided that the following conditions are met:
//
//   * Redistributions of source code must retain the above copyright notice, this list of
//     conditions and the following disclaimer.
//   * Redistributions in binary form must reproduce the above copyright notice, this list of
//     conditions and the following disclaimer in the documentation and/or other materials provided
//     with the distribution.
//   * Neither the names of the copyright holders nor the names of the University of New South Wales
//     and the University of Waikato and its contributors may be used to endorse or promote products
//     derived from this software without specific prior written permission.
//
// THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
// INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A
// PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDERS BE LIABLE FOR ANY
// DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT
// LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR
// BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT
// LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
// SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
#include <furrow/kernels/quasi/sobol.hpp>

namespace furrow::kernels::detail {

// clang-format off
const std::uint16_t sobol_polynomials[16] = {
    %s};
const char sobol_table[] ="""
TAIL = """// clang-format on

}  // namespace furrow::kernels::detail"""

if __name__ == "__main__":
    main()
