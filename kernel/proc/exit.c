/*
 * The end of threads and processes, and the wait for them.
 *
 * A thread leaves its memory and its files, then its process; the last one stays and ends the
 * process.
 *
 * A process gives back all it has while it can still sleep, then, under proc_lock, becomes a
 * zombie: number and exit status, to be collected by its parent. A parent that ignores SIGCHLD has
 * nothing to collect. A parent keeps its zombies, and its children with a stop or continuation to
 * report, in lists of their own, oldest first; so to wait for any child costs the same with one
 * child as with thousands.
 */
#include "dev/console.h"
#include "fs/file.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "proc/init.h"
#include "proc/itimer.h"
#include "proc/proc.h"
#include "proc/ptimer.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/mm.h"

#define STATUS_SIGNAL(status) ((status) & 0x7f)
#define STATUS_STOPPED 0x7f
#define STATUS_CONTINUED 0xffff
#define CLOCK_TICK (NSEC / 100)

void wait_status_info(int status, s32 *code, s32 *value)
{
	*value = status >> 8;
	if (status == STATUS_CONTINUED) {
		*code = CLD_CONTINUED;
		*value = SIGCONT;
	} else if ((status & 0xff) == STATUS_STOPPED) {
		*code = CLD_STOPPED;
	} else if (STATUS_SIGNAL(status)) {
		*code = CLD_KILLED;
		*value = STATUS_SIGNAL(status);
	} else {
		*code = CLD_EXITED;
	}
}

/* ---- To the parent; proc_lock held ---- */

/* SIGCHLD's information for a wait status. */
static void child_info(struct ksiginfo *info, struct proc *p, int sig, int status)
{
	struct usage u;

	proc_usage(p, &u);
	*info = (struct ksiginfo){ .signo = sig, .pid = p->pid, .uid = (s32)p->uid,
				   .utime = u.utime / CLOCK_TICK, .stime = u.stime / CLOCK_TICK };
	wait_status_info(status, &info->code, &info->status);
}

static void tell_parent(struct proc *p, int sig, int status)
{
	struct ksiginfo info;

	if (sig && sig <= NSIG) {
		child_info(&info, p, sig, status);
		signal_send_proc(p->parent, &info);
	}
	waitq_wake_all(&p->parent->child_wait);
}

static void unlist(struct proc *p)
{
	if (!list_empty(&p->report_link)) {
		list_remove(&p->report_link);
		list_init(&p->report_link);
	}
}

void proc_report_event(struct proc *p, int wait_status)
{
	bool silent = signal_action_of(p->parent, SIGCHLD).flags & SA_NOCLDSTOP;

	unlist(p);
	p->wait_event = wait_status;
	list_append(&p->parent->events, &p->report_link);
	tell_parent(p, silent ? 0 : SIGCHLD, wait_status);
}

/* Does p, by its action for SIGCHLD, want to collect its children? */
static bool collects(struct proc *p)
{
	struct ksigaction act = signal_action_of(p, SIGCHLD);

	return act.handler != SIG_IGN && !(act.flags & SA_NOCLDWAIT);
}

/* p has become a zombie. Its parent is told; false if the parent wants nothing to collect. */
static bool report_end(struct proc *p)
{
	bool collect = p->exit_signal != SIGCHLD || collects(p->parent);

	unlist(p);
	p->wait_event = 0;
	if (collect)
		list_append(&p->parent->zombies, &p->report_link);
	tell_parent(p, p->exit_signal, p->exit_status);
	return collect;
}

/* ---- The end ---- */

/* No thread of p runs in its memory any more. */
static void leave_memory(struct proc *p)
{
	struct mm *mm = p->mm;
	struct file *exe;
	ulong irq;

	irq = spin_lock_irq(&p->sig_lock);
	if (mm)
		p->dead.max_rss = MAX(p->dead.max_rss, pmap_peak(&mm->pmap));
	p->mm = NULL;
	exe = p->exe;
	p->exe = NULL;
	spin_unlock_irq(&p->sig_lock, irq);
	if (mm)
		mm_put(mm);
	if (exe)
		file_drop(exe);
}

/* Close everything that no other thread shares. */
static void leave_files(struct thread *t)
{
	struct files *files = t->files;
	struct fs_context *fs = t->fs;
	ulong irq = spin_lock_irq(&t->proc->sig_lock);

	t->files = NULL;
	t->fs = NULL;
	spin_unlock_irq(&t->proc->sig_lock, irq);
	files_leave(files);
	fs_context_put(fs);
}

/* Who takes p's orphans, with a reference: process 1, or the kernel itself when the system ends. */
static struct proc *heir_of(const struct proc *p)
{
	struct proc *heir = system_ending ? NULL : proc_find(1);

	if (heir && heir != p)
		return heir;
	if (!system_ending)
		panic("process 1 (%s) ended with status 0x%x", p->name, p->exit_status);
	proc_hold(&kernel_proc);
	return &kernel_proc;
}

/*
 * Of the zombies among the orphans the heir does not know yet, and may want nothing to collect.
 * proc_lock held.
 */
static void leave_tree(struct proc *p)
{
	struct proc *heir = heir_of(p), *child, *tmp;
	bool any = !list_empty(&p->zombies);

	if (any && !collects(heir))
		LIST_EACH_SAFE(child, tmp, &p->zombies, report_link)
			proc_release(child);
	proc_leave_tree(p, heir);
	if (any) {
		signal_kernel(heir, SIGCHLD);
		waitq_wake_all(&heir->child_wait);
	}
	proc_put(heir);
}

/* t is the last thread of its process. */
static NORETURN void end_process(struct thread *t)
{
	struct proc *p = t->proc;

	signal_end_proc(p);
	itimer_stop(p);
	ptimer_delete_all(p);
	if (p->sid == p->pid && p->tty)
		tty_leader_exit(p->tty);
	leave_memory(p);
	mutex_lock(&proc_lock);
	p->exit_status = p->group_status;
	leave_tree(p);
	proc_remove_thread(t, true);
	/*
	 * From here on the parent may collect p: nothing of it may be used once the lock is free.
	 */
	t->proc = &kernel_proc;
	if (!report_end(p))
		proc_release(p);
	mutex_unlock(&proc_lock);
	sched_exit();
}

static NORETURN void end_thread(int wait_status)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;

	signal_begin_end(wait_status);
	proc_leave_mm(t);
	sched_switch_mm(NULL);
	leave_files(t);
	proc_pass_children(t);
	/* Once t has left it, p may end at any time. */
	proc_hold(p);
	if (!proc_remove_thread(t, false)) {
		proc_put(p);
		end_process(t);
	}
	t->proc = &kernel_proc;
	waitq_wake_all(&p->thread_wait);
	proc_put(p);
	sched_exit();
}

void proc_exit(int wait_status)
{
	signal_end_group(wait_status);
	end_thread(wait_status);
}

void thread_exit(int code)
{
	end_thread((code & 0xff) << 8);
}

/* ---- The wait ---- */

struct wait {
	enum wait_which which;
	int id;
	u32 options;
	struct proc *self;
};

static bool wait_wants(const struct wait *w, const struct proc *child)
{
	bool clone_child = child->exit_signal != SIGCHLD;

	if ((w->options & WNOTHREAD) && child->parent_thread != current_thread())
		return false;
	if (!(w->options & WALL) && clone_child != !!(w->options & WCLONE))
		return false;
	return w->which == P_ALL || (w->which == P_PID && child->pid == w->id) ||
	       (w->which == P_PGID && child->pgid == w->id);
}

static bool event_wanted(const struct wait *w, const struct proc *child)
{
	if (!wait_wants(w, child))
		return false;
	return w->options & (child->wait_event == STATUS_CONTINUED ? WCONTINUED : WUNTRACED);
}

/* The child with number w->id, whatever its state. */
static struct proc *wait_find(const struct wait *w)
{
	struct proc *p = proc_find(w->id);

	if (!p)
		return NULL;
	/* The tree holds a reference too, and proc_lock keeps it there. */
	proc_put(p);
	return p->parent == w->self && wait_wants(w, p) ? p : NULL;
}

/* A child that has something to report. */
static struct proc *wait_ready(const struct wait *w)
{
	struct proc *p;

	if (w->which == P_PID) {
		p = wait_find(w);
		if (!p || list_empty(&p->report_link))
			return NULL;
		return p->state == PROC_ZOMBIE ? (w->options & WEXITED ? p : NULL)
					       : (event_wanted(w, p) ? p : NULL);
	}
	if (w->options & WEXITED)
		LIST_EACH(p, &w->self->zombies, report_link) {
			if (wait_wants(w, p))
				return p;
		}
	LIST_EACH(p, &w->self->events, report_link) {
		if (event_wanted(w, p))
			return p;
	}
	return NULL;
}

/* Is there a child at all that the wait could ever report? */
static bool wait_possible(const struct wait *w)
{
	struct proc *p;

	if (w->which == P_PID)
		return wait_find(w);
	LIST_EACH(p, &w->self->children, sibling) {
		if (wait_wants(w, p))
			return true;
	}
	return false;
}


static long wait_report(const struct wait *w, struct proc *p, struct wait_result *r)
{
	bool ended = p->state == PROC_ZOMBIE;

	*r = (struct wait_result){ .pid = p->pid, .uid = p->uid,
				   .status = ended ? p->exit_status : p->wait_event };
	proc_usage(p, &r->usage);
	usage_add(&r->usage, &p->child);
	if (w->options & WNOWAIT)
		return r->pid;
	if (ended) {
		usage_add(&w->self->child, &r->usage);
		proc_release(p);
	} else {
		p->wait_event = 0;
		unlist(p);
	}
	return r->pid;
}

long proc_wait(enum wait_which which, int id, u32 options, struct wait_result *result)
{
	struct wait w = { which, id, options, current_proc() };
	struct waiter waiter;
	long answer = 0;

	for (;;) {
		struct proc *p;

		/* In the queue before the look, so that no change is missed. */
		waitq_enter(&w.self->child_wait, &waiter);
		mutex_lock(&proc_lock);
		p = wait_ready(&w);
		if (p)
			answer = wait_report(&w, p, result);
		else if (!wait_possible(&w))
			answer = -ECHILD;
		mutex_unlock(&proc_lock);
		if (answer || (options & WNOHANG)) {
			waitq_leave(&w.self->child_wait, &waiter);
			return answer;
		}
		if (waitq_sleep(&w.self->child_wait, &waiter, WAIT_INTERRUPTIBLE, WAIT_FOREVER))
			return -ERESTARTSYS;
	}
}
