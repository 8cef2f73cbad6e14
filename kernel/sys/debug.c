/*
 * The debug calls of a testing boot: kmalloc and kmfree for programs, dumps on the console, a check of
 * everything, and misuse on purpose.
 *
 * Blocks that programs get belong to the one place in this file that allocates them, whoever asked.
 * Invariant: only sys_debug_kmfree frees a block of that place, one caller at a time (freeing), so
 * what kmem_owner says of such a block holds until it is freed.
 */
#include "sys/debug.h"

#include "dev/console.h"
#include "fs/file.h"
#include "fs/procfs.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "proc/proc.h"
#include "sys/debug_calls.h"
#include "sys/misuse.h"
#include "sys/syscalls.h"
#include "proc/timer.h"
#include "vm/check.h"
#include "vm/figures.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/page.h"
#include "vm/vma.h"

#define KEY 0x10 /* Ctrl-P */

static struct mutex freeing; /* RANK_NONE: nothing but kmfree happens under it */
static const struct alloc_site *program_blocks; /* (a) the place; NULL before the first block */

/* --- kmalloc and kmfree --- */

static SYSCALL(debug_kmalloc)
{
	int n = (int)args[0];
	void *p = n > 0 ? kmalloc((size_t)n, ALLOC_WAIT) : NULL;

	if (p)
		__atomic_store_n(&program_blocks, kmem_owner(p), __ATOMIC_RELAXED);
	return trap_value((ulong)p);
}

static SYSCALL(debug_kmfree)
{
	void *p = (void *)args[0];
	const struct alloc_site *owner;
	bool ours;

	if (!p)
		return 0;
	mutex_lock(&freeing);
	owner = kmem_owner(p);
	ours = owner && owner == __atomic_load_n(&program_blocks, __ATOMIC_RELAXED);
	if (owner && !ours)
		log_warn("invalid free of %p by process %d: a live block of the kernel's; "
			 "allocated by %s:%d",
			p, current_proc()->pid, owner->at.file, owner->at.line);
	else if (ours)
		kmfree(p);
	else
		/* Not kmfree: it may become a block of the kernel's at this moment. */
		report_bad_free(p, FREE_SITE);
	mutex_unlock(&freeing);
	return ours ? 0 : -EINVAL;
}

/* --- dumps --- */

/*
 * All of a text, record by record, on the console, as fast as that takes it. 0 or -errno: no memory,
 * or the process is killed meanwhile.
 */
static int print_text(seq_maker *make, void *subject)
{
	struct seq s = {0};
	u64 cookie = 0;
	int more;

	do {
		s.len = 0;
		more = make(&s, subject, &cookie);
		if (s.no_memory)
			more = -ENOMEM;
		console_write(s.buf, s.len);
		if (console_drain(WAIT_KILLABLE))
			more = -EINTR;
	} while (more > 0);
	kmfree(s.buf);
	return more;
}

static void put_mapping(struct seq *s, const struct vma_info *v)
{
	struct kstat st = {.ino = v->ino};
	size_t start = s->len;

	if (v->file)
		file_stat(v->file, &st);
	seq_print(s, "  %08lx", v->start);
	seq_pad(s, start, 20);
	seq_print(s, "%10lx  %c%c%c  %-7s  ", v->end - v->start, v->prot & PROT_READ ? 'r' : '-',
		v->prot & PROT_WRITE ? 'w' : '-', v->prot & PROT_EXEC ? 'x' : '-',
		v->flags & VMA_SHARED ? "shared" : "private");
	if (v->file)
		seq_print(s, "file   inode %-8llu offset %llx\n", (unsigned long long)st.ino,
			(unsigned long long)v->offset);
	else
		seq_print(s, "anon   %s\n",
			v->heap                       ? "heap"
				: v->flags & VMA_STACK ? "stack"
				: v->flags & VMA_SIGPAGE ? "signal return"
							 : "");
}

/* A heading, then a mapping at a time. The cookie is where the next may begin, plus one. */
static int make_mappings(struct seq *s, void *subject, u64 *cookie)
{
	struct proc *p = subject;
	struct mm *mm = proc_get_mm(p);
	struct vma_info v;
	bool more;

	if (*cookie == 0) {
		seq_print(s, "process %d (%s)%s\n", p->pid, p->name, mm ? "" : ": ended");
		if (mm)
			seq_print(s, "  start                 length  prot  kind     of\n");
		*cookie = 1;
	}
	if (!mm)
		return 0;
	more = *cookie - 1 < USER_TOP && mm_describe(mm, (ulong)(*cookie - 1), false, &v);
	if (more) {
		put_mapping(s, &v);
		*cookie = (u64)v.end + 1;
		if (v.file)
			file_drop(v.file);
	}
	mm_put(mm);
	return more;
}

static SYSCALL(debug_dump_maps)
{
	(void)args;
	return print_text(make_mappings, current_proc());
}

static SYSCALL(debug_dump_kmalloc)
{
	int err = print_text(make_buddyinfo, NULL);

	(void)args;
	if (!err)
		err = print_text(make_slabinfo, NULL);
	return err ? err : print_text(make_kmalloc, NULL);
}

static SYSCALL(debug_misuse)
{
	return misuse((int)args[0]);
}

/* --- the check --- */

#define CHECK_TRIES 100u /* of figures that other CPUs change meanwhile */
#define CHECK_PAUSE_NS 10000000ull

/* 0 or -EAGAIN. */
static int check_pages(void)
{
	for (unsigned i = 0; i < CHECK_TRIES; i++) {
		if (page_check())
			return 0;
		timer_sleep(clock_now() + CHECK_PAUSE_NS);
	}
	return -EAGAIN;
}

static SYSCALL(debug_check)
{
	struct proc *p;
	struct mm *mm;
	int err;

	(void)args;
	for (int pid = 1; (p = proc_next(pid)); proc_put(p)) {
		pid = p->pid + 1;
		if ((mm = proc_get_mm(p))) {
			mm_check(mm);
			mm_put(mm);
		}
	}
	err = check_pages();
	return err ? err : (long)kmem_check();
}

syscall_fn debug_call(ulong number)
{
	if (!ktest)
		return NULL;
	switch (number) {
	case DEBUG_CALL_KMALLOC: return sys_debug_kmalloc;
	case DEBUG_CALL_KMFREE: return sys_debug_kmfree;
	case DEBUG_CALL_DUMP_MAPS: return sys_debug_dump_maps;
	case DEBUG_CALL_DUMP_KMALLOC: return sys_debug_dump_kmalloc;
	case DEBUG_CALL_CHECK: return sys_debug_check;
	case DEBUG_CALL_MISUSE: return sys_debug_misuse;
	default: return NULL;
	}
}

/* --- the key --- */

static struct waitq key_wait;
static bool key_typed; /* (a) */

bool debug_key(u8 c)
{
	if (!ktest || c != KEY)
		return false;
	__atomic_store_n(&key_typed, true, __ATOMIC_RELEASE);
	waitq_wake_all(&key_wait);
	return true;
}

static void print_processes(void)
{
	struct proc *p;

	for (int pid = 1; (p = proc_next(pid)); proc_put(p)) {
		pid = p->pid + 1;
		if (print_text(make_mappings, p))
			log_warn("no memory to print process %d", p->pid);
	}
}

static void listen(void *arg UNUSED)
{
	for (;;) {
		WAIT_EVENT(&key_wait, __atomic_load_n(&key_typed, __ATOMIC_ACQUIRE),
			WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
		__atomic_store_n(&key_typed, false, __ATOMIC_RELAXED);
		print_processes();
	}
}

void debug_start(void)
{
	mutex_init(&freeing, "debug kmfree", RANK_NONE);
	waitq_init(&key_wait);
	if (ktest && !thread_create_kernel("dump", listen, NULL))
		panic("no memory for the thread that prints processes");
}
