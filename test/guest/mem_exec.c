/*
 * What execve and exit do to memory (EXEC-1, EXEC-3, EXIT).
 *
 * As "mem_exec probe ADDRESS..." the program is what the tests execute: it exits with 0 when every
 * address is a hole, with the number of the first that is not otherwise.
 */
#include "tap.h"

#include <sys/statfs.h>

static const char *self;

static int probe(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (fault_kind(fault_probe((void *)strtoul(argv[i], NULL, 16), READ)) != MAPERR)
			return i;
	return 0;
}

struct old {
	unsigned char *anon, *shanon, *file, *priv;
	int fd;
};

static int exec_1_child(void *arg)
{
	struct old *o = arg;
	char text[4][24], *argv[] = {(char *)self, "probe", text[0], text[1], text[2], text[3],
		NULL};
	unsigned char *at[] = {o->anon, o->shanon, o->file, o->priv};

	o->anon[0] = 1;
	o->shanon[0] = 2;
	o->file[PS + 5] = 0xe1;
	o->priv[0] = 0;
	for (int i = 0; i < 4; i++)
		snprintf(text[i], sizeof text[i], "%lx", (unsigned long)at[i]);
	execv(self, argv);
	return 99;
}

static void exec_1(void)
{
	struct old o = {.fd = temp_file(2 * PS, 1)};
	unsigned char *h = hole(40);

	o.anon = h;
	o.shanon = h + 10 * PS;
	o.file = h + 20 * PS;
	o.priv = h + 30 * PS;
	want_eq(map(o.anon, PS, RW, ANON | MAP_FIXED, -1, 0), (long)o.anon);
	want_eq(map(o.shanon, PS, RW, SHANON | MAP_FIXED, -1, 0), (long)o.shanon);
	want_eq(map(o.file, 2 * PS, RW, MAP_SHARED | MAP_FIXED, o.fd, 0), (long)o.file);
	want_eq(map(o.priv, 2 * PS, RW, MAP_PRIVATE | MAP_FIXED, o.fd, 0), (long)o.priv);
	want_eq(child_status(exec_1_child, &o), 0);
	want_eq(file_byte(o.fd, PS + 5), 0xe1);
	want_eq(file_byte(o.fd, 0), pattern(0, 1));
	want_eq(o.shanon[0], 2);
	want_eq(o.anon[0], 0);
	unmap(h, 40 * PS);
	close(o.fd);
	verdict("EXEC-1 a new program has none of the old mappings, the file has the stores");
}

static char maps_before[32768], maps_after[32768];

static void want_refused(const char *path, int error)
{
	char *argv[] = {(char *)path, NULL}, *envp[] = {NULL};

	want_eq(sys(SYS_execve, path, argv, envp), -error);
}

/* A file of the given bytes that may be executed. */
static const char *executable(const void *bytes, size_t n)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, 0, 0);

	put_bytes(fd, bytes, n, 0);
	close(fd);
	chmod(name, 0755);
	return name;
}

static void exec_3(void)
{
	static unsigned char head[200], garbage[2 * PS];
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);
	const char *name = temp_name();
	int fd = open(self, O_RDONLY);

	want(fd >= 0 && read(fd, head, sizeof head) == sizeof head);
	close(fd);
	fill(p, 2 * PS, 3);
	fill(garbage, sizeof garbage, 4);
	want(slurp("/proc/self/maps", maps_before, sizeof maps_before) > 0);

	want_refused("no such file", ENOENT);
	want_refused("no such directory/file", ENOENT);
	want_refused("", ENOENT);
	want_refused(".", EACCES);
	close(temp_file_named(name, 100, 1));
	want_refused(name, EACCES);
	want_refused(executable("", 0), ENOEXEC);
	want_refused(executable(garbage, 100), ENOEXEC);
	want_refused(executable(garbage, sizeof garbage), ENOEXEC);
	want_refused(executable(head, 10), ENOEXEC);
	want_refused(executable(head, 40), ENOEXEC);

	want_refused(executable(head, 60), ENOEXEC); /* program headers cut off */

	want(slurp("/proc/self/maps", maps_after, sizeof maps_after) > 0);
	want(!strcmp(maps_before, maps_after));
	want(filled(p, 2 * PS, 3));
	unmap(p, 2 * PS);
	verdict("EXEC-3 a failing execve leaves the caller whole");
}

enum end { EXITS, KILLED, FAULTS };

struct sharer {
	unsigned char *file, *anon;
	enum end how;
	struct gate stored;
};

static int store_and_end(void *arg)
{
	struct sharer *s = arg;

	s->file[s->how] = (unsigned char)(0x90 + s->how);
	s->file[3 * PS + s->how] = (unsigned char)(0xa0 + s->how);
	s->anon[s->how] = (unsigned char)(0xb0 + s->how);
	s->anon[3 * PS + s->how] = (unsigned char)(0xc0 + s->how);
	gate_open(&s->stored);
	if (s->how == KILLED)
		for (;;)
			pause();
	if (s->how == FAULTS)
		*(volatile char *)NULL = 1;
	return 5;
}

static void exit_1(void)
{
	struct sharer s = {.anon = must_map(4 * PS, RW, SHANON, -1, 0)};
	int fd = temp_file(4 * PS, 5);

	s.file = must_map(4 * PS, RW, MAP_SHARED, fd, 0);
	gate_init(&s.stored);
	for (s.how = EXITS; s.how <= FAULTS; s.how++) {
		pid_t pid = tap_fork();
		int status;

		if (pid == 0)
			_exit(store_and_end(&s));
		gate_wait(&s.stored);
		if (s.how == KILLED)
			kill(pid, SIGKILL);
		status = wait_for(pid);
		want(s.how == EXITS ? exited(status, 5)
				    : killed_by(status, s.how == KILLED ? SIGKILL : SIGSEGV));
		want_eq(file_byte(fd, s.how), 0x90 + s.how);
		want_eq(file_byte(fd, (off_t)(3 * PS) + s.how), 0xa0 + s.how);
		want_eq(s.anon[s.how], 0xb0 + s.how);
		want_eq(s.anon[3 * PS + s.how], 0xc0 + s.how);
	}
	unmap(s.file, 4 * PS);
	unmap(s.anon, 4 * PS);
	gate_free(&s.stored);
	close(fd);
	verdict("EXIT-1 shared stores outlive exit, SIGKILL and SIGSEGV");
}

static int shared_fd;

static int with_21_mappings(void *arg)
{
	unsigned char *p;

	for (int i = 0; i < 21; i++) {
		bool file = i % 3 == 2;

		p = must_map(4 * PS, i % 2 ? RW : RWX, (i % 4 ? MAP_PRIVATE : MAP_SHARED) |
			(file ? 0 : MAP_ANONYMOUS), file ? shared_fd : -1, 0);
		for (int j = 0; j < 4; j += 1 + i % 2)
			p[j * PS] = 1;
		if (i % 5 == 0)
			unmap(p + PS, PS);
		if (i % 5 == 1)
			protect(p + 2 * PS, PS, PROT_READ);
	}
	switch ((long)arg % 3) {
	case 0: return 0;
	case 1: kill(getpid(), SIGKILL); break;
	case 2: *(volatile char *)NULL = 1; break;
	}
	return 1;
}

/* Half of them: memory_kept() calls it twice at least. */
static void processes(void)
{
	static const int end[] = {0, SIGKILL, SIGSEGV};

	for (long i = 0; i < 150; i++) {
		int status = child_status(with_21_mappings, (void *)i);

		want(end[i % 3] ? killed_by(status, end[i % 3]) : exited(status, 0));
	}
}

static void exit_2(void)
{
	shared_fd = temp_file(4 * PS, 6);
	want(memory_kept(processes, 3 << 10));
	close(shared_fd);
	verdict("EXIT-2 300 processes with 21 mappings each leave no memory behind");
}

static long long blocks_free(void)
{
	struct statfs s;

	sync();
	return statfs(".", &s) < 0 ? -1 : (long long)s.f_bfree * s.f_bsize;
}

#define BIG (4 << 20)

struct heir {
	unsigned char *file;
	struct gate alone, checked, end;
};

static void exit_3_child(void *arg)
{
	struct heir *h = arg;

	gate_wait(&h->alone);
	want(filled(h->file, BIG, 7));
	gate_open(&h->checked);
	gate_wait(&h->end);
}

static bool child_holds_file(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, BIG, 7);
	struct heir h = {.file = must_map(BIG, PROT_READ, MAP_SHARED, fd, 0)};
	long long held, freed;

	gate_init(&h.alone);
	gate_init(&h.checked);
	gate_init(&h.end);
	fsync(fd);
	unlink(name);
	tap.ntemps--;
	close(fd);
	fd = -1;
	pid_t pid = tap_fork();
	if (pid == 0) {
		for (int i = 3; i < 64; i++)
			if (i != h.alone.fd[0] && i != h.checked.fd[1] && i != h.end.fd[0])
				close(i);
		exit_3_child(&h);
		_exit(tap.bad ? 1 : 0);
	}
	unmap(h.file, BIG);
	gate_open(&h.alone);
	gate_wait(&h.checked);
	held = blocks_free();
	gate_open(&h.end);
	want_eq(wait_for(pid), 0);
	freed = blocks_free();
	gate_free(&h.alone);
	gate_free(&h.checked);
	gate_free(&h.end);
	return held >= 0 && freed - held >= BIG / 2 && freed - held < 2 * BIG;
}

static void exit_3(void)
{
	bool good = false;

	/* Others may write to the same disk at the same time; lost space fails each time. */
	for (int try = 0; try < 5 && !good; try++)
		good = child_holds_file();
	want(good);
	verdict("EXIT-3 an unlinked file mapped by a child alone is whole, then its space is free");
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1 && !strcmp(argv[1], "probe"))
		return probe(argc, argv);
	exec_1();
	exec_3();
	exit_1();
	exit_2();
	exit_3();
	return done();
}
