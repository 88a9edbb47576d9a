// Part of CUB by its usual name.
#pragma once
#include "device_merge_sort.cuh"
