// What a GPU survives and a CPU process does not: a bad address or a failed assertion ends the kernel, not the host
// program; an integer division by zero gives a value.
#pragma once
#include <signal.h>
#include <ucontext.h>
#include "../threads/grid.h"
#ifdef CUPORT_CHECKED
#include "../checked/checked.h"
#endif

namespace cuport {

CUPORT_OUTLINED([[noreturn]] CUPORT_QUIET, void, leave_kernel, (cudaError_t why, const char* what, const void* address = nullptr)) {
  if (launch_state.coarse) siglongjmp(launch_state.escape, 1);  // comes again, by a known thread
  launch_state.failure = why;
#ifdef CUPORT_CHECKED
  if (why == cudaErrorLaunchTimeout) checked::report_hang(what, checked::state.code);
#endif
  char at[40] = "";
  if (address != nullptr) snprintf(at, sizeof at, " at address %p", address);
  snprintf(launch_state.why, sizeof launch_state.why, "%s%s, block (%u,%u,%u), thread (%u,%u,%u)", what, at, blockIdx.x,
           blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
  if (launch_state.report) {
    fflush(stdout);
    fprintf(stderr, "cuport: kernel %s stopped: %s\n", launch_state.kernel, launch_state.why);
  }
  siglongjmp(launch_state.escape, 1);
}

#if defined(__x86_64__)
// An integer division that trapped: gives all ones and the dividend (by zero), or the wrapped quotient and 0 (smallest
// by -1), as GPUs do, and steps over the instruction. False if the instruction is not understood.
CUPORT_OUTLINED(CUPORT_QUIET, bool, skip_division, (void* context)) {
  auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* start = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
  const unsigned char* code = start;
  unsigned rex = 0;
  bool narrow = false;
  if (*code == 0x66) narrow = true, ++code;
  if ((*code & 0xF0) == 0x40) rex = *code++;
  if (*code != 0xF7 && *code != 0xF6) return false;
  if (*code == 0xF6 || narrow) return false;  // compilers widen these
  ++code;
  const unsigned modrm = *code++, mode = modrm >> 6, rm = (modrm & 7) | (rex & 1) << 3, operation = modrm >> 3 & 7;
  if (operation != 6 && operation != 7) return false;
  static const int order[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  const bool wide = (rex & 8) != 0;
  long long divisor = 0;
  if (mode == 3) {
    divisor = registers[order[rm]];
  } else {
    uintptr_t address = 0;
    bool relative = false;
    if ((modrm & 7) == 4) {
      const unsigned sib = *code++;
      const unsigned index = (sib >> 3 & 7) | (rex >> 1 & 1) << 3, base = (sib & 7) | (rex & 1) << 3;
      if (!((sib & 7) == 5 && mode == 0)) address = static_cast<uintptr_t>(registers[order[base]]);
      if (index != 4) address += static_cast<uintptr_t>(registers[order[index]]) << (sib >> 6);
      if ((sib & 7) == 5 && mode == 0) {
        int32_t disp;
        memcpy(&disp, code, 4);
        code += 4, address += static_cast<uintptr_t>(static_cast<intptr_t>(disp));
      }
    } else if ((modrm & 7) == 5 && mode == 0) {
      int32_t disp;
      memcpy(&disp, code, 4);
      code += 4, relative = true, address = static_cast<uintptr_t>(static_cast<intptr_t>(disp));
    } else {
      address = static_cast<uintptr_t>(registers[order[rm]]);
    }
    if (mode == 1) {
      address += static_cast<uintptr_t>(static_cast<intptr_t>(static_cast<signed char>(*code++)));
    } else if (mode == 2) {
      int32_t disp;
      memcpy(&disp, code, 4);
      code += 4, address += static_cast<uintptr_t>(static_cast<intptr_t>(disp));
    }
    if (relative) address += reinterpret_cast<uintptr_t>(code);
    if (wide) {
      memcpy(&divisor, reinterpret_cast<const void*>(address), 8);
    } else {
      int32_t small;
      memcpy(&small, reinterpret_cast<const void*>(address), 4);
      divisor = small;
    }
  }
  const bool zero = wide ? divisor == 0 : static_cast<int32_t>(divisor) == 0;
  const uint64_t width = wide ? ~uint64_t{0} : 0xFFFFFFFFu;
  const uint64_t dividend = static_cast<uint64_t>(registers[REG_RAX]) & width;
  registers[REG_RAX] = static_cast<greg_t>(zero ? width : dividend);
  registers[REG_RDX] = static_cast<greg_t>(zero ? dividend : 0);
  registers[REG_RIP] += code - start;
  return true;
}
#else
inline bool skip_division(void*) { return false; }
#endif

inline const void* code_of(void* context) {
#if defined(__x86_64__)
  return reinterpret_cast<const void*>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP] + 1);
#elif defined(__aarch64__)
  return reinterpret_cast<const void*>(static_cast<ucontext_t*>(context)->uc_mcontext.pc + 1);
#else
  (void)context;
  return nullptr;
#endif
}

inline __thread sigjmp_buf* careful = nullptr;  // where the host goes on after an address that was none

CUPORT_OUTLINED(CUPORT_QUIET, void, on_signal, (int number, siginfo_t* info, void* context)) {
  if (careful != nullptr && (number == SIGSEGV || number == SIGBUS)) siglongjmp(*careful, 1);
  if (launch_state.in_kernel) {
    if (number == SIGFPE && skip_division(context)) return;
    if (number == SIGSEGV || number == SIGBUS) {
      if (worker.stacks.overflowed(info->si_addr)) leave_kernel(cudaErrorLaunchFailure, "a thread's stack overflowed");
#ifdef CUPORT_CHECKED
      checked::fault(FaultKind::out_of_bounds, reinterpret_cast<uintptr_t>(info->si_addr), 1, "reaches", code_of(context), 0);
#endif
      leave_kernel(cudaErrorIllegalAddress, "an illegal memory access", info->si_addr);
    }
    leave_kernel(cudaErrorLaunchFailure, number == SIGFPE ? "an arithmetic exception" : "an illegal instruction");
  }
  signal(number, SIG_DFL);
  raise(number);
}

__attribute__((constructor)) inline void install_signals() {
  static char stack[64 * 1024];
  stack_t alternative = {};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  sigaltstack(&alternative, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = &on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) sigaction(number, &action, nullptr);
}

}  // namespace cuport

inline void __trap() { cuport::leave_kernel(cudaErrorLaunchFailure, "__trap()"); }
inline void __brkpt() {}

// Replaces the C library's: a failed assertion in a kernel must leave the host program alive.
extern "C" __attribute__((weak, noreturn)) void __assert_fail(const char* what, const char* file, unsigned line,
                                                              const char* function) noexcept {
  fflush(stdout);
  if (cuport::launch_state.in_kernel) {
    if (strstr(function, "cuport_") != nullptr) function = cuport::launch_state.kernel;  // its body, taken apart
    fprintf(stderr, "%s:%u: %s: block: [%u,%u,%u], thread: [%u,%u,%u] Assertion `%s` failed.\n", file, line, function,
            blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z, what);
    cuport::launch_state.failure = cudaErrorAssert;
    siglongjmp(cuport::launch_state.escape, 1);
  }
  fprintf(stderr, "%s:%u: %s: Assertion `%s' failed.\n", file, line, function, what);
  abort();
}
