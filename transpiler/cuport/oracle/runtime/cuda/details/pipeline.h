// cuda::pipeline. Copies are made when they are asked for; between producers and consumers of a block the stages are
// really waited for: stage use k may be filled once every consumer has released use k - stages, and read once every
// producer has committed it.
#pragma once
#include "barrier.h"

namespace cuda {

enum class pipeline_role { producer, consumer };

template <thread_scope scope, unsigned char stages>
class pipeline_shared_state {
 public:
  static constexpr int count = stages;
  int producers, consumers;
  unsigned filled[stages], freed[stages];
};

template <thread_scope scope>
class pipeline {
 public:
  pipeline() = default;
  CUPORT_QUIET void producer_acquire(int site = CUPORT_SITE) {
    if (filled_ == nullptr) return;
    const unsigned stage = head_ % stages_, round = head_ / stages_;
    cuport::wait_until([&] { return read(freed_ + stage) >= round * static_cast<unsigned>(*consumers_); }, "a producer waits for a stage that nobody releases");
    CUPORT_AWAITED(freed_ + stage);
  }
  CUPORT_QUIET void producer_commit(int site = CUPORT_SITE) {
    if (filled_ != nullptr) add(filled_ + head_ % stages_, site);
    ++head_;
  }
  CUPORT_QUIET void consumer_wait(int site = CUPORT_SITE) { wait_for_use(tail_, site); }
  template <class Duration>
  bool consumer_wait_for(const Duration&, int site = CUPORT_SITE) {
    consumer_wait(site);
    return true;
  }
  template <class Time>
  bool consumer_wait_until(const Time&, int site = CUPORT_SITE) {
    consumer_wait(site);
    return true;
  }
  CUPORT_QUIET void consumer_release(int site = CUPORT_SITE) {
    if (freed_ != nullptr) add(freed_ + tail_ % stages_, site);
    ++tail_;
  }
  bool quit() { return true; }
  void cuport_wait_prior(unsigned most, int site) {
    if (head_ > most) wait_for_use(head_ - most - 1, site);
  }

  template <class State>
  void cuport_use(State* s) {
    filled_ = s->filled, freed_ = s->freed, stages_ = State::count;
    producers_ = &s->producers, consumers_ = &s->consumers;
  }

 private:
  CUPORT_QUIET static unsigned read(const unsigned* word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
  CUPORT_QUIET static void add(unsigned* word, int site) {
    CUPORT_ARRIVE(word);
    __atomic_fetch_add(word, 1u, __ATOMIC_SEQ_CST);
  }
  CUPORT_QUIET void wait_for_use(unsigned use, int site) {
    if (filled_ == nullptr) return;
    const unsigned stage = use % stages_, round = use / stages_;
    cuport::wait_until([&] { return read(filled_ + stage) >= (round + 1) * static_cast<unsigned>(*producers_); }, "a consumer waits for a stage that nobody fills");
    CUPORT_AWAITED(filled_ + stage);
  }

  unsigned* filled_ = nullptr;
  unsigned* freed_ = nullptr;
  const int* producers_ = nullptr;
  const int* consumers_ = nullptr;
  unsigned stages_ = 1, head_ = 0, tail_ = 0;
};
template <thread_scope scope>
inline constexpr bool cuport_takes_copies<pipeline<scope>> = true;

inline pipeline<thread_scope_thread> make_pipeline() { return {}; }

template <class Group, thread_scope scope, unsigned char stages>
inline pipeline<scope> cuport_make_pipeline(const Group& g, pipeline_shared_state<scope, stages>* state, int producers, int consumers) {
  if (g.thread_rank() == 0) {
    state->producers = producers, state->consumers = consumers;
    for (int i = 0; i < stages; ++i) state->filled[i] = state->freed[i] = 0;
  }
  g.sync();
  pipeline<scope> p;
  p.cuport_use(state);
  return p;
}
template <class Group, thread_scope scope, unsigned char stages>
inline pipeline<scope> make_pipeline(const Group& g, pipeline_shared_state<scope, stages>* state) {
  return cuport_make_pipeline(g, state, static_cast<int>(g.size()), static_cast<int>(g.size()));
}
template <class Group, thread_scope scope, unsigned char stages>
inline pipeline<scope> make_pipeline(const Group& g, pipeline_shared_state<scope, stages>* state, size_t producers) {
  return cuport_make_pipeline(g, state, static_cast<int>(producers), static_cast<int>(g.size() - producers));
}
// Each thread says what it is.
template <class Group, thread_scope scope, unsigned char stages>
inline pipeline<scope> make_pipeline(const Group& g, pipeline_shared_state<scope, stages>* state, pipeline_role role) {
  pipeline<scope> p = cuport_make_pipeline(g, state, 0, 0);
  int* mine = role == pipeline_role::producer ? &state->producers : &state->consumers;
  CUPORT_ARRIVE(mine);
  __atomic_fetch_add(mine, 1, __ATOMIC_SEQ_CST);
  g.sync();
  return p;
}

template <unsigned char prior, thread_scope scope>
inline void pipeline_consumer_wait_prior(pipeline<scope>& p, int site = CUPORT_SITE) { p.cuport_wait_prior(prior, site); }
template <class Barrier>
inline void pipeline_producer_commit(pipeline<thread_scope_thread>& p, Barrier&) { p.producer_commit(); }

}  // namespace cuda
