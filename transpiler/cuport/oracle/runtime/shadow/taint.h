// Near ties: which CUDA threads, and which bytes they wrote, were decided by a comparison that rounding could turn.
//
// A comparison of shadow scalars within their errors, or a conversion to an integer within its error of the next one,
// taints the CUDA thread from there on. What a tainted thread stores is no evidence: shadow scalars carry the mark
// themselves, every other type is marked by address (`marks`). A tainted thread that stored nothing afterwards, or whose
// atomic or computed index may have gone to another place, leaves no mark where the port will differ; it is counted
// (`counts`), and the judge lets that many elements of a launch stay in doubt.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Not seen by the instrumentation that reports memory accesses (access.h).
#ifdef CUPORT_SHADOW_ACCESS
#define CUPORT_UNSEEN __attribute__((no_sanitize("thread"), noinline))
#else
#define CUPORT_UNSEEN
#endif

namespace cuport {
namespace taint {

enum : uint8_t {
  branch = 1,  // a comparison
  index = 2,   // a conversion to an integer
  memory = 4,  // it read an integer that a tainted thread wrote, or another lane's
};

struct Thread {
  uint8_t bits;
  uint8_t stored;   // it stored something since it was tainted
  uintptr_t place;  // of its last displaced store
};

// Of the CUDA thread that runs now; the runtime exchanges the pointer whenever it goes on with another thread (one
// OS thread runs them all).
inline Thread idle{};
inline Thread* current = &idle;

struct Counts {
  uint64_t threads;    // tainted threads
  uint64_t silent;     // of these, the ones that stored nothing afterwards
  uint64_t displaced;  // stores and atomics whose place a tie may have decided
};
inline Counts counts{};
inline bool any = false;   // in this launch; keeps the hooks cheap
inline bool bits = false;  // the kernel looked at the bits of a number that rounding had touched

CUPORT_UNSEEN inline void thread(uint8_t reason) {
  if (!current->bits) counts.threads++, counts.silent++, current->stored = 0;
  current->bits |= reason;
  any = true;
}

CUPORT_UNSEEN inline bool tainted() { return current->bits != 0; }

CUPORT_UNSEEN inline void stored() {
  if (!current->stored) counts.silent--;
  current->stored = 1;
}

// A shadow scalar is stored in several pieces: one place, one count.
CUPORT_UNSEEN inline void displaced(const void* at) {
  const uintptr_t place = reinterpret_cast<uintptr_t>(at);
  if (place - current->place >= 64) counts.displaced++;
  current->place = place;
}

// Around a loop over independent items (cuda/rewrite/items.py): a near tie ends with its item.
struct Items {
  uint8_t before;
  CUPORT_UNSEEN Items() : before(current->bits) {}
  CUPORT_UNSEEN void next() const { current->bits = before; }
};

// Before an atomic operation whose old value is not used.
inline bool old_is_unread = false;
CUPORT_UNSEEN inline void unread() { old_is_unread = true; }

// Marked bytes, by address: a hash of pages, since ties are rare and memory is large.
class Marks {
 public:
  static constexpr uintptr_t page = 4096;

  CUPORT_UNSEEN void set(const void* at, size_t bytes, bool mark) {
    uintptr_t begin = reinterpret_cast<uintptr_t>(at);
    for (uintptr_t p = begin; p < begin + bytes; p++) {
      Page* found = find(p / page, mark);
      if (!found) continue;
      uint8_t bit = static_cast<uint8_t>(1u << (p % 8));
      uint8_t& byte = found->bits[p % page / 8];
      byte = static_cast<uint8_t>(mark ? byte | bit : byte & ~bit);
    }
  }

  CUPORT_UNSEEN bool get(const void* at, size_t bytes) {
    uintptr_t begin = reinterpret_cast<uintptr_t>(at);
    for (uintptr_t p = begin; p < begin + bytes; p++) {
      Page* found = find(p / page, false);
      if (found && (found->bits[p % page / 8] >> (p % 8) & 1)) return true;
    }
    return false;
  }

  CUPORT_UNSEEN void clear() {
    for (Page*& head : table_) {
      while (head) {
        Page* next = head->next;
        free(head);
        head = next;
      }
    }
  }

 private:
  struct Page {
    uintptr_t number;
    Page* next;
    uint8_t bits[page / 8];
  };
  static constexpr size_t slots = 1 << 14;
  Page* table_[slots];

  CUPORT_UNSEEN Page* find(uintptr_t number, bool make) {
    Page*& head = table_[number * 0x9e3779b97f4a7c15ull >> 50];
    for (Page* p = head; p; p = p->next)
      if (p->number == number) return p;
    if (!make) return nullptr;
    Page* made = static_cast<Page*>(calloc(1, sizeof(Page)));
    if (!made) abort();
    made->number = number;
    made->next = head;
    return head = made;
  }
};
inline Marks marks{};

// Whether an address lies on the stack of the running thread: what a tainted thread keeps there is its own affair.
CUPORT_UNSEEN inline bool on_stack(const void* at) {
  const uintptr_t here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0)), there = reinterpret_cast<uintptr_t>(at);
  return here - there + (1 << 16) < (1 << 18) + (1 << 16) || there - here < (1 << 18);
}

// The hooks. `store`: bytes are about to be written by this thread. A clean store takes an older mark away.
CUPORT_UNSEEN inline void store(const void* at, size_t bytes) {
  if (!any || on_stack(at)) return;
  if (tainted()) {
    stored();
    if (current->bits & index) displaced(at);
  }
  marks.set(at, bytes, tainted());
}

// `load`: an integer is read. Whoever reads a tainted integer is tainted.
CUPORT_UNSEEN inline void load(const void* at, size_t bytes) {
  if (any && !on_stack(at) && marks.get(at, bytes)) thread(memory);
}

// `atomic`: an integer is read and written. Its place, and whether it happens at all, may depend on the tie.
CUPORT_UNSEEN inline void atomic(const void* at, size_t bytes) {
  const bool read = !old_is_unread;
  old_is_unread = false;
  if (!any) return;
  const bool before = tainted(), marked = marks.get(at, bytes);
  if (before) {
    stored();
    counts.displaced++;
    if (!marked) marks.set(at, bytes, true);
  }
  if (marked && read) thread(memory);
}

template <class T>
CUPORT_UNSEEN inline void on_atomic(const volatile T* at, size_t bytes) {
  if constexpr (sizeof(T) <= 8) atomic(const_cast<const T*>(at), bytes);
  else if (old_is_unread = false, any && tainted()) stored(), counts.displaced++;  // a scalar carries its own mark
}

CUPORT_UNSEEN inline void begin_thread(Thread* t) {
  *t = Thread{};
  current = t;
}

CUPORT_UNSEEN inline void begin_launch() {
  counts = Counts{};
  any = bits = false;
  idle = Thread{};
  current = &idle;
  marks.clear();
}

}  // namespace taint
}  // namespace cuport
