/*
 * Locks on files: fcntl's by process and by open file, and flock. Which conflict, what becomes of
 * ranges that meet, who loses which lock when, who waits and what ends that, deadlocks, and every
 * argument that is none.
 *
 * Most tests have peers: processes that do to locks what they are told, one thing at a time.
 */
#include "child.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/file.h>

#ifndef F_OFD_GETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#endif

#define FOREVER 0 /* l_len: to the end of whatever the file becomes */
#define MAX_OFFSET INT64_MAX

static const char *name; /* of the file that all work on */
static const char *other_name; /* of the one that a peer opens besides */
static int file; /* it, open for reading and writing */

/* ---- One call ---- */

static long lock_at(int fd, int cmd, int type, int whence, int64_t start, int64_t len)
{
	struct flock l = {
		.l_type = (short)type, .l_whence = (short)whence, .l_start = start, .l_len = len};

	return tap_kernel_result(fcntl(fd, cmd, &l));
}

static long lock(int fd, int type, int64_t start, int64_t len)
{
	return lock_at(fd, F_SETLK, type, SEEK_SET, start, len);
}

static long ofd_lock(int fd, int type, int64_t start, int64_t len)
{
	return lock_at(fd, F_OFD_SETLK, type, SEEK_SET, start, len);
}

/* What F_GETLK (or F_OFD_GETLK) says of a lock that might be asked for. */
static struct flock asked(int fd, int cmd, int type, int64_t start, int64_t len)
{
	struct flock l = {
		.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	want_eq(tap_kernel_result(fcntl(fd, cmd, &l)), 0);
	return l;
}

/* ---- Peers ---- */

enum order { LOCK, LOCK_WAIT, OFD, OFD_WAIT, FLOCK, MAP, CLOSE, REOPEN, EXIT };

struct command {
	enum order order;
	int type; /* of a lock; FLOCK: the operation */
	int64_t start, len;
};

#define MAP_BYTES 24

struct answer {
	long result;
	char map[MAP_BYTES + 1];
};

struct peer {
	pid_t pid;
	int to, from;
};

/* The locks of others as they show to this process: for each byte r, w or "." */
static void map_locks(int fd, int cmd, char *map)
{
	for (int i = 0; i < MAP_BYTES; i++) {
		struct flock l = asked(fd, cmd, F_WRLCK, i, 1);

		map[i] = l.l_type == F_UNLCK ? '.' : l.l_type == F_RDLCK ? 'r' : 'w';
	}
	map[MAP_BYTES] = 0;
}

static void obey(const struct command *c, int *fd, struct answer *a)
{
	switch (c->order) {
	case LOCK: a->result = lock(*fd, c->type, c->start, c->len); break;
	case LOCK_WAIT:
		a->result = lock_at(*fd, F_SETLKW, c->type, SEEK_SET, c->start, c->len);
		break;
	case OFD: a->result = ofd_lock(*fd, c->type, c->start, c->len); break;
	case OFD_WAIT:
		a->result = lock_at(*fd, F_OFD_SETLKW, c->type, SEEK_SET, c->start, c->len);
		break;
	case FLOCK: a->result = sys(SYS_flock, *fd, c->type); break;
	case MAP: map_locks(*fd, F_GETLK, a->map); break;
	case CLOSE: a->result = close(*fd); break;
	case REOPEN: a->result = *fd = open(other_name, O_RDWR); break;
	case EXIT: _exit(0);
	}
}

static void on_signal(int sig)
{
	(void)sig;
}

/* A peer has the file open by itself, and nothing else that we have of it. */
static struct peer peer_start(void)
{
	struct peer p;
	int to[2], from[2];

	if (pipe(to) || pipe(from))
		bail_out("pipe: errno %d", errno);
	p.pid = tap_fork();
	if (p.pid == 0) {
		struct sigaction act = {.sa_handler = on_signal};
		struct command c;
		int fd = open(name, O_RDWR);

		sigaction(SIGUSR1, &act, NULL);
		act.sa_flags = SA_RESTART;
		sigaction(SIGUSR2, &act, NULL);
		close(to[1]);
		close(from[0]);
		for (;;) {
			struct answer a = {0};
			ssize_t n = read(to[0], &c, sizeof c);

			if (n < 0 && errno == EINTR)
				continue;
			if (n != sizeof c)
				_exit(1);
			obey(&c, &fd, &a);
			if (write(from[1], &a, sizeof a) != sizeof a)
				_exit(1);
		}
	}
	close(to[0]);
	close(from[1]);
	p.to = to[1];
	p.from = from[0];
	return p;
}

static void tell(struct peer *p, enum order order, int type, int64_t start, int64_t len)
{
	struct command c = {order, type, start, len};

	if (write(p->to, &c, sizeof c) != sizeof c)
		bail_out("a peer is gone");
}

static struct answer hear(struct peer *p)
{
	struct pollfd pfd = {.fd = p->from, .events = POLLIN};
	struct answer a = {.result = -ETIME};

	if (poll(&pfd, 1, 60000) == 1 && read(p->from, &a, sizeof a) != sizeof a)
		a.result = -ESRCH;
	return a;
}

static long ask(struct peer *p, enum order order, int type, int64_t start, int64_t len)
{
	tell(p, order, type, start, len);
	return hear(p).result;
}

/* What others than the peer have locked. */
static const char *seen_by(struct peer *p)
{
	static struct answer a;

	tell(p, MAP, 0, 0, 0);
	a = hear(p);
	return a.map;
}

#define want_map(p, text) want_text(seen_by(p), text, __LINE__)
static void want_text(const char *got, const char *expected, int line)
{
	if (!want(strcmp(got, expected) == 0))
		diag("  line %d: locks are \"%s\", not \"%s\"", line, got, expected);
}

/* The peer sleeps in a call: it has not answered, and its state says so. */
static bool sleeps(struct peer *p)
{
	char path[32], text[512], *s;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)p->pid);
	for (int i = 0; i < LOOKS; i++) {
		struct pollfd pfd = {.fd = p->from, .events = POLLIN};

		if (poll(&pfd, 1, 0) == 1)
			return false;
		if (slurp(path, text, sizeof text) > 0 && (s = strrchr(text, ')')) && s[2] == 'S' &&
			i >= 10)
			return true;
		sleep_ms(1);
	}
	return false;
}

static void peer_end(struct peer *p)
{
	close(p->to);
	close(p->from);
	put_down(p->pid);
}

/* ---- Ranges of one owner ---- */

struct step {
	int type;
	int64_t start, len;
	const char *map;
};

static void test_ranges(void)
{
	static const struct step steps[] = {
		{F_RDLCK, 2, 4, "..rrrr.................."},
		{F_RDLCK, 10, 4, "..rrrr....rrrr.........."},
		{F_RDLCK, 6, 4, "..rrrrrrrrrrrr.........."}, /* joins both */
		{F_WRLCK, 4, 2, "..rrwwrrrrrrrr.........."}, /* splits */
		{F_WRLCK, 6, 2, "..rrwwwwrrrrrr.........."}, /* touches and takes */
		{F_UNLCK, 3, 3, "..r...wwrrrrrr.........."},
		{F_RDLCK, 7, 1, "..r...wrrrrrrr.........."}, /* downgrades a piece, which joins */
		{F_WRLCK, 0, 24, "wwwwwwwwwwwwwwwwwwwwwwww"}, /* upgrades and covers all */
		{F_UNLCK, 23, 1, "wwwwwwwwwwwwwwwwwwwwwww."},
		{F_RDLCK, 5, FOREVER, "wwwwwrrrrrrrrrrrrrrrrrrr"},
		{F_UNLCK, 8, 8, "wwwwwrrr........rrrrrrrr"},
		{F_UNLCK, 0, 1, ".wwwwrrr........rrrrrrrr"},
		{F_WRLCK, 12, -4, ".wwwwrrrwwww....rrrrrrrr"}, /* backwards */
		{F_UNLCK, 0, FOREVER, "........................"},
		{F_UNLCK, 5, 5, "........................"},
	};
	struct peer p = peer_start();

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		want_eq(lock(file, steps[i].type, steps[i].start, steps[i].len), 0);
		want_map(&p, steps[i].map);
		if (tap.bad)
			diag("  step %lu", (unsigned long)i);
	}
	verdict("ranges of one process join, split, up- and downgrade");
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		want_eq(ofd_lock(file, steps[i].type, steps[i].start, steps[i].len), 0);
		want_map(&p, steps[i].map);
	}
	verdict("so do those of an open file");
	peer_end(&p);
}

/* Every range and type, at random, against a map of bytes. */
static void test_random_ranges(void)
{
	char map[MAP_BYTES + 1] = "........................";
	unsigned seed = 7;
	struct peer p = peer_start();

	for (int i = 0; i < 300; i++) {
		unsigned from, n, kind;

		seed = seed * 1103515245 + 12345;
		from = (seed >> 8) % MAP_BYTES;
		n = 1 + (seed >> 16) % (MAP_BYTES - from);
		kind = (seed >> 24) % 3;
		want_eq(lock(file,
				kind == 0           ? F_RDLCK
					: kind == 1 ? F_WRLCK
						    : F_UNLCK,
				from, n),
			0);
		memset(map + from, "rw."[kind], n);
		if (i % 3 == 0)
			want_map(&p, map);
	}
	lock(file, F_UNLCK, 0, 0);
	peer_end(&p);
	verdict("300 random changes leave the bytes locked that a map of bytes says");
}

/* ---- Conflicts ---- */

static void test_conflicts(void)
{
	struct peer p = peer_start();
	struct flock l;

	want_eq(lock(file, F_RDLCK, 10, 10), 0);
	want_eq(ask(&p, LOCK, F_RDLCK, 0, 30), 0);
	want_eq(ask(&p, LOCK, F_WRLCK, 0, 10), 0);
	want_eq(ask(&p, LOCK, F_WRLCK, 20, 10), 0);
	want_eq(ask(&p, LOCK, F_WRLCK, 0, 11), -EAGAIN);
	want_eq(ask(&p, LOCK, F_WRLCK, 19, 1), -EAGAIN);
	want_eq(ask(&p, LOCK, F_WRLCK, 0, FOREVER), -EAGAIN);
	verdict("readers share, a writer is kept off each byte that is read");
	l = asked(file, F_GETLK, F_RDLCK, 0, FOREVER);
	want_eq(l.l_type, F_WRLCK);
	want_eq(l.l_start, 0);
	want_eq(l.l_len, 10);
	want_eq(l.l_whence, SEEK_SET);
	want_eq(l.l_pid, p.pid);
	l = asked(file, F_GETLK, F_WRLCK, 12, 3);
	want_eq(l.l_type, F_RDLCK);
	want_eq(l.l_start, 10);
	want_eq(l.l_len, 10);
	l = asked(file, F_GETLK, F_RDLCK, 12, 3);
	want_eq(l.l_type, F_UNLCK);
	want_eq(l.l_start, 12);
	want_eq(l.l_len, 3);
	want_eq(l.l_pid, 0);
	verdict("F_GETLK tells the first lock in the way, and changes the type alone if there is "
		"none");
	ask(&p, LOCK, F_UNLCK, 0, FOREVER);
	want_eq(lock(file, F_WRLCK, 15, 1), 0);
	want_eq(ask(&p, LOCK, F_RDLCK, 15, 1), -EAGAIN);
	want_eq(ask(&p, LOCK, F_RDLCK, 14, 1), 0);
	want_eq(lock(file, F_WRLCK, 10, 10), -EAGAIN);
	want_map(&p, "..........rrrrrwrrrr....");
	verdict("a call that fails changes nothing");
	lock(file, F_UNLCK, 0, FOREVER);
	peer_end(&p);
}

static void test_offsets(void)
{
	struct peer p = peer_start();
	struct flock l = {.l_type = F_WRLCK};

	want_eq(ftruncate(file, 20), 0);
	want_eq(lseek(file, 8, SEEK_SET), 8);
	want_eq(lock_at(file, F_SETLK, F_WRLCK, SEEK_CUR, 1, 2), 0);
	want_map(&p, ".........ww.............");
	want_eq(lock_at(file, F_SETLK, F_RDLCK, SEEK_CUR, -2, 2), 0);
	want_map(&p, "......rr.ww.............");
	want_eq(lock_at(file, F_SETLK, F_WRLCK, SEEK_END, -2, 4), 0);
	want_map(&p, "......rr.ww.......wwww..");
	want_eq(lock_at(file, F_SETLK, F_WRLCK, SEEK_END, 0, -4), 0);
	want_map(&p, "......rr.ww.....wwwwww..");
	want_eq(lock_at(file, F_SETLK, F_UNLCK, SEEK_END, 0, 0), 0);
	want_map(&p, "......rr.ww.....wwww....");
	verdict("ranges from the position and from the end");
	lock(file, F_UNLCK, 0, FOREVER);
	want_eq(lock(file, F_WRLCK, MAX_OFFSET, 1), 0);
	want_eq(ask(&p, LOCK, F_WRLCK, MAX_OFFSET, 1), -EAGAIN);
	want_eq(ask(&p, LOCK, F_WRLCK, MAX_OFFSET - 1, 1), 0);
	want_eq(lock(file, F_WRLCK, MAX_OFFSET, 2), -EOVERFLOW);
	want_eq(lock(file, F_WRLCK, MAX_OFFSET, FOREVER), 0);
	want_eq(lock(file, F_WRLCK, 1, MAX_OFFSET), 0 - EAGAIN);
	ask(&p, LOCK, F_UNLCK, 0, FOREVER);
	want_eq(lock(file, F_WRLCK, 1, MAX_OFFSET), 0);
	want_eq(lock(file, F_WRLCK, 2, MAX_OFFSET), -EOVERFLOW);
	want_eq(lock_at(file, F_SETLK, F_WRLCK, SEEK_CUR, MAX_OFFSET, 1), -EOVERFLOW);
	want_eq(lock_at(file, F_SETLK, F_WRLCK, SEEK_END, MAX_OFFSET, 1), -EOVERFLOW);
	verdict("the last byte of the largest file, and nothing beyond");
	want_eq(lock(file, F_UNLCK, 0, MAX_OFFSET), 0);
	want_eq(lock(file, F_WRLCK, 1, MAX_OFFSET - 1), 0);
	l = asked(p.to, F_GETLK, F_RDLCK, 0, 0);
	want_eq(l.l_type, F_UNLCK);
	want_eq(lock(file, F_UNLCK, 0, FOREVER), 0);
	want_eq(lock(file, F_WRLCK, -1, 1), -EINVAL);
	want_eq(lock(file, F_WRLCK, 5, -6), -EINVAL);
	want_eq(lock(file, F_WRLCK, 0, -1), -EINVAL);
	want_eq(lock(file, F_WRLCK, 5, INT64_MIN), -EINVAL);
	want_eq(lock(file, F_WRLCK, INT64_MIN, 0), -EINVAL);
	want_eq(lock_at(file, F_SETLK, F_WRLCK, SEEK_CUR, -9, 1), -EINVAL);
	want_eq(lock_at(file, F_SETLK, F_WRLCK, 3, 0, 1), -EINVAL);
	want_eq(lock_at(file, F_SETLK, F_WRLCK, -1, 0, 1), -EINVAL);
	want_eq(lock(file, 3, 0, 1), -EINVAL);
	want_eq(lock(file, -1, 0, 1), -EINVAL);
	want_eq(lock(file, 3, MAX_OFFSET, 2), -EOVERFLOW);
	want_eq(lock_at(file, F_GETLK, F_UNLCK, SEEK_SET, 0, 1), -EINVAL);
	want_eq(lock_at(file, F_GETLK, 3, SEEK_SET, MAX_OFFSET, 2), -EINVAL);
	want_eq(lock_at(file, F_GETLK, F_RDLCK, SEEK_SET, MAX_OFFSET, 2), -EOVERFLOW);
	want_eq(lock_at(file, F_GETLK, F_RDLCK, 3, 0, 1), -EINVAL);
	want_eq(tap_kernel_result(fcntl(file, F_SETLK, (void *)8)), -EFAULT);
	want_eq(tap_kernel_result(fcntl(file, F_GETLK, (void *)8)), -EFAULT);
	want_eq(tap_kernel_result(fcntl(999, F_GETLK, (void *)8)), -EBADF);
	want_map(&p, "........................");
	verdict("ranges, types and pointers that are none");
	peer_end(&p);
	want_eq(ftruncate(file, 0), 0);
	lseek(file, 0, SEEK_SET);
}

static void test_modes(void)
{
	int r = open(name, O_RDONLY), w = open(name, O_WRONLY), path = open(name, O_PATH), dir;
	int p[2];

	want_eq(lock(r, F_RDLCK, 0, 1), 0);
	want_eq(lock(r, F_WRLCK, 0, 1), -EBADF);
	want_eq(lock(w, F_RDLCK, 0, 1), -EBADF);
	want_eq(lock(w, F_WRLCK, 0, 1), 0);
	want_eq(lock(r, F_UNLCK, 0, 1), 0);
	want_eq(lock(path, F_UNLCK, 0, 1), -EBADF);
	want_eq(lock_at(path, F_GETLK, F_RDLCK, SEEK_SET, 0, 1), -EBADF);
	want_eq(lock_at(r, F_GETLK, F_WRLCK, SEEK_SET, 0, 1), 0);
	want_eq(lock(r, F_WRLCK, -1, 1), -EINVAL);
	want_eq(sys(SYS_flock, r, LOCK_EX), 0);
	want_eq(sys(SYS_flock, w, LOCK_SH | LOCK_NB), -EAGAIN);
	want_eq(sys(SYS_flock, path, LOCK_SH), -EBADF);
	want_eq(sys(SYS_flock, 999, LOCK_SH), -EBADF);
	verdict("how a file must be open for which lock");
	close(r);
	close(w);
	close(path);
	dir = open(".", O_RDONLY | O_DIRECTORY);
	want_eq(lock(dir, F_RDLCK, 0, 0), 0);
	want_eq(lock(dir, F_WRLCK, 0, 0), -EBADF);
	want_eq(sys(SYS_flock, dir, LOCK_EX), 0);
	close(dir);
	want_eq(pipe(p), 0);
	want_eq(lock(p[0], F_RDLCK, 0, 0), 0);
	want_eq(lock(p[1], F_WRLCK, 0, 0), 0);
	want_eq(lock_at(p[1], F_SETLK, F_WRLCK, SEEK_END, -1, 1), -EINVAL);
	want_eq(sys(SYS_flock, p[0], LOCK_EX), 0);
	want_eq(sys(SYS_flock, p[1], LOCK_EX | LOCK_NB), -EAGAIN);
	close(p[0]);
	want_eq(sys(SYS_flock, p[1], LOCK_EX | LOCK_NB), 0);
	close(p[1]);
	verdict("directories and pipes can be locked");
}

/* ---- Who loses a lock ---- */

static void test_close(void)
{
	struct peer p = peer_start();
	int second = open(name, O_RDONLY), third = dup(file), path;

	want_eq(lock(file, F_WRLCK, 0, 8), 0);
	path = open(name, O_PATH);
	close(path);
	want_map(&p, "wwwwwwww................");
	close(second);
	want_map(&p, "........................");
	verdict("closing any descriptor of the file gives up the process's locks");
	want_eq(lock(file, F_WRLCK, 0, 8), 0);
	close(third);
	want_map(&p, "........................");
	want_eq(lock(file, F_WRLCK, 0, 8), 0);
	second = open(name, O_RDONLY);
	third = open("/dev/null", O_RDONLY);
	want_eq(dup2(third, second), second);
	want_map(&p, "........................");
	close(second);
	close(third);
	verdict("so does a duplicate, and a descriptor that dup2 takes");
	want_eq(lock(file, F_WRLCK, 0, 8), 0);
	second = open("/dev/null", O_RDONLY);
	close(second);
	want_map(&p, "wwwwwwww................");
	lock(file, F_UNLCK, 0, 0);
	verdict("closing another file does not");
	want_eq(ask(&p, LOCK, F_WRLCK, 3, 1), 0);
	want_eq(lock(file, F_WRLCK, 3, 1), -EAGAIN);
	peer_end(&p);
	want_eq(lock(file, F_WRLCK, 3, 1), 0);
	lock(file, F_UNLCK, 0, 0);
	verdict("nor is anything left of a process that was killed");
}

static int fork_child(void)
{
	/* Not inherited, and not given up by the child's closing. */
	if (lock(file, F_WRLCK, 0, 1) != -EAGAIN || lock(file, F_RDLCK, 4, 1) != 0)
		return 1;
	close(file);
	return 0;
}

static int exec_child(void)
{
	char text[16];
	char *argv[] = {"file_lock", "holding", text, (char *)name, NULL};
	int other = open(name, O_RDWR | O_CLOEXEC);

	snprintf(text, sizeof text, "%d", other);
	if (lock(file, F_WRLCK, 8, 8) != 0)
		return 1;
	execv("/proc/self/exe", argv);
	return 2;
}

static int exec_kept_child(void)
{
	char *argv[] = {"file_lock", "kept", "-1", (char *)name, NULL};

	if (lock(file, F_WRLCK, 8, 8) != 0)
		return 1;
	execv("/proc/self/exe", argv);
	return 2;
}

/* The program after execve: its child finds the lock, or not. */
static int after_exec(const char *what)
{
	pid_t pid = fork();
	int fd;

	if (pid == 0) {
		fd = open(name, O_RDWR);
		_exit(lock(fd, F_WRLCK, 8, 1) == 0 ? 10 : 11);
	}
	return end_of(pid) == (strcmp(what, "kept") == 0 ? 11 : 10) ? 0 : 3;
}

static void test_fork_exec(void)
{
	struct peer p = peer_start();

	want_eq(lock(file, F_WRLCK, 0, 2), 0);
	want_eq(in_child(fork_child), 0);
	want_map(&p, "ww......................");
	verdict("fork does not inherit locks, and the child's close and end do not touch the "
		"parent's");
	want_eq(in_child(exec_kept_child), 0);
	verdict("execve keeps locks");
	want_eq(in_child(exec_child), 0);
	verdict("but for files with a descriptor that it closes");
	want_map(&p, "ww......................");
	lock(file, F_UNLCK, 0, 0);
	peer_end(&p);
}

/* ---- Locks of open files ---- */

static void test_ofd_conflicts(int a, int b)
{
	want_eq(ofd_lock(a, F_WRLCK, 0, 10), 0);
	want_eq(ofd_lock(b, F_RDLCK, 5, 1), -EAGAIN);
	want_eq(ofd_lock(b, F_RDLCK, 10, 1), 0);
	want_eq(lock(b, F_RDLCK, 5, 1), -EAGAIN);
	want_eq(lock(a, F_RDLCK, 5, 1), -EAGAIN);
	want_eq(lock(a, F_WRLCK, 10, 1), -EAGAIN);
	want_eq(lock(a, F_WRLCK, 11, 1), 0);
	want_eq(ofd_lock(a, F_WRLCK, 11, 1), -EAGAIN);
	lock(a, F_UNLCK, 0, FOREVER);
	verdict("locks of two open files, and of the process, conflict");
}

static void test_ofd_asked(int a, int b)
{
	struct flock l;

	l = asked(b, F_OFD_GETLK, F_RDLCK, 0, FOREVER);
	want_eq(l.l_type, F_WRLCK);
	want_eq(l.l_start, 0);
	want_eq(l.l_len, 10);
	want_eq(l.l_pid, -1);
	l = asked(b, F_GETLK, F_RDLCK, 0, FOREVER);
	want_eq(l.l_type, F_WRLCK);
	want_eq(l.l_pid, -1);
	l = asked(a, F_OFD_GETLK, F_RDLCK, 0, FOREVER);
	want_eq(l.l_type, F_UNLCK);
	l = asked(a, F_OFD_GETLK, F_UNLCK, 9, FOREVER);
	want(l.l_type == F_WRLCK && l.l_start == 0 && l.l_len == 10 && l.l_pid == -1);
	l = asked(a, F_OFD_GETLK, F_UNLCK, 10, FOREVER);
	want(l.l_type == F_UNLCK && l.l_start == 10);
	l = asked(b, F_OFD_GETLK, F_UNLCK, 0, 10);
	want_eq(l.l_type, F_UNLCK);
	verdict("their l_pid is -1, and F_OFD_GETLK with F_UNLCK tells of an open file's own");
}

/* Closes both; a has a lock. */
static void test_ofd_life(int a, int b)
{
	int d = dup(a);
	struct peer p;
	pid_t pid;

	close(a);
	want_eq(ofd_lock(b, F_RDLCK, 5, 1), -EAGAIN);
	pid = tap_fork();
	if (pid == 0) {
		want_eq(ofd_lock(d, F_RDLCK, 5, 1), 0);
		want_eq(ofd_lock(b, F_WRLCK, 5, 1), -EAGAIN);
		close(d);
		_exit(tap.bad != 0);
	}
	want_eq(end_of(pid), 0);
	want_eq(ofd_lock(b, F_RDLCK, 5, 1), 0);
	want_eq(ofd_lock(b, F_RDLCK, 0, 1), -EAGAIN);
	close(d);
	want_eq(ofd_lock(b, F_WRLCK, 0, 10), 0);
	verdict("a lock of an open file is shared with dup and fork, and goes with the last "
		"descriptor");
	p = peer_start();
	want_eq(ask(&p, OFD, F_RDLCK, 20, 1), 0);
	want_eq(ofd_lock(b, F_WRLCK, 20, 1), -EAGAIN);
	peer_end(&p);
	want_eq(ofd_lock(b, F_WRLCK, 20, 1), 0);
	close(b);
	verdict("or with its process");
}

static void test_ofd_errors(void)
{
	struct flock l = {.l_type = F_WRLCK, .l_pid = 1};
	int a = open(name, O_RDWR), b;

	want_eq(tap_kernel_result(fcntl(a, F_OFD_SETLK, &l)), -EINVAL);
	want_eq(tap_kernel_result(fcntl(a, F_OFD_SETLKW, &l)), -EINVAL);
	want_eq(tap_kernel_result(fcntl(a, F_OFD_GETLK, &l)), -EINVAL);
	want_eq(tap_kernel_result(fcntl(a, F_SETLK, &l)), 0);
	want_eq(tap_kernel_result(fcntl(a, F_OFD_SETLK, (void *)8)), -EFAULT);
	lock(a, F_UNLCK, 0, 0);
	b = open(name, O_RDONLY);
	want_eq(ofd_lock(b, F_WRLCK, 0, 1), -EBADF);
	close(a);
	close(b);
	verdict("l_pid must be 0");
}

static void test_ofd(void)
{
	int a = open(name, O_RDWR), b = open(name, O_RDWR);

	test_ofd_conflicts(a, b);
	test_ofd_asked(a, b);
	test_ofd_life(a, b);
	test_ofd_errors();
}

/* ---- flock ---- */

static void test_flock(void)
{
	int a = open(name, O_RDWR), b = open(name, O_RDONLY), c = open(name, O_RDWR), d;

	want_eq(sys(SYS_flock, a, LOCK_SH), 0);
	want_eq(sys(SYS_flock, b, LOCK_SH), 0);
	want_eq(sys(SYS_flock, b, LOCK_EX | LOCK_NB), -EAGAIN);
	want_eq(sys(SYS_flock, c, LOCK_EX | LOCK_NB), -EAGAIN);
	verdict("flock: many share, or one has it alone");
	/* b gave its shared lock up when it asked for the other. */
	want_eq(sys(SYS_flock, a, LOCK_EX | LOCK_NB), 0);
	want_eq(sys(SYS_flock, a, LOCK_EX | LOCK_NB), 0);
	want_eq(sys(SYS_flock, b, LOCK_SH | LOCK_NB), -EAGAIN);
	want_eq(sys(SYS_flock, a, LOCK_SH | LOCK_NB), 0);
	want_eq(sys(SYS_flock, b, LOCK_SH | LOCK_NB), 0);
	want_eq(sys(SYS_flock, b, LOCK_UN), 0);
	want_eq(sys(SYS_flock, b, LOCK_UN), 0);
	want_eq(sys(SYS_flock, b, LOCK_UN | LOCK_NB), 0);
	want_eq(sys(SYS_flock, a, LOCK_EX), 0);
	verdict("flock: a conversion gives up the old lock first");
	d = dup(a);
	want_eq(sys(SYS_flock, d, LOCK_SH), 0);
	want_eq(sys(SYS_flock, d, LOCK_EX), 0);
	close(a);
	want_eq(sys(SYS_flock, c, LOCK_SH | LOCK_NB), -EAGAIN);
	close(d);
	want_eq(sys(SYS_flock, c, LOCK_EX | LOCK_NB), 0);
	verdict("flock: the lock is the open file's, and goes with its last descriptor");
	want_eq(lock(c, F_WRLCK, 0, 0), 0);
	want_eq(ofd_lock(b, F_RDLCK, 0, 0), -EAGAIN);
	want_eq(sys(SYS_flock, c, LOCK_UN), 0);
	want_eq(sys(SYS_flock, b, LOCK_EX | LOCK_NB), 0);
	verdict("flock's locks and fcntl's do not see each other");
	want_eq(sys(SYS_flock, b, 0), -EINVAL);
	want_eq(sys(SYS_flock, b, LOCK_SH | LOCK_EX), -EINVAL);
	want_eq(sys(SYS_flock, b, LOCK_NB), -EINVAL);
	want_eq(sys(SYS_flock, b, 16), -EINVAL);
	want_eq(sys(SYS_flock, 999, 0), -EINVAL);
	verdict("flock: operations that are none");
	close(b);
	close(c);
}

/* A mapping holds the open file, and so its locks. */
static void test_flock_mapped(void)
{
	int a = temp_file(PS, 1), b;
	char path[32];
	unsigned char *m = must_map(PS, PROT_READ, MAP_SHARED, a, 0);

	snprintf(path, sizeof path, "/proc/self/fd/%d", a);
	b = open(path, O_RDONLY);
	want_eq(sys(SYS_flock, a, LOCK_EX), 0);
	close(a);
	want_eq(sys(SYS_flock, b, LOCK_SH | LOCK_NB), -EAGAIN);
	unmap(m, PS);
	want_eq(sys(SYS_flock, b, LOCK_SH | LOCK_NB), 0);
	close(b);
	verdict("flock: a mapping keeps the open file and its lock");
}

/* ---- Waiting ---- */

static void test_wait(void)
{
	struct peer p, q, r;

	other_name = name;
	p = peer_start();
	q = peer_start();
	r = peer_start();
	want_eq(lock(file, F_WRLCK, 0, 10), 0);
	tell(&p, LOCK_WAIT, F_WRLCK, 4, 2);
	want(sleeps(&p));
	lock(file, F_UNLCK, 0, 4);
	want(sleeps(&p));
	lock(file, F_UNLCK, 5, 5);
	want(sleeps(&p));
	lock(file, F_UNLCK, 4, 1);
	want_eq(hear(&p).result, 0);
	want_eq(lock(file, F_RDLCK, 4, 1), -EAGAIN);
	verdict("F_SETLKW waits for the last byte of its range");
	ask(&p, LOCK, F_UNLCK, 0, 0);
	want_eq(lock(file, F_WRLCK, 0, 10), 0);
	tell(&p, LOCK_WAIT, F_RDLCK, 0, 1);
	tell(&q, LOCK_WAIT, F_RDLCK, 1, 1);
	want(sleeps(&p) && sleeps(&q));
	want_eq(lock(file, F_RDLCK, 0, 10), 0);
	want_eq(hear(&p).result, 0);
	want_eq(hear(&q).result, 0);
	verdict("a downgrade lets all readers in");
	tell(&r, LOCK_WAIT, F_WRLCK, 0, 2);
	want(sleeps(&r));
	ask(&p, LOCK, F_UNLCK, 0, 0);
	lock(file, F_UNLCK, 0, 0);
	want(sleeps(&r));
	want_eq(ask(&p, LOCK, F_RDLCK, 0, 1), 0);
	ask(&p, LOCK, F_UNLCK, 0, 0);
	want(sleeps(&r));
	ask(&q, CLOSE, 0, 0, 0);
	want_eq(hear(&r).result, 0);
	verdict("a writer waits for all readers, and does not keep others from reading");
	want_eq(ask(&q, REOPEN, 0, 0, 0) < 0, 0);
	tell(&q, LOCK_WAIT, F_WRLCK, 1, 1);
	want(sleeps(&q));
	put_down(r.pid);
	want_eq(hear(&q).result, 0);
	verdict("the end of a process wakes who waits for its locks");
	tell(&p, OFD_WAIT, F_RDLCK, 0, FOREVER);
	want(sleeps(&p));
	ask(&q, LOCK, F_UNLCK, 0, 0);
	want_eq(hear(&p).result, 0);
	verdict("F_OFD_SETLKW waits for locks of processes");
	close(r.to);
	close(r.from);
	peer_end(&p);
	peer_end(&q);
}

static void test_wait_flock(void)
{
	struct peer p = peer_start(), q = peer_start();
	int a = open(name, O_RDWR);

	want_eq(sys(SYS_flock, a, LOCK_EX), 0);
	tell(&p, FLOCK, LOCK_SH, 0, 0);
	tell(&q, FLOCK, LOCK_SH, 0, 0);
	want(sleeps(&p) && sleeps(&q));
	want_eq(sys(SYS_flock, a, LOCK_SH), 0);
	want_eq(hear(&p).result, 0);
	want_eq(hear(&q).result, 0);
	tell(&q, FLOCK, LOCK_EX, 0, 0);
	want(sleeps(&q));
	want_eq(sys(SYS_flock, a, LOCK_UN), 0);
	want(sleeps(&q));
	/* p has it alone now, though q waits: it may have more. */
	want_eq(ask(&p, FLOCK, LOCK_EX | LOCK_NB, 0, 0), 0);
	want(sleeps(&q));
	peer_end(&p);
	want_eq(hear(&q).result, 0);
	want_eq(sys(SYS_flock, a, LOCK_SH | LOCK_NB), -EAGAIN);
	peer_end(&q);
	want_eq(sys(SYS_flock, a, LOCK_SH | LOCK_NB), 0);
	close(a);
	verdict("flock waits until it is its turn");
}

/* Those who wait for one byte get it in the order in which they came. */
static void test_turns(void)
{
	struct peer p[6];

	want_eq(lock(file, F_WRLCK, 0, 1), 0);
	for (int i = 0; i < 6; i++) {
		p[i] = peer_start();
		tell(&p[i], LOCK_WAIT, F_WRLCK, 0, 1);
		want(sleeps(&p[i]));
	}
	lock(file, F_UNLCK, 0, 0);
	for (int i = 0; i < 6; i++) {
		want_eq(hear(&p[i]).result, 0);
		for (int j = i + 1; j < 6; j++)
			want(sleeps(&p[j]));
		peer_end(&p[i]);
	}
	if (on_linux()) /* whose waiters are all woken, and race */
		tap.bad = 0;
	verdict("writers that wait for a byte have their turns");
}

static void test_signals(void)
{
	struct peer p = peer_start();

	want_eq(lock(file, F_WRLCK, 0, 10), 0);
	tell(&p, LOCK_WAIT, F_WRLCK, 0, 1);
	want(sleeps(&p));
	kill(p.pid, SIGUSR1);
	want_eq(hear(&p).result, -EINTR);
	tell(&p, OFD_WAIT, F_WRLCK, 0, 1);
	want(sleeps(&p));
	kill(p.pid, SIGUSR1);
	want_eq(hear(&p).result, -EINTR);
	want_eq(sys(SYS_flock, file, LOCK_EX), 0);
	tell(&p, FLOCK, LOCK_SH, 0, 0);
	want(sleeps(&p));
	kill(p.pid, SIGUSR1);
	want_eq(hear(&p).result, -EINTR);
	verdict("a signal's handler ends the wait with EINTR");
	tell(&p, LOCK_WAIT, F_WRLCK, 0, 1);
	want(sleeps(&p));
	kill(p.pid, SIGUSR2);
	want(sleeps(&p));
	kill(p.pid, SIGSTOP);
	kill(p.pid, SIGCONT);
	want(sleeps(&p));
	lock(file, F_UNLCK, 0, 0);
	want_eq(hear(&p).result, 0);
	verdict("with SA_RESTART, and after a stop, it goes on");
	tell(&p, FLOCK, LOCK_SH, 0, 0);
	want(sleeps(&p));
	kill(p.pid, SIGUSR2);
	want(sleeps(&p));
	put_down(p.pid);
	want_eq(lock(file, F_WRLCK, 0, 10), 0);
	want_eq(sys(SYS_flock, file, LOCK_UN), 0);
	want_eq(sys(SYS_flock, file, LOCK_EX | LOCK_NB), 0);
	sys(SYS_flock, file, LOCK_UN);
	lock(file, F_UNLCK, 0, 0);
	close(p.to);
	close(p.from);
	verdict("a process that is killed while it waits gets nothing any more");
}

/* ---- Deadlocks ---- */

static void test_deadlock(void)
{
	struct peer p[5];

	for (int i = 0; i < 5; i++) {
		p[i] = peer_start();
		want_eq(ask(&p[i], LOCK, F_WRLCK, i, 1), 0);
	}
	tell(&p[0], LOCK_WAIT, F_WRLCK, 1, 1);
	want(sleeps(&p[0]));
	want_eq(ask(&p[1], LOCK_WAIT, F_WRLCK, 0, 1), -EDEADLK);
	verdict("two that would wait for each other: EDEADLK");
	for (int i = 1; i < 4; i++) {
		tell(&p[i], LOCK_WAIT, F_RDLCK, i + 1, 1);
		want(sleeps(&p[i]));
	}
	want_eq(ask(&p[4], LOCK_WAIT, F_RDLCK, 0, 1), -EDEADLK);
	want_eq(ask(&p[4], LOCK_WAIT, F_RDLCK, 3, 1), -EDEADLK);
	want_eq(ask(&p[4], LOCK, F_RDLCK, 0, 1), -EAGAIN);
	verdict("a circle of five: EDEADLK");
	want_eq(ask(&p[4], LOCK_WAIT, F_WRLCK, 10, 1), 0);
	want_eq(ask(&p[4], LOCK, F_UNLCK, 0, 0), 0);
	want_eq(hear(&p[3]).result, 0);
	want_eq(ask(&p[3], LOCK, F_UNLCK, 0, 0), 0);
	want_eq(hear(&p[2]).result, 0);
	tell(&p[3], LOCK_WAIT, F_WRLCK, 0, 1);
	want(sleeps(&p[3]));
	want_eq(ask(&p[2], LOCK, F_UNLCK, 0, 0), 0);
	want_eq(hear(&p[1]).result, 0);
	want_eq(ask(&p[1], CLOSE, 0, 0, 0), 0);
	want_eq(hear(&p[0]).result, 0);
	want_eq(ask(&p[0], LOCK, F_UNLCK, 0, 0), 0);
	want_eq(hear(&p[3]).result, 0);
	verdict("who was told so can let go, and all get what they waited for");
	for (int i = 0; i < 5; i++)
		peer_end(&p[i]);
}

/* One process that waits for another, which waits at another file. */
static void test_deadlock_files(void)
{
	int fd = temp_file_named(other_name = temp_name(), 0, 0);
	struct peer p = peer_start(), q = peer_start();

	want_eq(ask(&q, REOPEN, 0, 0, 0) < 0, 0);
	want_eq(lock(fd, F_WRLCK, 0, 1), 0);
	want_eq(ask(&p, LOCK, F_WRLCK, 0, 1), 0);
	want_eq(ask(&p, REOPEN, 0, 0, 0) < 0, 0);
	tell(&p, LOCK_WAIT, F_WRLCK, 0, 1);
	want(sleeps(&p));
	want_eq(lock_at(file, F_SETLKW, F_WRLCK, SEEK_SET, 0, 1), -EDEADLK);
	verdict("a circle over two files: EDEADLK");
	want_eq(ofd_lock(fd, F_RDLCK, 5, 1), 0);
	want_eq(ask(&q, OFD, F_RDLCK, 6, 1), 0);
	tell(&q, OFD_WAIT, F_WRLCK, 5, 1);
	want(sleeps(&q));
	want_eq(ofd_lock(fd, F_UNLCK, 5, 1), 0);
	want_eq(hear(&q).result, 0);
	want_eq(lock(fd, F_UNLCK, 0, 0), 0);
	want_eq(hear(&p).result, 0);
	verdict("who waits gets its lock then");
	peer_end(&p);
	peer_end(&q);
	close(fd);
}

/* ---- Threads ---- */

static volatile int thread_state, thread_tid;
static long thread_result;

static void *locking_thread(void *arg)
{
	(void)arg;
	thread_result = lock(file, F_WRLCK, 2, 4);
	return NULL;
}

static void *waiting_thread(void *arg)
{
	thread_tid = (int)syscall(SYS_gettid);
	thread_state = 1;
	thread_result = lock_at(*(int *)arg, F_SETLKW, F_WRLCK, SEEK_SET, 0, 1);
	thread_state = 2;
	return NULL;
}

static void test_threads(void)
{
	struct peer p = peer_start();
	pthread_t t;
	int fd = open(name, O_RDWR);

	want_eq(lock(file, F_WRLCK, 0, 4), 0);
	pthread_create(&t, NULL, locking_thread, NULL);
	pthread_join(t, NULL);
	want_eq(thread_result, 0);
	want_map(&p, "wwwwww..................");
	want_eq(lock(file, F_UNLCK, 4, 2), 0);
	want_map(&p, "wwww....................");
	want_eq(asked(file, F_GETLK, F_WRLCK, 0, 0).l_type, F_UNLCK);
	lock(file, F_UNLCK, 0, 0);
	verdict("locks belong to all threads of a process");
	/* A thread that waits makes its process one that waits. */
	want_eq(ask(&p, LOCK, F_WRLCK, 0, 1), 0);
	want_eq(lock(file, F_WRLCK, 1, 1), 0);
	pthread_create(&t, NULL, waiting_thread, &file);
	want(becomes(&thread_state, 1));
	want(until_asleep(getpid(), thread_tid));
	want_eq(ask(&p, LOCK_WAIT, F_WRLCK, 1, 1), -EDEADLK);
	want_eq(ask(&p, LOCK, F_UNLCK, 0, 1), 0);
	pthread_join(t, NULL);
	want_eq(thread_result, 0);
	want_map(&p, "ww......................");
	lock(file, F_UNLCK, 0, 0);
	thread_state = 0;
	verdict("a circle in which one thread waits for its process: EDEADLK");
	want_eq(ask(&p, LOCK, F_WRLCK, 0, 1), 0);
	pthread_create(&t, NULL, waiting_thread, &fd);
	want(becomes(&thread_state, 1));
	want(until_asleep(getpid(), thread_tid));
	close(fd);
	want_eq(thread_state, 1);
	want_eq(ask(&p, LOCK, F_UNLCK, 0, 0), 0);
	pthread_join(t, NULL);
	want_eq(thread_result, -EBADF);
	want_map(&p, "........................");
	verdict("a descriptor that is closed while a thread waits for a lock: EBADF, and no lock");
	peer_end(&p);
}

/* Processes that share their descriptors are one owner; execve gives one a table of its own. */
static void test_shared_table(void)
{
	char *argv[] = {"file_lock", "kept", "-1", (char *)name, NULL};
	struct peer p = peer_start();
	pid_t pid = (pid_t)sys(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		want_eq(lock(file, F_WRLCK, 8, 2), 0);
		execv("/proc/self/exe", argv);
		_exit(9);
	}
	/* Its child finds the lock, though it is not the program's any more. */
	want_eq(end_of(pid), 0);
	want_map(&p, "........ww..............");
	want_eq(lock(file, F_WRLCK, 8, 4), 0);
	pid = (pid_t)sys(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(lock(file, F_UNLCK, 9, 2) ? 1 : 0);
	want_eq(end_of(pid), 0);
	want_map(&p, "........w..w............");
	lock(file, F_UNLCK, 0, 0);
	peer_end(&p);
	verdict("locks belong to all processes that share their descriptors");
}

static volatile int *looked_at;

static void look_at_descriptors(void)
{
	char path[40];
	struct dirent *e;
	DIR *d;

	for (;;) {
		snprintf(path, sizeof path, "/proc/%d/fd", *looked_at);
		d = opendir(path);
		while (d && (e = readdir(d)))
			;
		if (d)
			closedir(d);
	}
}

static int exec_looked_at(void)
{
	*looked_at = getpid();
	return exec_kept_child();
}

/* Others who look at a process's descriptors change nothing for its locks. */
static void test_lookers(void)
{
	pid_t pid;

	looked_at = shared_memory(sizeof *looked_at);
	*looked_at = getpid();
	pid = tap_fork();
	if (pid == 0)
		look_at_descriptors();
	for (int i = 0; i < 20; i++) {
		want_eq(in_child(exec_looked_at), 0);
		want_eq(lock(file, F_WRLCK, 0, 0), 0);
		want_eq(lock(file, F_UNLCK, 0, 0), 0);
	}
	put_down(pid);
	unmap(looked_at, sizeof *looked_at);
	verdict("execve keeps locks and exit gives them up, whoever looks at the descriptors");
}

/* ---- A database's bytes ---- */

#define PENDING 0x40000000
#define RESERVED (PENDING + 1)
#define SHARED_FIRST (PENDING + 2)
#define SHARED_SIZE 510

static void test_database(void)
{
	struct peer a = peer_start(), b = peer_start(), c = peer_start();
	struct flock l;

	/* Two readers. */
	for (struct peer *p = &a;; p = &b) {
		want_eq(ask(p, LOCK, F_RDLCK, PENDING, 1), 0);
		want_eq(ask(p, LOCK, F_RDLCK, SHARED_FIRST, SHARED_SIZE), 0);
		want_eq(ask(p, LOCK, F_UNLCK, PENDING, 1), 0);
		if (p == &b)
			break;
	}
	/* One of them means to write; others still read. */
	want_eq(ask(&a, LOCK, F_WRLCK, RESERVED, 1), 0);
	want_eq(ask(&b, LOCK, F_WRLCK, RESERVED, 1), -EAGAIN);
	l = asked(file, F_GETLK, F_WRLCK, RESERVED, 1);
	want_eq(l.l_type, F_WRLCK);
	want_eq(l.l_pid, a.pid);
	want_eq(ask(&c, LOCK, F_RDLCK, PENDING, 1), 0);
	want_eq(ask(&c, LOCK, F_RDLCK, SHARED_FIRST, SHARED_SIZE), 0);
	want_eq(ask(&c, LOCK, F_UNLCK, PENDING, 1), 0);
	want_eq(ask(&c, LOCK, F_UNLCK, 0, 0), 0);
	/* It waits for readers to go; none comes. */
	want_eq(ask(&a, LOCK, F_WRLCK, PENDING, 1), 0);
	want_eq(ask(&a, LOCK, F_WRLCK, SHARED_FIRST, SHARED_SIZE), -EAGAIN);
	want_eq(ask(&c, LOCK, F_RDLCK, PENDING, 1), -EAGAIN);
	want_eq(ask(&b, LOCK, F_UNLCK, SHARED_FIRST, SHARED_SIZE), 0);
	want_eq(ask(&a, LOCK, F_WRLCK, SHARED_FIRST, SHARED_SIZE), 0);
	l = asked(file, F_GETLK, F_RDLCK, 0, 0);
	want_eq(l.l_start, PENDING);
	want_eq(l.l_len, SHARED_SIZE + 2);
	/* Back to a reader. */
	want_eq(ask(&a, LOCK, F_RDLCK, SHARED_FIRST, SHARED_SIZE), 0);
	want_eq(ask(&a, LOCK, F_UNLCK, PENDING, 2), 0);
	want_eq(ask(&b, LOCK, F_RDLCK, SHARED_FIRST, SHARED_SIZE), 0);
	verdict("a database's readers and its writer");
	peer_end(&a);
	peer_end(&b);
	peer_end(&c);
	want_eq(asked(file, F_GETLK, F_WRLCK, 0, 0).l_type, F_UNLCK);
	verdict("which leave nothing when they are killed");
}

/* ---- Many ---- */

static void many_locks(void)
{
	for (int i = 0; i < 3000; i++)
		if (lock(file, i & 1 ? F_RDLCK : F_WRLCK, 2 * i, 1) != 0)
			bail_out("lock %d: errno %d", i, errno);
	lock(file, F_UNLCK, 1, FOREVER);
	lock(file, F_UNLCK, 0, 1);
}

static void many_files(void)
{
	int fd[100];

	for (int i = 0; i < 100; i++) {
		fd[i] = open(name, O_RDWR);
		want_eq(ofd_lock(fd[i], F_RDLCK, i, 1000), 0);
		want_eq(sys(SYS_flock, fd[i], LOCK_SH), 0);
	}
	want_eq(ofd_lock(fd[0], F_WRLCK, 0, 1), 0);
	want_eq(ofd_lock(fd[0], F_WRLCK, 1, 1), -EAGAIN);
	for (int i = 0; i < 100; i++)
		close(fd[i]);
}

static void killed_waiters(void)
{
	struct peer p[8];

	want_eq(lock(file, F_WRLCK, 0, 100), 0);
	for (int i = 0; i < 8; i++) {
		p[i] = peer_start();
		tell(&p[i], i & 1 ? OFD_WAIT : LOCK_WAIT, F_WRLCK, i, 10);
	}
	for (int i = 0; i < 8; i++)
		want(sleeps(&p[i]));
	for (int i = 0; i < 8; i++)
		peer_end(&p[i]);
	lock(file, F_UNLCK, 0, 0);
}

static void test_leaks(void)
{
	want(memory_kept(many_locks, 64));
	verdict("thousands of locks leave nothing behind");
	want(memory_kept(many_files, 64));
	verdict("nor do locks of many open files");
	want(memory_kept(killed_waiters, 256));
	verdict("nor do killed waiters");
}

/* ---- /proc/locks ---- */

/* How many lines have all of this, of this process and file. */
static int lines_with(const char *start, const char *end)
{
	static char text[65536];
	struct stat st;
	char middle[64];
	int n = 0;

	fstat(file, &st);
	if (slurp("/proc/locks", text, sizeof text) < 0)
		return -1;
	snprintf(middle, sizeof middle, ":%llu ", (unsigned long long)st.st_ino);
	for (char *s = text, *next; *s; s = next) {
		next = strchr(s, '\n');
		*next++ = 0;
		n += strstr(s, start) && strstr(s, middle) &&
			strcmp(s + strlen(s) - strlen(end), end) == 0;
	}
	return n;
}

static void test_proc_locks(void)
{
	struct peer p = peer_start();
	char text[64];

	want_eq(lines_with("", ""), 0);
	want_eq(lock(file, F_WRLCK, 10, 5), 0);
	want_eq(lock(file, F_RDLCK, 20, FOREVER), 0);
	want_eq(sys(SYS_flock, file, LOCK_EX), 0);
	snprintf(text, sizeof text, ": POSIX  ADVISORY  WRITE %d ", (int)getpid());
	want_eq(lines_with(text, " 10 14"), 1);
	snprintf(text, sizeof text, ": POSIX  ADVISORY  READ %d ", (int)getpid());
	want_eq(lines_with(text, " 20 EOF"), 1);
	snprintf(text, sizeof text, ": FLOCK  ADVISORY  WRITE %d ", (int)getpid());
	want_eq(lines_with(text, " 0 EOF"), 1);
	want_eq(ask(&p, OFD, F_RDLCK, 0, 1), 0);
	want_eq(lines_with(": OFDLCK ADVISORY  READ -1 ", " 0 0"), 1);
	tell(&p, LOCK_WAIT, F_WRLCK, 14, 3);
	want(sleeps(&p));
	snprintf(text, sizeof text, ": -> POSIX  ADVISORY  WRITE %d ", (int)p.pid);
	want_eq(lines_with(text, " 14 16"), 1);
	want_eq(lines_with("", ""), 5);
	peer_end(&p);
	lock(file, F_UNLCK, 0, 0);
	want_eq(lines_with("", ""), 1);
	sys(SYS_flock, file, LOCK_UN);
	want_eq(lines_with("", ""), 0);
	verdict("/proc/locks shows locks, and who waits for them");
}

/* ---- Files in memory, and the whole ---- */

static void test_all(void)
{
	test_ranges();
	test_random_ranges();
	test_conflicts();
	test_offsets();
	test_modes();
	test_close();
	test_fork_exec();
	test_ofd();
	test_flock();
	test_wait();
	test_wait_flock();
	test_signals();
	test_deadlock();
	test_database();
}

int main(int argc, char **argv)
{
	char in_memory[48];

	if (argc == 4) {
		name = argv[3];
		return after_exec(argv[1]);
	}
	name = temp_name();
	file = temp_file_named(name, 0, 0);
	test_all();
	test_flock_mapped();
	test_turns();
	test_deadlock_files();
	test_threads();
	test_shared_table();
	test_lookers();
	test_leaks();
	test_proc_locks();
	close(file);
	snprintf(in_memory, sizeof in_memory, "/dev/shm/file_lock-%d.tmp", (int)getpid());
	name = in_memory;
	file = temp_file_named(name, 0, 0);
	tap_line("# ", "the same on a file in memory");
	test_ranges();
	test_conflicts();
	test_close();
	test_flock();
	test_wait();
	close(file);
	unlink(name);
	return done();
}
