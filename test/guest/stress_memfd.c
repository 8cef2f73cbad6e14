/*
 * Several processes write, map, cut, punch and allocate one file in memory at once, and some of
 * them seal files of their own. Whatever they see, a byte is zero or what somebody wrote there;
 * nothing is left over.
 */
#include "child.h"

#include <sys/vfs.h>

#define PROCESSES 4
#define ROUNDS 1500
#define PAGES 64

static uint64_t state;

static unsigned below(unsigned n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((state >> 33) % n);
}

/* What everybody writes to a byte. */
static unsigned char byte_of(unsigned long at)
{
	return (unsigned char)(at / 512 % 251 + 1);
}

static bool plausible(const unsigned char *p, unsigned long at, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (p[i] && p[i] != byte_of(at + i))
			return false;
	return true;
}

static void store_at(unsigned char *p, unsigned long at, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = byte_of(at + i);
}

struct place {
	unsigned char *p;
	unsigned long at;
	unsigned n;
};

static void load_all(void *arg)
{
	struct place *l = arg;

	want(plausible(l->p, l->at, l->n));
}

static void store_all(void *arg)
{
	struct place *l = arg;

	store_at(l->p, l->at, l->n);
}

/* Loads or stores some bytes of a mapping, which may end in SIGBUS: the file is cut meanwhile. */
static void use_mapping(int fd)
{
	unsigned page = below(PAGES - 4), pages = 1 + below(4);
	int private = below(3) == 0;
	unsigned char *p =
		must_map(pages * PS, RW, private ? MAP_PRIVATE : MAP_SHARED, fd, (off_t)page * PS);

	for (int i = 0; i < 4; i++) {
		unsigned n = 1 + below(600), in = below(pages * PS - n);
		struct place l = {p + in, page * PS + in, n};
		struct fault f = fault_catch(below(2) ? load_all : store_all, &l);

		want(f.signo == 0 || f.signo == SIGBUS);
	}
	unmap(p, pages * PS);
}

static void use_file(int fd)
{
	unsigned char buf[8192];
	unsigned n = 1 + below(sizeof buf - 1), at = below(PAGES * PS - n);
	ssize_t got;

	switch (below(8)) {
	case 0:
	case 1:
		store_at(buf, at, n);
		got = pwrite(fd, buf, n, at);
		want(got > 0 || (got == -1 && errno == ENOSPC));
		break;
	case 2:
	case 3:
		got = pread(fd, buf, n, at);
		want(got >= 0 && plausible(buf, at, (unsigned)got));
		break;
	case 4: want_eq(ftruncate(fd, at), 0); break;
	case 5: want_eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, n), 0); break;
	case 6: want(fallocate(fd, 0, at, n) == 0 || errno == ENOSPC); break;
	case 7:
		got = lseek(fd, at, below(2) ? SEEK_DATA : SEEK_HOLE);
		want(got >= 0 || errno == ENXIO);
	}
}

/* A seal against writing holds from the moment it is there, whatever others map meanwhile. */
static void use_seal(void)
{
	int fd = (int)sys(SYS_memfd_create, "sealed", 2);
	pid_t pid;

	want_eq(ftruncate(fd, PS), 0);
	pid = tap_fork();
	if (pid == 0) {
		for (int i = 0; i < 20; i++) {
			long p = map(NULL, PS, RW, MAP_SHARED, fd, 0);

			if (!is_error(p))
				unmap((void *)p, PS);
		}
		_exit(0);
	}
	while (sys(SYS_fcntl, fd, 1033, 8) == -EBUSY)
		;
	want_eq(map(NULL, PS, RW, MAP_SHARED, fd, 0), -EPERM);
	want_eq(end_of(pid), 0);
	close(fd);
}

static int work(int fd, unsigned seed)
{
	state = seed;
	for (int i = 0; i < ROUNDS && !tap.bad; i++) {
		if (below(3))
			use_file(fd);
		else
			use_mapping(fd);
		if (below(100) == 0)
			use_seal();
	}
	return tap.bad != 0;
}

int main(void)
{
	int fd = (int)sys(SYS_memfd_create, "shared", 0);
	pid_t pid[PROCESSES];
	struct stat st;

	for (unsigned i = 0; i < PROCESSES; i++) {
		pid[i] = tap_fork();
		if (pid[i] == 0)
			_exit(work(fd, i + 1));
	}
	for (unsigned i = 0; i < PROCESSES; i++)
		want_eq(end_of(pid[i]), 0);
	verdict("bytes are zero or what was written there");
	want_eq(ftruncate(fd, 0), 0);
	want(fstat(fd, &st) == 0 && st.st_blocks == 0);
	verdict("an empty file has no blocks");
	return done();
}
