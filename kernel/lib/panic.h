/*
 * What the log and a panic need of the machine.
 */
#pragma once

#include "lib/types.h"

struct trapframe;

/* Call fn for the return addresses of the calling (tf NULL) or the interrupted function and its callers, innermost first. Safe on a broken stack. */
void machine_backtrace(struct trapframe *tf, void (*fn)(ulong addr));
/* Print all registers in tf with log_warn. */
void machine_print_registers(const struct trapframe *tf);
/* Halt every other CPU, whatever it does. */
void machine_stop_other_cpus(void);

/* A panic over a trap in the kernel: shows the registers and the backtrace of tf. */
void panic_trap(struct trapframe *tf, const char *format, ...) PRINTF_LIKE(2, 3) NORETURN;
