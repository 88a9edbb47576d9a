// Part of CUB by its usual name.
#pragma once
#include "device_radix_sort.cuh"
