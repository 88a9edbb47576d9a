// Arithmetic on vector types, lane by lane, as the CUDA samples' header of this name offers it; for every vector type that
// cuport/numbers/vectors.h knows, so that a shadow build has it too.
#pragma once
#include "cuport/cases/describe.h"
#include "cuport/numbers/math.h"

namespace cuport {
template <class V>
using lane_t = typename lanes_of<V>::type;
template <class V, class R = V>
using if_vector = std::enable_if_t<is_vector<V>::value, R>;
template <class V>
inline lane_t<V>& lane(V& v, int i) { return reinterpret_cast<lane_t<V>*>(&v)[i]; }
template <class V>
inline const lane_t<V>& lane(const V& v, int i) { return reinterpret_cast<const lane_t<V>*>(&v)[i]; }
template <class V, class F>
inline V each(F f) {
  V r;
  for (int i = 0; i < lanes_of<V>::count; ++i) lane(r, i) = f(i);
  return r;
}
}  // namespace cuport

#define CUPORT_VECTOR_OPERATOR(op)                                                                            \
  template <class V>                                                                                          \
  inline cuport::if_vector<V> operator op(V a, V b) {                                                         \
    return cuport::each<V>([&](int i) { return cuport::lane(a, i) op cuport::lane(b, i); });                  \
  }                                                                                                           \
  template <class V>                                                                                          \
  inline cuport::if_vector<V> operator op(V a, cuport::lane_t<V> b) {                                         \
    return cuport::each<V>([&](int i) { return cuport::lane(a, i) op b; });                                   \
  }                                                                                                           \
  template <class V>                                                                                          \
  inline cuport::if_vector<V> operator op(cuport::lane_t<V> a, V b) {                                         \
    return cuport::each<V>([&](int i) { return a op cuport::lane(b, i); });                                   \
  }                                                                                                           \
  template <class V>                                                                                          \
  inline cuport::if_vector<V, void> operator op##=(V & a, V b) { a = a op b; }                                \
  template <class V>                                                                                          \
  inline cuport::if_vector<V, void> operator op##=(V & a, cuport::lane_t<V> b) { a = a op b; }
CUPORT_VECTOR_OPERATOR(+)
CUPORT_VECTOR_OPERATOR(-)
CUPORT_VECTOR_OPERATOR(*)
CUPORT_VECTOR_OPERATOR(/)
#undef CUPORT_VECTOR_OPERATOR
template <class V>
inline cuport::if_vector<V> operator-(V a) {
  return cuport::each<V>([&](int i) { return -cuport::lane(a, i); });
}

#define CUPORT_VECTOR_FUNCTION(name, expression)                                     \
  template <class V>                                                                 \
  inline cuport::if_vector<V> name(V v) {                                            \
    return cuport::each<V>([&](int i) {                                              \
      const auto x = cuport::lane(v, i);                                             \
      return expression;                                                             \
    });                                                                              \
  }
CUPORT_VECTOR_FUNCTION(floorf, floorf(x))
CUPORT_VECTOR_FUNCTION(fracf, x - floorf(x))
CUPORT_VECTOR_FUNCTION(fabs, fabsf(x))
CUPORT_VECTOR_FUNCTION(abs, x < 0 ? -x : x)
#undef CUPORT_VECTOR_FUNCTION
template <class V>
inline cuport::if_vector<V> fminf(V a, V b) {
  return cuport::each<V>([&](int i) { return fminf(cuport::lane(a, i), cuport::lane(b, i)); });
}
template <class V>
inline cuport::if_vector<V> fmaxf(V a, V b) {
  return cuport::each<V>([&](int i) { return fmaxf(cuport::lane(a, i), cuport::lane(b, i)); });
}
template <class V>
inline cuport::if_vector<V> min(V a, V b) {
  return cuport::each<V>([&](int i) { return min(cuport::lane(a, i), cuport::lane(b, i)); });
}
template <class V>
inline cuport::if_vector<V> max(V a, V b) {
  return cuport::each<V>([&](int i) { return max(cuport::lane(a, i), cuport::lane(b, i)); });
}
template <class V>
inline cuport::if_vector<V> fmodf(V a, V b) {
  return cuport::each<V>([&](int i) { return fmodf(cuport::lane(a, i), cuport::lane(b, i)); });
}
inline float fracf(float v) { return v - floorf(v); }
inline float lerp(float a, float b, float t) { return a + t * (b - a); }
inline float clamp(float v, float a, float b) { return fmaxf(a, fminf(v, b)); }
inline int clamp(int v, int a, int b) { return max(a, min(v, b)); }
inline unsigned clamp(unsigned v, unsigned a, unsigned b) { return max(a, min(v, b)); }
inline float smoothstep(float a, float b, float x) {
  const float y = clamp((x - a) / (b - a), 0.0f, 1.0f);
  return y * y * (3.0f - (2.0f * y));
}
template <class V>
inline cuport::if_vector<V> lerp(V a, V b, cuport::lane_t<V> t) { return a + t * (b - a); }
template <class V>
inline cuport::if_vector<V> clamp(V v, cuport::lane_t<V> a, cuport::lane_t<V> b) {
  return cuport::each<V>([&](int i) { return max(a, min(cuport::lane(v, i), b)); });
}
template <class V>
inline cuport::if_vector<V> clamp(V v, V a, V b) { return max(a, min(v, b)); }
template <class V>
inline cuport::if_vector<V, cuport::lane_t<V>> dot(V a, V b) {
  auto r = cuport::lane(a, 0) * cuport::lane(b, 0);
  for (int i = 1; i < cuport::lanes_of<V>::count; ++i) r = r + cuport::lane(a, i) * cuport::lane(b, i);
  return r;
}
template <class V>
inline cuport::if_vector<V, cuport::lane_t<V>> length(V v) { return sqrtf(dot(v, v)); }
template <class V>
inline cuport::if_vector<V> normalize(V v) { return v * rsqrtf(dot(v, v)); }
template <class V>
inline cuport::if_vector<V> reflect(V i, V n) { return i - cuport::lane_t<V>(2.0f) * n * dot(n, i); }
template <class V>
inline cuport::if_vector<V> cross(V a, V b) {
  static_assert(cuport::lanes_of<V>::count == 3, "the cross product is for three lanes");
  V r;
  r.x = a.y * b.z - a.z * b.y, r.y = a.z * b.x - a.x * b.z, r.z = a.x * b.y - a.y * b.x;
  return r;
}

inline float2 make_float2(float s) { return make_float2(s, s); }
inline float3 make_float3(float s) { return make_float3(s, s, s); }
inline float4 make_float4(float s) { return make_float4(s, s, s, s); }
inline float2 make_float2(float3 a) { return make_float2(a.x, a.y); }
inline float3 make_float3(float2 a, float s = 0.0f) { return make_float3(a.x, a.y, s); }
inline float3 make_float3(float4 a) { return make_float3(a.x, a.y, a.z); }
inline float4 make_float4(float3 a, float w = 0.0f) { return make_float4(a.x, a.y, a.z, w); }
inline int2 make_int2(int s) { return make_int2(s, s); }
inline int3 make_int3(int s) { return make_int3(s, s, s); }
inline int4 make_int4(int s) { return make_int4(s, s, s, s); }
inline uint2 make_uint2(unsigned s) { return make_uint2(s, s); }
inline uint3 make_uint3(unsigned s) { return make_uint3(s, s, s); }
inline uint3 make_uint3(dim3 d) { return make_uint3(d.x, d.y, d.z); }
inline uint4 make_uint4(unsigned s) { return make_uint4(s, s, s, s); }
inline float2 make_float2(int2 a) { return make_float2(static_cast<float>(a.x), static_cast<float>(a.y)); }
inline float3 make_float3(int3 a) { return make_float3(static_cast<float>(a.x), static_cast<float>(a.y), static_cast<float>(a.z)); }
inline int3 make_int3(float3 a) { return make_int3(static_cast<int>(a.x), static_cast<int>(a.y), static_cast<int>(a.z)); }
