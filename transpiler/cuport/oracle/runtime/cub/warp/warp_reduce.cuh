// cub::WarpReduce, in the order of CUB's shuffles: neighbours first. The result is defined in the first lane.
#pragma once
#include "warp_lanes.cuh"

namespace cub {

template <class T, int LOGICAL_WARP_THREADS = 32, int = 0>
class WarpReduce {
  using Lanes = internal::Lanes<LOGICAL_WARP_THREADS>;

 public:
  using TempStorage = Uninitialized<NullType>;
  explicit WarpReduce(TempStorage&) {}
  explicit WarpReduce() {}

  template <class Op>
  T Reduce(T input, Op op, int valid = LOGICAL_WARP_THREADS, CUB_SITE) {
    const Lanes lanes;
    for (int step = 1; step < LOGICAL_WARP_THREADS; step *= 2) {
      const T other = lanes.from(input, lanes.lane + step, site);
      if (lanes.lane + step < valid && lanes.lane + step < LOGICAL_WARP_THREADS) input = static_cast<T>(op(input, other));
    }
    return input;
  }
  T Sum(T input, int valid = LOGICAL_WARP_THREADS, CUB_SITE) { return Reduce(input, cub::Sum(), valid, site); }
  T Max(T input, int valid = LOGICAL_WARP_THREADS, CUB_SITE) { return Reduce(input, cub::Max(), valid, site); }
  T Min(T input, int valid = LOGICAL_WARP_THREADS, CUB_SITE) { return Reduce(input, cub::Min(), valid, site); }

  // Segments begin where the flag is set; each head gets the reduction of its segment.
  template <class Flag, class Op>
  T HeadSegmentedReduce(T input, Flag head, Op op, CUB_SITE) {
    const Lanes lanes;
    const unsigned flags = lanes.ballot(static_cast<bool>(head), site);
    const unsigned after = lanes.lane == 31 ? 0 : flags & ~((2u << lanes.lane) - 1);
    return segment(lanes, input, after == 0 ? LOGICAL_WARP_THREADS - 1 : __builtin_ctz(after) - 1, op, site);
  }
  // Segments end where the flag is set.
  template <class Flag, class Op>
  T TailSegmentedReduce(T input, Flag tail, Op op, CUB_SITE) {
    const Lanes lanes;
    const unsigned from_here = lanes.ballot(static_cast<bool>(tail), site) & ~((1u << lanes.lane) - 1);
    return segment(lanes, input, from_here == 0 ? LOGICAL_WARP_THREADS - 1 : __builtin_ctz(from_here), op, site);
  }
  template <class Flag>
  T HeadSegmentedSum(T input, Flag head, CUB_SITE) { return HeadSegmentedReduce(input, head, cub::Sum(), site); }
  template <class Flag>
  T TailSegmentedSum(T input, Flag tail, CUB_SITE) { return TailSegmentedReduce(input, tail, cub::Sum(), site); }

 private:
  template <class Op>
  T segment(const Lanes& lanes, T input, int last, Op op, int site) {
    for (int step = 1; step < LOGICAL_WARP_THREADS; step *= 2) {
      const T other = lanes.from(input, lanes.lane + step, site);
      if (lanes.lane + step <= last) input = static_cast<T>(op(input, other));
    }
    return input;
  }
};

}  // namespace cub
