// Texture objects: what they are made from, and how a texel is found, read and filtered.
//
// As the programming guide's appendix on texture fetching defines it: positions are xB = x - 0.5 for linear filtering, the
// fraction is kept in 9-bit fixed point with 8 bits behind the point, so that 1 is exact; addresses outside are clamped,
// wrapped, mirrored or give the border's colour.
#pragma once
#include "array_copy.h"

typedef unsigned long long cudaTextureObject_t;
typedef unsigned long long cudaSurfaceObject_t;

enum cudaTextureAddressMode { cudaAddressModeWrap = 0, cudaAddressModeClamp = 1, cudaAddressModeMirror = 2, cudaAddressModeBorder = 3 };
enum cudaTextureFilterMode { cudaFilterModePoint = 0, cudaFilterModeLinear = 1 };
enum cudaTextureReadMode { cudaReadModeElementType = 0, cudaReadModeNormalizedFloat = 1 };
enum cudaResourceType { cudaResourceTypeArray = 0, cudaResourceTypeMipmappedArray = 1, cudaResourceTypeLinear = 2, cudaResourceTypePitch2D = 3 };
// Three each: of one, two and four channels.
#define CUPORT_VIEWS(name, first) cudaResViewFormat##name##1 = first, cudaResViewFormat##name##2 = first + 1, cudaResViewFormat##name##4 = first + 2
enum cudaResourceViewFormat {
  cudaResViewFormatNone = 0,
  CUPORT_VIEWS(UnsignedChar, 1),
  CUPORT_VIEWS(SignedChar, 4),
  CUPORT_VIEWS(UnsignedShort, 7),
  CUPORT_VIEWS(SignedShort, 10),
  CUPORT_VIEWS(UnsignedInt, 13),
  CUPORT_VIEWS(SignedInt, 16),
  CUPORT_VIEWS(Half, 19),
  CUPORT_VIEWS(Float, 22)
};
#undef CUPORT_VIEWS

struct cudaResourceDesc {
  enum cudaResourceType resType;
  union {
    struct {
      cudaArray_t array;
    } array;
    struct {
      cudaMipmappedArray_t mipmap;
    } mipmap;
    struct {
      void* devPtr;
      cudaChannelFormatDesc desc;
      size_t sizeInBytes;
    } linear;
    struct {
      void* devPtr;
      cudaChannelFormatDesc desc;
      size_t width, height, pitchInBytes;
    } pitch2D;
  } res;
};
struct cudaTextureDesc {
  enum cudaTextureAddressMode addressMode[3];
  enum cudaTextureFilterMode filterMode;
  enum cudaTextureReadMode readMode;
  int sRGB;
  float borderColor[4];
  int normalizedCoords;
  unsigned maxAnisotropy;
  enum cudaTextureFilterMode mipmapFilterMode;
  float mipmapLevelBias, minMipmapLevelClamp, maxMipmapLevelClamp;
  int disableTrilinearOptimization, seamlessCubemap;
};
struct cudaResourceViewDesc {
  enum cudaResourceViewFormat format;
  size_t width, height, depth;
  unsigned firstMipmapLevel, lastMipmapLevel, firstLayer, lastLayer;
};

namespace cuport {

struct Texture {
  Image image;  // the first level
  const cudaMipmappedArray* levels;
  cudaTextureDesc how;
  cudaResourceDesc resource;
};
// A texel's place along one axis, or the two to mix; -1: the border.
struct Tap {
  int first, second;
  float weight;  // of the second
};

CUPORT_QUIET inline int addressed(cudaTextureAddressMode mode, int i, int n) {
  if (static_cast<unsigned>(i) < static_cast<unsigned>(n)) return i;
  switch (mode) {
    case cudaAddressModeBorder:
      return -1;
    case cudaAddressModeWrap:
      return (i % n + n) % n;
    default:  // a mirrored position was folded before: only the outermost texels' outer halves lie outside
      return i < 0 ? 0 : n - 1;
  }
}
// floorf is a call where the processor's rounding instruction may not be used.
CUPORT_QUIET inline int floor_of(float x) {
  const int i = static_cast<int>(x);
  return i - (x < static_cast<float>(i) ? 1 : 0);
}
CUPORT_QUIET inline float as_weight(float fraction) { return static_cast<float>(static_cast<int>(fraction * 256.0f + 0.5f)) * (1.0f / 256.0f); }
CUPORT_QUIET inline Tap tap(const cudaTextureDesc& how, int axis, float position, int n, bool linear) {
  cudaTextureAddressMode mode = how.addressMode[axis];
  float x = position == position ? position : 0.0f;
  if (how.normalizedCoords != 0) {
    if ((mode == cudaAddressModeWrap || mode == cudaAddressModeMirror) && !(x >= 0.0f && x < 1.0f)) {
      const float whole = floorf(x);
      x -= whole;
      if (mode == cudaAddressModeMirror && fmodf(whole, 2.0f) != 0.0f) x = 1.0f - x;
    }
    x *= static_cast<float>(n);
  } else if (mode == cudaAddressModeWrap || mode == cudaAddressModeMirror) {
    mode = cudaAddressModeClamp;  // these two need normalised coordinates
  }
  x = x < -1e8f ? -1e8f : x > 1e8f ? 1e8f : x;
  if (!linear) {
    const int i = addressed(mode, floor_of(x), n);
    return Tap{i, i, 0.0f};
  }
  const int i = floor_of(x - 0.5f);
  return Tap{addressed(mode, i, n), addressed(mode, i + 1, n), as_weight(x - 0.5f - static_cast<float>(i))};
}

CUPORT_QUIET inline float half_value(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 0x3FFu;
  if (exponent == 0) return ldexpf(static_cast<float>(fraction), -24) * (sign != 0 ? -1.0f : 1.0f);
  const uint32_t word = sign | (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13;
  float value;
  memcpy(&value, &word, sizeof value);
  return value;
}
CUPORT_QUIET inline long long integer_channel(const Image& image, const char* texel, int c) {
  const bool is_signed = image.format.f == cudaChannelFormatKindSigned;
  if (image.format.x == 8) {
    const auto byte = static_cast<unsigned char>(texel[c]);
    return is_signed ? static_cast<signed char>(byte) : byte;
  }
  if (image.format.x == 16) {
    uint16_t word;
    memcpy(&word, texel + 2 * c, sizeof word);
    return is_signed ? static_cast<int16_t>(word) : word;
  }
  uint32_t word;
  memcpy(&word, texel + 4 * c, sizeof word);
  return is_signed ? static_cast<int32_t>(word) : static_cast<long long>(word);
}
CUPORT_QUIET inline float float_channel(const Texture& t, const Image& image, const char* texel, int c) {
  if (image.format.f == cudaChannelFormatKindFloat || image.format.x == 32) {
    if (image.format.x == 16) {
      uint16_t word;
      memcpy(&word, texel + 2 * c, sizeof word);
      return half_value(word);
    }
    float value;
    memcpy(&value, texel + 4 * c, sizeof value);
    return value;
  }
  const auto raw = static_cast<float>(integer_channel(image, texel, c));
  if (t.how.readMode != cudaReadModeNormalizedFloat) return raw;
  const bool wide = image.format.x == 16;
  float value = raw / (image.format.f == cudaChannelFormatKindUnsigned ? (wide ? 65535.0f : 255.0f) : (wide ? 32767.0f : 127.0f));
  if (value < -1.0f) value = -1.0f;
  if (t.how.sRGB != 0 && c < 3 && !wide) value = value <= 0.04045f ? value / 12.92f : powf((value + 0.055f) / 1.055f, 2.4f);
  return value;
}

// One texel as T; a texel at a place of -1 has the border's colour.
template <class T>
CUPORT_QUIET inline T texel(const Texture& t, const Image& image, int x, int y, int z) {
  using Lane = typename texel_of<T>::lane;
  constexpr int lanes = texel_of<T>::lanes;
  T value{};
  Lane* lane = reinterpret_cast<Lane*>(&value);
  if ((x | y | z) < 0) {
    for (int c = 0; c < lanes; ++c) lane[c] = static_cast<Lane>(t.how.borderColor[c]);
    return value;
  }
  const char* at = image.at(x, y, z);
  if (image.bytes == static_cast<int>(sizeof(T)) && image.format.x == 8 * static_cast<int>(sizeof(Lane))) {
    memcpy(&value, at, sizeof value);
    return value;
  }
  for (int c = 0; c < lanes && c < image.channels; ++c) {
    if constexpr (std::is_same_v<Lane, float>) lane[c] = float_channel(t, image, at, c);
    else lane[c] = static_cast<Lane>(integer_channel(image, at, c));
  }
  return value;
}

// A level's texels at a position of up to three coordinates; `z` of layers and cube faces is a place, not a position.
template <class T, int Dimensions>
CUPORT_QUIET inline T sample_level(const Texture& t, const Image& image, const float (&at)[3], int slice) {
  using Lane = typename texel_of<T>::lane;
  const bool linear = std::is_same_v<Lane, float> && t.how.filterMode == cudaFilterModeLinear;
  Tap taps[3] = {{0, 0, 0.0f}, {0, 0, 0.0f}, {slice, slice, 0.0f}};
  const int extent[3] = {image.width, image.height, image.depth};
  for (int d = 0; d < Dimensions; ++d) taps[d] = tap(t.how, d, at[d], extent[d], linear);
  if constexpr (std::is_same_v<Lane, float>) {
    if (linear) {
      T sum{};
      float* out = reinterpret_cast<float*>(&sum);
      for (int corner = 0; corner < 1 << Dimensions; ++corner) {
        float weight = 1.0f;
        int place[3] = {taps[0].first, taps[1].first, taps[2].first};
        for (int d = 0; d < Dimensions; ++d) {
          const bool second = (corner >> d & 1) != 0;
          weight *= second ? taps[d].weight : 1.0f - taps[d].weight;
          if (second) place[d] = taps[d].second;
        }
        if (weight == 0.0f) continue;
        const T value = texel<T>(t, image, place[0], place[1], place[2]);
        for (int c = 0; c < texel_of<T>::lanes; ++c) out[c] += weight * reinterpret_cast<const float*>(&value)[c];
      }
      return sum;
    }
  }
  return texel<T>(t, image, taps[0].first, taps[1].first, taps[2].first);
}

// `lod`: the level of detail, 0 the finest; between two levels the values are mixed if the texture says so.
template <class T, int Dimensions>
CUPORT_QUIET inline T sample(const Texture& t, float x, float y, float z, int slice, float lod) {
  const float at[3] = {x, y, z};
  if (t.levels == nullptr) return sample_level<T, Dimensions>(t, t.image, at, slice);
  const float most = static_cast<float>(t.levels->levels - 1), lowest = fmaxf(t.how.minMipmapLevelClamp, 0.0f);
  float level = lod + t.how.mipmapLevelBias;
  if (level < lowest) level = lowest;
  if (level > t.how.maxMipmapLevelClamp) level = t.how.maxMipmapLevelClamp;
  level = level < 0.0f ? 0.0f : level > most ? most : level;
  using Lane = typename texel_of<T>::lane;
  if constexpr (std::is_same_v<Lane, float>) {
    if (t.how.mipmapFilterMode == cudaFilterModeLinear) {
      const int below = static_cast<int>(level), above = below + 1 > static_cast<int>(most) ? below : below + 1;
      const float weight = as_weight(level - static_cast<float>(below));
      T value = sample_level<T, Dimensions>(t, t.levels->level[below].image, at, slice);
      const T other = sample_level<T, Dimensions>(t, t.levels->level[above].image, at, slice);
      for (int c = 0; c < texel_of<T>::lanes; ++c) {
        float& mixed = reinterpret_cast<float*>(&value)[c];
        mixed = (1.0f - weight) * mixed + weight * reinterpret_cast<const float*>(&other)[c];
      }
      return value;
    }
  }
  return sample_level<T, Dimensions>(t, t.levels->level[static_cast<int>(rintf(level))].image, at, slice);
}

}  // namespace cuport
