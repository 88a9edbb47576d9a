// Rotate a grey image about its centre, sampled through a texture object with bilinear filtering.
#include <cuda_runtime.h>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define CUDA_CALL(expr)                                                                              \
    {                                                                                                \
        const cudaError_t status = (expr);                                                           \
        if (status != cudaSuccess)                                                                   \
        {                                                                                            \
            std::fprintf(stderr, "%s(%d): %s -> %s\n", __FILE__, __LINE__, #expr, cudaGetErrorString(status)); \
            std::exit(EXIT_FAILURE);                                                                 \
        }                                                                                            \
    }

__global__ void rotateKernel(float *output, int width, int height, float theta, cudaTextureObject_t tex)
{
    unsigned int x = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height)
        return;

    // texel centres, relative to the middle of the image
    float u = (x + 0.5f) / width - 0.5f;
    float v = (y + 0.5f) / height - 0.5f;
    float tu = u * cosf(theta) - v * sinf(theta) + 0.5f;
    float tv = v * cosf(theta) + u * sinf(theta) + 0.5f;
    output[y * width + x] = tex2D<float>(tex, tu, tv);
}

// nearest texels, whole coordinates: out-of-range ones read the border, which is zero
__global__ void shiftKernel(uchar4 *output, int width, int height, int dx, int dy, cudaTextureObject_t tex)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x < width && y < height)
        output[y * width + x] = tex2D<uchar4>(tex, x + dx, y + dy);
}

static double sampleClamped(const std::vector<unsigned char> &image, int w, int h, double x, double y)
{
    // spread the four neighbours' weights instead of interpolating twice
    double sum = 0.0;
    const int x0 = (int)std::floor(x - 0.5), y0 = (int)std::floor(y - 0.5);
    for (int j = y0; j <= y0 + 1; ++j)
        for (int i = x0; i <= x0 + 1; ++i)
        {
            const double weight = (1.0 - std::fabs(x - 0.5 - i)) * (1.0 - std::fabs(y - 0.5 - j));
            const int ci = i < 0 ? 0 : i >= w ? w - 1 : i, cj = j < 0 ? 0 : j >= h ? h - 1 : j;
            sum += weight * image[cj * w + ci] / 255.0;
        }
    return sum;
}

int main(int argc, char **argv)
{
    const int width = argc > 1 ? std::atoi(argv[1]) : 75;
    const int height = argc > 2 ? std::atoi(argv[2]) : 53;
    const float angle = 0.5f;

    std::vector<unsigned char> image(width * height);
    std::vector<uchar4> colour(width * height);
    for (int i = 0; i < width * height; ++i)
    {
        image[i] = (unsigned char)(127.5 + 120.0 * std::sin(0.21 * (i % width)) * std::cos(0.17 * (i / width)));
        colour[i] = make_uchar4(image[i], i % 251, i / 7 % 256, 255);
    }

    cudaArray_t greyArray, colourArray;
    cudaChannelFormatDesc greyDesc = cudaCreateChannelDesc(8, 0, 0, 0, cudaChannelFormatKindUnsigned);
    cudaChannelFormatDesc colourDesc = cudaCreateChannelDesc<uchar4>();
    CUDA_CALL(cudaMallocArray(&greyArray, &greyDesc, width, height));
    CUDA_CALL(cudaMallocArray(&colourArray, &colourDesc, width, height));
    CUDA_CALL(cudaMemcpy2DToArray(greyArray, 0, 0, image.data(), width, width, height, cudaMemcpyHostToDevice));
    CUDA_CALL(cudaMemcpy2DToArray(colourArray, 0, 0, colour.data(), width * sizeof(uchar4), width * sizeof(uchar4), height,
                                  cudaMemcpyHostToDevice));

    cudaResourceDesc resource;
    std::memset(&resource, 0, sizeof(resource));
    resource.resType = cudaResourceTypeArray;
    resource.res.array.array = greyArray;

    cudaTextureDesc texture;
    std::memset(&texture, 0, sizeof(texture));
    texture.addressMode[0] = texture.addressMode[1] = cudaAddressModeClamp;
    texture.filterMode = cudaFilterModeLinear;
    texture.readMode = cudaReadModeNormalizedFloat;
    texture.normalizedCoords = 1;
    cudaTextureObject_t greyTex = 0, colourTex = 0;
    CUDA_CALL(cudaCreateTextureObject(&greyTex, &resource, &texture, NULL));

    resource.res.array.array = colourArray;
    texture.addressMode[0] = texture.addressMode[1] = cudaAddressModeBorder;
    texture.filterMode = cudaFilterModePoint;
    texture.readMode = cudaReadModeElementType;
    texture.normalizedCoords = 0;
    CUDA_CALL(cudaCreateTextureObject(&colourTex, &resource, &texture, NULL));

    float *dRotated;
    uchar4 *dShifted;
    CUDA_CALL(cudaMalloc(&dRotated, width * height * sizeof(float)));
    CUDA_CALL(cudaMalloc(&dShifted, width * height * sizeof(uchar4)));
    dim3 block(8, 8), grid((width + 7) / 8, (height + 7) / 8);
    rotateKernel<<<grid, block>>>(dRotated, width, height, angle, greyTex);
    shiftKernel<<<grid, block>>>(dShifted, width, height, -9, 4, colourTex);
    CUDA_CALL(cudaDeviceSynchronize());

    std::vector<float> rotated(width * height);
    std::vector<uchar4> shifted(width * height);
    CUDA_CALL(cudaMemcpy(rotated.data(), dRotated, rotated.size() * sizeof(float), cudaMemcpyDeviceToHost));
    CUDA_CALL(cudaMemcpy(shifted.data(), dShifted, shifted.size() * sizeof(uchar4), cudaMemcpyDeviceToHost));

    double worst = 0.0;
    int wrong = 0;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
        {
            const double u = (x + 0.5) / width - 0.5, v = (y + 0.5) / height - 0.5;
            const double sx = (u * std::cos((double)angle) - v * std::sin((double)angle) + 0.5) * width;
            const double sy = (v * std::cos((double)angle) + u * std::sin((double)angle) + 0.5) * height;
            // far outside, a clamped coordinate is one between edge texels
            const double want = sampleClamped(image, width, height, std::fmin(std::fmax(sx, 0.0), width),
                                              std::fmin(std::fmax(sy, 0.0), height));
            worst = std::fmax(worst, std::fabs(want - rotated[y * width + x]));
            const int fromX = x - 9, fromY = y + 4;
            const uchar4 zero = {0, 0, 0, 0};
            const uchar4 expected = fromX < 0 || fromY >= height ? zero : colour[fromY * width + fromX];
            wrong += std::memcmp(&expected, &shifted[y * width + x], sizeof(uchar4)) != 0;
        }
    // filtering weights have 8 fractional bits: half a step of a neighbour difference in each direction
    const bool ok = worst < 1.5e-3 && wrong == 0;
    std::printf("worst %.2e, %d wrong pixels\n%s\n", worst, wrong, ok ? "PASS" : "FAIL");

    cudaDestroyTextureObject(greyTex);
    cudaDestroyTextureObject(colourTex);
    cudaFreeArray(greyArray);
    cudaFreeArray(colourArray);
    cudaFree(dRotated);
    cudaFree(dShifted);
    return ok ? 0 : 1;
}
