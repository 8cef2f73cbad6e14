/*
 * The run of the system, from its root file system to power-off.
 *
 * A kernel thread does it in order: mounts the root, notes the memory in use, starts process 1,
 * waits until somebody asks for the end, ends all processes, puts everything on the disk, compares
 * the memory, and switches the machine off.
 *
 * Process 1 is the program named by init= , which may end only when everything does. With job=, it
 * is a reaper that stays in the kernel: it runs the job as process 2, collects every orphan, and
 * asks for the end when the job has ended.
 *
 * Memory is compared with caches emptied both times: every page and every byte of kmalloc that a
 * program had must have come back.
 */
#include "proc/init.h"
#include "dev/console.h"
#include "fs/file.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/trap.h"
#include "options.h"
#include "proc/exec.h"
#include "proc/proc.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "proc/trap.h"
#include "sys/debug.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"
#include "vm/obj.h"
#include "vm/page.h"
#include "vm/pmap.h"

#define JOB_MAX (KMALLOC_MAX - 1)
#define LEAK_STATUS 125
#define CANNOT_RUN_STATUS 126
#define SETTLE_TRIES 50
#define END_TRIES 500
#define SETTLE_NS 10000000ull /* 10 ms */

static char init_path[256] = "/bin/init";
static char job_path[256]; /* empty: there is no job */
static int job_status;	   /* exit status, once the job has ended */

bool system_ending;
static struct waitq end_wait;
static enum system_end end_kind; /* (a) what was asked for */

/* ---- Programs ---- */

/* fail_nth=N: an allocation of the first program, which is about to start, is to fail. */
static void arm_program(void)
{
	char word[16];
	const char *s = word;
	u64 n;

	if (ktest && boot_value("fail_nth=", word, sizeof(word)) && str_number(&s, &n) && !*s)
		fail_plan_set(&current_proc()->fail_plan, (ulong)MIN(n, (u64)UINT32_MAX));
}

/* The current process, which has no program yet, runs one. -errno if it cannot be run. */
static int run_program(const char *path, struct exec_args *a)
{
	struct thread *t = current_thread();
	int err;

	t->tf = thread_frame(t);
	memset(t->tf, 0, sizeof(*t->tf));
	err = proc_exec(path, a);
	exec_args_free(a);
	if (err)
		return err;
	arm_program();
	intr_disable();
	trap_return_to_user(t->tf);
	return_to_user(t->tf);
}

/* f, whose reference is taken over, becomes descriptors 0, 1 and 2. */
static void install_stdio(struct file *f)
{
	for (int fd = 0; fd < 3; fd++) {
		file_hold(f);
		if (files_install(current_thread()->files, f, fd, false) < 0)
			panic("no memory for the first descriptors");
	}
	file_drop(f);
}

static void init_entry(void)
{
	static const char *const env[] = { "PATH=/bin", "HOME=/root", "TERM=vt100", "USER=root" };
	struct exec_args a;
	struct file *console;
	int err;

	sched_enter();
	exec_args_init(&a);
	err = fs_open(AT_FDCWD, "/dev/console", O_RDWR, 0, &console);
	if (err)
		panic("cannot open /dev/console: error %d", -err);
	install_stdio(console);
	err = exec_args_add(&a, init_path, false);
	for (unsigned i = 0; !err && i < ARRAY_SIZE(env); i++)
		err = exec_args_add(&a, env[i], true);
	if (!err)
		err = run_program(init_path, &a);
	panic("cannot run %s: error %d", init_path, -err);
}

/* ---- The job ---- */

struct job {
	char *text; /* the job file: strings, each with its NUL */
	size_t size;
};
static struct job job;

static void read_job(void)
{
	struct kstat st;
	struct file *f;
	int err = fs_open(AT_FDCWD, job_path, O_RDONLY, 0, &f);

	if (!err)
		err = file_stat(f, &st);
	if (err)
		panic("cannot open the job %s: error %d", job_path, -err);
	if (!st.size || st.size > JOB_MAX)
		panic("the job %s has %llu bytes", job_path, (unsigned long long)st.size);
	job.size = (size_t)st.size;
	job.text = kzalloc(job.size + 1, ALLOC_WAIT);
	if (!job.text || file_pread(f, job.text, job.size, 0) != (ssize_t)job.size)
		panic("cannot read the job %s", job_path);
	file_drop(f);
}

static const char *next_string(const char *s)
{
	return s + strlen(s) + 1;
}

/*
 * Arguments and environment, which begin at s. An argument may be empty, a variable may not, so it
 * is the last empty string that parts them.
 */
static int job_args(struct exec_args *a, const char *s)
{
	const char *end = job.text + job.size, *parting = end;
	int err = 0;

	for (const char *p = s; p < end; p = next_string(p))
		if (!*p)
			parting = p;
	for (; !err && s < end; s = next_string(s))
		if (s != parting)
			err = exec_args_add(a, s, s > parting);
	return err;
}

static void job_entry(void)
{
	struct proc *p = current_proc();
	const char *folder = job.text, *path = next_string(folder);
	struct exec_args a;
	struct file *link;
	int err;

	sched_enter();
	mutex_lock(&proc_lock);
	proc_new_session(p);
	mutex_unlock(&proc_lock);
	err = fs_open(AT_FDCWD, "/dev/console", O_RDWR, 0, &link);
	if (err)
		panic("cannot open the console: error %d", -err);
	install_stdio(link);
	exec_args_init(&a);
	err = fs_chdir(folder);
	if (!err)
		err = job_args(&a, next_string(path));
	if (!err)
		err = run_program(path, &a);
	exec_args_free(&a);
	log_warn("cannot run %s: error %d\n", path, -err);
	proc_exit(CANNOT_RUN_STATUS << 8);
}

#define CACHES_MAX 64 /* more are not told apart */

struct memory_mark {
	struct page_stats pages;
	struct kmem_stats bytes;
	/* objects of each slab cache, in the order in which they were made */
	size_t live[CACHES_MAX];
	unsigned ncaches;
};

static void note_cache(void *arg, const struct kmem_cache_stats *s)
{
	struct memory_mark *m = arg;

	if (m->ncaches < CACHES_MAX)
		m->live[m->ncaches++] = s->live;
}

/* What is in use once everything that is only kept is given back. */
static void mark_memory(struct memory_mark *m)
{
	fs_drop_caches();
	sched_drain();
	kmem_drain();
	page_drain();
	page_get_stats(&m->pages);
	kmem_get_stats(&m->bytes);
	/* Page tables for kernel stacks stay when there are fewer stacks again. */
	m->pages.ptable -= kernel_pmap.empty_tables;
	m->ncaches = 0;
	kmem_for_each(note_cache, m);
}

/* Pages in use, but for those that slabs keep half empty. */
static ulong pages_used(const struct memory_mark *m)
{
	return m->pages.kernel + m->pages.ptable + m->pages.anon + m->pages.obj;
}

struct cache_report {
	const struct memory_mark *before;
	unsigned at;
};

static void report_cache(void *arg, const struct kmem_cache_stats *s)
{
	struct cache_report *r = arg;
	unsigned i = r->at++;

	if (i < r->before->ncaches && s->live != r->before->live[i])
		log_warn("leak: %ld of %s, %zu bytes each\n",
			 (long)(s->live - r->before->live[i]), s->name, s->size);
}

static void report_site(const struct alloc_site *site, ulong blocks)
{
	log_warn("leak: %lu allocated by %s:%d\n", blocks, site->at.file, site->at.line);
}

static void report_leak(const struct memory_mark *before, const struct memory_mark *now)
{
	const struct page_stats *b = &before->pages, *n = &now->pages;
	struct cache_report r = { before, 0 };

	log_warn("leak: %ld pages, %ld bytes\n", (long)(pages_used(now) - pages_used(before)),
		 (long)(now->bytes.bytes - before->bytes.bytes));
	log_warn("leak: by kind: kernel %ld, page tables %ld, anonymous %ld, cached %ld\n",
		 (long)(n->kernel - b->kernel), (long)(n->ptable - b->ptable),
		 (long)(n->anon - b->anon), (long)(n->obj - b->obj));
	kmem_for_each(report_cache, &r);
	if (CHECKED)
		sites_grown(report_site);
}

/*
 * No block was written to by others than its owner. A damaged one was reported when it was found.
 */
static bool check_damage(void)
{
	kmem_check();
	if (kmem_damaged() == 0)
		return true;
	log_warn("damaged: %lu blocks of the kernel's memory\n", kmem_damaged());
	return false;
}

/*
 * The last thread's stack is given back a moment after its process was collected, so look more than
 * once.
 */
static bool check_memory(const struct memory_mark *before)
{
	struct memory_mark now;

	for (unsigned i = 0; i < SETTLE_TRIES; i++) {
		mark_memory(&now);
		if (pages_used(&now) == pages_used(before) &&
		    now.bytes.bytes == before->bytes.bytes)
			return true;
		timer_sleep(clock_now() + SETTLE_NS);
	}
	report_leak(before, &now);
	return false;
}

static int exit_status_of(int wait_status)
{
	return wait_status & 0x7f ? 128 + (wait_status & 0x7f) : wait_status >> 8;
}

/* Process 1 of a run with a job. */
static void reaper_entry(void)
{
	struct wait_result r = { .status = 0 };
	struct proc *p;
	int pid;

	sched_enter();
	p = proc_spawn(current_proc(), "job", job_entry);
	if (!p)
		panic("no memory for the job");
	pid = p->pid;
	while (proc_wait(P_ALL, 0, WEXITED | WALL, &r) != pid)
		;
	job_status = exit_status_of(r.status);
	system_end(END_POWER_OFF);
	/* Orphans may be left: they become the kernel's own, which ends them. */
	WAIT_EVENT(&end_wait, __atomic_load_n(&system_ending, __ATOMIC_ACQUIRE),
		   WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
	proc_exit(0);
}

/* ---- The beginning and the end ---- */

void system_end(enum system_end kind)
{
	__atomic_store_n(&end_kind, kind, __ATOMIC_RELEASE);
	waitq_wake_all(&end_wait);
}

/* SIGKILL for all but a reaper, which ends by itself. */
static void kill_all(void)
{
	struct proc *p;

	for (int pid = job_path[0] ? 2 : 1; (p = proc_next(pid)); proc_put(p)) {
		pid = p->pid + 1;
		signal_kernel(p, SIGKILL);
	}
}

/*
 * Whoever has no parent any more is the child of process 0, as which this thread collects. New
 * children may appear until their parents are dead.
 */
static void end_processes(void)
{
	struct wait_result r;

	__atomic_store_n(&system_ending, true, __ATOMIC_RELEASE);
	waitq_wake_all(&end_wait);
	for (unsigned tries = 0; proc_count(); tries++) {
		kill_all();
		while (proc_wait(P_ALL, 0, WEXITED | WALL | WNOHANG, &r) > 0)
			;
		if (!proc_count())
			return;
		if (tries == END_TRIES) {
			log_warn("%lu processes do not end\n", proc_count());
			return;
		}
		timer_sleep(clock_now() + SETTLE_NS);
	}
}

static void begin(void)
{
	int err;

	if (job_path[0])
		link_start();
	err = fs_mount_root();
	if (err)
		panic("no root file system: error %d", -err);
	obj_writeback_start();
	debug_start();
	if (job_path[0])
		read_job();
	else
		tty_start();
}

static void run_system(void *arg UNUSED)
{
	bool compare = job_path[0] || boot_flag("leakcheck");
	struct memory_mark before;

	begin();
	if (compare)
		mark_memory(&before);
	sites_mark();
	if (!proc_spawn(&kernel_proc, "init", job_path[0] ? reaper_entry : init_entry))
		panic("no memory for process 1");
	WAIT_EVENT(&end_wait, __atomic_load_n(&end_kind, __ATOMIC_ACQUIRE), WAIT_UNINTERRUPTIBLE,
		   WAIT_FOREVER);
	end_processes();
	if (fs_sync_all())
		log_warn("not everything could be written to the disk\n");
	if (compare && (!check_memory(&before) || !check_damage()))
		job_status = LEAK_STATUS;
	if (fs_unmount_all())
		log_warn("the disk could not be unmounted\n");
	if (job_path[0])
		link_report_exit(job_status);
	if (end_kind == END_RESTART)
		machine_reboot();
	machine_poweroff();
}

void init_start(void)
{
	waitq_init(&end_wait);
	boot_value("init=", init_path, sizeof(init_path));
	boot_value("job=", job_path, sizeof(job_path));
	if (!thread_create_kernel("init", run_system, NULL))
		panic("no memory for the first thread");
}
