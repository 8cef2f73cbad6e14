/*
 * Bad input: every memory call with every argument at its edges, one at a time.
 *
 * A row of the table is a call with arguments that are good. Each argument in turn takes the values
 * of its kind, in the order in which they stand below, and `expect` has a letter for the answer to
 * each (see `letters`; '~': any answer; '*': it is not asked, since it might take the program
 * along). The answers are Linux's.
 * "mem_sweep -p" prints a table of what it finds.
 *
 * The superuser makes the calls that lock memory, without a limit; the rest somebody without
 * privileges. Rows of calls that a kernel does not have are left out.
 */
#include "tap.h"

#include <linux/falloc.h>

#define ARENA_PAGES 4 /* mapped read-write before each call, with holes on both sides */
#define MAX_ARGS 6
#define MAX_EDGES 40

enum kind {
	ADDRESS, /* of the arena, and lengths: see addresses() */
	BITS, /* 0, each of 32 bits, -1 */
	MORE_BITS, /* the same on top of the value it has */
	OFFSET, /* of a file */
	POSITION, /* the same in 64 bits, and lengths: an index of positions[] */
	POINTER, /* to memory that the call reads or writes: see pointers() */
	NUMBER, /* 0 to 33 */
	DESCRIPTOR, /* see open_all() */
	FIXED_ARG, /* only the value it has */
};

/* Symbols in the table, beside plain numbers. */
enum value { GOOD = 1 << 28, PLACE, FILE_FD, MEMORY_FD, NAME };

static unsigned char *arena, *odd;
static int descriptors[MAX_EDGES];
static size_t descriptor_count;
static int rw, memory;

/* ---- the table ---- */

struct row {
	const char *name;
	long nr;
	int nargs;
	struct {
		enum kind kind;
		long good;
		const char *expect;
	} arg[MAX_ARGS];
};

static const char letters[] = ".IMFBPAOXVSUNGDLH";
static const int errors[] = {0, EINVAL, ENOMEM, EFAULT, EBADF, EPERM, EACCES, EOVERFLOW, EEXIST,
	ENODEV, ENOSYS, EBUSY, EOPNOTSUPP, EAGAIN, EISDIR, ESPIPE, EFBIG};

#include "mem_sweep.h"

/* ---- edges ---- */

static size_t addresses(unsigned long *v)
{
	const unsigned long good = (unsigned long)arena, top = user_limit();
	size_t n = 0;

	v[n++] = 0;
	v[n++] = 1;
	v[n++] = 2;
	v[n++] = PS - 1;
	v[n++] = PS;
	v[n++] = PS + 1;
	v[n++] = good;
	v[n++] = good + 1;
	v[n++] = good + (ARENA_PAGES - 1) * PS; /* the last page, */
	v[n++] = good + ARENA_PAGES * PS; /* and the hole behind it */
	v[n++] = good + ARENA_PAGES * PS + 1;
	v[n++] = top;
	v[n++] = top + 1;
	if (word_wraps()) {
		v[n++] = -2 * PS;
		v[n++] = -PS;
		v[n++] = -PS + 1;
		v[n++] = -1UL;
	}
	if (sizeof(long) == 8) {
		v[n++] = 1ul << 31;
		v[n++] = (unsigned long)(1ull << 32);
		v[n++] = (unsigned long)(1ull << 47);
		v[n++] = (unsigned long)(1ull << 63);
	}
	return n;
}

static size_t bits(unsigned long *v)
{
	size_t n = 0;

	v[n++] = 0;
	for (int bit = 0; bit < 32; bit++)
		v[n++] = 1ul << bit;
	v[n++] = -1UL;
	return n;
}

static size_t offsets(unsigned long *v)
{
	static const unsigned long all[] = {0, 1, PS - 1, PS, PS + 1, 16 * PS, 1ul << 31};

	memcpy(v, all, sizeof all);
	return sizeof all / sizeof *all;
}

static const off_t positions[] = {0, 1, PS - 1, PS, PS + 1, 7 * PS, -1, -4096, INT64_MIN,
	INT64_MIN + 1, 1ll << 31, 1ll << 32, 1ll << 47, INT64_MAX - 4096, INT64_MAX};

/*
 * `odd` is a page that may be written, one that may be read, a hole, one without rights, a hole.
 * Where 10 bytes are good the call needs more.
 */
static size_t pointers(unsigned long *v)
{
	const unsigned long good = (unsigned long)arena, end = good + ARENA_PAGES * PS;
	const unsigned long other = (unsigned long)odd, top = user_limit();
	size_t n = 0;

	v[n++] = 0;
	v[n++] = 1;
	v[n++] = PS;
	v[n++] = good + 1;
	v[n++] = good - 10;
	v[n++] = end - 10;
	v[n++] = end - 1;
	v[n++] = end;
	v[n++] = other + PS - 10;
	v[n++] = other + PS;
	v[n++] = other + 2 * PS - 10;
	v[n++] = other + 3 * PS - 10;
	v[n++] = other + 3 * PS;
	v[n++] = top;
	v[n++] = top + 1;
	if (word_wraps()) {
		v[n++] = -PS;
		v[n++] = -10;
		v[n++] = -1UL;
	}
	if (sizeof(long) == 8) {
		v[n++] = 1ul << 31;
		v[n++] = (unsigned long)(1ull << 32);
		v[n++] = (unsigned long)(1ull << 47);
		v[n++] = (unsigned long)(1ull << 63);
	}
	return n;
}

static size_t numbers(unsigned long *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = i;
	return n;
}

static void add_descriptor(int fd)
{
	descriptors[descriptor_count++] = fd;
}

/* In the order of the letters that stand for the answers. */
static void open_all(void)
{
	const char *name = temp_name();
	int p[2];

	rw = temp_file_named(name, 8 * PS, 1);
	add_descriptor(-1);
	add_descriptor(999);
	add_descriptor(INT32_MAX);
	add_descriptor(INT32_MIN);
	add_descriptor(rw);
	add_descriptor(open(name, O_RDONLY));
	add_descriptor(open(name, O_WRONLY));
	add_descriptor(open(name, O_PATH));
	add_descriptor(open(".", O_RDONLY | O_DIRECTORY));
	add_descriptor(open("/dev/null", O_RDWR));
	add_descriptor(open("/dev/zero", O_RDWR));
	add_descriptor(open("/proc/self/status", O_RDONLY));
	memory = (int)sys(SYS_memfd_create, "sweep", 0);
	if (memory < 0 || pipe2(p, O_NONBLOCK) < 0)
		bail_out("pipe: errno %d", errno);
	add_descriptor(p[0]);
	add_descriptor(p[1]);
	add_descriptor(dup(rw));
	close(descriptors[descriptor_count - 1]);
}

static size_t edges(enum kind kind, unsigned long *v)
{
	switch (kind) {
	case ADDRESS: return addresses(v);
	case BITS:
	case MORE_BITS: return bits(v);
	case OFFSET: return offsets(v);
	case POSITION: return numbers(v, sizeof positions / sizeof *positions);
	case POINTER: return pointers(v);
	case NUMBER: return numbers(v, 34);
	case DESCRIPTOR:
		for (size_t i = 0; i < descriptor_count; i++)
			v[i] = (unsigned long)descriptors[i];
		return descriptor_count;
	default: return 0;
	}
}

/* ---- one call ---- */

static unsigned long value_of(long good)
{
	switch (good) {
	case GOOD: return (unsigned long)arena;
	case PLACE: return (unsigned long)arena + 2 * PS;
	case FILE_FD: return (unsigned long)rw;
	case MEMORY_FD: return (unsigned long)memory;
	case NAME: return (unsigned long)"sweep";
	default: return (unsigned long)good;
	}
}

static void make_odd(void)
{
	map(odd, 2 * PS, RW, ANON | MAP_FIXED, -1, 0);
	protect(odd + PS, PS, PROT_READ);
	map(odd + 3 * PS, PS, PROT_NONE, ANON | MAP_FIXED, -1, 0);
}

static void reset(void)
{
	if (map(arena - PS, (ARENA_PAGES + 2) * PS, RW, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0) !=
		(long)(arena - PS))
		bail_out("the arena cannot be made");
	unmap(arena - PS, PS);
	unmap(arena + ARENA_PAGES * PS, PS);
	fill(arena, ARENA_PAGES * PS, 1);
	make_odd();
	sys(SYS_munlockall);
	if (ftruncate(rw, 8 * PS) < 0 || lseek(rw, 0, SEEK_SET) < 0 || ftruncate(memory, 8 * PS) < 0)
		bail_out("the files cannot be reset: errno %d", errno);
}

/* A result of the C library's. */
static long raw(long result)
{
	return result == -1 ? -(long)errno : result;
}

/* mmap with one argument, a pointer to all of them: zeros here, if it can be read. */
static long old_mmap(unsigned long pointer)
{
#ifdef __i386__
	memset(arena, 0, ARENA_PAGES * PS);
	return sys(SYS_mmap, pointer);
#else
	(void)pointer;
	return -ENOSYS;
#endif
}

static long do_call(const struct row *row, const unsigned long *a)
{
	if (row->nr == MAP_CALL)
		return map((void *)a[0], a[1], (int)a[2], (int)a[3], (int)a[4], (off_t)a[5]);
	switch (row->nr) {
	case PREAD_CALL: return raw(pread((int)a[0], (void *)a[1], a[2], positions[a[3]]));
	case PWRITE_CALL: return raw(pwrite((int)a[0], (void *)a[1], a[2], positions[a[3]]));
	case FTRUNCATE_CALL: return raw(ftruncate((int)a[0], positions[a[1]]));
	case FALLOCATE_CALL: return raw(fallocate((int)a[0], (int)a[1], positions[a[2]], positions[a[3]]));
	case OLD_MMAP_CALL: return old_mmap(a[0]);
	}
	return sys(row->nr, a[0], a[1], a[2], a[3], a[4]);
}

/* Take back what a call that succeeded may have left. */
static void undo(
	const struct row *row, const unsigned long *a, long result, unsigned long old_break)
{
	if (row->nr == MAP_CALL || row->nr == MREMAP_CALL)
		unmap((void *)result, row->nr == MAP_CALL ? a[1] : a[2]);
	if (row->nr == SYS_brk)
		sys(SYS_brk, old_break);
	if (row->nr == SYS_memfd_create)
		close((int)result);
}

static char letter_of(long result)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (is_error(result) ? -result == errors[i] : i == 0)
			return letters[i];
	return '?';
}

static char answer(const struct row *row, int which, unsigned long value)
{
	unsigned long a[MAX_ARGS] = {0}, old_break = (unsigned long)sys(SYS_brk, 0);
	long result;

	for (int i = 0; i < row->nargs; i++)
		a[i] = value_of(row->arg[i].good);
	a[which] = row->arg[which].kind == MORE_BITS ? a[which] | value : value;
	reset();
	result = do_call(row, a);
	if (row->nr == SYS_brk)
		return (unsigned long)result == old_break ? '='
							  : (undo(row, a, result, old_break), '.');
	if (!is_error(result))
		undo(row, a, result, old_break);
	return letter_of(result);
}

/* ---- rows ---- */

static void sweep_argument(const struct row *row, int which, bool print)
{
	unsigned long v[MAX_EDGES];
	size_t n = edges(row->arg[which].kind, v);
	const char *expect = row->arg[which].expect;
	char found[MAX_EDGES + 1] = {0};

	for (size_t i = 0; i < n; i++) {
		char want = print ? '?' : expect[i];

		found[i] = want == '*' ? '*' : answer(row, which, v[i]);
		if (!print && want != '~' && want != found[i]) {
			tap.bad++;
			diag("  %s, argument %d is 0x%lx (value %lu): '%c', not '%c'", row->name,
				which + 1, v[i], (unsigned long)i, found[i], want);
		}
	}
	if (print)
		diag("%s %d \"%s\"", row->name, which + 1, found);
}

/* Does this kernel have the call? */
static bool there(const struct row *row)
{
	unsigned long a[MAX_ARGS] = {0}, old_break = (unsigned long)sys(SYS_brk, 0);
	long result;

	reset();
	for (int i = 0; i < row->nargs; i++)
		a[i] = value_of(row->arg[i].good);
	if (row->nr == MAP_CALL)
		return true;
	result = do_call(row, a);
	if (!is_error(result))
		undo(row, a, result, old_break);
	return result != -ENOSYS;
}

static void sweep(const struct row *row, bool print)
{
	if (there(row))
		for (int i = 0; i < row->nargs; i++)
			if (row->arg[i].kind != FIXED_ARG)
				sweep_argument(row, i, print);
	verdict("GEN-6 %s: each argument at its edges", row->name);
}

int main(int argc, char **argv)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	bool print = argc > 1 && !strcmp(argv[1], "-p");

	if (geteuid() == 0)
		setrlimit(RLIMIT_MEMLOCK, &all);
	open_all();
	user_limit();
	arena = hole(ARENA_PAGES);
	odd = hole(5);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].nr == MAP_CALL)
			drop_privileges();
		sweep(&rows[i], print);
	}
	return done();
}
