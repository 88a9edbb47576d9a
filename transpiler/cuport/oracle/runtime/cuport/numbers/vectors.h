// CUDA's built-in vector types with their sizes and alignments, dim3, and make_*.
#pragma once
#include "../config.h"

#define CUPORT_VECTOR1(T, name)   \
  struct name##1 {                \
    T x;                          \
  };                              \
  static inline constexpr name##1 make_##name##1(T x) { return name##1{x}; }
#define CUPORT_VECTOR2(T, name, bytes)   \
  struct alignas(bytes) name##2 {        \
    T x, y;                              \
  };                                     \
  static inline constexpr name##2 make_##name##2(T x, T y) { return name##2{x, y}; }
#define CUPORT_VECTOR3(T, name) \
  struct name##3 {              \
    T x, y, z;                  \
  };                            \
  static inline constexpr name##3 make_##name##3(T x, T y, T z) { return name##3{x, y, z}; }
#define CUPORT_VECTOR4(T, name, bytes)   \
  struct alignas(bytes) name##4 {        \
    T x, y, z, w;                        \
  };                                     \
  static inline constexpr name##4 make_##name##4(T x, T y, T z, T w) { return name##4{x, y, z, w}; }
#define CUPORT_VECTORS(T, name, two, four) \
  CUPORT_VECTOR1(T, name)                  \
  CUPORT_VECTOR2(T, name, two)             \
  CUPORT_VECTOR3(T, name)                  \
  CUPORT_VECTOR4(T, name, four)

CUPORT_VECTORS(signed char, char, 2, 4)
CUPORT_VECTORS(unsigned char, uchar, 2, 4)
CUPORT_VECTORS(short, short, 4, 8)
CUPORT_VECTORS(unsigned short, ushort, 4, 8)
CUPORT_VECTORS(int, int, 8, 16)
CUPORT_VECTORS(unsigned int, uint, 8, 16)
CUPORT_VECTORS(long, long, 16, 16)
CUPORT_VECTORS(unsigned long, ulong, 16, 16)
CUPORT_VECTORS(long long, longlong, 16, 16)
CUPORT_VECTORS(unsigned long long, ulonglong, 16, 16)
CUPORT_VECTORS(float, float, 8, 16)
CUPORT_VECTORS(double, double, 16, 16)

struct dim3 {
  unsigned int x, y, z;
  constexpr dim3(unsigned int vx = 1, unsigned int vy = 1, unsigned int vz = 1) : x(vx), y(vy), z(vz) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return uint3{x, y, z}; }
};

// glibc has these under _DEFAULT_SOURCE; CUDA programs count on them.
typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;

namespace cuport {

// Lanes and lane type of a vector type; one lane for anything else.
template <class T>
struct lanes_of {
  static constexpr int count = 1;
  using type = T;
};
#define CUPORT_LANES(T, name)                                         \
  template <> struct lanes_of<name##2> { static constexpr int count = 2; using type = T; }; \
  template <> struct lanes_of<name##3> { static constexpr int count = 3; using type = T; }; \
  template <> struct lanes_of<name##4> { static constexpr int count = 4; using type = T; };
CUPORT_LANES(signed char, char)
CUPORT_LANES(unsigned char, uchar)
CUPORT_LANES(short, short)
CUPORT_LANES(unsigned short, ushort)
CUPORT_LANES(int, int)
CUPORT_LANES(unsigned int, uint)
CUPORT_LANES(long, long)
CUPORT_LANES(unsigned long, ulong)
CUPORT_LANES(long long, longlong)
CUPORT_LANES(unsigned long long, ulonglong)
CUPORT_LANES(float, float)
CUPORT_LANES(double, double)
template <> struct lanes_of<dim3> { static constexpr int count = 3; using type = unsigned int; };
template <> struct lanes_of<float1> { static constexpr int count = 1; using type = float; };
template <> struct lanes_of<int1> { static constexpr int count = 1; using type = int; };
template <> struct lanes_of<uint1> { static constexpr int count = 1; using type = unsigned int; };
template <> struct lanes_of<double1> { static constexpr int count = 1; using type = double; };

}  // namespace cuport
