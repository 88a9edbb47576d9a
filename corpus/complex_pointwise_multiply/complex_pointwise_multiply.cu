/*
 * complex_pointwise_multiply.cu
 *
 * Pointwise product of two complex signals followed by a scale, the middle
 * step of every FFT based filter:
 *
 *      a[i] = scale * a[i] * b[i]          (in place)
 *      e[i] = |a[i]|^2                     (energy spectrum)
 *
 * usage: complex_pointwise_multiply [signalSize]
 */

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <math.h>

#include <cuda_runtime.h>

typedef float2 Complex;

#define DEFAULT_SIGNAL_SIZE 5003
#define BLOCK_SIZE 192

#define SAFE_CALL(call)                                                      \
    {                                                                        \
        cudaError_t err = call;                                              \
        if (cudaSuccess != err)                                              \
        {                                                                    \
            fprintf(stderr, "Cuda error in file '%s' in line %i : %s.\n",    \
                    __FILE__, __LINE__, cudaGetErrorString(err));            \
            exit(EXIT_FAILURE);                                              \
        }                                                                    \
    }

// Complex scale
static __device__ __host__ inline Complex ComplexScale(Complex a, float s)
{
    Complex c;
    c.x = s * a.x;
    c.y = s * a.y;
    return c;
}

// Complex multiplication
static __device__ __host__ inline Complex ComplexMul(Complex a, Complex b)
{
    Complex c;
    c.x = a.x * b.x - a.y * b.y;
    c.y = a.x * b.y + a.y * b.x;
    return c;
}

static __global__ void ComplexPointwiseMulAndScale(Complex *a, const Complex *b, int size, float scale)
{
    const int numThreads = blockDim.x * gridDim.x;
    const int threadID = blockIdx.x * blockDim.x + threadIdx.x;

    for (int i = threadID; i < size; i += numThreads)
    {
        a[i] = ComplexScale(ComplexMul(a[i], b[i]), scale);
    }
}

static __global__ void EnergySpectrum(const Complex *a, float *e, int size)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= size)
        return;
    Complex v = a[i];
    e[i] = v.x * v.x + v.y * v.y;
}

int main(int argc, char **argv)
{
    int iSize = DEFAULT_SIGNAL_SIZE;
    if (argc > 1)
        iSize = atoi(argv[1]);
    if (iSize < 1)
    {
        fprintf(stderr, "usage: %s [signalSize]\n", argv[0]);
        return EXIT_FAILURE;
    }

    size_t cbSignal = iSize * sizeof(Complex);
    Complex *h_pSignal = (Complex *)malloc(cbSignal);
    Complex *h_pKernel = (Complex *)malloc(cbSignal);
    Complex *h_pResult = (Complex *)malloc(cbSignal);
    float *h_pfEnergy = (float *)malloc(iSize * sizeof(float));

    // Both signals are given by magnitude and phase, so that the answer can be
    // worked out in polar form: magnitudes multiply, phases add.
    for (int i = 0; i < iSize; ++i)
    {
        double dMag = 0.5 + (i % 17) / 8.0, dPhase = 0.013 * i;
        h_pSignal[i].x = (float)(dMag * cos(dPhase));
        h_pSignal[i].y = (float)(dMag * sin(dPhase));
        dMag = 2.0 - (i % 5) / 4.0;
        dPhase = 1.0 - 0.007 * i;
        h_pKernel[i].x = (float)(dMag * cos(dPhase));
        h_pKernel[i].y = (float)(dMag * sin(dPhase));
    }

    Complex *d_pSignal, *d_pKernel;
    float *d_pfEnergy;
    SAFE_CALL(cudaMalloc((void **)&d_pSignal, cbSignal));
    SAFE_CALL(cudaMalloc((void **)&d_pKernel, cbSignal));
    SAFE_CALL(cudaMalloc((void **)&d_pfEnergy, iSize * sizeof(float)));
    SAFE_CALL(cudaMemcpy(d_pSignal, h_pSignal, cbSignal, cudaMemcpyHostToDevice));
    SAFE_CALL(cudaMemcpy(d_pKernel, h_pKernel, cbSignal, cudaMemcpyHostToDevice));

    const float fScale = 0.75f;
    ComplexPointwiseMulAndScale<<<8, BLOCK_SIZE>>>(d_pSignal, d_pKernel, iSize, fScale);
    SAFE_CALL(cudaGetLastError());
    EnergySpectrum<<<iSize / BLOCK_SIZE + (iSize % BLOCK_SIZE ? 1 : 0), BLOCK_SIZE>>>(d_pSignal, d_pfEnergy, iSize);
    SAFE_CALL(cudaGetLastError());

    SAFE_CALL(cudaMemcpy(h_pResult, d_pSignal, cbSignal, cudaMemcpyDeviceToHost));
    SAFE_CALL(cudaMemcpy(h_pfEnergy, d_pfEnergy, iSize * sizeof(float), cudaMemcpyDeviceToHost));

    int nBad = 0;
    double dWorst = 0;
    for (int i = 0; i < iSize; ++i)
    {
        double dMag = fScale * (0.5 + (i % 17) / 8.0) * (2.0 - (i % 5) / 4.0);
        double dPhase = 0.013 * i + 1.0 - 0.007 * i;
        double dx = fabs(h_pResult[i].x - dMag * cos(dPhase));
        double dy = fabs(h_pResult[i].y - dMag * sin(dPhase));
        double de = fabs(h_pfEnergy[i] - dMag * dMag) / (dMag * dMag);
        double d = dx / dMag + dy / dMag + de;
        if (d > dWorst)
            dWorst = d;
        if (!(d < 2e-6))
            ++nBad;
    }
    printf("%d elements, worst error %.2e, %d outside\n", iSize, dWorst, nBad);
    printf("%s\n", nBad == 0 ? "PASS" : "FAIL");

    free(h_pSignal);
    free(h_pKernel);
    free(h_pResult);
    free(h_pfEnergy);
    SAFE_CALL(cudaFree(d_pSignal));
    SAFE_CALL(cudaFree(d_pKernel));
    SAFE_CALL(cudaFree(d_pfEnergy));
    return nBad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
