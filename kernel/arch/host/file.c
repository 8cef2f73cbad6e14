/*
 * Open files as the memory system sees them: something that mappings hold.
 */
#include <stdlib.h>

#include "lib/printf.h"
#include "machine/host.h"
#include "vm/obj.h"
#include "vm/vma.h"

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
