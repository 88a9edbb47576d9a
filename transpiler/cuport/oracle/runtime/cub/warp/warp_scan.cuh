// cub::WarpScan, in the order of CUB's shuffles: each step takes in twice as many lanes.
#pragma once
#include "warp_lanes.cuh"

namespace cub {

template <class T, int LOGICAL_WARP_THREADS = 32, int = 0>
class WarpScan {
  using Lanes = internal::Lanes<LOGICAL_WARP_THREADS>;

 public:
  using TempStorage = Uninitialized<NullType>;
  explicit WarpScan(TempStorage&) {}
  explicit WarpScan() {}

  template <class Op>
  void InclusiveScan(T input, T& output, Op op, CUB_SITE) { output = inclusive(Lanes(), input, op, site); }
  template <class Op>
  void InclusiveScan(T input, T& output, Op op, T& aggregate, CUB_SITE) {
    const Lanes lanes;
    const T total = inclusive(lanes, input, op, site);
    output = total;
    aggregate = lanes.from(total, LOGICAL_WARP_THREADS - 1, site);
  }
  // Without an initial value the first lane's result is undefined; here it keeps its input.
  template <class Op>
  void ExclusiveScan(T input, T& output, Op op, CUB_SITE) {
    const Lanes lanes;
    const T total = inclusive(lanes, input, op, site);
    output = lanes.from(total, lanes.lane - 1, site);
  }
  template <class Op>
  void ExclusiveScan(T input, T& output, T initial, Op op, CUB_SITE) {
    T aggregate;
    ExclusiveScan(input, output, initial, op, aggregate, site);
  }
  template <class Op>
  void ExclusiveScan(T input, T& output, Op op, T& aggregate, CUB_SITE) {
    const Lanes lanes;
    const T total = inclusive(lanes, input, op, site);
    output = lanes.from(total, lanes.lane - 1, site);
    aggregate = lanes.from(total, LOGICAL_WARP_THREADS - 1, site);
  }
  template <class Op>
  void ExclusiveScan(T input, T& output, T initial, Op op, T& aggregate, CUB_SITE) {
    const Lanes lanes;
    const T total = inclusive(lanes, input, op, site);
    const T before = lanes.from(total, lanes.lane - 1, site);
    aggregate = lanes.from(total, LOGICAL_WARP_THREADS - 1, site);
    output = lanes.lane == 0 ? initial : static_cast<T>(op(initial, before));
  }
  void InclusiveSum(T input, T& output, CUB_SITE) { InclusiveScan(input, output, cub::Sum(), site); }
  void InclusiveSum(T input, T& output, T& aggregate, CUB_SITE) {
    InclusiveScan(input, output, cub::Sum(), aggregate, site);
  }
  void ExclusiveSum(T input, T& output, CUB_SITE) { ExclusiveScan(input, output, T(0), cub::Sum(), site); }
  void ExclusiveSum(T input, T& output, T& aggregate, CUB_SITE) {
    ExclusiveScan(input, output, T(0), cub::Sum(), aggregate, site);
  }
  template <class Op>
  void Scan(T input, T& inclusive_output, T& exclusive_output, Op op, CUB_SITE) {
    const Lanes lanes;
    const T total = inclusive(lanes, input, op, site);
    exclusive_output = lanes.from(total, lanes.lane - 1, site);
    inclusive_output = total;
  }
  template <class Op>
  void Scan(T input, T& inclusive_output, T& exclusive_output, T initial, Op op, CUB_SITE) {
    const Lanes lanes;
    const T total = inclusive(lanes, input, op, site);
    const T before = lanes.from(total, lanes.lane - 1, site);
    exclusive_output = lanes.lane == 0 ? initial : static_cast<T>(op(initial, before));
    inclusive_output = op(initial, total);
  }
  T Broadcast(T input, unsigned source, CUB_SITE) { return Lanes().from(input, static_cast<int>(source), site); }

 private:
  template <class Op>
  static T inclusive(const Lanes& lanes, T value, Op op, int site) {
    for (int step = 1; step < LOGICAL_WARP_THREADS; step *= 2) {
      const T other = lanes.from(value, lanes.lane - step, site);
      if (lanes.lane >= step) value = static_cast<T>(op(other, value));
    }
    return value;
  }
};

}  // namespace cub
