/*
 * Threads and CPUs of the host machine, and the scheduler's calls that the memory system uses.
 *
 * There are MAX_CPUS CPUs with one kernel thread each. A thread of the process acts as one of them
 * at a time: a test in one thread hops between them with host_cpu to see what each would see;
 * parallel tests give each of their threads its own with host_start.
 */
/* The C library declares it with another type; the symbol serves both. */
#define sched_yield host_sched_yield
#include <pthread.h>
#undef sched_yield
#include <stdlib.h>
#include <time.h>

#include "lib/printf.h"
#include "lib/string.h"
#include "machine/host.h"
#include "machine/param.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "vm/mm.h"
#include "vm/pmap.h"

struct cpu cpus[MAX_CPUS];
u32 cpu_count;

static struct thread threads[MAX_CPUS]; /* one a CPU */
_Thread_local struct thread *host_current;

/* Sleeping and waking, for all threads together: tests have few. */
static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t state_changed = PTHREAD_COND_INITIALIZER;

static pthread_t started[MAX_CPUS]; /* by CPU; the thread that boots is CPU 0 */
static unsigned started_count;

unsigned cpu_id(void)
{
	return this_cpu()->id;
}

void cpu_relax(void)
{
	sched_yield();
}

void sched_preempt(void)
{
	sched_yield();
}

void host_cpu(unsigned n)
{
	host_current = &threads[n];
}

/* Called by host_boot. */
void host_cpus_init(void);
void host_cpus_init(void)
{
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		cpus[i].id = i;
		cpus[i].current = &threads[i];
		threads[i].cpu = &cpus[i];
		threads[i].tid = (int)i;
		threads[i].state = THREAD_RUNNING;
		fmt(threads[i].name, sizeof(threads[i].name), "cpu%u", i);
	}
	cpu_count = MAX_CPUS;
	host_cpu(0);
}

void host_run(struct mm *mm)
{
	current_thread()->mm = mm;
	pmap_switch(mm ? &mm->pmap : NULL);
}

/* --- threads in parallel --- */

struct start {
	void (*fn)(void *arg);
	void *arg;
	unsigned cpu;
};

static void *thread_main(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	host_cpu(s.cpu);
	s.fn(s.arg);
	return NULL;
}

void host_start(void (*fn)(void *arg), void *arg)
{
	struct start *s = malloc(sizeof(*s));

	ASSERT(s && started_count + 1 < MAX_CPUS);
	*s = (struct start){ fn, arg, ++started_count };
	if (pthread_create(&started[s->cpu], NULL, thread_main, s) != 0)
		panic("pthread_create");
}

void host_join(void)
{
	for (; started_count > 0; started_count--)
		pthread_join(started[started_count], NULL);
}

/* --- the scheduler --- */

void sched_block(void)
{
	struct thread *t = current_thread();

	pthread_mutex_lock(&state_lock);
	while (t->state == THREAD_SLEEPING) {
		/* Nobody is there who could wake it. */
		ASSERT(started_count > 0);
		pthread_cond_wait(&state_changed, &state_lock);
	}
	pthread_mutex_unlock(&state_lock);
}

void sched_stay(void)
{
	__atomic_store_n(&current_thread()->state, THREAD_RUNNING, __ATOMIC_SEQ_CST);
}

bool sched_wake(struct thread *t)
{
	bool slept;

	pthread_mutex_lock(&state_lock);
	slept = t->state == THREAD_SLEEPING;
	if (slept) {
		__atomic_store_n(&t->state, THREAD_READY, __ATOMIC_SEQ_CST);
		pthread_cond_broadcast(&state_changed);
	}
	pthread_mutex_unlock(&state_lock);
	return slept;
}

struct thread *thread_create_kernel(const char *name UNUSED, void (*fn)(void *), void *arg)
{
	host_start(fn, arg);
	return &threads[started_count];
}

/* --- signals and time: none, and the host's --- */

bool signal_pending(void)
{
	return false;
}

bool signal_fatal_pending(void)
{
	return false;
}

u64 clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * NSEC + (u64)ts.tv_nsec;
}

void timer_init(struct timer *t, void (*fn)(struct timer *))
{
	t->fn = fn;
	t->armed = false;
}

void timer_arm(struct timer *t UNUSED, u64 when UNUSED)
{
	panic("the host machine has no timers");
}

bool timer_cancel(struct timer *t UNUSED)
{
	return false;
}
