// Part of helper_functions.h here.
#pragma once
#include "helper_functions.h"
