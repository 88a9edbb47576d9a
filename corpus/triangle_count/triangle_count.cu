#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <set>
#include <utility>
#include <vector>

// Triangles of an undirected graph. Edges point from the smaller degree to the larger, so every triangle is met once.

using vertex_t = int32_t;
using count_t = unsigned long long;

struct csr_view {
  vertex_t num_vertices;
  int32_t const* offsets;
  vertex_t const* neighbors;  // ascending in each row

  __device__ int32_t begin(vertex_t v) const { return __ldg(offsets + v); }
  __device__ int32_t end(vertex_t v) const { return __ldg(offsets + v + 1); }
};

struct by_search {
  // lanes take neighbours w of u and look for each of w's neighbours in u's row
  __device__ static count_t count(csr_view const& g, vertex_t u, int lane)
  {
    count_t found = 0;
    for (int32_t e = g.begin(u) + lane; e < g.end(u); e += 32) {
      vertex_t const w = g.neighbors[e];
      for (int32_t f = g.begin(w); f < g.end(w); ++f) {
        vertex_t const wanted = g.neighbors[f];
        int32_t lo = g.begin(u), hi = g.end(u);
        while (lo < hi) {
          int32_t const middle = lo + (hi - lo) / 2;
          if (g.neighbors[middle] < wanted) lo = middle + 1;
          else hi = middle;
        }
        found += lo < g.end(u) && g.neighbors[lo] == wanted;
      }
    }
    return found;
  }
};

struct by_merge {
  __device__ static count_t count(csr_view const& g, vertex_t u, int lane)
  {
    count_t found = 0;
    for (int32_t e = g.begin(u) + lane; e < g.end(u); e += 32) {
      vertex_t const w = g.neighbors[e];
      int32_t i = g.begin(u), j = g.begin(w);
      while (i < g.end(u) && j < g.end(w)) {
        vertex_t const a = g.neighbors[i], b = g.neighbors[j];
        i += a <= b;
        j += b <= a;
        found += a == b;
      }
    }
    return found;
  }
};

template <typename Strategy>
__global__ void count_triangles(csr_view g, count_t* per_vertex, count_t* total)
{
  int const lane = threadIdx.x & 31;
  int const warps = (gridDim.x * blockDim.x) >> 5;
  for (vertex_t u = (blockIdx.x * blockDim.x + threadIdx.x) >> 5; u < g.num_vertices; u += warps) {
    count_t found = g.end(u) - g.begin(u) < 2 ? 0 : Strategy::count(g, u, lane);
    for (int offset = 16; offset > 0; offset /= 2)
      found += __shfl_down_sync(0xffffffff, found, offset);
    if (lane != 0) continue;
    per_vertex[u] = found;
    if (found != 0) atomicAdd(total, found);
  }
}

#define RT_TRY(call)                                                                       \
  do {                                                                                     \
    cudaError_t const status = (call);                                                     \
    if (cudaSuccess != status) {                                                           \
      std::cerr << __FILE__ << ":" << __LINE__ << " " << cudaGetErrorName(status) << "\n"; \
      std::exit(2);                                                                        \
    }                                                                                      \
  } while (0)

int main(int argc, char** argv)
{
  vertex_t const n = argc > 1 ? std::atoi(argv[1]) : 160;
  std::set<std::pair<vertex_t, vertex_t>> edges;
  uint64_t state = 7;
  for (int i = 0; i < 9 * n; ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    auto a = vertex_t((state >> 33) % n), b = vertex_t((state >> 13) % n);
    if (i % 3 == 0) a = a % (n / 8 + 1);  // hubs
    if (a != b) edges.emplace(std::min(a, b), std::max(a, b));
  }
  std::vector<int> degree(n, 0);
  for (auto const& e : edges) ++degree[e.first], ++degree[e.second];
  std::vector<std::vector<vertex_t>> rows(n);
  for (auto [a, b] : edges) {
    bool const forward = degree[a] < degree[b] || (degree[a] == degree[b] && a < b);
    rows[forward ? a : b].push_back(forward ? b : a);
  }
  std::vector<int32_t> offsets(1, 0);
  std::vector<vertex_t> neighbors;
  for (auto& row : rows) {
    std::sort(row.begin(), row.end());
    neighbors.insert(neighbors.end(), row.begin(), row.end());
    offsets.push_back(int32_t(neighbors.size()));
  }

  int32_t* d_offsets{};
  vertex_t* d_neighbors{};
  count_t *d_per_vertex{}, *d_totals{};
  RT_TRY(cudaMalloc(&d_offsets, offsets.size() * sizeof(int32_t)));
  RT_TRY(cudaMalloc(&d_neighbors, neighbors.size() * sizeof(vertex_t)));
  RT_TRY(cudaMalloc(&d_per_vertex, 2 * n * sizeof(count_t)));
  RT_TRY(cudaMalloc(&d_totals, 2 * sizeof(count_t)));
  RT_TRY(cudaMemset(d_totals, 0, 2 * sizeof(count_t)));
  RT_TRY(cudaMemcpy(d_offsets, offsets.data(), offsets.size() * sizeof(int32_t), cudaMemcpyHostToDevice));
  RT_TRY(cudaMemcpy(d_neighbors, neighbors.data(), neighbors.size() * sizeof(vertex_t), cudaMemcpyHostToDevice));

  csr_view const graph{n, d_offsets, d_neighbors};
  count_triangles<by_search><<<3, 128>>>(graph, d_per_vertex, d_totals);
  count_triangles<by_merge><<<(n + 1) / 2, 64>>>(graph, d_per_vertex + n, d_totals + 1);
  RT_TRY(cudaGetLastError());
  std::vector<count_t> per_vertex(2 * n);
  count_t totals[2];
  RT_TRY(cudaMemcpy(per_vertex.data(), d_per_vertex, per_vertex.size() * sizeof(count_t), cudaMemcpyDeviceToHost));
  RT_TRY(cudaMemcpy(totals, d_totals, sizeof totals, cudaMemcpyDeviceToHost));

  // all triples, from the set of undirected edges
  count_t want = 0;
  std::vector<std::vector<char>> joined(n, std::vector<char>(n, 0));
  for (auto const& e : edges) joined[e.first][e.second] = 1;
  for (int a = 0; a < n; ++a)
    for (int b = a + 1; b < n; ++b)
      if (joined[a][b])
        for (int c = b + 1; c < n; ++c) want += joined[a][c] && joined[b][c];

  bool const same = std::equal(per_vertex.begin(), per_vertex.begin() + n, per_vertex.begin() + n);
  bool const ok = same && totals[0] == want && totals[1] == want && want > 0;
  std::cout << edges.size() << " edges, " << totals[0] << " triangles\n" << (ok ? "PASS" : "FAIL") << "\n";
  RT_TRY(cudaFree(d_offsets));
  RT_TRY(cudaFree(d_neighbors));
  RT_TRY(cudaFree(d_per_vertex));
  RT_TRY(cudaFree(d_totals));
  return ok ? 0 : 1;
}
