/*
 * Pipes and ppoll: ends and their flags, what fits in, waiting on either side, whole small writes,
 * the end of file and the end of readers, and being told of all that by ppoll.
 */
#include "child.h"

#include <limits.h>
#include <poll.h>

#define CAPACITY 65536

static unsigned char buf[4 * CAPACITY];

static void make_pipe(int p[2], int flags)
{
	if (pipe2(p, flags) != 0)
		bail_out("pipe2: errno %d", errno);
}

static void close_pipe(int p[2])
{
	close(p[0]);
	close(p[1]);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void test_flags(void)
{
	struct stat st;
	int p[2], before, after;

	make_pipe(p, 0);
	ok(fcntl(p[0], F_GETFD) == 0 && fcntl(p[1], F_GETFD) == 0,
	   "a plain pipe is not close-on-exec");
	ok((fcntl(p[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_RDONLY &&
	   (fcntl(p[1], F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_WRONLY,
	   "its ends are for reading and for writing");
	ok(fstat(p[0], &st) == 0 && S_ISFIFO(st.st_mode), "fstat says it is a pipe");
	fails(write(p[0], "x", 1), EBADF, "write to the reading end fails with EBADF");
	fails(read(p[1], buf, 1), EBADF, "read from the writing end fails with EBADF");
	close_pipe(p);
	make_pipe(p, O_CLOEXEC | O_NONBLOCK);
	ok(fcntl(p[0], F_GETFD) == FD_CLOEXEC && fcntl(p[1], F_GETFD) == FD_CLOEXEC,
	   "O_CLOEXEC concerns both ends");
	ok((fcntl(p[0], F_GETFL) & O_NONBLOCK) && (fcntl(p[1], F_GETFL) & O_NONBLOCK),
	   "so does O_NONBLOCK");
	close_pipe(p);
	fails(pipe2(p, O_TRUNC), EINVAL, "pipe2 with another flag fails with EINVAL");
	before = dup(1);
	close(before);
	fails(syscall(SYS_pipe2, 8L, 0), EFAULT, "pipe2 to a bad pointer fails with EFAULT");
	after = dup(1);
	close(after);
	is(after, before, "and leaves no descriptor open");
}

static void test_nonblocking(void)
{
	int p[2], total = 0;
	ssize_t n;

	make_pipe(p, O_NONBLOCK);
	fails(read(p[0], buf, 1), EAGAIN, "read from an empty pipe fails with EAGAIN");
	while ((n = write(p[1], buf, 4096)) > 0)
		total += n;
	ok(n == -1 && errno == EAGAIN, "write to a full pipe fails with EAGAIN");
	is(total, CAPACITY, "a pipe holds 65536 bytes");
	is(read(p[0], buf, 1), 1, "after one byte is read");
	fails(write(p[1], buf, PIPE_BUF), EAGAIN,
	   "a write of PIPE_BUF bytes still fails whole with EAGAIN");
	is(read(p[0], buf, sizeof(buf)), CAPACITY - 1, "one read empties the pipe");
	is(write(p[1], buf, 100000), CAPACITY, "a write of more than fits writes what fits");
	close(p[1]);
	is(read(p[0], buf, sizeof(buf)), CAPACITY, "what was written outlives the writer");
	is(read(p[0], buf, 1), 0, "then comes the end of file, not EAGAIN");
	close(p[0]);
}

static void test_order(void)
{
	int p[2], bad = 0;

	make_pipe(p, 0);
	for (int i = 0; i < 100; i++) {
		fill(buf, 1 + i * 5, i);
		write(p[1], buf, 1 + i * 5);
	}
	for (int i = 0; i < 100; i++) {
		memset(buf, 0, 600);
		bad += read(p[0], buf, 1 + i * 5) != 1 + i * 5 || !filled(buf, 1 + i * 5, i);
	}
	is(bad, 0, "bytes come out as they went in");
	write(p[1], "abcdef", 6);
	ok(read(p[0], buf, 4) == 4 && read(p[0], buf + 4, 100) == 2 &&
	   memcmp(buf, "abcdef", 6) == 0,
	   "a read takes what is there, and leaves the rest");
	is(write(p[1], buf, 0), 0, "a write of nothing returns 0");
	is(read(p[0], buf, 0), 0, "a read of nothing returns 0 at once");
	fails(syscall(SYS_write, p[1], 8L, 10L), EFAULT,
	   "write from a bad pointer fails with EFAULT");
	write(p[1], "kept", 4);
	fails(syscall(SYS_read, p[0], 8L, 4L), EFAULT, "read to a bad pointer fails with EFAULT");
	is(read(p[0], buf, 4), 4, "and takes nothing out");
	close_pipe(p);
}

static void test_end_of_file(void)
{
	int p[2], copy;
	pid_t pid;

	make_pipe(p, 0);
	copy = dup(p[1]);
	close(p[1]);
	write(copy, "z", 1);
	is(read(p[0], buf, 10), 1, "a pipe has a writer while one duplicate is open");
	pid = tap_fork();
	if (pid == 0)
		for (;;)
			pause();
	close(copy);
	kill(pid, SIGKILL);
	is(read(p[0], buf, 10), 0, "the end of a process closes its writing end: end of file");
	end_of(pid);
	close(p[0]);
}

static void test_no_reader(void)
{
	int p[2];

	signal(SIGPIPE, SIG_IGN);
	make_pipe(p, 0);
	write(p[1], "lost", 4);
	close(p[0]);
	fails(write(p[1], "x", 1), EPIPE, "write without a reader fails with EPIPE");
	close(p[1]);
	make_pipe(p, 0);
	pid_t pid = tap_fork();
	if (pid == 0) {
		close(p[1]);
		read(p[0], buf, 10);
		_exit(0);
	}
	close(p[0]);
	ssize_t n = write(p[1], buf, sizeof(buf));
	ok((n > 0 && n < (ssize_t)sizeof(buf)) || (n == -1 && errno == EPIPE),
	   "a writer that waits is woken when the last reader ends");
	end_of(pid);
	fails(write(p[1], "x", 1), EPIPE, "and gets EPIPE from then on");
	close(p[1]);
	signal(SIGPIPE, SIG_DFL);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Writes `size` bytes of a pattern in pieces of random sizes. */
static int pour(int fd, size_t size, size_t piece)
{
	uint32_t r = 7;

	for (size_t at = 0; at < size;) {
		size_t n = 1 + next_random(&r) % piece;

		if (n > size - at)
			n = size - at;
		for (size_t i = 0; i < n; i++)
			buf[i] = pattern(at + i, 1);
		if (write(fd, buf, n) != (ssize_t)n)
			return 1;
		at += n;
	}
	return 0;
}

static bool drain(int fd, size_t size, size_t piece)
{
	uint32_t r = 11;
	size_t at = 0;
	ssize_t n;

	while ((n = read(fd, buf, 1 + next_random(&r) % piece)) > 0) {
		if (!filled_from(buf, n, 1, at))
			return false;
		at += n;
	}
	return n == 0 && at == size;
}

static void test_transfer(void)
{
	static const struct {
		size_t size, out, in;
		const char *name;
	} runs[] = {
		{ 65536, 65536, 65536, "64 KiB pass from one process to another" },
		{ 400000, 150000, 3000, "writes larger than the pipe wait for the reader" },
		{ 400000, 3000, 150000, "reads larger than the writes wait for the writer" },
		{ 20000, 20, 20, "many small pieces pass" },
	};

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		int p[2];
		bool good;
		pid_t pid;

		make_pipe(p, 0);
		pid = tap_fork();
		if (pid == 0) {
			close(p[0]);
			_exit(pour(p[1], runs[i].size, runs[i].out));
		}
		close(p[1]);
		good = drain(p[0], runs[i].size, runs[i].in);
		close(p[0]);
		ok(end_of(pid) == 0 && good, "%s", runs[i].name);
	}
}

static void test_whole_writes(void)
{
	enum { writers = 4, times = 40 };
	int p[2], seen[writers] = { 0 }, bad = 0;
	pid_t pids[writers];

	make_pipe(p, 0);
	for (int w = 0; w < writers; w++) {
		pids[w] = tap_fork();
		if (pids[w] == 0) {
			memset(buf, 'a' + w, PIPE_BUF);
			for (int i = 0; i < times; i++)
				if (write(p[1], buf, PIPE_BUF) != PIPE_BUF)
					_exit(1);
			_exit(0);
		}
	}
	close(p[1]);
	for (;;) {
		size_t have = 0;
		ssize_t n;

		while (have < PIPE_BUF && (n = read(p[0], buf + have, PIPE_BUF - have)) > 0)
			have += n;
		if (!have)
			break;
		int w = buf[0] - 'a';
		if (have < PIPE_BUF || w < 0 || w >= writers || !all_bytes(buf, PIPE_BUF, 'a' + w))
			bad++;
		else
			seen[w]++;
	}
	for (int w = 0; w < writers; w++)
		bad += end_of(pids[w]) != 0 || seen[w] != times;
	is(bad, 0, "writes of PIPE_BUF bytes by four processes stay whole");
	close(p[0]);
}

/* A row of processes, each of which adds one to every byte that passes. */
static void test_pipeline(void)
{
	enum { n = 20, size = 5000 };
	int first[2], in, p[2], bad = 0;

	make_pipe(first, 0);
	in = first[0];
	for (int i = 0; i < n; i++) {
		make_pipe(p, 0);
		if (tap_fork() == 0) {
			ssize_t got;

			close(first[1]);
			close(p[0]);
			while ((got = read(in, buf, 700)) > 0) {
				for (ssize_t k = 0; k < got; k++)
					buf[k]++;
				if (write(p[1], buf, got) != got)
					_exit(1);
			}
			_exit(0);
		}
		close(in);
		close(p[1]);
		in = p[0];
	}
	for (int i = 0; i < size; i++)
		buf[i] = i;
	want_eq(write(first[1], buf, size), size);
	close(first[1]);
	int at = 0;
	ssize_t got;
	while ((got = read(in, buf, 1000)) > 0)
		for (ssize_t k = 0; k < got; k++, at++)
			bad += buf[k] != (unsigned char)(at + n);
	want(at == size && bad == 0);
	close(in);
	for (int i = 0; i < n; i++) {
		int status;
		want(wait(&status) > 0 && status == 0);
	}
	verdict("a pipeline of twenty processes passes every byte");
}

static void test_ping_pong(void)
{
	int there[2], back[2], bad = 0;
	pid_t pid;
	int n;

	make_pipe(there, 0);
	make_pipe(back, 0);
	pid = tap_fork();
	if (pid == 0) {
		close(there[1]);
		while (read(there[0], &n, sizeof(n)) == sizeof(n)) {
			n++;
			write(back[1], &n, sizeof(n));
		}
		_exit(0);
	}
	for (int i = 0; i < 500; i++) {
		write(there[1], &i, sizeof(i));
		bad += read(back[0], &n, sizeof(n)) != sizeof(n) || n != i + 1;
	}
	close(there[1]);
	ok(end_of(pid) == 0 && bad == 0, "two processes answer each other 500 times");
	close(there[0]);
	close_pipe(back);
}

static int poll_now(int fd, short events, short *revents)
{
	struct pollfd pfd = { fd, events, -1 };
	struct timespec zero = { 0, 0 };
	int r = ppoll(&pfd, 1, &zero, NULL);

	*revents = pfd.revents;
	return r;
}

static void test_poll_path(void)
{
	int fd = open("/", O_PATH);
	short re;

	ok(poll_now(fd, POLLIN, &re) == 1 && re == POLLNVAL,
	   "ppoll takes an O_PATH descriptor for a bad one");
	close(fd);
}

static void test_poll_states(void)
{
	int p[2], fd;
	short re;

	make_pipe(p, O_NONBLOCK);
	ok(poll_now(p[0], POLLIN, &re) == 0 && re == 0,
	   "ppoll of an empty pipe finds nothing to read");
	ok(poll_now(p[1], POLLOUT, &re) == 1 && re == POLLOUT, "but room to write");
	write(p[1], "x", 1);
	ok(poll_now(p[0], POLLIN, &re) == 1 && re == POLLIN,
	   "of one with a byte it finds something to read");
	ok(poll_now(p[0], 0, &re) == 0, "unless nobody asks");
	while (write(p[1], buf, 4096) > 0)
		;
	ok(poll_now(p[1], POLLOUT, &re) == 0 && re == 0, "of a full pipe it finds no room");
	close(p[1]);
	ok(poll_now(p[0], POLLIN, &re) == 1 && re == (POLLIN | POLLHUP),
	   "without a writer it says POLLHUP beside what is left");
	while (read(p[0], buf, sizeof(buf)) > 0)
		;
	ok(poll_now(p[0], 0, &re) == 1 && re == POLLHUP, "and POLLHUP alone, asked for or not");
	close(p[0]);
	make_pipe(p, 0);
	close(p[0]);
	ok(poll_now(p[1], POLLOUT, &re) == 1 && (re & POLLERR), "without a reader it says POLLERR");
	close(p[1]);
	ok(poll_now(p[1], POLLIN, &re) == 1 && re == POLLNVAL,
	   "of a closed descriptor it says POLLNVAL");
	ok(poll_now(-1, POLLIN, &re) == 0 && re == 0, "a negative descriptor is passed over");
	fd = open("/dev/null", O_RDWR);
	ok(poll_now(fd, POLLIN | POLLOUT, &re) == 1 && re == (POLLIN | POLLOUT),
	   "/dev/null is always ready");
	close(fd);
	fd = temp_file(10, 1);
	lseek(fd, 0, SEEK_END);
	ok(poll_now(fd, POLLIN | POLLOUT, &re) == 1 && re == (POLLIN | POLLOUT),
	   "so is a file, at its end too");
	close(fd);
}

static void test_poll_timeouts(void)
{
	struct timespec t = { 0, 10000000 };
	struct pollfd pfd = { .events = POLLIN };
	int64_t start;
	int p[2];

	make_pipe(p, 0);
	pfd.fd = p[0];
	start = now_ns();
	ok(ppoll(&pfd, 1, &t, NULL) == 0 && now_ns() - start >= 10000000,
	   "ppoll waits as long as it is told");
	start = now_ns();
	ok(ppoll(NULL, 0, &t, NULL) == 0 && now_ns() - start >= 10000000,
	   "without descriptors too");
	t.tv_nsec = 1000000000;
	fails(ppoll(&pfd, 1, &t, NULL), EINVAL, "a whole second of nanoseconds fails with EINVAL");
	t = (struct timespec){ -1, 0 };
	fails(ppoll(&pfd, 1, &t, NULL), EINVAL, "a negative time fails with EINVAL");
	fails(syscall(SYS_ppoll, 8L, 1, NULL, NULL, 8), EFAULT, "a bad array fails with EFAULT");
	fails(syscall(SYS_ppoll, &pfd, -1, NULL, NULL, 8), EINVAL,
	   "an array of -1 entries fails with EINVAL");
	fails(syscall(SYS_ppoll, &pfd, 1, 8L, NULL, 8), EFAULT,
	   "a bad time pointer fails with EFAULT");
	close_pipe(p);
}

static void test_poll_waits(void)
{
	enum { n = 10 };
	struct pollfd pfd[n + 1];
	int p[n][2], bad = 0;
	pid_t pid;

	for (int i = 0; i < n; i++) {
		make_pipe(p[i], 0);
		pfd[i] = (struct pollfd){ p[i][0], POLLIN, 0 };
	}
	pfd[n] = (struct pollfd){ -1, POLLIN, 0 };
	pid = tap_fork();
	if (pid == 0) {
		for (int i = 0; i < n; i++) {
			sleep_ms(3);
			write(p[(i * 7) % n][1], "w", 1);
		}
		_exit(0);
	}
	for (int i = 0; i < n; i++)
		close(p[i][1]);
	for (int i = 0; i < n; i++) {
		int which = (i * 7) % n;

		if (ppoll(pfd, n + 1, NULL, NULL) < 1) {
			bad++;
			break;
		}
		bad += !(pfd[which].revents & POLLIN) || read(p[which][0], buf, 10) != 1;
		pfd[which].fd = -1;
	}
	ok(end_of(pid) == 0 && bad == 0, "ppoll wakes for whichever of ten pipes is written to");
	for (int i = 0; i < n; i++)
		close(p[i][0]);
}

static void test_poll_wakes_for_end(void)
{
	struct pollfd pfd = { .events = POLLIN };
	int p[2];
	pid_t pid;

	make_pipe(p, 0);
	pid = tap_fork();
	if (pid == 0) {
		sleep_ms(5);
		_exit(0);
	}
	close(p[1]);
	pfd.fd = p[0];
	ok(ppoll(&pfd, 1, NULL, NULL) == 1 && pfd.revents == POLLHUP,
	   "ppoll wakes when the last writer ends");
	end_of(pid);
	close(p[0]);
	make_pipe(p, O_NONBLOCK);
	while (write(p[1], buf, 4096) > 0)
		;
	pid = tap_fork();
	if (pid == 0) {
		sleep_ms(5);
		_exit(read(p[0], buf, sizeof(buf)) > 0 ? 0 : 1);
	}
	pfd = (struct pollfd){ p[1], POLLOUT, 0 };
	ok(ppoll(&pfd, 1, NULL, NULL) == 1 && pfd.revents == POLLOUT,
	   "and when a reader makes room");
	end_of(pid);
	close_pipe(p);
}

int main(void)
{
	test_flags();
	test_nonblocking();
	test_order();
	test_end_of_file();
	test_no_reader();
	test_transfer();
	test_whole_writes();
	test_pipeline();
	test_ping_pong();
	test_poll_states();
	test_poll_path();
	test_poll_timeouts();
	test_poll_waits();
	test_poll_wakes_for_end();
	return done();
}
