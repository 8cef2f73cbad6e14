/*
 * The trap into the kernel is a function here: the sixth argument travels in %ebp, which compiled
 * code may need.
 */
#pragma once

#include <machine/sysnum.h>

long syscall6(long number, long a, long b, long c, long d, long e, long f);
