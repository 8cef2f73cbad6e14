/*
 * Structures of system calls that Linux lays out differently from machine to machine.
 */
#pragma once

#include "lib/types.h"
#include "proc/signal.h"

/*
 * struct sigaction of the generic table: no sa_restorer, handlers return through the kernel's own
 * code.
 */
struct abi_sigaction {
	ulong handler, flags;
	u64 mask;
};

static inline void abi_sigaction_get(struct ksigaction *k, const struct abi_sigaction *u)
{
	*k = (struct ksigaction){ .handler = u->handler, .flags = u->flags, .mask = u->mask };
}

static inline void abi_sigaction_put(struct abi_sigaction *u, const struct ksigaction *k)
{
	*u = (struct abi_sigaction){ .handler = k->handler, .flags = k->flags, .mask = k->mask };
}
