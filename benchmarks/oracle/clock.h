// Runs something several times and prints the median: "row <name> <ns>".
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

inline double now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

template <class F>
void row(const char* name, F once, int times = 7) {
  double seen[64];
  once();  // pages are touched, stacks exist
  for (int i = 0; i < times; ++i) {
    const double begin = now_ns();
    once();
    double took = now_ns() - begin;
    int at = i;
    for (; at > 0 && seen[at - 1] > took; --at) seen[at] = seen[at - 1];
    seen[at] = took;
  }
  printf("row %s %.1f\n", name, seen[times / 2]);
}

// Contents that are neither zero pages nor denormal.
inline void fill(float* to, int n) {
  for (int i = 0; i < n; ++i) to[i] = 1.0f + static_cast<float>(i & 7) * 0.125f;
}
