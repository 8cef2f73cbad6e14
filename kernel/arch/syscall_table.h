/*
 * The machine's system-call numbers: those of Linux.
 */
#pragma once

#include "proc/trap.h"

extern const syscall_fn syscall_table[]; /* NULL where there is no call of that number */
extern const unsigned syscall_count;
