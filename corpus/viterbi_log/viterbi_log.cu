// Viterbi decoding of hidden Markov models: a block a sequence, a thread a state. Emission rows of the next step are
// fetched with asynchronous copies while the present one is worked on.
#include <cuda_runtime.h>
#include <cuda_pipeline.h>

#include <cfloat>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#define CUDA_TRY(x)                                                                          \
  if (cudaError_t error_code = (x); error_code != cudaSuccess) {                             \
    std::fprintf(stderr, "%s failed with %s\n", #x, cudaGetErrorString(error_code));         \
    std::exit(2);                                                                            \
  }

// log_emit[t][s] of one sequence, padded to STATES; log_move[from][to]; back[t][s]
template <int STATES>
__global__ void viterbi(const float* __restrict__ log_emit, const float* __restrict__ log_move,
                        const float* __restrict__ log_start, const int* __restrict__ lengths, int longest,
                        unsigned char* __restrict__ back, unsigned char* __restrict__ path, float* __restrict__ score) {
  __shared__ float best[2][STATES];
  __shared__ float emit[2][STATES];
  __shared__ float move[STATES][STATES + 1];

  const int s = threadIdx.x;
  const int length = __ldg(&lengths[blockIdx.x]);
  const float* rows = log_emit + static_cast<size_t>(blockIdx.x) * longest * STATES;
  back += static_cast<size_t>(blockIdx.x) * longest * STATES;

  for (int from = 0; from < STATES; ++from) move[from][s] = log_move[from * STATES + s];
  __pipeline_memcpy_async(&emit[0][s], &rows[s], sizeof(float));
  __pipeline_commit();

  for (int t = 0; t < length; ++t) {
    if (t + 1 < length) __pipeline_memcpy_async(&emit[(t + 1) & 1][s], &rows[(t + 1) * STATES + s], sizeof(float));
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncthreads();

    float top;
    int argument = 0;
    if (t == 0) {
      top = __ldg(&log_start[s]);
    } else {
      const float* previous = best[(t - 1) & 1];
      top = -FLT_MAX;
#pragma unroll 4
      for (int from = 0; from < STATES; ++from) {
        const float candidate = previous[from] + move[from][s];
        if (candidate > top) {
          top = candidate;
          argument = from;
        }
      }
    }
    best[t & 1][s] = top + emit[t & 1][s];
    back[t * STATES + s] = static_cast<unsigned char>(argument);
    __syncthreads();
  }

  if (s != 0) return;
  unsigned char* out = path + static_cast<size_t>(blockIdx.x) * longest;
  if (length == 0) {
    score[blockIdx.x] = 0.0f;
    return;
  }
  int state = 0;
  for (int k = 1; k < STATES; ++k)
    if (best[(length - 1) & 1][k] > best[(length - 1) & 1][state]) state = k;
  score[blockIdx.x] = best[(length - 1) & 1][state];
  for (int t = length - 1; t >= 0; --t) {
    out[t] = static_cast<unsigned char>(state);
    state = back[t * STATES + state];
  }
}

__global__ void take_logarithms(float* p, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] = logf(fmaxf(p[i], 1e-30f));
}

template <int STATES>
bool decode(int sequences, int longest) {
  std::vector<float> emit(sequences * longest * STATES), move(STATES * STATES), start(STATES, 1.0f / STATES);
  std::vector<int> lengths(sequences);
  unsigned h = 77;
  auto uniform = [&h] { h ^= h << 13; h ^= h >> 17; h ^= h << 5; return (h >> 8) / 16777216.0f + 1e-3f; };
  for (int i = 0; i < sequences; ++i) lengths[i] = i == 1 ? 0 : longest - (i * 13) % (longest - 1);
  for (float& e : emit) e = uniform();
  for (int a = 0; a < STATES; ++a)
    for (int b = 0; b < STATES; ++b) move[a * STATES + b] = (a == b ? 0.6f : 0.4f * uniform() / STATES);

  float *d_emit, *d_move, *d_start, *d_score;
  int* d_lengths;
  unsigned char *d_back, *d_path;
  CUDA_TRY(cudaMalloc(&d_emit, emit.size() * sizeof(float)));
  CUDA_TRY(cudaMalloc(&d_move, move.size() * sizeof(float)));
  CUDA_TRY(cudaMalloc(&d_start, start.size() * sizeof(float)));
  CUDA_TRY(cudaMalloc(&d_score, sequences * sizeof(float)));
  CUDA_TRY(cudaMalloc(&d_lengths, sequences * sizeof(int)));
  CUDA_TRY(cudaMalloc(&d_back, emit.size()));
  CUDA_TRY(cudaMalloc(&d_path, sequences * longest));
  CUDA_TRY(cudaMemcpy(d_emit, emit.data(), emit.size() * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_TRY(cudaMemcpy(d_move, move.data(), move.size() * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_TRY(cudaMemcpy(d_start, start.data(), start.size() * sizeof(float), cudaMemcpyHostToDevice));
  CUDA_TRY(cudaMemcpy(d_lengths, lengths.data(), sequences * sizeof(int), cudaMemcpyHostToDevice));

  const auto logs = [](float* p, size_t n) { take_logarithms<<<(n + 255) / 256, 256>>>(p, static_cast<int>(n)); };
  logs(d_emit, emit.size());
  logs(d_move, move.size());
  logs(d_start, start.size());
  viterbi<STATES><<<sequences, STATES>>>(d_emit, d_move, d_start, d_lengths, longest, d_back, d_path, d_score);

  std::vector<unsigned char> path(sequences * longest);
  std::vector<float> score(sequences);
  CUDA_TRY(cudaMemcpy(path.data(), d_path, path.size(), cudaMemcpyDeviceToHost));
  CUDA_TRY(cudaMemcpy(score.data(), d_score, score.size() * sizeof(float), cudaMemcpyDeviceToHost));

  // Two checks without back pointers: the best score by products backwards in time (double, scaled), and the score
  // that the returned path itself has.
  bool ok = true;
  for (int i = 0; i < sequences; ++i) {
    if (lengths[i] == 0) {
      ok = ok && score[i] == 0.0f;
      continue;
    }
    const float* e = &emit[i * longest * STATES];
    std::vector<double> ahead(STATES, 1.0);
    double scale = 0;
    for (int t = lengths[i] - 1; t > 0; --t) {
      std::vector<double> now(STATES, 0.0);
      double largest = 0;
      for (int a = 0; a < STATES; ++a)
        for (int b = 0; b < STATES; ++b) {
          now[a] = std::fmax(now[a], double(move[a * STATES + b]) * e[t * STATES + b] * ahead[b]);
          largest = std::fmax(largest, now[a]);
        }
      for (double& v : now) v /= largest;
      scale += std::log(largest);
      ahead = now;
    }
    double want = 0;
    for (int a = 0; a < STATES; ++a) want = std::fmax(want, ahead[a] * e[a] / STATES);
    want = std::log(want) + scale;
    double own = std::log(1.0 / STATES);
    for (int t = 0; t < lengths[i]; ++t) {
      const int state = path[i * longest + t];
      own += std::log(e[t * STATES + state]);
      if (t > 0) own += std::log(move[path[i * longest + t - 1] * STATES + state]);
    }
    ok = ok && std::fabs(score[i] - want) < 1e-5 * std::fabs(want) + 1e-5 && std::fabs(own - want) < 1e-5 * std::fabs(want) + 1e-5;
  }
  std::printf("%d states, %d sequences: %s\n", STATES, sequences, ok ? "as expected" : "wrong");
  for (void* p : {(void*)d_emit, (void*)d_move, (void*)d_start, (void*)d_score, (void*)d_lengths, (void*)d_back, (void*)d_path})
    cudaFree(p);
  return ok;
}

int main(int argc, char** argv) {
  const int longest = argc > 1 ? std::atoi(argv[1]) : 61;
  const bool ok = decode<24>(5, longest) && decode<64>(3, longest / 2 + 2);
  std::puts(ok ? "PASS" : "FAIL");
  return !ok;
}
