// Part of CUB by its usual name.
#pragma once
#include "block_load.cuh"
