// Host API for memory: 2-D and 3-D copies and fills with positions and pitches, symbols with offsets, managed, pinned
// and registered memory, attributes. Values follow from the addresses that the runtime API's reference defines.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cuda_runtime.h>

#define CHECK(call)                                                                                \
  do {                                                                                             \
    const cudaError_t e_ = (call);                                                                 \
    if (e_ != cudaSuccess) printf("line %d: %s\n", __LINE__, cudaGetErrorName(e_)), exit(1);       \
  } while (0)

__constant__ float table[8];
__device__ int grid[4][6];
__device__ int counter = 3;
__managed__ int shared_value = 40;
struct Settings {
  int a;
  float b[3];
};
__constant__ Settings settings;
typedef int (*Operation)(int, int);
__device__ int plus(int a, int b) { return a + b; }
__device__ int times(int a, int b) { return a * b; }
__device__ Operation chosen = times;
__device__ Operation operations[2] = {plus, times};

__global__ void read(float* out) {
  out[threadIdx.x] = table[threadIdx.x] + grid[1][2] + settings.b[1];
  if (threadIdx.x == 0) counter++, shared_value += 2;
}
__global__ void slices(cudaPitchedPtr p, int w, int h, int d) {
  const int x = threadIdx.x, y = threadIdx.y, z = threadIdx.z;
  if (x < w && y < h && z < d) {
    char* row = (char*)p.ptr + (z * h + y) * p.pitch;
    ((int*)row)[x] = 100 * z + 10 * y + x;
  }
}
__global__ void call(Operation op, int a, int b, int* out) { *out = op(a, b); }
__global__ void scale(int* p, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] *= 3;
}

int main() {
  // Two dimensions: from a packed host array into the middle of a pitched one and back.
  unsigned char* image;
  size_t pitch;
  CHECK(cudaMallocPitch((void**)&image, &pitch, 10, 6));
  CHECK(cudaMemset2D(image, pitch, 7, 10, 6));
  unsigned char patch[2][3] = {{1, 2, 3}, {4, 5, 6}}, back[6][10];
  CHECK(cudaMemcpy2D(image + 3 * pitch + 4, pitch, patch, 3, 3, 2, cudaMemcpyHostToDevice));
  CHECK(cudaMemset2DAsync(image, pitch, 9, 2, 1, 0));
  CHECK(cudaMemcpy2DAsync(back, 10, image, pitch, 10, 6, cudaMemcpyDeviceToHost, 0));
  printf("2d %d %d %d %d %d %d\n", back[3][3], back[3][4], back[4][6], back[4][7], back[0][1], back[0][2]);
  // expect: 2d 7 1 6 7 9 7

  // Three dimensions.
  const int w = 4, h = 3, d = 2;
  cudaExtent extent = make_cudaExtent(w * sizeof(int), h, d);
  cudaPitchedPtr volume;
  CHECK(cudaMalloc3D(&volume, extent));
  CHECK(cudaMemset3D(volume, 0, extent));
  slices<<<1, dim3(8, 4, 2)>>>(volume, w, h, d);
  int whole[d][h][w], corner[1][2][2] = {{{-1, -1}, {-1, -1}}};
  cudaMemcpy3DParms copy = {};
  copy.srcPtr = volume;
  copy.dstPtr = make_cudaPitchedPtr(whole, w * sizeof(int), w, h);
  copy.extent = extent;
  copy.kind = cudaMemcpyDeviceToHost;
  CHECK(cudaMemcpy3D(&copy));
  copy.srcPos = make_cudaPos(2 * sizeof(int), 1, 1);
  copy.dstPtr = make_cudaPitchedPtr(corner, 2 * sizeof(int), 2, 2);
  copy.extent = make_cudaExtent(2 * sizeof(int), 2, 1);
  CHECK(cudaMemcpy3DAsync(&copy, 0));
  CHECK(cudaDeviceSynchronize());
  printf("3d %d %d corner %d %d\n", whole[1][2][3], whole[0][1][2], corner[0][0][0], corner[0][1][1]);
  // expect: 3d 123 12 corner 112 123

  // Symbols: whole, with offsets, one row of a matrix, a struct, by address.
  const float values[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  CHECK(cudaMemcpyToSymbol(table, values, sizeof values));
  const float two[2] = {50, 60};
  CHECK(cudaMemcpyToSymbolAsync(table, two, sizeof two, 3 * sizeof(float), cudaMemcpyHostToDevice, 0));
  const int row[6] = {0, 0, 100, 0, 0, 0};
  CHECK(cudaMemcpyToSymbol(grid, row, sizeof row, sizeof row));
  const Settings given = {1, {0.25f, 0.5f, 0.75f}};
  CHECK(cudaMemcpyToSymbol(settings, &given, sizeof given));
  float *out, result[8];
  CHECK(cudaMalloc(&out, sizeof result));
  read<<<1, 8>>>(out);
  CHECK(cudaMemcpy(result, out, sizeof result, cudaMemcpyDeviceToHost));
  printf("symbols %.1f %.1f %.1f\n", result[0], result[3], result[7]);  // expect: symbols 100.5 150.5 107.5
  int count = 0, *address;
  size_t bytes = 0;
  CHECK(cudaMemcpyFromSymbol(&count, counter, sizeof count));
  CHECK(cudaGetSymbolAddress((void**)&address, counter));
  CHECK(cudaGetSymbolSize(&bytes, grid));
  const int six = 6;
  CHECK(cudaMemcpy(address, &six, sizeof six, cudaMemcpyHostToDevice));
  int after = 0;
  CHECK(cudaMemcpyFromSymbol(&after, counter, sizeof after, 0, cudaMemcpyDeviceToHost));
  printf("counter %d %d size %d managed %d\n", count, after, (int)bytes, shared_value);  // expect: counter 4 6 size 96 managed 42
  printf("past the end %s\n", cudaGetErrorName(cudaMemcpyToSymbol(table, values, sizeof values, 4)));
  cudaGetLastError();
  // expect: past the end cudaErrorInvalidValue

  // Pointers to device functions come from the device.
  Operation op, both[2];
  int *answer, got;
  CHECK(cudaMalloc(&answer, sizeof(int)));
  CHECK(cudaMemcpyFromSymbol(&op, chosen, sizeof op));
  CHECK(cudaMemcpyFromSymbol(both, operations, sizeof both));
  call<<<1, 1>>>(op, 6, 7, answer);
  CHECK(cudaMemcpy(&got, answer, sizeof got, cudaMemcpyDeviceToHost));
  printf("function %d", got);
  call<<<1, 1>>>(both[0], 6, 7, answer);
  CHECK(cudaMemcpy(&got, answer, sizeof got, cudaMemcpyDeviceToHost));
  printf(" %d\n", got);  // expect: function 42 13

  // Memory that both sides see.
  int *managed, *pinned, *mapped, plain[16];
  CHECK(cudaMallocManaged(&managed, 64));
  CHECK(cudaHostAlloc((void**)&pinned, 64, cudaHostAllocMapped));
  CHECK(cudaHostRegister(plain, sizeof plain, cudaHostRegisterMapped));
  for (int i = 0; i < 16; i++) managed[i] = pinned[i] = plain[i] = i;
  scale<<<1, 16>>>(managed, 16);
  CHECK(cudaHostGetDevicePointer((void**)&mapped, pinned, 0));
  scale<<<1, 16>>>(mapped, 16);
  CHECK(cudaHostGetDevicePointer((void**)&mapped, plain, 0));
  scale<<<1, 16>>>(mapped, 16);
  CHECK(cudaDeviceSynchronize());
  printf("both sides %d %d %d\n", managed[15], pinned[15], plain[15]);  // expect: both sides 45 45 45
  cudaPointerAttributes a[4];
  CHECK(cudaPointerGetAttributes(&a[0], answer));
  CHECK(cudaPointerGetAttributes(&a[1], managed + 3));
  CHECK(cudaPointerGetAttributes(&a[2], pinned));
  CHECK(cudaPointerGetAttributes(&a[3], &count));
  printf("types %d %d %d %d\n", a[0].type, a[1].type, a[2].type, a[3].type);  // expect: types 2 3 1 0
  size_t before, free_now, all_there;
  CHECK(cudaMemGetInfo(&before, &all_there));
  void* megabyte;
  CHECK(cudaMalloc(&megabyte, 1 << 20));
  CHECK(cudaMemGetInfo(&free_now, &all_there));
  printf("free %d %d\n", before - free_now >= 1 << 20, free_now < all_there);  // expect: free 1 1
  CHECK(cudaHostUnregister(plain));
  CHECK(cudaFree(managed));
  CHECK(cudaFreeHost(pinned));
  CHECK(cudaFree(volume.ptr));
  CHECK(cudaFree(image));
  puts("PASS");  // expect: PASS
  return 0;
}
