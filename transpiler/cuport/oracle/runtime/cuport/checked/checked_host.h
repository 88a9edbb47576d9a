// What the host API tells the checked build: which buffers there are, and what of them the host has written.
#pragma once
#include "checked_launch.h"

#define CUPORT_HOST_ALLOCATED(base, bytes, known) ::cuport::checked::host_allocated(base, bytes, known)
#define CUPORT_HOST_FREED(base, bytes) ::cuport::checked::remove_buffer(base, bytes)
#define CUPORT_HOST_WROTE(at, bytes) ::cuport::checked::host_wrote(at, bytes)
#define CUPORT_HOST_COPIED(to, from, bytes) ::cuport::checked::on_copy(to, from, bytes, nullptr)

namespace cuport {
namespace checked {

// `known`: its contents are defined (memory that the host sees too is zero at first).
CUPORT_UNCHECKED inline void host_allocated(const char* base, size_t bytes, bool known) {
  open_device();
  mark(state.device, base, bytes, true, known);
}
CUPORT_UNCHECKED inline void host_wrote(const void* at, size_t bytes) {
  if (!on_device) mark_written(state.device, at, bytes, true);
}

}  // namespace checked
}  // namespace cuport
