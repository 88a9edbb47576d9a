// Weighted Jacobi for the Poisson equation -u'' = f on a rectangle with fixed edges, until the residual is small.
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <utility>
#include <vector>

#include <cuda_runtime.h>

__device__ unsigned long long residualBits;  // of a double that is never negative: ordered like its bits

struct Grid {
    int    nx, ny;      // interior points
    double hx, hy;
    __host__ __device__ int stride() const { return nx + 2; }
    __host__ __device__ int at(int x, int y) const { return y * stride() + x; }
    size_t bytes() const { return sizeof(double) * (nx + 2) * (ny + 2); }
};

__global__ void smooth(const Grid g, const double *__restrict__ u, double *__restrict__ v, const double *__restrict__ f, double omega)
{
    const int x = 1 + blockIdx.x * blockDim.x + threadIdx.x;
    const int y = 1 + blockIdx.y * blockDim.y + threadIdx.y;
    if (x <= g.nx && y <= g.ny)
    {
        const double wx = 1.0 / (g.hx * g.hx), wy = 1.0 / (g.hy * g.hy);
        const double sides = wx * (u[g.at(x - 1, y)] + u[g.at(x + 1, y)]) + wy * (u[g.at(x, y - 1)] + u[g.at(x, y + 1)]);
        const double fresh = (f[g.at(x, y)] + sides) / (2 * wx + 2 * wy);
        v[g.at(x, y)] = (1 - omega) * u[g.at(x, y)] + omega * fresh;
    }
}

__global__ void residual(Grid g, const double *u, const double *f)
{
    __shared__ double tile[128];
    const int t = threadIdx.y * blockDim.x + threadIdx.x;
    const int x = 1 + blockIdx.x * blockDim.x + threadIdx.x;
    const int y = 1 + blockIdx.y * blockDim.y + threadIdx.y;
    double r = 0;
    if (x <= g.nx && y <= g.ny)
    {
        const double c = u[g.at(x, y)];
        r = fabs(f[g.at(x, y)] + (u[g.at(x - 1, y)] - 2 * c + u[g.at(x + 1, y)]) / (g.hx * g.hx)
                               + (u[g.at(x, y - 1)] - 2 * c + u[g.at(x, y + 1)]) / (g.hy * g.hy));
    }
    tile[t] = r;
    __syncthreads();
    for (int half = 64; half > 0; half >>= 1)
    {
        if (t < half && t + half < blockDim.x * blockDim.y)
            tile[t] = fmax(tile[t], tile[t + half]);
        __syncthreads();
    }
    if (t == 0)
        atomicMax(&residualBits, (unsigned long long)__double_as_longlong(tile[0]));
}

class Solver
{
public:
    Solver(int nx, int ny) : grid_{nx, ny, 1.0 / (nx + 1), 0.75 / (ny + 1)}
    {
        check(cudaMalloc(&u_, grid_.bytes()));
        check(cudaMalloc(&v_, grid_.bytes()));
        check(cudaMalloc(&f_, grid_.bytes()));
        check(cudaStreamCreate(&stream_));
    }
    ~Solver()
    {
        cudaFree(u_);
        cudaFree(v_);
        cudaFree(f_);
        cudaStreamDestroy(stream_);
    }

    int solve(const std::vector<double> &edges, const std::vector<double> &f, double tolerance, int limit)
    {
        check(cudaMemcpy(u_, edges.data(), grid_.bytes(), cudaMemcpyHostToDevice));
        check(cudaMemcpy(v_, u_, grid_.bytes(), cudaMemcpyDeviceToDevice));
        check(cudaMemcpy(f_, f.data(), grid_.bytes(), cudaMemcpyHostToDevice));
        const dim3 block(16, 8);
        const dim3 blocks((grid_.nx + block.x - 1) / block.x, (grid_.ny + block.y - 1) / block.y);
        int sweeps = 0;
        do
        {
            for (int i = 0; i < 20; ++i, ++sweeps)
            {
                smooth<<<blocks, block, 0, stream_>>>(grid_, u_, v_, f_, 0.95);
                std::swap(u_, v_);
            }
            const unsigned long long zero = 0;
            check(cudaMemcpyToSymbolAsync(residualBits, &zero, sizeof zero, 0, cudaMemcpyHostToDevice, stream_));
            residual<<<blocks, block, 0, stream_>>>(grid_, u_, f_);
            check(cudaMemcpyFromSymbolAsync(&last_, residualBits, sizeof last_, 0, cudaMemcpyDeviceToHost, stream_));
            check(cudaStreamSynchronize(stream_));
        } while (last_ > tolerance && sweeps < limit);
        return sweeps;
    }

    double lastResidual() const { return last_; }
    const Grid &grid() const { return grid_; }
    std::vector<double> solution() const
    {
        std::vector<double> u(grid_.bytes() / sizeof(double));
        check(cudaMemcpy(u.data(), u_, grid_.bytes(), cudaMemcpyDeviceToHost));
        return u;
    }

private:
    static void check(cudaError_t e)
    {
        if (e != cudaSuccess)
        {
            std::cerr << "CUDA error: " << cudaGetErrorString(e) << std::endl;
            std::exit(2);
        }
    }
    Grid grid_;
    double *u_ = nullptr, *v_ = nullptr, *f_ = nullptr;
    double last_ = 0;
    cudaStream_t stream_ = nullptr;
};

int main(int argc, char **argv)
{
    const int nx = argc > 1 ? std::atoi(argv[1]) : 18, ny = argc > 2 ? std::atoi(argv[2]) : 13;
    Solver solver(nx, ny);
    const Grid &g = solver.grid();
    // u = x^3 - 2 x y^2 + y^3: five-point differences are exact for cubics, so the discrete solution is u itself
    auto exact = [](double x, double y) { return x * x * x - 2 * x * y * y + y * y * y; };
    std::vector<double> edges((nx + 2) * (ny + 2), 0.0), f(edges.size(), 0.0);
    for (int y = 0; y < ny + 2; ++y)
        for (int x = 0; x < nx + 2; ++x)
        {
            const double px = x * g.hx, py = y * g.hy;
            if (x == 0 || y == 0 || x == nx + 1 || y == ny + 1) edges[g.at(x, y)] = exact(px, py);
            f[g.at(x, y)] = -(6 * px - 4 * px + 6 * py);
        }
    const int sweeps = solver.solve(edges, f, 1e-6, 5000);
    const auto u = solver.solution();
    double worst = 0;
    for (int y = 0; y < ny + 2; ++y)
        for (int x = 0; x < nx + 2; ++x)
        {
            const double error = std::fabs(u[g.at(x, y)] - exact(x * g.hx, y * g.hy));
            if (!(error <= worst)) worst = std::isnan(error) ? INFINITY : error;
        }
    std::cout << sweeps << " sweeps, residual " << std::scientific << std::setprecision(2) << solver.lastResidual()
              << ", worst error " << worst << "\n";
    const bool ok = sweeps < 5000 && worst < 1e-6;
    std::cout << (ok ? "PASS" : "FAIL") << "\n";
    return ok ? 0 : 1;
}
