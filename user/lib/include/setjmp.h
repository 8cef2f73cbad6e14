/* Non-local jumps. The signal mask is not saved. */
#pragma once

#include <machine/setjmp.h>

int setjmp(jmp_buf env) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf env, int value);
