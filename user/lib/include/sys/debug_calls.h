/* The debug calls of a testing boot, by number, for syscall(2). */
#include "../../../../kernel/sys/debug_calls.h"
