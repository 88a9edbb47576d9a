// NV12 (a luminance plane, then interleaved chrominance at half resolution) to packed RGB, BT.601 limited range,
// in 8.8 fixed point. Width and height are even.
#include "cuda_runtime.h"

typedef unsigned char u8;

#define SAT8(v) ((u8)((v) < 0 ? 0 : (v) > 255 ? 255 : (v)))

static __device__ uchar3 yuv(int c, int d, int e)
{
  c = 298 * (c - 16) + 128;
  return make_uchar3(SAT8((c + 409 * e) >> 8), SAT8((c - 100 * d - 208 * e) >> 8), SAT8((c + 516 * d) >> 8));
}

// A thread converts a square of four pixels that share their chrominance.
extern "C" __global__ void nv12ToRgb(const u8 *luma, const u8 *chroma, int pitch, u8 *rgb, int rgbPitch, int width,
                                     int height)
{
  const int x = 2 * (blockIdx.x * blockDim.x + threadIdx.x);
  const int y = 2 * (blockIdx.y * blockDim.y + threadIdx.y);
  if (x >= width || y >= height) return;

  const uchar2 uv = *(const uchar2 *)(chroma + (y / 2) * pitch + x);
  const int d = uv.x - 128, e = uv.y - 128;
  for (int row = 0; row < 2; row++) {
    const uchar2 pair = *(const uchar2 *)(luma + (y + row) * pitch + x);
    uchar3 *out = (uchar3 *)(rgb + (y + row) * rgbPitch) + x;
    out[0] = yuv(pair.x, d, e);
    out[1] = yuv(pair.y, d, e);
  }
}

// Mean luminance of 8x8 cells, for exposure control: a block a cell, 64 threads, integer tree.
extern "C" __global__ void cellMeans(const u8 *luma, int pitch, u8 *means, int cellsX)
{
  __shared__ int s[64];
  const int t = threadIdx.y * 8 + threadIdx.x;
  s[t] = luma[(blockIdx.y * 8 + threadIdx.y) * pitch + blockIdx.x * 8 + threadIdx.x];
  __syncthreads();
  for (int half = 32; half > 0; half /= 2) {
    if (t < half) s[t] += s[t + half];
    __syncthreads();
  }
  if (t == 0) means[blockIdx.y * cellsX + blockIdx.x] = (u8)((s[0] + 32) / 64);
}

extern "C" int convertFrame(const u8 *frame, int pitch, u8 *rgb, int rgbPitch, u8 *means, int width, int height)
{
  if (width % 2 || height % 2 || pitch % 2) return 1;
  dim3 block(16, 8);
  dim3 grid((width / 2 + block.x - 1) / block.x, (height / 2 + block.y - 1) / block.y);
  nv12ToRgb<<<grid, block>>>(frame, frame + (size_t)pitch * height, pitch, rgb, rgbPitch, width, height);
  if (means && width >= 8 && height >= 8)
    cellMeans<<<dim3(width / 8, height / 8), dim3(8, 8)>>>(frame, pitch, means, width / 8);
  return cudaGetLastError() != cudaSuccess;
}
