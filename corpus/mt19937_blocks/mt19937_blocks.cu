// Mersenne twister MT19937, one generator a block: the 624 words of state are renewed by all threads together.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>
#include <cuda_runtime.h>

namespace mt
{
    enum : unsigned { N = 624, M = 397, UPPER = 0x80000000u, LOWER = 0x7fffffffu, MATRIX = 0x9908b0dfu };

    __device__ unsigned twist(unsigned here, unsigned next, unsigned far)
    {
        const unsigned y = (here & UPPER) | (next & LOWER);
        return far ^ (y >> 1) ^ ((y & 1u) ? (unsigned)MATRIX : 0u);
    }

    __device__ unsigned temper(unsigned y)
    {
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    // Words that a word depends on lie M ahead: 0 .. N-M-1 need old words only, the next N-M need those, then the rest.
    // Every stretch reads all it needs before any of it is overwritten.
    __device__ void renew(unsigned *state)
    {
        const unsigned stretch = N - M;
        for (unsigned from = 0; from < N; from += stretch)
        {
            const unsigned to = from + stretch < N ? from + stretch : (unsigned)N;
            for (unsigned base = from; base < to; base += blockDim.x)
            {
                const unsigned i = base + threadIdx.x;
                unsigned fresh = 0;
                if (i < to)
                    fresh = twist(state[i], state[(i + 1) % N], state[(i + M) % N]);
                __syncthreads();
                if (i < to)
                    state[i] = fresh;
                __syncthreads();
            }
        }
    }
}

__global__ void __launch_bounds__(256) generate(const unsigned *seeds, double *numbers, int per_block)
{
    __shared__ unsigned state[mt::N];

    // seeding is serial by nature
    if (threadIdx.x == 0)
    {
        unsigned s = seeds[blockIdx.x];
        state[0] = s;
        for (unsigned i = 1; i < mt::N; ++i)
            state[i] = s = 1812433253u * (s ^ (s >> 30)) + i;
    }
    __syncthreads();

    double *out = numbers + (size_t)blockIdx.x * per_block;
    for (int done = 0; done < per_block; done += mt::N)
    {
        mt::renew(state);
        for (int i = threadIdx.x; i < (int)mt::N && done + i < per_block; i += blockDim.x)
            out[done + i] = mt::temper(state[i]) * (1.0 / 4294967296.0);
        __syncthreads();
    }
}

// Estimate of the variance of each generator's numbers, Welford's recurrence in strides, joined pairwise.
__global__ void variances(const double *numbers, int per_block, double *variance)
{
    __shared__ double mean[64], m2[64];
    __shared__ int count[64];
    const double *x = numbers + (size_t)blockIdx.x * per_block;
    const int t = threadIdx.x;
    double mu = 0.0, s = 0.0;
    int k = 0;
    for (int i = t; i < per_block; i += blockDim.x)
    {
        const double d = x[i] - mu;
        mu += d / ++k;
        s += d * (x[i] - mu);
    }
    mean[t] = mu, m2[t] = s, count[t] = k;
    for (int half = blockDim.x / 2; half > 0; half /= 2)
    {
        __syncthreads();
        if (t < half && count[t + half] > 0)
        {
            const int n = count[t] + count[t + half];
            const double d = mean[t + half] - mean[t];
            m2[t] += m2[t + half] + d * d * count[t] * count[t + half] / n;
            mean[t] += d * count[t + half] / n;
            count[t] = n;
        }
    }
    if (t == 0)
        variance[blockIdx.x] = m2[0] / (count[0] - 1);
}

int main(int argc, char **argv)
{
    const int per_block = argc > 1 ? atoi(argv[1]) : 1500;
    const unsigned seeds[] = {5489u, 1u, 4357u, 0xdeadbeefu, 20260u};
    const int blocks = sizeof seeds / sizeof *seeds;

    unsigned *d_seeds;
    double *d_numbers, *d_variance;
    cudaMalloc(&d_seeds, sizeof seeds);
    cudaMalloc(&d_numbers, sizeof(double) * blocks * per_block);
    cudaMalloc(&d_variance, sizeof(double) * blocks);
    cudaMemcpy(d_seeds, seeds, sizeof seeds, cudaMemcpyHostToDevice);

    cudaEvent_t begin, end;
    cudaEventCreate(&begin);
    cudaEventCreate(&end);
    cudaEventRecord(begin);
    generate<<<blocks, 160>>>(d_seeds, d_numbers, per_block);
    cudaEventRecord(end);
    variances<<<blocks, 64>>>(d_numbers, per_block, d_variance);

    std::vector<double> numbers(blocks * per_block), variance(blocks);
    cudaMemcpy(numbers.data(), d_numbers, numbers.size() * sizeof(double), cudaMemcpyDeviceToHost);
    cudaMemcpy(variance.data(), d_variance, blocks * sizeof(double), cudaMemcpyDeviceToHost);
    float ms = -1.0f;
    const bool timed = cudaEventElapsedTime(&ms, begin, end) == cudaSuccess && ms >= 0.0f;

    int wrong = 0;
    for (int b = 0; b < blocks; ++b)
    {
        std::mt19937 reference(seeds[b]);
        double sum = 0, squares = 0;
        for (int i = 0; i < per_block; ++i)
        {
            const double want = reference() / 4294967296.0;
            wrong += numbers[b * per_block + i] != want;
            sum += want, squares += want * want;
        }
        const double v = (squares - sum * sum / per_block) / (per_block - 1);
        wrong += !(variance[b] > v - 1e-12 && variance[b] < v + 1e-12);
    }
    printf("%d generators, first number %.10f, %d wrong\n%s\n", blocks, numbers[0], wrong, wrong == 0 && timed ? "PASS" : "FAIL");
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
    cudaFree(d_seeds);
    cudaFree(d_numbers);
    cudaFree(d_variance);
    return wrong == 0 && timed ? 0 : 1;
}
