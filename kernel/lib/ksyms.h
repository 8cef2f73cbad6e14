/*
 * Names for kernel addresses. The table is made from the linked kernel by tools/ksyms and lies in
 * section .ksyms.
 */
#pragma once

#include "lib/types.h"

/* The name of the function that holds addr and the offset into it; NULL if there is none. */
const char *ksym_lookup(ulong addr, ulong *offset);
