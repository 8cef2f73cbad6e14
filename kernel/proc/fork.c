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
#include "proc/user.h"
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

static void inherit_priority(struct thread *t, const struct thread *self)
{
	t->cpus = self->cpus;
	t->priority = self->priority;
	if (!t->priority.fork_resets)
		return;
	t->priority.fork_resets = false;
	if (t->priority.level) {
		t->priority.policy = POLICY_OTHER;
		t->priority.level = 0;
		t->priority.nice = 0;
	}
	t->priority.nice = MAX(t->priority.nice, 0);
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
	inherit_priority(t, self);
	return tf_fork_child(t, t->tf, a->stack, a->flags & CLONE_SETTLS, a->tls);
}

/* ---- What a thread has ---- */

/* Give back what copy_views got. */
static void drop_views(struct thread *t)
{
	if (t->files)
		files_leave(t->files);
	if (t->fs)
		fs_context_put(t->fs);
}

/* t's descriptors and view of the file system. False if there is no memory. */
static bool copy_views(struct thread *t, ulong flags)
{
	struct thread *self = current_thread();

	if (flags & CLONE_FILES)
		files_use(self->files);
	if (flags & CLONE_FS)
		fs_context_hold(self->fs);
	t->files = flags & CLONE_FILES ? self->files : files_copy(self->files);
	t->fs = flags & CLONE_FS ? self->fs : fs_context_copy(self->fs);
	if (t->files && t->fs)
		return true;
	drop_views(t);
	return false;
}

/* The wait of vfork, which may be given up before its end: both sides hold it. */
struct vfork {
	u32 ref;   /* (a) */
	bool over; /* (a) */
	struct waitq wait;
};

static struct vfork *vfork_new(void)
{
	struct vfork *v = kmalloc(sizeof(*v), ALLOC_WAIT);

	if (!v)
		return NULL;
	v->ref = 2;
	v->over = false;
	waitq_init(&v->wait);
	return v;
}

static void vfork_put(struct vfork *v)
{
	if (!__atomic_sub_fetch(&v->ref, 1, __ATOMIC_ACQ_REL))
		kmfree(v);
}

static void vfork_over(struct thread *t)
{
	struct vfork *v = t->vfork;

	t->vfork = NULL;
	__atomic_store_n(&v->over, true, __ATOMIC_RELEASE);
	waitq_wake_all(&v->wait);
	vfork_put(v);
}

/* Until the child leaves the memory; a signal that ends this thread ends the wait. */
static void vfork_wait(struct vfork *v)
{
	WAIT_EVENT(&v->wait, __atomic_load_n(&v->over, __ATOMIC_ACQUIRE), WAIT_KILLABLE,
		   WAIT_FOREVER);
	vfork_put(v);
}

/* The new thread, which nobody knows yet. 0 or -errno. */
static int make_thread(const struct clone_args *a, struct thread **out)
{
	struct thread *t = thread_alloc(child_entry);
	int err = t ? copy_thread(t, a) : -ENOMEM;

	if (!err && (a->flags & CLONE_VFORK)) {
		t->vfork = vfork_new();
		if (!t->vfork)
			err = -ENOMEM;
	}
	if (!err && !copy_views(t, a->flags))
		err = -ENOMEM;
	if (!err) {
		*out = t;
		return 0;
	}
	if (t && t->vfork)
		kmfree(t->vfork);
	if (t)
		thread_free(t);
	return err;
}

static void unmake_thread(struct thread *t)
{
	if (t->vfork)
		kmfree(t->vfork);
	drop_views(t);
	thread_free(t);
}

/* ---- What a process has ---- */

static void drop_memory(struct proc *p)
{
	if (p->mm)
		mm_put(p->mm);
	if (p->exe)
		file_drop(p->exe);
}

static bool copy_memory(struct proc *p, ulong flags)
{
	struct proc *self = current_proc();

	if (flags & CLONE_VM)
		mm_hold(self->mm);
	p->mm = flags & CLONE_VM ? self->mm : mm_fork(self->mm);
	if (!p->mm)
		return false;
	p->exe = proc_get_exe(self);
	return true;
}

/* The child, which nobody knows yet, in *child. */
static int make_child(const struct clone_args *a, struct proc **child)
{
	struct proc *p = proc_create(current_proc(), a->flags & CLONE_SIGHAND);
	struct thread *t;
	int err = p ? proc_count_task(p) : -ENOMEM;

	if (err) {
		if (p)
			proc_put(p);
		return err;
	}
	err = make_thread(a, &t);
	if (!err && !copy_memory(p, a->flags)) {
		unmake_thread(t);
		err = -ENOMEM;
	}
	if (err) {
		proc_uncount_task(p);
		proc_put(p);
		return err;
	}
	p->exit_signal = a->flags & CLONE_PARENT ? current_proc()->exit_signal
						 : (int)(a->flags & CSIGNAL);
	memcpy(p->name, t->name, sizeof(p->name));
	proc_add_thread(p, t);
	t->mm = p->mm;
	*child = p;
	return 0;
}

static void unmake_child(struct proc *p, struct thread *t)
{
	drop_memory(p);
	unmake_thread(t);
	proc_uncount_task(p);
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
	if (!err) {
		p->parent_thread = flags & CLONE_PARENT ? self->parent_thread : current_thread();
		current_thread()->has_children |= !(flags & CLONE_PARENT);
	}
	mutex_unlock(&proc_lock);
	return err;
}

/* The new thread t is known: let it run. Its number. */
static long let_run(const struct clone_args *a, struct thread *t)
{
	struct vfork *vfork = t->vfork;
	int tid = t->tid;

	if (a->flags & CLONE_PARENT_SETTID)
		(void)COPYOUT(a->ptid, &tid);
	sched_ready(t);
	if (vfork)
		vfork_wait(vfork);
	return tid;
}

static long clone_thread(const struct clone_args *a)
{
	struct thread *t;
	int err = proc_count_task(current_proc());

	if (err)
		return err;
	err = make_thread(a, &t);
	if (err) {
		proc_uncount_task(current_proc());
		return err;
	}
	t->mm = current_thread()->mm;
	/* It looks at once whether the process is stopped. */
	t->work = WORK_SIGNAL;
	err = proc_publish_thread(t);
	if (!err)
		return let_run(a, t);
	unmake_thread(t);
	proc_uncount_task(current_proc());
	return err;
}

static bool flags_allowed(ulong flags)
{
	if (flags & ~CLONE_KNOWN)
		return false;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return false;
	/* Process 1 has no siblings: its parent would not wait for them. */
	if ((flags & CLONE_PARENT) && current_proc()->pid == 1)
		return false;
	return !(flags & CLONE_THREAD) || (flags & CLONE_SIGHAND);
}

long proc_clone(const struct clone_args *a)
{
	struct thread *t;
	struct proc *p;
	int err;

	if (!flags_allowed(a->flags))
		return -EINVAL;
	if (a->flags & CLONE_THREAD)
		return clone_thread(a);
	err = make_child(a, &p);
	if (err)
		return err;
	t = LIST_FIRST(&p->threads, struct thread, proc_link);
	err = publish(p, a->flags);
	if (!err)
		return let_run(a, t);
	unmake_child(p, t);
	return err;
}

void proc_leave_mm(struct thread *t)
{
	struct proc *p = t->proc;

	/* Somebody else may look at the word only if somebody else has the memory. */
	if (t->mm)
		futex_leave(t, __atomic_load_n(&p->nthreads, __ATOMIC_RELAXED) > 1 ||
				       __atomic_load_n(&t->mm->ref, __ATOMIC_RELAXED) > 1);
	if (t->vfork)
		vfork_over(t);
}

struct proc *proc_spawn(struct proc *parent, const char *name, void (*fn)(void))
{
	struct proc *p = proc_create(parent, false);
	struct thread *t = thread_alloc(fn);
	int err = -ENOMEM;

	if (p && t) {
		t->files = files_create();
		t->fs = fs_context_create();
		if (t->files && t->fs) {
			str_copy(p->name, name, sizeof(p->name));
			str_copy(t->name, name, sizeof(t->name));
			proc_add_thread(p, t);
			p->ntasks = 1;
			__atomic_fetch_add(&p->user->tasks, 1, __ATOMIC_RELAXED);
			mutex_lock(&proc_lock);
			err = proc_publish(p, parent);
			mutex_unlock(&proc_lock);
		}
	}
	if (!err) {
		sched_ready(t);
		return p;
	}
	if (p && p->ntasks)
		proc_uncount_task(p);
	if (p)
		proc_put(p);
	if (t)
		unmake_thread(t);
	return NULL;
}
