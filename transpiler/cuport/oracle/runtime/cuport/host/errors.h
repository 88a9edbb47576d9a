// Error codes of the CUDA runtime, as numbers, names and sentences; and the handles of streams and events.
#pragma once
#include "../config.h"
#include "error_list.h"

enum cudaError {
#define CUPORT_ERROR(name, number, message) name = number,
  CUPORT_ERRORS(CUPORT_ERROR)
#undef CUPORT_ERROR
};
typedef enum cudaError cudaError_t;

struct CUstream_st;
struct CUevent_st;
typedef CUstream_st* cudaStream_t;
typedef CUevent_st* cudaEvent_t;

namespace cuport {

struct ErrorText {
  cudaError_t code;
  const char* name;
  const char* message;
};
inline const ErrorText* find_error(cudaError_t code) {
  static const ErrorText table[] = {
#define CUPORT_ERROR(name, number, message) {name, #name, message},
      CUPORT_ERRORS(CUPORT_ERROR)
#undef CUPORT_ERROR
  };
  for (const ErrorText& e : table) {
    if (e.code == code) return &e;
  }
  return nullptr;
}

inline __thread cudaError_t last_error = cudaSuccess;  // of this host thread; cleared by cudaGetLastError
inline cudaError_t device_error = cudaSuccess;         // a kernel failed: stays until cudaDeviceReset

}  // namespace cuport

inline const char* cudaGetErrorString(cudaError_t code) {
  const cuport::ErrorText* e = cuport::find_error(code);
  return e == nullptr ? "unrecognized error code" : e->message;
}
inline const char* cudaGetErrorName(cudaError_t code) {
  const cuport::ErrorText* e = cuport::find_error(code);
  return e == nullptr ? "unrecognized error code" : e->name;
}
inline cudaError_t cudaPeekAtLastError() {
  return cuport::device_error != cudaSuccess ? cuport::device_error : cuport::last_error;
}
inline cudaError_t cudaGetLastError() {
  const cudaError_t e = cudaPeekAtLastError();
  cuport::last_error = cudaSuccess;
  return e;
}
