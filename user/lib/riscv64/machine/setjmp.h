/* ra, s0 to s11, sp, fs0 to fs11, in the order in which setjmp.S stores them. */
#pragma once

typedef unsigned long jmp_buf[26];
