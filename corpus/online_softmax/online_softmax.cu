// Softmax in two passes over memory: maximum and normaliser are found together
// ("online"), as a reduction with the operator of struct MD.
#include <cuda_runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <algorithm>
#include <numeric>
#include <vector>

struct __align__(8) MD
{
    float m;  // maximum so far
    float d;  // sum of exp(x - m) so far
};

__device__ __forceinline__ MD reduce_md_op(MD a, MD b)
{
    bool a_bigger = (a.m > b.m);
    MD bigger_m = a_bigger ? a : b;
    MD smaller_m = a_bigger ? b : a;
    MD res;
    res.d = bigger_m.d + (smaller_m.d == 0.f ? 0.f : smaller_m.d * __expf(smaller_m.m - bigger_m.m));
    res.m = bigger_m.m;
    return res;
}

template <int THREADBLOCK_SIZE>
__launch_bounds__(THREADBLOCK_SIZE)
__global__ void online_softmax(const float * __restrict x, float * __restrict y, int V, float inv_temperature)
{
    int thread_id = threadIdx.x;
    int vector_id = blockIdx.x;

    // reposition x and y to the data of this vector
    x += (size_t)vector_id * V;
    y += (size_t)vector_id * V;

    __shared__ MD warps[THREADBLOCK_SIZE / 32];
    __shared__ MD md_total;

    MD md_partial;
    md_partial.m = -INFINITY;
    md_partial.d = 0.0F;
    for (int elem_id = thread_id; elem_id < V; elem_id += THREADBLOCK_SIZE)
    {
        MD new_elem;
        new_elem.m = x[elem_id] * inv_temperature;
        new_elem.d = 1.0F;
        md_partial = reduce_md_op(md_partial, new_elem);
    }

    #pragma unroll
    for (int mask = 16; mask > 0; mask >>= 1)
    {
        MD other;
        other.m = __shfl_xor_sync(0xffffffffu, md_partial.m, mask, 32);
        other.d = __shfl_xor_sync(0xffffffffu, md_partial.d, mask, 32);
        md_partial = reduce_md_op(md_partial, other);
    }
    if (thread_id % 32 == 0)
        warps[thread_id / 32] = md_partial;
    __syncthreads();
    if (thread_id == 0)
    {
        MD md = warps[0];
        for (int w = 1; w < THREADBLOCK_SIZE / 32; ++w)
            md = reduce_md_op(md, warps[w]);
        md_total = md;
    }
    __syncthreads();

    float d_total_inverse = __fdividef(1.0F, md_total.d);
    for (int elem_id = thread_id; elem_id < V; elem_id += THREADBLOCK_SIZE)
        y[elem_id] = __expf(x[elem_id] * inv_temperature - md_total.m) * d_total_inverse;
}

static std::vector<float> softmax_on_gpu(const std::vector<float> &x, int batch, int V, float temperature)
{
    float *dx, *dy;
    std::vector<float> y(x.size(), -1.f);
    size_t bytes = x.size() * sizeof(float);
    if (cudaMalloc(&dx, bytes) || cudaMalloc(&dy, bytes)) { perror("cudaMalloc"); exit(1); }
    cudaMemcpy(dx, x.data(), bytes, cudaMemcpyHostToDevice);
    if (V <= 64)
        online_softmax<32><<<batch, 32>>>(dx, dy, V, 1.f / temperature);
    else if (V <= 512)
        online_softmax<128><<<batch, 128>>>(dx, dy, V, 1.f / temperature);
    else
        online_softmax<256><<<batch, 256>>>(dx, dy, V, 1.f / temperature);
    cudaError_t e = cudaGetLastError();
    if (e != cudaSuccess) { fprintf(stderr, "launch: %s\n", cudaGetErrorString(e)); exit(1); }
    cudaMemcpy(y.data(), dy, bytes, cudaMemcpyDeviceToHost);
    cudaFree(dx);
    cudaFree(dy);
    return y;
}

int main()
{
    const struct { int batch, V; float temperature; } shapes[] = {{7, 13, 1.f}, {5, 333, 2.f}, {3, 1999, .5f}, {1, 1, 1.f}, {2, 257, .01f}};
    bool pass = true;
    for (auto s : shapes)
    {
        std::vector<float> x((size_t)s.batch * s.V);
        for (size_t i = 0; i < x.size(); i++)
            x[i] = 10.f * sinf(0.7f * i) + (i % 97 == 3 ? 25.f : 0.f);
        auto y = softmax_on_gpu(x, s.batch, s.V, s.temperature);

        // probabilities in double from log-sum-exp over the sorted row, smallest first
        double worst = 0;
        for (int b = 0; b < s.batch; b++)
        {
            std::vector<double> row(x.begin() + b * s.V, x.begin() + (b + 1) * s.V);
            for (auto &v : row) v /= s.temperature;
            std::vector<double> sorted(row);
            std::sort(sorted.begin(), sorted.end());
            double top = sorted.back();
            double lse = top + log(std::accumulate(sorted.begin(), sorted.end(), 0.0,
                                                   [top](double a, double v) { return a + exp(v - top); }));
            double total = 0;
            for (int v = 0; v < s.V; v++)
            {
                double p = exp(row[v] - lse), got = y[(size_t)b * s.V + v];
                // error of the exponent grows with its size
                double e = fabs(got - p) / (p * (1 + fabs(row[v]) + fabs(top)) + 1e-30);
                worst = e == e ? std::max(worst, e) : HUGE_VAL;
                total += got;
            }
            pass = pass && fabs(total - 1) < 1e-5;
        }
        printf("%d x %d, T = %g: worst scaled relative error %.2e\n", s.batch, s.V, s.temperature, worst);
        pass = pass && worst < 1e-6;
    }
    puts(pass ? "PASS" : "FAIL");
    return !pass;
}
