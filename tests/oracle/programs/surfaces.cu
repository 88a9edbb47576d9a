// Surface objects: byte positions along x, elements along y and z, and what happens outside.
#include <cstdio>
#include <cstring>
#include <cuda_runtime.h>

__global__ void fill(cudaSurfaceObject_t s, int w) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x, y = threadIdx.y;
  if (x < w) surf2Dwrite<float>(x + 100.0f * y, s, x * sizeof(float), y);
}
__global__ void edges(cudaSurfaceObject_t s, float* out) {
  out[0] = surf2Dread<float>(s, -4, 1, cudaBoundaryModeClamp);
  out[1] = surf2Dread<float>(s, 40, 9, cudaBoundaryModeClamp);
  out[2] = surf2Dread<float>(s, -4, 1, cudaBoundaryModeZero);
  surf2Dwrite(7.0f, s, 100, 1, cudaBoundaryModeZero);  // goes nowhere
  surf2Dread(&out[3], s, 8, 1);
  out[4] = surf2Dread<float2>(s, 8, 1).y;
}
__global__ void cells(cudaSurfaceObject_t volume, cudaSurfaceObject_t line, cudaSurfaceObject_t layers, short2* out) {
  const short2 v = surf3Dread<short2>(volume, threadIdx.x * sizeof(short2), 1, 2);
  surf3Dwrite(make_short2(v.y, v.x), volume, threadIdx.x * sizeof(short2), 0, 0);
  out[threadIdx.x] = surf3Dread<short2>(volume, threadIdx.x * sizeof(short2), 0, 0);
  surf1Dwrite((unsigned char)(200 + threadIdx.x), line, threadIdx.x);
  surf2DLayeredwrite(threadIdx.x, layers, threadIdx.x * 4, 0, 1);
  if (threadIdx.x == 0) out[2].x = surf2DLayeredread<int>(layers, 4, 0, 0);
}
__global__ void outside(cudaSurfaceObject_t s) { surf2Dwrite(1.0f, s, 5 * 4, 0); }

static cudaSurfaceObject_t surface_of(cudaArray_t a) {
  cudaResourceDesc res;
  memset(&res, 0, sizeof res);
  res.resType = cudaResourceTypeArray;
  res.res.array.array = a;
  cudaSurfaceObject_t s = 0;
  cudaCreateSurfaceObject(&s, &res);
  return s;
}

int main() {
  float* out;
  cudaMallocManaged(&out, 256);
  const cudaChannelFormatDesc one = cudaCreateChannelDesc<float>();
  cudaArray_t a;
  cudaMallocArray(&a, &one, 4, 2, cudaArraySurfaceLoadStore);
  const cudaSurfaceObject_t s = surface_of(a);
  fill<<<1, dim3(8, 2)>>>(s, 4);
  edges<<<1, 1>>>(s, out);
  cudaDeviceSynchronize();
  printf("%g %g %g %g %g\n", out[0], out[1], out[2], out[3], out[4]);  // expect: 100 103 0 102 103
  float host[8];
  cudaMemcpy2DFromArray(host, 16, a, 0, 0, 16, 2, cudaMemcpyDeviceToHost);
  printf("%g %g %g\n", host[3], host[4], host[7]);  // expect: 3 100 103

  const cudaChannelFormatDesc two = cudaCreateChannelDesc<short2>(), byte = cudaCreateChannelDesc<unsigned char>(), whole = cudaCreateChannelDesc<int>();
  cudaArray_t volume, line, layers;
  cudaMalloc3DArray(&volume, &two, make_cudaExtent(2, 2, 3), cudaArraySurfaceLoadStore);
  cudaMallocArray(&line, &byte, 2, 0, cudaArraySurfaceLoadStore);
  cudaMalloc3DArray(&layers, &whole, make_cudaExtent(2, 1, 2), cudaArrayLayered | cudaArraySurfaceLoadStore);
  short2 cube[12];
  for (int i = 0; i < 12; i++) cube[i] = make_short2(i, -i);
  const int numbers[4] = {11, 12, 13, 14};
  cudaMemcpy3DParms copy = {};
  copy.kind = cudaMemcpyHostToDevice;
  copy.srcPtr = make_cudaPitchedPtr(cube, 8, 2, 2), copy.dstArray = volume, copy.extent = make_cudaExtent(2, 2, 3);
  cudaMemcpy3D(&copy);
  copy.srcPtr = make_cudaPitchedPtr((void*)numbers, 8, 2, 1), copy.dstArray = layers, copy.extent = make_cudaExtent(2, 1, 2);
  cudaMemcpy3D(&copy);
  cells<<<1, 2>>>(surface_of(volume), surface_of(line), surface_of(layers), (short2*)out);
  cudaDeviceSynchronize();
  const short2* got = (const short2*)out;
  printf("%d %d %d %d %d\n", got[0].x, got[0].y, got[1].x, got[1].y, got[2].x);  // expect: -10 10 -11 11 12
  unsigned char bytes[2];
  cudaMemcpy2DFromArray(bytes, 2, line, 0, 0, 2, 1, cudaMemcpyDeviceToHost);
  int changed[4];
  cudaMemcpy3DParms back = {};
  back.kind = cudaMemcpyDeviceToHost;
  back.dstPtr = make_cudaPitchedPtr(changed, 8, 2, 1), back.srcArray = layers, back.extent = make_cudaExtent(2, 1, 2);
  cudaMemcpy3D(&back);
  printf("%d %d %d %d %d %d\n", bytes[0], bytes[1], changed[0], changed[1], changed[2], changed[3]);  // expect: 200 201 11 12 0 1

  cudaChannelFormatDesc asked;
  cudaExtent extent;
  unsigned flags;
  cudaArrayGetInfo(&asked, &extent, &flags, volume);
  printf("%d %d %d %zu %zu %zu %u\n", asked.x, asked.y, asked.f, extent.width, extent.height, extent.depth, flags);  // expect: 16 16 0 2 2 3 2
  outside<<<1, 1>>>(s);  // the default is to trap
  printf("%d\n", cudaDeviceSynchronize() != cudaSuccess);  // expect: 1
  return 0;
}
