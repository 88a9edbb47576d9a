// Complex numbers as pairs, with CUDA's names.
#pragma once
#include "cuport/runtime.h"

typedef float2 cuFloatComplex;
typedef double2 cuDoubleComplex;
typedef cuFloatComplex cuComplex;

#define CUPORT_COMPLEX(T, C, make, f)                                                                        \
  static inline C make_cu##make##Complex(T r, T i) { return C{r, i}; }                                       \
  static inline T cuCreal##f(C a) { return a.x; }                                                            \
  static inline T cuCimag##f(C a) { return a.y; }                                                            \
  static inline C cuConj##f(C a) { return C{a.x, -a.y}; }                                                    \
  static inline C cuCadd##f(C a, C b) { return C{a.x + b.x, a.y + b.y}; }                                    \
  static inline C cuCsub##f(C a, C b) { return C{a.x - b.x, a.y - b.y}; }                                    \
  static inline C cuCmul##f(C a, C b) { return C{a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x}; }            \
  /* scaled, so that the squares neither overflow nor vanish */                                              \
  static inline C cuCdiv##f(C a, C b) {                                                                      \
    const T s = fabs##f(b.x) + fabs##f(b.y), o = T(1) / s;                                                   \
    const T ax = a.x * o, ay = a.y * o, bx = b.x * o, by = b.y * o, q = T(1) / (bx * bx + by * by);          \
    return C{(ax * bx + ay * by) * q, (ay * bx - ax * by) * q};                                              \
  }                                                                                                          \
  static inline T cuCabs##f(C a) { return hypot##f(a.x, a.y); }                                              \
  static inline C cuCfma##f(C a, C b, C c) {                                                                 \
    return C{(a.x * b.x + c.x) - a.y * b.y, a.x * b.y + (a.y * b.x + c.y)};                                  \
  }
CUPORT_COMPLEX(float, cuFloatComplex, Float, f)
CUPORT_COMPLEX(double, cuDoubleComplex, Double, )
#undef CUPORT_COMPLEX
static inline cuComplex make_cuComplex(float r, float i) { return cuComplex{r, i}; }
static inline cuDoubleComplex cuComplexFloatToDouble(cuFloatComplex c) { return cuDoubleComplex{c.x, c.y}; }
static inline cuFloatComplex cuComplexDoubleToFloat(cuDoubleComplex c) {
  return cuFloatComplex{static_cast<float>(c.x), static_cast<float>(c.y)};
}
