// The generators behind cuRAND's host interface (curand.h, which has the enumerations).
#pragma once
#include "distributions.h"
#include "sobol.h"

namespace cuport {
namespace rand {

// MT19937 as Matsumoto and Nishimura published it (1998, initialisation of 2002).
struct Twister {
  unsigned s[624];
  int at;
  void seed(unsigned v) {
    s[0] = v;
    for (int i = 1; i < 624; ++i) s[i] = 1812433253u * (s[i - 1] ^ (s[i - 1] >> 30)) + static_cast<unsigned>(i);
    at = 624;
  }
  unsigned next() {
    if (at == 624) {
      for (int i = 0; i < 624; ++i) {
        const unsigned y = (s[i] & 0x80000000u) | (s[(i + 1) % 624] & 0x7FFFFFFFu);
        s[i] = s[(i + 397) % 624] ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908B0DFu : 0);
      }
      at = 0;
    }
    unsigned y = s[at++];
    y ^= y >> 11, y ^= (y << 7) & 0x9D2C5680u, y ^= (y << 15) & 0xEFC60000u;
    return y ^ (y >> 18);
  }
};

class Generator {
 public:
  explicit Generator(curandRngType type) : type_(type) {
    if (type == CURAND_RNG_PSEUDO_DEFAULT) type_ = CURAND_RNG_PSEUDO_XORWOW;
    if (type == CURAND_RNG_QUASI_DEFAULT) type_ = CURAND_RNG_QUASI_SOBOL32;
    if (type == CURAND_RNG_PSEUDO_MTGP32) type_ = CURAND_RNG_PSEUDO_MT19937;
    restart(type_ == CURAND_RNG_PSEUDO_MT19937 ? 5489 : 0, 0);
  }
  ~Generator() { free(streams_); }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  static bool knows(curandRngType t) {
    return t == CURAND_RNG_PSEUDO_DEFAULT || t == CURAND_RNG_PSEUDO_XORWOW || t == CURAND_RNG_PSEUDO_MRG32K3A ||
           t == CURAND_RNG_PSEUDO_MTGP32 || t == CURAND_RNG_PSEUDO_MT19937 || t == CURAND_RNG_PSEUDO_PHILOX4_32_10 ||
           t == CURAND_RNG_QUASI_DEFAULT || t == CURAND_RNG_QUASI_SOBOL32;
  }
  bool quasi() const { return type_ == CURAND_RNG_QUASI_SOBOL32; }
  unsigned long long seed() const { return seed_; }
  unsigned long long offset() const { return offset_; }
  unsigned dimensions() const { return dimensions_; }
  bool set_dimensions(unsigned n) {
    if (n < 1 || n > kSobolDimensions) return false;
    dimensions_ = n, next_ = offset_;
    return true;
  }
  void restart(unsigned long long seed, unsigned long long offset) {
    seed_ = seed, offset_ = offset, next_ = offset, words_ = 0;
    free(streams_), streams_ = nullptr;
    twister_.seed(static_cast<unsigned>(seed));
  }

  // The element to come: everything it draws belongs to one subsequence.
  void begin() {
    switch (type_) {
      case CURAND_RNG_PSEUDO_XORWOW:
        if (streams_ == nullptr) open<curandStateXORWOW>(4096);
        break;
      case CURAND_RNG_PSEUDO_MRG32K3A:
        if (streams_ == nullptr) open<curandStateMRG32k3a>(81920);
        break;
      default:
        break;
    }
  }
  void end() { ++next_; }
  unsigned word() {
    switch (type_) {
      case CURAND_RNG_PSEUDO_XORWOW:
        return ::curand(static_cast<curandStateXORWOW*>(streams_) + next_ % 4096);
      case CURAND_RNG_PSEUDO_MRG32K3A:
        return ::curand(static_cast<curandStateMRG32k3a*>(streams_) + next_ % 81920);
      case CURAND_RNG_PSEUDO_PHILOX4_32_10: {
        const unsigned long long i = words_++ + offset_, row = i / 4 / 65536;
        const uint4 c = {static_cast<unsigned>(row), static_cast<unsigned>(row >> 32), static_cast<unsigned>(i / 4 % 65536), 0};
        return philox_word(philox(c, uint2{static_cast<unsigned>(seed_), static_cast<unsigned>(seed_ >> 32)}), static_cast<unsigned>(i % 4));
      }
      default:
        return twister_.next();
    }
  }
  double unit_double() {
    const unsigned x = word();
    return rand::unit_double(x, word());
  }
  // Element i of dimension d of a Sobol sequence.
  unsigned quasi_word(unsigned d, unsigned long long i) const {
    const unsigned* directions = sobol_directions()[d];
    unsigned x = 0;
    for (unsigned long long gray = i ^ (i >> 1); gray != 0; gray &= gray - 1) x ^= directions[__builtin_ctzll(gray)];
    return x;
  }
  unsigned long long next() const { return next_; }
  void pass(unsigned long long n) { next_ += n; }

 private:
  template <class State>
  void open(unsigned count) {
    streams_ = malloc(count * sizeof(State));
    auto* s = static_cast<State*>(streams_);
    ::curand_init(seed_, 0, 0, s);
    for (unsigned i = 1; i < count; ++i) s[i] = s[i - 1], further(s + i);
    for (unsigned i = 0; i < count; ++i) skipahead(offset_ / count + (i < offset_ % count ? 1 : 0), s + i);
  }
  static void further(curandStateXORWOW* s) { skipahead_sequence(1, s); }
  static void further(curandStateMRG32k3a* s) {
    static const curandMaps maps;
    maps.advance(s);
  }
  // One subsequence of MRG32k3a further, without finding the power again.
  struct curandMaps {
    MrgMap a, b;
    curandMaps() : a{{{0, 1, 0}, {0, 0, 1}, {kMod1 - 810728, 1403580, 0}}}, b{{{0, 1, 0}, {0, 0, 1}, {kMod2 - 1370589, 0, 527612}}} {
      for (int i = 0; i < 76; ++i) a = mrg_multiply(a, a, kMod1), b = mrg_multiply(b, b, kMod2);
    }
    void advance(curandStateMRG32k3a* s) const { mrg_skip(1, 0, a, kMod1, s->s1), mrg_skip(1, 0, b, kMod2, s->s2); }
  };

  curandRngType type_;
  unsigned long long seed_ = 0, offset_ = 0, next_ = 0, words_ = 0;
  unsigned dimensions_ = 1;
  void* streams_ = nullptr;
  Twister twister_;
};

// What one element of a Sobol sequence draws from: its number, and no more.
struct QuasiDraw {
  unsigned x;
  unsigned word() const { return x; }
  double unit_double() const { return rand::unit_double(x); }
};
// Found by the distributions through the argument's namespace.
inline unsigned curand(Generator* g) { return g->word(); }
inline unsigned curand(QuasiDraw* q) { return q->x; }

// `put(draw)` once for each element; Sobol sequences dimension by dimension.
template <class Put>
inline curandStatus generate(Generator* g, size_t n, Put put) {
  if (g == nullptr) return CURAND_STATUS_NOT_INITIALIZED;
  if (device_error != cudaSuccess) return CURAND_STATUS_PREEXISTING_FAILURE;
  if (g->quasi()) {
    if (n % g->dimensions() != 0) return CURAND_STATUS_LENGTH_NOT_MULTIPLE;
    const size_t each = n / g->dimensions();
    for (unsigned d = 0; d < g->dimensions(); ++d) {
      for (size_t i = 0; i < each; ++i) {
        QuasiDraw draw{g->quasi_word(d, g->next() + i)};
        put(draw);
      }
    }
    g->pass(each);
    return CURAND_STATUS_SUCCESS;
  }
  g->begin();
  for (size_t i = 0; i < n; ++i) {
    put(*g);
    g->end();
  }
  return CURAND_STATUS_SUCCESS;
}

// In pairs, by Box and Muller; Sobol sequences by the inverse of the distribution.
template <class T, class F>
inline curandStatus generate_normal(Generator* g, T* to, size_t n, F f) {
  if (g != nullptr && g->quasi()) {
    return generate(g, n, [&](auto& draw) { *to++ = static_cast<T>(f(normcdfinv(draw.unit_double()))); });
  }
  if (n % 2 != 0) return CURAND_STATUS_LENGTH_NOT_MULTIPLE;
  return generate(g, n / 2, [&](auto& draw) {
    if constexpr (sizeof(T) == 4) {
      const unsigned x = draw.word();
      const float2 pair = box_muller(x, draw.word());
      *to++ = f(pair.x), *to++ = f(pair.y);
    } else {
      const double u = draw.unit_double();
      const double2 pair = box_muller(u, 2 * draw.unit_double());
      *to++ = f(pair.x), *to++ = f(pair.y);
    }
  });
}

}  // namespace rand
}  // namespace cuport
