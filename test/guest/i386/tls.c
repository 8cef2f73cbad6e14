/*
 * Thread-local storage: the three segment descriptors of a program (set_thread_area,
 * get_thread_area, CLONE_SETTLS), and that a segment is what its descriptor says.
 *
 * A 32-bit kernel's entries are 6, 7 and 8, a 64-bit one's 12, 13 and 14. The C library has one of
 * them and GS, so the tests use the others by FS.
 */
#include "piece.h"

#include <sched.h>

/* struct user_desc of Linux's asm/ldt.h; glibc has none. */
struct desc {
	int entry;
	unsigned base, limit, bits;
};
#define D_32BIT 0x01u
#define D_GROWS_DOWN 0x02u
#define D_CODE 0x04u
#define D_READ_ONLY 0x08u
#define D_PAGES 0x10u
#define D_NOT_PRESENT 0x20u
#define D_USEABLE 0x40u
#define D_EMPTY (D_READ_ONLY | D_NOT_PRESENT)

static unsigned first; /* entry number of the first descriptor */

static long set(struct desc *d)
{
	return sys(SYS_set_thread_area, d);
}

static struct desc get(int entry)
{
	struct desc d = {entry, 1, 1, 0xff};

	if (sys(SYS_get_thread_area, &d) != 0)
		d.bits = 0xffff;
	return d;
}

static void clear(int entry)
{
	struct desc d = {entry, 0, 0, D_EMPTY};

	want_eq(set(&d), 0);
}

static bool is_empty(int entry)
{
	struct desc d = get(entry);

	return d.entry == entry && d.base == 0 && d.limit == 0 && d.bits == D_EMPTY;
}

/* The entry a program's first request gets: the library made it. */
static void find_first(void)
{
	unsigned gs;

	__asm__("movl %%gs, %0" : "=r"(gs));
	first = gs >> 3;
	if (first != 6 && first != 12)
		bail_out("the C library's segment has entry %u", first);
}

static void test_choice(void)
{
	struct desc d = {-1, 0x1000, 0xfff, D_32BIT};

	want((get((int)first).bits & ~D_USEABLE) == (D_32BIT | D_PAGES));
	want(is_empty((int)first + 1) && is_empty((int)first + 2));
	want_eq(set(&d), 0);
	want_eq(d.entry, first + 1);
	d.entry = -1;
	want_eq(set(&d), 0);
	want_eq(d.entry, first + 2);
	d.entry = -1;
	want_eq(set(&d), -ESRCH);
	want_eq(d.entry, -1);
	verdict("entry -1 is the first that is empty; when all are used it is ESRCH");
	clear((int)first + 1);
	want(is_empty((int)first + 1) && !is_empty((int)first + 2));
	d.entry = -1;
	want_eq(set(&d), 0);
	want_eq(d.entry, first + 1);
	clear((int)first + 1);
	d = (struct desc){(int)first + 2, 0, 0, 0};
	want_eq(set(&d), 0);
	want(is_empty((int)first + 2));
	verdict("an empty descriptor, or one of zeros, clears its entry");
}

static void test_round_trip(void)
{
	static const struct desc set_to[] = {
		{0, 0, 0xfffff, D_32BIT | D_PAGES | D_USEABLE},
		{0, 0x12345678, 0x9abcd, D_32BIT},
		{0, 0xffffffff, 0, D_32BIT | D_READ_ONLY},
		{0, 0x80000000, 1, D_32BIT | D_GROWS_DOWN | D_USEABLE},
		{0, 0x00ff00ff, 0xfffff, D_32BIT | D_GROWS_DOWN | D_READ_ONLY | D_PAGES},
	};

	for (size_t i = 0; i < sizeof set_to / sizeof set_to[0]; i++) {
		struct desc d = set_to[i], now;

		d.entry = (int)first + 1;
		want_eq(set(&d), 0);
		now = get(d.entry);
		want(memcmp(&now, &d, sizeof d) == 0);
	}
	clear((int)first + 1);
	verdict("get_thread_area gives back base, limit and bits");
}

static void test_errors(void)
{
	static const unsigned bad_bits[] = {
		D_USEABLE, /* 16 bits */
		D_32BIT | D_CODE, /* code */
		D_32BIT | D_CODE | D_GROWS_DOWN,
		D_32BIT | D_NOT_PRESENT,
		D_NOT_PRESENT,
	};
	const int bad_entry[] = {
		-2, 0, 1, (int)first - 1, (int)first + 3, 0x7fffffff, -0x7fffffff - 1};
	unsigned char *shut = must_map(PS, PROT_NONE, ANON, -1, 0);
	unsigned char *edge = must_map(2 * PS, RW, ANON, -1, 0);
	struct desc *ro = (struct desc *)must_map(PS, RW, ANON, -1, 0);

	for (size_t i = 0; i < sizeof bad_bits / sizeof bad_bits[0]; i++) {
		struct desc d = {(int)first + 1, 0x1000, 0xfff, bad_bits[i]};

		want_eq(set(&d), -EINVAL);
		d.entry = -1;
		want_eq(set(&d), -EINVAL);
		want_eq(d.entry, -1);
	}
	verdict("set_thread_area of no 32-bit data segment that is present is EINVAL");
	for (size_t i = 0; i < sizeof bad_entry / sizeof bad_entry[0]; i++) {
		struct desc d = {bad_entry[i], 0x1000, 0xfff, D_32BIT};

		want_eq(set(&d), -EINVAL);
		want_eq(sys(SYS_get_thread_area, &d), -EINVAL);
	}
	want_eq(sys(SYS_get_thread_area, &(struct desc){-1, 0, 0, 0}), -EINVAL);
	verdict("an entry that is not the program's is EINVAL");
	unmap(edge + PS, PS);
	want_eq(sys(SYS_set_thread_area, 0L), -EFAULT);
	want_eq(sys(SYS_get_thread_area, 0L), -EFAULT);
	want_eq(sys(SYS_set_thread_area, shut), -EFAULT);
	want_eq(sys(SYS_get_thread_area, shut), -EFAULT);
	want_eq(sys(SYS_set_thread_area, 0xfffff000L), -EFAULT);
	want_eq(sys(SYS_set_thread_area, edge + PS - 8), -EFAULT);
	*(int *)(edge + PS - 8) = (int)first + 1;
	want_eq(sys(SYS_get_thread_area, edge + PS - 8), -EFAULT);
	*ro = (struct desc){-1, 0x1000, 0xfff, D_32BIT};
	protect(ro, PS, PROT_READ);
	want_eq(set(ro), -EFAULT);
	want(is_empty((int)first + 1) && is_empty((int)first + 2));
	unmap(shut, PS);
	unmap(edge, PS);
	unmap(ro, PS);
	verdict("a descriptor that cannot be read or written is EFAULT");
}

/* ---- What a segment is ---- */

unsigned tls_selector, tls_offset, tls_value;

#define LOAD_FS "movl tls_selector, %eax; movl %eax, %fs; movl tls_offset, %ecx;"

PIECE(read_fs, LOAD_FS, "movl %fs:(%ecx), %eax; movl %eax, tls_value");
PIECE(write_fs, LOAD_FS "movl tls_value, %edx", "movl %edx, %fs:(%ecx)");

static void use_segment(unsigned base, unsigned limit, unsigned bits)
{
	struct desc d = {(int)first + 1, base, limit, bits | D_32BIT};

	want_eq(set(&d), 0);
	tls_selector = (first + 1) * 8 + 3;
}

static bool reads(unsigned offset, unsigned value)
{
	tls_offset = offset;
	tls_value = ~value;
	return want_nothing(read_fs) && want_eq(tls_value, value);
}

static unsigned *window;

static void test_base(void)
{
	use_segment((unsigned)window, 4 * PS - 1, 0);
	reads(0, 7);
	reads(4 * PS - 4, 4 * PS - 4 + 7);
	tls_offset = 100;
	tls_value = 0x1234;
	want_nothing(write_fs);
	want_eq(window[25], 0x1234);
	use_segment((unsigned)window + PS, 0xfffff, D_PAGES);
	reads(2 * PS - 4, 3 * PS - 4 + 7);
	reads(-(unsigned)PS, 7);
	verdict("a segment has its base; one of everything wraps");
	use_segment((unsigned)hole(1), PS - 1, 0);
	tls_offset = 0;
	struct outcome o = run_piece(read_fs);
	want(o.signo == SIGSEGV && o.code == SEGV_MAPERR && o.reg[REG_TRAPNO] == V_PAGE);
	verdict("pages are judged behind the segment");
	use_segment(0xfffff000, PS - 1, 0);
	o = run_piece(read_fs);
	want(o.signo == SIGSEGV && o.code == SEGV_MAPERR && o.addr == 0xfffff000);
	use_segment((unsigned)window, 0xfffff, D_PAGES);
	tls_offset = 0xfffff000 - (unsigned)window;
	o = run_piece(write_fs);
	want(o.signo == SIGSEGV && o.code == SEGV_MAPERR && o.addr == 0xfffff000);
	verdict("a segment reaches no memory of the kernel's");
}

static void test_limit(void)
{
	static const char *const name =
		"a segment has its limit, in bytes, in pages, or from below";
	static const char *const read_only = "a segment that is read-only refuses a store";

	if (!segments_judged()) {
		skip(NOT_JUDGED, "%s", name);
		skip(NOT_JUDGED, "%s", read_only);
		return;
	}
	use_segment((unsigned)window, 4 * PS - 1, 0);
	tls_offset = 4 * PS - 3;
	want_protection(read_fs, 0);
	tls_offset = 0xfffffffc; /* wraps below the base, but is past the limit */
	want_protection(read_fs, 0);
	use_segment((unsigned)window + PS, 1, D_PAGES);
	reads(2 * PS - 4, 3 * PS - 4 + 7);
	tls_offset = 2 * PS;
	want_protection(read_fs, 0);
	use_segment((unsigned)window, PS - 1, D_GROWS_DOWN);
	tls_offset = PS - 4;
	want_protection(read_fs, 0);
	reads(PS, PS + 7);
	verdict("%s", name);
	use_segment((unsigned)window, 4 * PS - 1, D_READ_ONLY);
	reads(4, 11);
	tls_offset = 4;
	want_protection(write_fs, 0);
	verdict("%s", read_only);
}

static void test_segments(void)
{
	window = (unsigned *)must_map(4 * PS, RW, ANON, -1, 0);
	for (unsigned i = 0; i < 4 * PS / 4; i++)
		window[i] = i * 4 + 7;
	test_base();
	test_limit();
	clear((int)first + 1);
	unmap(window, 4 * PS);
}

PIECE(load_fs, "movl tls_selector, %eax", "movl %eax, %fs");
PIECE(clear_loaded,
	"movl tls_selector, %eax; movl %eax, %fs; pushl %ebx; movl $243, %eax;"
	"movl $clear_desc, %ebx; int $0x80; popl %ebx",
	"movl %fs:0, %eax");
struct desc clear_desc;

static void test_empty(void)
{
	tls_selector = (first + 1) * 8 + 3;
	want_protection(load_fs, tls_selector & ~3u);
	verdict("an empty entry cannot be loaded");
	use_segment((unsigned)&tls_value, 3, 0);
	clear_desc = (struct desc){(int)first + 1, 0, 0, D_EMPTY};
	if (segments_judged())
		want_protection(clear_loaded, 0);
	else
		want_eq(run_piece(clear_loaded).signo, SIGSEGV); /* as null: its base is 0 */
	want(is_empty((int)first + 1));
	verdict("nor used any more when it was loaded before");
}

/* ---- Processes ---- */

/* Gives the processor away so often, and reads the word at FS:0 in between. */
static int holds_segment(unsigned own, int rounds)
{
	unsigned value, gs, gs_now, fs;

	use_segment((unsigned)&own, 3, 0);
	__asm__ volatile("movl %1, %%fs\n\tmovl %%gs, %0" : "=r"(gs) : "r"(tls_selector));
	while (rounds-- > 0) {
		sched_yield();
		__asm__ volatile("movl %%fs:0, %0\n\tmovl %%gs, %1\n\tmovl %%fs, %2"
				 : "=r"(value), "=r"(gs_now), "=r"(fs));
		if (value != own || gs != gs_now || fs != tls_selector)
			return 1;
	}
	__asm__ volatile("movl %0, %%fs" : : "r"(0));
	return 0;
}

#define HOLDERS 12
#define ROUNDS 100

static void test_switches(void)
{
	pid_t pid[HOLDERS];

	for (int i = 0; i < HOLDERS; i++) {
		pid[i] = tap_fork();
		if (pid[i] == 0)
			_exit(holds_segment(0x1000u + (unsigned)i, ROUNDS));
	}
	want_eq(holds_segment(77, ROUNDS), 0);
	for (int i = 0; i < HOLDERS; i++)
		want_eq(end_of(pid[i]), 0);
	clear((int)first + 1);
	verdict("thirteen processes have their segments each");
}

static void check_inherited(void *area)
{
	struct desc d = {(int)first + 1, (unsigned)area, 7, D_32BIT}, now = get(d.entry);
	unsigned value;

	want(memcmp(&d, &now, sizeof d) == 0);
	__asm__ volatile("movl %%fs:4, %0" : "=r"(value));
	want_eq(value, 0x2222);
	d.base += 8;
	want_eq(set(&d), 0);
	__asm__ volatile("movl %1, %%fs\n\tmovl %%fs:4, %0" : "=r"(value) : "r"(tls_selector));
	want_eq(value, 0x4444);
	sched_yield();
	d.entry = -1;
	want_eq(set(&d), 0);
}

static void test_fork(void)
{
	static unsigned area[4] = {0x1111, 0x2222, 0x3333, 0x4444};
	unsigned value;

	use_segment((unsigned)area, 7, 0);
	__asm__ volatile("movl %0, %%fs" : : "r"(tls_selector));
	want_child(check_inherited, area);
	__asm__ volatile("movl %%fs:4, %0" : "=r"(value));
	want_eq(value, 0x2222);
	want_eq(get((int)first + 1).base, (unsigned)area);
	want(is_empty((int)first + 2));
	__asm__ volatile("movl %0, %%fs" : : "r"(0));
	clear((int)first + 1);
	verdict("a child has its parent's segments, and changes only its own");
}

static volatile unsigned in_handler;

static void look_by_fs(int signo)
{
	unsigned value;

	(void)signo;
	__asm__ volatile("movl %%fs:0, %0" : "=r"(value));
	in_handler = value;
}

static void test_signal(void)
{
	static unsigned word = 0x5555;
	unsigned value, fs;

	use_segment((unsigned)&word, 3, 0);
	signal(SIGUSR1, look_by_fs);
	in_handler = 0;
	__asm__ volatile("movl %0, %%fs" : : "r"(tls_selector));
	kill(getpid(), SIGUSR1);
	__asm__ volatile("movl %%fs:0, %0\n\tmovl %%fs, %1" : "=r"(value), "=r"(fs));
	want_eq(in_handler, 0x5555);
	want_eq(value, 0x5555);
	want_eq(fs, tls_selector);
	__asm__ volatile("movl %0, %%fs" : : "r"(0));
	signal(SIGUSR1, SIG_DFL);
	clear((int)first + 1);
	verdict("a signal's handler keeps FS and its segment");
}

static int exec_itself(void)
{
	char *argv[] = {"tls", "fresh", NULL};
	struct desc d = {(int)first + 2, 0x1000, 0xfff, D_32BIT};

	use_segment(0x1000, 7, 0);
	if (set(&d) != 0)
		return 101;
	__asm__ volatile("movl %0, %%fs" : : "r"(tls_selector));
	execv("/proc/self/exe", argv);
	return 100;
}

static int fresh(void)
{
	unsigned fs;

	__asm__("movl %%fs, %0" : "=r"(fs));
	find_first();
	return fs == 0 && is_empty((int)first + 1) && is_empty((int)first + 2) ? 0 : 1;
}

/*
 * clone with CLONE_SETTLS, a segment for the child alone. The child's GS is the parent's selector
 * with a new base: it can use nothing of the library. It ends with the word at GS:4.
 */
static long clone_with(const void *desc)
{
	long r;

	__asm__ volatile("pushl %%ebx; movl %[flags], %%ebx; int $0x80; testl %%eax, %%eax; jnz 1f;"
			 "movl %%gs:4, %%ebx; movl $1, %%eax; int $0x80; 1: popl %%ebx"
			 : "=a"(r)
			 : "a"(SYS_clone), [flags] "i"(CLONE_SETTLS | SIGCHLD), "c"(0), "d"(0),
			 "S"(desc), "D"(0)
			 : "memory");
	return r;
}

static void test_clone(void)
{
	static unsigned area[2] = {3, 44};
	struct desc d = {(int)first, (unsigned)area, 0xfffff, D_32BIT | D_PAGES};
	struct desc parent = get((int)first), now;
	long pid = clone_with(&d);

	if (want(pid > 0))
		want_eq(end_of((pid_t)pid), 44);
	now = get((int)first);
	want(memcmp(&now, &parent, sizeof now) == 0);
	verdict("with CLONE_SETTLS a child begins with a segment of its own");
	want_eq(clone_with(NULL), -EFAULT);
	want_eq(clone_with((void *)0xfffff000), -EFAULT);
	want_eq(clone_with(hole(1)), -EFAULT);
	d.entry = -1;
	want_eq(clone_with(&d), -EINVAL);
	d.entry = (int)first + 3;
	want_eq(clone_with(&d), -EINVAL);
	d.entry = (int)first;
	d.bits |= D_CODE;
	want_eq(clone_with(&d), -EINVAL);
	want_eq(waitpid(-1, NULL, WNOHANG), -1);
	want_eq(errno, ECHILD);
	verdict("with a bad one clone is EFAULT or EINVAL, and there is no child");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "fresh") == 0)
		return fresh();
	find_first();
	take_exceptions(piece_signal);
	test_choice();
	test_round_trip();
	test_errors();
	test_segments();
	test_empty();
	test_switches();
	test_fork();
	test_signal();
	is(in_child(exec_itself), 0, "a new program begins without segments");
	test_clone();
	return done();
}
