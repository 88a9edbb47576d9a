// The shadow build of a unit: the user's device code with shadow scalars in place of its floating types.
//
// A unit is compiled with -DCUPORT_SHADOW, so that the runtime calls the hooks of shadow/hooks.h, and with
// -DCUPORT_SHADOW_ACCESS -fsanitize=thread where stores of tainted threads are to be followed (shadow/access.h). Its text
// includes, in this order: the runtime, whatever headers the user wants, this file, shadow/names.h, the device code.
#pragma once
#include "shadow/io.h"
#include "shadow/spellings.h"
#ifdef CUPORT_SHADOW_ACCESS
#include "shadow/access.h"
#endif
