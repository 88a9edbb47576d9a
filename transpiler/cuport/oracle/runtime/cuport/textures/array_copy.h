// Copies to and from arrays. Offsets along a row are bytes here, elements in cudaMemcpy3D.
#pragma once
#include "array.h"

namespace cuport {

// The place in an array at a byte of a row; null if it lies outside.
inline char* place_in(const cudaArray* a, size_t byte, size_t row) {
  if (a == nullptr || row > static_cast<size_t>(a->image.height) || byte > a->image.pitch) return nullptr;
  return a->image.base + row * a->image.pitch + byte;
}
inline cudaError_t copy_rows_of_array(char* to, size_t to_pitch, const char* from, size_t from_pitch, size_t width, size_t height,
                                      cudaMemcpyKind kind) {
  if (to == nullptr || from == nullptr) return done(cudaErrorInvalidValue);
  return copy_rows(to, to_pitch, from, from_pitch, width, height, kind);
}

// One side of a 3-D copy: a place, and the bytes from row to row and from slice to slice.
struct Side {
  char* base;
  size_t pitch, slice;
};
inline Side side_of(const cudaArray* a, const cudaPos& p, const cudaPitchedPtr& linear) {
  if (a != nullptr) {
    const Image& i = a->image;
    return Side{i.at(static_cast<int>(p.x), static_cast<int>(p.y), static_cast<int>(p.z)), i.pitch, i.slice};
  }
  const size_t slice = linear.pitch * linear.ysize;
  return Side{static_cast<char*>(linear.ptr) + p.z * slice + p.y * linear.pitch + p.x, linear.pitch, slice};
}
inline bool fits(const cudaArray* a, const cudaPos& p, const cudaExtent& e) {
  return a == nullptr || (p.x + e.width <= static_cast<size_t>(a->image.width) && p.y + e.height <= static_cast<size_t>(a->image.height) &&
                          p.z + e.depth <= static_cast<size_t>(a->image.depth));
}
inline cudaError_t copy_3d_with_arrays(const cudaMemcpy3DParms* p) {
  if (!fits(p->srcArray, p->srcPos, p->extent) || !fits(p->dstArray, p->dstPos, p->extent)) return done(cudaErrorInvalidValue);
  const cudaArray* sized = p->dstArray != nullptr ? p->dstArray : p->srcArray;
  const size_t bytes = p->extent.width * static_cast<size_t>(sized->image.bytes);
  const Side to = side_of(p->dstArray, p->dstPos, p->dstPtr), from = side_of(p->srcArray, p->srcPos, p->srcPtr);
  for (size_t z = 0; z < p->extent.depth; ++z) {
    const cudaError_t e = copy_rows(to.base + z * to.slice, to.pitch, from.base + z * from.slice, from.pitch, bytes, p->extent.height, p->kind);
    if (e != cudaSuccess) return e;
  }
  return done();
}
inline const bool knows_arrays = (copy_array_3d = &copy_3d_with_arrays, true);

}  // namespace cuport

inline cudaError_t cudaMemcpyToArray(cudaArray_t to, size_t byte, size_t row, const void* from, size_t bytes, cudaMemcpyKind kind) {
  char* place = cuport::place_in(to, byte, row);
  return place == nullptr ? cuport::done(cudaErrorInvalidValue) : cuport::copy(place, from, bytes, kind);
}
inline cudaError_t cudaMemcpyFromArray(void* to, cudaArray_const_t from, size_t byte, size_t row, size_t bytes, cudaMemcpyKind kind) {
  const char* place = cuport::place_in(from, byte, row);
  return place == nullptr ? cuport::done(cudaErrorInvalidValue) : cuport::copy(to, place, bytes, kind);
}
inline cudaError_t cudaMemcpyToArrayAsync(cudaArray_t to, size_t byte, size_t row, const void* from, size_t bytes, cudaMemcpyKind kind,
                                          cudaStream_t = nullptr) {
  return cudaMemcpyToArray(to, byte, row, from, bytes, kind);
}
inline cudaError_t cudaMemcpyFromArrayAsync(void* to, cudaArray_const_t from, size_t byte, size_t row, size_t bytes, cudaMemcpyKind kind,
                                            cudaStream_t = nullptr) {
  return cudaMemcpyFromArray(to, from, byte, row, bytes, kind);
}
inline cudaError_t cudaMemcpyArrayToArray(cudaArray_t to, size_t to_byte, size_t to_row, cudaArray_const_t from, size_t from_byte,
                                          size_t from_row, size_t bytes, cudaMemcpyKind kind = cudaMemcpyDeviceToDevice) {
  return cudaMemcpyToArray(to, to_byte, to_row, cuport::place_in(from, from_byte, from_row), bytes, kind);
}
inline cudaError_t cudaMemcpy2DToArray(cudaArray_t to, size_t byte, size_t row, const void* from, size_t pitch, size_t width, size_t height,
                                       cudaMemcpyKind kind) {
  if (to == nullptr || row + height > static_cast<size_t>(to->image.height) || byte + width > to->image.pitch) {
    return cuport::done(cudaErrorInvalidValue);
  }
  return cuport::copy_rows_of_array(cuport::place_in(to, byte, row), to->image.pitch, static_cast<const char*>(from), pitch, width, height, kind);
}
inline cudaError_t cudaMemcpy2DFromArray(void* to, size_t pitch, cudaArray_const_t from, size_t byte, size_t row, size_t width,
                                         size_t height, cudaMemcpyKind kind) {
  if (from == nullptr || row + height > static_cast<size_t>(from->image.height) || byte + width > from->image.pitch) {
    return cuport::done(cudaErrorInvalidValue);
  }
  return cuport::copy_rows_of_array(static_cast<char*>(to), pitch, cuport::place_in(from, byte, row), from->image.pitch, width, height, kind);
}
inline cudaError_t cudaMemcpy2DToArrayAsync(cudaArray_t to, size_t byte, size_t row, const void* from, size_t pitch, size_t width,
                                            size_t height, cudaMemcpyKind kind, cudaStream_t = nullptr) {
  return cudaMemcpy2DToArray(to, byte, row, from, pitch, width, height, kind);
}
inline cudaError_t cudaMemcpy2DFromArrayAsync(void* to, size_t pitch, cudaArray_const_t from, size_t byte, size_t row, size_t width,
                                              size_t height, cudaMemcpyKind kind, cudaStream_t = nullptr) {
  return cudaMemcpy2DFromArray(to, pitch, from, byte, row, width, height, kind);
}
inline cudaError_t cudaMemcpy2DArrayToArray(cudaArray_t to, size_t to_byte, size_t to_row, cudaArray_const_t from, size_t from_byte,
                                            size_t from_row, size_t width, size_t height, cudaMemcpyKind kind = cudaMemcpyDeviceToDevice) {
  if (from == nullptr) return cuport::done(cudaErrorInvalidValue);
  return cudaMemcpy2DToArray(to, to_byte, to_row, cuport::place_in(from, from_byte, from_row), from->image.pitch, width, height, kind);
}
