// y = a * x + y, launched in every way the runtime offers; each launch adds once more.
#include <cuda_runtime.h>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <utility>
#include <vector>

template <typename T>
__global__ void axpy(int n, T a, const T *x, T *y)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] += a * x[i];
}

__global__ void axpy_loop(int n, float a, const float *x, float *y)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x, step = blockDim.x * gridDim.x; i < n; i += step)
        y[i] += a * x[i];
}

// the grid is two-dimensional, the vector is not
__global__ void axpy_plane(int n, float a, const float *x, float *y)
{
    const int block = blockIdx.y * gridDim.x + blockIdx.x;
    const int thread = threadIdx.z * blockDim.y * blockDim.x + threadIdx.y * blockDim.x + threadIdx.x;
    const int i = block * (blockDim.x * blockDim.y * blockDim.z) + thread;
    if (i < n) y[i] += a * x[i];
}

#define LAUNCH(kernel, blocks, threads, ...) kernel<<<(blocks), (threads)>>>(__VA_ARGS__)
#define CHECKED(...) do { __VA_ARGS__; if (auto e = cudaGetLastError()) { printf("%s: %s\n", #__VA_ARGS__, cudaGetErrorString(e)); return 1; } } while (0)

template <typename... Params, typename... Args>
void launch(void (*kernel)(Params...), dim3 grid, dim3 block, Args &&...args)
{
    kernel<<<grid, block, 0, 0>>>(std::forward<Args>(args)...);
}

struct Launcher
{
    int n;
    const float *x;
    float *y;
    template <int Threads>
    void operator()(float a) const { axpy<float><<<(n + Threads - 1) / Threads, Threads>>>(n, a, x, y); }
    void plain(float a) const;
};
void Launcher::plain(float a) const { axpy_loop<<<4, 32>>>(n, a, x, y); }

static int calls = 0;
static void CUDART_CB count_call(void *amount) { calls += *static_cast<int *>(amount); }

int main(int argc, char **argv)
{
    const int n = argc > 1 ? atoi(argv[1]) : 2500;
    std::vector<float> hx(n), hy(n);
    for (int i = 0; i < n; i++) hx[i] = i % 64 - 20, hy[i] = 0.5f * i;
    float *x, *y, total = 0;
    cudaMalloc(&x, n * sizeof(float));
    cudaMalloc(&y, n * sizeof(float));
    cudaMemcpy(x, hx.data(), n * sizeof(float), cudaMemcpyDefault);
    cudaMemcpy(y, hy.data(), n * sizeof(float), cudaMemcpyDefault);
    auto blocks = [n](int threads) { return (n + threads - 1) / threads; };

    // 1, 2: the chevrons, in a macro, in one line with an if
    CHECKED(LAUNCH(axpy<float>, blocks(64), 64, n, 1.f, x, y)); total += 1;
    if (n > 0) axpy_loop<<<3, 96>>>(n, 2.f, x, y); else return 1;
    total += 2;

    // 3: a kernel by pointer, chosen at run time
    void (*chosen)(int, float, const float *, float *) = argc > 5 ? axpy<float> : axpy_loop;
    chosen<<<blocks(32), 32>>>(n, 3.f, x, y); total += 3;

    // 4: as C would do it
    float a = 4.f;
    int count = n;
    void *args[] = {&count, &a, &x, &y};
    CHECKED(cudaLaunchKernel((const void *)axpy_loop, dim3(2), dim3(128), args, 0, nullptr)); total += 4;
    CHECKED(cudaLaunchKernel((void *)axpy<float>, blocks(128), 128, args, 0, 0)); total += 4;

    // 5: the block size from the occupancy calculator
    int minGrid = 0, block = 0;
    CHECKED(cudaOccupancyMaxPotentialBlockSize(&minGrid, &block, axpy<float>, 0, 0));
    if (block <= 0 || minGrid <= 0 || block > 1024) return 1;
    axpy<float><<<blocks(block), block>>>(n, 5.f, x, y); total += 5;
    cudaFuncAttributes attributes;
    CHECKED(cudaFuncGetAttributes(&attributes, axpy<float>));
    int resident = 0;
    CHECKED(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, axpy_loop, 64, 0));
    if (attributes.maxThreadsPerBlock < 64 || resident < 1) return 1;

    // 6: through functions: variadic, member template, std::function, lambda
    launch(axpy_loop, 5, 40, n, 6.f, x, y); total += 6;
    launch(axpy<float>, blocks(48), 48, n, 7.f, (const float *)x, y); total += 7;
    const Launcher launcher{n, x, y};
    launcher.operator()<160>(8.f); total += 8;
    launcher.plain(9.f); total += 9;
    std::function<void(float)> later = [=](float f) { axpy<<<blocks(256), 256>>>(n, f, (const float *)x, y); };
    later(10.f); total += 10;

    // 7: streams with priorities, a callback between two launches
    int least, greatest;
    CHECKED(cudaDeviceGetStreamPriorityRange(&least, &greatest));
    cudaStream_t stream;
    CHECKED(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest));
    cudaDeviceSynchronize();
    int one = 1;
    axpy_plane<<<dim3(3, (n + 3 * 60 - 1) / (3 * 60)), dim3(5, 4, 3), 0, stream>>>(n, 11.f, x, y); total += 11;
    CHECKED(cudaLaunchHostFunc(stream, count_call, &one));
    axpy_plane<<<{2u, unsigned(blocks(128) / 2 + 1), 1u}, {32u, 2u, 2u}, 0, stream>>>(n, 12.f, x, y); total += 12;
    CHECKED(cudaLaunchHostFunc(stream, count_call, &one));
    CHECKED(cudaStreamSynchronize(stream));
    while (cudaStreamQuery(stream) == cudaErrorNotReady) {}
    cudaStreamDestroy(stream);

    // 8: what must be refused
    axpy_loop<<<1, 4096>>>(n, 1000.f, x, y);
    const bool refused = cudaGetLastError() == cudaErrorInvalidConfiguration;

    std::vector<float> got(n);
    cudaMemcpy(got.data(), y, n * sizeof(float), cudaMemcpyDefault);
    int wrong = 0;
    for (int i = 0; i < n; i++) wrong += got[i] != 0.5f * i + total * (i % 64 - 20);
    cudaFree(x);
    cudaFree(y);
    printf("%d wrong, %d callbacks, sum of factors %g, too large a block %s\n", wrong, calls, total, refused ? "refused" : "accepted");
    const bool ok = wrong == 0 && calls == 2 && refused;
    puts(ok ? "PASS" : "FAIL");
    return !ok;
}
