/*
 * execve: what the new program sees (arguments, environment, auxiliary vector, descriptors, signal
 * dispositions), scripts, limits, and every way to refuse. The program copies itself to ./prog and
 * runs the copy in one of the modes of `modes` below; a mode's exit code 0 means all was well.
 */
#include "child.h"

#include <elf.h>
#include <link.h>
#include <limits.h>
#include <sys/auxv.h>

#define REPORT_FD 9

static char *empty_env[] = { NULL };

/* ---- The modes of the new program ---- */

/* Writes every argument and environment string, NUL-terminated, to the report descriptor. */
static int mode_dump(int argc, char **argv, char **envp)
{
	for (int i = 0; i < argc; i++)
		if (write(REPORT_FD, argv[i], strlen(argv[i]) + 1) < 0)
			return 1;
	if (argv[argc] != NULL || envp != argv + argc + 1)
		return 2;
	for (; *envp; envp++)
		if (write(REPORT_FD, *envp, strlen(*envp) + 1) < 0)
			return 1;
	return 0;
}

/* Exits with a number for the first entry of the auxiliary vector that is not as it must be. */
static int mode_auxv(int argc, char **argv, char **envp)
{
	extern char _start[];
	const ElfW(Phdr) *ph = (void *)getauxval(AT_PHDR);
	const unsigned char *rnd = (void *)getauxval(AT_RANDOM);
	int loads = 0;

	(void)argc;
	(void)envp;
	if (getauxval(AT_PAGESZ) != 4096)
		return 1;
	if (getauxval(AT_PHENT) != sizeof(*ph) || !ph || getauxval(AT_PHNUM) < 2)
		return 2;
	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
		loads += ph[i].p_type == PT_LOAD;
	if (loads < 1)
		return 3;
	if (getauxval(AT_ENTRY) != (unsigned long)_start)
		return 4;
	if (!rnd || write(REPORT_FD, rnd, 16) != 16)
		return 5;
	if (getauxval(AT_UID) != getuid() || getauxval(AT_EUID) != geteuid() ||
	    getauxval(AT_GID) != getgid() || getauxval(AT_EGID) != getegid())
		return 6;
	errno = 0;
	if (getauxval(AT_SECURE) != 0 || errno != 0)
		return 7;
	if (!getauxval(AT_EXECFN) || strcmp((char *)getauxval(AT_EXECFN), "./prog") != 0)
		return 8;
	if (getauxval(AT_CLKTCK) != 100)
		return 9;
	errno = 0;
	getauxval(AT_HWCAP);
	if (errno != 0)
		return 10;
	if ((uintptr_t)(argv - 1) % 16 != 0)
		return 11;
	return 0;
}

/* SIGUSR1 was caught, SIGUSR2 ignored, SIGTERM blocked, SIGHUP blocked and pending. */
static int mode_signals(int argc, char **argv, char **envp)
{
	struct sigaction sa;
	sigset_t mask, pending;
	stack_t ss;

	(void)argc;
	(void)argv;
	(void)envp;
	sigaction(SIGUSR1, NULL, &sa);
	if (sa.sa_handler != SIG_DFL)
		return 1;
	sigaction(SIGUSR2, NULL, &sa);
	if (sa.sa_handler != SIG_IGN)
		return 2;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	if (!sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGHUP) ||
	    sigismember(&mask, SIGUSR1))
		return 3;
	sigpending(&pending);
	if (!sigismember(&pending, SIGHUP) || sigismember(&pending, SIGTERM))
		return 4;
	if (sigaltstack(NULL, &ss) != 0 || !(ss.ss_flags & SS_DISABLE))
		return 5;
	return 0;
}

/* Descriptors: 20 is close-on-exec, 21 is not and stands at offset 3 of a file "0123456789". */
static int mode_fds(int argc, char **argv, char **envp)
{
	char c;

	(void)argc;
	(void)argv;
	(void)envp;
	if (fcntl(20, F_GETFD) != -1 || errno != EBADF)
		return 1;
	if (fcntl(21, F_GETFD) != 0)
		return 2;
	if (read(21, &c, 1) != 1 || c != '3')
		return 3;
	return 0;
}

/* argv: mode, pid, parent, group, umask, working directory, as numbers and text. */
static int mode_identity(int argc, char **argv, char **envp)
{
	char cwd[PATH_MAX];

	(void)envp;
	if (argc != 7)
		return 1;
	if (atoi(argv[2]) != getpid() || atoi(argv[3]) != getppid() || atoi(argv[4]) != getpgrp())
		return 2;
	if (atoi(argv[5]) != (int)umask(0))
		return 3;
	if (!getcwd(cwd, sizeof(cwd)) || strcmp(cwd, argv[6]) != 0)
		return 4;
	return 0;
}

/* Checks that the arguments after argv[3] are argv[2] strings of argv[3] times 'x'. */
static int mode_count(int argc, char **argv, char **envp)
{
	size_t len = atol(argv[3]);

	(void)envp;
	if (argc - 4 != atoi(argv[2]))
		return 1;
	for (int i = 4; i < argc; i++)
		if (strlen(argv[i]) != len || (len && (argv[i][0] != 'x' ||
		      argv[i][len - 1] != 'x')))
			return 2;
	return 0;
}

static int mode_alarm(int argc, char **argv, char **envp)
{
	(void)argc;
	(void)argv;
	(void)envp;
	return alarm(0) > 0 ? 0 : 1;
}

/* argv: mode, depth. Runs itself again, one deeper, until depth is 0. */
static int mode_again(int argc, char **argv, char **envp)
{
	char depth[16];
	char *args[] = { "prog", "again", depth, NULL };

	(void)argc;
	if (atoi(argv[2]) == 0)
		return 0;
	snprintf(depth, sizeof(depth), "%d", atoi(argv[2]) - 1);
	execve("./prog", args, envp);
	return 1;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv, char **envp);
} modes[] = {
	{ "dump", mode_dump }, { "dump and more", mode_dump }, { "auxv", mode_auxv }, { "signals",
	   mode_signals },
	{ "fds", mode_fds }, { "identity", mode_identity }, { "count", mode_count },
	{ "alarm", mode_alarm }, { "again", mode_again },
};

/* ---- Helpers of the tests ---- */

static void write_file(const char *path, const void *data, size_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) != 0 ||
	    chmod(path, mode) != 0)
		bail_out("%s: %s", path, strerror(errno));
}

static void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text), 0755);
}

static void copy_self(const char *self)
{
	static char buf[65536];
	int in = open(self, O_RDONLY), out = open("prog", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t n;

	if (in < 0 || out < 0)
		bail_out("cannot copy %s: %s", self, strerror(errno));
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, n) != n)
			bail_out("writing ./prog: %s", strerror(errno));
	close(in);
	close(out);
}

/* Runs `path` in a child; the result is as of in_child, 200 + errno if execve itself failed. */
static int run(const char *path, char **argv, char **envp)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		execve(path, argv, envp);
		_exit(errno < 50 ? 200 + errno : 250);
	}
	return end_of(pid);
}

/*
 * Runs `path` as run does, with the report descriptor open; fills buf with the report and *size
 * with its length.
 */
static int run_report(const char *path, char **argv, char **envp, char *buf, size_t *size)
{
	int p[2], result;
	ssize_t n;
	pid_t pid;

	if (pipe(p) != 0)
		bail_out("pipe: %s", strerror(errno));
	pid = tap_fork();
	if (pid == 0) {
		dup2(p[1], REPORT_FD);
		close(p[0]);
		close(p[1]);
		execve(path, argv, envp);
		_exit(errno < 50 ? 200 + errno : 250);
	}
	close(p[1]);
	*size = 0;
	while ((n = read(p[0], buf + *size, 4096 - *size)) > 0)
		*size += n;
	close(p[0]);
	result = end_of(pid);
	return result;
}

/* Whether `report` is exactly the strings of `want`, each with its NUL. */
static int report_is(const char *report, size_t size, const char *const *want)
{
	size_t at = 0;

	for (; *want; want++) {
		size_t n = strlen(*want) + 1;

		if (at + n > size || memcmp(report + at, *want, n) != 0)
			return 0;
		at += n;
	}
	return at == size;
}

static int exec_errno(const char *path)
{
	char *argv[] = { "prog", NULL };
	int result = run(path, argv, empty_env);

	return result > 200 && result < 250 ? result - 200 : 0;
}

/* ---- Tests ---- */

static void test_arguments(void)
{
	static char report[4096];
	char *argv[] = { "any name", "dump", "", "two words", "\"q\"", NULL };
	char *envp[] = { "A=1", "EMPTY=", "no equals sign", NULL };
	const char *want[] = { "any name", "dump", "", "two words", "\"q\"", "A=1", "EMPTY=",
			       "no equals sign", NULL };
	size_t size;

	ok(run_report("./prog", argv, envp, report, &size) == 0 && report_is(report, size, want),
	   "the new program gets arguments and environment as given");
	want[5] = NULL;
	ok(run_report("./prog", argv, empty_env, report, &size) == 0 &&
	   report_is(report, size, want),
	   "an empty environment stays empty");
	ok(run_report("./prog", argv, NULL, report, &size) == 0 && report_is(report, size, want),
	   "a null environment is an empty one");
}

static void test_auxv(void)
{
	char *argv[] = { "prog", "auxv", NULL };
	char one[4096], two[4096];
	size_t n1, n2;
	int result = run_report("./prog", argv, empty_env, one, &n1);

	is(result, 0, "the auxiliary vector is right");
	run_report("./prog", argv, empty_env, two, &n2);
	ok(n1 == 16 && n2 == 16 && memcmp(one, two, 16) != 0,
	   "AT_RANDOM has 16 bytes that differ from run to run");
}

static void on_signal(int sig)
{
	(void)sig;
}

static int exec_with_signals(void)
{
	char *argv[] = { "prog", "signals", NULL };
	static char stack[32768];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	sigset_t set;

	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGHUP);
	sigaltstack(&ss, NULL);
	execve("./prog", argv, empty_env);
	return 100;
}

static int exec_with_fds(void)
{
	char *argv[] = { "prog", "fds", NULL };
	int fd;

	write_text("digits", "0123456789");
	fd = open("digits", O_RDONLY);
	dup3(fd, 20, O_CLOEXEC);
	dup2(fd, 21);
	lseek(fd, 3, SEEK_SET);
	execve("./prog", argv, empty_env);
	return 100;
}

static int exec_with_identity(void)
{
	char pid[16], parent[16], group[16], mask[16], cwd[PATH_MAX];
	char *argv[] = { "prog", "identity", pid, parent, group, mask, cwd, NULL };

	umask(027);
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(parent, sizeof(parent), "%d", getppid());
	snprintf(group, sizeof(group), "%d", getpgrp());
	snprintf(mask, sizeof(mask), "%d", 027);
	if (!getcwd(cwd, sizeof(cwd)))
		return 101;
	execve("./prog", argv, empty_env);
	return 100;
}

static int exec_with_alarm(void)
{
	char *argv[] = { "prog", "alarm", NULL };

	alarm(100);
	execve("./prog", argv, empty_env);
	return 100;
}

static void test_inherited_state(void)
{
	int result = in_child(exec_with_signals);

	is(result, 0,
	   "exec keeps ignored, blocked and pending signals, resets handlers and the "
	   "alternate stack");
	result = in_child(exec_with_fds);
	is(result, 0, "exec closes close-on-exec descriptors and keeps others at their offset");
	unlink("digits");
	result = in_child(exec_with_identity);
	is(result, 0, "exec keeps process, parent, group, umask and working directory");
	ok(in_child(exec_with_alarm) == 0, "exec keeps a running alarm");
}

static void test_chain(void)
{
	char *argv[] = { "prog", "again", "20", NULL };

	ok(run("./prog", argv, empty_env) == 0, "a program may exec itself twenty times over");
}

static void test_vfork_exec(void)
{
	char *argv[] = { "prog", "again", "0", NULL };
	volatile int before = 41;
	pid_t pid = vfork();

	if (pid == 0) {
		execve("./prog", argv, empty_env);
		_exit(100);
	}
	before++;
	ok(end_of(pid) == 0 && before == 42,
	   "exec in a vfork child leaves the parent's memory alone");
	pid = vfork();
	if (pid == 0) {
		execve("./missing", argv, empty_env);
		_exit(errno == ENOENT ? 3 : 4);
	}
	ok(end_of(pid) == 3, "a failed exec in a vfork child returns to the child");
}

static void test_many_arguments(void)
{
	enum { n = 1000 };
	static char *argv[n + 5];
	char *word = malloc(1001);

	memset(word, 'x', 1000);
	word[1000] = 0;
	argv[0] = "prog";
	argv[1] = "count";
	argv[2] = "1000";
	argv[3] = "1000";
	for (int i = 0; i < n; i++)
		argv[4 + i] = word;
	argv[n + 4] = NULL;
	ok(run("./prog", argv, empty_env) == 0, "1000 arguments of 1000 bytes arrive");
	argv[3] = "0";
	for (int i = 0; i < n; i++)
		argv[4 + i] = "";
	ok(run("./prog", argv, empty_env) == 0, "1000 empty arguments arrive");
	free(word);
}

static void test_long_argument(void)
{
	enum { max = 32 * 4096 };
	char *word = malloc(max + 1), size[16];
	char *argv[] = { "prog", "count", "1", size, word, NULL };
	char *envp[] = { word, NULL };

	memset(word, 'x', max);
	word[max] = 0;
	ok(run("./prog", argv, empty_env) == 200 + E2BIG,
	   "one argument of 32 pages and its NUL fails with E2BIG");
	argv[1] = NULL;
	ok(run("./prog", argv, envp) == 200 + E2BIG, "so does one environment string");
	argv[1] = "count";
	word[max - 1] = 0;
	snprintf(size, sizeof(size), "%d", max - 1);
	ok(run("./prog", argv, empty_env) == 0, "one argument of 32 pages with its NUL arrives");
	free(word);
}

static void test_too_many_arguments(void)
{
	enum { n = 64 * 1024 };
	char **argv = malloc((n + 1) * sizeof(*argv));
	static char word[256];

	memset(word, 'x', sizeof(word) - 1);
	for (int i = 0; i < n; i++)
		argv[i] = word;
	argv[n] = NULL;
	ok(run("./prog", argv, empty_env) == 200 + E2BIG, "16 MiB of arguments fail with E2BIG");
	free(argv);
}

static void test_scripts(void)
{
	char report[4096];
	char *argv[] = { "lost", "a", "b c", NULL };
	const char *want[] = { "./prog", "dump", "./script", "a", "b c", NULL };
	const char *spaced[] = { "./prog", "dump and more", "./script", "a", "b c", NULL };
	const char *nested[] = { "./prog", "dump", "./inner", "./script", "a", "b c", NULL };
	size_t size;

	write_text("script", "#!./prog dump\nanything\n");
	ok(run_report("./script", argv, empty_env, report, &size) == 0 &&
	   report_is(report, size, want),
	   "a script runs its interpreter with the argument, the script's path and the arguments");
	write_text("script", "#!./prog dump");
	ok(run_report("./script", argv, empty_env, report, &size) == 0 &&
	   report_is(report, size, want), "the line need not end in a newline");
	write_text("script", "#! \t ./prog \t dump \t \n");
	ok(run_report("./script", argv, empty_env, report, &size) == 0 &&
	   report_is(report, size, want), "blanks around interpreter and argument do not count");
	write_text("script", "#!./prog dump and more\n");
	ok(run_report("./script", argv, empty_env, report, &size) == 0 &&
	   report_is(report, size, spaced), "all the words after the interpreter are one argument");
	write_text("inner", "#!./prog dump\n");
	write_text("script", "#!./inner\n");
	ok(run_report("./script", argv, empty_env, report, &size) == 0 &&
	   report_is(report, size, nested), "the interpreter may be a script itself");
	write_text("script", "#!./script\n");
	ok(exec_errno("./script") == ELOOP,
	   "a script that is its own interpreter fails with ELOOP");
	write_text("script", "#!./missing\n");
	ok(exec_errno("./script") == ENOENT, "a missing interpreter fails with ENOENT");
	write_text("script", "#!\n");
	ok(exec_errno("./script") == ENOEXEC, "no interpreter at all fails with ENOEXEC");
	write_text("script", "#!   \n");
	ok(exec_errno("./script") == ENOEXEC, "nor is a blank one executable");
	write_text("inner", "plain text\n");
	write_text("script", "#!./inner\n");
	ok(exec_errno("./script") == ENOEXEC, "an interpreter of plain text fails with ENOEXEC");
	chmod("inner", 0644);
	ok(exec_errno("./script") == EACCES,
	   "an interpreter that is not executable fails with EACCES");
	unlink("inner");
	unlink("script");
}

static void test_paths(void)
{
	static char name[300], path[5000];

	memset(name, 'n', sizeof(name) - 1);
	memset(path, '/', sizeof(path) - 1);
	ok(exec_errno("./missing") == ENOENT, "exec of a missing file fails with ENOENT");
	ok(exec_errno("") == ENOENT, "exec of the empty path fails with ENOENT");
	ok(exec_errno("./prog/x") == ENOTDIR, "exec through a file fails with ENOTDIR");
	ok(exec_errno(".") == EACCES, "exec of a directory fails with EACCES");
	ok(exec_errno("/dev/null") == EACCES, "exec of a device fails with EACCES");
	ok(exec_errno(name) == ENAMETOOLONG, "exec of a name of 299 bytes fails with ENAMETOOLONG");
	ok(exec_errno(path) == ENAMETOOLONG,
	   "exec of a path of 4999 bytes fails with ENAMETOOLONG");
	symlink("loop", "loop");
	ok(exec_errno("./loop") == ELOOP, "exec of a link to itself fails with ELOOP");
	unlink("loop");
	chmod("prog", 0644);
	ok(exec_errno("./prog") == EACCES,
	   "exec without any x bit fails with EACCES, for root too");
	chmod("prog", 0755);
	symlink("prog", "link");
	char *argv[] = { "prog", "again", "0", NULL };
	ok(run("./link", argv, empty_env) == 0, "exec follows symbolic links");
	unlink("link");
}

static void test_bad_pointers(void)
{
	char *good[] = { "prog", NULL }, *bad[] = { "prog", (char *)8, NULL };

	fails(syscall(SYS_execve, 8L, good, empty_env), EFAULT,
	   "exec with a bad path pointer fails with EFAULT");
	ok(syscall(SYS_execve, "./prog", 8L, empty_env) == -1 && errno == EFAULT,
	   "exec with a bad argument array fails with EFAULT");
	ok(syscall(SYS_execve, "./prog", bad, empty_env) == -1 && errno == EFAULT,
	   "exec with a bad argument string fails with EFAULT");
	ok(syscall(SYS_execve, "./prog", good, bad) == -1 && errno == EFAULT,
	   "exec with a bad environment string fails with EFAULT");
}

/* Files of which execve itself must see that they are no programs. */
static void test_not_programs(void)
{
	static char image[65536];
	int fd = open("prog", O_RDONLY);
	ElfW(Ehdr) *eh = (void *)image;
	ElfW(Ehdr) good;

	if (read(fd, image, sizeof(image)) != sizeof(image))
		bail_out("reading ./prog");
	close(fd);
	good = *eh;
	write_file("bad", "", 0, 0755);
	ok(exec_errno("./bad") == ENOEXEC, "exec of an empty file fails with ENOEXEC");
	write_text("bad", "echo no program\n");
	ok(exec_errno("./bad") == ENOEXEC, "exec of plain text fails with ENOEXEC");
	write_file("bad", image, 4, 0755);
	ok(exec_errno("./bad") == ENOEXEC, "exec of four bytes of ELF fails with ENOEXEC");
	write_file("bad", image, sizeof(good) - 1, 0755);
	ok(exec_errno("./bad") == ENOEXEC, "exec of a cut ELF header fails with ENOEXEC");
	write_file("bad", image, sizeof(good) + 8, 0755);
	ok(exec_errno("./bad") == ENOEXEC, "exec of cut program headers fails with ENOEXEC");

#define HEADER_LIE(change, name) do { \
		*eh = good; \
		change; \
		write_file("bad", image, sizeof(image), 0755); \
		ok(exec_errno("./bad") == ENOEXEC, name); \
	} while (0)
	HEADER_LIE(eh->e_machine = EM_S390, "exec of another machine's program fails with ENOEXEC");
	HEADER_LIE(eh->e_type = ET_REL, "exec of an object file fails with ENOEXEC");
	HEADER_LIE(eh->e_type = ET_CORE, "exec of a core file fails with ENOEXEC");
	HEADER_LIE(eh->e_phnum = 0, "exec without program headers fails with ENOEXEC");
	HEADER_LIE(eh->e_phentsize = 8, "exec with small program headers fails with ENOEXEC");
	HEADER_LIE(eh->e_phoff = 1 << 30,
	   "exec with program headers past the end fails with ENOEXEC");
	HEADER_LIE(eh->e_phoff = -(ElfW(Off))16,
	   "exec with program headers far off fails with ENOEXEC");
	HEADER_LIE(eh->e_phnum = 0xffff, "exec with 65535 program headers fails with ENOEXEC");
	HEADER_LIE(eh->e_ident[0] = 0, "exec without the ELF magic fails with ENOEXEC");
#undef HEADER_LIE
	unlink("bad");
}

/* The file's own loadable segment number `n`. */
static ElfW(Phdr) *segment(char *image, int n)
{
	ElfW(Ehdr) *eh = (void *)image;
	ElfW(Phdr) *ph = (void *)(image + eh->e_phoff);

	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && n-- == 0)
			return &ph[i];
	bail_out("./prog has too few segments");
}

/*
 * Lies that a kernel may notice before or after it gave up the old program: execve fails, or the
 * process dies of a signal; it neither runs on nor hangs.
 */
static void refused(const char *image, size_t size, const char *name)
{
	char *argv[] = { "prog", "again", "0", NULL };
	int result;
	pid_t pid;

	write_file("bad", image, size, 0755);
	pid = tap_fork();
	if (pid == 0) {
		alarm(30);
		execve("./bad", argv, empty_env);
		_exit(200 + (errno & 31));
	}
	result = end_of(pid);
	if (!ok((result > 200 && result < 250) || result == KILLED_BY(SIGSEGV) ||
		result == KILLED_BY(SIGBUS) || result == KILLED_BY(SIGKILL) ||
		result == KILLED_BY(SIGILL), "%s", name))
		diag("it ended with %d", result);
}

static void test_lying_segments(void)
{
	static char image[65536], good[65536];
	ElfW(Ehdr) *eh = (void *)image;
	int fd = open("prog", O_RDONLY);

	if (read(fd, good, sizeof(good)) != sizeof(good))
		bail_out("reading ./prog");
	close(fd);
#define SEGMENT_LIE(change, name) do { \
		memcpy(image, good, sizeof(image)); \
		change; \
		refused(image, sizeof(image), name); \
	} while (0)
	SEGMENT_LIE((void)0, "a program cut in its segments does not run");
	SEGMENT_LIE(segment(image, 0)->p_memsz = 1,
	   "a segment smaller than its file part is refused");
	SEGMENT_LIE(segment(image, 0)->p_memsz = -(ElfW(Addr))4096,
	   "a segment as large as all memory is refused");
	SEGMENT_LIE(segment(image, 0)->p_filesz = segment(image, 0)->p_memsz = -(ElfW(Addr))4096,
		    "a file part as large as all memory is refused");
	SEGMENT_LIE(segment(image, 0)->p_vaddr = -(ElfW(Addr))8192,
	   "a segment in the kernel's half is refused");
	SEGMENT_LIE(segment(image, 0)->p_vaddr += 1,
	   "a segment out of step with its page is refused");
	SEGMENT_LIE(segment(image, 0)->p_offset = -(ElfW(Off))4096,
	   "a segment from far outside the file is refused");
	SEGMENT_LIE(eh->e_entry = -(ElfW(Addr))4096, "an entry in the kernel's half is refused");
	SEGMENT_LIE(eh->e_entry = 0, "an entry at 0 is refused");
#undef SEGMENT_LIE
	unlink("bad");
}

static void test_interpreter_missing(void)
{
	static char image[65536];
	ElfW(Ehdr) *eh = (void *)image;
	ElfW(Phdr) *ph;
	int fd = open("prog", O_RDONLY), at = -1;

	if (read(fd, image, sizeof(image)) != sizeof(image))
		bail_out("reading ./prog");
	close(fd);
	ph = (void *)(image + eh->e_phoff);
	for (int i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type != PT_LOAD)
			at = i;
	ph[at].p_type = PT_INTERP;
	ph[at].p_offset = 40000;
	ph[at].p_filesz = ph[at].p_memsz = 16;
	memcpy(image + 40000, "/no/such/loader", 16);
	write_file("bad", image, sizeof(image), 0755);
	ok(exec_errno("./bad") == ENOENT,
	   "a program whose dynamic loader is missing fails with ENOENT");
	unlink("bad");
}

int main(int argc, char **argv, char **envp)
{
	if (argc > 1) {
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			if (strcmp(argv[1], modes[i].name) == 0)
				return modes[i].run(argc, argv, envp);
		return 99;
	}
	copy_self("/proc/self/exe");
	test_arguments();
	test_auxv();
	test_inherited_state();
	test_chain();
	test_vfork_exec();
	test_many_arguments();
	test_long_argument();
	test_too_many_arguments();
	test_scripts();
	test_paths();
	test_bad_pointers();
	test_not_programs();
	test_lying_segments();
	test_interpreter_missing();
	unlink("prog");
	return done();
}
