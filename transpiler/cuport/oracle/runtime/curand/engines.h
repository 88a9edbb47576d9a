// cuRAND's device generators: states, seeding, skipping ahead, and the 32-bit numbers they give.
//
// Equal bit for bit to NVIDIA's, as far as that is published:
// - XORWOW: Marsaglia's recurrence ("Xorshift RNGs", 2003) with cuRAND's scrambling of the seed; subsequences are 2^67
//   numbers apart, reached by powers of the recurrence's matrix over GF(2).
// - Philox4_32_10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011); the seed is the key, a
//   subsequence the upper half of the counter.
// - MRG32k3a: L'Ecuyer, "Good parameters and implementations for combined multiple recursive random number generators"
//   (1999); subsequences are 2^76 numbers apart, sequences 2^127.
#pragma once
#include "../cuport/cases/fields.h"
#include "../cuport/numbers/vectors.h"

struct curandStateXORWOW {
  unsigned int d, v[5];
  int boxmuller_flag, boxmuller_flag_double;
  float boxmuller_extra;
  double boxmuller_extra_double;
  void cuport_visit(cuport::Fields& f) {
    f("d", d), f("v", v), f("boxmuller_flag", boxmuller_flag), f("boxmuller_flag_double", boxmuller_flag_double);
    f("boxmuller_extra", boxmuller_extra), f("boxmuller_extra_double", boxmuller_extra_double);
  }
};
struct curandStatePhilox4_32_10 {
  uint4 ctr, output;
  uint2 key;
  unsigned int STATE;
  int boxmuller_flag, boxmuller_flag_double;
  float boxmuller_extra;
  double boxmuller_extra_double;
  void cuport_visit(cuport::Fields& f) {
    f("ctr", ctr), f("output", output), f("key", key), f("STATE", STATE), f("boxmuller_flag", boxmuller_flag);
    f("boxmuller_flag_double", boxmuller_flag_double), f("boxmuller_extra", boxmuller_extra);
    f("boxmuller_extra_double", boxmuller_extra_double);
  }
};
struct curandStateMRG32k3a {
  unsigned int s1[3], s2[3];
  int boxmuller_flag, boxmuller_flag_double;
  float boxmuller_extra;
  double boxmuller_extra_double;
  void cuport_visit(cuport::Fields& f) {
    f("s1", s1), f("s2", s2), f("boxmuller_flag", boxmuller_flag), f("boxmuller_flag_double", boxmuller_flag_double);
    f("boxmuller_extra", boxmuller_extra), f("boxmuller_extra_double", boxmuller_extra_double);
  }
};
typedef curandStateXORWOW curandStateXORWOW_t, curandState_t, curandState;
typedef curandStatePhilox4_32_10 curandStatePhilox4_32_10_t;
typedef curandStateMRG32k3a curandStateMRG32k3a_t;

namespace cuport {
namespace rand {

template <class State>
CUPORT_QUIET inline void forget_pairs(State* s) {
  s->boxmuller_flag = s->boxmuller_flag_double = 0;
  s->boxmuller_extra = 0, s->boxmuller_extra_double = 0;
}

// --- XORWOW ---
CUPORT_QUIET inline void xorwow_step(unsigned* v) {
  const unsigned t = v[0] ^ (v[0] >> 2);
  v[0] = v[1], v[1] = v[2], v[2] = v[3], v[3] = v[4];
  v[4] = (v[4] ^ (v[4] << 4)) ^ (t ^ (t << 1));
}
// A linear map of 160 bits: the images of the unit vectors.
struct XorwowMap {
  unsigned column[160][5];
  CUPORT_QUIET void apply(const unsigned* from, unsigned* to) const {
    unsigned r[5] = {};
    for (int word = 0; word < 5; ++word) {
      for (unsigned rest = from[word]; rest != 0; rest &= rest - 1) {
        const unsigned* c = column[word * 32 + __builtin_ctz(rest)];
        for (int i = 0; i < 5; ++i) r[i] ^= c[i];
      }
    }
    for (int i = 0; i < 5; ++i) to[i] = r[i];
  }
};
// powers[k]: 2^k steps at once.
struct XorwowPowers {
  static constexpr int kCount = 67 + 64;
  XorwowMap powers[kCount];
  CUPORT_QUIET XorwowPowers() {
    for (int bit = 0; bit < 160; ++bit) {
      unsigned* c = powers[0].column[bit];
      for (int i = 0; i < 5; ++i) c[i] = i == bit / 32 ? 1u << (bit % 32) : 0;
      xorwow_step(c);
    }
    for (int k = 1; k < kCount; ++k) {
      for (int bit = 0; bit < 160; ++bit) powers[k - 1].apply(powers[k - 1].column[bit], powers[k].column[bit]);
    }
  }
};
// n * 2^first steps.
CUPORT_QUIET inline void xorwow_skip(unsigned long long n, int first, unsigned* v) {
  static const XorwowPowers* const all = new XorwowPowers;
  for (; n != 0; n >>= 1, ++first) {
    if ((n & 1) != 0) all->powers[first].apply(v, v);
  }
}
// n subsequences ahead. Threads mostly ask for one more than the thread before: a single step from where that one came.
struct XorwowPlace {
  unsigned from[5], to[5];
  unsigned long long n;
};
inline __thread XorwowPlace xorwow_last = {};
CUPORT_QUIET inline void xorwow_subsequence(unsigned long long n, unsigned* v) {
  XorwowPlace& last = xorwow_last;
  const bool next = n == last.n + 1 && memcmp(last.from, v, sizeof last.from) == 0;
  if (!next) memcpy(last.from, v, sizeof last.from);
  else memcpy(v, last.to, sizeof last.to);
  xorwow_skip(next ? 1 : n, 67, v);
  memcpy(last.to, v, sizeof last.to);
  last.n = n;
}

// --- Philox ---
CUPORT_QUIET inline uint4 philox(uint4 c, uint2 key) {
  for (int round = 0; round < 10; ++round) {
    const unsigned long long a = 0xD2511F53ull * c.x, b = 0xCD9E8D57ull * c.z;
    c = uint4{static_cast<unsigned>(b >> 32) ^ c.y ^ key.x, static_cast<unsigned>(b),
              static_cast<unsigned>(a >> 32) ^ c.w ^ key.y, static_cast<unsigned>(a)};
    key.x += 0x9E3779B9u, key.y += 0xBB67AE85u;
  }
  return c;
}
CUPORT_QUIET inline void philox_count(uint4& c, unsigned long long n) {
  const unsigned long long low = (static_cast<unsigned long long>(c.y) << 32 | c.x), sum = low + n;
  c.x = static_cast<unsigned>(sum), c.y = static_cast<unsigned>(sum >> 32);
  if (sum < low && ++c.z == 0) ++c.w;
}
CUPORT_QUIET inline unsigned philox_word(const uint4& c, unsigned i) { return i == 0 ? c.x : i == 1 ? c.y : i == 2 ? c.z : c.w; }

// --- MRG32k3a ---
constexpr unsigned long long kMod1 = 4294967087u, kMod2 = 4294944443u;
struct MrgMap {
  unsigned long long a[3][3];
};
CUPORT_QUIET inline MrgMap mrg_multiply(const MrgMap& x, const MrgMap& y, unsigned long long mod) {
  MrgMap r;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      unsigned long long sum = 0;
      for (int k = 0; k < 3; ++k) sum = (sum + x.a[i][k] * y.a[k][j] % mod) % mod;
      r.a[i][j] = sum;
    }
  }
  return r;
}
// n * 2^first steps of one of the two recurrences.
CUPORT_QUIET inline void mrg_skip(unsigned long long n, int first, MrgMap step, unsigned long long mod, unsigned* s) {
  if (n == 0) return;
  for (; first > 0; --first) step = mrg_multiply(step, step, mod);
  for (; n != 0; n >>= 1, step = mrg_multiply(step, step, mod)) {
    if ((n & 1) == 0) continue;
    unsigned long long r[3];
    for (int i = 0; i < 3; ++i) {
      r[i] = 0;
      for (int k = 0; k < 3; ++k) r[i] = (r[i] + step.a[i][k] * s[k] % mod) % mod;
    }
    for (int i = 0; i < 3; ++i) s[i] = static_cast<unsigned>(r[i]);
  }
}
CUPORT_QUIET inline void mrg_skip(unsigned long long n, int first, curandStateMRG32k3a* s) {
  mrg_skip(n, first, MrgMap{{{0, 1, 0}, {0, 0, 1}, {kMod1 - 810728, 1403580, 0}}}, kMod1, s->s1);
  mrg_skip(n, first, MrgMap{{{0, 1, 0}, {0, 0, 1}, {kMod2 - 1370589, 0, 527612}}}, kMod2, s->s2);
}
// 1 ... kMod1
CUPORT_QUIET inline unsigned long long mrg_next(curandStateMRG32k3a* s) {
  const unsigned long long p1 = (1403580ull * s->s1[1] + (kMod1 - 810728) * s->s1[0] % kMod1) % kMod1;
  const unsigned long long p2 = (527612ull * s->s2[2] + (kMod2 - 1370589) * s->s2[0] % kMod2) % kMod2;
  s->s1[0] = s->s1[1], s->s1[1] = s->s1[2], s->s1[2] = static_cast<unsigned>(p1);
  s->s2[0] = s->s2[1], s->s2[1] = s->s2[2], s->s2[2] = static_cast<unsigned>(p2);
  return p1 <= p2 ? p1 + kMod1 - p2 : p1 - p2;
}

}  // namespace rand
}  // namespace cuport

inline void skipahead(unsigned long long n, curandStateXORWOW* s) {
  cuport::rand::xorwow_skip(n, 0, s->v);
  s->d += 362437u * static_cast<unsigned>(n);
}
inline void skipahead_sequence(unsigned long long n, curandStateXORWOW* s) { cuport::rand::xorwow_subsequence(n, s->v); }
inline void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset, curandStateXORWOW* s) {
  const unsigned low = 1099087573u * (static_cast<unsigned>(seed) ^ 0xAAD26B49u);
  const unsigned high = 2591861531u * (static_cast<unsigned>(seed >> 32) ^ 0xF7DCEFDDu);
  s->d = 6615241u + high + low;
  s->v[0] = 123456789u + low, s->v[1] = 362436069u ^ low, s->v[2] = 521288629u + high;
  s->v[3] = 88675123u ^ high, s->v[4] = 5783321u + low;
  skipahead_sequence(subsequence, s);
  skipahead(offset, s);
  cuport::rand::forget_pairs(s);
}
inline unsigned int curand(curandStateXORWOW* s) {
  cuport::rand::xorwow_step(s->v);
  s->d += 362437u;
  return s->v[4] + s->d;
}

inline void skipahead(unsigned long long n, curandStatePhilox4_32_10* s) {
  s->STATE += static_cast<unsigned>(n & 3);
  n /= 4;
  if (s->STATE > 3) ++n, s->STATE -= 4;
  cuport::rand::philox_count(s->ctr, n);
  s->output = cuport::rand::philox(s->ctr, s->key);
}
inline void skipahead_sequence(unsigned long long n, curandStatePhilox4_32_10* s) {
  const unsigned long long high = (static_cast<unsigned long long>(s->ctr.w) << 32 | s->ctr.z) + n;
  s->ctr.z = static_cast<unsigned>(high), s->ctr.w = static_cast<unsigned>(high >> 32);
  s->output = cuport::rand::philox(s->ctr, s->key);
}
inline void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                        curandStatePhilox4_32_10* s) {
  s->ctr = uint4{0, 0, 0, 0};
  s->key = uint2{static_cast<unsigned>(seed), static_cast<unsigned>(seed >> 32)};
  s->STATE = 0;
  skipahead_sequence(subsequence, s);
  skipahead(offset, s);
  cuport::rand::forget_pairs(s);
}
inline unsigned int curand(curandStatePhilox4_32_10* s) {
  const unsigned r = cuport::rand::philox_word(s->output, s->STATE++);
  if (s->STATE == 4) {
    cuport::rand::philox_count(s->ctr, 1);
    s->output = cuport::rand::philox(s->ctr, s->key);
    s->STATE = 0;
  }
  return r;
}
inline uint4 curand4(curandStatePhilox4_32_10* s) {
  uint4 r;
  r.x = curand(s), r.y = curand(s), r.z = curand(s), r.w = curand(s);
  return r;
}

inline void skipahead(unsigned long long n, curandStateMRG32k3a* s) { cuport::rand::mrg_skip(n, 0, s); }
inline void skipahead_subsequence(unsigned long long n, curandStateMRG32k3a* s) { cuport::rand::mrg_skip(n, 76, s); }
inline void skipahead_sequence(unsigned long long n, curandStateMRG32k3a* s) { cuport::rand::mrg_skip(n, 127, s); }
inline void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset, curandStateMRG32k3a* s) {
  using namespace cuport::rand;
  for (int i = 0; i < 3; ++i) s->s1[i] = s->s2[i] = 12345;
  if (seed != 0) {
    const unsigned long long a = static_cast<unsigned>(seed) ^ 0x55555555u, b = static_cast<unsigned>(seed >> 32) ^ 0xAAAAAAAAu;
    for (int i = 0; i < 3; ++i) {
      s->s1[i] = static_cast<unsigned>((i == 1 ? b : a) * 12345 % kMod1);
      s->s2[i] = static_cast<unsigned>((i == 1 ? a : b) * 12345 % kMod2);
    }
  }
  skipahead_subsequence(subsequence, s);
  skipahead(offset, s);
  forget_pairs(s);
}
inline unsigned int curand(curandStateMRG32k3a* s) {
  return static_cast<unsigned>(static_cast<double>(cuport::rand::mrg_next(s)) * 1.000000048662);
}
