/* Parallel sum: two elements a thread on load, completely unrolled tree, last
   warp without block barriers.  The host calls it until one value is left. */

#include <stdio.h>
#include <stdlib.h>
#include <cuda_runtime.h>

#define SIZE 23456
#define MIN(x, y) ((x < y) ? x : y)

template <class T>
struct SharedMemory
{
    __device__ inline operator T *()
    {
        extern __shared__ int __smem[];
        return (T *)__smem;
    }
};

// doubles need an array of their own, for alignment and against redeclaration
template <>
struct SharedMemory<double>
{
    __device__ inline operator double *()
    {
        extern __shared__ double __smem_d[];
        return (double *)__smem_d;
    }
};

template <class T, unsigned int blockSize>
__device__ void warpReduce(volatile T *sdata, unsigned int tid)
{
    T v = sdata[tid];
    if (blockSize >= 64) { v += sdata[tid + 32]; __syncwarp(); sdata[tid] = v; __syncwarp(); }
    if (blockSize >= 32) { v += sdata[tid + 16]; __syncwarp(); sdata[tid] = v; __syncwarp(); }
    v += sdata[tid + 8]; __syncwarp(); sdata[tid] = v; __syncwarp();
    v += sdata[tid + 4]; __syncwarp(); sdata[tid] = v; __syncwarp();
    v += sdata[tid + 2]; __syncwarp(); sdata[tid] = v; __syncwarp();
    v += sdata[tid + 1]; __syncwarp(); sdata[tid] = v;
}

template <class T, unsigned int blockSize, bool nIsPow2>
__global__ void reduce(const T *g_idata, T *g_odata, unsigned int n)
{
    T *sdata = SharedMemory<T>();

    unsigned int tid = threadIdx.x;
    unsigned int i = blockIdx.x * blockSize * 2 + threadIdx.x;
    unsigned int gridSize = blockSize * 2 * gridDim.x;

    T mySum = 0;
    while (i < n)
    {
        mySum += g_idata[i];
        // ensure we don't read out of bounds -- this is optimized away for powerOf2 sized arrays
        if (nIsPow2 || i + blockSize < n)
            mySum += g_idata[i + blockSize];
        i += gridSize;
    }
    sdata[tid] = mySum;
    if (blockSize < 64)
        sdata[tid + blockSize] = 0;   // read, but never part of the sum
    __syncthreads();

    if (blockSize >= 512) { if (tid < 256) { sdata[tid] = mySum = mySum + sdata[tid + 256]; } __syncthreads(); }
    if (blockSize >= 256) { if (tid < 128) { sdata[tid] = mySum = mySum + sdata[tid + 128]; } __syncthreads(); }
    if (blockSize >= 128) { if (tid < 64)  { sdata[tid] = mySum = mySum + sdata[tid + 64];  } __syncthreads(); }

    if (tid < 32)
    {
        warpReduce<T, blockSize>(sdata, tid);
        if (tid == 0)
            g_odata[blockIdx.x] = sdata[0];
    }
}

static bool isPow2(unsigned int x) { return (x & (x - 1)) == 0; }

template <class T, bool pow2>
static void dispatch(int threads, int blocks, const T *in, T *out, unsigned int n)
{
    // with up to one warp there are half a warp more words behind the tree
    int smemSize = (threads <= 32) ? 2 * threads * sizeof(T) : threads * sizeof(T);
    switch (threads)
    {
    case 512: reduce<T, 512, pow2><<<blocks, 512, smemSize>>>(in, out, n); break;
    case 256: reduce<T, 256, pow2><<<blocks, 256, smemSize>>>(in, out, n); break;
    case 128: reduce<T, 128, pow2><<<blocks, 128, smemSize>>>(in, out, n); break;
    case 64:  reduce<T, 64, pow2><<<blocks, 64, smemSize>>>(in, out, n); break;
    case 32:  reduce<T, 32, pow2><<<blocks, 32, smemSize>>>(in, out, n); break;
    default:  fprintf(stderr, "no kernel for %d threads\n", threads); exit(1);
    }
}

template <class T>
static T sumOnDevice(const T *d_in, T *d_a, T *d_b, unsigned int n, int threads)
{
    while (n > 1)
    {
        int blocks = MIN((n + threads * 2 - 1) / (threads * 2), 64u);
        if (isPow2(n) && n >= 2u * threads)
            dispatch<T, true>(threads, blocks, d_in, d_a, n);
        else
            dispatch<T, false>(threads, blocks, d_in, d_a, n);
        if (cudaGetLastError() != cudaSuccess) exit(1);
        n = blocks;
        d_in = d_a;
        T *t = d_a; d_a = d_b; d_b = t;
    }
    T result;
    cudaMemcpy(&result, d_in, sizeof(T), cudaMemcpyDeviceToHost);
    return result;
}

template <class T>
static int test(const char *name, unsigned int n, int threads)
{
    T *h = (T *)malloc(n * sizeof(T)), *d, *a, *b;
    // 0, 1, ... 12 repeated, less 5: the sum is known without adding anything up
    for (unsigned int i = 0; i < n; i++) h[i] = (T)((int)(i % 13) - 5);
    unsigned int full = n / 13, rest = n % 13;
    T expected = (T)((int)(full * 13) + (int)(rest * (rest - 1) / 2) - 5 * (int)rest);

    cudaMalloc((void **)&d, n * sizeof(T));
    cudaMalloc((void **)&a, 64 * sizeof(T));
    cudaMalloc((void **)&b, 64 * sizeof(T));
    cudaMemcpy(d, h, n * sizeof(T), cudaMemcpyHostToDevice);

    cudaEvent_t start, stop;
    float ms = 0;
    cudaEventCreate(&start);
    cudaEventCreate(&stop);
    cudaEventRecord(start, 0);
    T got = sumOnDevice<T>(d, a, b, n, threads);
    cudaEventRecord(stop, 0);
    cudaEventSynchronize(stop);
    cudaEventElapsedTime(&ms, start, stop);
    cudaEventDestroy(start);
    cudaEventDestroy(stop);

    int ok = got == expected && ms >= 0;   // small integers: exact in every type
    printf("%-6s n = %6u, %3d threads: %s\n", name, n, threads, ok ? "ok" : "wrong");
    cudaFree(d); cudaFree(a); cudaFree(b);
    free(h);
    return ok;
}

int main(int argc, char **argv)
{
    unsigned int n = (argc > 1) ? atoi(argv[1]) : SIZE;
    int ok = 1;
    for (int threads = 32; threads <= 512; threads *= 2)
        ok &= test<int>("int", n, threads);
    ok &= test<float>("float", 8192, 256);
    ok &= test<float>("float", n / 3, 128);
    ok &= test<double>("double", n + 1, 64);
    printf(ok ? "PASS\n" : "FAIL\n");
    return !ok;
}
