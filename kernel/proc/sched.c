/*
 * The scheduler: a queue of ready threads for each CPU, served in turn.
 *
 * States. A running thread that wants to wait sets its state to THREAD_SLEEPING (or
 * THREAD_STOPPED), looks at its condition again and calls sched_block. Whoever wakes it changes the
 * state to THREAD_READY by compare-and-swap, so exactly one waker wins, and puts it on a run queue.
 * That may happen before the thread has left its stack: `on_cpu` is true until then, such a thread
 * goes only to the queue of the CPU it is still on, and no other CPU steals it. So no thread is
 * ever run by two CPUs.
 *
 * Placement. A woken thread goes to the CPU where it ran last if that is idle, else to another idle
 * one, else it queues where it ran last. A CPU without work takes ready threads from others before
 * it idles, and says so in idle_mask before it looks for the last time; who queues a thread looks
 * at idle_mask afterwards. So none waits while a CPU idles.
 *
 * Time. A tick ends a slice, and is programmed only while others wait for the CPU (or a process
 * timer counts). Once programmed it is left alone: a switch costs no access to the clock's
 * comparator. A thread that got the CPU just before the tick keeps it for one more.
 *
 * Letters: (r) the run queue's lock, (l) the CPU itself with interrupts off.
 */
#include "lib/lock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/trap.h"
#include "proc/itimer.h"
#include "proc/account.h"
#include "proc/proc.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "vm/kmalloc.h"
#include "vm/kva.h"
#include "vm/mm.h"

#define STACKS_KEPT 4 /* a CPU, of ended threads, for new ones */

struct runq {
	struct spinlock lock;	/* RANK_RUNQ */
	struct list ready;	/* (r) by run_link */
	u32 count;		/* (r) in ready; others read it without */
	atomic_u64 tick;	/* (l) when the next tick is due; 0 if none is */
	struct thread *left;	/* (l) the thread just switched away from */
	struct list dead;	/* (r) ended threads with their stacks, by run_link */
	u32 ndead;		/* (r) */
};

/* What a kernel thread does, kept where a program's thread has its trap frame. */
struct kernel_start {
	void (*fn)(void *);
	void *arg;
};

struct cpu cpus[MAX_CPUS];
struct thread boot_threads[MAX_CPUS];
u32 cpu_count;
static struct runq runqs[MAX_CPUS];
static u32 idle_mask; /* (a) a bit for each CPU that waits for work */
static u32 nthreads;  /* (a) that were made and did not end; without idle threads */
static struct kmem_cache *thread_cache;

struct thread *sched_prepare_cpu(u32 id, u32 hwid, void *stack)
{
	struct thread *t = &boot_threads[id];

	cpus[id].id = id;
	cpus[id].hwid = hwid;
	cpus[id].current = t;
	t->cpu = &cpus[id];
	t->kstack = stack;
	fmt(t->name, sizeof(t->name), "idle/%u", id);
	return t;
}

/*
 * Until sched_start the boot thread, which must not wait for anything, stands for its CPU's idle
 * thread.
 */
static struct cpu *become_idle(void)
{
	struct thread *self = current_thread();
	struct cpu *c = this_cpu();

	self->state = THREAD_RUNNING;
	self->on_cpu = true;
	self->proc = &kernel_proc;
	self->run_start = clock_ticks();
	list_init(&self->sig_queue);
	c->current = c->idle = self;
	return c;
}

void sched_init(void)
{
	thread_cache = kmem_cache_create("thread", sizeof(struct thread), _Alignof(struct thread));
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		spin_init(&runqs[i].lock, "runq", RANK_RUNQ);
		list_init(&runqs[i].ready);
		list_init(&runqs[i].dead);
		cpus[i].next_event = WAIT_FOREVER;
	}
	become_idle();
}

static inline struct runq *runq_of(const struct cpu *c)
{
	return &runqs[c->id];
}

/* ---- Threads ---- */

struct trapframe *thread_frame(const struct thread *t)
{
	return (struct trapframe *)((char *)t->kstack + KSTACK_SIZE) - 1;
}

static struct thread *dead_pop(struct runq *rq, u32 keep)
{
	ulong irq = spin_lock_irq(&rq->lock);
	struct thread *t = NULL;

	if (rq->ndead > keep) {
		t = LIST_FIRST(&rq->dead, struct thread, run_link);
		list_remove(&t->run_link);
		rq->ndead--;
	}
	spin_unlock_irq(&rq->lock, irq);
	return t;
}

static struct thread *thread_make(void)
{
	struct thread *t = dead_pop(&runqs[cpu_id()], 0);
	void *stack;

	if (t) {
		stack = t->kstack;
	} else {
		stack = kva_stack_alloc();
		t = kmem_alloc(thread_cache, ALLOC_WAIT);
		if (!stack || !t) {
			if (stack)
				kva_stack_free(stack);
			if (t)
				kmem_free(thread_cache, t);
			return NULL;
		}
	}
	memset(t, 0, sizeof(*t));
	t->kstack = stack;
	return t;
}

struct thread *thread_alloc(void (*entry)(void))
{
	struct thread *t = thread_make();

	if (!t)
		return NULL;
	t->cpu = this_cpu();
	t->state = THREAD_READY;
	t->proc = &kernel_proc;
	t->altstack_flags = SS_DISABLE;
	list_init(&t->sig_queue);
	context_init(&t->context, thread_frame(t), entry);
	__atomic_fetch_add(&nthreads, 1, __ATOMIC_RELAXED);
	return t;
}

static void thread_destroy(struct thread *t)
{
	kva_stack_free(t->kstack);
	kmem_free(thread_cache, t);
}

void thread_free(struct thread *t)
{
	__atomic_fetch_sub(&nthreads, 1, __ATOMIC_RELAXED);
	thread_destroy(t);
}

void sched_drain(void)
{
	for (unsigned i = 0; i < MAX_CPUS; i++)
		for (struct thread *t; (t = dead_pop(&runqs[i], 0));)
			thread_destroy(t);
	kva_drain();
}

static void kernel_thread_entry(void)
{
	struct kernel_start *start = (void *)thread_frame(current_thread());

	sched_enter();
	start->fn(start->arg);
	sched_exit();
}

struct thread *thread_create_kernel(const char *name, void (*fn)(void *), void *arg)
{
	struct thread *t = thread_alloc(kernel_thread_entry);

	if (!t)
		return NULL;
	str_copy(t->name, name, sizeof(t->name));
	*(struct kernel_start *)thread_frame(t) = (struct kernel_start){ fn, arg };
	sched_ready(t);
	return t;
}

/*
 * Another CPU may change the sums meanwhile: then the time it adds may be missed or seen twice this
 * once.
 */
void thread_times(const struct thread *t, u64 *user, u64 *system)
{
	u64 now = clock_ticks(), left_at = __atomic_load_n(&t->left_at, __ATOMIC_RELAXED);
	u64 in_user = t->user_ticks, total = t->cpu_ticks;

	if (__atomic_load_n(&t->on_cpu, __ATOMIC_RELAXED))
		total += now - t->run_start;
	if (left_at)
		in_user += now - left_at;
	*user = clock_ticks_ns(in_user);
	*system = total > in_user ? clock_ticks_ns(total - in_user) : 0;
}

/* ---- Ticks ---- */

void sched_program(u64 when)
{
	struct cpu *c = this_cpu();

	if (when < c->next_event) {
		c->next_event = when;
		clock_program(when);
	}
}

/* See that a tick comes on this CPU. Interrupts off. */
static void want_tick(struct runq *rq)
{
	if (!rq->tick) {
		rq->tick = clock_now() + TICK_NS;
		sched_program(rq->tick);
	}
}

void sched_want_tick(void)
{
	ulong irq = intr_save();

	want_tick(runq_of(this_cpu()));
	intr_restore(irq);
}

void sched_give_tick(struct thread *t)
{
	__atomic_fetch_or(&t->work, WORK_TICK, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&t->state, __ATOMIC_RELAXED) == THREAD_RUNNING && t != current_thread())
		machine_kick_cpu(t->cpu->id);
}

static bool counts_time(const struct thread *t)
{
	return __atomic_load_n(&t->proc->cpu_timers, __ATOMIC_RELAXED);
}

/* The tick is over for `t`: it makes room, unless it has only just begun to run. */
static void end_slice(struct runq *rq, struct thread *t)
{
	if (clock_ticks_ns(clock_ticks() - t->run_start) >= TICK_NS / 2)
		__atomic_fetch_or(&t->work, WORK_RESCHED, __ATOMIC_RELAXED);
	else
		want_tick(rq);
}

void sched_tick(u64 now)
{
	struct cpu *c = this_cpu();
	struct runq *rq = runq_of(c);
	struct thread *t = c->current;

	if (!rq->tick)
		return;
	if (now < rq->tick) {
		sched_program(rq->tick);
		return;
	}
	rq->tick = 0;
	if (t == c->idle)
		return;
	/* Who queues a thread raises the count before it looks for a tick. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&rq->count, __ATOMIC_RELAXED))
		end_slice(rq, t);
	if (counts_time(t)) {
		itimer_tick(t);
		want_tick(rq);
	}
}

/* ---- Run queues ---- */

static void runq_append(struct runq *rq, struct thread *t)
{
	list_append(&rq->ready, &t->run_link);
	__atomic_store_n(&rq->count, rq->count + 1, __ATOMIC_RELAXED);
}

static void runq_remove(struct runq *rq, struct thread *t)
{
	list_remove(&t->run_link);
	__atomic_store_n(&rq->count, rq->count - 1, __ATOMIC_RELAXED);
}

/* The CPU where t, which is ready, shall queue. */
static struct cpu *place(const struct thread *t)
{
	u32 idle;

	if (__atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE))
		return t->cpu;
	idle = __atomic_load_n(&idle_mask, __ATOMIC_RELAXED);
	if (!idle || (idle & (1u << t->cpu->id)))
		return t->cpu;
	return &cpus[__builtin_ctz(idle)];
}

/* Interrupt an idle CPU, if there is one, and let no other wake choose it. */
static void kick_idle(u32 candidates)
{
	u32 idle = __atomic_load_n(&idle_mask, __ATOMIC_RELAXED) & candidates;

	if (!idle)
		return;
	idle &= -idle;
	if (__atomic_fetch_and(&idle_mask, ~idle, __ATOMIC_RELAXED) & idle)
		machine_kick_cpu((unsigned)__builtin_ctz(idle));
}

/* Queue t, and see that it gets its turn. */
static void enqueue(struct cpu *c, struct thread *t)
{
	struct runq *rq = runq_of(c);
	ulong irq = spin_lock_irq(&rq->lock);
	bool here = c == this_cpu(), busy = c->current != c->idle, late = false;

	runq_append(rq, t);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (busy && here)
		want_tick(rq);
	else if (busy && !__atomic_load_n(&rq->tick, __ATOMIC_RELAXED))
		late = !(__atomic_fetch_or(&c->current->work, WORK_TICK, __ATOMIC_SEQ_CST) &
			 WORK_TICK);
	spin_unlock(&rq->lock);
	if (late)
		machine_kick_cpu(c->id);
	if (busy)
		kick_idle(~0u);
	else if (!here)
		kick_idle(1u << c->id);
	intr_restore(irq);
}

void sched_ready(struct thread *t)
{
	enqueue(place(t), t);
}

static bool wake_from(struct thread *t, u32 state)
{
	if (!__atomic_compare_exchange_n(&t->state, &state, THREAD_READY, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED))
		return false;
	enqueue(place(t), t);
	return true;
}

bool sched_wake(struct thread *t)
{
	return wake_from(t, THREAD_SLEEPING);
}

void sched_interrupt(struct thread *t, bool fatal)
{
	u32 state;

	__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	state = __atomic_load_n(&t->state, __ATOMIC_RELAXED);
	if (state == THREAD_STOPPED) {
		wake_from(t, THREAD_STOPPED);
	} else if (state == THREAD_SLEEPING) {
		u32 how = __atomic_load_n(&t->wait_how, __ATOMIC_RELAXED);

		if (how == WAIT_INTERRUPTIBLE || (how == WAIT_KILLABLE && fatal))
			wake_from(t, THREAD_SLEEPING);
	} else if (state == THREAD_RUNNING && t != current_thread()) {
		machine_kick_cpu(t->cpu->id);
	}
}

/*
 * A ready thread of another CPU that has left its stack; NULL if there is none. Interrupts off, no
 * run queue locked.
 */
static struct thread *steal(const struct cpu *c)
{
	for (u32 i = 1; i < cpu_count; i++) {
		struct runq *rq = &runqs[(c->id + i) % cpu_count];
		struct thread *t, *found = NULL;

		if (!__atomic_load_n(&rq->count, __ATOMIC_RELAXED))
			continue;
		spin_lock(&rq->lock);
		LIST_EACH(t, &rq->ready, run_link) {
			if (!__atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE)) {
				found = t;
				break;
			}
		}
		if (found)
			runq_remove(rq, found);
		spin_unlock(&rq->lock);
		if (found)
			return found;
	}
	return NULL;
}

static struct thread *dequeue(struct runq *rq)
{
	struct thread *t;

	if (list_empty(&rq->ready))
		return NULL;
	t = LIST_FIRST(&rq->ready, struct thread, run_link);
	runq_remove(rq, t);
	return t;
}

/* ---- Switching ---- */

/* Choose the thread that runs next, and make it the CPU's current one. Interrupts off. */
static struct thread *pick(struct cpu *c, struct runq *rq, struct thread *self)
{
	struct thread *next;

	spin_lock(&rq->lock);
	if (self->state == THREAD_RUNNING && self != c->idle) {
		if (!rq->count) {
			spin_unlock(&rq->lock);
			return self;
		}
		self->state = THREAD_READY;
		runq_append(rq, self);
	}
	next = dequeue(rq);
	if (!next) {
		spin_unlock(&rq->lock);
		next = steal(c);
		spin_lock(&rq->lock);
		if (!next)
			next = dequeue(rq);
		if (!next)
			next = c->idle;
	}
	next->cpu = c;
	next->on_cpu = true;
	__atomic_store_n(&next->state, THREAD_RUNNING, __ATOMIC_RELEASE);
	c->current = next;
	spin_unlock(&rq->lock);
	return next;
}

/* What the thread that comes does for the one that went. Interrupts off. */
static void finish_switch(void)
{
	struct runq *rq = runq_of(this_cpu());
	struct thread *left = rq->left;
	bool dead = left->state == THREAD_DEAD;

	__atomic_store_n(&left->on_cpu, false, __ATOMIC_RELEASE);
	if (dead) {
		spin_lock(&rq->lock);
		list_push(&rq->dead, &left->run_link);
		rq->ndead++;
		spin_unlock(&rq->lock);
	}
}

static void switch_to(struct cpu *c, struct runq *rq, struct thread *self, struct thread *next)
{
	struct pmap *pmap = next->mm ? &next->mm->pmap : NULL;

	next->run_start = clock_ticks();
	self->cpu_ticks += next->run_start - self->run_start;
	if (UNLIKELY(self->work & (WORK_RESCHED | WORK_TICK)))
		__atomic_fetch_and(&self->work, ~(WORK_RESCHED | WORK_TICK), __ATOMIC_RELAXED);
	if (self->tf && self->state != THREAD_DEAD)
		user_state_save(self);
	if (c->pmap != pmap)
		pmap_switch(pmap);
	if (next->tf)
		user_state_load(next);
	if (next != c->idle && (rq->count || counts_time(next)))
		want_tick(rq);
	rq->left = self;
	context_switch(&self->context, &next->context);
	finish_switch();
}

static void schedule(void)
{
	ulong irq = intr_save();
	struct cpu *c = this_cpu();
	struct runq *rq = runq_of(c);
	struct thread *self = current_thread(), *next = pick(c, rq, self);

	if (next != self)
		switch_to(c, rq, self, next);
	else if (UNLIKELY(self->work & WORK_RESCHED))
		__atomic_fetch_and(&self->work, ~WORK_RESCHED, __ATOMIC_RELAXED);
	intr_restore(irq);
}

void sched_yield(void)
{
	lock_check_sleep(CALL_SITE);
	schedule();
}

void sched_block(void)
{
	lock_check_sleep(CALL_SITE);
	DEBUG_ASSERT(current_thread() != this_cpu()->idle);
	schedule();
}

void sched_stay(void)
{
	struct thread *self = current_thread();
	u32 state = THREAD_SLEEPING;

	if (__atomic_compare_exchange_n(&self->state, &state, THREAD_RUNNING, false,
					__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return;
	state = THREAD_STOPPED;
	if (__atomic_compare_exchange_n(&self->state, &state, THREAD_RUNNING, false,
					__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return;
	/*
	 * A waker came first: the thread is, or will be, on a run queue and has to go through it.
	 */
	schedule();
}

void sched_enter(void)
{
	finish_switch();
	intr_enable();
}

void sched_exit(void)
{
	struct thread *self = current_thread(), *old;

	ASSERT(self->proc == &kernel_proc);
	while ((old = dead_pop(&runqs[cpu_id()], STACKS_KEPT)))
		thread_destroy(old);
	__atomic_fetch_sub(&nthreads, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&self->state, THREAD_DEAD, __ATOMIC_RELEASE);
	schedule();
	panic("a dead thread runs");
}

void sched_switch_mm(struct mm *mm)
{
	ulong irq = intr_save();

	current_thread()->mm = mm;
	pmap_switch(mm ? &mm->pmap : NULL);
	intr_restore(irq);
}

/* ---- Idle ---- */

static bool work_anywhere(void)
{
	for (u32 i = 0; i < cpu_count; i++)
		if (__atomic_load_n(&runqs[i].count, __ATOMIC_RELAXED))
			return true;
	return false;
}

void sched_start(void)
{
	u32 bit = 1u << become_idle()->id;

	for (;;) {
		intr_enable();
		schedule();
		intr_disable();
		__atomic_fetch_or(&idle_mask, bit, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!work_anywhere())
			cpu_idle();
		__atomic_fetch_and(&idle_mask, ~bit, __ATOMIC_RELAXED);
	}
}

void sched_load(u32 *running, u32 *total)
{
	*running = 0;
	for (u32 i = 0; i < cpu_count; i++)
		*running += __atomic_load_n(&runqs[i].count, __ATOMIC_RELAXED) +
			    (cpus[i].current != cpus[i].idle);
	*total = __atomic_load_n(&nthreads, __ATOMIC_RELAXED);
}
