// The bodies that need both ends of fields.h. CUPORT_ENCODE and CUPORT_DECODE say which ends this build has.
#pragma once
#include "fields.h"
#ifdef CUPORT_ENCODE
#include "encode.h"
#endif
#ifdef CUPORT_SHADOW
#include "../../shadow/structs.h"
#endif
#ifdef CUPORT_DECODE
#include "decode.h"
#endif

namespace cuport {

template <class T>
void Fields::operator()(const char* name, T& member) {
#ifdef CUPORT_ENCODE
  if (encoder_ != nullptr) encoder_->field(name, member);
#endif
#ifdef CUPORT_DECODE
  if (decoder_ != nullptr) decoder_->value(const_cast<std::remove_cv_t<T>&>(member));
#endif
#ifdef CUPORT_SHADOW
  if (converter_ != nullptr) converter_->member(member);
#endif
  (void)name;
}

inline void Fields::opaque() {
#ifdef CUPORT_ENCODE
  if (encoder_ != nullptr) encoder_->opaque();
#endif
#ifdef CUPORT_DECODE
  if (decoder_ != nullptr) decoder_->opaque();
#endif
#ifdef CUPORT_SHADOW
  if (converter_ != nullptr) converter_->opaque = true;
#endif
}

// Registers a global variable under its qualified name.
template <class T>
struct RegisterGlobal {
  GlobalVariable entry;
  RegisterGlobal(const char* name, const volatile void* address)
      : entry{name, const_cast<void*>(static_cast<const volatile void*>(address)), sizeof(T), std::is_const_v<std::remove_all_extents_t<T>>, &describe, &element, global_variables} {
    global_variables = &entry;
  }
  static void describe(Text& out, bool& pointers, bool& functions) {
#ifdef CUPORT_ENCODE
    CapturedBuffers none;
    Encoder fields(out, none);
    fields.template layout<T>();
    pointers = fields.pointers(), functions = fields.functions();
#else
    (void)out, (void)pointers, (void)functions;
#endif
  }
  static const BufferKind* element() {
#ifdef CUPORT_DECODE
    return &kind_of<std::remove_cv_t<std::remove_all_extents_t<T>>>;
#else
    return nullptr;
#endif
  }
};

}  // namespace cuport
