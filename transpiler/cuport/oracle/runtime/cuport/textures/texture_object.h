// Making and asking about texture and surface objects.
#pragma once
#include "texture.h"

namespace cuport {

struct Surface {
  Image image;
  cudaResourceDesc resource;
};

// The image a resource describes; false if it describes none.
inline bool image_of_resource(const cudaResourceDesc& r, Image& image, const cudaMipmappedArray*& levels) {
  levels = nullptr;
  switch (r.resType) {
    case cudaResourceTypeArray:
      if (r.res.array.array == nullptr) return false;
      image = r.res.array.array->image;
      return true;
    case cudaResourceTypeMipmappedArray:
      if (r.res.mipmap.mipmap == nullptr) return false;
      levels = r.res.mipmap.mipmap;
      image = levels->level[0].image;
      return true;
    case cudaResourceTypeLinear: {
      const auto& l = r.res.linear;
      if (!is_format(l.desc) || l.devPtr == nullptr || !is_device(l.devPtr) || room_at(l.devPtr) < l.sizeInBytes) return false;
      image = image_of(static_cast<char*>(l.devPtr), l.desc, 1, 0, 0);
      image.width = static_cast<int>(l.sizeInBytes / static_cast<size_t>(image.bytes));
      return true;
    }
    case cudaResourceTypePitch2D: {
      const auto& p = r.res.pitch2D;
      if (!is_format(p.desc) || p.devPtr == nullptr || !is_device(p.devPtr) || p.pitchInBytes % 32 != 0) return false;
      image = image_of(static_cast<char*>(p.devPtr), p.desc, p.width, p.height, 1, p.pitchInBytes);
      return true;
    }
  }
  return false;
}

// The format that a view gives to the texels; false if they have another size.
inline bool apply_view(Image& image, const cudaResourceViewDesc& view) {
  if (view.format == cudaResViewFormatNone) return true;
  const int kind = (view.format - 1) / 3, lanes = 1 << (view.format - 1) % 3;
  const int bits = kind < 2 ? 8 : kind < 4 || kind == 6 ? 16 : 32;
  if (lanes * bits != 8 * image.bytes) return false;
  const cudaChannelFormatKind f = kind >= 6 ? cudaChannelFormatKindFloat : kind % 2 == 0 ? cudaChannelFormatKindUnsigned : cudaChannelFormatKindSigned;
  image.format = cudaChannelFormatDesc{bits, lanes > 1 ? bits : 0, lanes > 2 ? bits : 0, lanes > 2 ? bits : 0, f};
  image.channels = lanes;
  return true;
}

inline bool make_texture(Texture& t, const cudaResourceDesc& resource, const cudaTextureDesc& how, const cudaResourceViewDesc* view = nullptr) {
  if (!image_of_resource(resource, t.image, t.levels)) return false;
  if (view != nullptr && (!apply_view(t.image, *view) || (t.levels != nullptr && view->format != cudaResViewFormatNone))) return false;
  t.how = how, t.resource = resource;
  const cudaChannelFormatDesc& f = t.image.format;
  const bool floating = f.f == cudaChannelFormatKindFloat || (how.readMode == cudaReadModeNormalizedFloat && f.x < 32);
  if (how.readMode == cudaReadModeNormalizedFloat && f.f != cudaChannelFormatKindFloat && f.x == 32) return false;
  return how.filterMode != cudaFilterModeLinear || floating || resource.resType == cudaResourceTypeLinear;
}

// The texture behind a handle; a kernel that uses none stops.
CUPORT_NOINLINE inline void no_texture() { leave_kernel(cudaErrorInvalidTexture, "a fetch through a texture that is not bound"); }
CUPORT_QUIET inline const Texture& texture_of(cudaTextureObject_t handle) {
  if (CUPORT_UNLIKELY(handle == 0)) no_texture();
  return *reinterpret_cast<const Texture*>(handle);
}

}  // namespace cuport

inline cudaError_t cudaCreateTextureObject(cudaTextureObject_t* out, const cudaResourceDesc* resource, const cudaTextureDesc* how,
                                           const cudaResourceViewDesc* view = nullptr) {
  if (out == nullptr || resource == nullptr || how == nullptr) return cuport::done(cudaErrorInvalidValue);
  auto* t = new cuport::Texture;
  if (!cuport::make_texture(*t, *resource, *how, view)) {
    delete t;
    return cuport::done(cudaErrorInvalidValue);
  }
  *out = reinterpret_cast<cudaTextureObject_t>(t);
  return cuport::done();
}
inline cudaError_t cudaDestroyTextureObject(cudaTextureObject_t handle) {
  delete reinterpret_cast<cuport::Texture*>(handle);
  return cuport::done();
}
inline cudaError_t cudaGetTextureObjectResourceDesc(cudaResourceDesc* out, cudaTextureObject_t handle) {
  if (handle == 0) return cuport::done(cudaErrorInvalidValue);
  *out = reinterpret_cast<cuport::Texture*>(handle)->resource;
  return cuport::done();
}
inline cudaError_t cudaGetTextureObjectTextureDesc(cudaTextureDesc* out, cudaTextureObject_t handle) {
  if (handle == 0) return cuport::done(cudaErrorInvalidValue);
  *out = reinterpret_cast<cuport::Texture*>(handle)->how;
  return cuport::done();
}

inline cudaError_t cudaDeviceGetTexture1DLinearMaxWidth(size_t* out, const cudaChannelFormatDesc*, int) {
  *out = size_t{1} << 28;
  return cuport::done();
}

inline cudaError_t cudaCreateSurfaceObject(cudaSurfaceObject_t* out, const cudaResourceDesc* resource) {
  if (out == nullptr || resource == nullptr || resource->resType != cudaResourceTypeArray || resource->res.array.array == nullptr) {
    return cuport::done(cudaErrorInvalidValue);
  }
  *out = reinterpret_cast<cudaSurfaceObject_t>(new cuport::Surface{resource->res.array.array->image, *resource});
  return cuport::done();
}
inline cudaError_t cudaDestroySurfaceObject(cudaSurfaceObject_t handle) {
  delete reinterpret_cast<cuport::Surface*>(handle);
  return cuport::done();
}
inline cudaError_t cudaGetSurfaceObjectResourceDesc(cudaResourceDesc* out, cudaSurfaceObject_t handle) {
  if (handle == 0) return cuport::done(cudaErrorInvalidValue);
  *out = reinterpret_cast<cuport::Surface*>(handle)->resource;
  return cuport::done();
}
