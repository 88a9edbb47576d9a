// Arrays (cudaArray): elements of one to four channels, of one, two or three dimensions, in layers or levels.
//
// Rows lie one after the other without padding, so that a copy of bytes may run over the end of a row as CUDA lets it.
#pragma once
#include "../host/host_memory.h"

enum cudaChannelFormatKind {
  cudaChannelFormatKindSigned = 0,
  cudaChannelFormatKindUnsigned = 1,
  cudaChannelFormatKindFloat = 2,
  cudaChannelFormatKindNone = 3
};
struct cudaChannelFormatDesc {
  int x, y, z, w;  // bits
  enum cudaChannelFormatKind f;
};
enum {
  cudaArrayDefault = 0,
  cudaArrayLayered = 1,
  cudaArraySurfaceLoadStore = 2,
  cudaArrayCubemap = 4,
  cudaArrayTextureGather = 8
};

namespace cuport {

// Lanes and lane type of an element: of float4, uchar1, half2, or of a scalar.
template <class T, class = void>
struct texel_of {
  using lane = T;
  static constexpr int lanes = 1;
};
template <class T>
struct texel_of<T, std::void_t<decltype(std::declval<T&>().x)>> {
  using lane = std::remove_reference_t<decltype(std::declval<T&>().x)>;
  static constexpr int lanes = static_cast<int>(sizeof(T) / sizeof(lane));
};

// Texels in memory. 1-D images have one row, 2-D images one slice; layers, cube faces and volumes are slices.
struct Image {
  char* base;
  size_t pitch, slice;  // bytes from row to row, from slice to slice
  int width, height, depth;
  cudaChannelFormatDesc format;
  int channels, bytes;  // of a texel

  CUPORT_QUIET char* at(int x, int y, int z) const {
    return base + static_cast<size_t>(z) * slice + static_cast<size_t>(y) * pitch + static_cast<size_t>(x) * static_cast<size_t>(bytes);
  }
};

inline Image image_of(char* base, const cudaChannelFormatDesc& d, size_t width, size_t height, size_t depth, size_t pitch = 0) {
  const int bytes = (d.x + d.y + d.z + d.w) / 8;
  const size_t row = pitch != 0 ? pitch : width * static_cast<size_t>(bytes), rows = height == 0 ? 1 : height;
  return Image{base, row, row * rows, static_cast<int>(width), static_cast<int>(rows), static_cast<int>(depth == 0 ? 1 : depth), d,
               (d.x != 0) + (d.y != 0) + (d.z != 0) + (d.w != 0), bytes};
}
inline bool is_format(const cudaChannelFormatDesc& d) {
  const int bits = d.x + d.y + d.z + d.w;
  return (d.x == 8 || d.x == 16 || d.x == 32) && bits % d.x == 0 && bits / d.x <= 4;
}

}  // namespace cuport

struct cudaArray {
  cuport::Image image;
  cudaExtent extent;  // as it was asked for
  unsigned flags;
  bool owned;  // false: one level of a mipmapped array
};
struct cudaMipmappedArray {
  cudaArray level[16];
  unsigned levels;
  char* memory;
};
typedef struct cudaMipmappedArray* cudaMipmappedArray_t;
typedef const struct cudaMipmappedArray* cudaMipmappedArray_const_t;

inline cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, cudaChannelFormatKind f) { return {x, y, z, w, f}; }
template <class T>
inline cudaChannelFormatDesc cudaCreateChannelDesc() {
  if constexpr (std::is_void_v<T>) {
    return {0, 0, 0, 0, cudaChannelFormatKindNone};
  } else {
    using Lane = typename cuport::texel_of<T>::lane;
    constexpr int n = cuport::texel_of<T>::lanes, bits = 8 * static_cast<int>(sizeof(Lane));
    constexpr cudaChannelFormatKind kind = !std::is_integral_v<Lane>   ? cudaChannelFormatKindFloat
                                           : std::is_signed_v<Lane> ? cudaChannelFormatKindSigned
                                                                    : cudaChannelFormatKindUnsigned;
    return {bits, n > 1 ? bits : 0, n > 2 ? bits : 0, n > 3 ? bits : 0, kind};
  }
}
inline cudaChannelFormatDesc cudaCreateChannelDescHalf() { return {16, 0, 0, 0, cudaChannelFormatKindFloat}; }
inline cudaChannelFormatDesc cudaCreateChannelDescHalf1() { return cudaCreateChannelDescHalf(); }
inline cudaChannelFormatDesc cudaCreateChannelDescHalf2() { return {16, 16, 0, 0, cudaChannelFormatKindFloat}; }
inline cudaChannelFormatDesc cudaCreateChannelDescHalf4() { return {16, 16, 16, 16, cudaChannelFormatKindFloat}; }

inline cudaError_t cudaMalloc3DArray(cudaArray_t* out, const cudaChannelFormatDesc* desc, cudaExtent e, unsigned flags = 0) {
  if (out == nullptr || desc == nullptr || !cuport::is_format(*desc) || e.width == 0) return cuport::done(cudaErrorInvalidValue);
  cuport::Image image = cuport::image_of(nullptr, *desc, e.width, e.height, e.depth);
  image.base = cuport::device_memory.allocate(image.slice * static_cast<size_t>(image.depth));
  if (image.base == nullptr) return cuport::done(cudaErrorMemoryAllocation);
  *out = new cudaArray{image, e, flags, true};
  return cuport::done();
}
inline cudaError_t cudaMallocArray(cudaArray_t* out, const cudaChannelFormatDesc* desc, size_t width, size_t height = 0, unsigned flags = 0) {
  return cudaMalloc3DArray(out, desc, cudaExtent{width, height, 0}, flags);
}
inline cudaError_t cudaFreeArray(cudaArray_t a) {
  if (a == nullptr) return cuport::done();
  if (!a->owned) return cuport::done(cudaErrorInvalidValue);
  const bool freed = cuport::device_memory.release(a->image.base);
  delete a;
  return cuport::done(freed ? cudaSuccess : cudaErrorInvalidValue);
}
inline cudaError_t cudaArrayGetInfo(cudaChannelFormatDesc* desc, cudaExtent* extent, unsigned* flags, cudaArray_t a) {
  if (a == nullptr) return cuport::done(cudaErrorInvalidResourceHandle);
  if (desc != nullptr) *desc = a->image.format;
  if (extent != nullptr) *extent = a->extent;
  if (flags != nullptr) *flags = a->flags;
  return cuport::done();
}
inline cudaError_t cudaGetChannelDesc(cudaChannelFormatDesc* desc, cudaArray_const_t a) {
  if (a == nullptr) return cuport::done(cudaErrorInvalidResourceHandle);
  *desc = a->image.format;
  return cuport::done();
}

// Levels of half the size, down to one texel.
inline cudaError_t cudaMallocMipmappedArray(cudaMipmappedArray_t* out, const cudaChannelFormatDesc* desc, cudaExtent e, unsigned levels,
                                            unsigned flags = 0) {
  if (out == nullptr || desc == nullptr || !cuport::is_format(*desc) || e.width == 0 || levels == 0) return cuport::done(cudaErrorInvalidValue);
  auto* m = new cudaMipmappedArray{};
  const bool layered = (flags & (cudaArrayLayered | cudaArrayCubemap)) != 0;
  const auto at_level = [&](unsigned i) {
    const auto half = [i](size_t n) { return n == 0 ? 0 : n >> i == 0 ? 1 : n >> i; };
    return cudaExtent{half(e.width), half(e.height), layered ? e.depth : half(e.depth)};
  };
  size_t bytes = 0;
  for (; m->levels < levels && m->levels < 16; ++m->levels) {
    const cudaExtent l = at_level(m->levels);
    m->level[m->levels] = cudaArray{cuport::image_of(nullptr, *desc, l.width, l.height, l.depth), l, flags, false};
    bytes += m->level[m->levels].image.slice * static_cast<size_t>(m->level[m->levels].image.depth);
    if (l.width <= 1 && l.height <= 1 && (layered || l.depth <= 1)) {
      ++m->levels;
      break;
    }
  }
  char* at = m->memory = cuport::device_memory.allocate(bytes);
  if (at == nullptr) {
    delete m;
    return cuport::done(cudaErrorMemoryAllocation);
  }
  for (unsigned i = 0; i < m->levels; ++i) {
    m->level[i].image.base = at;
    at += m->level[i].image.slice * static_cast<size_t>(m->level[i].image.depth);
  }
  *out = m;
  return cuport::done();
}
inline cudaError_t cudaGetMipmappedArrayLevel(cudaArray_t* out, cudaMipmappedArray_const_t m, unsigned level) {
  if (out == nullptr || m == nullptr || level >= m->levels) return cuport::done(cudaErrorInvalidValue);
  *out = const_cast<cudaArray_t>(m->level + level);
  return cuport::done();
}
inline cudaError_t cudaFreeMipmappedArray(cudaMipmappedArray_t m) {
  if (m == nullptr) return cuport::done();
  cuport::device_memory.release(m->memory);
  delete m;
  return cuport::done();
}
