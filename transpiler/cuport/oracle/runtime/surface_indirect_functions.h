// Arrays, textures and surfaces under one of their usual names.
#pragma once
#include "cuport/textures/textures.h"
