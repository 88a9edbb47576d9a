/**
 * Copies a byte image into a larger one and fills the frame around it
 * (copyMakeBorder), on pitched memory.
 */
#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef WIDTH
#define WIDTH  101
#endif
#ifndef HEIGHT
#define HEIGHT 67
#endif

typedef unsigned char  uchar;
typedef unsigned int   uint;

enum BorderMode { BORDER_CONSTANT, BORDER_REPLICATE, BORDER_REFLECT, BORDER_WRAP };

static void check(cudaError_t result, char const *const func, const char *const file, int const line)
{
  if (result) {
    fprintf(stderr, "CUDA error at %s:%d code=%d \"%s\"\n", file, line, (int)result, func);
    cudaDeviceReset();
    exit(EXIT_FAILURE);
  }
}
#define checkCuda(val) check((val), #val, __FILE__, __LINE__)

inline uint iDivUp(uint a, uint b) { return a % b != 0 ? a / b + 1 : a / b; }

// -1: outside, take the constant
__device__ int source_index(int p, int len, BorderMode mode)
{
  switch (mode) {
    case BORDER_REPLICATE:
      return p < 0 ? 0 : (p >= len ? len - 1 : p);
    case BORDER_REFLECT:  // cba|abcd|dcb
      while (p < 0 || p >= len)
        p = p < 0 ? -p - 1 : 2 * len - 1 - p;
      return p;
    case BORDER_WRAP:
      p %= len;
      return p < 0 ? p + len : p;
    default:
      return (uint)p < (uint)len ? p : -1;
  }
}

__global__ void make_border(const uchar *src, size_t src_pitch, int w, int h,
                            uchar *dst, size_t dst_pitch, int dw, int dh,
                            int top, int left, BorderMode mode, uchar value)
{
  int x = blockIdx.x * blockDim.x + threadIdx.x;
  int y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= dw || y >= dh) return;

  int sx = source_index(x - left, w, mode);
  int sy = source_index(y - top, h, mode);
  uchar *out = (uchar *)((char *)dst + y * dst_pitch) + x;
  if (sx < 0 || sy < 0)
    *out = value;
  else
    *out = ((const uchar *)((const char *)src + sy * src_pitch))[sx];
}

// Rotation by a quarter turn, clockwise; four bytes a thread are packed into one store.
__global__ void rotate_quarter(const uchar *src, size_t src_pitch, int w, int h, uchar *dst, size_t dst_pitch)
{
  const uint x4 = (blockIdx.x * blockDim.x + threadIdx.x) * 4;  // column of dst, 0 .. h
  const uint y = blockIdx.y * blockDim.y + threadIdx.y;         // row of dst, 0 .. w
  if (y >= (uint)w || x4 >= (uint)h) return;
  uchar b[4] = {0, 0, 0, 0};
  for (int k = 0; k < 4; k++)
    if (x4 + k < (uint)h)
      b[k] = src[(h - 1 - (x4 + k)) * src_pitch + y];
  // rows are padded to the pitch, so the last word of a row may be written whole
  *(uint *)(dst + y * dst_pitch + x4) = b[0] | b[1] << 8 | b[2] << 16 | (uint)b[3] << 24;
}

int main(void)
{
  const int top = 9, bottom = HEIGHT + 8, left = 4, right = 13;
  const int dw = WIDTH + left + right, dh = HEIGHT + top + bottom;
  uchar *image = (uchar *)malloc(WIDTH * HEIGHT);
  uchar *result = (uchar *)malloc(dw * dh);
  for (int i = 0; i < WIDTH * HEIGHT; i++)
    image[i] = (uchar)(i * i / 7 + 3 * i);

  uchar *dSrc, *dDst, *dRot;
  size_t srcPitch, dstPitch, rotPitch;
  checkCuda(cudaMallocPitch((void **)&dSrc, &srcPitch, WIDTH, HEIGHT));
  checkCuda(cudaMallocPitch((void **)&dDst, &dstPitch, dw, dh));
  checkCuda(cudaMallocPitch((void **)&dRot, &rotPitch, HEIGHT, WIDTH));
  checkCuda(cudaMemcpy2D(dSrc, srcPitch, image, WIDTH, WIDTH, HEIGHT, cudaMemcpyHostToDevice));

  dim3 block(32, 4), grid(iDivUp(dw, block.x), iDivUp(dh, block.y));
  int errors = 0;
  for (int mode = BORDER_CONSTANT; mode <= BORDER_WRAP; mode++) {
    checkCuda(cudaMemset2D(dDst, dstPitch, 0xA5, dw, dh));
    make_border<<<grid, block>>>(dSrc, srcPitch, WIDTH, HEIGHT, dDst, dstPitch, dw, dh, top, left,
                                 (BorderMode)mode, (uchar)200);
    checkCuda(cudaGetLastError());
    checkCuda(cudaMemcpy2D(result, dw, dDst, dstPitch, dw, dh, cudaMemcpyDeviceToHost));

    /* The frame must continue the image as the mode says: each pixel is compared with
       a pixel already known to be right, one step (or one period) further inside. */
    int wrong = 0;
    for (int y = 0; y < HEIGHT; y++)
      wrong += memcmp(result + (y + top) * dw + left, image + y * WIDTH, WIDTH) != 0;
#define AT(y, x) result[((y) + top) * dw + (x) + left]
    for (int y = -top; y < HEIGHT + bottom; y++)
      for (int x = -left; x < WIDTH + right; x++) {
        bool in_x = x >= 0 && x < WIDTH, in_y = y >= 0 && y < HEIGHT;
        if (in_x && in_y) continue;
        uchar want = 200;
        if (mode == BORDER_REPLICATE)
          want = AT(y < 0 ? 0 : y >= HEIGHT ? HEIGHT - 1 : y, x < 0 ? 0 : x >= WIDTH ? WIDTH - 1 : x);
        else if (mode == BORDER_WRAP)
          want = AT(in_y ? y : y < 0 ? y + HEIGHT : y - HEIGHT, in_x ? x : x < 0 ? x + WIDTH : x - WIDTH);
        else if (mode == BORDER_REFLECT)
          want = AT(in_y ? y : y < 0 ? -1 - y : 2 * HEIGHT - 1 - y, in_x ? x : x < 0 ? -1 - x : 2 * WIDTH - 1 - x);
        wrong += AT(y, x) != want;
      }
    printf("mode %d: %d wrong\n", mode, wrong);
    errors += wrong;
  }

  dim3 rblock(8, 16), rgrid(iDivUp(iDivUp(HEIGHT, 4), rblock.x), iDivUp(WIDTH, rblock.y));
  rotate_quarter<<<rgrid, rblock>>>(dSrc, srcPitch, WIDTH, HEIGHT, dRot, rotPitch);
  checkCuda(cudaDeviceSynchronize());
  checkCuda(cudaMemcpy2D(result, HEIGHT, dRot, rotPitch, HEIGHT, WIDTH, cudaMemcpyDeviceToHost));
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      if (result[x * HEIGHT + HEIGHT - 1 - y] != image[y * WIDTH + x]) errors++;

  checkCuda(cudaFree(dSrc));
  checkCuda(cudaFree(dDst));
  checkCuda(cudaFree(dRot));
  free(image);
  free(result);
  puts(errors ? "FAIL" : "PASS");
  return errors ? EXIT_FAILURE : EXIT_SUCCESS;
}
