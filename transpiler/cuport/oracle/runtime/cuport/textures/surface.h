// Surfaces: arrays read and written by kernels. `x` counts bytes; what lies outside traps, is clamped or reads as zero.
#pragma once
#include "texture_object.h"

enum cudaSurfaceBoundaryMode { cudaBoundaryModeZero = 0, cudaBoundaryModeClamp = 1, cudaBoundaryModeTrap = 2 };
enum cudaSurfaceFormatMode { cudaFormatModeForced = 0, cudaFormatModeAuto = 1 };

namespace cuport {

CUPORT_NOINLINE inline void surface_trap() { leave_kernel(cudaErrorIllegalAddress, "a surface access outside the array"); }
CUPORT_QUIET inline bool inside(int& i, int n, cudaSurfaceBoundaryMode mode) {
  if (static_cast<unsigned>(i) < static_cast<unsigned>(n)) return true;
  if (mode == cudaBoundaryModeTrap) surface_trap();
  if (mode == cudaBoundaryModeZero) return false;
  i = i < 0 ? 0 : n - 1;
  return true;
}
// The bytes of an element; null: outside in the zero mode.
CUPORT_QUIET inline char* surface_place(const Surface* s, int byte, int y, int z, int size, cudaSurfaceBoundaryMode mode) {
  if (s == nullptr) leave_kernel(cudaErrorInvalidValue, "an access through a surface that is not bound");
  const Image& image = s->image;
  int column = byte >= 0 ? byte / size : -1;
  const bool there = inside(column, static_cast<int>(image.pitch) / size, mode) & inside(y, image.height, mode) & inside(z, image.depth, mode);
  return there ? image.base + static_cast<size_t>(z) * image.slice + static_cast<size_t>(y) * image.pitch + static_cast<size_t>(column) * static_cast<size_t>(size)
               : nullptr;
}
template <class T>
CUPORT_QUIET inline T surface_read(const Surface* s, int byte, int y, int z, cudaSurfaceBoundaryMode mode) {
  T value{};
  if (const char* place = surface_place(s, byte, y, z, static_cast<int>(sizeof(T)), mode)) memcpy(&value, place, sizeof value);
  return value;
}
template <class T>
CUPORT_QUIET inline void surface_write(const Surface* s, const T& value, int byte, int y, int z, cudaSurfaceBoundaryMode mode) {
  if (char* place = surface_place(s, byte, y, z, static_cast<int>(sizeof(T)), mode)) memcpy(place, &value, sizeof value);
}
CUPORT_QUIET inline const Surface* surface_of(cudaSurfaceObject_t handle) { return reinterpret_cast<const Surface*>(handle); }

}  // namespace cuport

// Each kind of surface: its name, the kind of surface reference it takes, its coordinates and what they mean.
#ifndef CUPORT_P
#define CUPORT_P(...) __VA_ARGS__
#endif
#define CUPORT_SURFACES(F)                                                                             \
  F(surf1D, 1, CUPORT_P(int x), CUPORT_P(x, 0, 0))                                                     \
  F(surf2D, 2, CUPORT_P(int x, int y), CUPORT_P(x, y, 0))                                              \
  F(surf3D, 3, CUPORT_P(int x, int y, int z), CUPORT_P(x, y, z))                                       \
  F(surf1DLayered, 0xF1, CUPORT_P(int x, int layer), CUPORT_P(x, 0, layer))                            \
  F(surf2DLayered, 0xF2, CUPORT_P(int x, int y, int layer), CUPORT_P(x, y, layer))                     \
  F(surfCubemap, 0x0C, CUPORT_P(int x, int y, int face), CUPORT_P(x, y, face))                         \
  F(surfCubemapLayered, 0xFC, CUPORT_P(int x, int y, int face), CUPORT_P(x, y, face))

#define CUPORT_SURFACE_ACCESS(name, kind, parameters, place)                                                                             \
  template <class T>                                                                                                                     \
  CUPORT_QUIET inline T name##read(cudaSurfaceObject_t handle, parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) {        \
    return cuport::surface_read<T>(cuport::surface_of(handle), place, mode);                                                             \
  }                                                                                                                                      \
  template <class T>                                                                                                                     \
  CUPORT_QUIET inline void name##read(T* out, cudaSurfaceObject_t handle, parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) { \
    *out = cuport::surface_read<T>(cuport::surface_of(handle), place, mode);                                                             \
  }                                                                                                                                      \
  template <class T>                                                                                                                     \
  CUPORT_QUIET inline void name##write(T value, cudaSurfaceObject_t handle, parameters, cudaSurfaceBoundaryMode mode = cudaBoundaryModeTrap) { \
    cuport::surface_write<T>(cuport::surface_of(handle), value, place, mode);                                                            \
  }
CUPORT_SURFACES(CUPORT_SURFACE_ACCESS)
#undef CUPORT_SURFACE_ACCESS
