#include <cuda_runtime.h>
#include <limits.h>

// Device functions and kernels of an integer statistics library (host side lives elsewhere).

namespace stats {

typedef unsigned long long ull;

struct Range
{
    int lo;
    int hi;
    ull sum;     // of absolute values
};

template <typename T>
__device__ inline unsigned magnitude(T v) { return v < 0 ? 0u - (unsigned)v : (unsigned)v; }

/** bins[v]++ for 0 <= v < nbins; everything else is counted in bins[nbins]. */
template <typename T>
__global__ void bincount(const T *data, int n, unsigned *bins, int nbins)
{
    int tid = blockIdx.x * blockDim.x + threadIdx.x;
    int stride = gridDim.x * blockDim.x;
    while (tid < n)
    {
        int v = (int)data[tid];
        atomicAdd(&bins[v >= 0 && v < nbins ? v : nbins], 1u);
        tid += stride;
    }
}

/** The range of the data; *range starts as { INT_MAX, INT_MIN, 0 } or as that of earlier data. */
template <typename T>
__global__ void minmax(const T *__restrict__ data, int n, Range *range)
{
    __shared__ int lo, hi;
    __shared__ ull sum;
    if (threadIdx.x == 0)
    {
        lo = INT_MAX;
        hi = INT_MIN;
        sum = 0;
    }
    __syncthreads();
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    {
        atomicMin(&lo, (int)data[i]);
        atomicMax(&hi, (int)data[i]);
        atomicAdd(&sum, (ull)magnitude(data[i]));
    }
    __syncthreads();
    if (threadIdx.x == 0)
    {
        atomicMin(&range->lo, lo);
        atomicMax(&range->hi, hi);
        atomicAdd(&range->sum, sum);
    }
}

template __global__ void bincount<int>(const int *, int, unsigned *, int);
template __global__ void bincount<unsigned short>(const unsigned short *, int, unsigned *, int);
template __global__ void minmax<int>(const int *, int, Range *);

} // namespace stats
