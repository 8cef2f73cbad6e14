/*
 * Page faults: the only way a page comes into a page table.
 */
#pragma once

#include "lib/types.h"
#include "vm/pmap.h"

struct mm;

void fault_module_init(void);

enum fault_result {
	FAULT_OK,    /* the access may be tried again */
	FAULT_MAPERR, /* no mapping: SIGSEGV, SEGV_MAPERR */
	FAULT_ACCERR, /* not allowed: SIGSEGV, SEGV_ACCERR */
	FAULT_BUS,   /* beyond the end, no space or an I/O error: SIGBUS, BUS_ADRERR */
	FAULT_OOM,   /* no memory */
};

/*
 * Serve an access (one of PROT_READ, PROT_WRITE, PROT_EXEC) to user address va of mm. May sleep; no
 * lock of rank MM or above held. Spurious faults answer FAULT_OK.
 */
enum fault_result vm_fault(struct mm *mm, ulong va, unsigned access);
