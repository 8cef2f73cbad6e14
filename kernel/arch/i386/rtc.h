/*
 * The real-time clock of a PC, in the battery-backed CMOS memory (Motorola MC146818 data sheet).
 */
#pragma once

#include "lib/types.h"

/*
 * The time of the clock whose registers `read` returns: seconds since 1970, taking the clock's time
 * for UTC. False if there is no clock, it does not come to rest, or its time is none.
 */
bool rtc_read(u8 (*read)(u8 reg), u64 *seconds);
