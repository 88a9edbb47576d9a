// Part of the driver API.
#pragma once
#include "cuda.h"
