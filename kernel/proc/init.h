/*
 * The beginning and the end of the system's run: process 1, and power-off.
 */
#pragma once

#include "lib/types.h"

/* Create process 1, which does the rest: root file system, then the first program or the job. */
void init_start(void);
/*
 * End all processes but the caller and process 1, put everything on the disk, and switch the machine off or start it again. Thread context of a
 * process.
 */
void system_shutdown(bool restart) NORETURN;
