// Part of cuRAND by its usual name.
#pragma once
#include "curand_kernel.h"
