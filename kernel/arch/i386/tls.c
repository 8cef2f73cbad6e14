/*
 * Thread-local storage: the segment descriptors that programs may define, set_thread_area(2).
 *
 * A thread has its own (struct user_state) and the CPU it runs on has them in its GDT. What may be
 * in one is what Linux allows: an empty descriptor, or a present, 32-bit data segment of privilege
 * level 3. Its base and limit may be any: pages decide what a program can reach.
 */
#include "abi.h"
#include "arch.h"
#include "arch/context.h"
#include "arch/trap.h"
#include "lib/errno.h"
#include "proc/thread.h"
#include "vm/uaccess.h"

/* struct user_desc of Linux's user API (arch/x86 asm/ldt.h). */
struct user_desc {
	s32 entry;
	u32 base, limit;
	u32 bits;
};
#define DESC_32BIT 0x01u
#define DESC_CONTENTS 0x06u /* 0 data, 2 data that grows down, others code */
#define DESC_GROWS_DOWN 0x02u
#define DESC_READ_ONLY 0x08u
#define DESC_LIMIT_IN_PAGES 0x10u
#define DESC_NOT_PRESENT 0x20u
#define DESC_USEABLE 0x40u
#define DESC_KNOWN 0x7fu
#define ENTRY_ANY (-1)

/* The upper word of a descriptor (Intel SDM volume 3, "Segment Descriptors"). */
#define SEG_BASE_HIGH 0xff000000u
#define SEG_BASE_MIDDLE 0x000000ffu
#define SEG_PAGES (1u << 23)
#define SEG_32BIT (1u << 22)
#define SEG_AVAILABLE (1u << 20)
#define SEG_LIMIT_HIGH 0x000f0000u
#define SEG_PRESENT (1u << 15)
#define SEG_USER (3u << 13)
#define SEG_CODE_OR_DATA (1u << 12)
#define SEG_GROWS_DOWN (1u << 10)
#define SEG_WRITABLE (1u << 9)
#define SEG_ACCESSED (1u << 8)

/* All zero, or what Linux calls empty: both say that the entry is to be cleared. */
static bool desc_is_empty(const struct user_desc *d)
{
	u32 bits = d->bits & DESC_KNOWN;

	return !d->base && !d->limit && (!bits || bits == (DESC_READ_ONLY | DESC_NOT_PRESENT));
}

static bool desc_allowed(const struct user_desc *d)
{
	if (desc_is_empty(d))
		return true;
	return (d->bits & DESC_32BIT) && (d->bits & DESC_CONTENTS) <= DESC_GROWS_DOWN &&
		!(d->bits & DESC_NOT_PRESENT);
}

static u64 desc_encode(const struct user_desc *d)
{
	u32 low = d->base << 16 | (d->limit & 0xffff);
	u32 high = (d->base & SEG_BASE_HIGH) | (d->base >> 16 & SEG_BASE_MIDDLE) |
		(d->limit & SEG_LIMIT_HIGH) | SEG_PRESENT | SEG_USER | SEG_CODE_OR_DATA |
		SEG_ACCESSED;

	if (desc_is_empty(d))
		return 0;
	if (d->bits & DESC_32BIT)
		high |= SEG_32BIT;
	if (d->bits & DESC_GROWS_DOWN)
		high |= SEG_GROWS_DOWN;
	if (!(d->bits & DESC_READ_ONLY))
		high |= SEG_WRITABLE;
	if (d->bits & DESC_LIMIT_IN_PAGES)
		high |= SEG_PAGES;
	if (d->bits & DESC_USEABLE)
		high |= SEG_AVAILABLE;
	return (u64)high << 32 | low;
}

static void desc_decode(struct user_desc *d, u64 descriptor)
{
	u32 low = (u32)descriptor, high = (u32)(descriptor >> 32);

	d->base = low >> 16 | (high & SEG_BASE_MIDDLE) << 16 | (high & SEG_BASE_HIGH);
	d->limit = (low & 0xffff) | (high & SEG_LIMIT_HIGH);
	d->bits = (high & SEG_32BIT ? DESC_32BIT : 0) |
		(high & SEG_GROWS_DOWN ? DESC_GROWS_DOWN : 0) |
		(high & SEG_WRITABLE ? 0 : DESC_READ_ONLY) |
		(high & SEG_PAGES ? DESC_LIMIT_IN_PAGES : 0) |
		(high & SEG_PRESENT ? 0 : DESC_NOT_PRESENT) |
		(high & SEG_AVAILABLE ? DESC_USEABLE : 0);
}

static bool entry_valid(s32 entry)
{
	return entry >= GDT_TLS && entry < GDT_TLS + GDT_TLS_ENTRIES;
}

/* The number of an entry that is empty, or -ESRCH. */
static int free_entry(const struct user_state *u)
{
	for (int i = 0; i < GDT_TLS_ENTRIES; i++)
		if (!u->tls[i])
			return GDT_TLS + i;
	return -ESRCH;
}

/*
 * The CPU looks at a descriptor when its selector is loaded: DS, ES and FS are on the way back to
 * the program, GS is not.
 */
static void reload(const struct user_state *u)
{
	ulong flags = intr_save();
	u32 gs;

	tls_load(u);
	__asm__ volatile("movl %%gs, %0" : "=r"(gs));
	gs_load(gs & 0xffff);
	intr_restore(flags);
}

SYSCALL(set_thread_area)
{
	struct user_state *u = &current_thread()->user;
	struct user_desc d;

	if (COPYIN(&d, args[0]))
		return -EFAULT;
	if (!desc_allowed(&d))
		return -EINVAL;
	if (d.entry == ENTRY_ANY) {
		d.entry = free_entry(u);
		if (d.entry < 0)
			return d.entry;
		if (COPYOUT(args[0] + offsetof(struct user_desc, entry), &d.entry))
			return -EFAULT;
	}
	if (!entry_valid(d.entry))
		return -EINVAL;
	u->tls[d.entry - GDT_TLS] = desc_encode(&d);
	reload(u);
	return 0;
}

SYSCALL(get_thread_area)
{
	struct user_desc d;

	if (COPYIN(&d.entry, args[0] + offsetof(struct user_desc, entry)))
		return -EFAULT;
	if (!entry_valid(d.entry))
		return -EINVAL;
	desc_decode(&d, current_thread()->user.tls[d.entry - GDT_TLS]);
	return COPYOUT(args[0], &d);
}

/* The entry is one that the parent's GS selects already: none is searched for. */
int tls_set_for_child(struct thread *child, struct trapframe *tf UNUSED, ulong user_desc)
{
	struct user_desc d;

	if (COPYIN(&d, user_desc))
		return -EFAULT;
	if (!desc_allowed(&d) || !entry_valid(d.entry))
		return -EINVAL;
	child->user.tls[d.entry - GDT_TLS] = desc_encode(&d);
	return 0;
}
