/*
 * The beginning and the end of the system's run.
 */
#pragma once

#include "lib/types.h"

enum system_end {
	END_NOT = 0,
	END_POWER_OFF,
	END_RESTART,
};

/* Boot: start the thread that mounts the root file system and runs process 1. */
void init_start(void);
/*
 * Let the system end: all processes are killed, the disk is written, the machine goes off or starts
 * again. Returns at once.
 */
void system_end(enum system_end kind);
/* True from then on: process 1 may be killed, orphans are process 0's. */
extern bool system_ending;
