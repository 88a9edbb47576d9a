// Texture and surface references: `texture<float, 2, cudaReadModeElementType> tex;` at file scope, bound by the host.
// CUDA 12 dropped them; older programs are full of them. What `tex` says of filtering counts when it is bound.
#pragma once
#include "surface.h"
#include "texture_fetch.h"

struct textureReference {
  int normalized = 0;
  enum cudaTextureFilterMode filterMode = cudaFilterModePoint;
  enum cudaTextureAddressMode addressMode[3] = {cudaAddressModeClamp, cudaAddressModeClamp, cudaAddressModeClamp};
  cudaChannelFormatDesc channelDesc = {0, 0, 0, 0, cudaChannelFormatKindNone};
  int sRGB = 0;
  unsigned maxAnisotropy = 0;
  enum cudaTextureFilterMode mipmapFilterMode = cudaFilterModePoint;
  float mipmapLevelBias = 0, minMipmapLevelClamp = 0, maxMipmapLevelClamp = 0;
  enum cudaTextureReadMode cuport_mode = cudaReadModeElementType;
  mutable bool cuport_bound = false;
  mutable cuport::Texture cuport_texture = {};
};
struct surfaceReference {
  cudaChannelFormatDesc channelDesc = {0, 0, 0, 0, cudaChannelFormatKindNone};
  mutable cuport::Surface cuport_surface = {};
};

template <class T, int kind = cudaTextureType1D, enum cudaTextureReadMode mode = cudaReadModeElementType>
struct texture : textureReference {
  texture(int unit = 0, cudaTextureFilterMode filter = cudaFilterModePoint, cudaTextureAddressMode address = cudaAddressModeClamp,
          cudaChannelFormatDesc desc = cudaCreateChannelDesc<T>()) {
    normalized = unit, filterMode = filter, channelDesc = desc, cuport_mode = mode;
    for (auto& a : addressMode) a = address;
  }
};
template <class T, int kind = cudaTextureType1D>
struct surface : surfaceReference {};

namespace cuport {

CUPORT_QUIET inline const Texture& texture_of(const textureReference& r) {
  if (CUPORT_UNLIKELY(!r.cuport_bound)) no_texture();
  return r.cuport_texture;
}
CUPORT_QUIET inline const Surface* surface_of(const surfaceReference& r) {
  return r.cuport_surface.image.base == nullptr ? nullptr : &r.cuport_surface;
}
inline cudaError_t bind(const textureReference& r, const cudaResourceDesc& resource) {
  cudaTextureDesc how{};
  for (int i = 0; i < 3; ++i) how.addressMode[i] = r.addressMode[i];
  how.filterMode = r.filterMode, how.readMode = r.cuport_mode, how.sRGB = r.sRGB, how.normalizedCoords = r.normalized;
  how.mipmapFilterMode = r.mipmapFilterMode, how.mipmapLevelBias = r.mipmapLevelBias;
  how.minMipmapLevelClamp = r.minMipmapLevelClamp, how.maxMipmapLevelClamp = r.maxMipmapLevelClamp;
  r.cuport_bound = make_texture(r.cuport_texture, resource, how);
  return done(r.cuport_bound ? cudaSuccess : cudaErrorInvalidValue);
}

// What a fetch through `texture<T, kind, mode>` gives: T, or as many floats.
template <int lanes>
struct floats;
template <> struct floats<1> { using type = float; };
template <> struct floats<2> { using type = float2; };
template <> struct floats<3> { using type = float3; };
template <> struct floats<4> { using type = float4; };
template <class T, cudaTextureReadMode mode>
using fetched = std::conditional_t<mode == cudaReadModeElementType, T,
                                   std::conditional_t<std::is_class_v<T> && texel_of<T>::lanes == 1, float1, typename floats<texel_of<T>::lanes>::type>>;
}  // namespace cuport

// Gathers give four values of a channel, whatever the texture's own width.
namespace cuport {
template <class Lane> struct four_of;
template <> struct four_of<float> { using type = float4; };
template <> struct four_of<int> { using type = int4; };
template <> struct four_of<unsigned> { using type = uint4; };
template <> struct four_of<short> { using type = short4; };
template <> struct four_of<unsigned short> { using type = ushort4; };
template <> struct four_of<char> { using type = char4; };
template <> struct four_of<signed char> { using type = char4; };
template <> struct four_of<unsigned char> { using type = uchar4; };
inline constexpr bool same_text(const char* a, const char* b) {
  for (; *a == *b; ++a, ++b) {
    if (*a == 0) return true;
  }
  return false;
}
// The type of a fetch of this name.
template <class V, cudaTextureReadMode mode, bool gathers>
struct fetch_type {
  using type = fetched<V, mode>;
};
template <class V, cudaTextureReadMode mode>
struct fetch_type<V, mode, true> {
  using type = typename four_of<typename texel_of<fetched<V, mode>>::lane>::type;
};
}  // namespace cuport

#define CUPORT_REFERENCE_FETCH(name, kind, parameters, ...)                                      \
  template <class V, cudaTextureReadMode mode>                                                   \
  CUPORT_QUIET inline auto name(const texture<V, kind, mode>& r, parameters) {                   \
    using T = typename cuport::fetch_type<V, mode, cuport::same_text(#name, "tex2Dgather")>::type; \
    const cuport::Texture& t = cuport::texture_of(r);                                            \
    return __VA_ARGS__;                                                                          \
  }
CUPORT_FETCHES(CUPORT_REFERENCE_FETCH)
#undef CUPORT_REFERENCE_FETCH

#define CUPORT_SURFACE_ACCESS(name, kind, parameters, place)                                                                                 \
  template <class T, class V>                                                                                                                \
  CUPORT_QUIET inline T name##read(const surface<V, kind>& r, parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) {             \
    return cuport::surface_read<T>(cuport::surface_of(r), place, mode);                                                                      \
  }                                                                                                                                          \
  template <class T, class V>                                                                                                                \
  CUPORT_QUIET inline void name##read(T* out, const surface<V, kind>& r, parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) {  \
    *out = cuport::surface_read<T>(cuport::surface_of(r), place, mode);                                                                      \
  }                                                                                                                                          \
  template <class T, class V>                                                                                                                \
  CUPORT_QUIET inline void name##write(T value, const surface<V, kind>& r, parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) { \
    cuport::surface_write<T>(cuport::surface_of(r), value, place, mode);                                                                     \
  }
CUPORT_SURFACES(CUPORT_SURFACE_ACCESS)
#undef CUPORT_SURFACE_ACCESS

inline cudaError_t cudaBindTexture(size_t* offset, const textureReference* r, const void* p, const cudaChannelFormatDesc* desc, size_t bytes = ~size_t{0} >> 33) {
  cudaResourceDesc resource{};
  resource.resType = cudaResourceTypeLinear;
  const size_t room = cuport::room_at(p);
  resource.res.linear = {const_cast<void*>(p), *desc, bytes < room ? bytes : room};
  if (offset != nullptr) *offset = 0;
  return cuport::bind(*r, resource);
}
template <class T, int kind, cudaTextureReadMode mode>
inline cudaError_t cudaBindTexture(size_t* offset, const texture<T, kind, mode>& r, const void* p, const cudaChannelFormatDesc& desc,
                                   size_t bytes = ~size_t{0} >> 33) {
  return cudaBindTexture(offset, static_cast<const textureReference*>(&r), p, &desc, bytes);
}
template <class T, int kind, cudaTextureReadMode mode>
inline cudaError_t cudaBindTexture(size_t* offset, const texture<T, kind, mode>& r, const void* p, size_t bytes = ~size_t{0} >> 33) {
  return cudaBindTexture(offset, static_cast<const textureReference*>(&r), p, &r.channelDesc, bytes);
}
inline cudaError_t cudaBindTexture2D(size_t* offset, const textureReference* r, const void* p, const cudaChannelFormatDesc* desc,
                                     size_t width, size_t height, size_t pitch) {
  cudaResourceDesc resource{};
  resource.resType = cudaResourceTypePitch2D;
  resource.res.pitch2D = {const_cast<void*>(p), *desc, width, height, pitch};
  if (offset != nullptr) *offset = 0;
  return cuport::bind(*r, resource);
}
template <class T, int kind, cudaTextureReadMode mode>
inline cudaError_t cudaBindTexture2D(size_t* offset, const texture<T, kind, mode>& r, const void* p, const cudaChannelFormatDesc& desc,
                                     size_t width, size_t height, size_t pitch) {
  return cudaBindTexture2D(offset, static_cast<const textureReference*>(&r), p, &desc, width, height, pitch);
}
template <class T, int kind, cudaTextureReadMode mode>
inline cudaError_t cudaBindTexture2D(size_t* offset, const texture<T, kind, mode>& r, const void* p, size_t width, size_t height, size_t pitch) {
  return cudaBindTexture2D(offset, static_cast<const textureReference*>(&r), p, &r.channelDesc, width, height, pitch);
}
inline cudaError_t cudaBindTextureToArray(const textureReference* r, cudaArray_const_t a, const cudaChannelFormatDesc* = nullptr) {
  cudaResourceDesc resource{};
  resource.resType = cudaResourceTypeArray;
  resource.res.array.array = const_cast<cudaArray_t>(a);
  return cuport::bind(*r, resource);
}
inline cudaError_t cudaBindTextureToArray(const textureReference& r, cudaArray_const_t a) { return cudaBindTextureToArray(&r, a); }
inline cudaError_t cudaBindTextureToArray(const textureReference& r, cudaArray_const_t a, const cudaChannelFormatDesc&) {
  return cudaBindTextureToArray(&r, a);
}
inline cudaError_t cudaBindTextureToMipmappedArray(const textureReference& r, cudaMipmappedArray_const_t a) {
  cudaResourceDesc resource{};
  resource.resType = cudaResourceTypeMipmappedArray;
  resource.res.mipmap.mipmap = const_cast<cudaMipmappedArray_t>(a);
  return cuport::bind(r, resource);
}
inline cudaError_t cudaBindTextureToMipmappedArray(const textureReference& r, cudaMipmappedArray_const_t a, const cudaChannelFormatDesc&) {
  return cudaBindTextureToMipmappedArray(r, a);
}
inline cudaError_t cudaUnbindTexture(const textureReference* r) {
  r->cuport_bound = false;
  return cuport::done();
}
inline cudaError_t cudaUnbindTexture(const textureReference& r) { return cudaUnbindTexture(&r); }
inline cudaError_t cudaGetTextureAlignmentOffset(size_t* offset, const textureReference*) {
  *offset = 0;
  return cuport::done();
}
inline cudaError_t cudaGetTextureAlignmentOffset(size_t* offset, const textureReference& r) { return cudaGetTextureAlignmentOffset(offset, &r); }
inline cudaError_t cudaGetTextureReference(const textureReference** out, const void* symbol) {
  *out = static_cast<const textureReference*>(symbol);
  return cuport::done();
}
inline cudaError_t cudaBindSurfaceToArray(const surfaceReference* r, cudaArray_const_t a, const cudaChannelFormatDesc* = nullptr) {
  if (a == nullptr) return cuport::done(cudaErrorInvalidResourceHandle);
  r->cuport_surface.image = a->image;
  return cuport::done();
}
inline cudaError_t cudaBindSurfaceToArray(const surfaceReference& r, cudaArray_const_t a) { return cudaBindSurfaceToArray(&r, a); }
inline cudaError_t cudaBindSurfaceToArray(const surfaceReference& r, cudaArray_const_t a, const cudaChannelFormatDesc&) {
  return cudaBindSurfaceToArray(&r, a);
}
