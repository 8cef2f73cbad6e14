/*
 * This machine's system-call numbers: Linux's generic table (asm-generic/unistd.h of its user API).
 */
#pragma once

#include "proc/trap.h"

extern const syscall_fn syscall_table[]; /* NULL where there is no call of that number */
extern const unsigned syscall_count;
