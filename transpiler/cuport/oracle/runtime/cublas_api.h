// Part of cuBLAS by its usual name.
#pragma once
#include "cublas_v2.h"
