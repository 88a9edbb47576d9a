// Sobel edges: pixels are read and written through surfaces, magnitudes run through a table in a 1-D texture.
#include <cstdio>
#include <cstdint>
#include <array>
#include <vector>
#include <cuda_runtime.h>

namespace {

constexpr int kWidth = 67;
constexpr int kHeight = 45;

bool failed = false;

void must(cudaError_t code, int line)
{
    if (code == cudaSuccess) return;
    std::fprintf(stderr, "line %d: %s\n", line, cudaGetErrorString(code));
    failed = true;
}
#define MUST(...) must((__VA_ARGS__), __LINE__)

__global__ void sobel(cudaSurfaceObject_t source, cudaSurfaceObject_t target, cudaTextureObject_t gamma, int w, int h)
{
    const int x = blockIdx.x * blockDim.x + threadIdx.x;
    const int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= w || y >= h) return;
    int p[3][3];
    for (int j = -1; j <= 1; ++j)
        for (int i = -1; i <= 1; ++i) {
            // surface coordinates in x are bytes; here a pixel is one
            p[j + 1][i + 1] = surf2Dread<unsigned char>(source, x + i, y + j, cudaBoundaryModeClamp);
        }
    const int gx = p[0][2] + 2 * p[1][2] + p[2][2] - p[0][0] - 2 * p[1][0] - p[2][0];
    const int gy = p[2][0] + 2 * p[2][1] + p[2][2] - p[0][0] - 2 * p[0][1] - p[0][2];
    const int strength = min(abs(gx) + abs(gy), 1023) >> 2;
    surf2Dwrite<short2>(make_short2(tex1Dfetch<int>(gamma, strength), gx), target, x * sizeof(short2), y);
}

}  // namespace

int main()
{
    std::vector<uint8_t> pixels(kWidth * kHeight);
    for (int y = 0; y < kHeight; ++y)
        for (int x = 0; x < kWidth; ++x)
            pixels[y * kWidth + x] = (x - 30) * (x - 30) + (y - 20) * (y - 20) < 200 ? 210 - x : 20 + ((x ^ y) & 15) * 2;
    std::array<int, 256> table;
    for (int i = 0; i < 256; ++i) table[i] = i * i / 255;

    cudaArray_t in, out;
    const auto in_format = cudaCreateChannelDesc<unsigned char>();
    const auto out_format = cudaCreateChannelDesc<short2>();
    MUST(cudaMallocArray(&in, &in_format, kWidth, kHeight, cudaArraySurfaceLoadStore));
    MUST(cudaMallocArray(&out, &out_format, kWidth, kHeight, cudaArraySurfaceLoadStore));
    MUST(cudaMemcpy2DToArray(in, 0, 0, pixels.data(), kWidth, kWidth, kHeight, cudaMemcpyHostToDevice));

    cudaResourceDesc desc = {};
    desc.resType = cudaResourceTypeArray;
    cudaSurfaceObject_t source, target;
    desc.res.array.array = in;
    MUST(cudaCreateSurfaceObject(&source, &desc));
    desc.res.array.array = out;
    MUST(cudaCreateSurfaceObject(&target, &desc));

    int* d_table;
    MUST(cudaMalloc(&d_table, sizeof table));
    MUST(cudaMemcpy(d_table, table.data(), sizeof table, cudaMemcpyHostToDevice));
    cudaResourceDesc linear = {};
    linear.resType = cudaResourceTypeLinear;
    linear.res.linear.devPtr = d_table;
    linear.res.linear.desc = cudaCreateChannelDesc<int>();
    linear.res.linear.sizeInBytes = sizeof table;
    cudaTextureDesc how = {};
    how.readMode = cudaReadModeElementType;
    cudaTextureObject_t gamma;
    MUST(cudaCreateTextureObject(&gamma, &linear, &how, nullptr));

    sobel<<<dim3((kWidth + 15) / 16, (kHeight + 7) / 8), dim3(16, 8)>>>(source, target, gamma, kWidth, kHeight);
    MUST(cudaGetLastError());
    std::vector<short2> edges(kWidth * kHeight);
    MUST(cudaMemcpy2DFromArray(edges.data(), kWidth * sizeof(short2), out, 0, 0, kWidth * sizeof(short2), kHeight,
                               cudaMemcpyDeviceToHost));

    // Reference: the kernels are separable; smooth down the columns first, then difference along the rows (and across).
    const auto at = [&](int x, int y) {
        x = x < 0 ? 0 : x >= kWidth ? kWidth - 1 : x;
        y = y < 0 ? 0 : y >= kHeight ? kHeight - 1 : y;
        return int(pixels[y * kWidth + x]);
    };
    const auto smooth_y = [&](int x, int y) { return at(x, y - 1) + 2 * at(x, y) + at(x, y + 1); };
    const auto smooth_x = [&](int x, int y) { return at(x - 1, y) + 2 * at(x, y) + at(x + 1, y); };
    int wrong = 0, strong = 0;
    for (int y = 0; y < kHeight; ++y)
        for (int x = 0; x < kWidth; ++x) {
            const int gx = smooth_y(x + 1, y) - smooth_y(x - 1, y), gy = smooth_x(x, y + 1) - smooth_x(x, y - 1);
            int s = (gx < 0 ? -gx : gx) + (gy < 0 ? -gy : gy);
            if (s > 1023) s = 1023;
            const short2 got = edges[y * kWidth + x];
            wrong += got.x != (s / 4) * (s / 4) / 255 || got.y != gx;
            strong += got.x > 100;
        }
    MUST(cudaDestroySurfaceObject(source));
    MUST(cudaDestroySurfaceObject(target));
    MUST(cudaDestroyTextureObject(gamma));
    MUST(cudaFreeArray(in));
    MUST(cudaFreeArray(out));
    MUST(cudaFree(d_table));
    const bool ok = !failed && wrong == 0 && strong > 20;
    std::printf("%d strong edge pixels, %d wrong: %s\n", strong, wrong, ok ? "PASS" : "FAIL");
    return ok ? 0 : 1;
}
