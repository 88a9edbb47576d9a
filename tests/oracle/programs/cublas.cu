// The part of cuBLAS that is built in, on matrices small enough to multiply by hand; column-major.
#include <cstdio>
#include <cublas_v2.h>
#include <cuda_fp16.h>

#define CHECK(call)                                                                      \
  do {                                                                                   \
    cublasStatus_t s = (call);                                                           \
    if (s != CUBLAS_STATUS_SUCCESS) printf("%s: %s\n", #call, cublasGetStatusString(s)); \
  } while (0)

__global__ void product(const float* a, const float* b, float* c, int n) {
  const int row = threadIdx.y, column = threadIdx.x;
  float sum = 0;
  for (int k = 0; k < n; k++) sum += a[k * n + row] * b[column * n + k];
  c[column * n + row] = sum;
}

template <class T>
void show(const char* what, const T* p, int n) {
  cudaDeviceSynchronize();
  printf("%s:", what);
  for (int i = 0; i < n; i++) printf(" %g", (double)p[i]);
  printf("\n");
}

int main() {
  cublasHandle_t handle;
  CHECK(cublasCreate(&handle));
  float *a, *b, *c, *x, *y, *r;
  int* index;
  cudaMallocManaged(&a, 64 * sizeof(float));
  cudaMallocManaged(&b, 64 * sizeof(float));
  cudaMallocManaged(&c, 64 * sizeof(float));
  cudaMallocManaged(&x, 64 * sizeof(float));
  cudaMallocManaged(&y, 64 * sizeof(float));
  cudaMallocManaged(&r, sizeof(float));
  cudaMallocManaged(&index, sizeof(int));
  const float ha[6] = {1, 4, 2, 5, 3, 6};     // rows 1 2 3 and 4 5 6
  const float hb[6] = {7, 9, 11, 8, 10, 12};  // rows 7 8, 9 10 and 11 12
  CHECK(cublasSetMatrix(2, 3, sizeof(float), ha, 2, a, 2));
  CHECK(cublasSetMatrix(3, 2, sizeof(float), hb, 3, b, 3));
  const float one = 1, zero = 0, two = 2, half = 0.5f;
  CHECK(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 3, &one, a, 2, b, 3, &zero, c, 2));
  show("gemm", c, 4);
  CHECK(cublasSgemm(handle, CUBLAS_OP_T, CUBLAS_OP_T, 3, 3, 2, &half, a, 2, b, 3, &zero, c, 3));
  show("transposed", c, 9);  // halves of A^T B^T
  for (int i = 0; i < 4; i++) c[i] = 1;
  CHECK(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 3, &one, a, 2, b, 3, &two, c, 2));
  show("beta", c, 4);
  for (int i = 0; i < 3; i++) x[i] = i + 1, y[i] = 1;
  CHECK(cublasSgemv(handle, CUBLAS_OP_N, 2, 3, &one, a, 2, x, 1, &one, y, 1));
  show("gemv", y, 2);
  for (int i = 0; i < 4; i++) x[i] = i - 2, y[i] = i;  // -2 -1 0 1 and 0 1 2 3
  CHECK(cublasSaxpy(handle, 4, &two, x, 1, y, 1));
  show("axpy", y, 4);
  float dot = 0, norm = 0, sum = 0;
  int most = 0;
  CHECK(cublasSdot(handle, 4, x, 1, y, 1, &dot));
  CHECK(cublasSnrm2(handle, 4, x, 1, &norm));
  CHECK(cublasSasum(handle, 4, x, 1, &sum));
  CHECK(cublasIsamax(handle, 4, y, 1, &most));
  printf("%g %.5f %g %d\n", dot, norm, sum, most);  // sqrt(6); of 4 1 2 5 (absolute) the fourth
  CHECK(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_DEVICE));
  CHECK(cublasSdot(handle, 2, x, 2, x, 2, r));
  CHECK(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_HOST));
  show("device", r, 1);
  CHECK(cublasSscal(handle, 2, &two, x, 2));
  show("scal", x, 4);
  const float triangle[4] = {2, 1, 0, 4};  // rows 2 0 and 1 4
  cudaMemcpy(a, triangle, sizeof triangle, cudaMemcpyHostToDevice);
  b[0] = 4, b[1] = 10, b[2] = 2, b[3] = 9;
  CHECK(cublasStrsm(handle, CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT, 2, 2, &one, a, 2, b, 2));
  show("trsm", b, 4);
  __half *ah, *bh;
  cudaMallocManaged(&ah, 4 * sizeof(__half));
  cudaMallocManaged(&bh, 4 * sizeof(__half));
  for (int i = 0; i < 4; i++) ah[i] = __float2half(i + 1.0f), bh[i] = __float2half(i % 3 == 0 ? 1.0f : 0.0f);
  CHECK(cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, ah, CUDA_R_16F, 2, bh, CUDA_R_16F, 2, &zero, c, CUDA_R_32F, 2,
                     CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
  show("mixed", c, 4);

  const int n = 4;
  for (int i = 0; i < n * n; i++) a[i] = (i * 7) % 5, b[i] = (i * 3) % 4;
  product<<<1, dim3(n, n)>>>(a, b, c, n);
  CHECK(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, n, n, n, &one, a, n, b, n, &zero, y, n));
  cudaDeviceSynchronize();
  bool same = true;
  for (int i = 0; i < n * n; i++) same &= c[i] == y[i];
  printf("%d\n", same);
  printf("%d\n", cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &one, a, 3, b, 4, &zero, c, 4) == CUBLAS_STATUS_INVALID_VALUE);
  CHECK(cublasDestroy(handle));
  printf("PASS\n");
}
// expect: gemm: 58 139 64 154
// expect: transposed: 19.5 27 34.5 24.5 34 43.5 29.5 41 52.5
// expect: beta: 60 141 66 156
// expect: gemv: 15 33
// expect: axpy: -4 -1 2 5
// expect: 14 2.44949 4 4
// expect: device: 4
// expect: scal: -4 -1 0 1
// expect: trsm: 2 2 1 2
// expect: mixed: 1 2 3 4
// expect: 1
// expect: 1
// expect: PASS
