// Sobol sequences of 32 bits in up to 20 dimensions, from the direction numbers of S. Joe and F. Y. Kuo ("Constructing
// Sobol sequences with better two-dimensional projections", 2008), which cuRAND uses too.
#pragma once
#include "engines.h"

typedef unsigned int curandDirectionVectors32_t[32];
struct curandStateSobol32 {
  unsigned int i, x, c;
  unsigned int direction_vectors[32];
  void cuport_visit(cuport::Fields& f) { f("i", i), f("x", x), f("c", c), f("direction_vectors", direction_vectors); }
};
typedef curandStateSobol32 curandStateSobol32_t;

namespace cuport {
namespace rand {

constexpr int kSobolDimensions = 20;
// Primitive polynomials as bits, and the first direction numbers of each.
struct SobolSeed {
  unsigned char polynomial, first[7];
};
inline const curandDirectionVectors32_t* sobol_directions() {
  static const SobolSeed seeds[kSobolDimensions] = {
      {1, {1}},          {3, {1}},          {7, {1, 3}},        {11, {1, 3, 1}},        {13, {1, 1, 1}},
      {19, {1, 1, 3, 3}}, {25, {1, 3, 5, 13}}, {37, {1, 1, 5, 5, 17}}, {41, {1, 1, 5, 5, 5}}, {47, {1, 1, 7, 11, 19}},
      {55, {1, 1, 5, 1, 1}}, {59, {1, 1, 1, 3, 11}}, {61, {1, 3, 5, 5, 31}}, {67, {1, 3, 3, 9, 7, 49}},
      {91, {1, 1, 1, 15, 21, 21}}, {97, {1, 3, 1, 13, 27, 49}}, {103, {1, 1, 1, 15, 7, 5}}, {109, {1, 3, 1, 15, 13, 25}},
      {115, {1, 1, 5, 5, 19, 61}}, {131, {1, 3, 7, 11, 23, 15, 103}}};
  static curandDirectionVectors32_t table[kSobolDimensions];
  static bool made = false;
  if (!made) {
    for (int d = 0; d < kSobolDimensions; ++d) {
      unsigned m[32];
      int degree = 0;
      while (seeds[d].polynomial >> (degree + 1) != 0) ++degree;
      for (int k = 0; k < 32; ++k) {
        if (d == 0) {
          m[k] = 1;
        } else if (k < degree) {
          m[k] = seeds[d].first[k];
        } else {
          m[k] = m[k - degree] ^ (m[k - degree] << degree);
          for (int j = 1; j < degree; ++j) {
            if ((seeds[d].polynomial >> (degree - j) & 1) != 0) m[k] ^= m[k - j] << j;
          }
        }
        table[d][k] = m[k] << (31 - k);
      }
    }
    made = true;
  }
  return table;
}

}  // namespace rand
}  // namespace cuport

inline void skipahead(unsigned int n, curandStateSobol32* s) {
  s->x = s->c;
  s->i += n;
  const unsigned gray = s->i ^ (s->i >> 1);
  for (int k = 0; k < 32; ++k) {
    if ((gray >> k & 1u) != 0) s->x ^= s->direction_vectors[k];
  }
}
inline void curand_init(unsigned int* directions, unsigned int offset, curandStateSobol32* s) {
  for (int k = 0; k < 32; ++k) s->direction_vectors[k] = directions[k];
  s->i = 0, s->x = s->c = 0;
  skipahead(offset, s);
}
inline unsigned int curand(curandStateSobol32* s) {
  const unsigned r = s->x;
  const int k = __builtin_ctz(~s->i);
  s->x ^= s->direction_vectors[k < 32 ? k : 31];
  ++s->i;
  return r;
}
