// Sobol sequences of 32 and 64 bits in up to 20 dimensions, from the direction numbers of S. Joe and F. Y. Kuo ("Constructing
// Sobol sequences with better two-dimensional projections", 2008), which cuRAND uses too.
#pragma once
#include "distributions.h"

typedef unsigned int curandDirectionVectors32_t[32];
struct curandStateSobol32 {
  unsigned int i, x, c;
  unsigned int direction_vectors[32];
  void cuport_visit(cuport::Fields& f) { f("i", i), f("x", x), f("c", c), f("direction_vectors", direction_vectors); }
};
typedef curandStateSobol32 curandStateSobol32_t;

typedef unsigned long long curandDirectionVectors64_t[64];
struct curandStateSobol64 {
  unsigned long long i, x, c;
  unsigned long long direction_vectors[64];
  void cuport_visit(cuport::Fields& f) { f("i", i), f("x", x), f("c", c), f("direction_vectors", direction_vectors); }
};
typedef curandStateSobol64 curandStateSobol64_t;

namespace cuport {
namespace rand {

constexpr int kSobolDimensions = 20;
// Primitive polynomials as bits, and the first direction numbers of each.
struct SobolSeed {
  unsigned char polynomial, first[7];
};
// `Word` has 32 or 64 bits; the first bits are the same in both.
template <class Word>
inline const Word (*sobol_table())[sizeof(Word) * 8] {
  constexpr int bits = static_cast<int>(sizeof(Word)) * 8;
  static const SobolSeed seeds[kSobolDimensions] = {
      {1, {1}},          {3, {1}},          {7, {1, 3}},        {11, {1, 3, 1}},        {13, {1, 1, 1}},
      {19, {1, 1, 3, 3}}, {25, {1, 3, 5, 13}}, {37, {1, 1, 5, 5, 17}}, {41, {1, 1, 5, 5, 5}}, {47, {1, 1, 7, 11, 19}},
      {55, {1, 1, 5, 1, 1}}, {59, {1, 1, 1, 3, 11}}, {61, {1, 3, 5, 5, 31}}, {67, {1, 3, 3, 9, 7, 49}},
      {91, {1, 1, 1, 15, 21, 21}}, {97, {1, 3, 1, 13, 27, 49}}, {103, {1, 1, 1, 15, 7, 5}}, {109, {1, 3, 1, 15, 13, 25}},
      {115, {1, 1, 5, 5, 19, 61}}, {131, {1, 3, 7, 11, 23, 15, 103}}};
  static Word table[kSobolDimensions][bits];
  static bool made = false;
  if (!made) {
    for (int d = 0; d < kSobolDimensions; ++d) {
      Word m[bits];
      int degree = 0;
      while (seeds[d].polynomial >> (degree + 1) != 0) ++degree;
      for (int k = 0; k < bits; ++k) {
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
        table[d][k] = m[k] << (bits - 1 - k);
      }
    }
    made = true;
  }
  return table;
}

inline const curandDirectionVectors32_t* sobol_directions() { return sobol_table<unsigned>(); }

template <class State>
CUPORT_QUIET inline void sobol_skip(unsigned long long n, State* s) {
  using Word = decltype(s->x);
  s->x = s->c;
  s->i += static_cast<Word>(n);
  const Word gray = s->i ^ (s->i >> 1);
  for (unsigned k = 0; k < sizeof(Word) * 8; ++k) {
    if ((gray >> k & 1u) != 0) s->x ^= s->direction_vectors[k];
  }
}
template <class State>
CUPORT_QUIET inline auto sobol_next(State* s) {
  constexpr int bits = static_cast<int>(sizeof(s->x)) * 8;
  const auto r = s->x;
  const int k = ~s->i == 0 ? bits - 1 : __builtin_ctzll(~s->i);
  s->x ^= s->direction_vectors[k];
  ++s->i;
  return r;
}
template <class Word, class State>
inline void sobol_begin(const Word* directions, Word scramble, unsigned long long offset, State* s) {
  for (unsigned k = 0; k < sizeof(Word) * 8; ++k) s->direction_vectors[k] = directions[k];
  s->i = 0, s->x = s->c = scramble;
  sobol_skip(offset, s);
}
CUPORT_QUIET inline double unit_double(unsigned long long x) { return static_cast<double>(x >> 11) * 0x1p-53 + 0x1p-54; }

}  // namespace rand
}  // namespace cuport

inline void skipahead(unsigned int n, curandStateSobol32* s) { cuport::rand::sobol_skip(n, s); }
inline void skipahead(unsigned long long n, curandStateSobol64* s) { cuport::rand::sobol_skip(n, s); }
inline void curand_init(unsigned int* directions, unsigned int offset, curandStateSobol32* s) {
  cuport::rand::sobol_begin(directions, 0u, offset, s);
}
inline void curand_init(unsigned long long* directions, unsigned long long offset, curandStateSobol64* s) {
  cuport::rand::sobol_begin(directions, 0ull, offset, s);
}
inline unsigned int curand(curandStateSobol32* s) { return cuport::rand::sobol_next(s); }
inline unsigned long long curand(curandStateSobol64* s) { return cuport::rand::sobol_next(s); }

// One number of the sequence for each: normal ones by the inverse of the distribution.
inline float curand_uniform(curandStateSobol64* s) { return cuport::rand::unit(static_cast<unsigned>(curand(s) >> 32)); }
inline double curand_uniform_double(curandStateSobol32* s) { return cuport::rand::unit_double(curand(s)); }
inline double curand_uniform_double(curandStateSobol64* s) { return cuport::rand::unit_double(curand(s)); }
inline float curand_normal(curandStateSobol32* s) { return static_cast<float>(normcdfinv(curand_uniform_double(s))); }
inline float curand_normal(curandStateSobol64* s) { return static_cast<float>(normcdfinv(curand_uniform_double(s))); }
inline double curand_normal_double(curandStateSobol32* s) { return normcdfinv(curand_uniform_double(s)); }
inline double curand_normal_double(curandStateSobol64* s) { return normcdfinv(curand_uniform_double(s)); }
inline float curand_log_normal(curandStateSobol32* s, float mean, float stddev) { return expf(mean + stddev * curand_normal(s)); }
inline float curand_log_normal(curandStateSobol64* s, float mean, float stddev) { return expf(mean + stddev * curand_normal(s)); }
