/*
 * Level-1 BLAS on strided vectors, in plain old CUDA C:
 *     saxpy   y <- alpha * x + y
 *     sscal   x <- alpha * x
 *
 * Usage: saxpy [n]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <cuda_runtime.h>

#define THREADS_PER_BLOCK 256
#define NBLOCKS(n) (((n) + THREADS_PER_BLOCK - 1) / THREADS_PER_BLOCK)

#define CUDA_SAFE_CALL(call)                                                        \
	do {                                                                        \
		cudaError_t err_ = (call);                                          \
		if (err_ != cudaSuccess) {                                          \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,          \
				cudaGetErrorString(err_));                          \
			exit(EXIT_FAILURE);                                         \
		}                                                                   \
	} while (0)

__global__ void saxpy(int n, float alpha, const float *x, int incx, float *y, int incy)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n)
		y[i * incy] = alpha * x[i * incx] + y[i * incy];
}

__global__ void sscal(int n, float alpha, float *x, int incx)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n)
		x[i * incx] *= alpha;
}

/* Scales x by beta, then adds alpha times the result to y. Returns the number of wrong elements. */
static int run(int n, float alpha, float beta, int incx, int incy)
{
	size_t xbytes = (size_t)n * incx * sizeof(float);
	size_t ybytes = (size_t)n * incy * sizeof(float);
	float *x = (float *)malloc(xbytes), *y = (float *)malloc(ybytes), *got = (float *)malloc(ybytes);
	float *d_x, *d_y;
	int i, wrong = 0;

	for (i = 0; i < n * incx; i++)
		x[i] = (float)((i * 37) % 101) / 101.0f - 0.5f;
	for (i = 0; i < n * incy; i++)
		y[i] = sinf(0.01f * (float)i);

	CUDA_SAFE_CALL(cudaMalloc((void **)&d_x, xbytes));
	CUDA_SAFE_CALL(cudaMalloc((void **)&d_y, ybytes));
	CUDA_SAFE_CALL(cudaMemcpy(d_x, x, xbytes, cudaMemcpyHostToDevice));
	CUDA_SAFE_CALL(cudaMemcpy(d_y, y, ybytes, cudaMemcpyHostToDevice));

	sscal<<<NBLOCKS(n), THREADS_PER_BLOCK>>>(n, beta, d_x, incx);
	saxpy<<<NBLOCKS(n), THREADS_PER_BLOCK>>>(n, alpha, d_x, incx, d_y, incy);
	CUDA_SAFE_CALL(cudaGetLastError());

	CUDA_SAFE_CALL(cudaMemcpy(got, d_y, ybytes, cudaMemcpyDeviceToHost));

	/* The gaps between strided elements must be left alone, so every element of y is looked at. */
	for (i = 0; i < n * incy; i++) {
		double want = y[i];
		if (i % incy == 0)
			want += (double)alpha * beta * x[i / incy * incx];
		if (fabs(got[i] - want) > 1e-6 * (1.0 + fabs(want)))
			wrong++;
	}
	printf("n=%d incx=%d incy=%d: %d wrong\n", n, incx, incy, wrong);

	cudaFree(d_x);
	cudaFree(d_y);
	free(x);
	free(y);
	free(got);
	return wrong;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 10007;
	int wrong = 0;

	wrong += run(n, 2.5f, 0.75f, 1, 1);
	wrong += run(n / 3 + 1, -1.25f, 1.5f, 2, 1);
	wrong += run(n / 10 + 1, 0.3f, -2.0f, 1, 3);

	puts(wrong ? "FAIL" : "PASS");
	return wrong ? 1 : 0;
}
