// Blocks on all cores, for kernels whose result cannot depend on the order of their blocks (cuda/rewrite/loops/independent.py).
//
// Never in a build that replays recorded launches, while launches are captured, or in another order than ascending: what
// a verdict rests on has one order. CUPORT_JOBS says how many OS threads may run blocks.
#pragma once
#include "blocks.h"
#if !defined(CUPORT_DECODE) && !defined(CUPORT_CHECKED) && !defined(CUPORT_SHADOW)
#define CUPORT_PARALLEL 1
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#endif

namespace cuport {

#ifdef CUPORT_PARALLEL

CUPORT_OUTLINED(, int, job_count, ()) {
  static const int count = [] {
    if (getenv("CUPORT_CAPTURE") != nullptr) return 1;
    if (const char* jobs = getenv("CUPORT_JOBS")) return atoi(jobs);
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  }();
  return count;
}

struct Job {
  const Config* config;
  const Task* task;
  Rows rows;
  const char* kernel;
  const BlockOrder* order;
  uint64_t next, total;
  uint64_t failed;  // the first block at which something went wrong; `total`: none
  int failure;
  char why[200];
};

// OS threads that wait for blocks to run; made when first needed, and again in a forked process.
struct Pool {
  pthread_mutex_t mutex;
  pthread_cond_t wake, done;
  pid_t process;
  int threads, busy;
  unsigned long turn;  // counts jobs
  Job* job;
};
inline Pool pool = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, nullptr};

// Runs blocks of a job until none is left: large pieces first.
CUPORT_OUTLINED(, void, work_on, (Job& j)) {
  for (;;) {
    pthread_mutex_lock(&pool.mutex);
    const uint64_t from = j.next, left = j.total - from;
    if (left == 0 || from >= j.failed) {
      pthread_mutex_unlock(&pool.mutex);
      return;
    }
    uint64_t n = left / (2 * (static_cast<unsigned>(pool.threads) + 1));
    if (n == 0) n = 1;
    j.next += n;
    pthread_mutex_unlock(&pool.mutex);
    run_guarded(*j.config, j.kernel, *j.task, j.rows, *j.order, from, from + n);
    if (launch_state.failure == 0) continue;
    pthread_mutex_lock(&pool.mutex);
    if (launch_state.at < j.failed) {
      j.failed = launch_state.at, j.failure = launch_state.failure;
      memcpy(j.why, launch_state.why, sizeof j.why);
    }
    pthread_mutex_unlock(&pool.mutex);
  }
}

CUPORT_OUTLINED(, void*, pool_main, (void*)) {
  static thread_local char stack[64 * 1024];  // for handling the overflow of another stack
  stack_t alternative = {};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  sigaltstack(&alternative, nullptr);
  launch_state.report = false;
  unsigned long seen = 0;
  pthread_mutex_lock(&pool.mutex);
  for (;;) {
    while (pool.turn == seen) pthread_cond_wait(&pool.wake, &pool.mutex);
    seen = pool.turn;
    Job* job = pool.job;
    pthread_mutex_unlock(&pool.mutex);
    if (job != nullptr) work_on(*job);
    pthread_mutex_lock(&pool.mutex);
    if (--pool.busy == 0) pthread_cond_signal(&pool.done);
  }
  return nullptr;
}

CUPORT_OUTLINED(, void, start_pool, ()) {
  pool = Pool{PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, getpid(), 0, 0, 0, nullptr};
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  sigset_t all, before;  // the program's own signals stay with its own threads
  sigfillset(&all);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigdelset(&all, own);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (int i = 1; i < job_count(); ++i) {
    pthread_t thread;
    if (pthread_create(&thread, &detached, &pool_main, nullptr) == 0) ++pool.threads;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&detached);
}

// Blocks `from` on, on this and all other threads of the pool. What went wrong is in launch_state.
CUPORT_OUTLINED(, void, run_everywhere, (const Config& c, const char* name, const Task& task, Rows rows, const BlockOrder& order,
                                           uint64_t from)) {
  if (pool.process != getpid()) start_pool();
  Job job{&c, &task, rows, name, &order, from, order.total, order.total, 0, ""};
  const bool report = launch_state.report;
  launch_state.report = false;
  pthread_mutex_lock(&pool.mutex);
  pool.job = &job, pool.busy = pool.threads, ++pool.turn;
  pthread_cond_broadcast(&pool.wake);
  pthread_mutex_unlock(&pool.mutex);
  work_on(job);
  pthread_mutex_lock(&pool.mutex);
  while (pool.busy != 0) pthread_cond_wait(&pool.done, &pool.mutex);
  pthread_mutex_unlock(&pool.mutex);
  launch_state.report = report;
  launch_state.failure = job.failure;
  memcpy(launch_state.why, job.why, sizeof job.why);
  if (job.failure != 0 && report) {
    fflush(stdout);
    fprintf(stderr, "cuport: kernel %s stopped: %s\n", name, job.why);
  }
}

// All blocks of a launch. Small launches stay on this thread: the others are asked once it is clear that it pays.
CUPORT_OUTLINED(, void, run_jobs, (const Config& c, const char* name, const Task& task, Rows rows, const BlockOrder& order)) {
  constexpr long long kLook = 50000, kPays = 200000;  // nanoseconds
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  const long long begin = t.tv_sec * 1000000000LL + t.tv_nsec;
  for (uint64_t at = 0, step = 1; at < order.total;) {
    const uint64_t to = order.total - at < step ? order.total : at + step;
    run_guarded(c, name, task, rows, order, at, to);
    if (launch_state.failure != 0) return;
    at = to;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const long long took = t.tv_sec * 1000000000LL + t.tv_nsec - begin;
    if (took < kLook) {
      step *= 2;
    } else if (static_cast<double>(took) / static_cast<double>(at) * static_cast<double>(order.total - at) > kPays) {
      return run_everywhere(c, name, task, rows, order, at);
    } else {
      step = order.total;
    }
  }
}

#endif

// All blocks of a launch in the order of the schedule. `independent`: their order makes no difference.
CUPORT_OUTLINED(CUPORT_QUIET, void, run_blocks, (const Config& c, const char* name, const Task& task, Rows rows, bool independent)) {
  const BlockOrder order(uint64_t{c.grid.x} * c.grid.y * c.grid.z);
#ifdef CUPORT_PARALLEL
  if (independent && order.total > 1 && worker.schedule == Schedule::forward && job_count() > 1) {
    return run_jobs(c, name, task, rows, order);
  }
#endif
  (void)independent;
  run_guarded(c, name, task, rows, order, 0, order.total);
}

}  // namespace cuport
