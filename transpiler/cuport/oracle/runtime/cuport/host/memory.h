// Device memory: one reserved range of addresses from which every allocation is cut, and the list of what lives there.
//
// Fresh memory holds a pattern that is a NaN in every floating type and that nobody writes by chance, so that captures
// and the checked build can tell what was never written.
#pragma once
#include <sys/mman.h>
#include "../numbers/vectors.h"

namespace cuport {

constexpr uint16_t kPoison = 0x7FF7;  // repeated: NaN as half, bfloat16, float and double
constexpr size_t kArenaBytes = size_t{1} << 36;
#ifdef CUPORT_CHECKED
constexpr size_t kNewAddresses = size_t{512} << 20;  // bytes of the arena that are used up before freed ones are used again
constexpr size_t kGuardBytes = 64 << 10;  // wide, so that a wild index does not land in a neighbour
#else
constexpr size_t kGuardBytes = 512;  // between allocations, whose bases are aligned to as much
#endif

enum class MemoryUse : unsigned char { device, host, managed };
struct Allocation {
  char* base;
  size_t bytes;
  MemoryUse use = MemoryUse::device;
};

class DeviceMemory {
 public:
  // nullptr when there is no room. `bytes` 0 gives nullptr as cudaMalloc does.
  CUPORT_OUTLINED(, char*, allocate, (size_t bytes)) {
    if (bytes == 0 || !open()) return nullptr;
    if (bytes > limit() - used_) return nullptr;
    const size_t need = (bytes + kGuardBytes - 1) / kGuardBytes * kGuardBytes + kGuardBytes;
    char* at = arena_ + kGuardBytes;
    size_t i = 0;
    // First fit: the list is sorted and short.
#ifdef CUPORT_CHECKED
    // Addresses are used again late, so that what still points to freed memory is found out.
    if (next_ < arena_ + kNewAddresses && next_ > at) at = next_;
    while (i < count_ && list_[i].base < at) ++i;
#endif
    for (; i < count_; ++i) {
      if (static_cast<size_t>(list_[i].base - at) >= need && list_[i].base >= at) break;
      at = list_[i].base + (list_[i].bytes + kGuardBytes - 1) / kGuardBytes * kGuardBytes + kGuardBytes;
    }
    if (at + need > arena_ + kArenaBytes || !commit(at + need)) return nullptr;
    if (count_ == capacity_) {
      const size_t more = capacity_ == 0 ? 64 : capacity_ * 2;
      auto* list = static_cast<Allocation*>(realloc(list_, more * sizeof(Allocation)));
      if (list == nullptr) return nullptr;
      list_ = list, capacity_ = more;
    }
    memmove(list_ + i + 1, list_ + i, (count_ - i) * sizeof(Allocation));
    list_[i] = Allocation{at, bytes};
    ++count_;
    used_ += bytes;
    next_ = at + need;
    poison(at, bytes);
    return at;
  }

  bool release(void* pointer) {
    Allocation* a = find(pointer);
    if (a == nullptr || a->base != pointer) return false;
    used_ -= a->bytes;
    const size_t i = static_cast<size_t>(a - list_);
    const uintptr_t first = (reinterpret_cast<uintptr_t>(a->base) + 4095) & ~uintptr_t{4095};
    const uintptr_t last = (reinterpret_cast<uintptr_t>(a->base) + a->bytes) & ~uintptr_t{4095};
    if (last > first + (1 << 20)) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
    memmove(list_ + i, list_ + i + 1, (count_ - i - 1) * sizeof(Allocation));
    --count_;
    return true;
  }

  void release_all() { count_ = 0, used_ = 0; }

  // The allocation that holds this address; the one just past its end belongs to it too.
  Allocation* find(const void* pointer) {
    const char* p = static_cast<const char*>(pointer);
    size_t low = 0, high = count_;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (list_[middle].base <= p) low = middle + 1; else high = middle;
    }
    if (low == 0) return nullptr;
    Allocation& a = list_[low - 1];
    return static_cast<size_t>(p - a.base) <= a.bytes ? &a : nullptr;
  }

  bool contains(const void* p) const {
    return arena_ != nullptr && static_cast<const char*>(p) >= arena_ && static_cast<const char*>(p) < arena_ + kArenaBytes;
  }
  char* arena() const { return arena_; }
  char* committed() const { return committed_; }
  size_t count() const { return count_; }
  const Allocation& operator[](size_t i) const { return list_[i]; }
  size_t used() const { return used_; }
  static constexpr size_t limit() { return size_t{16} << 30; }

  bool open() {
    if (arena_ != nullptr) return true;
    void* at = mmap(nullptr, kArenaBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return false;
    arena_ = committed_ = static_cast<char*>(at);
    return true;
  }

  CUPORT_QUIET static void poison(void* at, size_t bytes) {
    auto* words = static_cast<uint16_t*>(at);
    for (size_t i = 0; i < bytes / 2; ++i) words[i] = kPoison;
    if (bytes % 2 != 0) static_cast<unsigned char*>(at)[bytes - 1] = kPoison & 0xFF;
  }

 private:
  bool commit(char* end) {
    if (end <= committed_) return true;
    constexpr size_t step = size_t{1} << 20;
    const size_t bytes = (static_cast<size_t>(end - committed_) + step - 1) / step * step;
    if (mprotect(committed_, bytes, PROT_READ | PROT_WRITE) != 0) return false;
    committed_ += bytes;
    return true;
  }

  char* arena_ = nullptr;
  char* committed_ = nullptr;
  char* next_ = nullptr;  // just past the newest allocation
  Allocation* list_ = nullptr;  // sorted by base
  size_t count_ = 0, capacity_ = 0, used_ = 0;
};
inline DeviceMemory device_memory;

// Names of buffers, for messages.
struct BufferName {
  const char* base;
  const char* name;
};
inline BufferName buffer_names[256];
inline int buffer_name_count = 0;
inline void name_buffer(const char* base, const char* name) {
  if (buffer_name_count < 256) buffer_names[buffer_name_count++] = BufferName{base, name};
}
inline const char* buffer_name(const char* base) {
  for (int i = 0; i < buffer_name_count; ++i) {
    if (buffer_names[i].base == base) return buffer_names[i].name;
  }
  return "a buffer";
}

}  // namespace cuport
