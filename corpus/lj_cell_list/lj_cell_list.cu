/*
    Lennard-Jones forces with linked cells.

    Particles are sorted into cells by a counting sort (histogram, scan, scatter); each then visits the 27 cells
    around its own. The order inside a cell is not fixed, so sums may differ in the last bits.
*/
#include <cuda_runtime.h>
#include <cmath>
#include <cstdlib>
#include <cstdio>
#include <vector>

struct Box {
    float edge;          // of the periodic cube
    int   cells;         // a side
    float cutoff;

    __device__ int3 cell_of(float3 p) const {
        const float scale = cells / edge;
        return make_int3(min(int(p.x * scale), cells - 1), min(int(p.y * scale), cells - 1),
                         min(int(p.z * scale), cells - 1));
    }
    __device__ int index(int3 c) const { return (c.z * cells + c.y) * cells + c.x; }
    __device__ float wrap(float d) const { return d - edge * rintf(d / edge); }
};

__global__ void count_cells(Box box, const float3* pos, int n, int* counts) {
    int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i < n) atomicAdd(counts + box.index(box.cell_of(pos[i])), 1);
}

// One block, Hillis and Steele over all cells; starts[m] is the total.
__global__ void scan_cells(const int* counts, int* starts, int* cursors, int m) {
    extern __shared__ int buffer[];
    int *src = buffer, *dst = buffer + m;
    for (int c = threadIdx.x; c < m; c += blockDim.x) src[c] = counts[c];
    __syncthreads();
    int reach = 1;
    while (reach < m) {
        for (int c = threadIdx.x; c < m; c += blockDim.x)
            dst[c] = c >= reach ? src[c] + src[c - reach] : src[c];
        __syncthreads();
        int* t = src; src = dst; dst = t;
        reach *= 2;
    }
    for (int c = threadIdx.x; c < m; c += blockDim.x) {
        starts[c + 1] = src[c];
        cursors[c] = c ? src[c - 1] : 0;
    }
    if (threadIdx.x == 0) starts[0] = 0;
}

__global__ void scatter(Box box, const float3* pos, int n, int* cursors, int* order) {
    int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i >= n) return;
    order[atomicAdd(&cursors[box.index(box.cell_of(pos[i]))], 1)] = i;
}

__global__ void forces(Box box, const float3* pos, int n, const int* starts, const int* order, float4* out) {
    int i = blockDim.x * blockIdx.x + threadIdx.x;
    if (i >= n) return;
    const float3 p = pos[i];
    const int3 home = box.cell_of(p);
    float fx = 0, fy = 0, fz = 0, energy = 0;
    for (int dz = -1; dz <= 1; ++dz)
        for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx) {
                int3 c = make_int3((home.x + dx + box.cells) % box.cells, (home.y + dy + box.cells) % box.cells,
                                   (home.z + dz + box.cells) % box.cells);
                int cell = box.index(c);
                for (int k = starts[cell]; k < starts[cell + 1]; ++k) {
                    int j = order[k];
                    if (j == i) continue;
                    float x = box.wrap(p.x - pos[j].x), y = box.wrap(p.y - pos[j].y), z = box.wrap(p.z - pos[j].z);
                    float r2 = x * x + y * y + z * z;
                    if (r2 >= box.cutoff * box.cutoff) continue;
                    float inv2 = 1.0f / r2;
                    float inv6 = inv2 * inv2 * inv2;
                    float f = 24.0f * inv6 * (2.0f * inv6 - 1.0f) * inv2;
                    fx += f * x, fy += f * y, fz += f * z;
                    energy += 2.0f * inv6 * (inv6 - 1.0f);   // half of the pair's
                }
            }
    out[i] = make_float4(fx, fy, fz, energy);
}

template <typename T>
T* device(size_t n) {
    T* p = nullptr;
    if (cudaMalloc(reinterpret_cast<void**>(&p), n * sizeof(T)) != cudaSuccess) std::exit(2);
    return p;
}

int main(int argc, char** argv) {
    const int side = argc > 1 ? std::atoi(argv[1]) : 9;
    const int n = side * side * side;
    const Box box = { side * 1.15f, int(side * 1.15f / 2.5f), 2.5f };
    if (box.cells < 4) { std::puts("too small a box\nFAIL"); return 2; }

    std::vector<float3> pos(n);
    unsigned h = 1;
    auto jitter = [&] { h = h * 69069u + 1u; return (h >> 16) / 65536.0f * 0.3f + 0.4f; };
    for (int i = 0; i < n; ++i)   // a disturbed lattice
        pos[i] = make_float3((i % side + jitter()) * 1.15f, (i / side % side + jitter()) * 1.15f,
                             (i / (side * side) + jitter()) * 1.15f);

    const int m = box.cells * box.cells * box.cells;
    float3* d_pos = device<float3>(n);
    int *counts = device<int>(m), *starts = device<int>(m + 1), *cursors = device<int>(m), *order = device<int>(n);
    float4* d_out = device<float4>(n);
    cudaMemcpy(d_pos, pos.data(), n * sizeof(float3), cudaMemcpyHostToDevice);
    cudaMemset(counts, 0, m * sizeof(int));

    const int threads = 96, blocks = (n + threads - 1) / threads;
    count_cells<<<blocks, threads>>>(box, d_pos, n, counts);
    scan_cells<<<1, 64, 2 * m * sizeof(int)>>>(counts, starts, cursors, m);
    scatter<<<blocks, threads>>>(box, d_pos, n, cursors, order);
    forces<<<blocks, threads>>>(box, d_pos, n, starts, order, d_out);
    std::vector<float4> got(n);
    if (cudaMemcpy(got.data(), d_out, n * sizeof(float4), cudaMemcpyDeviceToHost) != cudaSuccess) return 2;

    // All pairs, each once, in double, without cells.
    std::vector<double> want(4 * n), scale(n);
    for (int i = 0; i < n; ++i)
        for (int j = i + 1; j < n; ++j) {
            double d[3] = { double(pos[i].x) - pos[j].x, double(pos[i].y) - pos[j].y, double(pos[i].z) - pos[j].z }, r2 = 0;
            for (double& c : d) { c = std::remainder(c, double(box.edge)); r2 += c * c; }
            if (r2 >= 6.25) continue;
            const double s6 = std::pow(r2, -3.0), f = 24 * (2 * s6 * s6 - s6) / r2;
            for (int k = 0; k < 3; ++k) want[4 * i + k] += f * d[k], want[4 * j + k] -= f * d[k];
            want[4 * i + 3] += 2 * (s6 * s6 - s6), want[4 * j + 3] += 2 * (s6 * s6 - s6);
            scale[i] += 48 * s6 * s6 / std::sqrt(r2) + 1, scale[j] += 48 * s6 * s6 / std::sqrt(r2) + 1;
        }
    double worst = 0, energy = 0;
    for (int i = 0; i < n; ++i) {
        const float* g = &got[i].x;
        for (int k = 0; k < 4; ++k) {
            const double off = std::fabs(g[k] - want[4 * i + k]) / scale[i];
            if (off > worst || off != off) worst = off;  // a NaN stays
        }
        energy += g[3];
    }
    std::printf("%d particles in %d cells, energy %.3f, worst %.1e\n", n, m, energy, worst);
    std::puts(worst < 2e-5 ? "PASS" : "FAIL");
    for (void* p : { (void*)d_pos, (void*)counts, (void*)starts, (void*)cursors, (void*)order, (void*)d_out }) cudaFree(p);
    return worst < 2e-5 ? 0 : 1;
}
