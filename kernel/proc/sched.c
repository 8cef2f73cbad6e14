/*
 * The scheduler: a queue of ready threads for each CPU; in which order, is runq.c's matter.
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
 * A thread that may not run on all CPUs is taken by none: it is placed on one of its own when it is
 * queued, and again at each tick. So is a real-time thread, on the CPU whose thread is the least
 * urgent. Whoever is on a queue of a CPU that is forbidden to it is sent on when its turn comes; a
 * thread that leaves a CPU and may not come back is queued by its successor, once it is off its
 * stack.
 *
 * Time. A tick ends a slice, and is programmed only while others wait for the CPU (or a process
 * timer counts). Once programmed it is left alone: a switch costs no access to the clock's
 * comparator. A thread that got the CPU just before the tick keeps it for one more. A thread that
 * becomes ready has to wait for the tick, unless it is a real-time thread: that gets the CPU of a
 * less urgent one as soon as this is on its way to user mode.
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
#include "proc/runq.h"
#include "proc/sync.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "vm/kmalloc.h"
#include "vm/kva.h"
#include "vm/mm.h"

#define STACKS_KEPT 4 /* a CPU, of ended threads, for new ones */

struct local {
	struct runq runq;
	atomic_u64 tick;	/* (l) when the next tick is due; 0 if none is */
	struct thread *left;	/* (l) the thread just switched away from */
	bool left_moves;	/* (l) it is ready and in no queue */
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
static struct local locals[MAX_CPUS];
static u32 idle_mask; /* (a) a bit for each CPU that waits for work */
static struct waitq moved; /* who waits for a thread to leave a CPU */
static u32 moves_awaited;  /* (a) how many do */
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
	stopwatch_start(&self->on_cpus, clock_ticks());
	list_init(&self->sig_queue);
	c->current = c->idle = self;
	return c;
}

void sched_init(void)
{
	thread_cache = kmem_cache_create("thread", sizeof(struct thread), _Alignof(struct thread));
	waitq_init(&moved);
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		runq_init(&locals[i].runq);
		list_init(&locals[i].dead);
		cpus[i].next_event = WAIT_FOREVER;
	}
	become_idle();
}

static inline struct local *local_of(const struct cpu *c)
{
	return &locals[c->id];
}

static inline struct runq *runq_of(const struct cpu *c)
{
	return &locals[c->id].runq;
}

/* ---- Threads ---- */

struct trapframe *thread_frame(const struct thread *t)
{
	return (struct trapframe *)((char *)t->kstack + KSTACK_SIZE) - 1;
}

static struct thread *dead_pop(struct local *l, u32 keep)
{
	ulong irq = spin_lock_irq(&l->runq.lock);
	struct thread *t = NULL;

	if (l->ndead > keep) {
		t = LIST_FIRST(&l->dead, struct thread, run_link);
		list_remove(&t->run_link);
		l->ndead--;
	}
	spin_unlock_irq(&l->runq.lock, irq);
	return t;
}

static struct thread *thread_make(void)
{
	struct thread *t = dead_pop(&locals[cpu_id()], 0);
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
	t->cpus = ~0u;
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
		for (struct thread *t; (t = dead_pop(&locals[i], 0));)
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

void thread_times(const struct thread *t, u64 *user, u64 *system)
{
	u64 in_user = stopwatch_read(&t->in_user), total = stopwatch_read(&t->on_cpus);

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
static void want_tick(struct local *l)
{
	if (!l->tick) {
		l->tick = clock_now() + TICK_NS;
		sched_program(l->tick);
	}
}

void sched_want_tick(void)
{
	ulong irq = intr_save();

	want_tick(local_of(this_cpu()));
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
static void end_slice(struct local *l, struct thread *t)
{
	if (clock_ticks_ns(clock_ticks() - t->on_cpus.since) >= TICK_NS / 2)
		__atomic_fetch_or(&t->work, WORK_RESCHED, __ATOMIC_RELAXED);
	else
		want_tick(l);
}

void sched_tick(u64 now)
{
	struct cpu *c = this_cpu();
	struct local *l = local_of(c);
	struct thread *t = c->current;

	if (!l->tick)
		return;
	if (now < l->tick) {
		sched_program(l->tick);
		return;
	}
	l->tick = 0;
	if (t == c->idle)
		return;
	/* Who queues a thread raises the count before it looks for a tick. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&l->runq.count, __ATOMIC_RELAXED))
		end_slice(l, t);
	if (counts_time(t)) {
		itimer_tick(t);
		want_tick(l);
	}
}

/* ---- Run queues ---- */

static bool may_run_on(const struct thread *t, const struct cpu *c)
{
	return __atomic_load_n(&t->cpus, __ATOMIC_RELAXED) & 1u << c->id;
}

static u8 level_of(const struct thread *t)
{
	return __atomic_load_n(&t->priority.level, __ATOMIC_RELAXED);
}

/* Of the CPUs in the mask, t's own first, the one whose thread is the least urgent. */
static struct cpu *weakest(const struct thread *t, u32 mask)
{
	struct cpu *found = NULL;
	s32 least = INT32_MAX;

	if (mask & 1u << t->cpu->id) {
		found = t->cpu;
		least = __atomic_load_n(&runq_of(found)->running, __ATOMIC_RELAXED);
	}
	for (; mask; mask &= mask - 1) {
		struct cpu *c = &cpus[__builtin_ctz(mask)];
		s32 running = __atomic_load_n(&runq_of(c)->running, __ATOMIC_RELAXED);

		if (!found || running < least) {
			found = c;
			least = running;
		}
	}
	return found;
}

/* Of the CPUs in the mask, the one with the shortest queue. */
static struct cpu *least_busy(u32 mask)
{
	struct cpu *found = &cpus[__builtin_ctz(mask)];

	for (; mask; mask &= mask - 1) {
		struct cpu *c = &cpus[__builtin_ctz(mask)];

		if (__atomic_load_n(&runq_of(c)->count, __ATOMIC_RELAXED) <
			__atomic_load_n(&runq_of(found)->count, __ATOMIC_RELAXED))
			found = c;
	}
	return found;
}

/* The CPU where t, which is ready, shall queue once it is off its stack. */
static struct cpu *destination(const struct thread *t)
{
	u32 mask = __atomic_load_n(&t->cpus, __ATOMIC_RELAXED), own = 1u << t->cpu->id;
	u32 idle = __atomic_load_n(&idle_mask, __ATOMIC_RELAXED) & mask;

	if (idle)
		return idle & own ? t->cpu : &cpus[__builtin_ctz(idle)];
	if (UNLIKELY(level_of(t)))
		return weakest(t, mask & cpus_all());
	return LIKELY(mask & own) ? t->cpu : least_busy(mask & cpus_all());
}

/* The CPU where t, which is ready, shall queue now. */
static struct cpu *place(const struct thread *t)
{
	return __atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE) ? t->cpu : destination(t);
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

/*
 * t has been queued on c, whose queue is locked: see that c's thread makes room in time. True if c
 * is to be interrupted for that.
 */
static bool ask_for_room(struct cpu *c, const struct thread *t)
{
	struct local *l = local_of(c);
	bool here = c == this_cpu();
	u32 work = 0, old;

	if (t->level > l->runq.running)
		work = WORK_RESCHED;
	if (here)
		want_tick(l);
	else if (!__atomic_load_n(&l->tick, __ATOMIC_RELAXED))
		work |= WORK_TICK;
	if (!work)
		return false;
	old = __atomic_fetch_or(&c->current->work, work, __ATOMIC_SEQ_CST);
	return !here && (old & work) != work;
}

/* Queue t, and see that it gets its turn. */
static void enqueue(struct cpu *c, struct thread *t, enum runq_place where)
{
	struct runq *rq = runq_of(c);
	ulong irq = spin_lock_irq(&rq->lock);
	bool here = c == this_cpu(), busy = c->current != c->idle, late = false, movable;

	/* The queue's clock may have stood still for long, while its thread was alone. */
	if (busy && !rq->count)
		runq_catch_up(rq, c->current);
	t->cpu = c;
	runq_add(rq, t, where);
	movable = !list_empty(&t->run_link);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (busy)
		late = ask_for_room(c, t);
	spin_unlock(&rq->lock);
	if (late)
		machine_kick_cpu(c->id);
	if (!busy && !here)
		kick_idle(1u << c->id);
	else if (busy && movable)
		kick_idle(~0u);
	intr_restore(irq);
}

void sched_ready(struct thread *t)
{
	enqueue(place(t), t, RUNQ_LAST);
}

static bool wake_from(struct thread *t, u32 state)
{
	if (!__atomic_compare_exchange_n(&t->state, &state, THREAD_READY, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_RELAXED))
		return false;
	enqueue(place(t), t, RUNQ_LAST);
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
		struct runq *rq = &locals[(c->id + i) % cpu_count].runq;
		struct thread *t, *found = NULL;

		if (!__atomic_load_n(&rq->nmovable, __ATOMIC_RELAXED))
			continue;
		spin_lock(&rq->lock);
		/* One of them at most is on its stack still. */
		LIST_EACH(t, &rq->movable, run_link) {
			if (!__atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE)) {
				found = t;
				break;
			}
		}
		if (found)
			runq_take(rq, found);
		spin_unlock(&rq->lock);
		if (found)
			return found;
	}
	return NULL;
}

/* ---- Switching ---- */

enum how { MUST_WAIT, PREEMPTED, YIELDS };

/*
 * self is ready again, but there are others on c: had it better queue elsewhere? c's queue is
 * locked.
 */
static bool better_elsewhere(const struct cpu *c, struct runq *rq, const struct thread *self)
{
	u32 mask = __atomic_load_n(&self->cpus, __ATOMIC_RELAXED) & cpus_all() & ~(1u << c->id);
	const struct thread *first = runq_first(rq);

	if (!mask || (!level_of(self) && thread_may_run_anywhere(self)))
		return false;
	if (mask & __atomic_load_n(&idle_mask, __ATOMIC_RELAXED))
		return true;
	return level_of(self) && first->level >= level_of(self) &&
	       __atomic_load_n(&runq_of(weakest(self, mask))->running, __ATOMIC_RELAXED) <
		       level_of(self);
}

/*
 * self does not wait for anything, but gives way: into c's queue, or (left_moves) to another one
 * once it has left its stack. False if it need not. c's queue is locked.
 */
static bool give_way(struct cpu *c, struct runq *rq, struct thread *self, enum how how)
{
	bool may_stay = may_run_on(self, c);
	enum runq_place where = RUNQ_LAST;

	if (may_stay && !rq->count)
		return false;
	self->state = THREAD_READY;
	if (!may_stay || better_elsewhere(c, rq, self)) {
		local_of(c)->left_moves = true;
		return true;
	}
	if (how == YIELDS)
		where = RUNQ_YIELD;
	else if (level_of(self) && !runq_turn_over(self))
		where = RUNQ_FIRST;
	runq_add(rq, self, where);
	return true;
}

/*
 * Take the first thread out of c's queue, which is locked, and let go meanwhile to send on those
 * that may not run here. NULL if there is none.
 */
static struct thread *dequeue(struct cpu *c, struct runq *rq, const struct thread *self)
{
	struct thread *t;

	while ((t = runq_first(rq))) {
		runq_take(rq, t);
		if (may_run_on(t, c))
			break;
		if (t == self) {
			local_of(c)->left_moves = true;
			continue;
		}
		spin_unlock(&rq->lock);
		enqueue(place(t), t, RUNQ_LAST);
		spin_lock(&rq->lock);
	}
	return t;
}

/* t gets c, from self, which has just been charged. c's queue is locked. */
static void run_on(struct cpu *c, struct runq *rq, const struct thread *self, struct thread *t)
{
	if (t != c->idle)
		runq_adopt(rq, t);
	t->level = level_of(t);
	t->charged = self->charged;
	__atomic_store_n(&rq->running, t == c->idle ? RUNNING_IDLE : t->level, __ATOMIC_RELAXED);
	t->cpu = c;
	t->on_cpu = true;
	__atomic_store_n(&t->state, THREAD_RUNNING, __ATOMIC_RELEASE);
	c->current = t;
}

/* Choose the thread that runs next, and make it the CPU's current one. Interrupts off. */
static struct thread *pick(struct cpu *c, struct runq *rq, struct thread *self, enum how how)
{
	struct thread *next;

	spin_lock(&rq->lock);
	runq_charge(rq, self, self == c->idle);
	if (self->state == THREAD_RUNNING && self != c->idle && !give_way(c, rq, self, how)) {
		run_on(c, rq, self, self);
		spin_unlock(&rq->lock);
		return self;
	}
	next = dequeue(c, rq, self);
	if (!next) {
		spin_unlock(&rq->lock);
		next = steal(c);
		spin_lock(&rq->lock);
		if (!next)
			next = dequeue(c, rq, self);
		if (!next)
			next = c->idle;
	}
	run_on(c, rq, self, next);
	spin_unlock(&rq->lock);
	return next;
}

/* Of the real-time threads that c leaves waiting, send the first where it is more urgent. */
static void send_waiting(struct cpu *c, struct runq *rq)
{
	struct cpu *to = c;
	struct thread *t;

	spin_lock(&rq->lock);
	if (rq->realtime.root) {
		t = CONTAINER_OF(tree_first(&rq->realtime), struct thread, run_node);
		to = place(t);
		if (to != c && __atomic_load_n(&runq_of(to)->running, __ATOMIC_RELAXED) < t->level)
			runq_take(rq, t);
		else
			to = c;
	}
	spin_unlock(&rq->lock);
	if (to != c)
		enqueue(to, t, RUNQ_LAST);
}

/* What the thread that comes does for the one that went. Interrupts off. */
static void finish_switch(void)
{
	struct local *l = local_of(this_cpu());
	struct thread *left = l->left;
	bool dead = left->state == THREAD_DEAD, moves = l->left_moves;

	if (UNLIKELY(moves)) {
		l->left_moves = false;
		left->cpu = destination(left);
	}
	__atomic_store_n(&left->on_cpu, false, __ATOMIC_RELEASE);
	if (dead) {
		spin_lock(&l->runq.lock);
		list_push(&l->dead, &left->run_link);
		l->ndead++;
		spin_unlock(&l->runq.lock);
	}
	if (moves)
		enqueue(left->cpu, left, RUNQ_LAST);
	/* Who waits for it counts himself before he looks at on_cpu. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (UNLIKELY(__atomic_load_n(&moves_awaited, __ATOMIC_RELAXED)))
		waitq_wake_all(&moved);
}

static void switch_to(struct cpu *c, struct local *l, struct thread *self, struct thread *next)
{
	struct pmap *pmap = next->mm ? &next->mm->pmap : NULL;
	u64 now;

	/* Read anew: what passes until the span ends is told to who asks meanwhile, and taken back. */
	now = clock_ticks();
	stopwatch_stop(&self->on_cpus, now);
	stopwatch_start(&next->on_cpus, now);
	if (UNLIKELY(self->work & (WORK_RESCHED | WORK_TICK)))
		__atomic_fetch_and(&self->work, ~(WORK_RESCHED | WORK_TICK), __ATOMIC_RELAXED);
	if (self->tf && self->state != THREAD_DEAD)
		user_state_save(self);
	if (c->pmap != pmap)
		pmap_switch(pmap);
	if (next->tf)
		user_state_load(next);
	if (next != c->idle) {
		if (UNLIKELY(counts_time(next))) {
			itimer_arrive(next, now);
			want_tick(l);
		} else if (l->runq.count) {
			want_tick(l);
		}
	}
	l->left = self;
	context_switch(&self->context, &next->context);
	finish_switch();
}

static void schedule(enum how how)
{
	ulong irq = intr_save();
	struct cpu *c = this_cpu();
	struct local *l = local_of(c);
	struct thread *self = current_thread(), *next;

	/* Before the choice: who changes what it depends on, and then sets the bit, is heard. */
	if (UNLIKELY(self->work & WORK_RESCHED))
		__atomic_fetch_and(&self->work, ~WORK_RESCHED, __ATOMIC_SEQ_CST);
	next = pick(c, &l->runq, self, how);
	if (UNLIKELY(l->runq.realtime.root))
		send_waiting(c, &l->runq);
	if (next != self) {
		switch_to(c, l, self, next);
	} else if (self != c->idle && l->runq.count) {
		want_tick(l);
	}
	intr_restore(irq);
}

void sched_yield(void)
{
	lock_check_sleep(CALL_SITE);
	schedule(YIELDS);
}

void sched_preempt(void)
{
	lock_check_sleep(CALL_SITE);
	schedule(PREEMPTED);
}

void sched_block(void)
{
	lock_check_sleep(CALL_SITE);
	DEBUG_ASSERT(current_thread() != this_cpu()->idle);
	schedule(MUST_WAIT);
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
	schedule(MUST_WAIT);
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
	while ((old = dead_pop(&locals[cpu_id()], STACKS_KEPT)))
		thread_destroy(old);
	__atomic_fetch_sub(&nthreads, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&self->state, THREAD_DEAD, __ATOMIC_RELEASE);
	schedule(MUST_WAIT);
	panic("a dead thread runs");
}

void sched_switch_mm(struct mm *mm)
{
	ulong irq = intr_save();

	current_thread()->mm = mm;
	pmap_switch(mm ? &mm->pmap : NULL);
	intr_restore(irq);
}

/* ---- Urgency and CPUs ---- */

/* What t is queued by has changed: queue it anew. Any context. */
static void requeue(struct thread *t)
{
	struct runq *rq;
	ulong irq;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while ((rq = __atomic_load_n(&t->queue, __ATOMIC_ACQUIRE))) {
		bool found;

		irq = spin_lock_irq(&rq->lock);
		found = t->queue == rq;
		if (found)
			runq_take(rq, t);
		spin_unlock_irq(&rq->lock, irq);
		if (found) {
			enqueue(place(t), t, RUNQ_LAST);
			return;
		}
	}
	/* It runs, or will look when it does next. */
	__atomic_fetch_or(&t->work, WORK_RESCHED, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&t->state, __ATOMIC_RELAXED) == THREAD_RUNNING && t != current_thread())
		machine_kick_cpu(t->cpu->id);
}

void sched_set_priority(struct thread *t, struct priority priority)
{
	t->priority.policy = priority.policy;
	t->priority.nice = priority.nice;
	t->priority.fork_resets = priority.fork_resets;
	__atomic_store_n(&t->priority.level, priority.level, __ATOMIC_RELAXED);
	requeue(t);
}

void sched_set_cpus(struct thread *t, u32 cpus_allowed)
{
	__atomic_store_n(&t->cpus, cpus_allowed, __ATOMIC_SEQ_CST);
	requeue(t);
}

static int is_astray(struct proc *p UNUSED, struct thread *t, void *arg UNUSED)
{
	return t && t != current_thread() && __atomic_load_n(&t->on_cpu, __ATOMIC_ACQUIRE) &&
	       !may_run_on(t, t->cpu);
}

int sched_wait_moved(int tid)
{
	int err;

	__atomic_fetch_add(&moves_awaited, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	err = WAIT_EVENT(&moved, thread_call(0, tid, is_astray, NULL) <= 0, WAIT_KILLABLE,
			 WAIT_FOREVER);
	__atomic_fetch_sub(&moves_awaited, 1, __ATOMIC_SEQ_CST);
	return err;
}

/* ---- Idle ---- */

/* Is there a thread that CPU c could run? */
static bool work_for(const struct cpu *c)
{
	if (__atomic_load_n(&runq_of(c)->count, __ATOMIC_RELAXED))
		return true;
	for (u32 i = 0; i < cpu_count; i++)
		if (__atomic_load_n(&locals[i].runq.nmovable, __ATOMIC_RELAXED))
			return true;
	return false;
}

void sched_start(void)
{
	struct cpu *c = become_idle();
	u32 bit = 1u << c->id;

	for (;;) {
		intr_enable();
		schedule(MUST_WAIT);
		intr_disable();
		__atomic_fetch_or(&idle_mask, bit, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!work_for(c))
			cpu_idle();
		__atomic_fetch_and(&idle_mask, ~bit, __ATOMIC_RELAXED);
	}
}

void sched_load(u32 *running, u32 *total)
{
	*running = 0;
	for (u32 i = 0; i < cpu_count; i++)
		*running += __atomic_load_n(&locals[i].runq.count, __ATOMIC_RELAXED) +
			    (cpus[i].current != cpus[i].idle);
	*total = __atomic_load_n(&nthreads, __ATOMIC_RELAXED);
}
