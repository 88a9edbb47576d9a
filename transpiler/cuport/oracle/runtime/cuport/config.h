// CUDA's qualifiers as C++, and the few macros the rest of the runtime stands on.
//
// `__shared__`, `<<<>>>`, `__noinline__` and `__forceinline__` have no meaning here: the rewriter has replaced them
// (`__noinline__` as a macro would break libstdc++, which spells attributes that way).
#pragma once
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <new>
#include <utility>

#ifdef CUPORT_CHECKED
#define CUPORT_THREAD_BEGIN() ::cuport::checked::on_thread_begin()
#define CUPORT_THREAD_RESUME() ::cuport::checked::on_synchronised()
#define CUPORT_SYNCHRONISED() ::cuport::checked::on_synchronised()
#define CUPORT_GRID_SYNCHRONISED() ::cuport::checked::on_grid_barrier()
#define CUPORT_FENCE() ::cuport::checked::on_fence()
#define CUPORT_MEETING(w, lanes, live) ::cuport::checked::on_meeting(w, lanes, live)
#define CUPORT_BARRIER(block) ::cuport::checked::on_barrier(block)
#define CUPORT_ARRIVE(at) ::cuport::checked::on_arrive(at)
#define CUPORT_AWAITED(at) ::cuport::checked::on_awaited(at)
#define CUPORT_ARGUMENTS(...) ::cuport::checked::name_arguments(__VA_ARGS__)
#define CUPORT_ON_ATOMIC(address, bytes) ::cuport::checked::on_atomic(address, bytes, site)
#define CUPORT_BLOCK_BEGIN(dynamic, again) ::cuport::checked::begin_block(dynamic, again)
#define CUPORT_LAUNCH_BEGIN() ::cuport::checked::begin_launch()
#define CUPORT_LAUNCH_END() ::cuport::checked::end_launch()
#define CUPORT_BUFFER(base, bytes) ::cuport::checked::add_buffer(base, bytes)
namespace cuport {
struct Block;
namespace checked {
inline void on_meeting(unsigned w, unsigned lanes, unsigned live);
inline void on_barrier(const Block& block);
inline void on_arrive(const volatile void* at);
inline void on_awaited(const volatile void* at);
inline void on_synchronised();
inline void on_thread_begin();
inline void on_grid_barrier();
inline void on_fence();
template <class Info, class... P>
void name_arguments(const Info& info, const P&... args);
inline void on_atomic(volatile void* address, unsigned bytes, int site);
inline void begin_block(size_t dynamic, bool again);
inline void begin_launch();
inline void end_launch();
inline void add_buffer(const char* base, size_t bytes);
template <class T>
T&& reads(T&& value);
}  // namespace checked
}  // namespace cuport
#endif
#ifdef CUPORT_SHADOW
#include "../shadow/hooks.h"
#endif

#define __host__
#define __device__
#define __global__
#define __constant__
#define __managed__
#define __grid_constant__
#define __launch_bounds__(...)
#define __maxnreg__(...)
#define __cluster_dims__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __builtin_align__(n) __attribute__((aligned(n)))
#define __device_builtin__
#define __cudart_builtin__
#define CUDARTAPI
#define CUDART_CB
#define CUPORT_NOINLINE __attribute__((noinline))
// Code that runs once a launch and is instantiated for each: small and quick to compile rather than fast.
#if defined(__GNUC__) && !defined(__clang__)
#define CUPORT_COLD __attribute__((cold, noinline, optimize(0)))
#else
#define CUPORT_COLD __attribute__((cold, noinline))
#endif
// Large functions that are the same in every program: an object of them is kept beside the precompiled header
// (oracle/prepared.py). With it a program sees declarations; the bodies are templates that nobody instantiates.
#ifdef CUPORT_PREPARED
#define CUPORT_API
#define CUPORT_OUTLINED(attributes, type, name, parameters) \
  attributes type name parameters;                          \
  template <class CuportNobody>                             \
  type name##_elsewhere parameters
#else
#ifdef CUPORT_RUNTIME_OBJECT
#define CUPORT_API __attribute__((used)) inline
#else
#define CUPORT_API inline
#endif
#define CUPORT_OUTLINED(attributes, type, name, parameters) attributes CUPORT_NOINLINE CUPORT_API type name parameters
#endif
// Code that is worth more of the compiler's time. From version 12 on g++ keeps the other options when it does so.
#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && __GNUC__ >= 12
#define CUPORT_HOT __attribute__((optimize("O3")))
#else
#define CUPORT_HOT
#endif
#define CUPORT_FORCEINLINE __attribute__((always_inline))
#define CUPORT_BODY static inline __attribute__((always_inline))

#ifndef CUPORT_THREAD_BEGIN
#define CUPORT_THREAD_BEGIN()
#endif
#ifndef CUPORT_THREAD_RESUME
#define CUPORT_THREAD_RESUME()
#endif
#ifndef CUPORT_BLOCK_BEGIN
#define CUPORT_BLOCK_BEGIN(dynamic, again)
#endif
#ifndef CUPORT_LAUNCH_END
#define CUPORT_LAUNCH_END()
#endif
#ifndef CUPORT_FENCE
#define CUPORT_FENCE()
#endif
#ifndef CUPORT_MEETING  // these lanes of warp w, of those alive, have met
#define CUPORT_MEETING(w, lanes, live)
#endif
#ifndef CUPORT_BARRIER  // all threads of the block have come
#define CUPORT_BARRIER(block)
#endif
#ifndef CUPORT_ARRIVE  // a barrier that is an object: what came before is known to whom it lets go
#define CUPORT_ARRIVE(at)
#endif
#ifndef CUPORT_AWAITED
#define CUPORT_AWAITED(at)
#endif
#ifndef CUPORT_ARGUMENTS  // of a launch
#define CUPORT_ARGUMENTS(...)
#endif
#ifndef CUPORT_SYNCHRONISED  // a barrier or warp operation was passed
#define CUPORT_SYNCHRONISED()
#endif
#ifndef CUPORT_GRID_SYNCHRONISED
#define CUPORT_GRID_SYNCHRONISED()
#endif
#ifndef CUPORT_BUFFER  // a buffer has been placed and filled
#define CUPORT_BUFFER(base, bytes)
#endif
#ifndef CUPORT_LAUNCH_BEGIN
#define CUPORT_LAUNCH_BEGIN()
#endif

// A struct in memory that is passed by value: its copy is out of sight of the instrumentation.
#ifdef CUPORT_CHECKED
#define CUPORT_READS(...) ::cuport::checked::reads(__VA_ARGS__)
#else
#define CUPORT_READS(...) __VA_ARGS__
#endif

// In a loop that must not become a call of memset: the checked build watches those for the user's sake.
#ifdef CUPORT_CHECKED
#define CUPORT_NO_CALL() asm volatile("" ::: "memory")
#else
#define CUPORT_NO_CALL()
#endif

// Functions of the runtime are invisible to the instrumentation of the checked and the shadow build.
#if defined(CUPORT_CHECKED) || defined(CUPORT_SHADOW_ACCESS)
#define CUPORT_QUIET __attribute__((no_sanitize("thread")))
#else
#define CUPORT_QUIET
#endif

#define CUPORT_LIKELY(x) __builtin_expect(!!(x), 1)
#define CUPORT_UNLIKELY(x) __builtin_expect(!!(x), 0)

#ifndef CUDART_VERSION
#define CUDART_VERSION 12080
#endif
#define CUDA_VERSION CUDART_VERSION
#define __CUDART_API_VERSION CUDART_VERSION
