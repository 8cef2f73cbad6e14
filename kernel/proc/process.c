/*
 * The table of processes: numbers, groups, sessions, the tree.
 *
 * Every number in use has one entry in a radix tree: as a thread, as a process, as a group with
 * members, or as a session, in any combination; it is free again when it is none of them. So a
 * number is never given to a new process or thread while a group or session bears it.
 *
 * Two locks. proc_lock, a mutex, covers the tree and all that sleeps; pid_lock, a spin lock that
 * interrupts may take (Ctrl-C comes in one), the table and the lists of group members. What both
 * read is changed under both.
 *
 * A group is orphaned, and its stops by the terminal pointless, when no member has a parent in
 * another group of the same session. Each entry counts such members (`links`), so nobody has to
 * search for one.
 *
 * Letters: (i) pid_lock; others as in proc.h.
 */
#include "proc/proc.h"
#include "proc/ptimer.h"
#include "fs/file.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/account.h"
#include "proc/itimer.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/user.h"
#include "vm/kmalloc.h"
#include "vm/limit.h"
#include "vm/mm.h"
#include "vm/radix.h"

struct pid_entry {
	int number;		/* (c) */
	struct proc *proc;	/* (i) the process, NULL if there is none */
	struct thread *thread;	/* (i) the thread, NULL if there is none (any more) */
	struct list members;	/* (t, i) of the group, by group_link */
	u32 nsession;		/* (t, i) processes in the session of this number */
	u32 links;		/* (t) members with a parent in another group of their session */
};

struct mutex proc_lock;
struct proc kernel_proc;
static struct spinlock pid_lock;
static struct radix pids;   /* (i) of struct pid_entry */
static int last_pid;	    /* (i) */
static ulong nprocs;	    /* (i) */
static struct kmem_cache *proc_cache, *pid_cache;

static void proc_setup(struct proc *p)
{
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->zombies);
	list_init(&p->events);
	list_init(&p->report_link);
	list_init(&p->group_link);
	list_init(&p->threads);
	list_init(&p->sig_queue);
	waitq_init(&p->child_wait);
	waitq_init(&p->thread_wait);
	spin_init(&p->sig_lock, "signals", RANK_SIGNAL);
	itimer_init(p);
	ptimer_init(p);
	p->ref = 1;
	p->exit_signal = SIGCHLD;
	p->start_time = clock_now();
}

static void default_limits(struct rlimit_pair *r)
{
	for (unsigned i = 0; i < RLIM_COUNT; i++)
		r[i] = (struct rlimit_pair){ RLIM_INFINITY, RLIM_INFINITY };
	r[RLIMIT_STACK].cur = 8 << 20;
	r[RLIMIT_CORE].cur = 0;
	r[RLIMIT_NOFILE] = (struct rlimit_pair){ 1024, FILES_MAX };
	r[RLIMIT_MEMLOCK] = (struct rlimit_pair){ 8 << 20, 8 << 20 };
	r[RLIMIT_SIGPENDING] = (struct rlimit_pair){ 4096, 4096 };
	r[RLIMIT_MSGQUEUE] = (struct rlimit_pair){ 819200, 819200 };
	r[RLIMIT_NICE] = r[RLIMIT_RTPRIO] = (struct rlimit_pair){ 0, 0 };
}

ulong limit_bytes(enum limit which)
{
	static const enum rlimit_id ids[] = {
		[LIMIT_STACK] = RLIMIT_STACK,
		[LIMIT_DATA] = RLIMIT_DATA,
		[LIMIT_TOTAL] = RLIMIT_AS,
		[LIMIT_LOCKED] = RLIMIT_MEMLOCK,
	};

	return (ulong)MIN(rlimit_cur(ids[which]), (u64)~0ul);
}

void proc_init(void)
{
	mutex_init(&proc_lock, "process tree", RANK_PROC);
	spin_init(&pid_lock, "process numbers", RANK_PID);
	radix_init(&pids);
	proc_cache = kmem_cache_create("proc", sizeof(struct proc), 0);
	pid_cache = kmem_cache_create("pid", sizeof(struct pid_entry), 0);
	proc_setup(&kernel_proc);
	kernel_proc.actions = sigactions_new();
	if (!kernel_proc.actions)
		panic("no memory for signal actions");
	user_module_init();
	kernel_proc.user = user_get(0);
	if (!kernel_proc.user)
		panic("no memory for the superuser");
	default_limits(kernel_proc.rlimit);
	str_copy(kernel_proc.name, "kernel", sizeof(kernel_proc.name));
}

/* ---- References ---- */

void proc_hold(struct proc *p)
{
	__atomic_fetch_add(&p->ref, 1, __ATOMIC_RELAXED);
}

void proc_put(struct proc *p)
{
	if (__atomic_sub_fetch(&p->ref, 1, __ATOMIC_ACQ_REL))
		return;
	sigactions_put(p->actions);
	user_put(p->user);
	kmem_free(proc_cache, p);
}

struct proc *proc_find(int pid)
{
	struct proc *p = NULL;
	struct pid_entry *e;
	ulong irq;

	if (pid <= 0)
		return NULL;
	irq = spin_lock_irq(&pid_lock);
	e = radix_get(&pids, (ulong)pid);
	if (e && e->proc) {
		p = e->proc;
		proc_hold(p);
	}
	spin_unlock_irq(&pid_lock, irq);
	return p;
}

/* The process of the entry, whichever of its threads bears the number. pid_lock held. */
static struct proc *entry_proc(const struct pid_entry *e)
{
	return e->proc ? e->proc : e->thread ? e->thread->proc : NULL;
}

struct proc *proc_find_thread(int tid)
{
	ulong irq = spin_lock_irq(&pid_lock);
	struct pid_entry *e = tid > 0 ? radix_get(&pids, (ulong)tid) : NULL;
	struct proc *p = e ? entry_proc(e) : NULL;

	if (p)
		proc_hold(p);
	spin_unlock_irq(&pid_lock, irq);
	return p;
}

int thread_call(int pid, int tid, int (*fn)(struct proc *p, struct thread *t, void *arg), void *arg)
{
	ulong irq = spin_lock_irq(&pid_lock);
	struct pid_entry *e = tid > 0 ? radix_get(&pids, (ulong)tid) : NULL;
	struct proc *p = e ? entry_proc(e) : NULL;
	int result = -ESRCH;

	if (p && (!pid || p->pid == pid))
		result = fn(p, e->thread, arg);
	spin_unlock_irq(&pid_lock, irq);
	return result;
}

int proc_next_thread(struct proc *p, int tid)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	int found = tid <= p->pid ? p->pid : -1;
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link) {
		if (t->tid >= tid && (found < 0 || t->tid < found))
			found = t->tid;
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return found;
}

struct proc *proc_next(int pid)
{
	ulong index = pid > 0 ? (ulong)pid : 1, irq = spin_lock_irq(&pid_lock);
	struct proc *p = NULL;
	struct pid_entry *e;

	while (!p && (e = radix_next(&pids, &index))) {
		p = e->proc;
		index++;
	}
	if (p)
		proc_hold(p);
	spin_unlock_irq(&pid_lock, irq);
	return p;
}

ulong proc_count(void)
{
	return __atomic_load_n(&nprocs, __ATOMIC_RELAXED);
}

struct mm *proc_get_mm(struct proc *p)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	struct mm *mm = p->mm;

	if (mm)
		mm_hold(mm);
	spin_unlock_irq(&p->sig_lock, irq);
	return mm;
}

struct file *proc_get_exe(struct proc *p)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	struct file *f = p->exe;

	if (f)
		file_hold(f);
	spin_unlock_irq(&p->sig_lock, irq);
	return f;
}

int proc_last_pid(void)
{
	return __atomic_load_n(&last_pid, __ATOMIC_RELAXED);
}

struct files *proc_get_files(struct proc *p)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	struct files *files = NULL;
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link) {
		files = t->files;
		if (!files)
			continue;
		files_hold(files);
		break;
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return files;
}

struct fs_context *proc_get_fs(struct proc *p)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	struct fs_context *fs = NULL;
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link) {
		fs = t->fs;
		if (!fs)
			continue;
		fs_context_hold(fs);
		break;
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return fs;
}

void usage_add(struct usage *sum, const struct usage *u)
{
	sum->utime += u->utime;
	sum->stime += u->stime;
	sum->minor_faults += u->minor_faults;
	sum->major_faults += u->major_faults;
	sum->max_rss = MAX(sum->max_rss, u->max_rss);
}

void proc_usage(struct proc *p, struct usage *u)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	u64 user, system;
	struct thread *t;

	*u = p->dead;
	LIST_EACH(t, &p->threads, proc_link) {
		thread_times(t, &user, &system);
		u->utime += user;
		u->stime += system;
		u->minor_faults += t->minor_faults;
		u->major_faults += t->major_faults;
	}
	if (p->mm)
		u->max_rss = MAX(u->max_rss, pmap_peak(&p->mm->pmap));
	spin_unlock_irq(&p->sig_lock, irq);
}

/* ---- Numbers ---- */

/* The entry of `number`, made if there is none. NULL if there is no memory. pid_lock held. */
static struct pid_entry *entry_get(int number)
{
	struct pid_entry *e = radix_get(&pids, (ulong)number);

	if (e)
		return e;
	e = kmem_alloc(pid_cache, ALLOC_ZERO);
	if (!e)
		return NULL;
	e->number = number;
	list_init(&e->members);
	if (radix_set(&pids, (ulong)number, e) < 0) {
		kmem_free(pid_cache, e);
		return NULL;
	}
	return e;
}

/* Free the number if nothing bears it any more. pid_lock held. */
static void entry_drop(struct pid_entry *e)
{
	if (e->proc || e->thread || e->nsession || !list_empty(&e->members))
		return;
	radix_remove(&pids, (ulong)e->number);
	kmem_free(pid_cache, e);
}

/* An entry for a number that was free. -EAGAIN if all are in use, -ENOMEM. pid_lock held. */
static int entry_new(struct pid_entry **out)
{
	ulong n = radix_first_free(&pids, (ulong)last_pid + 1);

	if (n > PID_MAX)
		n = radix_first_free(&pids, PID_REUSE);
	if (n > PID_MAX)
		return -EAGAIN;
	*out = entry_get((int)n);
	if (!*out)
		return -ENOMEM;
	last_pid = (int)n;
	return 0;
}

/* ---- Groups and sessions ---- */

static bool is_link(const struct proc *p)
{
	return p->state != PROC_ZOMBIE && p->parent && p->parent->group != p->group &&
	       p->parent->session == p->session;
}

/* Count p and its children out of their groups' links before p moves, and in again afterwards. */
static void count_links(struct proc *p, int by)
{
	struct proc *child;

	if (is_link(p))
		p->group->links += (u32)by;
	LIST_EACH(child, &p->children, sibling) {
		if (is_link(child))
			child->group->links += (u32)by;
	}
}

bool group_is_orphaned(const struct proc *p)
{
	return p->group->links == 0;
}

/*
 * The group has just lost a link: if that left it orphaned with stopped members, these are told.
 * proc_lock held.
 */
static void check_orphaned(struct pid_entry *group)
{
	static const int signals[] = { SIGHUP, SIGCONT };
	bool any_stopped = false;
	struct proc *p;

	if (group->links)
		return;
	LIST_EACH(p, &group->members, group_link)
		any_stopped |= p->state == PROC_STOPPED;
	for (unsigned i = 0; any_stopped && i < ARRAY_SIZE(signals); i++) {
		struct ksiginfo info = { .signo = signals[i], .code = SI_KERNEL };

		signal_send_group(group->number, &info);
	}
}

/* Both locks held. */
static void join(struct proc *p, struct pid_entry *group, struct pid_entry *session)
{
	list_append(&group->members, &p->group_link);
	p->group = group;
	p->pgid = group->number;
	session->nsession++;
	p->session = session;
	p->sid = session->number;
}

/* Out of group and session; p->id may bear the process still. Both locks held. */
static void leave(struct proc *p)
{
	struct pid_entry *group = p->group, *session = p->session;

	list_remove(&p->group_link);
	p->group = p->session = NULL;
	session->nsession--;
	entry_drop(session);
	if (group != session)
		entry_drop(group);
}

/* From one group and session to another. proc_lock held. */
static void move(struct proc *p, struct pid_entry *group, struct pid_entry *session)
{
	ulong irq;

	count_links(p, -1);
	irq = spin_lock_irq(&pid_lock);
	/* The new ones may be the old ones: they must not be freed on the way. */
	group->nsession++;
	session->nsession++;
	leave(p);
	join(p, group, session);
	group->nsession--;
	session->nsession--;
	spin_unlock_irq(&pid_lock, irq);
	count_links(p, 1);
}

static struct pid_entry *entry_find(int number)
{
	ulong irq = spin_lock_irq(&pid_lock);
	struct pid_entry *e = number > 0 ? radix_get(&pids, (ulong)number) : NULL;

	spin_unlock_irq(&pid_lock, irq);
	return e;
}

int proc_set_group(struct proc *p, int pgid)
{
	struct pid_entry *group = p->id;

	if (p->sid == p->pid)
		return -EPERM;
	if (pgid != p->pid) {
		group = entry_find(pgid);
		if (!group || list_empty(&group->members) ||
		    LIST_FIRST(&group->members, struct proc, group_link)->session != p->session)
			return -EPERM;
	}
	move(p, group, p->session);
	return 0;
}

int proc_new_session(struct proc *p)
{
	if (p->sid == p->pid || !list_empty(&p->id->members))
		return -EPERM;
	move(p, p->id, p->id);
	p->tty = NULL;
	return 0;
}

int group_for_each(int pgid, int (*fn)(struct proc *p, void *arg), void *arg)
{
	ulong irq = spin_lock_irq(&pid_lock);
	struct pid_entry *e = pgid > 0 ? radix_get(&pids, (ulong)pgid) : NULL;
	int result = -ESRCH;
	struct proc *p;

	if (e) {
		LIST_EACH(p, &e->members, group_link) {
			int err = fn(p, arg);

			if (result != 0)
				result = err;
		}
	}
	spin_unlock_irq(&pid_lock, irq);
	return result;
}

/* ---- The tree ---- */

static void inherit(struct proc *p, struct proc *from)
{
	memcpy(p->rlimit, from->rlimit, sizeof(p->rlimit));
	memcpy(p->name, from->name, sizeof(p->name));
	p->tty = from->tty;
	p->uid = from->uid;
	p->euid = from->euid;
	p->suid = from->suid;
	p->fsuid = from->fsuid;
	p->gid = from->gid;
	p->egid = from->egid;
	p->sgid = from->sgid;
	p->fsgid = from->fsgid;
	p->personality = from->personality;
	itimer_limit(p, &p->rlimit[RLIMIT_CPU]);
}

/* The user whom from's threads count for, whatever they change meanwhile. */
static struct user *user_of(struct proc *from)
{
	ulong irq = spin_lock_irq(&from->sig_lock);
	struct user *u = user_hold(from->user);

	spin_unlock_irq(&from->sig_lock, irq);
	return u;
}

struct proc *proc_create(struct proc *from, bool share_actions)
{
	struct proc *p = kmem_alloc(proc_cache, ALLOC_ZERO | ALLOC_WAIT);

	if (!p)
		return NULL;
	p->actions = share_actions ? sigactions_hold(from->actions) : sigactions_copy(from);
	if (!p->actions) {
		kmem_free(proc_cache, p);
		return NULL;
	}
	proc_setup(p);
	inherit(p, from);
	p->user = user_of(from);
	return p;
}

void proc_add_thread(struct proc *p, struct thread *t)
{
	t->proc = p;
	list_append(&p->threads, &t->proc_link);
	p->nthreads = p->nlasting = 1;
}

int proc_publish(struct proc *p, struct proc *parent)
{
	struct thread *t = LIST_FIRST(&p->threads, struct thread, proc_link);
	ulong irq = spin_lock_irq(&pid_lock);
	struct pid_entry *e;
	int err = entry_new(&e);

	if (err) {
		spin_unlock_irq(&pid_lock, irq);
		return err;
	}
	p->pid = t->tid = e->number;
	nprocs++;
	e->proc = p;
	e->thread = t;
	p->id = e;
	/* Whose parent has no group begins one of its own. */
	join(p, parent->group ? parent->group : e, parent->group ? parent->session : e);
	spin_unlock_irq(&pid_lock, irq);
	p->parent = parent;
	p->ppid = parent->pid;
	list_append(&parent->children, &p->sibling);
	return 0;
}

int proc_publish_thread(struct thread *t)
{
	struct thread *self = current_thread();
	struct proc *p = self->proc;
	ulong irq = spin_lock_irq(&pid_lock);
	struct pid_entry *e;
	int err = entry_new(&e);

	if (!err) {
		spin_lock(&p->sig_lock);
		err = self->must_end ? -EINTR : 0;
		if (!err) {
			t->proc = p;
			t->tid = e->number;
			e->thread = t;
			list_append(&p->threads, &t->proc_link);
			p->nthreads++;
			p->nlasting++;
		}
		spin_unlock(&p->sig_lock);
		entry_drop(e);
	}
	spin_unlock_irq(&pid_lock, irq);
	return err;
}

/* ---- How many a user has ---- */

/* sig_lock held. */
static void uncount_task(struct proc *p)
{
	p->ntasks--;
	__atomic_fetch_sub(&p->user->tasks, 1, __ATOMIC_RELAXED);
}

void proc_uncount_task(struct proc *p)
{
	ulong irq = spin_lock_irq(&p->sig_lock);

	uncount_task(p);
	spin_unlock_irq(&p->sig_lock, irq);
}

/* The current process's sig_lock held, or its user's reference. */
static bool too_many(const struct user *u)
{
	return __atomic_load_n(&u->tasks, __ATOMIC_RELAXED) > rlimit_cur(RLIMIT_NPROC);
}

int proc_count_task(struct proc *p)
{
	struct proc *self = current_proc();
	ulong irq = spin_lock_irq(&p->sig_lock);
	int err = 0;

	p->ntasks++;
	__atomic_fetch_add(&p->user->tasks, 1, __ATOMIC_RELAXED);
	if (p->user->uid && self->euid && too_many(p->user)) {
		uncount_task(p);
		err = -EAGAIN;
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return err;
}

int proc_change_user(u32 uid)
{
	struct proc *p = current_proc();
	struct user *new = user_get(uid), *old;
	ulong irq;

	if (!new)
		return -EAGAIN;
	irq = spin_lock_irq(&p->sig_lock);
	old = p->user;
	p->user = new;
	p->too_many_tasks = uid && too_many(new);
	__atomic_fetch_sub(&old->tasks, p->ntasks, __ATOMIC_RELAXED);
	__atomic_fetch_add(&new->tasks, p->ntasks, __ATOMIC_RELAXED);
	spin_unlock_irq(&p->sig_lock, irq);
	user_put(old);
	return 0;
}

void proc_note_tasks(void)
{
	struct proc *p = current_proc();
	ulong irq = spin_lock_irq(&p->sig_lock);

	p->too_many_tasks = p->user->uid && too_many(p->user);
	spin_unlock_irq(&p->sig_lock, irq);
}

int proc_judge_tasks(void)
{
	struct proc *p = current_proc();
	ulong irq = spin_lock_irq(&p->sig_lock);

	p->too_many_tasks = p->too_many_tasks && too_many(p->user);
	spin_unlock_irq(&p->sig_lock, irq);
	return p->too_many_tasks ? -EAGAIN : 0;
}

/* No thread bears the number of t any more. pid_lock held. */
static void forget_number(struct thread *t)
{
	struct pid_entry *e = radix_get(&pids, (ulong)t->tid);

	e->thread = NULL;
	entry_drop(e);
}

bool proc_remove_thread(struct thread *t, bool even_last)
{
	struct proc *p = t->proc;
	ulong irq = spin_lock_irq(&pid_lock);
	bool leaves;

	spin_lock(&p->sig_lock);
	leaves = even_last || p->nthreads > 1;
	if (leaves) {
		forget_number(t);
		signal_end_thread(t);
		/* The first thread counts until the process is collected. */
		if (t->tid != p->pid)
			uncount_task(p);
	}
	spin_unlock(&p->sig_lock);
	spin_unlock_irq(&pid_lock, irq);
	return leaves;
}

void proc_become_leader(struct thread *t)
{
	struct proc *p = t->proc;
	ulong irq;

	if (t->tid == p->pid)
		return;
	irq = spin_lock_irq(&pid_lock);
	forget_number(t);
	proc_uncount_task(p);
	__atomic_store_n(&t->tid, p->pid, __ATOMIC_RELAXED);
	p->id->thread = t;
	spin_unlock_irq(&pid_lock, irq);
}

void proc_leave_tree(struct proc *p, struct proc *heir)
{
	struct proc *child, *tmp;
	bool was_link = is_link(p);

	if (was_link)
		p->group->links--;
	p->state = PROC_ZOMBIE;
	if (was_link)
		check_orphaned(p->group);
	LIST_EACH_SAFE(child, tmp, &p->children, sibling)
		proc_reparent(child, heir);
}

/*
 * Of p's threads one that is not at its end, for p's new children; NULL if there is none. proc_lock
 * held.
 */
static struct thread *take_over(struct proc *p)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	struct thread *t, *found = NULL;

	LIST_EACH(t, &p->threads, proc_link) {
		if (!t->ending) {
			found = t;
			t->has_children = true;
			break;
		}
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return found;
}

void proc_pass_children(struct thread *t)
{
	struct proc *p = t->proc, *child;
	struct thread *heir;

	if (!__atomic_load_n(&t->has_children, __ATOMIC_RELAXED))
		return;
	mutex_lock(&proc_lock);
	heir = take_over(p);
	LIST_EACH(child, &p->children, sibling) {
		if (child->parent_thread == t)
			child->parent_thread = heir;
	}
	mutex_unlock(&proc_lock);
}

void proc_reparent(struct proc *p, struct proc *parent)
{
	bool was_link = is_link(p);

	if (was_link)
		p->group->links--;
	list_remove(&p->sibling);
	p->parent = parent;
	p->parent_thread = take_over(parent);
	__atomic_store_n(&p->ppid, parent->pid, __ATOMIC_RELAXED);
	p->exit_signal = SIGCHLD;
	list_append(&parent->children, &p->sibling);
	if (is_link(p))
		p->group->links++;
	else if (was_link)
		check_orphaned(p->group);
	if (list_empty(&p->report_link))
		return;
	list_remove(&p->report_link);
	list_append(p->state == PROC_ZOMBIE ? &parent->zombies : &parent->events, &p->report_link);
}

void proc_release(struct proc *p)
{
	ulong irq;

	list_remove(&p->sibling);
	if (!list_empty(&p->report_link))
		list_remove(&p->report_link);
	proc_uncount_task(p);
	irq = spin_lock_irq(&pid_lock);
	nprocs--;
	p->id->proc = NULL;
	if (p->id != p->group && p->id != p->session)
		entry_drop(p->id);
	leave(p);
	spin_unlock_irq(&pid_lock, irq);
	proc_put(p);
}
