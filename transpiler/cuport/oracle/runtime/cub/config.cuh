// Part of CUB by its usual name.
#pragma once
#include "util_macro.cuh"
#include "version.cuh"
