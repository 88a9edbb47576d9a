// Part of what every CUDA program gets; here under its usual name.
#pragma once
#include "cuport/runtime.h"
