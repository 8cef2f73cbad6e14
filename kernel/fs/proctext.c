/*
 * The texts of /proc/PID and /proc/PID/task/TID, in Linux's formats (proc(5)).
 *
 * A process that has ended but was not collected has no memory any more: its maps are empty and its
 * sizes are not shown.
 */
#include "fs/procfs.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/account.h"
#include "proc/proc.h"
#include "proc/timer.h"
#include "vm/figures.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/page.h"

#define USER_HZ 100u
#define NAME_COLUMN \
	(25 + sizeof(ulong) * 6 - \
		1) /* where the name of a mapping begins, counted from 0, less one */
#define PROT_READ 1u
#define PROT_WRITE 2u
#define PROT_EXEC 4u

static ulong kb(ulong pages)
{
	return pages << (PAGE_SHIFT - 10);
}

/* --- maps and smaps --- */

/* A path as it stands in a line of text: a newline would end the line. */
static void put_path(struct seq *s, const char *path)
{
	const char *newline;

	while ((newline = strchr(path, '\n'))) {
		seq_put(s, path, (size_t)(newline - path));
		seq_put(s, "\\012", 4);
		path = newline + 1;
	}
	seq_put(s, path, strlen(path));
}

static const char *special_name(const struct vma_info *v)
{
	if (v->shared_anon)
		return "/dev/zero (deleted)";
	if (v->heap)
		return "[heap]";
	if (v->stack)
		return "[stack]";
	if (v->flags & VMA_SIGPAGE)
		return "[vdso]";
	return NULL;
}

static int put_mapping(struct seq *s, const struct vma_info *v)
{
	struct kstat st = {
		.ino = v->shared_anon ? v->ino : 0, .dev = v->shared_anon ? dev_make(0, 1) : 0};
	const char *name = special_name(v);
	size_t start = s->len;
	char *path = NULL;

	if (v->file) {
		file_stat(v->file, &st);
		path = kmalloc(PATH_MAX + 16, ALLOC_WAIT);
		if (!path)
			return -ENOMEM;
		if (file_path(v->file, path, PATH_MAX + 16) < 0)
			str_copy(path, "", 1);
		name = path;
	}
	seq_print(s, "%08lx-%08lx %c%c%c%c %08llx %02x:%02x %llu", v->start, v->end,
		v->prot & PROT_READ ? 'r' : '-', v->prot & PROT_WRITE ? 'w' : '-',
		v->prot & PROT_EXEC ? 'x' : '-', v->flags & VMA_SHARED ? 's' : 'p',
		(unsigned long long)v->offset, dev_major(st.dev), dev_minor(st.dev),
		(unsigned long long)st.ino);
	if (name) {
		seq_pad(s, start, NAME_COLUMN + 1);
		put_path(s, name);
	} else {
		seq_put(s, " ", 1);
	}
	seq_put(s, "\n", 1);
	kmfree(path);
	return 0;
}

/* Call put for the mapping at *cookie or after it. */
static int next_mapping(struct seq *s, struct proc *p, u64 *cookie, bool figures,
	int (*put)(struct seq *, const struct vma_info *))
{
	struct mm *mm = proc_get_mm(p);
	struct vma_info v;
	int err = 0;

	if (!mm)
		return 0;
	if (*cookie < USER_TOP && mm_describe(mm, (ulong)*cookie, figures, &v)) {
		err = put(s, &v);
		*cookie = v.end;
		if (v.file)
			file_drop(v.file);
		if (!err)
			err = 1;
	}
	mm_put(mm);
	return err;
}

static int make_maps(struct seq *s, void *subject, u64 *cookie)
{
	return next_mapping(s, subject, cookie, false, put_mapping);
}

static void put_kb(struct seq *s, const char *name, ulong kilobytes)
{
	size_t start = s->len;

	seq_print(s, "%s:", name);
	seq_pad(s, start, 16);
	seq_print(s, "%8lu kB\n", kilobytes);
}

/* A sum of shares of pages. */
static void put_share(struct seq *s, const char *name, u64 share)
{
	put_kb(s, name, (ulong)(share >> (SHARE_SHIFT + 10 - PAGE_SHIFT)));
}

static void put_figures(struct seq *s, const struct figures *f, bool of_all)
{
	put_kb(s, "Rss", kb(f->rss));
	put_share(s, "Pss", f->pss);
	put_share(s, "Pss_Dirty", f->pss_dirty);
	if (of_all) {
		put_share(s, "Pss_Anon", f->pss_anon);
		put_share(s, "Pss_File", f->pss_file);
		put_share(s, "Pss_Shmem", f->pss_shmem);
	}
	put_kb(s, "Shared_Clean", kb(f->shared_clean));
	put_kb(s, "Shared_Dirty", kb(f->shared_dirty));
	put_kb(s, "Private_Clean", kb(f->private_clean));
	put_kb(s, "Private_Dirty", kb(f->private_dirty));
	put_kb(s, "Referenced", kb(f->rss));
	put_kb(s, "Anonymous", kb(f->anonymous));
	put_kb(s, "Swap", 0);
	put_kb(s, "SwapPss", 0);
	put_share(s, "Locked", f->pss_locked);
}

/* Two letters for each property that a mapping has. */
static void put_flags(struct seq *s, const struct vma_info *v)
{
	bool shared = v->flags & VMA_SHARED;
	const struct {
		bool is;
		const char *letters;
	} table[] = {
		{v->prot & PROT_READ, "rd "},
		{v->prot & PROT_WRITE, "wr "},
		{v->prot & PROT_EXEC, "ex "},
		{shared, "sh "},
		{v->max_prot & PROT_READ, "mr "},
		{v->max_prot & PROT_WRITE, "mw "},
		{v->max_prot & PROT_EXEC, "me "},
		{shared, "ms "},
		{v->flags & VMA_GROWSDOWN, "gd "},
		{v->flags & VMA_LOCKED, "lo "},
		{v->flags & VMA_LOCKONFAULT, "lf "},
		{v->flags & VMA_NORESERVE, "nr "},
	};

	seq_put(s, "VmFlags: ", 9);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].is)
			seq_put(s, table[i].letters, 3);
	seq_put(s, "\n", 1);
}

static int put_details(struct seq *s, const struct vma_info *v)
{
	int err = put_mapping(s, v);

	if (err)
		return err;
	put_kb(s, "Size", (v->end - v->start) >> 10);
	put_kb(s, "KernelPageSize", kb(1));
	put_kb(s, "MMUPageSize", kb(1));
	put_figures(s, &v->figures, false);
	put_flags(s, v);
	return 0;
}

static int make_smaps(struct seq *s, void *subject, u64 *cookie)
{
	return next_mapping(s, subject, cookie, true, put_details);
}

/* Between two mappings of a walk over all, no lock held: false for who is killed and may stop. */
static bool go_on(void)
{
	sched_point();
	return !signal_fatal_pending();
}

static void add_figures(struct figures *sum, const struct figures *f)
{
	sum->rss += f->rss;
	sum->anonymous += f->anonymous;
	sum->shared_clean += f->shared_clean;
	sum->shared_dirty += f->shared_dirty;
	sum->private_clean += f->private_clean;
	sum->private_dirty += f->private_dirty;
	sum->pss += f->pss;
	sum->pss_dirty += f->pss_dirty;
	sum->pss_anon += f->pss_anon;
	sum->pss_file += f->pss_file;
	sum->pss_shmem += f->pss_shmem;
	sum->pss_locked += f->pss_locked;
}

static int make_smaps_rollup(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	struct mm *mm = proc_get_mm(subject);
	struct figures sum = {0};
	struct vma_info v;
	ulong start = 0, end = 0;
	size_t line = s->len;

	if (!mm)
		return -ESRCH;
	while (end < USER_TOP && go_on() && mm_describe(mm, end, true, &v)) {
		start = end ? start : v.start;
		end = v.end;
		add_figures(&sum, &v.figures);
		if (v.file)
			file_drop(v.file);
	}
	mm_put(mm);
	seq_print(s, "%08lx-%08lx ---p 00000000 00:00 0", start, end);
	seq_pad(s, line, NAME_COLUMN + 1);
	seq_print(s, "[rollup]\n");
	put_figures(s, &sum, true);
	return 0;
}

/* --- sizes --- */

struct sizes {
	bool live;
	ulong total, peak, locked, resident, peak_resident, data, stack, text; /* pages */
	struct resident kinds;
	ulong brk_start, stack_top, arg_start, arg_end, env_start, env_end;
};

/* Sizes of stack and text come from the mappings' kinds. */
static void sizes_of_mappings(struct mm *mm, struct sizes *z)
{
	struct vma_info v;
	ulong at = 0;

	while (at < USER_TOP && go_on() && mm_describe(mm, at, false, &v)) {
		ulong pages = (v.end - v.start) >> PAGE_SHIFT;

		at = v.end;
		if (v.flags & VMA_GROWSDOWN)
			z->stack += pages;
		else if (v.file && (v.prot & PROT_EXEC) && !(v.prot & PROT_WRITE))
			z->text += pages;
		if (v.file)
			file_drop(v.file);
	}
}

static void sizes_get(struct proc *p, struct sizes *z)
{
	struct mm *mm = proc_get_mm(p);

	memset(z, 0, sizeof(*z));
	if (!mm)
		return;
	z->live = true;
	z->total = mm->nr_pages;
	z->peak = MAX(mm->peak_pages, z->total);
	z->locked = mm->nr_locked;
	z->data = mm->nr_data;
	mm_resident(mm, &z->kinds);
	z->resident = z->kinds.anon + z->kinds.file + z->kinds.shmem;
	z->peak_resident = MAX(pmap_peak(&mm->pmap), z->resident);
	z->brk_start = mm->brk_start;
	z->stack_top = mm->stack_top;
	z->arg_start = mm->arg_start;
	z->arg_end = mm->arg_end;
	z->env_start = mm->env_start;
	z->env_end = mm->env_end;
	sizes_of_mappings(mm, z);
	mm_put(mm);
}

/* --- state --- */

/* What one thread of a process tells of itself. */
struct thread_facts {
	char state; /* R, S, D, T or Z */
	char name[16];
	u64 pending, blocked;
	struct usage usage; /* of the thread alone */
	struct priority priority;
	u32 cpu, cpus; /* where it ran last, where it may run */
};

static char thread_state_letter(const struct thread *t)
{
	switch (__atomic_load_n(&t->state, __ATOMIC_RELAXED)) {
	case THREAD_RUNNING:
	case THREAD_READY: return 'R';
	case THREAD_STOPPED: return 'T';
	case THREAD_DEAD: return 'Z';
	default: return t->wait_how == WAIT_UNINTERRUPTIBLE ? 'D' : 'S';
	}
}

/* Of thread tid of p; a first thread that has ended is a zombie. -ESRCH: there is none. */
static int thread_facts_get(struct proc *p, int tid, struct thread_facts *f)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	int result = tid == p->pid ? 0 : -ESRCH;
	struct thread *t;

	memset(f, 0, sizeof(*f));
	f->state = 'Z';
	f->cpus = ~0u;
	memcpy(f->name, p->name, sizeof(f->name));
	LIST_EACH(t, &p->threads, proc_link) {
		if (t->tid != tid)
			continue;
		result = 0;
		f->state = p->state == PROC_ZOMBIE ? 'Z'
			: p->stopped && !t->stop_due ? 'T'
						     : thread_state_letter(t);
		memcpy(f->name, t->name, sizeof(f->name));
		f->pending = t->sig_pending;
		f->blocked = t->sig_mask;
		thread_times(t, &f->usage.utime, &f->usage.stime);
		f->usage.minor_faults = t->minor_faults;
		f->usage.major_faults = t->major_faults;
		f->priority = t->priority;
		f->cpu = t->cpu->id;
		f->cpus = __atomic_load_n(&t->cpus, __ATOMIC_RELAXED);
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return result;
}

/* Threads, a first one that has ended included. */
static uint thread_count(struct proc *p)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	uint n = p->nthreads + 1;
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link) {
		if (t->tid == p->pid)
			n--;
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return n;
}

static const char *state_word(char letter)
{
	switch (letter) {
	case 'R': return "running";
	case 'D': return "disk sleep";
	case 'T': return "stopped";
	case 'Z': return "zombie";
	default: return "sleeping";
	}
}

struct signal_sets {
	u64 shared, ignored, caught; /* the process's */
};

static void signal_sets_get(struct proc *p, struct signal_sets *g)
{
	ulong irq = spin_lock_irq(&p->sig_lock);

	memset(g, 0, sizeof(*g));
	g->shared = p->sig_pending;
	spin_unlock_irq(&p->sig_lock, irq);
	for (int sig = 1; sig <= NSIG; sig++) {
		ulong handler = signal_handler_of(p, sig);

		if (handler == SIG_IGN)
			g->ignored |= SIG_BIT(sig);
		else if (handler != SIG_DFL)
			g->caught |= SIG_BIT(sig);
	}
}

static int parent_pid(struct proc *p)
{
	int pid;

	mutex_lock(&proc_lock);
	pid = p->parent ? p->parent->pid : 0;
	mutex_unlock(&proc_lock);
	return pid;
}

static uint descriptor_room(struct proc *p)
{
	struct files *files = proc_get_files(p);
	uint room = files ? files_room(files) : 0;

	if (files)
		files_put(files);
	return room;
}

static void put_umask(struct seq *s, struct proc *p)
{
	struct fs_context *fs = proc_get_fs(p);

	if (fs) {
		seq_print(s, "Umask:\t%04o\n", fs_get_umask(fs));
		fs_context_put(fs);
	}
}

static int put_status(struct seq *s, struct proc *p, int tid)
{
	struct thread_facts t;
	struct signal_sets g;
	struct sizes z;
	int err = thread_facts_get(p, tid, &t);

	if (err)
		return err;
	sizes_get(p, &z);
	signal_sets_get(p, &g);
	seq_put(s, "Name:\t", 6);
	put_path(s, t.name);
	seq_put(s, "\n", 1);
	put_umask(s, p);
	seq_print(s, "State:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
		t.state, state_word(t.state), p->pid, tid, parent_pid(p));
	seq_print(s, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t \n",
		p->uid, p->euid, p->suid, p->fsuid, p->gid, p->egid, p->sgid, p->fsgid,
		descriptor_room(p));
	if (z.live) {
		seq_print(s,
			"VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t%8lu kB\nVmPin:\t%8lu kB\n",
			kb(z.peak), kb(z.total), kb(z.locked), 0ul);
		seq_print(s,
			"VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\nRssAnon:\t%8lu kB\nRssFile:\t%8lu "
			"kB\nRssShmem:\t%8lu kB\n",
			kb(z.peak_resident), kb(z.resident), kb(z.kinds.anon), kb(z.kinds.file),
			kb(z.kinds.shmem));
		seq_print(s,
			"VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\nVmLib:\t%8lu "
			"kB\nVmSwap:\t%8lu kB\n",
			kb(z.data), kb(z.stack), kb(z.text), 0ul, 0ul);
	}
	seq_print(s, "Threads:\t%u\nSigQ:\t%u/%llu\n", thread_count(p), p->sig_queued,
		(unsigned long long)p->rlimit[RLIMIT_SIGPENDING].cur);
	seq_print(s,
		"SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%"
		"016llx\n",
		(unsigned long long)t.pending, (unsigned long long)g.shared,
		(unsigned long long)t.blocked, (unsigned long long)g.ignored,
		(unsigned long long)g.caught);
	seq_print(s, "Cpus_allowed:\t%x\n", t.cpus & cpus_all());
	return 0;
}

static int make_status(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	struct proc *p = subject;

	return put_status(s, p, p->pid);
}

static u64 ticks(u64 ns)
{
	return ns / (NSEC / USER_HZ);
}

/*
 * The 52 fields of /proc/PID/stat, of a thread or (whole) its process. What this kernel does not
 * have reads as 0.
 */
static int put_stat(struct seq *s, struct proc *p, int tid, bool whole)
{
	struct thread_facts t;
	struct signal_sets g;
	struct usage own;
	struct sizes z;
	int err = thread_facts_get(p, tid, &t);

	if (err)
		return err;
	sizes_get(p, &z);
	signal_sets_get(p, &g);
	own = t.usage;
	if (whole)
		proc_usage(p, &own);
	seq_print(s, "%d (%s) %c %d %d %d %d -1 0 ", tid, t.name, t.state, parent_pid(p), p->pgid,
		p->sid, p->tty ? 5 << 8 | 1 : 0);
	seq_print(s, "%lu %lu %lu %lu ", own.minor_faults, p->child.minor_faults, own.major_faults,
		p->child.major_faults);
	seq_print(s, "%llu %llu %llu %llu ", (unsigned long long)ticks(own.utime),
		(unsigned long long)ticks(own.stime), (unsigned long long)ticks(p->child.utime),
		(unsigned long long)ticks(p->child.stime));
	seq_print(s, "%d %d %u 0 %llu %lu %lu %llu ",
		t.priority.level ? -1 - t.priority.level : 20 + t.priority.nice, t.priority.nice,
		thread_count(p),
		(unsigned long long)ticks(p->start_time), z.total << PAGE_SHIFT, z.resident,
		(unsigned long long)p->rlimit[RLIMIT_RSS].cur);
	seq_print(s, "0 0 %lu 0 0 %llu %llu %llu %llu ", z.stack_top,
		(unsigned long long)(t.pending & 0x7fffffff),
		(unsigned long long)(t.blocked & 0x7fffffff),
		(unsigned long long)(g.ignored & 0x7fffffff),
		(unsigned long long)(g.caught & 0x7fffffff));
	seq_print(s, "0 0 0 %d %u %u %u 0 0 0 0 0 %lu %lu %lu %lu %lu %d\n", p->exit_signal, t.cpu,
		t.priority.level, t.priority.policy, z.brk_start, z.arg_start, z.arg_end, z.env_start, z.env_end,
		p->state == PROC_ZOMBIE ? p->exit_status : 0);
	return 0;
}

static int make_stat(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	struct proc *p = subject;

	return put_stat(s, p, p->pid, true);
}

static int make_statm(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	struct sizes z;

	sizes_get(subject, &z);
	seq_print(s, "%lu %lu %lu %lu 0 %lu 0\n", z.total, z.resident,
		z.kinds.file + z.kinds.shmem, z.text,
		z.data + z.stack);
	return 0;
}

static int make_comm(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	const struct proc *p = subject;

	seq_print(s, "%s\n", p->name);
	return 0;
}

/*
 * The name of thread tid of p, which is the process's too if the thread leads it. Only for the
 * process itself.
 */
static int set_thread_name(struct proc *p, int tid, const char *text, size_t n)
{
	char name[sizeof(p->name)] = "";
	int err = -ESRCH;
	struct thread *t;
	ulong irq;

	if (p != current_proc())
		return -EINVAL;
	memcpy(name, text, MIN(n, sizeof(name) - 1));
	irq = spin_lock_irq(&p->sig_lock);
	LIST_EACH(t, &p->threads, proc_link) {
		if (t->tid != tid)
			continue;
		memcpy(t->name, name, sizeof(name));
		err = 0;
	}
	if (!err && tid == p->pid)
		memcpy(p->name, name, sizeof(name));
	spin_unlock_irq(&p->sig_lock, irq);
	return err;
}

static int write_comm(void *subject, const char *text, size_t n)
{
	struct proc *p = subject;

	return set_thread_name(p, p->pid, text, n);
}

/* --- memory of another process: arguments and environment --- */

#define PIECE 1024u

/* The next piece of [start, end) of p's memory. */
static int put_memory(struct seq *s, struct proc *p, u64 *cookie, bool env)
{
	struct mm *mm = proc_get_mm(p);
	char piece[PIECE];
	ulong start, end;
	size_t n;

	if (!mm)
		return 0;
	start = (env ? mm->env_start : mm->arg_start) + (ulong)*cookie;
	end = env ? mm->env_end : mm->arg_end;
	n = start < end ? MIN((size_t)(end - start), sizeof(piece)) : 0;
	n = n ? mm_peek(mm, start, piece, n) : 0;
	mm_put(mm);
	seq_put(s, piece, n);
	*cookie += n;
	return n > 0;
}

static int make_cmdline(struct seq *s, void *subject, u64 *cookie)
{
	return put_memory(s, subject, cookie, false);
}

static int make_environ(struct seq *s, void *subject, u64 *cookie)
{
	return put_memory(s, subject, cookie, true);
}

static const char *const limit_names[RLIM_COUNT] = {
	"cpu time",
	"file size",
	"data size",
	"stack size",
	"core file size",
	"resident set",
	"processes",
	"open files",
	"locked memory",
	"address space",
	"file locks",
	"pending signals",
	"msgqueue size",
	"nice priority",
	"realtime priority",
	"realtime timeout",
};
static const char *const limit_units[RLIM_COUNT] = {
	"seconds",
	"bytes",
	"bytes",
	"bytes",
	"bytes",
	"bytes",
	"processes",
	"files",
	"bytes",
	"bytes",
	"locks",
	"signals",
	"bytes",
	"",
	"",
	"us",
};

static void put_limit(struct seq *s, u64 value)
{
	if (value == RLIM_INFINITY)
		seq_print(s, "%-20s ", "unlimited");
	else
		seq_print(s, "%-20llu ", (unsigned long long)value);
}

static int make_limits(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	const struct proc *p = subject;

	seq_print(s, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (int i = 0; i < RLIM_COUNT; i++) {
		seq_print(s, "Max %-21s ", limit_names[i]);
		put_limit(s, p->rlimit[i].cur);
		put_limit(s, p->rlimit[i].max);
		seq_print(s, "%-10s\n", limit_units[i]);
	}
	return 0;
}

/* --- fail_nth --- */

static int make_fail_nth(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	const struct fail_plan *plan = &((const struct proc *)subject)->fail_plan;

	seq_print(s, "left:   %lu\nmade:   %lu\nfailed: %lu\n",
		__atomic_load_n(&plan->left, __ATOMIC_RELAXED),
		__atomic_load_n(&plan->asked, __ATOMIC_RELAXED),
		__atomic_load_n(&plan->failed, __ATOMIC_RELAXED));
	return 0;
}

static int write_fail_nth(void *subject, const char *text, size_t len UNUSED)
{
	u64 n;

	if (text_number(text, 999999999, &n))
		return -EINVAL;
	fail_plan_set(&((struct proc *)subject)->fail_plan, (u32)n);
	return 0;
}

const struct text_entry process_texts[] = {
	{"maps", 0444, make_maps, NULL},
	{"mounts", 0444, make_mounts, NULL},
	{"smaps", 0444, make_smaps, NULL},
	{"smaps_rollup", 0444, make_smaps_rollup, NULL},
	{"status", 0444, make_status, NULL},
	{"stat", 0444, make_stat, NULL},
	{"statm", 0444, make_statm, NULL},
	{"comm", 0644, make_comm, write_comm},
	{"cmdline", 0444, make_cmdline, NULL},
	{"environ", 0400, make_environ, NULL},
	{"limits", 0444, make_limits, NULL},
	/* The last one, which only the testing boot has. */
	{"fail_nth", 0600, make_fail_nth, write_fail_nth},
};

size_t process_text_count(void)
{
	return ARRAY_SIZE(process_texts) - !ktest;
}

/* --- a thread's texts --- */

static int make_task_maps(struct seq *s, void *subject, u64 *cookie)
{
	return make_maps(s, ((const struct task_subject *)subject)->proc, cookie);
}

static int make_task_status(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	const struct task_subject *task = subject;

	return put_status(s, task->proc, task->tid);
}

static int make_task_stat(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	const struct task_subject *task = subject;

	return put_stat(s, task->proc, task->tid, false);
}

static int make_task_comm(struct seq *s, void *subject, u64 *cookie UNUSED)
{
	const struct task_subject *task = subject;
	struct thread_facts t;
	int err = thread_facts_get(task->proc, task->tid, &t);

	if (!err)
		seq_print(s, "%s\n", t.name);
	return err;
}

static int write_task_comm(void *subject, const char *text, size_t n)
{
	const struct task_subject *task = subject;

	return set_thread_name(task->proc, task->tid, text, n);
}

const struct text_entry task_texts[] = {
	{"maps", 0444, make_task_maps, NULL},
	{"status", 0444, make_task_status, NULL},
	{"stat", 0444, make_task_stat, NULL},
	{"comm", 0644, make_task_comm, write_task_comm},
};
const size_t task_text_count = ARRAY_SIZE(task_texts);
