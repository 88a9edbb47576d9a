// Part of CUB by its usual name.
#pragma once
#include "warp_exchange.cuh"
