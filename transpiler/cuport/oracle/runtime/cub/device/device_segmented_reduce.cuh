// Part of CUB by its usual name.
#pragma once
#include "device_reduce.cuh"
