/*
 * Growing mappings: the program's stack and MAP_GROWSDOWN, their limit and the guard below them.
 */
#include "tap.h"

#define GUARD 256

static const struct map_line *stack_line(void)
{
	struct maps *m = maps_read();
	const struct map_line *found = NULL;

	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->line[i].name, "[stack]") == 0)
			found = found ? NULL : &m->line[i];
	return found;
}

static void limit_stack(rlim_t bytes)
{
	struct rlimit r;

	getrlimit(RLIMIT_STACK, &r);
	r.rlim_cur = bytes;
	if (setrlimit(RLIMIT_STACK, &r) < 0)
		bail_out("setrlimit: errno %d", errno);
}

/* A growing mapping of one page at p. */
static void map_growing(unsigned char *p)
{
	want_eq(map(p, PS, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0), (long)p);
}

/* Where the mapping that holds p begins, 0 if none does. */
static unsigned long start_of(const volatile void *p)
{
	const struct map_line *l = maps_find(maps_read(), p);

	return l ? l->start : 0;
}

static void test_line(void)
{
	const struct map_line *l = stack_line();

	want(l && strcmp(l->perms, "rw-p") == 0 && l->inode == 0 && l->offset == 0);
	want(l && l->end - l->start < 1 << 20);
	want(l && (unsigned long)&l >= l->start && (unsigned long)&l < l->end);
	verdict("STACK-1 one [stack] line, rw-p, which starts small");
}

static void grow_to_the_limit(void *arg)
{
	unsigned char *end = (unsigned char *)stack_line()->end;

	(void)arg;
	limit_stack(8 << 20);
	want_fault(end - (8 << 20) - PS, READ, MAPERR);
	want_fault(end - (8 << 20), READ, NOFAULT);
	want_fault(end - (8 << 20) - PS, WRITE, MAPERR);
	want_eq(end - (unsigned char *)stack_line()->start, 8 << 20);
}

static void grow_to_a_lower_limit(void *arg)
{
	unsigned char *end = (unsigned char *)stack_line()->end;

	(void)arg;
	limit_stack(1 << 20);
	want_fault(end - (1 << 20) - PS, WRITE, MAPERR);
	want_fault(end - (1 << 20), WRITE, NOFAULT);
	limit_stack(2 << 20);
	want_fault(end - (2 << 20), WRITE, NOFAULT);
	limit_stack(1 << 20);
	want_fault(end - (2 << 20) - PS, WRITE, MAPERR);
	want_fault(end - (2 << 20), WRITE, NOFAULT);
}

static void grow_own_to_the_limit(void *arg)
{
	unsigned char *h = hole(40), *p = h + 39 * PS;

	(void)arg;
	limit_stack(16 * PS);
	map_growing(p);
	want_fault(p - 16 * PS, WRITE, MAPERR);
	want_fault(p - 15 * PS, WRITE, NOFAULT);
	want_eq(start_of(p), (long)(p - 15 * PS));
}

static void test_limit(void)
{
	want_child(grow_to_the_limit, NULL);
	verdict("STACK-2 the stack grows to RLIMIT_STACK exactly");
	want_child(grow_to_a_lower_limit, NULL);
	verdict("STACK-2 a limit that was changed binds the next growth");
	want_child(grow_own_to_the_limit, NULL);
	verdict("STACK-2 the limit binds MAP_GROWSDOWN too");
}

static void touch_far_below(void *arg)
{
	unsigned char *here = (unsigned char *)&arg;
	unsigned char *far = (unsigned char *)(((unsigned long)here & -PS) - (4 << 20));

	limit_stack(8 << 20);
	want_fault(here - (64 << 20), READ, MAPERR);
	want_fault(far, READ, NOFAULT);
	want(all_zero(far, PS));
	want(stack_line()->start <= (unsigned long)far);
	want_fault(here - (64 << 20), WRITE, MAPERR);
}

static volatile int depth;

static int recurse(volatile char *above)
{
	volatile char frame[256];

	frame[0] = above ? above[0] : 0;
	return ++depth > 0 ? recurse(frame) + frame[0] : 0;
}

static int recurse_forever(void *arg)
{
	(void)arg;
	limit_stack(1 << 20);
	return recurse(NULL);
}

static void test_growth(void)
{
	want_child(touch_far_below, NULL);
	verdict("STACK-3 one touch 4 MiB below the stack pointer extends the stack, 64 MiB do not");
	want(killed_by(child_status(recurse_forever, NULL), SIGSEGV));
	verdict("STACK-4 endless recursion ends by SIGSEGV");
}

static void test_guard(void)
{
	unsigned char *h = hole(700), *p = h + 600 * PS;

	want_eq(map(h, PS, RW, ANON | MAP_FIXED, -1, 0), (long)h);
	map_growing(p);
	want_fault(h + GUARD * PS, WRITE, MAPERR);
	want_fault(h + (GUARD + 1) * PS, WRITE, NOFAULT);
	want_fault(h + GUARD * PS, WRITE, MAPERR);
	want_eq(start_of(p), (long)(h + (GUARD + 1) * PS));
	unmap(h, 700 * PS);
	verdict("STACK-5 growth stops 256 pages above what lies below");
	want_eq(map(h, PS, PROT_READ, ANON | MAP_FIXED, -1, 0), (long)h);
	map_growing(p);
	want_fault(h + PS, WRITE, MAPERR);
	unmap(h, PS);
	want_eq(map(h, PS, PROT_NONE, ANON | MAP_FIXED, -1, 0), (long)h);
	want_fault(h + PS, WRITE, NOFAULT);
	want_fault(h, WRITE, ACCERR);
	want_eq(start_of(p), (long)(h + PS));
	unmap(h, 700 * PS);
	verdict("STACK-5 PROT_NONE below keeps no distance");
}

static void test_reserved(void)
{
	unsigned char *h = hole(700), *p = h + 600 * PS;
	long r;

	map_growing(p);
	r = map(p - 100 * PS, PS, RW, ANON, -1, 0);
	want(!is_error(r) && r != (long)(p - 100 * PS));
	unmap((void *)r, PS);
	r = map(p - GUARD * PS, PS, RW, ANON, -1, 0);
	want(!is_error(r) && r != (long)(p - GUARD * PS));
	unmap((void *)r, PS);
	r = map(p - 300 * PS, PS, RW, ANON, -1, 0);
	want_eq(r, (long)(p - 300 * PS));
	unmap((void *)r, PS);
	verdict("STACK-6 a hint less than 256 pages below goes elsewhere, one 300 pages below is "
		"exact");
	r = map(p - 100 * PS, PS, RW, ANON | MAP_FIXED, -1, 0);
	want_eq(r, (long)(p - 100 * PS));
	unmap((void *)r, PS);
	r = map(p - PS, PS, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	want_eq(r, (long)(p - PS));
	unmap(h, 700 * PS);
	verdict("STACK-6 MAP_FIXED there is allowed");
}

static void test_own(void)
{
	unsigned char *h = hole(700), *p = h + 600 * PS;
	long r = map(p, 2 * PS, RW, ANON | MAP_GROWSDOWN, -1, 0);

	want_eq(r, (long)p);
	want_fault(p - 100 * PS, WRITE, NOFAULT);
	want_eq(start_of(p), (long)(p - 100 * PS));
	want(all_zero(p - 100 * PS + 1, PS - 1));
	want(all_zero(p - 99 * PS, 99 * PS));
	want_eq(p[-100 * (long)PS], 0x5a);
	unmap(h, 700 * PS);
	verdict("STACK-7 a growing mapping extends down to the touched page");
}

static void test_system_calls(void)
{
	unsigned char *h = hole(700), *p = h + 600 * PS;
	int fd = temp_file(2 * PS, 5);

	map_growing(p);
	want_eq(pread(fd, p - 20 * PS, 100, 0), 100);
	want(filled(p - 20 * PS, 100, 5));
	want_eq(start_of(p), (long)(p - 20 * PS));
	want_eq(pwrite(fd, p - 25 * PS, 10, PS), 10);
	want_eq(start_of(p), (long)(p - 25 * PS));
	want_eq(file_byte(fd, PS), 0);
	unmap(h, 700 * PS);
	close(fd);
	verdict("STACK-8 a system call that reads or writes below extends it as a touch does");
}

static long status_kb(const char *name)
{
	return proc_value("/proc/self/status", name);
}

static void grow_in_limits(void *arg)
{
	unsigned char *h = hole(700), *p = h + 600 * PS;
	struct rlimit r = {0, RLIM_INFINITY};

	(void)arg;
	map_growing(p);
	r.rlim_cur = (rlim_t)(status_kb("VmSize") * 1024 + 8 * (long)PS);
	want_eq(setrlimit(RLIMIT_AS, &r), 0);
	want_fault(p - 9 * PS, WRITE, MAPERR);
	want_fault(p - 8 * PS, WRITE, NOFAULT);
	want_fault(p - 9 * PS, WRITE, MAPERR);
	r.rlim_cur = RLIM_INFINITY;
	want_eq(setrlimit(RLIMIT_AS, &r), 0);
	want_fault(p - 9 * PS, WRITE, NOFAULT);
}

static void grow_locked(void *arg)
{
	unsigned char *h = hole(700), *p = h + 600 * PS;
	struct rlimit r = {24 * PS, 24 * PS};

	(void)arg;
	map_growing(p);
	want_eq(setrlimit(RLIMIT_MEMLOCK, &r), 0);
	drop_privileges();
	want_eq(sys(SYS_mlock, p, PS), 0);
	want_eq(status_kb("VmLck"), 4);
	want_fault(p - 10 * PS, WRITE, NOFAULT);
	want_eq(status_kb("VmLck"), 44);
	want_fault(p - 30 * PS, WRITE, MAPERR);
	want_eq(status_kb("VmLck"), 44);
}

static void test_other_limits(void)
{
	want_child(grow_in_limits, NULL);
	verdict("MMAP-27 growth obeys RLIMIT_AS");
	want_child(grow_locked, NULL);
	verdict("MLOCK-7 growth of a locked mapping is locked and obeys RLIMIT_MEMLOCK");
}

int main(void)
{
	test_line();
	test_limit();
	test_growth();
	test_guard();
	test_reserved();
	test_own();
	test_system_calls();
	test_other_limits();
	return done();
}
