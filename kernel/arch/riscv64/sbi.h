/*
 * Calls to the firmware: RISC-V Supervisor Binary Interface Specification 1.0, chapter and
 * function named at each.
 */
#pragma once

#include "lib/types.h"

struct sbi_result {
	long error; /* 0 or an SBI_ERR_ code, negative */
	long value;
};

void sbi_init(void);				/* finds out what the firmware offers */
void sbi_console_putchar(u8 c);			/* 5.2, legacy */
void sbi_set_timer(u64 time);			/* 6.1: interrupt when the counter reads this */
void sbi_send_ipi(ulong hart);			/* 7.1 */
/* The hart masks of 8: bit i is hart base + i. */
void sbi_remote_fence_i(ulong mask, ulong base);
void sbi_remote_sfence_vma(ulong mask, ulong base, ulong start, ulong size);
long sbi_hart_start(ulong hart, paddr_t entry, ulong arg); /* 9.1 */
/* 10.1; return only if the firmware cannot. */
void sbi_shutdown(void);
void sbi_reboot(void);
