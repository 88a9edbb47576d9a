// Texture and surface references at file scope, as CUDA had them up to version 11 (a compiler of today refuses them).
#include <cstdio>
#include <cstdlib>
#include <cuda.h>

texture<float, 2, cudaReadModeElementType> image;
texture<uchar4, cudaTextureType2D, cudaReadModeNormalizedFloat> colors;
texture<int> table;                            // one dimension, elements as they are
texture<unsigned char, 1, cudaReadModeNormalizedFloat> ramp(1, cudaFilterModeLinear, cudaAddressModeClamp);
texture<float4, 3> volume;
texture<int2, 1, cudaReadModeElementType> doubles;
static texture<float, cudaTextureType2DLayered> sheets;
surface<void, 2> canvas;

__device__ double fetch_double(int i) {
  const int2 v = tex1Dfetch(doubles, i);
  return __hiloint2double(v.y, v.x);
}
__global__ void rotate(float* out, int w, int h, float theta) {
  const unsigned x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  const float u = x / (float)w - 0.5f, v = y / (float)h - 0.5f;
  const float tu = u * cosf(theta) - v * sinf(theta) + 0.5f, tv = v * cosf(theta) + u * sinf(theta) + 0.5f;
  out[y * w + x] = tex2D(image, tu, tv);
}
__global__ void look(float* out, int* ints, double* d) {
  const float4 c = tex2D(colors, 1, 0);
  out[0] = c.x, out[1] = c.y, out[2] = c.z, out[3] = c.w;
  out[4] = tex1D(ramp, 0.5f);
  out[5] = tex3D(volume, 0.5f, 0.5f, 1.5f).z;
  out[6] = tex2DLayered(sheets, 0.5f, 0.5f, 1);
  ints[0] = tex1Dfetch(table, 3), ints[1] = tex1Dfetch(table, 100);
  *d = fetch_double(1);
}
__global__ void paint() {
  const int x = threadIdx.x, y = threadIdx.y;
  surf2Dwrite(make_uchar4(x, y, x + y, 255), canvas, x * sizeof(uchar4), y);
}
__global__ void copy_out(uchar4* out) {
  const int x = threadIdx.x, y = threadIdx.y;
  uchar4 v;
  surf2Dread(&v, canvas, x * 4, y);
  out[y * 4 + x] = v;
}

int main() {
  float *out;
  int* ints;
  double* d;
  cudaMallocManaged(&out, 1024), cudaMallocManaged(&ints, 64), cudaMallocManaged(&d, 16);

  // no rotation and point sampling: the image itself; x / w * w is exact for powers of two
  float pixels[32];
  for (int i = 0; i < 32; i++) pixels[i] = i;
  cudaChannelFormatDesc desc = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindFloat);
  cudaArray* a;
  cudaMallocArray(&a, &desc, 8, 4);
  cudaMemcpyToArray(a, 0, 0, pixels, sizeof pixels, cudaMemcpyHostToDevice);
  image.addressMode[0] = image.addressMode[1] = cudaAddressModeWrap;
  image.filterMode = cudaFilterModePoint;
  image.normalized = true;
  cudaBindTextureToArray(image, a, desc);
  rotate<<<dim3(2, 1), dim3(4, 4)>>>(out, 8, 4, 0.0f);
  cudaDeviceSynchronize();
  int same = 0;
  for (int i = 0; i < 32; i++) same += out[i] == i;
  printf("%d\n", same);  // expect: 32
  // with linear filtering the sample lies on the corner of four texels: T(7,3), T(0,3), T(7,0), T(0,0) at (0, 0)
  image.filterMode = cudaFilterModeLinear;
  cudaBindTextureToArray(&image, a, &desc);
  rotate<<<dim3(2, 1), dim3(4, 4)>>>(out, 8, 4, 0.0f);
  cudaDeviceSynchronize();
  printf("%g %g\n", out[0], out[9]);  // expect: 15.5 4.5
  cudaUnbindTexture(image);

  uchar4* pitched;
  size_t pitch, offset = 7;
  cudaMallocPitch((void**)&pitched, &pitch, 8, 1);
  const uchar4 two[2] = {make_uchar4(0, 1, 2, 3), make_uchar4(0, 255, 51, 102)};
  cudaMemcpy2D(pitched, pitch, two, 8, 8, 1, cudaMemcpyHostToDevice);
  cudaBindTexture2D(&offset, colors, pitched, cudaCreateChannelDesc<uchar4>(), 2, 1, pitch);
  int values[8] = {5, 6, 7, -8, 9};
  int* device_values;
  cudaMalloc(&device_values, sizeof values);
  cudaMemcpy(device_values, values, sizeof values, cudaMemcpyHostToDevice);
  cudaBindTexture(0, table, device_values, sizeof values);
  const unsigned char steps[2] = {0, 255};
  const cudaChannelFormatDesc byte = cudaCreateChannelDesc<unsigned char>(), quad = cudaCreateChannelDesc<float4>();
  cudaArray_t line, cells, layers;
  cudaMallocArray(&line, &byte, 2);
  cudaMemcpyToArray(line, 0, 0, steps, 2, cudaMemcpyHostToDevice);
  cudaBindTextureToArray(ramp, line);
  cudaMalloc3DArray(&cells, &quad, make_cudaExtent(1, 1, 2), 0);
  float eight[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  cudaMemcpy3DParms copy = {0};
  copy.srcPtr = make_cudaPitchedPtr(eight, 16, 1, 1), copy.dstArray = cells, copy.extent = make_cudaExtent(1, 1, 2);
  copy.kind = cudaMemcpyHostToDevice;
  cudaMemcpy3D(&copy);
  volume.normalized = false;
  cudaBindTextureToArray(volume, cells);
  cudaMalloc3DArray(&layers, &desc, make_cudaExtent(1, 1, 2), cudaArrayLayered);
  copy.dstArray = layers, copy.srcPtr = make_cudaPitchedPtr(eight, 4, 1, 1);
  cudaMemcpy3D(&copy);
  cudaBindTextureToArray(sheets, layers);
  const double pair[2] = {1.5, -2.25e10};
  double* device_pair;
  cudaMalloc(&device_pair, sizeof pair);
  cudaMemcpy(device_pair, pair, sizeof pair, cudaMemcpyHostToDevice);
  cudaBindTexture(NULL, doubles, device_pair, cudaCreateChannelDesc<int2>(), sizeof pair);
  look<<<1, 1>>>(out, ints, d);
  cudaDeviceSynchronize();
  printf("%g %g %g %g\n", out[0], out[1], out[2], out[3]);       // expect: 0 1 0.2 0.4
  printf("%g %g %g %d %d %g %zu\n", out[4], out[5], out[6], ints[0], ints[1], *d, offset);  // expect: 0.5 7 2 -8 0 -2.25e+10 0

  const cudaChannelFormatDesc four = cudaCreateChannelDesc<uchar4>();
  cudaMallocArray(&a, &four, 4, 4, cudaArraySurfaceLoadStore);
  cudaBindSurfaceToArray(canvas, a);
  paint<<<1, dim3(4, 4)>>>();
  copy_out<<<1, dim3(4, 4)>>>((uchar4*)out);
  uchar4 host[16];
  printf("%s\n", cudaGetErrorName(cudaMemcpyFromArray(host, a, 0, 0, sizeof host, cudaMemcpyDeviceToHost)));  // expect: cudaSuccess
  const uchar4 *seen = (const uchar4*)out;
  printf("%d %d %d %d %d\n", host[14].x, host[14].y, host[14].z, seen[7].x, seen[7].y);  // expect: 2 3 5 3 1
  // a kernel that reads through a texture that is not bound stops
  rotate<<<1, 1>>>(out, 8, 4, 0.0f);
  printf("%d\n", cudaDeviceSynchronize() != cudaSuccess);  // expect: 1
  return 0;
}
