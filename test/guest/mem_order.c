/*
 * The order in which mmap judges its arguments (MMAP-18): calls that are wrong in two ways, for
 * every two ways that can be wrong at once. The one that stands first in the table tells the error.
 */
#include "tap.h"

struct call {
	unsigned long addr, len;
	int prot, flags, fd;
	off_t off;
	bool no_room; /* under an RLIMIT_AS that allows nothing */
};

/* What a way to be wrong changes: two that change the same cannot be combined. */
enum part {
	OFFSET = 1,
	FD = 2,
	LENGTH = 4,
	PLACE = 8,
	LOCK = 16,
	TYPE = 32,
	DOWN = 64,
	ROOM = 128
};

static unsigned char *page; /* something mapped */
static int rw, ro, wo, dir;

static void odd_offset(struct call *c)
{
	c->off = 1;
}

static void no_descriptor(struct call *c)
{
	c->fd = 999;
}

static void huge_page(struct call *c)
{
	c->flags |= MAP_HUGETLB;
}

static void no_length(struct call *c)
{
	c->len = 0;
}

static void endless(struct call *c)
{
	c->len = -1UL;
}

static void wrapping_offset(struct call *c)
{
	c->off = -(off_t)PS;
}

static void place(struct call *c, unsigned long addr, int flags)
{
	c->addr = addr;
	c->flags |= flags;
}

static void past_the_top(struct call *c)
{
	place(c, user_limit(), MAP_FIXED);
}

static void odd_address(struct call *c)
{
	place(c, (unsigned long)page + 1, MAP_FIXED);
}

static void too_low(struct call *c)
{
	place(c, 0, MAP_FIXED);
}

static void taken(struct call *c)
{
	place(c, (unsigned long)page, MAP_FIXED_NOREPLACE);
}

static void locked(struct call *c)
{
	c->flags |= MAP_LOCKED;
}

static void no_type(struct call *c)
{
	c->flags &= ~MAP_PRIVATE;
}

static void unknown_flag(struct call *c)
{
	c->flags |= MAP_SHARED_VALIDATE | 0x200000;
}

static void shared_write(struct call *c)
{
	c->flags = (c->flags & ~MAP_PRIVATE) | MAP_SHARED;
	c->prot = RW;
	c->fd = ro;
}

static void write_only(struct call *c)
{
	c->fd = wo;
}

static void directory(struct call *c)
{
	c->fd = dir;
}

static void growing(struct call *c)
{
	c->flags |= MAP_GROWSDOWN;
}

static void no_room(struct call *c)
{
	c->no_room = true;
}

/* Shared, so that its rights would matter, and fit for them. */
static void largest_offset(struct call *c)
{
	c->off = sizeof(long) == 8 ? (off_t)(~0ull >> 1) & -(off_t)PS : 0;
}

static const struct {
	const char *name;
	void (*spoil)(struct call *c);
	unsigned parts;
	int err;
} ways[] = {
	{"an offset that is no multiple of a page", odd_offset, OFFSET, EINVAL},
	{"a bad descriptor", no_descriptor, FD, EBADF},
	{"huge pages of a file", huge_page, 0, EINVAL},
	{"length 0", no_length, LENGTH, EINVAL},
	{"a length that wraps", endless, LENGTH, ENOMEM},
	{"an offset that wraps", wrapping_offset, OFFSET, EOVERFLOW},
	{"MAP_FIXED past user space", past_the_top, PLACE, ENOMEM},
	{"MAP_FIXED inside a page", odd_address, PLACE, EINVAL},
	{"MAP_FIXED below the lowest address", too_low, PLACE, EPERM},
	{"MAP_FIXED_NOREPLACE where something is", taken, PLACE, EEXIST},
	{"MAP_LOCKED beyond the limit", locked, LOCK, EAGAIN},
	{"an offset beyond any file", largest_offset, OFFSET, EOVERFLOW},
	{"no type", no_type, TYPE, EINVAL},
	{"an unknown flag with MAP_SHARED_VALIDATE", unknown_flag, TYPE, EOPNOTSUPP},
	{"a shared store to a read-only descriptor", shared_write, TYPE | FD, EACCES},
	{"a write-only descriptor", write_only, FD, EACCES},
	{"a directory", directory, FD, ENODEV},
	{"MAP_GROWSDOWN of a file", growing, DOWN, EINVAL},
	{"too many bytes mapped", no_room, ROOM, ENOMEM},
};

#define WAYS (sizeof ways / sizeof *ways)

/* An x86-64 kernel takes the byte offset as unsigned, and its page numbers do not wrap. */
static bool offset_wraps(void)
{
#ifdef __x86_64__
	return false;
#else
	return word_wraps();
#endif
}

/* An i386 program cannot say all offsets, and a 64-bit kernel does not wrap where it would. */
static bool possible(size_t way)
{
	if (ways[way].spoil == largest_offset)
		return sizeof(long) == 8;
	if (ways[way].spoil == wrapping_offset)
		return offset_wraps();
	if (ways[way].spoil == endless)
		return word_wraps();
	return true;
}

static long do_call(const struct call *c)
{
	struct rlimit old, none;
	long r;

	getrlimit(RLIMIT_AS, &old);
	none = old;
	none.rlim_cur = PS;
	if (c->no_room)
		setrlimit(RLIMIT_AS, &none);
	r = map((void *)c->addr, c->len, c->prot, c->flags, c->fd, c->off);
	setrlimit(RLIMIT_AS, &old);
	return r;
}

static void judge(size_t first, size_t second, int err)
{
	struct call c = {0, PS, PROT_READ, MAP_PRIVATE, rw, 0, false};
	long r;

	ways[second].spoil(&c);
	if (first != second)
		ways[first].spoil(&c);
	r = do_call(&c);
	if (r != -err) {
		tap.bad++;
		diag("  %s, and %s: got %ld, not %d", ways[first].name, ways[second].name, r, -err);
	}
	if (!is_error(r))
		unmap((void *)r, PS);
}

/* Directories have no largest offset. */
static bool limitless(size_t way, size_t other)
{
	return ways[way].spoil == largest_offset && ways[other].spoil == directory;
}

static void test_way(size_t way, int err)
{
	if (!possible(way)) {
		verdict("MMAP-18 %s: before all that follows", ways[way].name);
		return;
	}
	for (size_t other = way; other < WAYS; other++)
		if (possible(other) && (other == way || !(ways[way].parts & ways[other].parts)))
			judge(way, other, limitless(way, other) ? ways[other].err : err);
	verdict("MMAP-18 %s: before all that follows", ways[way].name);
}

int main(void)
{
	struct rlimit some = {0, 0};
	const char *name = temp_name();

	rw = temp_file_named(name, PS, 1);
	ro = open(name, O_RDONLY);
	wo = open(name, O_WRONLY);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	unlink(name);
	page = must_map(PS, RW, ANON, -1, 0);
	some.rlim_max = 16 * PS;
	some.rlim_cur = PS - 1;
	want_eq(setrlimit(RLIMIT_MEMLOCK, &some), 0);
	drop_privileges();
	for (size_t way = 0; way < WAYS; way++)
		test_way(way, ways[way].err);
	some.rlim_cur = 0;
	want_eq(setrlimit(RLIMIT_MEMLOCK, &some), 0);
	for (size_t way = 0; way < WAYS; way++)
		if (ways[way].spoil == locked)
			test_way(way, EPERM);
	return done();
}
