/*
 * A disk in memory.
 */
#pragma once

#include "lib/types.h"

/*
 * Register a disk (ram0, ram1 ... in the order of the calls) whose contents are the `bytes` of RAM
 * at `start`. They are the disk's for good: reserved memory, which the direct map covers. Bytes
 * behind the last whole sector are left alone. Boot only. A range that is no such memory or too
 * small becomes no disk, but a log line.
 */
void ramdisk_register(paddr_t start, u64 bytes);
