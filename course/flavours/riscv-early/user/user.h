/* The functions of the first programs for xv6 on RISC-V: those of riscv, but for these. */
#include "../../riscv/user/calls.h"

int exit(void) __attribute__((noreturn));
int wait(void);
void printf(int fd, const char *format, ...);
