/*
 * What a process has beside its memory, as the memory system sees it: open files, which mappings
 * hold, and limits.
 */
#include <stdlib.h>

#include "lib/printf.h"
#include "machine/host.h"
#include "vm/obj.h"
#include "vm/vma.h"

/* How far each limit lies below having none. */
static ulong limits_below[LIMIT_LOCKED + 1];

void host_set_limit(enum limit which, ulong bytes)
{
	limits_below[which] = ~0ul - bytes;
}

ulong limit_bytes(enum limit which)
{
	return ~0ul - limits_below[which];
}

struct file {
	u32 refs;
	struct obj *obj;
};

struct file *host_file_new(struct obj *obj)
{
	struct file *f = malloc(sizeof(*f));

	ASSERT(f);
	f->refs = 0;
	f->obj = obj;
	return f;
}

unsigned host_file_refs(const struct file *f)
{
	return f->refs;
}

void host_file_free(struct file *f)
{
	ASSERT(f->refs == 0);
	free(f);
}

void file_hold(struct file *f)
{
	__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
}

void file_drop(struct file *f)
{
	ASSERT(__atomic_fetch_sub(&f->refs, 1, __ATOMIC_ACQ_REL) > 0);
}

int file_sync_mapped(struct file *f)
{
	return obj_sync(f->obj, 0, RADIX_NONE);
}

int file_zero_mapped(struct file *f, ulong first, ulong end)
{
	return obj_zero(f->obj, first, end);
}
