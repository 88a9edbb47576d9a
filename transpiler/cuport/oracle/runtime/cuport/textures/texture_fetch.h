// tex1Dfetch, tex1D, tex2D, tex3D, their layered, cube, level and gradient forms: on texture objects here, on texture
// references in texture_reference.h.
#pragma once
#include "texture_object.h"

namespace cuport {

template <class T>
CUPORT_QUIET inline T fetch_linear(const Texture& t, int i) {  // elements outside read as zero
  return static_cast<unsigned>(i) < static_cast<unsigned>(t.image.width) ? texel<T>(t, t.image, i, 0, 0) : T{};
}
CUPORT_QUIET inline int layer_of(const Texture& t, int layer) {
  return layer < 0 ? 0 : layer >= t.image.depth ? t.image.depth - 1 : layer;
}

// The level of detail for steps of the coordinates along the screen's two axes.
CUPORT_QUIET inline float lod_of(const Texture& t, float ax, float ay, float az, float bx, float by, float bz) {
  const bool unit = t.how.normalizedCoords != 0;
  const float w = unit ? static_cast<float>(t.image.width) : 1.0f, h = unit ? static_cast<float>(t.image.height) : 1.0f,
              d = unit ? static_cast<float>(t.image.depth) : 1.0f;
  const float a = ax * ax * w * w + ay * ay * h * h + az * az * d * d, b = bx * bx * w * w + by * by * h * h + bz * bz * d * d;
  const float longest = a > b ? a : b;
  return longest > 0.0f ? 0.5f * log2f(longest) : 0.0f;
}

// A direction's cube face and the position on it; `layer` counts whole cubes.
template <class T>
CUPORT_QUIET inline T sample_cube(const Texture& t, float x, float y, float z, int layer, float lod) {
  const float ax = fabsf(x), ay = fabsf(y), az = fabsf(z);
  int face;
  float m, s, v;
  if (ax >= ay && ax >= az) {
    face = x < 0.0f, m = ax, s = x < 0.0f ? z : -z, v = -y;
  } else if (ay >= az) {
    face = 2 + (y < 0.0f), m = ay, s = x, v = y < 0.0f ? -z : z;
  } else {
    face = 4 + (z < 0.0f), m = az, s = z < 0.0f ? -x : x, v = -y;
  }
  float u = (s / m + 1.0f) * 0.5f, w = (v / m + 1.0f) * 0.5f;
  if (t.how.normalizedCoords == 0) u *= static_cast<float>(t.image.width), w *= static_cast<float>(t.image.height);
  return sample<T, 2>(t, u, w, 0.0f, layer_of(t, layer * 6 + face), lod);
}

// One channel of the four texels that linear filtering would mix: (i, j+1), (i+1, j+1), (i+1, j), (i, j).
template <class T>
CUPORT_QUIET inline T gather(const Texture& t, float x, float y, int channel) {
  using Lane = typename texel_of<T>::lane;
  const Tap h = tap(t.how, 0, x, t.image.width, true), v = tap(t.how, 1, y, t.image.height, true);
  const int places[4][2] = {{h.first, v.second}, {h.second, v.second}, {h.second, v.first}, {h.first, v.first}};
  T value{};
  for (int i = 0; i < 4 && i < texel_of<T>::lanes; ++i) {
    Lane& out = reinterpret_cast<Lane*>(&value)[i];
    if ((places[i][0] | places[i][1]) < 0) {
      out = static_cast<Lane>(t.how.borderColor[channel & 3]);
    } else if (channel < t.image.channels) {
      const char* at = t.image.at(places[i][0], places[i][1], 0);
      if constexpr (std::is_same_v<Lane, float>) out = float_channel(t, t.image, at, channel);
      else out = static_cast<Lane>(integer_channel(t.image, at, channel));
    }
  }
  return value;
}

}  // namespace cuport

enum {
  cudaTextureType1D = 0x01,
  cudaTextureType2D = 0x02,
  cudaTextureType3D = 0x03,
  cudaTextureTypeCubemap = 0x0C,
  cudaTextureType1DLayered = 0xF1,
  cudaTextureType2DLayered = 0xF2,
  cudaTextureTypeCubemapLayered = 0xFC
};

// Every fetch: its name, the kind of texture reference it takes, its parameters, and its value from `t` as type T.
#define CUPORT_P(...) __VA_ARGS__
#define CUPORT_FETCHES(F)                                                                                                               \
  F(tex1Dfetch, 1, CUPORT_P(int i), cuport::fetch_linear<T>(t, i))                                                                      \
  F(tex1D, 1, CUPORT_P(float x), cuport::sample<T, 1>(t, x, 0, 0, 0, 0))                                                                \
  F(tex1DLod, 1, CUPORT_P(float x, float l), cuport::sample<T, 1>(t, x, 0, 0, 0, l))                                                    \
  F(tex1DGrad, 1, CUPORT_P(float x, float a, float b), cuport::sample<T, 1>(t, x, 0, 0, 0, cuport::lod_of(t, a, 0, 0, b, 0, 0)))        \
  F(tex1DLayered, 0xF1, CUPORT_P(float x, int n), cuport::sample<T, 1>(t, x, 0, 0, cuport::layer_of(t, n), 0))                          \
  F(tex1DLayeredLod, 0xF1, CUPORT_P(float x, int n, float l), cuport::sample<T, 1>(t, x, 0, 0, cuport::layer_of(t, n), l))              \
  F(tex2D, 2, CUPORT_P(float x, float y), cuport::sample<T, 2>(t, x, y, 0, 0, 0))                                                       \
  F(tex2DLod, 2, CUPORT_P(float x, float y, float l), cuport::sample<T, 2>(t, x, y, 0, 0, l))                                           \
  F(tex2DGrad, 2, CUPORT_P(float x, float y, float2 a, float2 b),                                                                       \
    cuport::sample<T, 2>(t, x, y, 0, 0, cuport::lod_of(t, a.x, a.y, 0, b.x, b.y, 0)))                                                   \
  F(tex2DLayered, 0xF2, CUPORT_P(float x, float y, int n), cuport::sample<T, 2>(t, x, y, 0, cuport::layer_of(t, n), 0))                 \
  F(tex2DLayeredLod, 0xF2, CUPORT_P(float x, float y, int n, float l), cuport::sample<T, 2>(t, x, y, 0, cuport::layer_of(t, n), l))     \
  F(tex2DLayeredGrad, 0xF2, CUPORT_P(float x, float y, int n, float2 a, float2 b),                                                      \
    cuport::sample<T, 2>(t, x, y, 0, cuport::layer_of(t, n), cuport::lod_of(t, a.x, a.y, 0, b.x, b.y, 0)))                              \
  F(tex2Dgather, 2, CUPORT_P(float x, float y, int c = 0), cuport::gather<T>(t, x, y, c))                                               \
  F(tex3D, 3, CUPORT_P(float x, float y, float z), cuport::sample<T, 3>(t, x, y, z, 0, 0))                                              \
  F(tex3DLod, 3, CUPORT_P(float x, float y, float z, float l), cuport::sample<T, 3>(t, x, y, z, 0, l))                                  \
  F(tex3DGrad, 3, CUPORT_P(float x, float y, float z, float4 a, float4 b),                                                              \
    cuport::sample<T, 3>(t, x, y, z, 0, cuport::lod_of(t, a.x, a.y, a.z, b.x, b.y, b.z)))                                               \
  F(texCubemap, 0x0C, CUPORT_P(float x, float y, float z), cuport::sample_cube<T>(t, x, y, z, 0, 0))                                    \
  F(texCubemapLod, 0x0C, CUPORT_P(float x, float y, float z, float l), cuport::sample_cube<T>(t, x, y, z, 0, l))                        \
  F(texCubemapLayered, 0xFC, CUPORT_P(float x, float y, float z, int n), cuport::sample_cube<T>(t, x, y, z, n, 0))                      \
  F(texCubemapLayeredLod, 0xFC, CUPORT_P(float x, float y, float z, int n, float l), cuport::sample_cube<T>(t, x, y, z, n, l))

#define CUPORT_OBJECT_FETCH(name, kind, parameters, ...)                          \
  template <class T>                                                              \
  CUPORT_QUIET inline T name(cudaTextureObject_t handle, parameters) {            \
    const cuport::Texture& t = cuport::texture_of(handle);                        \
    return __VA_ARGS__;                                                           \
  }                                                                               \
  template <class T>                                                              \
  CUPORT_QUIET inline void name(T* out, cudaTextureObject_t handle, parameters) { \
    const cuport::Texture& t = cuport::texture_of(handle);                        \
    *out = __VA_ARGS__;                                                           \
  }
CUPORT_FETCHES(CUPORT_OBJECT_FETCH)
#undef CUPORT_OBJECT_FETCH
