// Gravitational N-body: all-pairs accelerations with bodies staged in dynamic shared memory, then a leapfrog step.
// Written for any block size; the tile is as long as the block.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>
#include <cuda_runtime.h>

#ifndef BODIES
#define BODIES 331
#endif

struct SimParams
{
    int   count;
    float dt;
    float softening2;
    float damping;
};

__device__ float3 pull(float3 acc, const float4 me, const float4 other, const float softening2)
{
    float3 r;
    r.x = other.x - me.x;
    r.y = other.y - me.y;
    r.z = other.z - me.z;
    const float d2 = r.x * r.x + r.y * r.y + r.z * r.z + softening2;
    const float inv = rsqrtf(d2);
    const float s = other.w * inv * inv * inv;     // w is the mass
    acc.x += r.x * s;
    acc.y += r.y * s;
    acc.z += r.z * s;
    return acc;
}

__global__ void accelerations(const float4 *bodies, float3 *acc, SimParams p)
{
    extern __shared__ float4 tile[];

    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const float4 me = i < p.count ? bodies[i] : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    float3 sum = make_float3(0.0f, 0.0f, 0.0f);

    for (int start = 0; start < p.count; start += blockDim.x)
    {
        const int j = start + threadIdx.x;
        if (j < p.count)
            tile[threadIdx.x] = bodies[j];
        __syncthreads();

        const int filled = min((int)blockDim.x, p.count - start);
        for (int k = 0; k < filled; ++k)
            sum = pull(sum, me, tile[k], p.softening2);
        __syncthreads();
    }

    if (i < p.count)
        acc[i] = sum;
}

__global__ void advance(float4 *bodies, float3 *velocity, const float3 *acc, SimParams p)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= p.count)
        return;

    float3 v = velocity[i];
    const float3 a = acc[i];
    v.x = (v.x + a.x * p.dt) * p.damping;
    v.y = (v.y + a.y * p.dt) * p.damping;
    v.z = (v.z + a.z * p.dt) * p.damping;
    velocity[i] = v;

    float4 b = bodies[i];
    b.x += v.x * p.dt;
    b.y += v.y * p.dt;
    b.z += v.z * p.dt;
    bodies[i] = b;
}

class Simulation
{
public:
    explicit Simulation(const std::vector<float4> &bodies, SimParams params) : p_(params)
    {
        cudaMalloc(&bodies_, p_.count * sizeof(float4));
        cudaMalloc(&velocity_, p_.count * sizeof(float3));
        cudaMalloc(&acc_, p_.count * sizeof(float3));
        cudaMemcpy(bodies_, bodies.data(), p_.count * sizeof(float4), cudaMemcpyHostToDevice);
        cudaMemset(velocity_, 0, p_.count * sizeof(float3));
    }
    ~Simulation()
    {
        cudaFree(bodies_);
        cudaFree(velocity_);
        cudaFree(acc_);
    }
    void step(int threads)
    {
        const int blocks = (p_.count + threads - 1) / threads;
        accelerations<<<blocks, threads, threads * sizeof(float4)>>>(bodies_, acc_, p_);
        advance<<<blocks, threads>>>(bodies_, velocity_, acc_, p_);
    }
    std::vector<float4> bodies() const
    {
        std::vector<float4> out(p_.count);
        cudaMemcpy(out.data(), bodies_, p_.count * sizeof(float4), cudaMemcpyDeviceToHost);
        return out;
    }

private:
    SimParams p_;
    float4 *bodies_ = nullptr;
    float3 *velocity_ = nullptr, *acc_ = nullptr;
};

int main()
{
    const SimParams params = {BODIES, 0.01f, 0.0025f, 0.995f};
    std::vector<float4> start(BODIES);
    for (int i = 0; i < BODIES; ++i)
    {
        const float angle = 2.399963f * i, radius = std::sqrt((i + 0.5f) / BODIES);   // a sunflower disc
        start[i] = make_float4(radius * std::cos(angle), radius * std::sin(angle), 0.1f * std::sin(1.7f * i),
                               0.5f / BODIES * (1 + i % 3));
    }

    Simulation simulation(start, params);
    simulation.step(64);
    simulation.step(96);
    if (cudaDeviceSynchronize() != cudaSuccess)
        return 2;
    const std::vector<float4> got = simulation.bodies();

    // Direct sums in double, each pair visited once: action equals reaction.
    const int n = BODIES;
    std::vector<double> x(3 * n), v(3 * n, 0.0), a(3 * n);
    for (int i = 0; i < n; ++i)
        x[3 * i] = start[i].x, x[3 * i + 1] = start[i].y, x[3 * i + 2] = start[i].z;
    for (int step = 0; step < 2; ++step)
    {
        std::fill(a.begin(), a.end(), 0.0);
        for (int i = 0; i < n; ++i)
            for (int j = i + 1; j < n; ++j)
            {
                double d[3], d2 = params.softening2;
                for (int k = 0; k < 3; ++k)
                    d[k] = x[3 * j + k] - x[3 * i + k], d2 += d[k] * d[k];
                const double f = 1.0 / (d2 * std::sqrt(d2));
                for (int k = 0; k < 3; ++k)
                    a[3 * i + k] += start[j].w * f * d[k], a[3 * j + k] -= start[i].w * f * d[k];
            }
        for (int k = 0; k < 3 * n; ++k)
        {
            v[k] = (v[k] + a[k] * params.dt) * params.damping;
            x[k] += v[k] * params.dt;
        }
    }

    double worst = 0.0;
    for (int i = 0; i < n; ++i)
    {
        const double mine[3] = {got[i].x, got[i].y, got[i].z};
        for (int k = 0; k < 3; ++k)
            worst = std::fmax(worst, std::fabs(mine[k] - x[3 * i + k]));
        if (std::memcmp(&got[i].w, &start[i].w, sizeof(float)) != 0)
            worst = 1.0;
    }
    std::printf("%d bodies, 2 steps: worst position error %.2e\n", n, worst);
    std::printf("%s\n", worst < 2e-6 ? "PASS" : "FAIL");
    return worst < 2e-6 ? 0 : 1;
}
