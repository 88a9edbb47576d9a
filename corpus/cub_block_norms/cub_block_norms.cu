// Row norms (L1, L2, max) by CUB's block and warp collectives, and clipping of gradients by their norm.
#include <cub/block/block_reduce.cuh>
#include <cub/warp/warp_reduce.cuh>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#define CK(e) if ((e) != cudaSuccess) { std::printf("line %d: %s\n", __LINE__, cudaGetErrorString(e)); return 1; }

struct MaxOp {
    template <typename T>
    __device__ T operator()(const T& a, const T& b) const { return a < b ? b : a; }
};

struct Norms { float l1, l2, linf; };

template <int THREADS>
__global__ void row_norms(const float* x, Norms* norms, int cols)
{
    using Reduce = cub::BlockReduce<float, THREADS>;
    __shared__ union {
        typename Reduce::TempStorage sum;
        typename Reduce::TempStorage top;
    } temp;

    const float* row = x + (size_t)blockIdx.x * cols;
    float l1 = 0, l2 = 0, top = 0;
    for (int c = threadIdx.x; c < cols; c += THREADS) {
        const float v = row[c];
        l1 += fabsf(v);
        l2 += v * v;
        top = fmaxf(top, fabsf(v));
    }
    l1 = Reduce(temp.sum).Sum(l1);
    __syncthreads();  // the storage is used again
    l2 = Reduce(temp.sum).Sum(l2);
    __syncthreads();
    top = Reduce(temp.top).Reduce(top, MaxOp());
    if (threadIdx.x == 0) {
        norms[blockIdx.x].l1 = l1;
        norms[blockIdx.x].l2 = sqrtf(l2);
        norms[blockIdx.x].linf = top;
    }
}

// One warp a row; several rows a block.
template <int WARPS>
__global__ void clip_rows(float* x, int rows, int cols, float limit)
{
    typedef cub::WarpReduce<float> WarpSum;
    __shared__ typename WarpSum::TempStorage temp[WARPS];
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int r = blockIdx.x * WARPS + warp;
    if (r < rows) {
        float* row = x + (size_t)r * cols;
        float squares = 0;
        for (int c = lane; c < cols; c += 32) squares += row[c] * row[c];
        squares = WarpSum(temp[warp]).Sum(squares);          // only lane 0 has it
        const float norm = sqrtf(__shfl_sync(0xffffffffu, squares, 0));
        if (norm > limit)
            for (int c = lane; c < cols; c += 32) row[c] *= limit / norm;
    }
}

int main(int argc, char** argv)
{
    const int rows = argc > 1 ? atoi(argv[1]) : 53, cols = argc > 2 ? atoi(argv[2]) : 203;
    const size_t bytes = sizeof(float) * rows * cols;
    float* h = (float*)malloc(bytes);
    float* clipped = (float*)malloc(bytes);
    Norms* norms = new Norms[rows];
    // row r is an alternating arithmetic sequence with step r + 1, in a shuffled order
    const int step = 71;  // coprime to cols unless somebody asks for a multiple
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) {
            const int k = (int)((long long)c * step % cols) + 1;
            h[r * cols + c] = (k % 2 ? 1 : -1) * (float)k * (r + 1) / 16.0f;
        }

    float* d;
    Norms* dn;
    CK(cudaMalloc(&d, bytes));
    CK(cudaMalloc(&dn, sizeof(Norms) * rows));
    CK(cudaMemcpy(d, h, bytes, cudaMemcpyHostToDevice));
    row_norms<96><<<rows, 96>>>(d, dn, cols);
    CK(cudaMemcpy(norms, dn, sizeof(Norms) * rows, cudaMemcpyDeviceToHost));

    int bad = 0;
    for (int r = 0; r < rows; r++) {
        // sums of 1..n and of their squares in closed form
        const double n = cols, s = (r + 1) / 16.0;
        const double l1 = s * n * (n + 1) / 2, l2 = s * std::sqrt(n * (n + 1) * (2 * n + 1) / 6);
        const bool good = std::fabs(norms[r].l1 - l1) <= 1e-6 * l1 && std::fabs(norms[r].l2 - l2) <= 1e-6 * l2;
        if (!good || norms[r].linf != (float)(s * n)) {
            if (bad++ < 5) std::printf("row %d: %g %g %g\n", r, norms[r].l1, norms[r].l2, norms[r].linf);
        }
    }

    const float limit = 1500.0f;
    clip_rows<3><<<(rows + 2) / 3, 96>>>(d, rows, cols, limit);
    CK(cudaMemcpy(clipped, d, bytes, cudaMemcpyDeviceToHost));
    int clips = 0;
    for (int r = 0; r < rows; r++) {
        double n = cols, l2 = (r + 1) / 16.0 * std::sqrt(n * (n + 1) * (2 * n + 1) / 6);
        double factor = l2 > limit ? limit / l2 : 1;
        clips += factor < 1;
        for (int c = 0; c < cols; c++)
            bad += !(std::fabs(clipped[r * cols + c] - h[r * cols + c] * factor) <= 1e-6 * std::fabs(h[r * cols + c]));
    }
    std::printf("%d rows clipped of %d, %d bad\n", clips, rows, bad);
    std::puts(bad == 0 ? "PASS" : "FAIL");
    cudaFree(d);
    cudaFree(dn);
    free(h);
    free(clipped);
    delete[] norms;
    return bad != 0;
}
