"""Small CUDA programs for the tests of the command line: each is judged in a few seconds, and once for all tests."""

KERNEL = """__global__ void scale(int n, float a, float *x) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) x[i] = a * x[i] + 1.0f;
}
"""

# ends with 0 only if the kernel did what it should; an argument changes the size
SCALE = f"""#include <cstdio>
#include <cstdlib>
{KERNEL}
int main(int argc, char **argv) {{
    int n = argc > 1 ? atoi(argv[1]) : 100;
    float *h = (float *)malloc(n * sizeof(float)), *d;
    for (int i = 0; i < n; i++) h[i] = i * 0.5f;
    cudaMalloc(&d, n * sizeof(float));
    cudaMemcpy(d, h, n * sizeof(float), cudaMemcpyHostToDevice);
    scale<<<(n + 31) / 32, 32>>>(n, 3.0f, d);
    cudaMemcpy(h, d, n * sizeof(float), cudaMemcpyDeviceToHost);
    printf("last of %d: %g\\n", n, h[n - 1]);
    return h[n - 1] == 1.5f * (n - 1) + 1.0f ? 0 : 7;
}}
"""

TWO = """#include <cstdio>
__device__ float twice(float v) { return v + v; }
__global__ void first(int n, const float *x, float *y) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = twice(x[i]);
}
__global__ void second(int n, const float *x, int *count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) count[i] = x[i] > 0.5f ? i : -1;
}
int main() {
    const int n = 70;
    float h[n], *x, *y;
    int *count;
    for (int i = 0; i < n; i++) h[i] = i / 64.0f;
    cudaMalloc(&x, sizeof h);
    cudaMalloc(&y, sizeof h);
    cudaMalloc(&count, n * sizeof(int));
    cudaMemcpy(x, h, sizeof h, cudaMemcpyHostToDevice);
    first<<<(n + 31) / 32, 32>>>(n, x, y);
    second<<<(n + 31) / 32, 32>>>(n, x, count);
    cudaMemcpy(h, y, sizeof h, cudaMemcpyDeviceToHost);
    printf("%g\\n", h[n - 1]);
    return 0;
}
"""


def changed(old: str, new: str, text: str = SCALE) -> str:
    """The program with one passage replaced, which must be there exactly once."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the program"
    return text.replace(old, new)


def line_of(passage: str, text: str) -> int:
    """The line, from 1, on which a passage begins."""
    return text[: text.index(passage)].count("\n") + 1
