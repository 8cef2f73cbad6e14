/* %ebx, %esi, %edi, %ebp, %esp, %eip, in the order in which setjmp.S stores them. */
#pragma once

typedef unsigned long jmp_buf[6];
