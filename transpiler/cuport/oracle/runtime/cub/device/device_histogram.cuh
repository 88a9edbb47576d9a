// cub::DeviceHistogram: even bins or bins between given levels, one or several channels, a row or an image.
#pragma once
#include "device_common.cuh"

namespace cub {

struct DeviceHistogram {
  template <class In, class Counter, class Level, class N, class... Rest>
  static cudaError_t HistogramEven(void* temp, size_t& bytes, In samples, Counter* bins, int levels, Level lower, Level upper, N n,
                                   Rest... rest) {
    Counter* all[1] = {bins};
    return even<1, 1>(temp, bytes, samples, all, &levels, &lower, &upper, n, rest...);
  }
  template <int CHANNELS, int ACTIVE, class In, class Counter, class Level, class N, class... Rest>
  static cudaError_t MultiHistogramEven(void* temp, size_t& bytes, In samples, Counter* bins[ACTIVE], const int levels[ACTIVE],
                                        const Level lower[ACTIVE], const Level upper[ACTIVE], N pixels, Rest... rest) {
    return even<CHANNELS, ACTIVE>(temp, bytes, samples, bins, levels, lower, upper, pixels, rest...);
  }
  template <class In, class Counter, class Level, class N, class... Rest>
  static cudaError_t HistogramRange(void* temp, size_t& bytes, In samples, Counter* bins, int levels, const Level* edges, N n,
                                    Rest... rest) {
    Counter* all[1] = {bins};
    const Level* every[1] = {edges};
    return range<1, 1>(temp, bytes, samples, all, &levels, every, n, rest...);
  }
  template <int CHANNELS, int ACTIVE, class In, class Counter, class Level, class N, class... Rest>
  static cudaError_t MultiHistogramRange(void* temp, size_t& bytes, In samples, Counter* bins[ACTIVE], const int levels[ACTIVE],
                                         const Level* const edges[ACTIVE], N pixels, Rest... rest) {
    return range<CHANNELS, ACTIVE>(temp, bytes, samples, bins, levels, edges, pixels, rest...);
  }

 private:
  template <int CHANNELS, int ACTIVE, class In, class Counter, class Level, class... Shape>
  static cudaError_t even(void* temp, size_t& bytes, In samples, Counter** bins, const int* levels, const Level* lower,
                          const Level* upper, Shape... shape) {
    return count<CHANNELS, ACTIVE>(temp, bytes, samples, bins, levels, [&](int c, auto v) -> long long {
      if (!(v >= lower[c] && v < upper[c])) return -1;
      const int n = levels[c] - 1;
      if constexpr (internal::is_integer<Level>) {
        return static_cast<long long>(static_cast<__int128>(v - lower[c]) * n / (upper[c] - lower[c]));
      } else {
        const Level scale = static_cast<Level>(n) / (upper[c] - lower[c]);
        const long long bin = static_cast<long long>((static_cast<Level>(v) - lower[c]) * scale);
        return bin < n ? bin : n - 1;
      }
    }, shape...);
  }
  template <int CHANNELS, int ACTIVE, class In, class Counter, class Edges, class... Shape>
  static cudaError_t range(void* temp, size_t& bytes, In samples, Counter** bins, const int* levels, const Edges& edges, Shape... shape) {
    return count<CHANNELS, ACTIVE>(temp, bytes, samples, bins, levels, [&](int c, auto v) -> long long {
      int low = 0, high = levels[c];  // the first edge beyond v
      while (low < high) {
        const int middle = (low + high) / 2;
        if (v < edges[c][middle]) high = middle; else low = middle + 1;
      }
      return low == 0 || low == levels[c] ? -1 : low - 1;
    }, shape...);
  }
  // `shape`: pixels; or pixels in a row, rows, bytes from row to row.
  template <int CHANNELS, int ACTIVE, class In, class Counter, class Bin, class N, class... Rest>
  static cudaError_t count(void* temp, size_t& bytes, In samples, Counter** bins, const int* levels, Bin bin, N pixels, Rest... rest) {
    size_t rows = 1, stride = 0;
    if constexpr (sizeof...(Rest) >= 2) {
      rows_of(rows, stride, rest...);
      stride /= sizeof(internal::value_t<In>);
    }
    return internal::in_two_calls(temp, bytes, 1024, [&] {
      for (int c = 0; c < ACTIVE; ++c) {
        for (int i = 0; i + 1 < levels[c]; ++i) bins[c][i] = 0;
      }
      for (size_t row = 0; row < rows; ++row) {
        for (size_t i = 0; i < static_cast<size_t>(pixels); ++i) {
          for (int c = 0; c < ACTIVE; ++c) {
            const internal::value_t<In> v = samples[row * stride + i * CHANNELS + static_cast<size_t>(c)];
            const long long b = bin(c, v);
            if (b >= 0) ++bins[c][b];
          }
        }
      }
    });
  }
  // (stream, debug) are no shape.
  template <class R, class S, class... Rest>
  static void rows_of(size_t& rows, size_t& stride, R r, S s, Rest...) {
    if constexpr (std::is_integral_v<R> && std::is_integral_v<S>) rows = static_cast<size_t>(r), stride = static_cast<size_t>(s);
  }
};

}  // namespace cub
