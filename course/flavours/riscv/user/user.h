/* The functions of programs for xv6 on RISC-V; docs/xv6.md says what each does here. */
#include "calls.h"

int exit(int status) __attribute__((noreturn));
int wait(int *status);
void printf(const char *format, ...);
