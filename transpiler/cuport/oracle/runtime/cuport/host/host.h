// The rest of the host API: the device as a whole, streams, events.
#pragma once
#include "host_launch.h"
#include "host_memory.h"
#include "host_ranges.h"
#include "launch.h"
#include "properties.h"

#define cudaStreamDefault 0x00
#define cudaStreamNonBlocking 0x01
#define cudaEventDefault 0x00
#define cudaEventBlockingSync 0x01
#define cudaEventDisableTiming 0x02
#define cudaEventInterprocess 0x04
#define cudaEventRecordDefault 0x00
#define cudaEventRecordExternal 0x01
#define cudaEventWaitDefault 0x00
#define cudaEventWaitExternal 0x01
#define cudaDeviceScheduleAuto 0x00
#define cudaDeviceScheduleSpin 0x01
#define cudaDeviceScheduleYield 0x02
#define cudaDeviceScheduleBlockingSync 0x04
#define cudaDeviceBlockingSync 0x04
#define cudaDeviceScheduleMask 0x07
#define cudaDeviceMapHost 0x08
#define cudaDeviceLmemResizeToMax 0x10
#define cudaDeviceMask 0xff

inline cudaError_t cudaDeviceSynchronize() { return cuport::synchronised(); }
inline cudaError_t cudaThreadSynchronize() { return cuport::synchronised(); }
inline cudaError_t cudaThreadExit() { return cuport::synchronised(); }
inline cudaError_t cudaProfilerStart() { return cuport::done(); }
inline cudaError_t cudaProfilerStop() { return cuport::done(); }
inline cudaError_t cudaCtxResetPersistingL2Cache() { return cuport::done(); }
inline cudaError_t cudaDeviceReset() {
  cuport::flush_device_output();
  const cuport::HostLock lock;
  cuport::device_error = cuport::last_error = cudaSuccess;
  for (size_t i = 0; i < cuport::device_memory.count(); ++i) {
    CUPORT_HOST_FREED(cuport::device_memory[i].base, cuport::device_memory[i].bytes);
  }
  cuport::device_memory.release_all();
  return cudaSuccess;
}
inline cudaError_t cudaThreadSetCacheConfig(cudaFuncCache) { return cuport::done(); }

CUPORT_QUIET inline cudaError_t cudaStreamCreateWithPriority(cudaStream_t* out, unsigned flags, int priority) {
  if (out == nullptr || flags > cudaStreamNonBlocking) return cuport::done(cudaErrorInvalidValue);
  static unsigned long long made = 2;
  const cuport::HostLock lock;
  *out = new CUstream_st;
  (*out)->flags = flags, (*out)->id = ++made;
  (*out)->priority = priority > 0 ? 0 : priority < -5 ? -5 : priority;
  return cuport::done();
}
inline cudaError_t cudaStreamCreate(cudaStream_t* out) { return cudaStreamCreateWithPriority(out, 0, 0); }
CUPORT_QUIET inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* out, unsigned flags) { return cudaStreamCreateWithPriority(out, flags, 0); }
CUPORT_QUIET inline cudaError_t cudaStreamDestroy(cudaStream_t s) {
  if (reinterpret_cast<uintptr_t>(s) <= 2) return cuport::done(cudaErrorInvalidResourceHandle);
  delete s;
  return cuport::done();
}
inline cudaError_t cudaStreamGetFlags(cudaStream_t s, unsigned* flags) { *flags = cuport::stream_of(s)->flags; return cuport::done(); }
inline cudaError_t cudaStreamGetPriority(cudaStream_t s, int* priority) { *priority = cuport::stream_of(s)->priority; return cuport::done(); }
inline cudaError_t cudaStreamGetId(cudaStream_t s, unsigned long long* id) { *id = cuport::stream_of(s)->id; return cuport::done(); }
inline cudaError_t cudaStreamGetDevice(cudaStream_t, int* device) { *device = 0; return cuport::done(); }
inline cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  if (cuport::is_recording(s)) return cuport::done(cudaErrorStreamCaptureUnsupported);
  return cuport::synchronised();
}
inline cudaError_t cudaStreamQuery(cudaStream_t s) {
  if (cuport::is_recording(s)) return cuport::done(cudaErrorStreamCaptureUnsupported);
  return cuport::done();
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned = 0) {
  if (e == nullptr) return cuport::done(cudaErrorInvalidResourceHandle);
  if (e->recording != nullptr) cuport::stream_of(s)->recording = e->recording;  // the stream joins what is recorded
  return cuport::done();
}
typedef void (*cudaStreamCallback_t)(cudaStream_t, cudaError_t, void*);
typedef void (*cudaHostFn_t)(void*);
inline cudaError_t cudaStreamAddCallback(cudaStream_t s, cudaStreamCallback_t f, void* data, unsigned) {
  if (f == nullptr) return cuport::done(cudaErrorInvalidValue);
  f(s, cuport::device_error, data);
  return cuport::done();
}
inline cudaError_t cudaLaunchHostFunc(cudaStream_t s, cudaHostFn_t f, void* data) {
  if (f == nullptr) return cuport::done(cudaErrorInvalidValue);
  CUPORT_IN_STREAM(s, host, (f(data), cuport::done()));
}

inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* out, unsigned flags) {
  if (out == nullptr || flags > 7) return cuport::done(cudaErrorInvalidValue);
  *out = new CUevent_st;
  (*out)->flags = flags;
  return cuport::done();
}
inline cudaError_t cudaEventCreate(cudaEvent_t* out, unsigned flags = 0) { return cudaEventCreateWithFlags(out, flags); }
inline cudaError_t cudaEventDestroy(cudaEvent_t e) {
  if (e == nullptr) return cuport::done(cudaErrorInvalidResourceHandle);
  delete e;
  return cuport::done();
}
inline cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s = nullptr) {
  if (e == nullptr) return cuport::done(cudaErrorInvalidResourceHandle);
  e->recording = cuport::is_recording(s) ? cuport::stream_of(s)->recording : nullptr;
  if (e->recording == nullptr) e->seconds = cuport::now();
  return cuport::done();
}
inline cudaError_t cudaEventRecordWithFlags(cudaEvent_t e, cudaStream_t s = nullptr, unsigned = 0) { return cudaEventRecord(e, s); }
inline cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  if (e == nullptr) return cuport::done(cudaErrorInvalidResourceHandle);
  return cuport::synchronised();
}
inline cudaError_t cudaEventQuery(cudaEvent_t e) { return cuport::done(e == nullptr ? cudaErrorInvalidResourceHandle : cudaSuccess); }
// At least a microsecond: programs divide by it.
inline cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t from, cudaEvent_t to) {
  if (ms == nullptr) return cuport::done(cudaErrorInvalidValue);
  if (from == nullptr || to == nullptr || from->seconds < 0 || to->seconds < 0 || ((from->flags | to->flags) & cudaEventDisableTiming) != 0) {
    return cuport::done(cudaErrorInvalidResourceHandle);
  }
  const double elapsed = (to->seconds - from->seconds) * 1e3;
  *ms = elapsed < 1e-3 && elapsed > -1e-3 ? 1e-3f : static_cast<float>(elapsed);
  return cuport::done();
}
#define cudaEventElapsedTime_v2 cudaEventElapsedTime

enum cudaStreamCaptureStatus {
  cudaStreamCaptureStatusNone = 0,
  cudaStreamCaptureStatusActive = 1,
  cudaStreamCaptureStatusInvalidated = 2
};
inline cudaError_t cudaStreamCopyAttributes(cudaStream_t, cudaStream_t) { return cuport::done(); }
inline cudaError_t cudaStreamIsCapturing(cudaStream_t s, cudaStreamCaptureStatus* status) {
  *status = cuport::is_recording(s) ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cuport::done();
}
#ifdef CUPORT_GRAPHS
#include "../graphs/graphs.h"
#include "../graphs/graphs_more.h"
#include "../graphs/graphs_conditional.h"
#endif
