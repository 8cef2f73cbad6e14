/*
 * EXEC-4: a program that runs is not written, and a file that is open for writing is not run.
 *
 * As "mem_textbusy hold" the program is what the tests run: it says so by a byte on descriptor 1
 * and ends when descriptor 0 does. As "mem_textbusy forked" it leaves that to a child, and ends; as
 * "mem_textbusy become PROGRAM" it becomes another program in its turn.
 */
#include "child.h"

static const char *self;

/* ---- The program that runs ---- */

static int hold(void)
{
	char c = 'h';

	if (write(1, &c, 1) != 1)
		return 1;
	while (read(0, &c, 1) < 0 && errno == EINTR)
		;
	return 0;
}

static int be_program(char **argv)
{
	char *hold_argv[] = {argv[2], "hold", NULL};

	if (strcmp(argv[1], "hold") == 0)
		return hold();
	if (strcmp(argv[1], "forked") == 0)
		return fork() == 0 ? hold() : 0;
	if (strcmp(argv[1], "become") == 0)
		execv(argv[2], hold_argv);
	return strcmp(argv[1], "end") == 0 ? 0 : 2;
}

/* ---- Running it ---- */

struct running {
	pid_t pid;
	int in, out;
};

/* `path` runs, with these arguments; result of execve in *error if it does not. */
static struct running run(const char *path, const char *what, const char *more)
{
	char *argv[] = {(char *)path, (char *)what, (char *)more, NULL};
	struct running r;
	int in[2], out[2];
	char c;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		bail_out("pipe: errno %d", errno);
	r.pid = tap_fork();
	if (r.pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execv(path, argv);
		_exit(100 + errno);
	}
	close(in[0]);
	close(out[1]);
	r.in = in[1];
	r.out = out[0];
	want(read(r.out, &c, 1) == 1);
	return r;
}

/* It ends, and all who have its pipe. */
static void stop(struct running *r)
{
	char c;

	close(r->in);
	want_eq(end_of(r->pid), 0);
	want_eq(read(r->out, &c, 1), 0);
	close(r->out);
}

static const char *exec_path;

static int exec_child(void)
{
	char *argv[] = {(char *)exec_path, "end", NULL};

	execv(exec_path, argv);
	return errno;
}

/* 0, or the error of an execve of `path`, which then ends at once. */
static int exec_error(const char *path)
{
	exec_path = path;
	return in_child(exec_child);
}

/* ---- Files ---- */

static void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0)
		bail_out("%s: errno %d", path, errno);
	put_bytes(fd, bytes, n, 0);
	close(fd);
}

static void *own_bytes(size_t *n)
{
	int fd = open(self, O_RDONLY);
	off_t size = file_size(fd);
	char *p;

	if (size <= 0 || !(p = malloc((size_t)size)))
		bail_out("cannot hold %s", self);
	*n = (size_t)size;
	for (size_t at = 0; at < *n;) {
		ssize_t got = read(fd, p + at, *n - at);

		if (got <= 0)
			bail_out("cannot read %s", self);
		at += (size_t)got;
	}
	close(fd);
	return p;
}

/* A program like this one, of its own. */
static const char *copy_of_self(void)
{
	const char *path = temp_name();
	size_t n;
	void *p = own_bytes(&n);

	write_file(path, p, n);
	free(p);
	return path;
}

static int open_error(const char *path, int flags)
{
	int fd = open(path, flags, 0755);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* No way leads to writing it. */
static void want_busy(const char *path)
{
	want_eq(open_error(path, O_WRONLY), ETXTBSY);
	want_eq(open_error(path, O_RDWR), ETXTBSY);
	want_eq(open_error(path, O_WRONLY | O_CREAT | O_TRUNC), ETXTBSY);
	want_eq(open_error(path, O_RDONLY | O_TRUNC), ETXTBSY);
	want_eq(open_error(path, O_RDWR | O_APPEND), ETXTBSY);
	want_eq(sys(SYS_truncate, path, 0), -ETXTBSY);
}

static void want_free(const char *path)
{
	want_eq(open_error(path, O_RDWR), 0);
	want_eq(exec_error(path), 0);
}

/* ---- The tests ---- */

static void test_running(void)
{
	const char *path = copy_of_self();
	char exe[32];
	struct stat before, after;
	struct running r;

	stat(path, &before);
	r = run(path, "hold", NULL);
	want_busy(path);
	snprintf(exe, sizeof exe, "/proc/%d/exe", (int)r.pid);
	want_busy(exe);
	want_eq(open_error(path, O_RDONLY), 0);
	want_eq(open_error(path, O_PATH), 0);
	want_eq(open_error(path, O_WRONLY | O_CREAT | O_EXCL), EEXIST);
	want_eq(sys(SYS_truncate, path, -1), -EINVAL);
	want_eq(exec_error(path), 0);
	want_eq(chmod(path, 0700), 0);
	stat(path, &after);
	want_eq(after.st_size, before.st_size);
	stop(&r);
	want_free(path);
	verdict("EXEC-4 a program that runs is not opened for writing, or truncated");
}

static void test_names(void)
{
	const char *path = copy_of_self(), *other = temp_name();
	struct running r = run(path, "hold", NULL);

	want_eq(link(path, other), 0);
	want_busy(other);
	want_eq(rename(other, path), 0);
	want_eq(unlink(other), 0);
	want_eq(unlink(path), 0);
	write_file(path, "new", 3);
	want_eq(open_error(path, O_RDWR), 0);
	stop(&r);
	verdict("EXEC-4 its names can be changed, and given to another file");
}

static void test_processes(void)
{
	const char *path = copy_of_self(), *next = copy_of_self();
	struct running r = run(path, "forked", NULL);
	char c;

	want_eq(end_of(r.pid), 0);
	want_busy(path);
	close(r.in);
	want_eq(read(r.out, &c, 1), 0);
	close(r.out);
	/* Its parent has ended: nobody tells when the child has. */
	for (int i = 0; i < LOOKS && open_error(path, O_RDWR); i++)
		sleep_ms(1);
	want_free(path);
	verdict("EXEC-4 a forked child runs the program too");
	r = run(path, "become", next);
	want_eq(open_error(path, O_RDWR), 0);
	want_busy(next);
	stop(&r);
	want_free(next);
	verdict("EXEC-4 whoever became another program does not run the old one any more");
}

static void test_writing(void)
{
	const char *path = copy_of_self();
	int fd = open(path, O_WRONLY), second;
	unsigned char *p;

	want_eq(exec_error(path), ETXTBSY);
	second = dup(fd);
	close(fd);
	want_eq(exec_error(path), ETXTBSY);
	close(second);
	want_eq(exec_error(path), 0);
	fd = open(path, O_RDONLY);
	second = open(path, O_PATH);
	want_eq(exec_error(path), 0);
	close(fd);
	close(second);
	verdict("EXEC-4 a file that is open for writing is not run");
	fd = open(path, O_RDWR);
	p = must_map(PS, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	want_eq(exec_error(path), ETXTBSY);
	unmap(p, PS);
	want_eq(exec_error(path), 0);
	fd = open(path, O_RDWR);
	p = must_map(PS, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	want_eq(exec_error(path), ETXTBSY);
	unmap(p, PS);
	want_free(path);
	verdict("EXEC-4 nor while a mapping keeps it open");
	fd = open(path, O_RDONLY);
	p = must_map(PS, RX, MAP_PRIVATE, fd, 0);
	want_eq(open_error(path, O_RDWR), 0);
	want_eq(truncate(path, 10), 0);
	unmap(p, PS);
	close(fd);
	verdict("EXEC-4 a file that is mapped RX can be truncated");
}

static void test_failing(void)
{
	const char *path = temp_name();

	write_file(path, "no program", 10);
	want_eq(exec_error(path), ENOEXEC);
	want_eq(open_error(path, O_RDWR), 0);
	for (int i = 0; i < 100; i++)
		want_eq(exec_error(path), ENOEXEC);
	want_eq(open_error(path, O_RDWR), 0);
	want_eq(open_error(path, O_RDWR | O_DIRECTORY), ENOTDIR);
	verdict("EXEC-4 an execve that fails does not keep writers off");
}

static void test_scripts(void)
{
	const char *path = temp_name(), *interp = copy_of_self();
	struct running r;
	char line[80];
	int fd;

	snprintf(line, sizeof line, "#!%s hold\n", interp);
	write_file(path, line, strlen(line));
	fd = open(path, O_RDWR);
	want_eq(exec_error(path), ETXTBSY);
	close(fd);
	fd = open(interp, O_RDWR);
	want_eq(exec_error(path), ETXTBSY);
	close(fd);
	r = run(path, NULL, NULL);
	want_busy(interp);
	want_eq(open_error(path, O_RDWR), 0);
	stop(&r);
	want_eq(open_error(interp, O_RDWR), 0);
	verdict("EXEC-4 scripts: neither may be written at the start, the interpreter not later "
		"on");
}

static void test_memfd(void)
{
	int fd = (int)sys(SYS_memfd_create, "program", 1u); /* MFD_CLOEXEC */
	char path[40];
	size_t n;
	void *p = own_bytes(&n);
	struct running r;

	put_bytes(fd, p, n, 0);
	free(p);
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), fd);
	want_eq(exec_error(path), 0);
	r = run(path, "hold", NULL);
	want_busy(path);
	want_eq(ftruncate(fd, (off_t)n), 0);
	stop(&r);
	want_eq(open_error(path, O_RDWR), 0);
	close(fd);
	verdict("EXEC-4 the descriptor of memfd_create does not count, others do");
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1)
		return be_program(argv);
	self = "/proc/self/exe";
	test_running();
	test_names();
	test_processes();
	test_writing();
	test_failing();
	test_scripts();
	test_memfd();
	return done();
}
