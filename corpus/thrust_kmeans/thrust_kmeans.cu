// Lloyd's k-means in the plane: own kernel for the nearest centre, thrust for the averages.
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>
#include <thrust/count.h>
#include <thrust/extrema.h>
#include <thrust/sort.h>
#include <thrust/reduce.h>
#include <thrust/transform.h>
#include <thrust/iterator/permutation_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/tuple.h>
#include <thrust/functional.h>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <vector>

struct Point { float x, y; };

__global__ void nearest_centre(const Point* points, int n, const Point* centres, int k, int* owner, float* distance)
{
    extern __shared__ Point cached[];
    for (int c = threadIdx.x; c < k; c += blockDim.x) cached[c] = centres[c];
    __syncthreads();
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float best = 1e30f;
    int at = 0;
    for (int c = 0; c < k; ++c) {
        const float dx = points[i].x - cached[c].x, dy = points[i].y - cached[c].y;
        const float d = dx * dx + dy * dy;
        if (d < best) { best = d; at = c; }
    }
    owner[i] = at;
    distance[i] = best;
}

typedef thrust::tuple<double, double, int> Sums;

struct AddSums {
    __host__ __device__ Sums operator()(const Sums& a, const Sums& b) const
    {
        return Sums(thrust::get<0>(a) + thrust::get<0>(b), thrust::get<1>(a) + thrust::get<1>(b),
                    thrust::get<2>(a) + thrust::get<2>(b));
    }
};

struct ToSums {
    __host__ __device__ Sums operator()(const Point& p) const { return Sums(p.x, p.y, 1); }
};

struct Mean {
    __host__ __device__ Point operator()(const Sums& s) const
    {
        Point p;
        p.x = float(thrust::get<0>(s) / thrust::get<2>(s));
        p.y = float(thrust::get<1>(s) / thrust::get<2>(s));
        return p;
    }
};

int main(int argc, char** argv)
{
    const int n = argc > 1 ? std::atoi(argv[1]) : 1201;
    const int k = 6;
    const int rounds = 5;

    thrust::host_vector<Point> points(n), start(k);
    for (int i = 0; i < n; ++i) {
        const float a = 1.0472f * (i % k), r = 0.9f + 0.35f * std::sin(0.77f * i);
        points[i].x = 3 * std::cos(a) + r * std::cos(2.4f * i);
        points[i].y = 3 * std::sin(a) + r * std::sin(2.4f * i);
    }
    for (int c = 0; c < k; ++c) start[c] = points[c * 7];

    thrust::device_vector<Point> d_points = points, centres = start, sorted(n);
    thrust::device_vector<int> owner(n), keys(k);
    thrust::device_vector<float> distance(n);
    thrust::device_vector<Sums> sums(k);
    for (int round = 0; round < rounds; ++round) {
        nearest_centre<<<(n + 127) / 128, 128, k * sizeof(Point)>>>(
            thrust::raw_pointer_cast(d_points.data()), n, thrust::raw_pointer_cast(centres.data()), k,
            thrust::raw_pointer_cast(owner.data()), thrust::raw_pointer_cast(distance.data()));
        sorted = d_points;
        thrust::stable_sort_by_key(owner.begin(), owner.end(), sorted.begin());
        const auto ends = thrust::reduce_by_key(owner.begin(), owner.end(),
                                                thrust::make_transform_iterator(sorted.begin(), ToSums()), keys.begin(),
                                                sums.begin(), thrust::equal_to<int>(), AddSums());
        const int found = ends.first - keys.begin();
        thrust::transform(sums.begin(), sums.begin() + found,
                          thrust::make_permutation_iterator(centres.begin(), keys.begin()), Mean());
    }
    const float inertia = thrust::reduce(distance.begin(), distance.end(), 0.0f, thrust::plus<float>());
    const float farthest = *thrust::max_element(distance.begin(), distance.end());
    const long long cluster0 = thrust::count_if(owner.begin(), owner.end(), [] __host__ __device__(int c) { return c == 0; });

    // host: running means, in double, in the order of the points
    std::vector<double> cx(k), cy(k);
    for (int c = 0; c < k; ++c) cx[c] = start[c].x, cy[c] = start[c].y;
    double want_inertia = 0, want_farthest = 0;
    int want0 = 0;
    for (int round = 0; round < rounds; ++round) {
        std::vector<double> mx(k, 0), my(k, 0);
        std::vector<int> count(k, 0);
        want_inertia = want_farthest = 0;
        for (int i = 0; i < n; ++i) {
            const auto dist = [&](int c) { return std::hypot(points[i].x - cx[c], points[i].y - cy[c]); };
            int best = 0;
            for (int c = 1; c < k; ++c)
                if (dist(c) < dist(best)) best = c;
            want_inertia += dist(best) * dist(best);
            want_farthest = std::max(want_farthest, dist(best) * dist(best));
            ++count[best];
            mx[best] += (points[i].x - mx[best]) / count[best];
            my[best] += (points[i].y - my[best]) / count[best];
        }
        for (int c = 0; c < k; ++c)
            if (count[c]) cx[c] = mx[c], cy[c] = my[c];
        want0 = count[0];
    }
    const thrust::host_vector<Point> got = centres;
    double worst = 0;
    for (int c = 0; c < k; ++c) worst = std::max({worst, std::fabs(got[c].x - cx[c]), std::fabs(got[c].y - cy[c])});
    std::cout << "inertia " << inertia << ", centres off by " << worst << ", cluster 0 has " << cluster0 << std::endl;
    const bool ok = worst < 1e-5 && std::fabs(inertia - want_inertia) < 1e-4 * want_inertia &&
                    std::fabs(farthest - want_farthest) < 1e-4 && cluster0 == want0;
    std::cout << (ok ? "PASS" : "FAIL") << std::endl;
    return ok ? 0 : 1;
}
