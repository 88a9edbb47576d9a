// Walks the members of structs: `cuport_visit(Fields&)`, put into each class by cuda/rewrite, calls `v("name", member)` for
// each data member in order. What is done with them is the business of the encoder (captures) or the decoder (replays).
#pragma once
#include "describe.h"

namespace cuport {

class Encoder;
class Decoder;
class Converter;  // of the shadow build

class Fields {
 public:
  explicit Fields(Encoder* encoder) : encoder_(encoder) {}
  explicit Fields(Decoder* decoder) : decoder_(decoder) {}
  explicit Fields(Converter* converter) : converter_(converter) {}

  template <class T>
  void operator()(const char* name, T& member);  // defined in visit.h
  // A member that cannot be looked into (a bit field, a reference, an unnamed union).
  void opaque();

 private:
  Encoder* encoder_ = nullptr;
  Decoder* decoder_ = nullptr;
  Converter* converter_ = nullptr;
};

}  // namespace cuport
