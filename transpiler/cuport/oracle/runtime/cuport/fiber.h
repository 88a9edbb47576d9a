// Switching stacks. A fiber belongs to one OS thread for ever.
//
// A switch saves the callee-saved registers and resumes with a jump: a `ret` would mispredict, since the return stack
// of the processor remembers another caller. Floating-point control words are not saved; nothing here changes them.
#pragma once
#include <sys/mman.h>
#include "config.h"
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

__attribute__((naked, noinline)) inline void switch_stack(void** /*save*/, void* /*to*/) {
  asm volatile(
      "pushq %rbp\n\tpushq %rbx\n\tpushq %r12\n\tpushq %r13\n\tpushq %r14\n\tpushq %r15\n\t"
      "movq %rsp, (%rdi)\n\t"
      "movq %rsi, %rsp\n\t"
      "popq %r15\n\tpopq %r14\n\tpopq %r13\n\tpopq %r12\n\tpopq %rbx\n\tpopq %rbp\n\t"
      "popq %rcx\n\tjmp *%rcx");
}

// The saved state of a fiber that will begin in `entry`. On entry rsp % 16 must be 8, as after a call.
inline void* prepare_stack(char* top, void (*entry)()) {
  void** sp = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(top) & ~uintptr_t{15}) - 1;
  *sp = nullptr;  // the return address `entry` never uses
  *--sp = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; ++i) *--sp = nullptr;
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
class StackPool {
 public:
  // The top of a free stack; nullptr when the system gives no more memory.
  char* take() {
    if (free_ != 0) return tops_[--free_];
    if (made_ == capacity_ && !grow()) return nullptr;
    char* base = region_ + (made_ % kChunk) * kStackBytes;
    mprotect(base, kPage, PROT_NONE);
    // A distinct offset for each stack: equal low address bits would put all frames into the same cache sets.
    char* top = base + kStackBytes - (made_ * 320) % kPage;
    all_[made_++] = top;
    return top;
  }
  void give(char* top) { tops_[free_++] = top; }

  // Takes every stack back: the threads on them will never go on.
  void reset() {
    for (size_t i = 0; i < made_; ++i) tops_[i] = all_[made_ - 1 - i];
    free_ = made_;
  }

  // Whether this address lies in the guard page of some stack.
  bool overflowed(const void* address) const {
    const char* p = static_cast<const char*>(address);
    for (size_t i = 0; i < made_; ++i) {
      const uintptr_t base = (reinterpret_cast<uintptr_t>(all_[i]) - 1) / kPage * kPage + kPage - kStackBytes;
      if (reinterpret_cast<uintptr_t>(p) - base < kPage) return true;
    }
    return false;
  }

 private:
  static constexpr size_t kChunk = 1024;

  bool grow() {
    void* region = mmap(nullptr, kChunk * kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) return false;
    madvise(region, kChunk * kStackBytes, MADV_NOHUGEPAGE);  // a huge page would commit eight stacks at once
    const size_t bytes = (capacity_ + kChunk) * sizeof(char*);
    char** tops = static_cast<char**>(realloc(tops_, bytes));
    if (tops != nullptr) tops_ = tops;
    char** all = static_cast<char**>(realloc(all_, bytes));
    if (all != nullptr) all_ = all;
    if (tops == nullptr || all == nullptr) return false;
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
