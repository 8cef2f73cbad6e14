/*
 * What an access to memory does (FAULT): which signal, which code, which address, which page.
 */
#include "tap.h"

#ifdef __i386__
#include <cpuid.h>
#endif
#include <sched.h>
#include <sys/statfs.h>

static void fault_1(void)
{
	unsigned char *h = hole(2);

	want_fault(h, READ, MAPERR);
	want_fault(h + 77, WRITE, MAPERR);
	want_fault(h + PS, EXEC, MAPERR);
	want_fault(NULL, READ, MAPERR);
	want_fault((void *)100, WRITE, MAPERR);
	want_fault(NULL, EXEC, MAPERR);
	verdict("FAULT-1 a hole: read, write and fetch");
}

static void fault_2(void)
{
	int fd = temp_file(2 * PS, 1);
	unsigned char *anon = must_map(2 * PS, PROT_READ, ANON, -1, 0);
	unsigned char *priv = must_map(2 * PS, PROT_READ, MAP_PRIVATE, fd, 0);
	unsigned char *file = must_map(2 * PS, PROT_READ, MAP_SHARED, fd, 0);
	unsigned char *each[] = {anon, priv, file};

	for (int i = 0; i < 3; i++) {
		want_fault(each[i] + 3, WRITE, ACCERR);
		want_fault(each[i] + PS, READ, NOFAULT);
		want_fault(each[i] + PS, WRITE, ACCERR);
		want_fault(each[i], READ, NOFAULT);
	}
	want(all_zero(anon, 2 * PS) && filled(priv, 2 * PS, 1) && filled(file, 2 * PS, 1));
	want_eq(protect(anon, PS, RW), 0);
	anon[0] = 1;
	want_eq(protect(anon, PS, PROT_READ), 0);
	want_fault(anon, WRITE, ACCERR);
	for (int i = 0; i < 3; i++)
		unmap(each[i], 2 * PS);
	close(fd);
	verdict("FAULT-2 a write to a page without write permission, touched or not");
}

static void fault_3(void)
{
	int fd = temp_file(PS, 1);
	unsigned char *p = must_map(PS, PROT_NONE, ANON, -1, 0);
	unsigned char *q = must_map(PS, PROT_NONE, MAP_SHARED, fd, 0);

	for (int i = 0; i < 2; i++) {
		unsigned char *x = i ? q : p;

		want_fault(x + 4, READ, ACCERR);
		want_fault(x + 5, WRITE, ACCERR);
		want_fault(x, EXEC, ACCERR);
	}
	unmap(p, PS);
	unmap(q, PS);
	close(fd);
	verdict("FAULT-3 a page without any permission: read, write and fetch");
}

/* Can the processor refuse a fetch? On a PC: CPUID 80000001h, EDX bit 20 (Intel SDM volume 2). */
static bool fetches_refused(void)
{
#ifdef __i386__
	unsigned a, b, c, d = 0;

	return __get_cpuid(0x80000001, &a, &b, &c, &d) && (d & 1u << 20);
#else
	return true;
#endif
}

static void fault_4(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0);

	put_return(p);
	if (fetches_refused()) {
		want_fault(p, EXEC, ACCERR);
		want_eq(protect(p, PS, PROT_READ), 0);
		want_fault(p, EXEC, ACCERR);
		verdict("FAULT-4 a fetch from a page without execute permission");
	} else {
		skip("this processor does not know of it",
			"FAULT-4 a fetch from a page without execute permission");
	}
	want_eq(protect(p, PS, RX), 0);
	want_fault(p, EXEC, NOFAULT);
	want_fault(p, READ, NOFAULT);
	want_fault(p, WRITE, ACCERR);
	unmap(p, PS);
	verdict("FAULT-4 a page to read and execute runs and refuses a store");
}

static void fault_5(void)
{
	int fd = temp_file(PS, 2);
	unsigned char *p = must_map(PS, PROT_WRITE, ANON, -1, 0);
	unsigned char *q = must_map(PS, PROT_WRITE, MAP_SHARED, fd, 0);

	want(!strcmp(perms_at(p), "-w-p"));
	want(!strcmp(perms_at(q), "-w-s"));
	want_fault(p, WRITE, NOFAULT);
	want_fault(p, READ, NOFAULT);
	want_eq(p[0], 0x5a);
	want(filled(q, PS, 2));
	q[0] = 9;
	want_eq(file_byte(fd, 0), 9);
	unmap(p, PS);
	unmap(q, PS);
	p = must_map(PS, PROT_WRITE, ANON, -1, 0);
	want_fault(p, READ, NOFAULT); /* first access is the load */
	unmap(p, PS);
	close(fd);
	verdict("FAULT-5 write permission alone reads too");
}

static void fault_6(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0);

	put_return(p);
	want_eq(protect(p, PS, PROT_EXEC), 0);
	want_fault(p, EXEC, NOFAULT);
	want_fault(p, WRITE, ACCERR);
#if defined(__riscv)
	want_fault(p, READ, ACCERR);
#endif
	verdict("FAULT-6 execute permission alone");
	want_eq(protect(p, PS, PROT_WRITE | PROT_EXEC), 0);
	want_fault(p + 8, WRITE, NOFAULT);
	want_fault(p + 8, READ, NOFAULT);
	want_fault(p, EXEC, NOFAULT);
	unmap(p, PS);
	verdict("FAULT-6 write and execute permission");
}

static void fault_7(void)
{
	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		int fd = temp_file(PS + 123, 3);
		unsigned char *p = must_map(2 * PS, PROT_READ, type, fd, 0);

		want_eq(p[PS + 122], pattern(PS + 122, 3));
		want(all_zero(p + PS + 123, PS - 123));
		unmap(p, 2 * PS);
		close(fd);
	}
	verdict("FAULT-7 zeros after the last byte of the file");
}

static void fault_8(void)
{
	int fd = temp_file(PS + 1, 4);

	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		unsigned char *p = must_map(4 * PS, RWX, type, fd, 0);

		want_fault(p + 2 * PS, READ, ADRERR);
		want_fault(p + 2 * PS + 17, WRITE, ADRERR);
		want_fault(p + 4 * PS - 1, READ, ADRERR);
		want_fault(p + 3 * PS, EXEC, ADRERR);
		unmap(p, 4 * PS);
#if defined(__riscv)
		p = must_map(4 * PS, RW, type, fd, 0);
		want_fault(p + 3 * PS, EXEC, ACCERR);
		unmap(p, 4 * PS);
#endif
	}
	want_eq(file_size(fd), PS + 1);
	close(fd);
	verdict("FAULT-8 a page wholly past the end of the file");
}

static void fault_9(void)
{
	int fd = temp_file(100, 5);

	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		unsigned char *p = must_map(2 * PS, PROT_READ, type, fd, 0);

		want_fault(p + PS, WRITE, ACCERR);
		want_fault(p + PS, READ, ADRERR);
		want_eq(protect(p, 2 * PS, PROT_NONE), 0);
		want_fault(p + PS, READ, ACCERR);
		want_fault(p + PS, WRITE, ACCERR);
		unmap(p, 2 * PS);
	}
	close(fd);
	verdict("FAULT-9 protection is judged before the end of the file");
}

static void fault_10(void)
{
	const unsigned long top = user_limit();
	const unsigned long at[] = {
		top, -PS, -2 * PS,
#if defined(__riscv)
		top + PS, 0xffffffff80000000, 0xffffffc000000000, 0xffffffd800000000,
		0xffffffc080200000,
#elif defined(__x86_64__)
		0xffffffff81000000, 0xffffffff80000000,
#else
		top < 0xc0000000 ? top + (1 << 20) : top + PS, 0xfffff000,
#endif
	};

	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		want_fault((void *)at[i], READ, MAPERR);
		want_fault((void *)at[i], WRITE, MAPERR);
		want_fault((void *)at[i], EXEC, MAPERR);
	}
	verdict("FAULT-10 kernel addresses are holes");
}

static void load8(void *p)
{
	tap_sink = (unsigned char)*(volatile uint64_t *)p;
}

static void store8(void *p)
{
	*(volatile uint64_t *)p = 0x1122334455667788;
}

static void load4(void *p)
{
	tap_sink = (unsigned char)*(volatile uint32_t *)p;
}

static void store4(void *p)
{
	*(volatile uint32_t *)p = 0x11223344;
}

static void fault_11(void)
{
	static void (*const wide[])(void *) = {load8, store8, load4, store4};
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);

	p[0] = 1;
	for (int none = 1; none >= 0; none--) {
		if (none)
			protect(p + PS, PS, PROT_NONE);
		else
			unmap(p + PS, PS);
		for (int i = 0; i < 4; i++) {
			struct fault f = fault_catch(wide[i], p + PS - (i < 2 ? 4 : 2));

			want_eq(fault_kind(f), none ? ACCERR : MAPERR);
			want(f.addr == p + PS);
		}
	}
	unmap(p, PS);
	verdict("FAULT-11 a straddling access names the first byte of the bad page");
}

static unsigned char *restart_page;
static volatile int restart_count;

static void by_mmap(int signo, siginfo_t *si, void *context)
{
	(void)signo, (void)si, (void)context;
	restart_count++;
	map(restart_page, PS, RW, ANON | MAP_FIXED, -1, 0);
}

static void by_mprotect(int signo, siginfo_t *si, void *context)
{
	(void)signo, (void)si, (void)context;
	restart_count++;
	protect(restart_page, PS, RW);
}

static void third_time(int signo, siginfo_t *si, void *context)
{
	(void)signo, (void)si, (void)context;
	if (++restart_count == 3)
		protect(restart_page, PS, RW);
}

static void restart_by(void (*handler)(int, siginfo_t *, void *), int faults)
{
	struct sigaction act, old;

	memset(&act, 0, sizeof act);
	act.sa_sigaction = handler;
	act.sa_flags = SA_SIGINFO;
	sigaction(SIGSEGV, &act, &old);
	restart_count = 0;
	*(volatile unsigned char *)restart_page = 0x42;
	want_eq(restart_page[0], 0x42);
	want_eq(restart_count, faults);
	sigaction(SIGSEGV, &old, NULL);
}

static void fault_12(void)
{
	restart_page = hole(1);
	restart_by(by_mmap, 1);
	want_eq(protect(restart_page, PS, PROT_READ), 0);
	restart_by(by_mprotect, 1);
	want_eq(protect(restart_page, PS, PROT_NONE), 0);
	restart_by(by_mprotect, 1);
	verdict("FAULT-12 the access is done again after a handler that mapped or permitted");
	want_eq(protect(restart_page, PS, PROT_NONE), 0);
	restart_by(third_time, 3);
	unmap(restart_page, PS);
	verdict("FAULT-12 and faults again after a handler that did nothing");
}

/* Large pages would hide which small ones were touched; where there are none the call fails. */
static void small_pages(void *p, size_t len)
{
	madvise(p, len, 15 /* MADV_NOHUGEPAGE */);
}

static void fault_13(void)
{
	const size_t size = 16 << 20;
	unsigned char *p = must_map(size, RW, ANON, -1, 0), vec[4];
	long none, half, all;

	small_pages(p, size);
	none = rss_kb();
	for (size_t i = 0; i < size; i += 2 * PS)
		p[i] = 1;
	half = rss_kb();
	for (size_t i = PS; i < size; i += 2 * PS)
		p[i] = 1;
	all = rss_kb();
	diag("VmRSS %ld, %ld, %ld kB", none, half, all);
	want(half - none >= 7 << 10 && half - none <= 9 << 10);
	want(all - half >= 7 << 10 && all - half <= 9 << 10);
	unmap(p, size);
	verdict("FAULT-13 memory is used page by page, as it is touched");

	p = must_map(4 * PS, RW, ANON, -1, 0);
	small_pages(p, 4 * PS);
	if (sys(SYS_mincore, p, 4 * PS, vec) == -ENOSYS) {
		skip("mincore is not there", "FAULT-13 mincore shows what was touched");
	} else {
		want((vec[0] & 1) + (vec[1] & 1) + (vec[2] & 1) + (vec[3] & 1) == 0);
		want_eq(p[PS], 0);
		want_eq(sys(SYS_mincore, p, 4 * PS, vec), 0);
		want(!(vec[0] & 1) && (vec[1] & 1) && !(vec[2] & 1) && !(vec[3] & 1));
		p[2 * PS] = 1;
		want_eq(sys(SYS_mincore, p, 4 * PS, vec), 0);
		want(!(vec[0] & 1) && (vec[1] & 1) && (vec[2] & 1) && !(vec[3] & 1));
		verdict("FAULT-13 mincore shows what was touched");
	}
	unmap(p, 4 * PS);

	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		int fd = temp_file(2 * PS, 6);

		p = must_map(2 * PS, RW, type, fd, 0);
		p[PS + 100] = 0;
		want(filled_from(p + PS, 100, 6, PS) && p[PS + 100] == 0);
		want(filled_from(p + PS + 101, PS - 101, 6, PS + 101));
		unmap(p, 2 * PS);
		close(fd);
	}
	verdict("FAULT-13 a first touch by a write keeps the other bytes of the page");
}

#define FULL_MAX (96LL << 20) /* a larger file system is not filled for a test */

static void fault_14(void)
{
	static unsigned char block[65536];
	struct statfs s;

	if (statfs(".", &s) < 0 || (long long)s.f_bfree * s.f_bsize > FULL_MAX) {
		skip("much space is free", "FAULT-14 a store to a hole when the disk is full");
		return;
	}
	int hole_fd = temp_file(64 * PS, 0), filler = temp_file(0, 0);
	unsigned char *p = must_map(64 * PS, RW, MAP_SHARED, hole_fd, 0);
	int faults = 0;

	want(all_zero(p, PS));
	for (size_t n = sizeof block; n >= 512;) /* large pieces, then what is left in small ones */
		if (write(filler, block, n) <= 0)
			n /= 2;
	fsync(filler);
	for (int i = 0; i < 64; i++) {
		struct fault f = fault_probe(p + i * PS, WRITE);

		if (f.signo) {
			want_eq(fault_kind(f), ADRERR);
			want(f.addr == p + i * PS);
			faults++;
		}
	}
	want(faults >= 32); /* a few blocks may be left in reserve */
	ftruncate(filler, 0);
	close(filler);
	sync();
	want_fault(p + 63 * PS, WRITE, NOFAULT);
	want_eq(file_byte(hole_fd, 63 * PS), 0x5a);
	unmap(p, 64 * PS);
	close(hole_fd);
	verdict("FAULT-14 a store to a hole when the disk is full");
}

static int eat_memory(void *arg)
{
	size_t size = (size_t)proc_value("/proc/meminfo", "MemTotal") * 2 * 1024;
	long r = map(NULL, size, RW, ANON | MAP_NORESERVE, -1, 0);

	(void)arg;
	if (is_error(r))
		return 1;
	for (size_t i = 0; i < size; i += PS)
		((volatile unsigned char *)r)[i] = 1;
	return 2;
}

static void fault_15(void)
{
	if (!small_machine()) {
		skip("too much memory to use up", "FAULT-15 memory used up kills who touches it");
		return;
	}
	for (int i = 0; i < 2; i++)
		want(killed_by(child_status(eat_memory, NULL), SIGKILL));
	unsigned char *p = must_map(4 << 20, RW, ANON, -1, 0);
	fill(p, 4 << 20, 1);
	want(filled(p, 4 << 20, 1));
	unmap(p, 4 << 20);
	verdict("FAULT-15 memory used up kills who touches it");
}

#define SHARERS 4
#define FRESH 2000

struct sharers {
	unsigned *ready; /* how many have started; on a page of its own */
	unsigned char *page;
};

static void add_one(void *arg)
{
	struct sharers *s = arg;

	__atomic_add_fetch(s->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(s->ready, __ATOMIC_SEQ_CST) < SHARERS)
		sched_yield();
	for (int i = 0; i < FRESH; i++)
		__atomic_add_fetch((unsigned *)(s->page + i * PS), 1, __ATOMIC_SEQ_CST);
}

static void share_fresh(int flags, int fd)
{
	struct sharers s = {(unsigned *)must_map(PS, RW, SHANON, -1, 0),
		must_map(FRESH * PS, RW, flags, fd, 0)};
	pid_t pid[SHARERS];
	int wrong = 0;

	for (int i = 0; i < SHARERS; i++)
		pid[i] = child_start(add_one, &s);
	for (int i = 0; i < SHARERS; i++)
		want_eq(wait_for(pid[i]), 0);
	for (int i = 0; i < FRESH; i++)
		wrong += *(unsigned *)(s.page + i * PS) != SHARERS;
	want_eq(wrong, 0);
	unmap(s.page, FRESH * PS);
	unmap(s.ready, PS);
}

static void fault_16(void)
{
	int fd = temp_file(FRESH * PS, 0);

	share_fresh(SHANON, -1);
	verdict("FAULT-16 fresh pages of shared memory touched by four at once");
	share_fresh(MAP_SHARED, fd);
	close(fd);
	verdict("FAULT-16 fresh pages of a sparse file touched by four at once");
}

int main(void)
{
	fault_1();
	fault_2();
	fault_3();
	fault_4();
	fault_5();
	fault_6();
	fault_7();
	fault_8();
	fault_9();
	fault_10();
	fault_11();
	fault_12();
	fault_13();
	fault_14();
	fault_15();
	fault_16();
	return done();
}
