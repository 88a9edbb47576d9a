// Box blur of a volume (three passes, one an axis) and its central gradient magnitude, on pitched 3-D memory.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>
#include "cuda_runtime.h"

#ifndef VX
#define VX 37
#define VY 22
#define VZ 13
#endif

#define TRY_CUDA(call) try_cuda(call, #call)
static void try_cuda(cudaError_t status, const char* what)
{
    if (status != cudaSuccess)
    {
        std::fprintf(stderr, "%s -> %s\n", what, cudaGetErrorString(status));
        std::exit(EXIT_FAILURE);
    }
}

template <typename T>
__device__ T& voxel(cudaPitchedPtr volume, size_t height, int x, int y, int z)
{
    char* base = static_cast<char*>(volume.ptr);
    const size_t slicePitch = volume.pitch * height;
    return reinterpret_cast<T*>(base + z * slicePitch + y * volume.pitch)[x];
}

struct Axis { enum { X = 0, Y = 1, Z = 2 }; };

// sums of 2 R + 1 voxels; voxels outside count as zero
template <int AXIS, int R>
__global__ void boxPass(cudaPitchedPtr src, cudaPitchedPtr dst, cudaExtent extent)
{
    const int x = blockIdx.x * blockDim.x + threadIdx.x;
    const int y = blockIdx.y * blockDim.y + threadIdx.y;
    const int z = blockIdx.z * blockDim.z + threadIdx.z;
    if (x >= (int)extent.width || y >= (int)extent.height || z >= (int)extent.depth) return;

    const int at = AXIS == Axis::X ? x : AXIS == Axis::Y ? y : z;
    const int end = AXIS == Axis::X ? extent.width : AXIS == Axis::Y ? extent.height : extent.depth;
    int sum = 0;
    for (int k = max(at - R, 0); k <= min(at + R, end - 1); ++k)
        sum += AXIS == Axis::X   ? voxel<const int>(src, extent.height, k, y, z)
               : AXIS == Axis::Y ? voxel<const int>(src, extent.height, x, k, z)
                                 : voxel<const int>(src, extent.height, x, y, k);
    voxel<int>(dst, extent.height, x, y, z) = sum;
}

// |d/dx| + |d/dy| + |d/dz| by central differences, 0 at the faces
__global__ void gradientL1(cudaPitchedPtr src, cudaExtent extent, unsigned short* out)
{
    const unsigned x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    const unsigned z = blockIdx.z;
    if (x >= extent.width || y >= extent.height) return;
    unsigned short g = 0;
    if (x > 0 && x + 1 < extent.width && y > 0 && y + 1 < extent.height && z > 0 && z + 1 < extent.depth)
    {
        const size_t h = extent.height;
        g = abs(voxel<int>(src, h, x + 1, y, z) - voxel<int>(src, h, x - 1, y, z)) +
            abs(voxel<int>(src, h, x, y + 1, z) - voxel<int>(src, h, x, y - 1, z)) +
            abs(voxel<int>(src, h, x, y, z + 1) - voxel<int>(src, h, x, y, z - 1));
    }
    out[(z * extent.height + y) * extent.width + x] = g;
}

class Volume
{
public:
    Volume()
    {
        TRY_CUDA(cudaMalloc3D(&ptr_, bytes()));
        TRY_CUDA(cudaMemset3D(ptr_, 0xCC, bytes()));
    }
    ~Volume() { cudaFree(ptr_.ptr); }
    operator cudaPitchedPtr() const { return ptr_; }
    static cudaExtent voxels() { return make_cudaExtent(VX, VY, VZ); }
    static cudaExtent bytes() { return make_cudaExtent(VX * sizeof(int), VY, VZ); }

    void copy(int* host, cudaMemcpyKind kind)
    {
        cudaMemcpy3DParms p = {0};
        const cudaPitchedPtr h = make_cudaPitchedPtr(host, VX * sizeof(int), VX, VY);
        p.srcPtr = kind == cudaMemcpyHostToDevice ? h : ptr_;
        p.dstPtr = kind == cudaMemcpyHostToDevice ? ptr_ : h;
        p.extent = bytes();
        p.kind = kind;
        TRY_CUDA(cudaMemcpy3D(&p));
    }

private:
    cudaPitchedPtr ptr_;
};

int main()
{
    std::vector<int> in(VX * VY * VZ), blurred(in.size());
    for (size_t i = 0; i < in.size(); ++i) in[i] = (i * 7 + i * i / 11) % 50;

    Volume a, b;
    a.copy(in.data(), cudaMemcpyHostToDevice);
    const dim3 block(8, 4, 4), grid((VX + 7) / 8, (VY + 3) / 4, (VZ + 3) / 4);
    boxPass<Axis::X, 2><<<grid, block>>>(a, b, Volume::voxels());
    boxPass<Axis::Y, 1><<<grid, block>>>(b, a, Volume::voxels());
    boxPass<Axis::Z, 3><<<grid, block>>>(a, b, Volume::voxels());
    TRY_CUDA(cudaGetLastError());
    b.copy(blurred.data(), cudaMemcpyDeviceToHost);

    unsigned short* dGrad;
    std::vector<unsigned short> grad(in.size());
    TRY_CUDA(cudaMalloc(&dGrad, grad.size() * sizeof(unsigned short)));
    gradientL1<<<dim3((VX + 15) / 16, (VY + 7) / 8, VZ), dim3(16, 8)>>>(b, Volume::voxels(), dGrad);
    TRY_CUDA(cudaDeviceSynchronize());
    TRY_CUDA(cudaMemcpy(grad.data(), dGrad, grad.size() * sizeof(unsigned short), cudaMemcpyDeviceToHost));
    TRY_CUDA(cudaFree(dGrad));

    // Reference: a summed volume table, boxes from eight corners.
    static long long table[VZ + 1][VY + 1][VX + 1];
    for (int z = 1; z <= VZ; ++z)
        for (int y = 1; y <= VY; ++y)
            for (int x = 1; x <= VX; ++x)
                table[z][y][x] = in[((z - 1) * VY + y - 1) * VX + x - 1] + table[z - 1][y][x] + table[z][y - 1][x] +
                                 table[z][y][x - 1] - table[z - 1][y - 1][x] - table[z - 1][y][x - 1] -
                                 table[z][y - 1][x - 1] + table[z - 1][y - 1][x - 1];
    auto box = [](int x, int y, int z) {
        auto cut = [](int v, int end) { return v < 0 ? 0 : v > end ? end : v; };
        long long sum = 0;
        for (int corner = 0; corner < 8; ++corner)
        {
            const int cx = cut(corner & 1 ? x + 3 : x - 2, VX), cy = cut(corner & 2 ? y + 2 : y - 1, VY);
            const int cz = cut(corner & 4 ? z + 4 : z - 3, VZ);
            sum += (corner == 7 || corner == 1 || corner == 2 || corner == 4 ? 1 : -1) * table[cz][cy][cx];
        }
        return (int)sum;
    };
    int wrong = 0, i = 0;
    for (int z = 0; z < VZ; ++z)
        for (int y = 0; y < VY; ++y)
            for (int x = 0; x < VX; ++x, ++i)
            {
                wrong += blurred[i] != box(x, y, z);
                const bool face = x == 0 || y == 0 || z == 0 || x == VX - 1 || y == VY - 1 || z == VZ - 1;
                const int g = face ? 0
                                   : std::abs(box(x + 1, y, z) - box(x - 1, y, z)) + std::abs(box(x, y + 1, z) - box(x, y - 1, z)) +
                                         std::abs(box(x, y, z + 1) - box(x, y, z - 1));
                wrong += grad[i] != g;
            }
    std::printf("%d voxels, %d wrong\n%s\n", i, wrong, wrong ? "FAIL" : "PASS");
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
