/*
 * What must never be done with kmalloc, done on purpose: see sys/misuse.h. docs/kmalloc.md shows these
 * functions with the reports that they lead to, and test/system/misuse.t compares the two.
 */
#include "sys/misuse.h"

#include "lib/errno.h"
#include "vm/kmalloc.h"
#include "vm/slab.h"

static void free_twice(char *p)
{
	kmfree(p);
	kmfree(p);
}

static void free_inside(char *p)
{
	kmfree(p + 8);
	kmfree(p);
}

static void free_foreign(char *p)
{
	char on_stack[] = "no block";

	kmfree(on_stack);
	kmfree(p);
}

static void overrun(char *p)
{
	p[40] = 'x';
	kmfree(p);
}

static void store_late(char *p)
{
	kmfree(p);
	p[3] = 'x';
	p = kmalloc(40, 0);
	kmfree(p);
}

static void overrun_quietly(char *p)
{
	p[41] = 'x';
	kmem_check();
	p[41] = (char)POISON_TAIL;
	kmfree(p);
}

static void leak(char *p UNUSED)
{
}

int misuse(int kind)
{
	static void (*const wrongs[MISUSES])(char *p) = {
		[MISUSE_DOUBLE_FREE] = free_twice,
		[MISUSE_INNER_FREE] = free_inside,
		[MISUSE_FOREIGN_FREE] = free_foreign,
		[MISUSE_OVERRUN] = overrun,
		[MISUSE_LATE_STORE] = store_late,
		[MISUSE_QUIET_OVERRUN] = overrun_quietly,
		[MISUSE_LEAK] = leak,
	};
	char *p;

	if (kind < 0 || kind >= MISUSES)
		return -EINVAL;
	p = kmalloc(40, ALLOC_WAIT);
	if (!p)
		return -ENOMEM;
	wrongs[kind](p);
	return 0;
}
