/*
 * The conventions of the memory calls (GEN) and mmap (MMAP).
 *
 * Where a mapping without an address lands is the kernel's affair, so a test that needs neighbours
 * or holes takes a hole() and places everything in it by MAP_FIXED.
 */
#include "tap.h"

#include <limits.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/time.h>

#define FIXED(flags) ((flags) | MAP_FIXED)

/* First page a program without privileges may map; found in a child that has none. */
static int find_map_min(void *arg)
{
	(void)arg;
	drop_privileges();
	for (int page = 0; page < 64; page++) {
		void *addr = (void *)(page * PS);
		long r = map(addr, PS, PROT_NONE, ANON | MAP_FIXED_NOREPLACE, -1, 0);

		if (r != -EPERM)
			return page;
	}
	return 254;
}

static unsigned long map_min(void)
{
	int status = child_status(find_map_min, NULL);

	return WIFEXITED(status) ? WEXITSTATUS(status) * PS : 0;
}

/* ---------------------------------------------------------------------- GEN */

static void gen_1(void)
{
	want_eq(getauxval(AT_PAGESZ), 4096);
	want_eq(sys(SYS_close, -1), -9);
	want_eq(unmap((void *)1, PS), -22);
	want_eq(sys(SYS_openat, AT_FDCWD, "no such file", O_RDONLY), -2);
	want_eq(map(NULL, -PS, PROT_READ, ANON, -1, 0), -12);
	verdict("GEN-1 pages of 4096 bytes and Linux's error numbers");
}

static void gen_2(void)
{
#if defined(__riscv)
	long a = sys(222, 0, PS, 3, 0x22, -1, 0);
	const int munmap_nr = 215, mprotect_nr = 226, msync_nr = 227, brk_nr = 214;
#elif defined(__i386__)
	long a = sys(192, 0, PS, 3, 0x22, -1, 0);
	const int munmap_nr = 91, mprotect_nr = 125, msync_nr = 144, brk_nr = 45;
#else
	long a = sys(9, 0, PS, 3, 0x22, -1, 0);
	const int munmap_nr = 11, mprotect_nr = 10, msync_nr = 26, brk_nr = 12;
#endif
	unsigned char *p = (unsigned char *)a;

	if (want(!is_error(a))) {
		p[0] = 1;
		want_eq(sys(msync_nr, p, PS, 4), 0);
		want_eq(sys(mprotect_nr, p, PS, 1), 0);
		want_fault(p, WRITE, ACCERR);
		want_eq(sys(munmap_nr, p, PS), 0);
		want_fault(p, READ, MAPERR);
	}
	want((unsigned long)sys(brk_nr, 0) >= PS);
	verdict("GEN-2 the calls have Linux's numbers");
}

static void gen_3(void)
{
	int fd = temp_file(PS, 1);
	unsigned char *res = must_map(4 * PS, 0, 0x22, -1, 0);
	const struct map_line *l;

	want_eq(map(res, PS, 1 | 2, 0x2 | 0x10 | 0x20, -1, 0), (long)res);
	want_eq(map(res + PS, PS, 1 | 4, 0x2 | 0x10, fd, 0), (long)(res + PS));
	want_eq(map(res + 2 * PS, PS, 1 | 2 | 8, 0x1 | 0x10, fd, 0), (long)(res + 2 * PS));
	want_eq(map(res + 3 * PS, PS, 1, 0x100000 | 0x22, -1, 0), -EEXIST);
	l = maps_find(maps_read(), res);
	want(l && !strcmp(l->perms, "rw-p"));
	l = maps_find(maps_read(), res + PS);
	want(l && !strcmp(l->perms, "r-xp"));
	l = maps_find(maps_read(), res + 2 * PS);
	want(l && !strcmp(l->perms, "rw-s"));
	l = maps_find(maps_read(), res + 3 * PS);
	want(l && !strcmp(l->perms, "---p"));
	unmap(res, 4 * PS);
	close(fd);
	verdict("GEN-3 protections and flags have Linux's values");
}

#define MANY 60000

static void gen_5(void)
{
	unsigned long top = user_limit(), min = map_min();
	long r;

#if defined(__riscv)
	want(top <= 1UL << 38);
#endif
	want(top % PS == 0 && top >= 0x40000000);
	r = map((void *)(top - PS), PS, PROT_NONE, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	want(r == (long)(top - PS) || r == -EEXIST);
	if (!is_error(r))
		unmap((void *)r, PS);
	want_eq(map((void *)top, PS, PROT_NONE, FIXED(ANON), -1, 0), -ENOMEM);
	verdict("GEN-5 user space has one upper end");

	diag("lowest mappable address 0x%lx, user space ends at 0x%lx", min, top);
	ok(min >= PS && min <= 65536, "GEN-5 the lowest mappable address is 4096 to 65536");

	/* Every second page of a range changed: MANY mappings by MANY/2 calls. */
	unsigned char *p = must_map(MANY * PS, PROT_NONE, ANON, -1, 0);
	for (long i = 0; i < MANY; i += 2)
		if (!want_eq(protect(p + i * PS, PS, PROT_READ), 0))
			break;
	want_eq(p[0], 0);
	want_fault(p + PS, READ, ACCERR);
	want_fault(p + (MANY - 2) * PS, READ, NOFAULT);
	want_eq(unmap(p, MANY * PS), 0);
	verdict("GEN-5 a process may have 60000 mappings");
}

static char maps_before[65536], maps_after[65536];

static void gen_6(void)
{
	unsigned char *res = must_map(8 * PS, PROT_READ, ANON, -1, 0);
	unsigned char *sh = res + PS;
	const char *name = temp_name();
	int fd = temp_file_named(name, PS, 3);
	int rofd = open(name, O_RDONLY);

	close(fd);
	want_eq(map(sh, PS, PROT_READ, FIXED(MAP_SHARED), rofd, 0), (long)sh);
	unmap(res + 6 * PS, PS);
	long len = slurp("/proc/self/maps", maps_before, sizeof maps_before);
	want(len > 0);

	want_eq(map(NULL, 0, PROT_READ, ANON, -1, 0), -EINVAL);
	want_eq(map(res, 0, PROT_READ, FIXED(ANON), -1, 0), -EINVAL);
	want_eq(map(res + 1, PS, PROT_READ, FIXED(ANON), -1, 0), -EINVAL);
	want_eq(map(res, PS, PROT_READ, FIXED(MAP_PRIVATE), -1, 0), -EBADF);
	want_eq(map(res, PS, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0), -EEXIST);
	want_eq(map(res, PS, RW, FIXED(MAP_SHARED), rofd, 0), -EACCES);
	want_eq(map(res, -PS, PROT_READ, FIXED(ANON), -1, 0), -ENOMEM);
	want_eq(unmap(res, 0), -EINVAL);
	want_eq(unmap(res + 1, PS), -EINVAL);
	want_eq(unmap(res, -1UL), -EINVAL);
	want_eq(protect(res + 1, PS, RW), -EINVAL);
	want_eq(protect(res, PS, 0x100), -EINVAL);
	want_eq(protect(res + 6 * PS, PS, RW), -ENOMEM);
	want_eq(protect(sh, PS, RW), -EACCES);
	if (word_wraps())
		want_eq(protect(res, -1UL, RW), -ENOMEM);
	want_eq(sys(SYS_msync, res + 1, PS, MS_SYNC), -EINVAL);
	want_eq(sys(SYS_msync, res, PS, 64), -EINVAL);

	want_eq(slurp("/proc/self/maps", maps_after, sizeof maps_after), len);
	want(!strcmp(maps_before, maps_after));
	unmap(res, 8 * PS);
	close(rofd);
	verdict("GEN-6 failing calls leave the mappings as they were");
}

static void gen_7(void)
{
	want_eq(sys(4000, 0, 0, 0), -ENOSYS);
	want_eq(sys(100000, 0, 0, 0), -ENOSYS);
	want_eq(sys(-1L, 0, 0, 0), -ENOSYS);
	verdict("GEN-7 unknown call numbers are ENOSYS");
	if (on_linux()) {
		skip("Linux has them", "GEN-7 memory calls outside the contract are ENOSYS");
		return;
	}
	want_eq(sys(SYS_remap_file_pages, 0, PS, 0, 0, 0), -ENOSYS);
	want_eq(sys(SYS_pkey_mprotect, 0, 0, 0, 0), -ENOSYS);
	want_eq(sys(SYS_pkey_alloc, 0, 0), -ENOSYS);
	want_eq(sys(SYS_mbind, 0, 0, 0, 0, 0, 0), -ENOSYS);
	want_eq(sys(SYS_userfaultfd, 0), -ENOSYS);
	want_eq(sys(440, 0, 0, 0, 0, 0), -ENOSYS); /* process_madvise */
	want_eq(sys(462, 0, 0, 0), -ENOSYS);       /* mseal */
	verdict("GEN-7 memory calls outside the contract are ENOSYS");
}

static const char *self;

static void gen_8_child(void *arg)
{
	struct rlimit l;

	(void)arg;
	want(getrlimit(RLIMIT_STACK, &l) == 0 && l.rlim_cur == 4 << 20);
	char *argv[] = {(char *)self, "limits", NULL};
	execv(self, argv);
	want(false);
}

static void gen_8(void)
{
	struct rlimit l, old;

	want(getrlimit(RLIMIT_STACK, &old) == 0 && old.rlim_cur == 8 << 20);
	want(getrlimit(RLIMIT_MEMLOCK, &l) == 0 && l.rlim_cur >= 8 << 20);
	want(getrlimit(RLIMIT_AS, &l) == 0 && l.rlim_cur == RLIM_INFINITY);
	want(getrlimit(RLIMIT_DATA, &l) == 0 && l.rlim_cur == RLIM_INFINITY);
	verdict("GEN-8 default limits: stack 8 MiB, address space and data unlimited");

	l = old;
	l.rlim_cur = 4 << 20;
	want_eq(setrlimit(RLIMIT_STACK, &l), 0);
	want_child(gen_8_child, NULL);
	want_eq(setrlimit(RLIMIT_STACK, &old), 0);
	verdict("GEN-8 children and new programs inherit the limits");
}

/* ------------------------------------------------- placement, length, offset */

static void mmap_1(void)
{
	unsigned long top = user_limit(), min = map_min();
	unsigned char *v[32];
	struct maps *m;

	for (int i = 0; i < 32; i++) {
		size_t len = (size_t)(i % 5 + 1) * PS;

		v[i] = must_map(len, i % 2 ? RW : PROT_READ, i % 3 ? ANON : SHANON, -1, 0);
		want((unsigned long)v[i] % PS == 0);
		want((unsigned long)v[i] >= min && (unsigned long)v[i] + len <= top);
		for (int j = 0; j < i; j++)
			want(v[j] + (j % 5 + 1) * PS <= v[i] || v[i] + len <= v[j]);
		if (i % 2)
			fill(v[i], len, (unsigned)i);
	}
	m = maps_read();
	for (int i = 0; i < 32; i++) {
		want(maps_find(m, v[i]) != NULL);
		want(i % 2 == 0 || filled(v[i], (size_t)(i % 5 + 1) * PS, (unsigned)i));
		unmap(v[i], (size_t)(i % 5 + 1) * PS);
	}
	verdict("MMAP-1 without an address: aligned, in user space, beside every other mapping");
}

static void mmap_2(void)
{
	static const size_t lens[] = {1, 100, PS - 1, PS, PS + 1, 2 * PS + 1};
	unsigned char *res = hole(6);

	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		size_t end = (lens[i] + PS - 1) / PS * PS;

		want_eq(map(res, lens[i], RW, FIXED(ANON), -1, 0), (long)res);
		want(all_zero(res, end));
		res[end - 1] = 7;
		want_eq(res[end - 1], 7);
		want_fault(res + end, READ, MAPERR);
		want_fault(res + end, WRITE, MAPERR);
		unmap(res, end);
	}
	verdict("MMAP-2 the length counts in whole pages");
}

static void mmap_3(void)
{
	unsigned char *h = hole(8);

	want_eq(map(h + 2 * PS, PS, RW, ANON, -1, 0), (long)(h + 2 * PS));
	want_eq(map(h + 4 * PS + 123, 2 * PS, RW, ANON, -1, 0), (long)(h + 4 * PS));
	want_eq(map(h + 7 * PS - 1, PS, RW, ANON, -1, 0), (long)(h + 6 * PS));
	unmap(h, 8 * PS);
	verdict("MMAP-3 a free hint is taken exactly, rounded down to a page");
}

static void mmap_4(void)
{
	unsigned char *h = hole(8);
	unsigned char *old = h + 4 * PS;
	long a, b;

	want_eq(map(old, PS, RW, FIXED(ANON), -1, 0), (long)old);
	fill(old, PS, 4);
	a = map(old, PS, RW, ANON, -1, 0);
	want(!is_error(a) && a != (long)old);
	b = map(old - 2 * PS, 4 * PS, RW, ANON, -1, 0);
	want(!is_error(b) && b != (long)(old - 2 * PS));
	if (!is_error(a))
		*(char *)a = 1;
	if (!is_error(b))
		memset((void *)b, 2, 4 * PS);
	want(filled(old, PS, 4));
	unmap((void *)a, PS);
	unmap((void *)b, 4 * PS);
	unmap(h, 8 * PS);
	verdict("MMAP-4 a hint that meets a mapping: elsewhere, the mapping untouched");
}

static void want_elsewhere(unsigned long hint, size_t len)
{
	unsigned long top = user_limit();
	long r = map((void *)hint, len, RW, ANON, -1, 0);

	if (!want(!is_error(r)))
		return;
	want((unsigned long)r != hint && (unsigned long)r + len <= top && r != 0);
	*(char *)r = 1;
	unmap((void *)r, len);
}

static void mmap_5(void)
{
	unsigned long top = user_limit(), min = map_min();

	want_elsewhere(top, PS);
	want_elsewhere(top + PS, PS);
	want_elsewhere(top - PS, 2 * PS);
	want_elsewhere(-PS, PS);
	want_elsewhere(-1UL, PS);
	want_elsewhere(-2 * PS, PS);
	verdict("MMAP-5 a hint outside user space is ignored");

	want_elsewhere(1, PS);
	want_elsewhere(4095, PS);
	verdict("MMAP-5 a hint of 1 to 4095 counts as none");

	if (min <= PS || maps_find(maps_read(), (void *)min)) {
		skip("no such hint, or taken", "MMAP-5 a hint below the lowest address is raised");
		return;
	}
	want_eq(map((void *)PS, PS, RW, ANON, -1, 0), (long)min);
	want_eq(unmap((void *)min, PS), 0);
	want_eq(map((void *)(min - PS), PS, RW, ANON, -1, 0), (long)min);
	want_eq(unmap((void *)min, PS), 0);
	verdict("MMAP-5 a hint below the lowest address is raised");
}

static void mmap_6(void)
{
	int fd = temp_file(PS, 1);

	want_eq(map(NULL, 0, PROT_READ, ANON, -1, 0), -EINVAL);
	want_eq(map(NULL, 0, PROT_READ, SHANON, -1, 0), -EINVAL);
	want_eq(map(NULL, 0, PROT_READ, MAP_PRIVATE, fd, 0), -EINVAL);
	want_eq(map(NULL, 0, PROT_READ, MAP_SHARED, fd, 0), -EINVAL);
	close(fd);
	verdict("MMAP-6 length 0 is EINVAL");
}

static void mmap_7(void)
{
	unsigned long top = user_limit();
	size_t lens[] = {-1UL, -PS + 1, -PS, top, top + PS, top - PS};
	int fd = temp_file(PS, 1);
	long r;

	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		if (lens[i] == 0)
			continue;
		want_eq(map(NULL, lens[i], PROT_NONE, ANON, -1, 0), -ENOMEM);
		want_eq(map(NULL, lens[i], PROT_READ, SHANON, -1, 0), -ENOMEM);
	}
	want_eq(map(NULL, -1UL, PROT_READ, MAP_PRIVATE, fd, 0), -ENOMEM);
	r = map(NULL, PS, RW, ANON, -1, 0);
	if (want(!is_error(r))) {
		*(char *)r = 1;
		unmap((void *)r, PS);
	}
	close(fd);
	verdict("MMAP-7 huge length is ENOMEM");
}

static void mmap_8(void)
{
	int fd = temp_file(3 * PS, 1);
	static const off_t offsets[] = {1, 100, PS - 1, PS + 1, 2 * PS - 512};

	for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
		want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, fd, offsets[i]), -EINVAL);
		want_eq(map(NULL, PS, PROT_READ, MAP_SHARED, fd, offsets[i]), -EINVAL);
		want_eq(map(NULL, PS, PROT_READ, ANON, -1, offsets[i]), -EINVAL);
		want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, 999, offsets[i]), -EINVAL);
	}
	close(fd);
	verdict("MMAP-8 unaligned offset is EINVAL");
}

/* An x86-64 kernel takes the byte offset as unsigned, and its page numbers do not wrap. */
static bool offset_wraps(void)
{
#ifdef __x86_64__
	return false;
#else
	return word_wraps();
#endif
}

static void mmap_9(void)
{
	int fd = temp_file(PS, 1);

	if (offset_wraps()) {
		want_eq(map(NULL, PS, PROT_READ, ANON, -1, -(off_t)PS), -EOVERFLOW);
		want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, fd, -(off_t)PS), -EOVERFLOW);
		want_eq(map(NULL, 4 * PS, PROT_READ, ANON, -1, -3 * (off_t)PS), -EOVERFLOW);
#if ULONG_MAX > 0xffffffff
		/* A page number of 32 bits cannot lie past the largest file offset. */
		want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, fd, LONG_MIN), -EOVERFLOW);
		want_eq(map(NULL, PS, PROT_READ, MAP_SHARED, fd, LONG_MAX & -PS), -EOVERFLOW);
#endif
		verdict("MMAP-9 an offset that wraps or is too large is EOVERFLOW");
	} else {
		skip("an x86-64 kernel does not wrap",
			"MMAP-9 an offset that wraps or is too large is EOVERFLOW");
	}
	close(fd);
}

static void mmap_10(void)
{
	int fd = temp_file(PS, 1);
	unsigned char *p = must_map(PS, RW, MAP_SHARED, fd, 5 * PS);
	unsigned char *q = must_map(2 * PS, RW, MAP_PRIVATE, fd, (off_t)1 << 30);

	want_fault(p, READ, ADRERR);
	want_fault(p, WRITE, ADRERR);
	want_fault(q + PS, READ, ADRERR);
	want_eq(file_size(fd), PS);
	unmap(p, PS);
	unmap(q, 2 * PS);
	close(fd);
	verdict("MMAP-10 an offset past the end of the file maps, an access is a bus error");
}

/* -------------------------------------------------------- flags, descriptors */

static void mmap_11(void)
{
	static const int types[] = {0, 4, 5, 6, 7, 15};
	int fd = temp_file(PS, 1);

	for (int i = 0; i < 6; i++) {
		want_eq(map(NULL, PS, PROT_READ, MAP_ANONYMOUS | types[i], -1, 0), -EINVAL);
		want_eq(map(NULL, PS, PROT_READ, types[i], fd, 0), -EINVAL);
	}
	close(fd);
	verdict("MMAP-11 neither shared nor private is EINVAL");
}

static const int benign[] = {MAP_STACK, MAP_NORESERVE, MAP_POPULATE, MAP_LOCKED, MAP_NONBLOCK,
	MAP_DENYWRITE, MAP_EXECUTABLE, MAP_POPULATE | MAP_NONBLOCK,
	MAP_STACK | MAP_NORESERVE | MAP_DENYWRITE | MAP_EXECUTABLE};
#define BENIGN (sizeof benign / sizeof benign[0])

static void mmap_12(void)
{
	const int type = MAP_SHARED_VALIDATE;
	int fd = temp_file(PS, 1);
	unsigned char *p = must_map(PS, RW, type, fd, 0);

	p[10] = 0xfe;
	want_eq(file_byte(fd, 10), 0xfe);
	unmap(p, PS);
	want_eq(map(NULL, PS, RW, type | 0x200000, fd, 0), -EOPNOTSUPP);
	want_eq(map(NULL, PS, RW, type | MAP_SYNC, fd, 0), -EOPNOTSUPP);
	want_eq(map(hole(1), PS, RW, type | MAP_FIXED_NOREPLACE, fd, 0), -EOPNOTSUPP);
	want_eq(map(NULL, PS, RW, type | MAP_ANONYMOUS, -1, 0), -EINVAL);
	for (size_t i = 0; i < BENIGN; i++) {
		long r = map(NULL, PS, RW, type | benign[i], fd, 0);

		want(!is_error(r));
		unmap((void *)r, PS);
	}
	close(fd);
	verdict("MMAP-12 type 3 is shared and refuses unknown flags");
}

static void mmap_13(void)
{
	int fd = temp_file(PS, 1);
	unsigned char *p;

	p = must_map(PS, RW, ANON | 0x200000, -1, 0);
	want_eq(p[0], 0);
	unmap(p, PS);
	p = must_map(PS, RW, MAP_SHARED | 0x200000, fd, 0);
	want(filled(p, PS, 1));
	unmap(p, PS);
	p = must_map(PS, PROT_READ | 0x70 | PROT_GROWSDOWN | PROT_GROWSUP, ANON, -1, 0);
	want(!strcmp(perms_at(p), "r--p"));
	unmap(p, PS);
	p = must_map(PS, RW | 0x30, MAP_SHARED, fd, 0);
	want(!strcmp(perms_at(p), "rw-s"));
	unmap(p, PS);
	close(fd);
	verdict("MMAP-13 unknown flags and protection bits are ignored");
}

static void mmap_14(void)
{
	int fd = temp_file(2 * PS, 1);
	int flags[] = {ANON, SHANON};

	for (int i = 0; i < 2; i++) {
		unsigned char *a = must_map(PS, RW, flags[i], -1, 0);
		unsigned char *b = must_map(PS, RW, flags[i], 999, 0);
		unsigned char *c = must_map(PS, RW, flags[i], fd, 0);
		unsigned char *d = must_map(PS, RW, flags[i], -1, 16 * PS);

		want(all_zero(c, PS));
		memset(a, 1, PS);
		memset(c, 2, PS);
		want(all_zero(b, PS) && all_zero(d, PS));
		want(all_bytes(a, PS, 1));
		unmap(a, PS);
		unmap(b, PS);
		unmap(c, PS);
		unmap(d, PS);
	}
	want(file_filled(fd, 0, 2 * PS, 1));
	close(fd);
	verdict("MMAP-14 anonymous: descriptor and offset are ignored, each is its own object");
}

static void mmap_15(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, PS, 1);
	int path = open(name, O_PATH);

	want(path >= 0);
	close(fd);
	want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, -1, 0), -EBADF);
	want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, fd, 0), -EBADF);
	want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, 100000, 0), -EBADF);
	want_eq(map(NULL, PS, PROT_READ, MAP_SHARED, path, 0), -EBADF);
	close(path);
	verdict("MMAP-15 no descriptor, a closed one or O_PATH is EBADF");
}

static void mmap_16(void)
{
	static const int modes[] = {O_RDONLY, O_RDWR, O_WRONLY, O_RDWR | O_APPEND};
	const char *name = temp_name();

	close(temp_file_named(name, PS, 1));
	for (int m = 0; m < 4; m++) {
		int fd = open(name, modes[m]);

		want(fd >= 0);
		for (int prot = 0; prot < 8; prot++) {
			for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
				bool allowed = modes[m] != O_WRONLY &&
					!(type == MAP_SHARED && (prot & PROT_WRITE) && m == 0);
				long r = map(NULL, PS, prot, type, fd, 0);

				if (allowed ? !want(!is_error(r)) : !want_eq(r, -EACCES))
					diag("  prot %d, type %d, open mode %d", prot, type, m);
				if (!is_error(r))
					unmap((void *)r, PS);
			}
		}
		close(fd);
	}
	verdict("MMAP-16 protection against the descriptor's open mode");
}

static void mmap_17_zero(void *arg)
{
	((unsigned char *)arg)[1] = 9;
}

static void mmap_17(void)
{
	int dir = open(".", O_RDONLY | O_DIRECTORY), null = open("/dev/null", O_RDWR);
	int zero = open("/dev/zero", O_RDWR), proc = open("/proc/self/maps", O_RDONLY);
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY);
	int p[2], s[2];
	unsigned char *m;

	if (tty < 0)
		tty = open("/dev/console", O_RDWR | O_NOCTTY);
	want(pipe(p) == 0 && dir >= 0 && null >= 0 && zero >= 0 && proc >= 0);
	want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, dir, 0), -ENODEV);
	want_eq(map(NULL, PS, PROT_READ, MAP_SHARED, dir, 0), -ENODEV);
	want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, p[0], 0), -ENODEV);
	want_eq(map(NULL, PS, RW, MAP_SHARED, null, 0), -ENODEV);
	want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, null, 0), -ENODEV);
	want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, proc, 0), -ENODEV);
	if (tty >= 0)
		want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, tty, 0), -ENODEV);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0) {
		want_eq(map(NULL, PS, RW, MAP_SHARED, s[0], 0), -ENODEV);
		close(s[0]);
		close(s[1]);
	}
	verdict("MMAP-17 what is no file cannot be mapped");

	want_eq(map(NULL, PS, PROT_READ, MAP_PRIVATE, p[1], 0), -EACCES);
	want_eq(map(NULL, PS, RW, MAP_SHARED, dir, 0), -EACCES);
	want_eq(map(NULL, PS, PROT_WRITE, MAP_SHARED, p[0], 0), -EACCES);
	verdict("MMAP-17 the open mode is judged before the kind");

	m = must_map(2 * PS, RW, MAP_PRIVATE, zero, 0);
	want(all_zero(m, 2 * PS));
	want_child(mmap_17_zero, m);
	want_eq(m[1], 0);
	unmap(m, 2 * PS);
	m = must_map(2 * PS, RW, MAP_SHARED, zero, 0);
	want(all_zero(m, 2 * PS));
	want_child(mmap_17_zero, m);
	want_eq(m[1], 9);
	unmap(m, 2 * PS);
	verdict("MMAP-17 /dev/zero maps like anonymous memory");
	close(dir);
	close(null);
	close(zero);
	close(proc);
	close(tty);
	close(p[0]);
	close(p[1]);
}

static void mmap_18_below(void *arg)
{
	int wo = *(int *)arg;

	drop_privileges();
	want_eq(map((void *)1, PS, RW, FIXED(MAP_ANONYMOUS), -1, 0), -EINVAL);
	want_eq(map(NULL, PS, RW, FIXED(MAP_ANONYMOUS), -1, 0), -EPERM);
	want_eq(map(NULL, PS, RW, FIXED(MAP_SHARED), wo, 0), -EPERM);
	want_eq(map(NULL, PS, RW, FIXED(MAP_SHARED), -1, 0), -EBADF);
	want_eq(map(NULL, 0, RW, FIXED(MAP_SHARED), wo, 0), -EINVAL);
}

static void mmap_18(void)
{
	const unsigned long top = user_limit();
	const char *name = temp_name();
	int fd = temp_file_named(name, PS, 1), wo = open(name, O_WRONLY);
	int dir = open(".", O_RDONLY | O_DIRECTORY);
	unsigned char *p = must_map(PS, RW, ANON, -1, 0);

	want_eq(map(NULL, 0, PROT_READ, MAP_PRIVATE, 999, 1), -EINVAL);
	want_eq(map(NULL, 0, PROT_READ, MAP_PRIVATE, 999, 0), -EBADF);
	want_eq(map(p + 1, 0, PROT_READ, FIXED(0), fd, 0), -EINVAL);
	want_eq(map(p + 1, -1UL, PROT_READ, FIXED(0), wo, 0), -ENOMEM);
	if (offset_wraps()) {
		want_eq(map(NULL, 0, PROT_READ, ANON, -1, -(off_t)PS), -EINVAL);
		want_eq(map(NULL, -1UL, PROT_READ, ANON, -1, -(off_t)PS), -ENOMEM);
		want_eq(map((void *)top, PS, PROT_READ, FIXED(ANON), -1, -(off_t)PS), -EOVERFLOW);
	}
	want_eq(map((void *)(top - PS + 1), 2 * PS, PROT_READ, FIXED(0), wo, 0), -ENOMEM);
	want_eq(map(p + 1, PS, PROT_READ, MAP_FIXED_NOREPLACE, wo, 0), -EINVAL);
	want_eq(map(p, PS, PROT_READ, MAP_FIXED_NOREPLACE, wo, 0), -EEXIST);
	want_eq(map(p, PS, RW, MAP_FIXED_NOREPLACE | MAP_SHARED, wo, 0), -EEXIST);
	want_eq(map(NULL, PS, RW, 0, wo, 0), -EINVAL);
	want_eq(map(NULL, PS, RW, MAP_SHARED_VALIDATE | 0x200000, wo, 0), -EOPNOTSUPP);
	want_eq(map(NULL, PS, RW, MAP_SHARED, dir, 0), -EACCES);
	want_child(mmap_18_below, &wo);
	unmap(p, PS);
	close(fd);
	close(wo);
	close(dir);
	verdict("MMAP-18 the first of several errors wins");
}

/* ---------------------------------------------------------------- MAP_FIXED */

static void mmap_19(void)
{
	int fd = temp_file(4 * PS, 5), fd2 = temp_file(2 * PS, 6);
	unsigned char *res = hole(8);
	const struct map_line *l;

	/* pages: 0-2 shared file from page 1 on, 3 hole, 4-6 private anonymous */
	want_eq(map(res, 3 * PS, RW, FIXED(MAP_SHARED), fd, PS), (long)res);
	want_eq(map(res + 4 * PS, 3 * PS, RW, FIXED(ANON), -1, 0), (long)(res + 4 * PS));
	fill(res + 4 * PS, 3 * PS, 7);
	res[2 * PS + 5] = 0xfe;
	want_eq(map(res + 2 * PS, 3 * PS, RW, FIXED(ANON), -1, 0), (long)(res + 2 * PS));
	want(all_zero(res + 2 * PS, 3 * PS));
	want(filled_from(res, 2 * PS, 5, PS));
	want(filled_from(res + 5 * PS, 2 * PS, 7, PS));
	want_eq(file_byte(fd, 3 * PS + 5), 0xfe);
	l = maps_find(maps_read(), res);
	want(l && l->start == (unsigned long)res && l->end == (unsigned long)(res + 2 * PS) &&
		l->offset == PS);

	/* a file's pages into the middle of the first file's */
	want_eq(map(res + PS, PS, PROT_READ, FIXED(MAP_PRIVATE), fd2, PS), (long)(res + PS));
	want(filled_from(res + PS, PS, 6, PS));
	want(filled_from(res, PS, 5, PS));
	unmap(res, 8 * PS);
	close(fd);
	close(fd2);
	verdict("MMAP-19 fixed over parts of several mappings and holes");
}

static void mmap_20(void)
{
	const unsigned long top = user_limit();
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);

	want_eq(map(p + 1, PS, RW, FIXED(ANON), -1, 0), -EINVAL);
	want_eq(map(p + PS - 1, PS, RW, FIXED(ANON), -1, 0), -EINVAL);
	want_eq(map((void *)top, PS, RW, FIXED(ANON), -1, 0), -ENOMEM);
	want_eq(map((void *)(top - PS), 2 * PS, RW, FIXED(ANON), -1, 0), -ENOMEM);
	want_eq(map((void *)(-2 * PS), PS, RW, FIXED(ANON), -1, 0), -ENOMEM);
	want_eq(map((void *)(-2 * PS), 4 * PS, RW, FIXED(ANON), -1, 0), -ENOMEM);
	want_eq(map(p, top, RW, FIXED(ANON), -1, 0), -ENOMEM);
	want(is_error(map((void *)-1UL, PS, RW, FIXED(ANON), -1, 0)));
	unmap(p, 2 * PS);
	verdict("MMAP-20 fixed at an unaligned address or past user space fails");
}

static void mmap_21(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, PS, 1), ro = open(name, O_RDONLY);
	int dir = open(".", O_RDONLY | O_DIRECTORY);
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);

	fill(p, 2 * PS, 8);
	want_eq(map(p, PS, RW, FIXED(MAP_PRIVATE), 999, 0), -EBADF);
	want_eq(map(p, 0, RW, FIXED(ANON), -1, 0), -EINVAL);
	want_eq(map(p, PS, RW, FIXED(MAP_SHARED), ro, 0), -EACCES);
	want_eq(map(p, PS, RW, FIXED(MAP_ANONYMOUS), -1, 0), -EINVAL);
	want_eq(map(p, PS, RW, FIXED(MAP_PRIVATE), fd, 7), -EINVAL);
	want_eq(map(p, PS, PROT_READ, FIXED(MAP_PRIVATE), dir, 0), -ENODEV);
	want_eq(map(p, -1UL, RW, FIXED(ANON), -1, 0), -ENOMEM);
	want_eq(map(p, user_limit(), RW, FIXED(ANON), -1, 0), -ENOMEM);
	want(filled(p, 2 * PS, 8));
	want(!strcmp(perms_at(p), "rw-p") && !strcmp(perms_at(p + PS), "rw-p"));
	unmap(p, 2 * PS);
	close(fd);
	close(ro);
	close(dir);
	verdict("MMAP-21 a failing fixed mapping keeps the old one");
}

static void mmap_22_child(void *arg)
{
	const char *name = arg;
	int wo = open(name, O_WRONLY);

	drop_privileges();
	want(wo >= 0);
	want_eq(map(NULL, PS, RW, FIXED(ANON), -1, 0), -EPERM);
	want_eq(map(NULL, PS, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), -EPERM);
	want_eq(map(NULL, 64 * PS, RW, FIXED(ANON), -1, 0), -EPERM);
	want_eq(map(NULL, PS, RW, FIXED(MAP_ANONYMOUS), -1, 0), -EPERM);
	want_eq(map(NULL, PS, RW, FIXED(MAP_SHARED), wo, 0), -EPERM);
	want_eq(map(NULL, PS, RW, FIXED(MAP_SHARED), 999, 0), -EBADF);
	want_fault(NULL, READ, MAPERR);
}

static void mmap_22(void)
{
	const char *name = temp_name();

	close(temp_file_named(name, PS, 1));
	want_child(mmap_22_child, (void *)name);
	verdict("MMAP-22 fixed below the lowest address is EPERM");
}

static void mmap_23(void)
{
	const int flags = ANON | MAP_FIXED_NOREPLACE;
	unsigned char *res = hole(12), *p = res + 4 * PS;

	want_eq(map(p, 4 * PS, RW, flags, -1, 0), (long)p);
	fill(p, 4 * PS, 9);
	want_eq(map(p, 4 * PS, RW, flags, -1, 0), -EEXIST);
	want_eq(map(p - PS, 2 * PS, RW, flags, -1, 0), -EEXIST);
	want_eq(map(p + 3 * PS, 2 * PS, RW, flags, -1, 0), -EEXIST);
	want_eq(map(p + PS, PS, RW, flags, -1, 0), -EEXIST);
	want_eq(map(res, 12 * PS, RW, flags, -1, 0), -EEXIST);
	want_eq(map(p, PS, RW, FIXED(flags), -1, 0), -EEXIST);
	want_eq(map(p + 1, PS, RW, flags, -1, 0), -EINVAL);
	want_eq(map(res + 1, PS, RW, flags, -1, 0), -EINVAL);
	want_eq(map((void *)user_limit(), PS, RW, flags, -1, 0), -ENOMEM);
	want(filled(p, 4 * PS, 9));
	want_eq(map(p - PS, PS, RW, flags, -1, 0), (long)(p - PS));
	want_eq(map(p + 4 * PS, PS, RW, FIXED(flags), -1, 0), (long)(p + 4 * PS));
	want(filled(p, 4 * PS, 9));
	unmap(res, 12 * PS);
	verdict("MMAP-23 noreplace: exact address, or EEXIST and nothing lost");
}

static void mmap_24(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, 2 * PS, 1);

	for (size_t i = 0; i < BENIGN; i++) {
		for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
			long a = map(NULL, 2 * PS, RW, type | MAP_ANONYMOUS | benign[i], -1, 0);
			long f = map(NULL, 2 * PS, RW, type | benign[i], fd, 0);

			if (want(!is_error(a))) {
				want(all_zero((void *)a, 2 * PS));
				memset((void *)a, 1, 2 * PS);
				unmap((void *)a, 2 * PS);
			}
			if (want(!is_error(f))) {
				want(filled((void *)f, 2 * PS, 1));
				((unsigned char *)f)[0] = pattern(0, 1);
				unmap((void *)f, 2 * PS);
			}
		}
	}
	verdict("MMAP-24 harmless flags are accepted");

	unsigned char *p = must_map(PS, PROT_READ, MAP_PRIVATE | MAP_DENYWRITE, fd, 0);
	int w = open(name, O_WRONLY);
	want(w >= 0 && pwrite(w, "x", 1, 100) == 1);
	close(w);
	unmap(p, PS);
	close(fd);
	verdict("MMAP-24 denywrite denies nothing");
}

static void mmap_25(void)
{
	int fd = temp_file(2 * PS, 1);
	long r;

	want_eq(map(NULL, PS, RW, SHANON | MAP_GROWSDOWN, -1, 0), -EINVAL);
	want_eq(map(NULL, PS, RW, MAP_PRIVATE | MAP_GROWSDOWN, fd, 0), -EINVAL);
	want_eq(map(NULL, PS, RW, MAP_SHARED | MAP_GROWSDOWN, fd, 0), -EINVAL);
	verdict("MMAP-25 GROWSDOWN is for private anonymous memory alone");
	r = map(NULL, PS, RW, ANON | MAP_HUGETLB, -1, 0);
	want(r == -ENOMEM || r == -EINVAL);
	want_eq(map(NULL, PS, RW, MAP_PRIVATE | MAP_HUGETLB, fd, 0), -EINVAL);
	verdict("MMAP-25 there are no huge pages to be had");
	close(fd);
}

/* ----------------------------------------------------------------- contents */

static void mmap_31_dirty(void *arg)
{
	unsigned char *p = must_map(1 << 20, RW, ANON, -1, 0);

	(void)arg;
	memset(p, 0xa5, 1 << 20);
}

static void mmap_31(void)
{
	int fd = temp_file(64 * PS, 3);
	unsigned char *p;

	for (int round = 0; round < 4; round++) {
		p = must_map(1 << 20, RW, round % 2 ? SHANON : ANON, -1, 0);
		want(all_zero(p, 1 << 20));
		memset(p, 0x5a, 1 << 20);
		unmap(p, 1 << 20);
	}
	want_child(mmap_31_dirty, NULL);
	ftruncate(fd, 0); /* gives back pages full of file data */
	close(fd);
	p = must_map(2 << 20, RW, ANON, -1, 0);
	want(all_zero(p, 2 << 20));
	unmap(p, 2 << 20);
	p = must_map(1 << 20, PROT_READ, SHANON, -1, 0);
	want(all_zero(p, 1 << 20));
	unmap(p, 1 << 20);
	verdict("MMAP-31 anonymous memory reads as zero, whoever used its pages before");
}

static void mmap_32(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, 3 * PS, 4);
	int other = open(name, O_RDONLY);
	unsigned char *sh = must_map(3 * PS, RW, MAP_SHARED, fd, 0);
	unsigned char *pr = must_map(3 * PS, RW, MAP_PRIVATE, fd, 0);

	close(fd);
	unlink(name);
	want(filled(sh, 3 * PS, 4) && filled(pr, 3 * PS, 4));
	sh[PS] = 0xfd;
	want_eq(sh[PS], 0xfd);
	want_eq(file_byte(other, PS), 0xfd);
	want_eq(sys(SYS_msync, sh, 3 * PS, MS_SYNC), 0);
	close(other);
	want_eq(sh[PS], 0xfd);
	want(filled_from(sh + 2 * PS, PS, 4, 2 * PS));
	unmap(sh, 3 * PS);
	want(filled_from(pr + 2 * PS, PS, 4, 2 * PS));
	unmap(pr, 3 * PS);
	verdict("MMAP-32 a mapping outlives close and unlink");
}

static void mmap_33(void)
{
	int fd = temp_file(0, 0);
	unsigned char *p = must_map(PS, RW, MAP_SHARED, fd, 0);
	unsigned char *q = must_map(PS, RW, MAP_PRIVATE, fd, 0);

	want_fault(p, READ, ADRERR);
	want_fault(p, WRITE, ADRERR);
	want_fault(q + 9, READ, ADRERR);
	want_fault(q + 9, WRITE, ADRERR);
	want_eq(file_size(fd), 0);
	want_eq(ftruncate(fd, 10), 0);
	want(all_zero(p, PS) && all_zero(q, PS));
	want_fault(p + PS - 1, WRITE, NOFAULT);
	want_fault(q + PS - 1, WRITE, NOFAULT);
	want_eq(file_size(fd), 10);
	unmap(p, PS);
	unmap(q, PS);
	close(fd);
	verdict("MMAP-33 an empty file maps; its pages come with its size");
}

static void mmap_34(void)
{
	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		int fd = temp_file(PS + 10, 5);
		unsigned char *p = must_map(4 * PS, RW, type, fd, 0);

		want(filled(p, PS + 10, 5));
		want(all_zero(p + PS + 10, PS - 10));
		p[2 * PS - 1] = 3;
		want_eq(p[2 * PS - 1], 3);
		for (int i = 2; i < 4; i++) {
			want_fault(p + i * PS, READ, ADRERR);
			want_fault(p + (i + 1) * PS - 1, WRITE, ADRERR);
		}
		unmap(p, 4 * PS);
		close(fd);
	}
	verdict("MMAP-34 the last page is zero past the end of the file, later pages bus errors");
}

static void mmap_35(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, 100, 6);
	unsigned char *p = must_map(PS, RW, MAP_SHARED, fd, 0), buf[200];

	memset(p + 100, 0xee, PS - 100);
	want_eq(file_size(fd), 100);
	want_eq(pread(fd, buf, sizeof buf, 0), 100);
	want_eq(sys(SYS_msync, p, PS, MS_SYNC), 0);
	unmap(p, PS);
	want_eq(fsync(fd), 0);
	sync();
	want_eq(file_size(fd), 100);
	p = must_map(PS, RW, MAP_SHARED, fd, 0);
	want(filled(p, 100, 6));
	want(all_zero(p + 100, PS - 100));
	unmap(p, PS);
	close(fd);
	verdict("MMAP-35 stores past the end of the file are lost");
}

static void mmap_36(void)
{
	for (int by_write = 0; by_write < 2; by_write++) {
		int fd = temp_file(100, 6);
		unsigned char *p = must_map(2 * PS, RW, MAP_SHARED, fd, 0), buf[PS];

		memset(p + 100, 0xee, PS - 100);
		if (by_write)
			put_bytes(fd, "x", 1, PS + 500);
		else
			want_eq(ftruncate(fd, PS + 501), 0);
		want(filled(p, 100, 6));
		want(all_zero(p + 100, PS - 100 + 500));
		want_eq(p[PS + 500], by_write ? 'x' : 0);
		want_eq(pread(fd, buf, PS, 0), PS);
		want(all_zero(buf + 100, PS - 100));
		unmap(p, 2 * PS);
		close(fd);
	}
	verdict("MMAP-36 bytes gained when the file grows are zero");
}

struct coherent {
	const char *name;
	struct gate to, from;
};

static void mmap_37_child(void *arg)
{
	struct coherent *c = arg;
	int fd = open(c->name, O_RDWR);
	unsigned char *p = must_map(2 * PS, RW, MAP_SHARED, fd, PS);

	p[7] = 0xc1;
	gate_open(&c->from);
	gate_wait(&c->to);
	want_eq(p[8], 0xc2);
	want_eq(p[9], 0xc3);
	want_eq(file_byte(fd, PS + 8), 0xc2);
}

static void mmap_37(void)
{
	struct coherent c = {.name = temp_name()};
	int fd = temp_file_named(c.name, 3 * PS, 7), fd2 = open(c.name, O_RDWR);
	unsigned char *a = must_map(3 * PS, RW, MAP_SHARED, fd, 0);
	unsigned char *b = must_map(2 * PS, RW, MAP_SHARED, fd2, PS);
	unsigned char *r = must_map(PS, PROT_READ, MAP_SHARED, fd, PS);

	a[PS + 3] = 0xa1;
	want_eq(b[3], 0xa1);
	want_eq(r[3], 0xa1);
	want_eq(file_byte(fd, PS + 3), 0xa1);
	b[PS] = 0xb1;
	want_eq(a[2 * PS], 0xb1);
	put_bytes(fd2, "\xd1", 1, PS + 4);
	want_eq(a[PS + 4], 0xd1);
	want_eq(b[4], 0xd1);
	want_eq(r[4], 0xd1);
	put_bytes(fd, "\xd2\xd3", 2, 2 * PS - 1); /* across a page's end */
	want_eq(a[2 * PS - 1], 0xd2);
	want_eq(b[PS], 0xd3);
	verdict("MMAP-37 shared mappings, read and write agree");

	gate_init(&c.to);
	gate_init(&c.from);
	pid_t pid = child_start(mmap_37_child, &c);
	gate_wait(&c.from);
	want_eq(a[PS + 7], 0xc1);
	want_eq(file_byte(fd, PS + 7), 0xc1);
	a[PS + 8] = 0xc2;
	put_bytes(fd, "\xc3", 1, PS + 9);
	gate_open(&c.to);
	want_eq(wait_for(pid), 0);
	gate_free(&c.to);
	gate_free(&c.from);
	unmap(a, 3 * PS);
	unmap(b, 2 * PS);
	unmap(r, PS);
	close(fd);
	close(fd2);
	verdict("MMAP-37 and so they do between processes");
}

static void mmap_38(void)
{
	int fd = temp_file(2 * PS, 8);
	unsigned char *p = must_map(2 * PS, RW, MAP_PRIVATE, fd, 0);

	p[10] = 1;
	put_bytes(fd, "\xff", 1, 20);
	want_eq(p[20], pattern(20, 8));
	want_eq(p[10], 1);
	unmap(p, 2 * PS);
	close(fd);
	verdict("MMAP-38 a private page once stored to does not show later changes of the file");
}

static void mmap_39(void)
{
	int fd = temp_file(2 * PS, 8);
	unsigned char *p = must_map(2 * PS, RW, MAP_PRIVATE, fd, 0);
	unsigned char *q = must_map(2 * PS, RW, MAP_PRIVATE, fd, 0);
	unsigned char *s = must_map(2 * PS, RW, MAP_SHARED, fd, 0);

	p[100] = 0;
	want_eq(p[100], 0);
	want(filled(p, 100, 8) && filled_from(p + 101, 2 * PS - 101, 8, 101));
	want(filled(q, 2 * PS, 8) && filled(s, 2 * PS, 8));
	want(file_filled(fd, 0, 2 * PS, 8));
	unmap(p, 2 * PS);
	want(file_filled(fd, 0, 2 * PS, 8));
	unmap(q, 2 * PS);
	unmap(s, 2 * PS);
	close(fd);
	verdict("MMAP-39 a private store stays in its mapping");
}

static void mmap_40(void)
{
	int fd = temp_file(5 * PS, 9);
	unsigned char *p, c;

	for (int k = 0; k < 5; k++) {
		p = must_map(PS, PROT_READ, k % 2 ? MAP_SHARED : MAP_PRIVATE, fd, k * (off_t)PS);
		want(filled_from(p, PS, 9, (size_t)k * PS));
		unmap(p, PS);
	}
	want_eq(lseek(fd, 1234, SEEK_SET), 1234);
	p = must_map(5 * PS, RW, MAP_SHARED, fd, 0);
	p[0] = p[2 * PS];
	want_eq(lseek(fd, 0, SEEK_CUR), 1234);
	want(read(fd, &c, 1) == 1 && c == pattern(1234, 9));
	unmap(p, 5 * PS);
	close(fd);
	verdict("MMAP-40 offsets choose the file's pages; the descriptor's offset is apart");
}

static void mmap_41(void)
{
	for (int by_msync = 0; by_msync < 2; by_msync++) {
		int fd = temp_file(PS, 1);
		struct timespec past[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
		struct stat st;
		unsigned char *p;

		fsync(fd);
		want_eq(futimens(fd, past), 0);
		want(fstat(fd, &st) == 0 && st.st_mtime == 1000000000);
		p = must_map(PS, RW, MAP_SHARED, fd, 0);
		want_eq(p[1], pattern(1, 1));
		want(fstat(fd, &st) == 0 && st.st_mtime == 1000000000);
		p[0] = 1;
		if (by_msync)
			want_eq(sys(SYS_msync, p, PS, MS_SYNC), 0);
		else
			unmap(p, PS);
		want(fstat(fd, &st) == 0 && st.st_mtime > 1000000000);
		if (by_msync)
			unmap(p, PS);
		close(fd);
	}
	verdict("MMAP-41 a shared store changes the modification time by msync or munmap");
}

static void mmap_42_child(void *arg)
{
	want(filled(arg, PS + PS / 2, 1));
	unmap(arg, PS);
}

static void mmap_42(void)
{
	const size_t size = PS + PS / 2;
	const char *name = temp_name();
	int fd = temp_file_named(name, size, 1), ro = open(name, O_RDONLY), fd2;
	unsigned char *p, *q;

	p = must_map(2 * PS, PROT_READ, MAP_PRIVATE, fd, 0);
	want(filled(p, size, 1) && all_zero(p + size, PS / 2));
	want_eq(unmap(p, 2 * PS), 0);
	verdict("MMAP-42 a file of a page and a half");

	p = must_map(2 * PS, RW, MAP_PRIVATE, ro, 0);
	want(filled(p, size, 1));
	memset(p, 'Z', size);
	want(all_bytes(p, size, 'Z') && file_filled(fd, 0, size, 1));
	want_eq(unmap(p, 2 * PS), 0);
	want_eq(map(NULL, 3 * PS, RW, MAP_SHARED, ro, 0), -EACCES);
	verdict("MMAP-42 read-only file: private stores, no shared ones");

	p = must_map(3 * PS, RW, MAP_SHARED, fd, 0);
	close(fd);
	memset(p, 'Z', size);
	want_eq(unmap(p, 2 * PS), 0);
	for (off_t i = 0; i < (off_t)size; i += 511)
		want_eq(file_byte(ro, i), 'Z');
	want_eq(file_size(ro), size);
	want_eq(unmap(p + 2 * PS, PS), 0);
	want_eq(unmap(p + 2 * PS, PS), 0);
	verdict("MMAP-42 shared stores survive close and partial munmap");

	fd = temp_file(PS, 11);
	fd2 = temp_file(PS, 12);
	p = must_map(PS, PROT_READ, MAP_PRIVATE, fd, 0);
	q = must_map(PS, PROT_READ, MAP_PRIVATE, fd2, 0);
	close(fd);
	close(fd2);
	want(filled(p, PS, 11) && filled(q, PS, 12));
	unmap(p, PS);
	want(filled(q, PS, 12));
	unmap(q, PS);
	verdict("MMAP-42 two files at once");

	fd = temp_file(size, 1);
	p = must_map(2 * PS, PROT_READ, MAP_SHARED, fd, 0);
	want_eq(p[0], pattern(0, 1));
	want_child(mmap_42_child, p);
	want(filled(p, size, 1));
	unmap(p, 2 * PS);
	close(fd);
	close(ro);
	verdict("MMAP-42 a child reads its parent's mapping and leaves it alone");
}

int main(int argc, char **argv)
{
	static void (*const tests[])(void) = {gen_1, gen_2, gen_3, gen_5, gen_6, gen_7,
		gen_8, mmap_1, mmap_2, mmap_3, mmap_4, mmap_5, mmap_6, mmap_7, mmap_8, mmap_9,
		mmap_10, mmap_11, mmap_12, mmap_13, mmap_14, mmap_15, mmap_16, mmap_17, mmap_18,
		mmap_19, mmap_20, mmap_21, mmap_22, mmap_23, mmap_24, mmap_25, mmap_31, mmap_32, mmap_33,
		mmap_34, mmap_35, mmap_36, mmap_37, mmap_38, mmap_39, mmap_40, mmap_41, mmap_42};

	self = argv[0];
	if (argc > 1 && !strcmp(argv[1], "limits")) {
		struct rlimit l;

		return getrlimit(RLIMIT_STACK, &l) != 0 || l.rlim_cur != 4 << 20;
	}
	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
		tests[i]();
	return done();
}
