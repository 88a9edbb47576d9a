// The driver API's header: what every program gets, and the calls of the driver.
#pragma once
#include "cuport/runtime.h"
#ifndef CUPORT_UNIT
#include "cuport/host/driver.h"
#endif
