/*
 * The debug calls, and the key that shows all processes: what a testing boot has and no other.
 */
#pragma once

#include "proc/trap.h"

/* The handler of a debug call (sys/debug_calls.h); NULL if there is none, or no testing boot. */
syscall_fn debug_call(ulong number);
/* Begin to listen for the key. After boot, thread context. */
void debug_start(void);
/*
 * c was typed. True if it is the key: then all processes and their mappings will be printed. Any
 * context.
 */
bool debug_key(u8 c);
