// Softened gravity, all pairs, leapfrog steps.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

struct SimParams {
    float dt;
    float softening2;
    float G;
    int   numBodies;
};

__constant__ SimParams params;

__device__ __forceinline__ float3 operator+(const float3 &a, const float3 &b)
{
    return make_float3(a.x + b.x, a.y + b.y, a.z + b.z);
}

__device__ __forceinline__ float3 operator*(float s, const float3 &v)
{
    return make_float3(s * v.x, s * v.y, s * v.z);
}

__device__ float3 bodyBodyInteraction(float3 ai, const float4 bi, const float4 bj)
{
    const float3 r = make_float3(bj.x - bi.x, bj.y - bi.y, bj.z - bi.z);
    const float distSqr = r.x * r.x + r.y * r.y + r.z * r.z + params.softening2;
    const float invDist = rsqrtf(distSqr);
    return ai + (bj.w * invDist * invDist * invDist) * r;
}

__device__ float3 computeAcceleration(const float4 *positions, const float4 myPos)
{
    extern __shared__ float4 sharedPos[];
    float3 acc = {0.0f, 0.0f, 0.0f};
    const int tiles = (params.numBodies + blockDim.x - 1) / blockDim.x;
    for (int tile = 0; tile < tiles; tile++) {
        const int j = tile * blockDim.x + threadIdx.x;
        // a body of no mass beyond the end
        sharedPos[threadIdx.x] = j < params.numBodies ? positions[j] : make_float4(0.f, 0.f, 0.f, 0.f);
        __syncthreads();
#pragma unroll 8
        for (unsigned counter = 0; counter < blockDim.x; counter++)
            acc = bodyBodyInteraction(acc, myPos, sharedPos[counter]);
        __syncthreads();
    }
    return params.G * acc;
}

// half a kick, and (HALF_STEP_ONLY == false) a whole drift
template <bool HALF_STEP_ONLY>
__global__ void integrateBodies(float4 *__restrict__ newPos, const float4 *__restrict__ oldPos, float4 *__restrict__ vel)
{
    const int index = blockIdx.x * blockDim.x + threadIdx.x;
    const bool live = index < params.numBodies;
    float4 position = live ? oldPos[index] : make_float4(0.f, 0.f, 0.f, 0.f);

    const float3 accel = computeAcceleration(oldPos, position);
    if (!live)
        return;

    float4 velocity = vel[index];
    const float kick = HALF_STEP_ONLY ? 0.5f * params.dt : params.dt;
    velocity.x += accel.x * kick;
    velocity.y += accel.y * kick;
    velocity.z += accel.z * kick;
    vel[index] = velocity;

    if (!HALF_STEP_ONLY) {
        position.x += velocity.x * params.dt;
        position.y += velocity.y * params.dt;
        position.z += velocity.z * params.dt;
        newPos[index] = position;
    }
}

class NBodySystem
{
public:
    NBodySystem(int n, const float4 *pos, const float4 *vel) : n_(n), current_(0)
    {
        for (int i = 0; i < 2; ++i)
            cudaMalloc((void **)&pos_[i], n * sizeof(float4));
        cudaMalloc((void **)&vel_, n * sizeof(float4));
        cudaMemcpy(pos_[0], pos, n * sizeof(float4), cudaMemcpyHostToDevice);
        cudaMemcpy(vel_, vel, n * sizeof(float4), cudaMemcpyHostToDevice);
    }
    ~NBodySystem()
    {
        cudaFree(pos_[0]);
        cudaFree(pos_[1]);
        cudaFree(vel_);
    }
    // velocities are half a step behind after `start`
    void start(int p)
    {
        integrateBodies<true><<<(n_ + p - 1) / p, p, p * sizeof(float4)>>>(NULL, pos_[current_], vel_);
    }
    void step(int p)
    {
        integrateBodies<false><<<(n_ + p - 1) / p, p, p * sizeof(float4)>>>(pos_[1 - current_], pos_[current_], vel_);
        current_ = 1 - current_;
    }
    void read(float4 *pos, float4 *vel) const
    {
        cudaMemcpy(pos, pos_[current_], n_ * sizeof(float4), cudaMemcpyDeviceToHost);
        cudaMemcpy(vel, vel_, n_ * sizeof(float4), cudaMemcpyDeviceToHost);
    }

private:
    int     n_, current_;
    float4 *pos_[2];
    float4 *vel_;
};

int main(int argc, char **argv)
{
    const int n = argc > 1 ? atoi(argv[1]) : 203;
    const int steps = 3;
    SimParams host = {0.01f, 0.02f, 1.0f, n};
    std::vector<float4> pos(n), vel(n);
    for (int i = 0; i < n; i++) {
        const float a = 2.399963f * i, r = sqrtf((i + 0.5f) / n); // sunflower disc
        pos[i] = make_float4(r * cosf(a), r * sinf(a), 0.1f * sinf(5.f * i), (1.0f + 0.5f * sinf(3.f * i)) / n);
        vel[i] = make_float4(-0.5f * r * sinf(a), 0.5f * r * cosf(a), 0.f, 0.f);
    }

    // double reference over unordered pairs: Newton's third law
    std::vector<double> x(3 * n), v(3 * n);
    for (int i = 0; i < n; i++) {
        const float *p = &pos[i].x, *q = &vel[i].x;
        for (int d = 0; d < 3; d++)
            x[3 * i + d] = p[d], v[3 * i + d] = q[d];
    }
    for (int s = 0; s < steps + 1; s++) {
        const double kick = s == 0 ? 0.5 * host.dt : host.dt;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < i; j++) {
                double r2 = host.softening2, d[3];
                for (int k = 0; k < 3; k++)
                    d[k] = x[3 * j + k] - x[3 * i + k], r2 += d[k] * d[k];
                const double f = kick * host.G / (r2 * sqrt(r2));
                for (int k = 0; k < 3; k++)
                    v[3 * i + k] += f * pos[j].w * d[k], v[3 * j + k] -= f * pos[i].w * d[k];
            }
        if (s > 0)
            for (int k = 0; k < 3 * n; k++)
                x[k] += host.dt * v[k];
    }

    cudaMemcpyToSymbol(params, &host, sizeof(SimParams));
    NBodySystem system(n, pos.data(), vel.data());
    system.start(64);
    for (int s = 0; s < steps; s++)
        system.step(s % 2 ? 32 : 64);
    std::vector<float4> gotPos(n), gotVel(n);
    system.read(gotPos.data(), gotVel.data());

    double worst = 0;
    for (int i = 0; i < n; i++) {
        const float *p = &gotPos[i].x, *q = &gotVel[i].x;
        for (int d = 0; d < 3; d++)
            { const double off = fabs(p[d] - x[3 * i + d]) + fabs(q[d] - v[3 * i + d]); if (off > worst || off != off) worst = off; }  // NaN counts
    }
    printf("largest deviation after %d steps of %d bodies: %g\n", steps, n, worst);
    const bool ok = worst < 2e-6 && gotPos[n / 2].w == pos[n / 2].w;
    printf("%s\n", ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
}
