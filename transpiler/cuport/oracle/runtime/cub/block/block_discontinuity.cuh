// cub::BlockDiscontinuity, BlockAdjacentDifference, BlockShuffle: what a thread learns of its neighbours' items.
#pragma once
#include "block_threads.cuh"

namespace cub {
namespace internal {

// The first and last item of each thread, for its neighbours.
template <class T, int N>
struct Edges {
  T first[N], last[N];
};
// `op(a, b)` or `op(a, b, index of b)`, whose parameters may be references to what is not const.
template <class Op, class T>
inline auto flag(Op& op, T& a, T& b, int index) {
  if constexpr (std::is_invocable_v<Op&, T&, T&, int>) return op(a, b, index);
  else return (void)index, op(a, b);
}

}  // namespace internal

template <class T, int X, int Y = 1, int Z = 1, int = 0>
class BlockDiscontinuity {
  static constexpr int N = X * Y * Z;

 public:
  using TempStorage = Uninitialized<internal::Edges<T, N>>;
  explicit BlockDiscontinuity(TempStorage& temp) : s_(temp.Alias()), thread_(internal::block_thread<X, Y, Z>()) {}
  BlockDiscontinuity() : BlockDiscontinuity(cuport::shared<TempStorage>()) {}

  // The block's first item is a head, unless it is compared with a given predecessor; likewise its last a tail.
  template <int ITEMS, class F, class Op>
  void FlagHeads(F (&flags)[ITEMS], T (&in)[ITEMS], Op op, CUB_SITE) {
    meet(in, site);
    heads(flags, in, op, static_cast<T*>(nullptr));
  }
  template <int ITEMS, class F, class Op>
  void FlagHeads(F (&flags)[ITEMS], T (&in)[ITEMS], Op op, T predecessor, CUB_SITE) {
    meet(in, site);
    heads(flags, in, op, &predecessor);
  }
  template <int ITEMS, class F, class Op>
  void FlagTails(F (&flags)[ITEMS], T (&in)[ITEMS], Op op, CUB_SITE) {
    meet(in, site);
    tails(flags, in, op, static_cast<T*>(nullptr));
  }
  template <int ITEMS, class F, class Op>
  void FlagTails(F (&flags)[ITEMS], T (&in)[ITEMS], Op op, T successor, CUB_SITE) {
    meet(in, site);
    tails(flags, in, op, &successor);
  }
  template <int ITEMS, class F, class Op>
  void FlagHeadsAndTails(F (&h)[ITEMS], F (&t)[ITEMS], T (&in)[ITEMS], Op op, CUB_SITE) {
    meet(in, site);
    heads(h, in, op, static_cast<T*>(nullptr)), tails(t, in, op, static_cast<T*>(nullptr));
  }
  template <int ITEMS, class F, class Op>
  void FlagHeadsAndTails(F (&h)[ITEMS], F (&t)[ITEMS], T successor, T (&in)[ITEMS], Op op, CUB_SITE) {
    meet(in, site);
    heads(h, in, op, static_cast<T*>(nullptr)), tails(t, in, op, &successor);
  }
  template <int ITEMS, class F, class Op>
  void FlagHeadsAndTails(F (&h)[ITEMS], T predecessor, F (&t)[ITEMS], T (&in)[ITEMS], Op op, CUB_SITE) {
    meet(in, site);
    heads(h, in, op, &predecessor), tails(t, in, op, static_cast<T*>(nullptr));
  }
  template <int ITEMS, class F, class Op>
  void FlagHeadsAndTails(F (&h)[ITEMS], T predecessor, F (&t)[ITEMS], T successor, T (&in)[ITEMS], Op op, CUB_SITE) {
    meet(in, site);
    heads(h, in, op, &predecessor), tails(t, in, op, &successor);
  }

 private:
  template <int ITEMS>
  void meet(T (&in)[ITEMS], int site) {
    s_.first[thread_] = in[0], s_.last[thread_] = in[ITEMS - 1];
    __syncthreads(site);
  }
  template <int ITEMS, class F, class Op>
  void heads(F (&flags)[ITEMS], T (&in)[ITEMS], Op& op, T* predecessor) {
    T* before = thread_ == 0 ? predecessor : &s_.last[thread_ - 1];
    flags[0] = before == nullptr ? F(1) : F(internal::flag(op, *before, in[0], thread_ * ITEMS));
    for (int i = 1; i < ITEMS; ++i) flags[i] = F(internal::flag(op, in[i - 1], in[i], thread_ * ITEMS + i));
  }
  template <int ITEMS, class F, class Op>
  void tails(F (&flags)[ITEMS], T (&in)[ITEMS], Op& op, T* successor) {
    for (int i = 0; i + 1 < ITEMS; ++i) flags[i] = F(internal::flag(op, in[i], in[i + 1], thread_ * ITEMS + i + 1));
    T* after = thread_ == N - 1 ? successor : &s_.first[thread_ + 1];
    flags[ITEMS - 1] = after == nullptr ? F(1) : F(internal::flag(op, in[ITEMS - 1], *after, (thread_ + 1) * ITEMS));
  }
  internal::Edges<T, N>& s_;
  const int thread_;
};

template <class T, int X, int Y = 1, int Z = 1, int = 0>
class BlockAdjacentDifference {
  static constexpr int N = X * Y * Z;

 public:
  using TempStorage = Uninitialized<internal::Edges<T, N>>;
  explicit BlockAdjacentDifference(TempStorage& temp) : s_(temp.Alias()), thread_(internal::block_thread<X, Y, Z>()) {}
  BlockAdjacentDifference() : BlockAdjacentDifference(cuport::shared<TempStorage>()) {}

  // op(item, the one before); the first item of the block stays as it is, unless a predecessor is given.
  template <int ITEMS, class O, class Op>
  void SubtractLeft(T (&in)[ITEMS], O (&out)[ITEMS], Op op, CUB_SITE) { left(in, out, op, N * ITEMS, nullptr, site); }
  template <int ITEMS, class O, class Op>
  void SubtractLeft(T (&in)[ITEMS], O (&out)[ITEMS], Op op, T predecessor, CUB_SITE) {
    left(in, out, op, N * ITEMS, &predecessor, site);
  }
  template <int ITEMS, class O, class Op>
  void SubtractLeftPartialTile(T (&in)[ITEMS], O (&out)[ITEMS], Op op, int valid, CUB_SITE) { left(in, out, op, valid, nullptr, site); }
  template <int ITEMS, class O, class Op>
  void SubtractLeftPartialTile(T (&in)[ITEMS], O (&out)[ITEMS], Op op, int valid, T predecessor, CUB_SITE) {
    left(in, out, op, valid, &predecessor, site);
  }
  // op(item, the one after); the last one stays as it is, unless a successor is given.
  template <int ITEMS, class O, class Op>
  void SubtractRight(T (&in)[ITEMS], O (&out)[ITEMS], Op op, CUB_SITE) { right(in, out, op, N * ITEMS, nullptr, site); }
  template <int ITEMS, class O, class Op>
  void SubtractRight(T (&in)[ITEMS], O (&out)[ITEMS], Op op, T successor, CUB_SITE) {
    right(in, out, op, N * ITEMS, &successor, site);
  }
  template <int ITEMS, class O, class Op>
  void SubtractRightPartialTile(T (&in)[ITEMS], O (&out)[ITEMS], Op op, int valid, CUB_SITE) { right(in, out, op, valid, nullptr, site); }

 private:
  // From the end, since input and output may be the same array.
  template <int ITEMS, class O, class Op>
  void left(T (&in)[ITEMS], O (&out)[ITEMS], Op& op, int valid, T* predecessor, int site) {
    s_.last[thread_] = in[ITEMS - 1];
    __syncthreads(site);
    for (int i = ITEMS - 1; i >= 0; --i) {
      const int place = thread_ * ITEMS + i;
      T* before = i > 0 ? &in[i - 1] : thread_ > 0 ? &s_.last[thread_ - 1] : predecessor;
      if (place >= valid || before == nullptr) out[i] = in[i];
      else out[i] = op(in[i], *before);
    }
  }
  template <int ITEMS, class O, class Op>
  void right(T (&in)[ITEMS], O (&out)[ITEMS], Op& op, int valid, T* successor, int site) {
    s_.first[thread_] = in[0];
    __syncthreads(site);
    for (int i = 0; i < ITEMS; ++i) {
      const int place = thread_ * ITEMS + i;
      T* after = i + 1 < ITEMS ? &in[i + 1] : thread_ + 1 < N ? &s_.first[thread_ + 1] : successor;
      if (place >= valid || after == nullptr || (place + 1 >= valid && after != successor)) out[i] = in[i];
      else out[i] = op(in[i], *after);
    }
  }
  internal::Edges<T, N>& s_;
  const int thread_;
};

template <class T, int X, int Y = 1, int Z = 1, int = 0>
class BlockShuffle {
  static constexpr int N = X * Y * Z;
  struct Storage {
    T values[N];
  };

 public:
  using TempStorage = Uninitialized<Storage>;
  explicit BlockShuffle(TempStorage& temp) : at_(temp.Alias().values), thread_(internal::block_thread<X, Y, Z>()) {}
  BlockShuffle() : BlockShuffle(cuport::shared<TempStorage>()) {}

  // From the thread `distance` away; nothing where there is none.
  void Offset(T in, T& out, int distance = 1, CUB_SITE) {
    put(in, site);
    const int source = thread_ + distance;
    if (source >= 0 && source < N) out = at_[source];
  }
  void Rotate(T in, T& out, unsigned distance = 1, CUB_SITE) {
    put(in, site);
    out = at_[(static_cast<unsigned>(thread_) + distance) % N];
  }
  template <int ITEMS>
  void Up(T (&in)[ITEMS], T (&before)[ITEMS], CUB_SITE) {
    put(in[ITEMS - 1], site);
    for (int i = ITEMS - 1; i > 0; --i) before[i] = in[i - 1];
    if (thread_ > 0) before[0] = at_[thread_ - 1];
  }
  template <int ITEMS>
  void Up(T (&in)[ITEMS], T (&before)[ITEMS], T& suffix, CUB_SITE) {
    Up(in, before, site);
    suffix = at_[N - 1];
  }
  template <int ITEMS>
  void Down(T (&in)[ITEMS], T (&after)[ITEMS], CUB_SITE) {
    put(in[0], site);
    for (int i = 0; i + 1 < ITEMS; ++i) after[i] = in[i + 1];
    if (thread_ + 1 < N) after[ITEMS - 1] = at_[thread_ + 1];
  }
  template <int ITEMS>
  void Down(T (&in)[ITEMS], T (&after)[ITEMS], T& prefix, CUB_SITE) {
    Down(in, after, site);
    prefix = at_[0];
  }

 private:
  void put(const T& v, int site) {
    at_[thread_] = v;
    __syncthreads(site);
  }
  T (&at_)[N];
  const int thread_;
};

}  // namespace cub
