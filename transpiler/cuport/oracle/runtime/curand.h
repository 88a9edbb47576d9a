// cuRAND's host interface: a generator fills memory at once.
//
// Order of results as the guide gives it: element n of XORWOW comes from subsequence n % 4096, of MRG32k3a from n % 81920,
// of Philox four consecutive ones from each of 65536 subsequences in turn. 32-bit and uniform numbers of these three follow
// it; MT19937 gives the plain sequence of one generator, MTGP32 the same in its place (NVIDIA's differ), the order of
// normal numbers is our own.
#pragma once
#include "curand/distributions.h"
#include "curand/sobol.h"
#include "cuport/host/errors.h"

#define CURAND_VERSION 10309
#define CURAND_VER_MAJOR 10
#define CURANDAPI

typedef enum curandStatus {
  CURAND_STATUS_SUCCESS = 0,
  CURAND_STATUS_VERSION_MISMATCH = 100,
  CURAND_STATUS_NOT_INITIALIZED = 101,
  CURAND_STATUS_ALLOCATION_FAILED = 102,
  CURAND_STATUS_TYPE_ERROR = 103,
  CURAND_STATUS_OUT_OF_RANGE = 104,
  CURAND_STATUS_LENGTH_NOT_MULTIPLE = 105,
  CURAND_STATUS_DOUBLE_PRECISION_REQUIRED = 106,
  CURAND_STATUS_LAUNCH_FAILURE = 201,
  CURAND_STATUS_PREEXISTING_FAILURE = 202,
  CURAND_STATUS_INITIALIZATION_FAILED = 203,
  CURAND_STATUS_ARCH_MISMATCH = 204,
  CURAND_STATUS_INTERNAL_ERROR = 999
} curandStatus_t;
typedef enum curandRngType {
  CURAND_RNG_TEST = 0,
  CURAND_RNG_PSEUDO_DEFAULT = 100,
  CURAND_RNG_PSEUDO_XORWOW = 101,
  CURAND_RNG_PSEUDO_MRG32K3A = 121,
  CURAND_RNG_PSEUDO_MTGP32 = 141,
  CURAND_RNG_PSEUDO_MT19937 = 142,
  CURAND_RNG_PSEUDO_PHILOX4_32_10 = 161,
  CURAND_RNG_QUASI_DEFAULT = 200,
  CURAND_RNG_QUASI_SOBOL32 = 201,
  CURAND_RNG_QUASI_SCRAMBLED_SOBOL32 = 202,
  CURAND_RNG_QUASI_SOBOL64 = 203,
  CURAND_RNG_QUASI_SCRAMBLED_SOBOL64 = 204
} curandRngType_t;
typedef enum curandOrdering {
  CURAND_ORDERING_PSEUDO_BEST = 100,
  CURAND_ORDERING_PSEUDO_DEFAULT = 101,
  CURAND_ORDERING_PSEUDO_SEEDED = 102,
  CURAND_ORDERING_PSEUDO_LEGACY = 103,
  CURAND_ORDERING_PSEUDO_DYNAMIC = 104,
  CURAND_ORDERING_QUASI_DEFAULT = 201
} curandOrdering_t;
typedef enum curandDirectionVectorSet {
  CURAND_DIRECTION_VECTORS_32_JOEKUO6 = 101,
  CURAND_SCRAMBLED_DIRECTION_VECTORS_32_JOEKUO6 = 102,
  CURAND_DIRECTION_VECTORS_64_JOEKUO6 = 103,
  CURAND_SCRAMBLED_DIRECTION_VECTORS_64_JOEKUO6 = 104
} curandDirectionVectorSet_t;

#include "curand/generator.h"

typedef cuport::rand::Generator* curandGenerator_t;

inline curandStatus_t curandCreateGenerator(curandGenerator_t* out, curandRngType_t type) {
  if (out == nullptr || !cuport::rand::Generator::knows(type)) return CURAND_STATUS_TYPE_ERROR;
  *out = new cuport::rand::Generator(type);
  return CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandCreateGeneratorHost(curandGenerator_t* out, curandRngType_t type) { return curandCreateGenerator(out, type); }
inline curandStatus_t curandDestroyGenerator(curandGenerator_t g) {
  if (g == nullptr) return CURAND_STATUS_NOT_INITIALIZED;
  delete g;
  return CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandGetVersion(int* version) {
  *version = CURAND_VERSION;
  return CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandSetStream(curandGenerator_t g, cudaStream_t) {
  return g == nullptr ? CURAND_STATUS_NOT_INITIALIZED : CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandSetPseudoRandomGeneratorSeed(curandGenerator_t g, unsigned long long seed) {
  if (g == nullptr) return CURAND_STATUS_NOT_INITIALIZED;
  if (g->quasi()) return CURAND_STATUS_TYPE_ERROR;
  g->restart(seed, g->offset());
  return CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandSetGeneratorOffset(curandGenerator_t g, unsigned long long offset) {
  if (g == nullptr) return CURAND_STATUS_NOT_INITIALIZED;
  g->restart(g->seed(), offset);
  return CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandSetGeneratorOrdering(curandGenerator_t g, curandOrdering_t) {
  return g == nullptr ? CURAND_STATUS_NOT_INITIALIZED : CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandSetQuasiRandomGeneratorDimensions(curandGenerator_t g, unsigned dimensions) {
  if (g == nullptr) return CURAND_STATUS_NOT_INITIALIZED;
  if (!g->quasi()) return CURAND_STATUS_TYPE_ERROR;
  return g->set_dimensions(dimensions) ? CURAND_STATUS_SUCCESS : CURAND_STATUS_OUT_OF_RANGE;
}
inline curandStatus_t curandGenerateSeeds(curandGenerator_t g) { return g == nullptr ? CURAND_STATUS_NOT_INITIALIZED : CURAND_STATUS_SUCCESS; }
inline curandStatus_t curandGetDirectionVectors32(curandDirectionVectors32_t** out, curandDirectionVectorSet_t set) {
  if (set != CURAND_DIRECTION_VECTORS_32_JOEKUO6) return CURAND_STATUS_OUT_OF_RANGE;
  *out = const_cast<curandDirectionVectors32_t*>(cuport::rand::sobol_directions());
  return CURAND_STATUS_SUCCESS;
}
inline curandStatus_t curandGetDirectionVectors64(curandDirectionVectors64_t** out, curandDirectionVectorSet_t set) {
  if (set != CURAND_DIRECTION_VECTORS_64_JOEKUO6) return CURAND_STATUS_OUT_OF_RANGE;
  *out = const_cast<curandDirectionVectors64_t*>(cuport::rand::sobol_table<unsigned long long>());
  return CURAND_STATUS_SUCCESS;
}

inline curandStatus_t curandGenerate(curandGenerator_t g, unsigned int* to, size_t n) {
  return cuport::rand::generate(g, n, [&](auto& draw) { *to++ = draw.word(); });
}
inline curandStatus_t curandGenerateUniform(curandGenerator_t g, float* to, size_t n) {
  return cuport::rand::generate(g, n, [&](auto& draw) { *to++ = cuport::rand::unit(draw.word()); });
}
inline curandStatus_t curandGenerateUniformDouble(curandGenerator_t g, double* to, size_t n) {
  return cuport::rand::generate(g, n, [&](auto& draw) { *to++ = draw.unit_double(); });
}
inline curandStatus_t curandGenerateNormal(curandGenerator_t g, float* to, size_t n, float mean, float stddev) {
  return cuport::rand::generate_normal(g, to, n, [=](double x) { return mean + stddev * static_cast<float>(x); });
}
inline curandStatus_t curandGenerateNormalDouble(curandGenerator_t g, double* to, size_t n, double mean, double stddev) {
  return cuport::rand::generate_normal(g, to, n, [=](double x) { return mean + stddev * x; });
}
inline curandStatus_t curandGenerateLogNormal(curandGenerator_t g, float* to, size_t n, float mean, float stddev) {
  return cuport::rand::generate_normal(g, to, n, [=](double x) { return expf(mean + stddev * static_cast<float>(x)); });
}
inline curandStatus_t curandGenerateLogNormalDouble(curandGenerator_t g, double* to, size_t n, double mean, double stddev) {
  return cuport::rand::generate_normal(g, to, n, [=](double x) { return exp(mean + stddev * x); });
}
inline curandStatus_t curandGeneratePoisson(curandGenerator_t g, unsigned int* to, size_t n, double lambda) {
  if (!(lambda > 0) || lambda > 400000) return CURAND_STATUS_OUT_OF_RANGE;
  return cuport::rand::generate(g, n, [&](auto& draw) { *to++ = cuport::rand::poisson(&draw, lambda); });
}
