// Switching stacks. A fiber belongs to one OS thread for ever.
//
// A switch resumes with a jump: a `ret` would mispredict, since the return stack of the processor remembers another
// caller. Floating-point control words are not saved; nothing here changes them.
#pragma once
#include <sys/mman.h>
#include "../config.h"
#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

namespace cuport {

// Bytes of a fiber's stack, guard page included. Only touched pages cost memory.
#ifndef CUPORT_STACK_BYTES
#define CUPORT_STACK_BYTES (256 * 1024)
#endif
constexpr size_t kPage = 4096;
constexpr size_t kStackBytes = CUPORT_STACK_BYTES;

#if defined(__x86_64__)

// In place, so that the compiler saves only what it holds in registers here. The red zone below the stack pointer may be
// in use by the function around.
CUPORT_QUIET CUPORT_FORCEINLINE inline void switch_stack(void** save, void* to) {
  asm volatile(
      "leaq -128(%%rsp), %%rsp\n\tpushq %%rbp\n\t"
      "leaq 1f(%%rip), %%rax\n\tpushq %%rax\n\t"
      "movq %%rsp, (%%rdi)\n\t"
      "movq %%rsi, %%rsp\n\t"
      "popq %%rax\n\tjmp *%%rax\n"
      "1:\n\tpopq %%rbp\n\tleaq 128(%%rsp), %%rsp\n\t"
      : "+D"(save), "+S"(to)
      :
      : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3",
        "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc", "memory");
}

// The saved state of a fiber that will begin in `entry`. On entry rsp % 16 must be 8, as after a call.
CUPORT_QUIET inline void* prepare_stack(char* top, void (*entry)()) {
  void** sp = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t{15}) - 1;
  *sp = nullptr;  // the return address `entry` never uses
  *--sp = reinterpret_cast<void*>(entry);
  return sp;
}

#elif defined(__aarch64__)

extern "C" void cuport_switch_stack(void** save, void* to);
asm(".text\n.weak cuport_switch_stack\n.type cuport_switch_stack, %function\ncuport_switch_stack:\n"
    "sub sp, sp, #176\n"
    "stp x19, x20, [sp, #0]\nstp x21, x22, [sp, #16]\nstp x23, x24, [sp, #32]\nstp x25, x26, [sp, #48]\n"
    "stp x27, x28, [sp, #64]\nstp x29, x30, [sp, #80]\nstp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\n"
    "stp d12, d13, [sp, #128]\nstp d14, d15, [sp, #144]\n"
    "mov x9, sp\nstr x9, [x0]\nmov sp, x1\n"
    "ldp x19, x20, [sp, #0]\nldp x21, x22, [sp, #16]\nldp x23, x24, [sp, #32]\nldp x25, x26, [sp, #48]\n"
    "ldp x27, x28, [sp, #64]\nldp x29, x30, [sp, #80]\nldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\n"
    "ldp d12, d13, [sp, #128]\nldp d14, d15, [sp, #144]\nadd sp, sp, #176\nbr x30\n");

inline void switch_stack(void** save, void* to) { cuport_switch_stack(save, to); }

inline void* prepare_stack(char* top, void (*entry)()) {
  char* sp = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t{15}) - 176;
  memset(sp, 0, 176);
  *reinterpret_cast<void**>(sp + 88) = reinterpret_cast<void*>(entry);
  return sp;
}

#else

inline void switch_stack(void** save, void* to) {
  ucontext_t here;  // lives on the stack that is being left, which stays until it is resumed
  *save = &here;
  swapcontext(&here, static_cast<ucontext_t*>(to));
}

inline void* prepare_stack(char* top, void (*entry)()) {
  ucontext_t* context = reinterpret_cast<ucontext_t*>(top - sizeof(ucontext_t) - 64);
  getcontext(context);
  context->uc_stack.ss_sp = top - (kStackBytes - 2 * kPage);
  context->uc_stack.ss_size = kStackBytes - 2 * kPage - sizeof(ucontext_t) - 64;
  context->uc_link = nullptr;
  makecontext(context, entry, 0);
  return context;
}

#endif

// Stacks of one OS thread, handed out last in, first out, so that the warm ones are used again.
//
// From one stack to the next it is neither a power of two nor a whole number of pages: equal low address bits would put
// the frames of all threads into the same few sets of the caches and of the table of translated addresses.
class StackPool {
 public:
  // The top of a free stack; nullptr when the system gives no more memory.
  CUPORT_QUIET char* take() {
    if (CUPORT_LIKELY(free_ != 0)) return tops_[--free_];
    return make();
  }
  CUPORT_QUIET void give(char* top) { tops_[free_++] = top; }

  // Takes every stack back: the threads on them will never go on.
  void reset() {
    for (size_t i = 0; i < made_; ++i) tops_[i] = all_[made_ - 1 - i];
    free_ = made_;
  }

  // Whether this address lies in the guard page of some stack.
  CUPORT_QUIET bool overflowed(const void* address) const {
    for (size_t i = 0; i < made_; ++i) {
      if (reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(guard_of(all_[i])) < kPage) return true;
    }
    return false;
  }

 private:
  static constexpr size_t kChunk = 256;
  static constexpr size_t kStride = kStackBytes + kPage + 320;

  static char* guard_of(char* top) {
    return reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(top) - kStride + kPage - 1) / kPage * kPage);
  }

  CUPORT_NOINLINE CUPORT_QUIET char* make() {
    if (made_ == capacity_ && !grow()) return nullptr;
    char* top = region_ + (made_ % kChunk + 1) * kStride;
    mprotect(guard_of(top), kPage, PROT_NONE);
    all_[made_++] = top;
    return top;
  }

  CUPORT_QUIET bool grow() {
    constexpr size_t all = (kChunk * kStride + 2 * kPage) / kPage * kPage;
    void* region = mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) return false;
    madvise(region, all, MADV_NOHUGEPAGE);  // a huge page would commit eight stacks at once
    const size_t bytes = (capacity_ + kChunk) * sizeof(char*);
    char** tops = static_cast<char**>(realloc(tops_, bytes));
    if (tops != nullptr) tops_ = tops;
    char** made = static_cast<char**>(realloc(all_, bytes));
    if (made != nullptr) all_ = made;
    if (tops == nullptr || made == nullptr) return false;
    region_ = static_cast<char*>(region);
    capacity_ += kChunk;
    return true;
  }

  char** tops_ = nullptr;  // free stacks
  char** all_ = nullptr;
  size_t free_ = 0, made_ = 0, capacity_ = 0;
  char* region_ = nullptr;  // the newest chunk
};

}  // namespace cuport
