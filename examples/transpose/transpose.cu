// Batched out-of-place transpose through a padded shared tile, for elements of any type.
#include <cstdint>
#include <cstdio>
#include <vector>
#include <cuda_runtime.h>

#ifndef HEIGHT
#define HEIGHT 67
#endif
#ifndef WIDTH
#define WIDTH 129
#endif
#ifndef BATCH
#define BATCH 3
#endif

namespace mat
{

// One block of (TILE, ROWS) threads moves a TILE x TILE tile; blockIdx.z is the matrix of the batch.
// The extra column keeps the column reads of `tile` free of bank conflicts.
template <typename T, int TILE, int ROWS>
__global__ void transpose(const T *in, T *out, int height, int width)
{
    __shared__ T tile[TILE][TILE + 1];

    const int plane = blockIdx.z * height * width;
    int x = blockIdx.x * TILE + threadIdx.x;
    int y = blockIdx.y * TILE + threadIdx.y;

#pragma unroll
    for (int j = 0; j < TILE; j += ROWS)
    {
        if (x < width && y + j < height)
            tile[threadIdx.y + j][threadIdx.x] = in[plane + (y + j) * width + x];
    }

    __syncthreads();

    x = blockIdx.y * TILE + threadIdx.x;
    y = blockIdx.x * TILE + threadIdx.y;

#pragma unroll
    for (int j = 0; j < TILE; j += ROWS)
    {
        if (x < height && y + j < width)
            out[plane + (y + j) * height + x] = tile[threadIdx.x][threadIdx.y + j];
    }
}

} // namespace mat

template <typename T, int TILE, int ROWS>
static bool run(const char *name, int batch, int height, int width)
{
    const size_t count = static_cast<size_t>(batch) * height * width;
    std::vector<T> host(count), back(count);
    for (size_t i = 0; i < count; ++i)
        host[i] = static_cast<T>(i * 2654435761u >> 7);

    T *d_in = nullptr, *d_out = nullptr;
    cudaMalloc(&d_in, count * sizeof(T));
    cudaMalloc(&d_out, count * sizeof(T));
    cudaMemcpy(d_in, host.data(), count * sizeof(T), cudaMemcpyHostToDevice);
    cudaMemset(d_out, 0xff, count * sizeof(T));

    const dim3 threads(TILE, ROWS);
    const dim3 blocks((width + TILE - 1) / TILE, (height + TILE - 1) / TILE, batch);
    mat::transpose<T, TILE, ROWS><<<blocks, threads>>>(d_in, d_out, height, width);
    const cudaError_t status = cudaGetLastError();
    cudaMemcpy(back.data(), d_out, count * sizeof(T), cudaMemcpyDeviceToHost);
    cudaFree(d_in);
    cudaFree(d_out);

    // Walk the output in order and follow where each element must have come from.
    size_t mismatches = 0, o = 0;
    for (int b = 0; b < batch; ++b)
        for (int c = 0; c < width; ++c)
            for (int r = 0; r < height; ++r)
                mismatches += back[o++] != host[(static_cast<size_t>(b) * height + r) * width + c];

    std::printf("%-8s %d x %d x %d: %zu mismatches\n", name, batch, height, width, mismatches);
    return status == cudaSuccess && mismatches == 0;
}

int main()
{
    bool ok = run<float, 32, 8>("float", BATCH, HEIGHT, WIDTH);
    ok &= run<std::uint16_t, 16, 16>("uint16", 1, WIDTH, HEIGHT);
    std::puts(ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
}
