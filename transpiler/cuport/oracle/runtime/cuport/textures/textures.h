// All of arrays, textures and surfaces: what cuda/rewrite adds to a program that names one of them.
#pragma once
#include "../runtime.h"
#include "../host/signals.h"
#include "surface.h"
#include "texture_fetch.h"
