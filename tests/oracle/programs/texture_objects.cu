// Texture objects over linear memory, pitched memory and arrays: address modes, filters, read modes, layers, cubes.
//
// By the programming guide's appendix on texture fetching: linear filtering mixes the texels at floor(x - 0.5) and the next
// one with the fraction in 1/256; in the normalised modes wrap takes frac(x) and mirror 1 - frac(x) in odd periods.
#include <cstdio>
#include <cstring>
#include <cuda_runtime.h>

__global__ void fetch_1d(cudaTextureObject_t tex, const float* x, float* out, int n) {
  const int i = threadIdx.x;
  if (i < n) out[i] = tex1D<float>(tex, x[i]);
}
__global__ void fetch_linear(cudaTextureObject_t ints, cudaTextureObject_t bytes, int* out, float4* color) {
  for (int i = 0; i < 4; i++) out[i] = tex1Dfetch<int>(ints, i * 2 - 1);
  *color = tex1Dfetch<float4>(bytes, 1);
}
__global__ void fetch_2d(cudaTextureObject_t tex, float* out) {
  out[0] = tex2D<float>(tex, 1.5f, 1.5f);
  out[1] = tex2D<float>(tex, 2.0f, 1.5f);
  out[2] = tex2D<float>(tex, 2.0f, 2.0f);
  out[3] = tex2D<float>(tex, -5.0f, 0.5f);
  out[4] = tex2D<float>(tex, 1.501f, 0.5f);  // 0.001 * 256 rounds to nothing
  float v;
  tex2D(&v, tex, 1.75f, 0.75f);
  out[5] = v;
}
__global__ void fetch_3d(cudaTextureObject_t tex, unsigned short* out) {
  const int i = threadIdx.x;
  out[i] = tex3D<unsigned short>(tex, i % 2 + 0.5f, i / 2 % 3 + 0.5f, i / 6 + 0.5f);
}
__global__ void fetch_layers(cudaTextureObject_t tex, cudaTextureObject_t line, cudaTextureObject_t cube, float* out) {
  out[0] = tex2DLayered<float2>(tex, 0.5f, 1.5f, 1).y;
  out[1] = tex2DLayered<float2>(tex, 1.5f, 0.5f, 7).x;  // the layer is clamped
  out[2] = tex1DLayered<float>(line, 1.0f, 1);
  out[3] = texCubemap<float>(cube, 2.0f, 0.5f, -0.5f);
  out[4] = texCubemap<float>(cube, -0.1f, 0.2f, -3.0f);
}
__global__ void gather(cudaTextureObject_t tex, float4* out) { *out = tex2Dgather<float4>(tex, 2.0f, 1.0f); }
__global__ void levels(cudaTextureObject_t tex, float* out) {
  out[0] = tex2DLod<float>(tex, 0.1f, 0.1f, 0.0f);
  out[1] = tex2DLod<float>(tex, 0.1f, 0.1f, 1.0f);
  out[2] = tex2DLod<float>(tex, 0.1f, 0.1f, 0.5f);
  out[3] = tex2DGrad<float>(tex, 0.1f, 0.1f, make_float2(0.5f, 0), make_float2(0, 0.25f));  // half of 4 texels: level 1
}

static cudaTextureObject_t texture_on(cudaResourceDesc res, cudaTextureAddressMode mode, cudaTextureFilterMode filter, bool unit,
                                      cudaTextureReadMode read = cudaReadModeElementType) {
  cudaTextureDesc desc;
  memset(&desc, 0, sizeof(desc));
  for (int i = 0; i < 3; i++) desc.addressMode[i] = mode;
  desc.filterMode = filter, desc.readMode = read, desc.normalizedCoords = unit, desc.borderColor[0] = 9;
  desc.mipmapFilterMode = cudaFilterModeLinear, desc.maxMipmapLevelClamp = 10;
  cudaTextureObject_t tex = 0;
  if (cudaCreateTextureObject(&tex, &res, &desc, NULL) != cudaSuccess) printf("no texture\n");
  return tex;
}
static cudaResourceDesc on(cudaArray_t a) {
  cudaResourceDesc res = {};
  res.resType = cudaResourceTypeArray, res.res.array.array = a;
  return res;
}

int main() {
  float *x, *out;
  cudaMallocManaged(&x, 256), cudaMallocManaged(&out, 4096);
  const float line[4] = {10, 20, 40, 80};
  const cudaChannelFormatDesc one = cudaCreateChannelDesc<float>();
  cudaArray_t a;
  cudaMallocArray(&a, &one, 4);
  cudaMemcpy2DToArray(a, 0, 0, line, 0, sizeof line, 1, cudaMemcpyHostToDevice);  // one row has no pitch
  const auto show = [&](cudaTextureAddressMode mode, cudaTextureFilterMode filter, bool unit, const float (&at)[6]) {
    memcpy(x, at, sizeof at);
    const cudaTextureObject_t tex = texture_on(on(a), mode, filter, unit);
    fetch_1d<<<1, 32>>>(tex, x, out, 6);
    cudaDeviceSynchronize();
    for (int i = 0; i < 6; i++) printf("%g%c", out[i], i == 5 ? '\n' : ' ');
    cudaDestroyTextureObject(tex);
  };
  // texels 10 20 40 80; texel i covers [i, i + 1)
  show(cudaAddressModeClamp, cudaFilterModePoint, false, {-3, 0.99f, 1, 2.5f, 3.999f, 70});      // expect: 10 10 20 40 80 80
  show(cudaAddressModeBorder, cudaFilterModePoint, false, {-0.01f, 0, 1, 2.5f, 4, 70});          // expect: 9 10 20 40 9 9
  show(cudaAddressModeWrap, cudaFilterModePoint, true, {-0.25f, 0, 0.26f, 1.5f, 1, 2.75f});      // expect: 80 10 20 40 10 80
  show(cudaAddressModeMirror, cudaFilterModePoint, true, {-0.25f, 0, 0.26f, 1.5f, 1.1f, 2.75f}); // expect: 20 10 20 40 80 80
  show(cudaAddressModeWrap, cudaFilterModePoint, false, {-3, 0.5f, 1.5f, 2.5f, 3.5f, 70});       // expect: 10 10 20 40 80 80
  // between the middles of texels: 1.0 is half way from 10 to 20, 3.25 three quarters from 40 to 80
  show(cudaAddressModeClamp, cudaFilterModeLinear, false, {0.2f, 0.5f, 1, 3.25f, 3.5f, 4});      // expect: 10 10 15 70 80 80
  show(cudaAddressModeBorder, cudaFilterModeLinear, false, {0, 0.5f, 1, 3.25f, 4, 5});           // expect: 9.5 10 15 70 44.5 9
  show(cudaAddressModeWrap, cudaFilterModeLinear, true, {0, 0.125f, 0.25f, 0.8125f, 1, 1.25f});  // expect: 45 10 15 70 45 15
  // weights are multiples of 1/256: 0.3 becomes 77/256, so that 10 * 179/256 + 20 * 77/256 = 13.0078125
  show(cudaAddressModeClamp, cudaFilterModeLinear, false, {0.8f, 1.5f, 1.5019f, 1.50196f, 2.499f, 0.5f});  // expect: 13.0078 20 20 20.0781 40 10

  int* ints;
  cudaMallocManaged(&ints, 64);
  for (int i = 0; i < 16; i++) ints[i] = i < 4 ? 100 - 70 * i : (int)0x80ff7f00;
  cudaResourceDesc linear = {};
  linear.resType = cudaResourceTypeLinear;
  linear.res.linear.devPtr = ints, linear.res.linear.desc = cudaCreateChannelDesc<int>(), linear.res.linear.sizeInBytes = 16;
  cudaResourceDesc bytes = linear;
  bytes.res.linear.devPtr = ints + 4, bytes.res.linear.desc = cudaCreateChannelDesc<char4>();
  const cudaTextureObject_t signs = texture_on(bytes, cudaAddressModeClamp, cudaFilterModePoint, false, cudaReadModeNormalizedFloat);
  fetch_linear<<<1, 1>>>(texture_on(linear, cudaAddressModeClamp, cudaFilterModePoint, false), signs, (int*)out, (float4*)out + 1);
  cudaDeviceSynchronize();
  const int* got = (const int*)out;
  printf("%d %d %d %d\n", got[0], got[1], got[2], got[3]);  // expect: 0 30 -110 0
  // 0, 127, -1 and -128 as signed fractions of 127
  printf("%g %g %.5f %g\n", out[4], out[5], out[6], out[7]);  // expect: 0 1 -0.00787 -1

  // 4 x 3 floats, T(x, y) = 10 x + y, as a pitched image and as an array
  float* pitched;
  size_t pitch;
  cudaMallocPitch((void**)&pitched, &pitch, 16, 3);
  float image[12];
  for (int i = 0; i < 12; i++) image[i] = i % 4 * 10 + i / 4;
  cudaMemcpy2D(pitched, pitch, image, 16, 16, 3, cudaMemcpyHostToDevice);
  cudaResourceDesc plane = {};
  plane.resType = cudaResourceTypePitch2D;
  plane.res.pitch2D.devPtr = pitched, plane.res.pitch2D.desc = one, plane.res.pitch2D.width = 4, plane.res.pitch2D.height = 3, plane.res.pitch2D.pitchInBytes = pitch;
  fetch_2d<<<1, 1>>>(texture_on(plane, cudaAddressModeClamp, cudaFilterModeLinear, false), out);
  cudaDeviceSynchronize();
  printf("%g %g %g %g %g %g\n", out[0], out[1], out[2], out[3], out[4], out[5]);  // expect: 11 16 16.5 0 10 12.75
  cudaArray_t b;
  cudaMallocArray(&b, &one, 4, 3, cudaArrayTextureGather);
  cudaMemcpyToArray(b, 0, 0, image, sizeof image, cudaMemcpyHostToDevice);
  fetch_2d<<<1, 1>>>(texture_on(on(b), cudaAddressModeClamp, cudaFilterModePoint, false), out);
  gather<<<1, 1>>>(texture_on(on(b), cudaAddressModeClamp, cudaFilterModePoint, false), (float4*)out + 4);
  cudaDeviceSynchronize();
  printf("%g %g %g %g %g %g\n", out[0], out[1], out[2], out[3], out[4], out[5]);  // expect: 11 21 22 0 10 10
  printf("%g %g %g %g\n", out[16], out[17], out[18], out[19]);                    // expect: 11 21 20 10

  // a volume of 2 x 3 x 4, filled through a 3-D copy of its middle
  unsigned short cells[24];
  for (int i = 0; i < 24; i++) cells[i] = 60000 + i;
  const cudaChannelFormatDesc words = cudaCreateChannelDesc<unsigned short>();
  cudaArray_t volume;
  cudaMalloc3DArray(&volume, &words, make_cudaExtent(2, 3, 4));
  cudaMemcpy3DParms copy = {0};
  copy.srcPtr = make_cudaPitchedPtr(cells, 4, 2, 3);
  copy.dstArray = volume, copy.extent = make_cudaExtent(2, 3, 4), copy.kind = cudaMemcpyHostToDevice;
  printf("%s\n", cudaGetErrorName(cudaMemcpy3D(&copy)));  // expect: cudaSuccess
  fetch_3d<<<1, 24>>>(texture_on(on(volume), cudaAddressModeClamp, cudaFilterModePoint, false), (unsigned short*)out);
  cudaDeviceSynchronize();
  printf("%d\n", memcmp(out, cells, sizeof cells));  // expect: 0
  unsigned short back[4] = {0, 0, 0, 0};
  cudaMemcpy3DParms part = {0};
  part.srcArray = volume, part.srcPos = make_cudaPos(0, 1, 2), part.dstPtr = make_cudaPitchedPtr(back, 4, 2, 2);
  part.extent = make_cudaExtent(2, 2, 1), part.kind = cudaMemcpyDeviceToHost;
  cudaMemcpy3D(&part);
  printf("%d %d %d %d\n", back[0], back[1], back[2], back[3]);  // expect: 60014 60015 60016 60017

  // two layers of 2 x 2 float2, two lines of 2, and a cube whose faces hold their number
  const cudaChannelFormatDesc two = cudaCreateChannelDesc<float2>();
  float cube[24], pairs[16], lines[4] = {1, 3, 5, 9};
  for (int i = 0; i < 24; i++) cube[i] = i / 4;
  for (int i = 0; i < 16; i++) pairs[i] = i;
  cudaArray_t sheets, rows, faces;
  cudaMalloc3DArray(&sheets, &two, make_cudaExtent(2, 2, 2), cudaArrayLayered);
  cudaMalloc3DArray(&rows, &one, make_cudaExtent(2, 0, 2), cudaArrayLayered);
  cudaMalloc3DArray(&faces, &one, make_cudaExtent(2, 2, 6), cudaArrayCubemap);
  cudaMemcpy3DParms fill = {0};
  fill.kind = cudaMemcpyHostToDevice;
  fill.dstArray = sheets, fill.srcPtr = make_cudaPitchedPtr(pairs, 16, 2, 2), fill.extent = make_cudaExtent(2, 2, 2), cudaMemcpy3D(&fill);
  fill.dstArray = rows, fill.srcPtr = make_cudaPitchedPtr(lines, 8, 2, 1), fill.extent = make_cudaExtent(2, 1, 2), cudaMemcpy3D(&fill);
  fill.dstArray = faces, fill.srcPtr = make_cudaPitchedPtr(cube, 8, 2, 2), fill.extent = make_cudaExtent(2, 2, 6), cudaMemcpy3D(&fill);
  fetch_layers<<<1, 1>>>(texture_on(on(sheets), cudaAddressModeClamp, cudaFilterModePoint, false),
                         texture_on(on(rows), cudaAddressModeClamp, cudaFilterModeLinear, false),
                         texture_on(on(faces), cudaAddressModeWrap, cudaFilterModePoint, true), out);
  cudaDeviceSynchronize();
  printf("%g %g %g %g %g\n", out[0], out[1], out[2], out[3], out[4]);  // expect: 13 10 7 0 5

  cudaMipmappedArray_t mips;
  cudaMallocMipmappedArray(&mips, &one, make_cudaExtent(4, 4, 0), 3);
  for (unsigned l = 0; l < 3; l++) {
    cudaArray_t level;
    cudaGetMipmappedArrayLevel(&level, mips, l);
    float same[16];
    for (float& v : same) v = 100 * (l + 1);
    cudaMemcpy2DToArray(level, 0, 0, same, (4 >> l) * 4, (4 >> l) * 4, 4 >> l, cudaMemcpyHostToDevice);
  }
  cudaResourceDesc pyramid = {};
  pyramid.resType = cudaResourceTypeMipmappedArray, pyramid.res.mipmap.mipmap = mips;
  levels<<<1, 1>>>(texture_on(pyramid, cudaAddressModeClamp, cudaFilterModePoint, true), out);
  cudaDeviceSynchronize();
  printf("%g %g %g %g\n", out[0], out[1], out[2], out[3]);  // expect: 100 200 150 200
  cudaFreeMipmappedArray(mips);
  cudaFreeArray(a);
  printf("%s\n", cudaGetErrorString(cudaGetLastError()));  // expect: no error
  return 0;
}
