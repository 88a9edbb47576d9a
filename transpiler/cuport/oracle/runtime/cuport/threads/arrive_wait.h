// Barriers that are a 64-bit word in shared memory: __mbarrier_t, and mbarrier of PTX.
//
// The word holds, from the lowest bit: threads still to come (20), threads of the next phase (20), bytes still to come
// (20), and the phase's number (4). A phase ends when neither threads nor bytes are to come.
#pragma once
#include "barrier.h"

namespace cuport {

struct ArriveWait {
  uint64_t word;

  static constexpr uint64_t mask = 0xFFFFF;
  static constexpr uint64_t pending(uint64_t w) { return w & mask; }
  static constexpr uint64_t expected(uint64_t w) { return w >> 20 & mask; }
  static constexpr uint64_t bytes(uint64_t w) { return w >> 40 & mask; }
  static constexpr uint64_t phase(uint64_t w) { return w >> 60; }
  static constexpr uint64_t pack(uint64_t pending, uint64_t expected, uint64_t bytes, uint64_t phase) {
    return (phase & 15) << 60 | (bytes & mask) << 40 | (expected & mask) << 20 | (pending & mask);
  }

  CUPORT_QUIET void open(uint32_t count) { word = pack(count, count, 0, 0); }
  CUPORT_QUIET void close() { word = 0; }
  // `comes` threads arrive, `leaves` of them for good; `more` bytes are expected, or fewer. The word as it was.
  CUPORT_QUIET uint64_t change(uint32_t comes, uint32_t leaves, int64_t more) {
    CUPORT_ARRIVE(&word);
    const uint64_t now = word, left = pending(now) - comes, next = expected(now) - leaves, due = bytes(now) + static_cast<uint64_t>(more);
    word = (left & mask) == 0 && (due & mask) == 0 ? pack(next, next, 0, phase(now) + 1) : pack(left, next, due, phase(now));
    return now;
  }
  // Asked in a loop: whoever has not come yet must get its turn.
  CUPORT_QUIET bool over(bool done) {
    if (done) {
      CUPORT_AWAITED(&word);
      return true;
    }
    lost_race();
    return false;
  }
  CUPORT_QUIET bool passed(uint64_t token) { return over(phase(word) != phase(token)); }
  CUPORT_QUIET bool passed_parity(uint32_t parity) { return over((phase(word) & 1) != (parity & 1)); }
};

}  // namespace cuport
