// cuRAND's device distributions over any of its generators.
//
// Uniform numbers are equal bit for bit to NVIDIA's (x * 2^-32 + 2^-33, and 53 bits from two numbers for XORWOW's double).
// Normal numbers take the same draws through the same Box-Muller transform, but this machine's log, sin and cos: equal
// but for the last bits. Poisson numbers have the distribution and nothing else in common.
#pragma once
#include "engines.h"

#ifndef CURAND_2POW32_INV
#define CURAND_2POW32_INV (2.3283064e-10f)
#define CURAND_2POW32_INV_DOUBLE (2.3283064365386963e-10)
#define CURAND_2POW53_INV_DOUBLE (1.1102230246251565e-16)
#define CURAND_2PI (6.2831855f)
#define CURAND_SQRT2 (-1.4142135f)
#endif

namespace cuport {
namespace rand {

CUPORT_QUIET inline float unit(unsigned x) { return static_cast<float>(x) * 0x1p-32f + 0x1p-33f; }
CUPORT_QUIET inline double unit_double(unsigned x) { return static_cast<double>(x) * 0x1p-32 + 0x1p-33; }
CUPORT_QUIET inline double unit_double(unsigned x, unsigned y) {
  return static_cast<double>(static_cast<unsigned long long>(x) ^ (static_cast<unsigned long long>(y) << 21)) * 0x1p-53 + 0x1p-54;
}
CUPORT_QUIET inline float2 box_muller(unsigned x, unsigned y) {
  const float u = unit(x), v = static_cast<float>(y) * 1.46291807e-9f + 1.46291807e-9f / 2;  // 2 pi / 2^32
  const float s = sqrtf(-2.0f * logf(u));
  return float2{sinf(v) * s, cosf(v) * s};
}
CUPORT_QUIET inline double2 box_muller(double u, double half_turns) {
  const double s = sqrt(-2.0 * log(u));
  return double2{sin(M_PI * half_turns) * s, cos(M_PI * half_turns) * s};
}

template <class State>
inline float2 normal_pair(State* s) {
  const unsigned x = curand(s), y = curand(s);
  return box_muller(x, y);
}
template <class State>
inline double2 normal_pair_double(State* s) {
  const unsigned x0 = curand(s), x1 = curand(s), y0 = curand(s), y1 = curand(s);
  return box_muller(unit_double(x0, x1), 2 * unit_double(y0, y1));
}
constexpr double kMrgUnit = 2.3283065498378288e-10;
inline float2 normal_pair(curandStateMRG32k3a* s) {
  const float u = static_cast<float>(static_cast<double>(mrg_next(s)) * kMrgUnit);
  const float v = static_cast<float>(static_cast<double>(mrg_next(s)) * kMrgUnit) * 6.2831855f;
  const float r = sqrtf(-2.0f * logf(u));
  return float2{sinf(v) * r, cosf(v) * r};
}
inline double2 normal_pair_double(curandStateMRG32k3a* s) {
  const double u = static_cast<double>(mrg_next(s)) * kMrgUnit, v = static_cast<double>(mrg_next(s)) * kMrgUnit;
  return box_muller(u, 2 * v);
}

// Knuth's product of uniform numbers for small means, Hormann's transformed rejection (PTRS, 1993) for others.
template <class State>
inline unsigned poisson(State* s, double lambda);

}  // namespace rand
}  // namespace cuport

template <class State>
inline float curand_uniform(State* s) { return cuport::rand::unit(curand(s)); }
inline float curand_uniform(curandStateMRG32k3a* s) {
  return static_cast<float>(static_cast<double>(cuport::rand::mrg_next(s)) * cuport::rand::kMrgUnit);
}
inline double curand_uniform_double(curandStateXORWOW* s) {
  const unsigned x = curand(s), y = curand(s);
  return cuport::rand::unit_double(x, y);
}
inline double curand_uniform_double(curandStatePhilox4_32_10* s) { return cuport::rand::unit_double(curand(s)); }
inline double curand_uniform_double(curandStateMRG32k3a* s) {
  return static_cast<double>(cuport::rand::mrg_next(s)) * cuport::rand::kMrgUnit;
}
inline float4 curand_uniform4(curandStatePhilox4_32_10* s) {
  const uint4 x = curand4(s);
  return float4{cuport::rand::unit(x.x), cuport::rand::unit(x.y), cuport::rand::unit(x.z), cuport::rand::unit(x.w)};
}
inline double2 curand_uniform2_double(curandStatePhilox4_32_10* s) {
  const uint4 x = curand4(s);
  return double2{cuport::rand::unit_double(x.x, x.y), cuport::rand::unit_double(x.z, x.w)};
}
inline double4 curand_uniform4_double(curandStatePhilox4_32_10* s) {
  const double2 a = curand_uniform2_double(s), b = curand_uniform2_double(s);
  return double4{a.x, a.y, b.x, b.y};
}

template <class State>
inline float2 curand_normal2(State* s) { return cuport::rand::normal_pair(s); }
template <class State>
inline double2 curand_normal2_double(State* s) { return cuport::rand::normal_pair_double(s); }
inline float4 curand_normal4(curandStatePhilox4_32_10* s) {
  const uint4 x = curand4(s);
  const float2 a = cuport::rand::box_muller(x.x, x.y), b = cuport::rand::box_muller(x.z, x.w);
  return float4{a.x, a.y, b.x, b.y};
}
// Every second number is the other half of a pair.
template <class State>
inline float curand_normal(State* s) {
  if (s->boxmuller_flag != 0) {
    s->boxmuller_flag = 0;
    return s->boxmuller_extra;
  }
  const float2 pair = curand_normal2(s);
  s->boxmuller_flag = 1, s->boxmuller_extra = pair.y;
  return pair.x;
}
template <class State>
inline double curand_normal_double(State* s) {
  if (s->boxmuller_flag_double != 0) {
    s->boxmuller_flag_double = 0;
    return s->boxmuller_extra_double;
  }
  const double2 pair = curand_normal2_double(s);
  s->boxmuller_flag_double = 1, s->boxmuller_extra_double = pair.y;
  return pair.x;
}
template <class State>
inline float curand_log_normal(State* s, float mean, float stddev) { return expf(mean + stddev * curand_normal(s)); }
template <class State>
inline double curand_log_normal_double(State* s, double mean, double stddev) { return exp(mean + stddev * curand_normal_double(s)); }
template <class State>
inline float2 curand_log_normal2(State* s, float mean, float stddev) {
  const float2 n = curand_normal2(s);
  return float2{expf(mean + stddev * n.x), expf(mean + stddev * n.y)};
}
template <class State>
inline double2 curand_log_normal2_double(State* s, double mean, double stddev) {
  const double2 n = curand_normal2_double(s);
  return double2{exp(mean + stddev * n.x), exp(mean + stddev * n.y)};
}
inline float4 curand_log_normal4(curandStatePhilox4_32_10* s, float mean, float stddev) {
  const float4 n = curand_normal4(s);
  return float4{expf(mean + stddev * n.x), expf(mean + stddev * n.y), expf(mean + stddev * n.z), expf(mean + stddev * n.w)};
}

template <class State>
inline unsigned cuport::rand::poisson(State* s, double lambda) {
  if (lambda < 16) {
    const double least = exp(-lambda);
    unsigned k = 0;
    for (double p = unit_double(curand(s)); p > least; p *= unit_double(curand(s))) ++k;
    return k;
  }
  const double b = 0.931 + 2.53 * sqrt(lambda), a = -0.059 + 0.02483 * b, inverse = 1.1239 + 1.1328 / (b - 3.4);
  const double v_r = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = unit_double(curand(s)) - 0.5, v = unit_double(curand(s)), us = 0.5 - fabs(u);
    const double k = floor((2 * a / us + b) * u + lambda + 0.43);
    if (us >= 0.07 && v <= v_r) return static_cast<unsigned>(k);
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (log(v) + log(inverse) - log(a / (us * us) + b) <= k * log(lambda) - lambda - lgamma(k + 1)) return static_cast<unsigned>(k);
  }
}
template <class State>
inline unsigned int curand_poisson(State* s, double lambda) { return cuport::rand::poisson(s, lambda); }
inline uint4 curand_poisson4(curandStatePhilox4_32_10* s, double lambda) {
  uint4 r;
  r.x = curand_poisson(s, lambda), r.y = curand_poisson(s, lambda), r.z = curand_poisson(s, lambda), r.w = curand_poisson(s, lambda);
  return r;
}
