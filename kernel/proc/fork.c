/*
 * clone(2): new processes and threads.
 *
 * Everything that can fail happens to a child that nobody can see; proc_publish, which gives it its
 * number, is the last such step, and from then on it exists. A child made with CLONE_VM shares the
 * address space, not the process: it ends, stops and is signalled by itself. With CLONE_THREAD the
 * child is one more thread of the process.
 */
#include "fs/file.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/trap.h"
#include "proc/futex.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/trap.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/uaccess.h"

#define CSIGNAL 0xfful
#define CLONE_FS 0x200ul
#define CLONE_FILES 0x400ul
#define CLONE_PARENT 0x8000ul
#define CLONE_THREAD 0x10000ul
#define CLONE_SYSVSEM 0x40000ul
#define CLONE_SETTLS 0x80000ul
#define CLONE_PARENT_SETTID 0x100000ul
#define CLONE_CHILD_CLEARTID 0x200000ul
#define CLONE_DETACHED 0x400000ul  /* means nothing, by Linux's manual */
#define CLONE_UNTRACED 0x800000ul  /* concerns tracers only */
#define CLONE_CHILD_SETTID 0x1000000ul
#define CLONE_IO 0x80000000ul	   /* shares a context of I/O scheduling, of which there is none */
/* What threads of one process share here in any case. */
#define CLONE_THREAD_SHARES (CLONE_VM | CLONE_SIGHAND | CLONE_FS | CLONE_FILES)
#define CLONE_KNOWN                                                                                \
	(CSIGNAL | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK |               \
	 CLONE_PARENT | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |        \
	 CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_IO)

/* What a new thread of a program does first. */
static void child_entry(void)
{
	struct thread *t = current_thread();

	sched_enter();
	if (t->set_tid) {
		/* A bad address is the caller's own affair: Linux ignores it too. */
		(void)COPYOUT(t->set_tid, &t->tid);
		t->set_tid = 0;
	}
	intr_disable();
	trap_return_to_user(t->tf);
	return_to_user(t->tf);
}

/* 0, or a negative errno for a thread-local storage that is none. */
static int copy_thread(struct thread *t, const struct clone_args *a)
{
	struct thread *self = current_thread();

	t->tf = thread_frame(t);
	memcpy(t->tf, self->tf, sizeof(*t->tf));
	user_state_copy(t, self);
	t->sig_mask = self->sig_restore_mask ? self->sig_saved_mask : self->sig_mask;
	/*
	 * The alternate stack is memory: a child that shares it must not use it too, vfork's
	 * excepted, whose parent waits.
	 */
	if (!(a->flags & CLONE_VM) || (a->flags & CLONE_VFORK)) {
		t->altstack_sp = self->altstack_sp;
		t->altstack_size = self->altstack_size;
		t->altstack_flags = self->altstack_flags;
	}
	if (a->flags & CLONE_CHILD_SETTID)
		t->set_tid = a->ctid;
	if (a->flags & CLONE_CHILD_CLEARTID)
		t->clear_tid = a->ctid;
	memcpy(t->name, self->name, sizeof(t->name));
	return tf_fork_child(t, t->tf, a->stack, a->flags & CLONE_SETTLS, a->tls);
}

/* Give back what copy_resources got. */
static void drop_resources(struct proc *p)
{
	if (p->mm)
		mm_put(p->mm);
	if (p->files)
		files_leave(p->files);
	if (p->fs)
		fs_context_put(p->fs);
	if (p->exe)
		file_drop(p->exe);
}

static bool copy_resources(struct proc *p, ulong flags)
{
	struct proc *self = current_proc();

	p->exe = proc_get_exe(self);
	if (flags & CLONE_FILES)
		files_use(self->files);
	if (flags & CLONE_FS)
		fs_context_hold(self->fs);
	if (flags & CLONE_VM)
		mm_hold(self->mm);
	p->files = flags & CLONE_FILES ? self->files : files_copy(self->files);
	p->fs = flags & CLONE_FS ? self->fs : fs_context_copy(self->fs);
	if (p->files && p->fs)
		p->mm = flags & CLONE_VM ? self->mm : mm_fork(self->mm);
	else if (flags & CLONE_VM)
		mm_put(self->mm);
	if (p->mm)
		return true;
	drop_resources(p);
	return false;
}

/* The child, which nobody knows yet, in *child. */
static int make_child(const struct clone_args *a, struct proc **child)
{
	struct proc *p = proc_create(current_proc(), a->flags & CLONE_SIGHAND);
	struct thread *t = thread_alloc(child_entry);
	int err = t ? copy_thread(t, a) : -ENOMEM;

	if (!err && !p)
		err = -ENOMEM;
	if (!err && !copy_resources(p, a->flags))
		err = -ENOMEM;
	if (!err) {
		p->exit_signal = a->flags & CLONE_PARENT ? current_proc()->exit_signal
							 : (int)(a->flags & CSIGNAL);
		memcpy(p->name, t->name, sizeof(p->name));
		proc_add_thread(p, t);
		t->mm = p->mm;
		*child = p;
		return 0;
	}
	if (t)
		thread_free(t);
	if (p)
		proc_put(p);
	return err;
}

static void unmake_child(struct proc *p, struct thread *t)
{
	drop_resources(p);
	thread_free(t);
	proc_put(p);
}

/*
 * A signal that is about to end the whole group must not miss the child: the parent has it by then,
 * so it makes no more children. Others sent to the group reach the parent alone.
 */
static int publish(struct proc *p, ulong flags)
{
	struct proc *self = current_proc();
	int err;

	mutex_lock(&proc_lock);
	err = signal_fatal_pending() ? -EINTR
				     : proc_publish(p, flags & CLONE_PARENT ? self->parent : self);
	if (!err)
		proc_hold(p);
	mutex_unlock(&proc_lock);
	return err;
}

static long clone_thread(const struct clone_args *a)
{
	struct thread *t = thread_alloc(child_entry);
	int err = t ? copy_thread(t, a) : -ENOMEM, tid;

	if (!err) {
		t->mm = current_thread()->mm;
		/* It looks at once whether the process is stopped. */
		t->work = WORK_SIGNAL;
		err = proc_publish_thread(t);
	}
	if (err) {
		if (t)
			thread_free(t);
		return err;
	}
	tid = t->tid;
	if (a->flags & CLONE_PARENT_SETTID)
		(void)COPYOUT(a->ptid, &tid);
	sched_ready(t);
	return tid;
}

static bool flags_allowed(ulong flags)
{
	if (flags & ~CLONE_KNOWN)
		return false;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return false;
	if (flags & CLONE_THREAD)
		return (flags & CLONE_THREAD_SHARES) == CLONE_THREAD_SHARES &&
		       !(flags & CLONE_VFORK);
	return (flags & CSIGNAL) <= NSIG;
}

long proc_clone(const struct clone_args *a)
{
	struct thread *t;
	struct proc *p;
	int err, pid;

	if (!flags_allowed(a->flags))
		return -EINVAL;
	if (a->flags & CLONE_THREAD)
		return clone_thread(a);
	err = make_child(a, &p);
	if (err)
		return err;
	t = LIST_FIRST(&p->threads, struct thread, proc_link);
	p->vfork_pending = a->flags & CLONE_VFORK;
	err = publish(p, a->flags);
	if (err) {
		unmake_child(p, t);
		return err;
	}
	pid = p->pid;
	if (a->flags & CLONE_PARENT_SETTID)
		(void)COPYOUT(a->ptid, &pid);
	sched_ready(t);
	if (a->flags & CLONE_VFORK)
		WAIT_EVENT(&p->vfork_wait, !__atomic_load_n(&p->vfork_pending, __ATOMIC_ACQUIRE),
			   WAIT_KILLABLE, WAIT_FOREVER);
	proc_put(p);
	return pid;
}

void proc_leave_mm(struct thread *t)
{
	struct proc *p = t->proc;

	/* Somebody else may look at the word only if somebody else has the memory. */
	if (t->mm)
		futex_leave(t, __atomic_load_n(&p->nthreads, __ATOMIC_RELAXED) > 1 ||
				       __atomic_load_n(&t->mm->ref, __ATOMIC_RELAXED) > 1);
	if (p->vfork_pending && t->tid == p->pid) {
		__atomic_store_n(&p->vfork_pending, false, __ATOMIC_RELEASE);
		waitq_wake_all(&p->vfork_wait);
	}
}

struct proc *proc_spawn(struct proc *parent, const char *name, void (*fn)(void))
{
	struct proc *p = proc_create(parent, false);
	struct thread *t = thread_alloc(fn);
	int err = -ENOMEM;

	if (p && t) {
		p->files = files_create();
		p->fs = fs_context_create();
		if (p->files && p->fs) {
			str_copy(p->name, name, sizeof(p->name));
			str_copy(t->name, name, sizeof(t->name));
			proc_add_thread(p, t);
			mutex_lock(&proc_lock);
			err = proc_publish(p, parent);
			mutex_unlock(&proc_lock);
		}
	}
	if (!err) {
		sched_ready(t);
		return p;
	}
	if (p) {
		drop_resources(p);
		proc_put(p);
	}
	if (t)
		thread_free(t);
	return NULL;
}
