/*
 * What main.c asks of the machine, in this order, and what it supplies to it.
 *
 * boot.S calls kernel_main() on the boot CPU, on a boot stack, interrupts off, under an early map
 * (everything readable, writable and executable). current_thread() is then a zeroed static struct
 * thread of that CPU with cpu, kstack and name set, and cpus[0].id, .hwid and .current are right;
 * sched_start() makes it the CPU's idle thread. The other CPUs come the same way, with their own
 * such threads.
 */
#pragma once

#include "lib/types.h"

void kernel_main(void) NORETURN; /* main.c */

/*
 * Reads the machine's description, tells vm/ram.h of memory; from here on the log works (polled).
 */
void machine_early_init(void);
/* The words after the kernel's name on the command line; constant for good. */
extern const char *boot_cmdline;

/*
 * Random bytes that the firmware hands over ("rng-seed" of /chosen), and how many; NULL if there
 * are none.
 */
const void *machine_entropy(u32 *len);

/*
 * After pmap_boot, kmem_init, kva_init, sched_init: interrupt controller, serial port, disks,
 * clock.
 */
void machine_init_devices(void);
/*
 * Start the other CPUs: each calls sched_start(). Returns when all that will come run; cpu_count
 * is then final.
 */
void machine_start_cpus(void);

/*
 * Interrupt another CPU; the handler does nothing, so it returns from idle or goes through
 * trap_return_to_user. Any context.
 */
void machine_kick_cpu(unsigned cpu);
/* Panic: the other CPUs stop for good. Any context. */
void machine_stop_other_cpus(void);

/* Early or last resort output, without locks or interrupts. */
void machine_early_putc(char c);
