// cuRAND's device interface: XORWOW, Philox, MRG32k3a, Sobol sequences. What equals NVIDIA's numbers bit for bit, and
// what does not, is said in curand/engines.h and curand/distributions.h.
#pragma once
#include "curand/distributions.h"
#include "curand/sobol.h"
