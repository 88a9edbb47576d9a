// Two filters that read through texture objects: a 1-D correlation over linear memory (tex1Dfetch)
// and a 3x3 Sobel magnitude over a 2-D array with clamped addresses (tex2D).
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

#ifndef IMG_W
#define IMG_W 61
#endif
#ifndef IMG_H
#define IMG_H 37
#endif
#ifndef SIGNAL
#define SIGNAL 1777
#endif
#define TAPS 9

#define HANDLE_ERROR(err) (HandleError(err, __FILE__, __LINE__))
static void HandleError(cudaError_t err, const char *file, int line)
{
  if (err != cudaSuccess) {
    printf("%s in %s at line %d\n", cudaGetErrorString(err), file, line);
    exit(EXIT_FAILURE);
  }
}

__global__ void correlate(cudaTextureObject_t signal, cudaTextureObject_t taps, float *out, int n, int ntaps)
{
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    float sum = 0.f;
    for (int k = 0; k < ntaps; k++) {
      const int at = i + k - ntaps / 2;
      if (at >= 0 && at < n)
        sum += tex1Dfetch<float>(signal, at) * tex1Dfetch<float>(taps, k);
    }
    out[i] = sum;
  }
}

__global__ void sobel(cudaTextureObject_t image, unsigned short *out, int width, int height)
{
  const int x = blockIdx.x * blockDim.x + threadIdx.x;
  const int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= width || y >= height)
    return;
#define PIX(dx, dy) ((int)tex2D<unsigned char>(image, x + (dx) + 0.5f, y + (dy) + 0.5f))
  const int gx = PIX(1, -1) + 2 * PIX(1, 0) + PIX(1, 1) - PIX(-1, -1) - 2 * PIX(-1, 0) - PIX(-1, 1);
  const int gy = PIX(-1, 1) + 2 * PIX(0, 1) + PIX(1, 1) - PIX(-1, -1) - 2 * PIX(0, -1) - PIX(1, -1);
#undef PIX
  out[y * width + x] = (unsigned short)(abs(gx) + abs(gy));
}

static cudaTextureObject_t linear_texture(float *dev, size_t count)
{
  cudaResourceDesc res;
  memset(&res, 0, sizeof(res));
  res.resType = cudaResourceTypeLinear;
  res.res.linear.devPtr = dev;
  res.res.linear.desc = cudaCreateChannelDesc<float>();
  res.res.linear.sizeInBytes = count * sizeof(float);
  cudaTextureDesc tex;
  memset(&tex, 0, sizeof(tex));
  tex.readMode = cudaReadModeElementType;
  cudaTextureObject_t obj = 0;
  HANDLE_ERROR(cudaCreateTextureObject(&obj, &res, &tex, NULL));
  return obj;
}

int main(void)
{
  int wrong = 0;

  /* ---- correlation ---- */
  float *signal = (float *)malloc(SIGNAL * sizeof(float)), *out = (float *)malloc(SIGNAL * sizeof(float));
  float taps[TAPS] = {1, -2, 3, -4, 5, 4, -3, 2, 1};
  /* 1 at some places and 0 elsewhere, further apart than the filter is long: the taps appear, reversed, around each */
  memset(signal, 0, SIGNAL * sizeof(float));
  for (int i = 0; i < SIGNAL; i += 23) signal[i] = (float)(i % 7 + 1);
  float *dsig, *dtap, *dout;
  HANDLE_ERROR(cudaMalloc((void **)&dsig, SIGNAL * sizeof(float)));
  HANDLE_ERROR(cudaMalloc((void **)&dtap, TAPS * sizeof(float)));
  HANDLE_ERROR(cudaMalloc((void **)&dout, SIGNAL * sizeof(float)));
  HANDLE_ERROR(cudaMemcpy(dsig, signal, SIGNAL * sizeof(float), cudaMemcpyHostToDevice));
  HANDLE_ERROR(cudaMemcpy(dtap, taps, sizeof taps, cudaMemcpyHostToDevice));
  cudaTextureObject_t tsig = linear_texture(dsig, SIGNAL), ttap = linear_texture(dtap, TAPS);
  correlate<<<(SIGNAL + 95) / 96, 96>>>(tsig, ttap, dout, SIGNAL, TAPS);
  HANDLE_ERROR(cudaGetLastError());
  HANDLE_ERROR(cudaMemcpy(out, dout, SIGNAL * sizeof(float), cudaMemcpyDeviceToHost));
  for (int i = 0; i < SIGNAL; i++) {
    const int near = (i + 11) / 23 * 23, k = near - i + TAPS / 2; /* the pulse in reach, if any */
    const float want = near < SIGNAL && k >= 0 && k < TAPS ? taps[k] * (near % 7 + 1) : 0.f;
    wrong += out[i] != want;
  }
  printf("correlation: %d wrong\n", wrong);
  HANDLE_ERROR(cudaDestroyTextureObject(tsig));
  HANDLE_ERROR(cudaDestroyTextureObject(ttap));
  cudaFree(dsig); cudaFree(dtap); cudaFree(dout);
  free(signal); free(out);

  /* ---- Sobel ---- */
  unsigned char image[IMG_H][IMG_W];
  for (int y = 0; y < IMG_H; y++)
    for (int x = 0; x < IMG_W; x++)
      image[y][x] = (unsigned char)((x * x + 3 * y * x + 11 * y) % 251);
  cudaChannelFormatDesc desc = cudaCreateChannelDesc<unsigned char>();
  cudaArray_t array;
  HANDLE_ERROR(cudaMallocArray(&array, &desc, IMG_W, IMG_H));
  HANDLE_ERROR(cudaMemcpy2DToArray(array, 0, 0, image, IMG_W, IMG_W, IMG_H, cudaMemcpyHostToDevice));
  cudaResourceDesc res = {};
  res.resType = cudaResourceTypeArray;
  res.res.array.array = array;
  cudaTextureDesc tex = {};
  tex.addressMode[0] = tex.addressMode[1] = cudaAddressModeClamp;
  tex.filterMode = cudaFilterModePoint;
  tex.readMode = cudaReadModeElementType;
  cudaTextureObject_t timg;
  HANDLE_ERROR(cudaCreateTextureObject(&timg, &res, &tex, NULL));

  unsigned short *dmag, mag[IMG_H][IMG_W];
  HANDLE_ERROR(cudaMalloc((void **)&dmag, sizeof mag));
  dim3 block(16, 4), grid((IMG_W + 15) / 16, (IMG_H + 3) / 4);
  sobel<<<grid, block>>>(timg, dmag, IMG_W, IMG_H);
  HANDLE_ERROR(cudaDeviceSynchronize());
  HANDLE_ERROR(cudaMemcpy(mag, dmag, sizeof mag, cudaMemcpyDeviceToHost));

  /* The Sobel masks are a smoothing (1 2 1) across a difference (-1 0 1): two passes over a padded copy. */
  static int pad[IMG_H + 2][IMG_W + 2], sm[IMG_H + 2][IMG_W + 2], df[IMG_H + 2][IMG_W + 2];
  for (int y = 0; y < IMG_H + 2; y++)
    for (int x = 0; x < IMG_W + 2; x++) {
      int sy = y == 0 ? 0 : y > IMG_H ? IMG_H - 1 : y - 1, sx = x == 0 ? 0 : x > IMG_W ? IMG_W - 1 : x - 1;
      pad[y][x] = image[sy][sx];
    }
  for (int y = 0; y < IMG_H + 2; y++)
    for (int x = 1; x <= IMG_W; x++) {
      sm[y][x] = pad[y][x - 1] + 2 * pad[y][x] + pad[y][x + 1];
      df[y][x] = pad[y][x + 1] - pad[y][x - 1];
    }
  int bad = 0;
  for (int y = 1; y <= IMG_H; y++)
    for (int x = 1; x <= IMG_W; x++)
      bad += mag[y - 1][x - 1] != abs(df[y - 1][x] + 2 * df[y][x] + df[y + 1][x]) + abs(sm[y + 1][x] - sm[y - 1][x]);
  printf("sobel: %d wrong\n", bad);
  HANDLE_ERROR(cudaDestroyTextureObject(timg));
  HANDLE_ERROR(cudaFreeArray(array));
  HANDLE_ERROR(cudaFree(dmag));
  puts(wrong + bad ? "FAIL" : "PASS");
  return wrong + bad ? 1 : 0;
}
