/*
 * madvise (MADVISE), and what its marks mean for fork (FORK-8).
 */
#include "tap.h"

enum {
	NORMAL = 0, RANDOM = 1, SEQUENTIAL = 2, WILLNEED = 3, DONTNEED = 4, FREE = 8, REMOVE = 9,
	DONTFORK = 10, DOFORK = 11, WIPEONFORK = 18, KEEPONFORK = 19, COLD = 20, PAGEOUT = 21,
	POPULATE_READ = 22, POPULATE_WRITE = 23, DONTNEED_LOCKED = 24,
};

static const int required[] = { NORMAL, RANDOM, SEQUENTIAL, WILLNEED, DONTNEED, FREE, DONTFORK,
	DOFORK, WIPEONFORK, KEEPONFORK, POPULATE_READ, POPULATE_WRITE };

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))

static long advise(const volatile void *p, size_t len, int advice)
{
	return sys(SYS_madvise, p, len, advice);
}

/* 1 or 0 by mincore, or -1. */
static int resident(const volatile void *p)
{
	unsigned char vec[1];

	return sys(SYS_mincore, p, PS, vec) == 0 ? vec[0] & 1 : -1;
}

static void madvise_1(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0), *none = hole(3);

	fill(p, 2 * PS, 1);
	for (int i = 0; i < COUNT(required); i++) {
		want_eq(advise(p + 1, PS, required[i]), -EINVAL);
		want_eq(advise(p + 1, 0, required[i]), -EINVAL);
		want_eq(advise(p, 0, required[i]), 0);
		want_eq(advise(none, 0, required[i]), 0);
		want_eq(advise(none, PS, required[i]), -ENOMEM);
		if (word_wraps()) {
			want_eq(advise(p, -1UL, required[i]), -EINVAL);
			want_eq(advise(p, -PS, required[i]), -EINVAL);
		}
	}
	want(filled(p, 2 * PS, 1));
	unmap(p, 2 * PS);
	verdict("MADVISE-1 bad addresses and lengths");
}

static void madvise_2(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0), *none = hole(1);
	static const int unknown[] = { 5, 6, 7, 26, 27, 50, 99, -1 };

	p[0] = 1;
	for (int i = 0; i < COUNT(unknown); i++) {
		want_eq(advise(p, PS, unknown[i]), -EINVAL);
		want_eq(advise(p, 0, unknown[i]), -EINVAL);
		want_eq(advise(none, PS, unknown[i]), -EINVAL);
		want_eq(advise(none, 0, unknown[i]), -EINVAL);
	}
	want_eq(p[0], 1);
	unmap(p, PS);
	verdict("MADVISE-2 unknown advice is EINVAL");
}

static void madvise_3(void)
{
	int fd = temp_file(3 * PS, 2);
	unsigned char *kinds[] = {
		must_map(3 * PS, RW, ANON, -1, 0), must_map(3 * PS, RW, SHANON, -1, 0),
		must_map(3 * PS, RW, MAP_SHARED, fd, 0), must_map(3 * PS, RW, MAP_PRIVATE, fd, 0),
	};

	for (int k = 0; k < COUNT(kinds); k++) {
		fill(kinds[k], 3 * PS, 2);
		for (int i = NORMAL; i <= WILLNEED; i++) {
			want_eq(advise(kinds[k] + PS, PS, i), 0);
			want_eq(advise(kinds[k], 3 * PS, i), 0);
		}
		want(filled(kinds[k], 3 * PS, 2));
		unmap(kinds[k], 3 * PS);
	}
	close(fd);
	verdict("MADVISE-3 advice without an effect");
}

static void madvise_3_reclaim(void)
{
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0);

	fill(p, 4 * PS, 3);
	for (int i = COLD; i <= PAGEOUT; i++) {
		want_eq(advise(p, 4 * PS, i), 0);
		want_eq(advise(p + 1, PS, i), -EINVAL);
		want_eq(advise(p, 0, i), 0);
	}
	want(filled(p, 4 * PS, 3));
	unmap(p + PS, PS);
	want_eq(sys(SYS_mlock, p + 3 * PS, PS), 0);
	for (int i = COLD; i <= PAGEOUT; i++) {
		want_eq(advise(p, 2 * PS, i), -ENOMEM);
		want_eq(advise(p, 4 * PS, i), -EINVAL);
		want_eq(advise(p + 2 * PS, PS, i), 0);
	}
	want(filled(p, PS, 3));
	unmap(p, 4 * PS);
	verdict("MADVISE-3 COLD and PAGEOUT: nothing shows; locked pages are EINVAL");
}

static void madvise_4(void)
{
	unsigned char *p = must_map(5 * PS, RW, ANON, -1, 0);

	fill(p, 5 * PS, 3);
	want_eq(advise(p + PS, 1, DONTNEED), 0);
	want_eq(resident(p + PS), 0);
	want_eq(advise(p + 3 * PS, PS + 1, DONTNEED), 0);
	want(filled(p, PS, 3) && all_zero(p + PS, PS) && filled_from(p + 2 * PS, PS, 3, 2 * PS));
	want(all_zero(p + 3 * PS, 2 * PS));
	fill(p, 5 * PS, 4);
	want(filled(p, 5 * PS, 4));
	protect(p, 2 * PS, PROT_READ);
	protect(p + 2 * PS, PS, PROT_NONE);
	want_eq(advise(p, 3 * PS, DONTNEED), 0);
	want(all_zero(p, 2 * PS));
	want_fault(p, WRITE, ACCERR);
	want_fault(p + 2 * PS, READ, ACCERR);
	protect(p, 3 * PS, RW);
	want(all_zero(p, 3 * PS) && filled_from(p + 3 * PS, 2 * PS, 4, 3 * PS));
	unmap(p, 5 * PS);
	verdict("MADVISE-4 DONTNEED of private memory");

	long before = rss_kb(), with, after;
	p = must_map(8 << 20, RW, ANON, -1, 0);
	for (size_t i = 0; i < 8 << 20; i += PS)
		p[i] = 1;
	with = rss_kb();
	want_eq(advise(p, 8 << 20, DONTNEED), 0);
	after = rss_kb();
	diag("VmRSS %ld, %ld, %ld kB", before, with, after);
	want(with - before >= 7 << 10 && with - after >= 7 << 10);
	unmap(p, 8 << 20);
	verdict("MADVISE-4 DONTNEED lets memory go");
}

static void dontneed_child(void *arg)
{
	unsigned char *p = arg;

	want_eq(advise(p, 2 * PS, DONTNEED), 0);
	want(all_zero(p, 2 * PS) && filled_from(p + 2 * PS, PS, 5, 2 * PS));
	p[0] = 9;
}

static void madvise_4_cow(void)
{
	unsigned char *p = must_map(3 * PS, RW, ANON, -1, 0);

	fill(p, 3 * PS, 5);
	want_child(dontneed_child, p);
	want(filled(p, 3 * PS, 5));
	unmap(p, 3 * PS);
	verdict("MADVISE-4 DONTNEED of a shared copy leaves the other's");
}

static void madvise_5(void)
{
	int fd = temp_file(3 * PS, 6);
	unsigned char *s = must_map(3 * PS, RW, MAP_SHARED, fd, 0), *a, *p;

	a = must_map(3 * PS, RW, SHANON, -1, 0);
	p = must_map(3 * PS, RW, MAP_PRIVATE, fd, 0);
	fill(a, 3 * PS, 7);
	s[PS] = 0x10;
	want_eq(advise(a, 3 * PS, DONTNEED), 0);
	want_eq(advise(s, 3 * PS, DONTNEED), 0);
	want(filled(a, 3 * PS, 7));
	want(filled(s, PS, 6) && s[PS] == 0x10 && filled_from(s + 2 * PS, PS, 6, 2 * PS));
	want_eq(file_byte(fd, PS), 0x10);
	memset(p, 0x20, 2 * PS);
	s[PS] = 0x11;
	want_eq(advise(p + PS, PS, DONTNEED), 0);
	want(all_bytes(p, PS, 0x20) && p[PS] == 0x11 && filled_from(p + PS + 1, PS, 6, PS + 1));
	put_bytes(fd, "\x12", 1, PS);
	want_eq(p[PS], 0x12);
	unmap(a, 3 * PS);
	unmap(s, 3 * PS);
	unmap(p, 3 * PS);
	close(fd);
	verdict("MADVISE-5 DONTNEED of shared memory keeps, of a private file mapping shows the file");
}

static void madvise_6(void)
{
	unsigned char *p = hole(6);

	map(p, 6 * PS, RW, ANON | MAP_FIXED, -1, 0);
	unmap(p + 2 * PS, PS);
	fill(p, 2 * PS, 8);
	fill(p + 3 * PS, 3 * PS, 8);
	want_eq(advise(p, 5 * PS, DONTNEED), -ENOMEM);
	want(all_zero(p, 2 * PS) && all_zero(p + 3 * PS, 2 * PS));
	want(filled_from(p + 5 * PS, PS, 8, 2 * PS));
	p[0] = p[3 * PS] = 1;
	want_eq(advise(p - PS, 2 * PS, DONTNEED), -ENOMEM);
	want_eq(p[0], 0);
	want_eq(advise(p + 3 * PS, 4 * PS, DONTNEED), -ENOMEM);
	want_eq(p[3 * PS], 0);
	want_eq(advise(p, 6 * PS, NORMAL), -ENOMEM);
	want_eq(advise(p, 6 * PS, WILLNEED), -ENOMEM);
	want_eq(advise(p, 6 * PS, DONTFORK), -ENOMEM);
	want_eq(advise(p, 6 * PS, DOFORK), -ENOMEM);
	unmap(p, 6 * PS);
	verdict("MADVISE-6 a hole is ENOMEM, the rest is done");
}

static void madvise_7(void)
{
	unsigned char *p = hole(8);

	map(p, 7 * PS, RW, ANON | MAP_FIXED, -1, 0);
	fill(p, 7 * PS, 20);
	want_eq(sys(SYS_mlock, p + 3 * PS, 2 * PS), 0);
	want_eq(advise(p, 7 * PS, DONTNEED), -EINVAL);
	want(all_zero(p, 3 * PS) && filled_from(p + 3 * PS, 4 * PS, 20, 3 * PS));
	want_eq(advise(p + 3 * PS, 2 * PS, DONTNEED), -EINVAL);
	want_eq(advise(p + 3 * PS, 2 * PS, FREE), -EINVAL);
	want(filled_from(p + 3 * PS, 2 * PS, 20, 3 * PS));
	fill(p, 3 * PS, 20);
	unmap(p + PS, PS);
	want_eq(advise(p, 7 * PS, DONTNEED), -EINVAL);
	want(all_zero(p, PS) && all_zero(p + 2 * PS, PS));
	want(filled_from(p + 3 * PS, 4 * PS, 20, 3 * PS));
	verdict("MADVISE-7 DONTNEED over a locked page is EINVAL, what lies before it goes");

	want_eq(advise(p + 2 * PS, 5 * PS, DONTNEED_LOCKED), 0);
	want(all_zero(p + 2 * PS, 5 * PS));
	fill(p + 2 * PS, 5 * PS, 21);
	want_eq(sys(SYS_munlock, p + 3 * PS, 2 * PS), 0);
	want_eq(advise(p + 2 * PS, 5 * PS, DONTNEED), 0);
	want(all_zero(p + 2 * PS, 5 * PS));
	unmap(p, 7 * PS);
	verdict("MADVISE-7 DONTNEED_LOCKED drops locked pages too");
}

static void madvise_8(void)
{
	int fd = temp_file(PS, 9);
	unsigned char *p = must_map(3 * PS, RW, ANON, -1, 0), *q;
	bool zero;

	fill(p, 3 * PS, 10);
	want_eq(advise(p, 2 * PS, FREE), 0);
	for (int i = 0; i < 2; i++) {
		zero = p[i * PS] == 0;
		want(zero ? all_zero(p + i * PS, PS) : filled_from(p + i * PS, PS, 10, i * PS));
	}
	want(filled_from(p + 2 * PS, PS, 10, 2 * PS));
	fill(p, 3 * PS, 11);
	want(filled(p, 3 * PS, 11));
	protect(p, PS, PROT_NONE);
	want_eq(advise(p, PS, FREE), 0);
	unmap(p, 3 * PS);
	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		q = must_map(PS, RW, type, fd, 0);
		want_eq(advise(q, PS, FREE), -EINVAL);
		unmap(q, PS);
	}
	q = must_map(PS, RW, SHANON, -1, 0);
	want_eq(advise(q, PS, FREE), -EINVAL);
	unmap(q, PS);
	close(fd);
	verdict("MADVISE-8 FREE");
}

/* The file system of the host may know no holes; tmpfs and shared memory do. */
static void madvise_9(void)
{
	unsigned char *p = must_map(4 * PS, RW, SHANON, -1, 0), *q;

	fill(p, 4 * PS, 12);
	want_eq(advise(p + PS, 2 * PS, REMOVE), 0);
	want(filled(p, PS, 12) && all_zero(p + PS, 2 * PS) && filled_from(p + 3 * PS, PS, 12, 3 * PS));
	p[PS] = 1;
	want(p[PS] == 1);
	unmap(p, 4 * PS);
	p = must_map(PS, RW, ANON, -1, 0);
	p[0] = 1;
	want_eq(advise(p, PS, REMOVE), -EINVAL);
	want_eq(p[0], 1);
	unmap(p, PS);
	verdict("MADVISE-9 REMOVE of shared memory");

	int fd = temp_file(4 * PS + 100, 13);
	const char *name = temp_name();
	int ro;

	p = must_map(5 * PS, RW, MAP_SHARED, fd, 0);
	if (advise(p, PS, REMOVE) == -EOPNOTSUPP) {
		skip("this file system has no holes", "MADVISE-9 REMOVE of a file's pages");
	} else {
		q = must_map(5 * PS, PROT_READ, MAP_SHARED, fd, 0);
		want(all_zero(q, PS));
		want_eq(advise(q + 2 * PS, PS, REMOVE), 0);
		want(all_zero(p, PS) && all_zero(p + 2 * PS, PS));
		want(filled_from(p + PS, PS, 13, PS) && filled_from(p + 3 * PS, PS, 13, 3 * PS));
		want_eq(advise(p + 4 * PS, PS, REMOVE), 0);
		want(all_zero(p + 4 * PS, 100));
		want_eq(file_size(fd), 4 * PS + 100);
		want_eq(file_byte(fd, 2 * PS + 5), 0);
		want(file_filled(fd, PS, PS, 13));
		unmap(q, 5 * PS);
		q = must_map(PS, RW, MAP_PRIVATE, fd, 0);
		want_eq(advise(q, PS, REMOVE), -EACCES);
		unmap(q, PS);
		close(temp_file_named(name, PS, 14));
		ro = open(name, O_RDONLY);
		q = must_map(PS, PROT_READ, MAP_SHARED, ro, 0);
		want_eq(advise(q, PS, REMOVE), -EACCES);
		want(filled(q, PS, 14));
		unmap(q, PS);
		close(ro);
		verdict("MADVISE-9 REMOVE of a file's pages");
	}
	unmap(p, 5 * PS);
	close(fd);
}

static void madvise_10(void)
{
	int fd = temp_file(2 * PS, 15);
	unsigned char *p;

	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		p = must_map(2 * PS, RW, type, fd, 0);
		want_eq(advise(p, PS, WIPEONFORK), -EINVAL);
		want_eq(advise(p, PS, DONTFORK), 0);
		want_eq(advise(p, PS, DOFORK), 0);
		unmap(p, 2 * PS);
	}
	p = must_map(2 * PS, RW, SHANON, -1, 0);
	want_eq(advise(p, 2 * PS, WIPEONFORK), -EINVAL);
	want_eq(advise(p, 2 * PS, DONTFORK), 0);
	unmap(p, 2 * PS);
	close(fd);
	verdict("MADVISE-10 WIPEONFORK is for private memory, DONTFORK for any");
}

static void madvise_11(void)
{
	int fd = temp_file(2 * PS, 16);
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0), *q;

	want_eq(advise(p, 2 * PS, POPULATE_WRITE), 0);
	want(resident(p) == 1 && resident(p + PS) == 1 && resident(p + 2 * PS) == 0);
	want_eq(advise(p + 2 * PS, 1, POPULATE_READ), 0);
	want(resident(p + 2 * PS) == 1 && resident(p + 3 * PS) == 0);
	want(all_zero(p, 4 * PS));
	fill(p, 4 * PS, 17);
	want_eq(advise(p, 4 * PS, POPULATE_WRITE), 0);
	want_eq(advise(p, 4 * PS, POPULATE_READ), 0);
	want(filled(p, 4 * PS, 17));
	protect(p + PS, PS, PROT_READ);
	want_eq(advise(p, 4 * PS, POPULATE_READ), 0);
	want_eq(advise(p, 4 * PS, POPULATE_WRITE), -EINVAL);
	protect(p + PS, PS, PROT_WRITE);
	want_eq(advise(p, 4 * PS, POPULATE_READ), -EINVAL);
	protect(p + PS, PS, PROT_NONE);
	want_eq(advise(p, 4 * PS, POPULATE_READ), -EINVAL);
	unmap(p + PS, PS);
	want_eq(advise(p, 4 * PS, POPULATE_READ), -ENOMEM);
	want_eq(advise(p, 4 * PS, POPULATE_WRITE), -ENOMEM);
	unmap(p, 4 * PS);
	verdict("MADVISE-11 POPULATE makes pages resident; rights and holes");

	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		p = must_map(4 * PS, RW, type, fd, 0);
		want_eq(advise(p, 2 * PS, POPULATE_WRITE), 0);
		want_eq(advise(p, 4 * PS, POPULATE_READ), -EFAULT);
		want_eq(advise(p, 3 * PS, POPULATE_WRITE), -EFAULT);
		want(filled(p, 2 * PS, 16));
		unmap(p, 4 * PS);
	}
	q = must_map(2 * PS, PROT_READ, MAP_SHARED, fd, 0);
	want_eq(advise(q, 2 * PS, POPULATE_READ), 0);
	want_eq(advise(q, 2 * PS, POPULATE_WRITE), -EINVAL);
	unmap(q, 2 * PS);
	close(fd);
	verdict("MADVISE-11 POPULATE beyond the end of the file is EFAULT");
}

/* --- fork --- */

struct marked {
	unsigned char *p; /* 8 pages; 2 and 3 are not for children, 5 and 6 are wiped */
	unsigned char *shared; /* 2 pages, the second not for children */
};

static void look(const struct marked *m)
{
	want(filled(m->p, 2 * PS, 18));
	want_fault(m->p + 2 * PS, READ, MAPERR);
	want_fault(m->p + 3 * PS, WRITE, MAPERR);
	want(filled_from(m->p + 4 * PS, PS, 18, 4 * PS));
	want(all_zero(m->p + 5 * PS, 2 * PS));
	want(filled_from(m->p + 7 * PS, PS, 18, 7 * PS));
	want(filled(m->shared, PS, 19));
	want_fault(m->shared + PS, READ, MAPERR);
}

static void grandchild(void *arg)
{
	look(arg);
}

static void marked_child(void *arg)
{
	struct marked *m = arg;

	look(m);
	memset(m->p + 5 * PS, 0x55, 2 * PS); /* which the grandchild does not see */
	want_child(grandchild, m);
	want(all_bytes(m->p + 5 * PS, 2 * PS, 0x55));
}

static void unmarked_child(void *arg)
{
	struct marked *m = arg;

	want(filled(m->p, 8 * PS, 18) && filled(m->shared, 2 * PS, 19));
}

static void fork_8(void)
{
	struct marked m = {
		must_map(8 * PS, RW, ANON, -1, 0),
		must_map(2 * PS, RW, SHANON, -1, 0),
	};

	fill(m.p, 8 * PS, 18);
	fill(m.shared, 2 * PS, 19);
	want_eq(advise(m.p + 2 * PS, 2 * PS, DONTFORK), 0);
	want_eq(advise(m.p + 5 * PS, 2 * PS, WIPEONFORK), 0);
	want_eq(advise(m.shared + PS, PS, DONTFORK), 0);
	want_child(marked_child, &m);
	want(filled(m.p, 8 * PS, 18) && filled(m.shared, 2 * PS, 19));
	m.p[0] = pattern(0, 18); /* our own again */
	want_child(marked_child, &m);
	verdict("FORK-8 DONTFORK is a hole, WIPEONFORK zeros, in child and grandchild");

	want_eq(advise(m.p + 2 * PS, 2 * PS, DOFORK), 0);
	want_eq(advise(m.p, 8 * PS, KEEPONFORK), 0);
	want_eq(advise(m.shared, 2 * PS, DOFORK), 0);
	want_child(unmarked_child, &m);
	want(filled(m.p, 8 * PS, 18));
	unmap(m.p, 8 * PS);
	unmap(m.shared, 2 * PS);
	verdict("FORK-8 DOFORK and KEEPONFORK undo");
}

static void mark_rounds(void)
{
	unsigned char *p = must_map(64 * PS, RW, ANON, -1, 0);

	for (int i = 0; i < 40; i++) {
		pid_t pid;

		memset(p, i, 64 * PS);
		advise(p + (i % 32) * PS, 8 * PS, i % 2 ? DONTFORK : WIPEONFORK);
		pid = tap_fork();
		if (pid == 0)
			_exit(0);
		wait_for(pid);
		advise(p, 64 * PS, DONTNEED);
	}
	unmap(p, 64 * PS);
}

int main(void)
{
	madvise_1();
	madvise_2();
	madvise_3();
	madvise_3_reclaim();
	madvise_4();
	madvise_4_cow();
	madvise_5();
	madvise_6();
	madvise_7();
	madvise_8();
	madvise_9();
	madvise_10();
	madvise_11();
	fork_8();
	ok(memory_kept(mark_rounds, 1 << 10), "FORK-8 marked mappings lose no memory");
	return done();
}
