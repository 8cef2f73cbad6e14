/*
 * Devices and /proc: what the special files do, what they say they are, and what /proc tells of
 * the machine, of this process and of others.
 */
#include "child.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <termios.h>

static unsigned char buf[200000];
static char text[65536];

static void test_null(void)
{
	struct stat st;
	int fd = open("/dev/null", O_RDWR);

	want(fd >= 0);
	is(read(fd, buf, 100), 0, "read from /dev/null is at the end of file");
	is(write(fd, buf, sizeof(buf)), (long)sizeof(buf), "write to /dev/null takes everything");
	is(syscall(SYS_write, fd, 8L, 100L), 100, "and does not look at it");
	ok(fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3),
	   "/dev/null is character device 1:3");
	is(lseek(fd, 100, SEEK_SET), 0, "lseek of /dev/null stays at 0");
	close(fd);
	fd = open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
	ok(fd >= 0 && write(fd, "x", 1) == 1, "/dev/null may be opened to create, cut and append");
	fails(ftruncate(fd, 0), EINVAL, "ftruncate of a device fails with EINVAL");
	close(fd);
}

static void test_zero(void)
{
	struct stat st;
	int fd = open("/dev/zero", O_RDWR);

	memset(buf, 1, sizeof(buf));
	want_eq(read(fd, buf, sizeof(buf)), sizeof(buf));
	want(all_zero(buf, sizeof(buf)));
	verdict("read from /dev/zero fills the buffer with zeros");
	is(write(fd, buf, 1000), 1000, "write to /dev/zero takes everything");
	fails(syscall(SYS_read, fd, 8L, 100L), EFAULT,
	   "read from /dev/zero to a bad pointer fails with EFAULT");
	ok(fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 5),
	   "/dev/zero is character device 1:5");
	close(fd);
}

enum { PIECES = 1024 };
static struct iovec pieces[PIECES]; /* all of one buffer: more bytes than there is memory for */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One call that takes long: whoever is in it can be killed, and does not keep others from a CPU. */
static void test_long_calls(void)
{
	volatile int *begun = shared_memory(PS);
	size_t size = 1 << 20;
	double start;
	pid_t pid;

	pieces[0] = (struct iovec){ must_map(size, RW, ANON, -1, 0), size };
	for (int i = 1; i < PIECES; i++)
		pieces[i] = pieces[0];
	pid = tap_fork();
	if (pid == 0) {
		*begun = 1;
		writev(open("/dev/urandom", O_WRONLY), pieces, PIECES);
		_exit(0);
	}
	want(becomes(begun, 1));
	sleep_ms(20);
	start = seconds();
	kill(pid, SIGKILL);
	end_of(pid);
	want(seconds() - start < 5);
	verdict("a process in the middle of a long write to /dev/urandom can be killed");
	unmap(pieces[0].iov_base, size);
}

static int tty_without_session(void)
{
	int fd;

	setsid();
	fd = open("/dev/tty", O_RDWR);
	return fd == -1 && errno == ENXIO ? 0 : 1;
}

static void test_tty(void)
{
	struct stat st;

	ok(stat("/dev/tty", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(5, 0),
	   "/dev/tty is character device 5:0");
	is(in_child(tty_without_session), 0,
	   "open of /dev/tty without a terminal fails with ENXIO");
}

static void test_ioctl(void)
{
	struct termios tio;
	struct winsize ws;
	int fd = temp_file(10, 1), p[2], null = open("/dev/null", O_RDWR);

	fails(ioctl(fd, TCGETS, &tio), ENOTTY, "TCGETS of a file fails with ENOTTY");
	fails(ioctl(fd, TIOCGWINSZ, &ws), ENOTTY, "TIOCGWINSZ of a file fails with ENOTTY");
	fails(ioctl(null, TCGETS, &tio), ENOTTY, "TCGETS of /dev/null fails with ENOTTY");
	want_eq(pipe(p), 0);
	fails(ioctl(p[0], TCGETS, &tio), ENOTTY, "TCGETS of a pipe fails with ENOTTY");
	close(p[0]);
	close(p[1]);
	close(null);
	null = open(".", O_RDONLY);
	fails(ioctl(null, TCGETS, &tio), ENOTTY, "TCGETS of a directory fails with ENOTTY");
	close(null);
	fails(ioctl(fd, 0x12345678, &tio), ENOTTY, "an unknown request fails with ENOTTY");
	close(fd);
	fails(ioctl(fd, TCGETS, &tio), EBADF, "ioctl of a closed descriptor fails with EBADF");
}

static bool lists(const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && (e = readdir(d)))
		found |= strcmp(e->d_name, name) == 0;
	if (d)
		closedir(d);
	return found;
}

static void test_listing(void)
{
	char pid[16];

	ok(lists("/dev", "null") && lists("/dev", "zero") && lists("/dev", "tty"),
	   "/dev lists its devices");
	snprintf(pid, sizeof(pid), "%d", getpid());
	ok(lists("/proc", pid), "/proc lists this process");
	ok(lists("/proc", "meminfo") && lists("/proc", "cpuinfo") && lists("/proc", "self"),
	   "and its files");
	ok(lists("/proc/self", "maps") && lists("/proc/self", "status") &&
	   lists("/proc/self", "exe"),
	   "/proc/self lists maps, status and exe");
	ok(lists("/", "proc") && lists("/", "dev"), "the root lists dev and proc");
}

/* Whether `text` has a line that begins with `name` and a colon; its rest goes to value. */
static bool field(const char *all, const char *name, char *value, size_t size)
{
	size_t n = strlen(name);

	for (const char *s = all; s && *s; s = strchr(s, '\n'), s += s != NULL)
		if (strncmp(s, name, n) == 0 && s[n] == ':') {
			const char *v = s + n + 1 + strspn(s + n + 1, " \t");

			snprintf(value, size, "%.*s", (int)strcspn(v, "\n"), v);
			return true;
		}
	return false;
}

static void test_status(void)
{
	char v[256];
	unsigned long size, rss;

	prctl(PR_SET_NAME, "dev test", 0, 0, 0);
	want(slurp("/proc/self/status", text, sizeof(text)) > 0);
	want(field(text, "Name", v, sizeof(v)) && strcmp(v, "dev test") == 0);
	want(field(text, "Pid", v, sizeof(v)) && atoi(v) == getpid());
	want(field(text, "PPid", v, sizeof(v)) && atoi(v) == getppid());
	want(field(text, "State", v, sizeof(v)) && v[0] == 'R');
	want(field(text, "Uid", v, sizeof(v)) && atoi(v) == (int)getuid());
	want(field(text, "Gid", v, sizeof(v)) && atoi(v) == (int)getgid());
	verdict("/proc/self/status tells name, numbers, state and users");
	want(field(text, "VmSize", v, sizeof(v)) && sscanf(v, "%lu kB", &size) == 1);
	want(field(text, "VmRSS", v, sizeof(v)) && sscanf(v, "%lu kB", &rss) == 1);
	want(size > 0 && rss > 0 && rss <= size);
	verdict("and the size of its memory");
}

static void test_status_of_others(void)
{
	char path[64], v[64];
	pid_t pid = sleeping_child();
	siginfo_t si;
	int state = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	for (int i = 0; i < LOOKS && state != 'S'; i++) {
		if (slurp(path, text, sizeof(text)) > 0 && field(text, "State", v, sizeof(v)))
			state = v[0];
		sleep_ms(1);
	}
	is(state, 'S', "a child that waits is in state S");
	ok(field(text, "PPid", v, sizeof(v)) && atoi(v) == getpid() &&
	   field(text, "Pid", v, sizeof(v)) &&
	   atoi(v) == pid, "its parent is told, too");
	kill(pid, SIGSTOP);
	waitid(P_PID, pid, &si, WSTOPPED);
	ok(slurp(path, text, sizeof(text)) > 0 && field(text, "State", v, sizeof(v)) && v[0] == 'T',
	   "one that is stopped is in state T");
	kill(pid, SIGKILL);
	waitid(P_PID, pid, &si, WEXITED | WNOWAIT);
	ok(slurp(path, text, sizeof(text)) > 0 && field(text, "State", v, sizeof(v)) && v[0] == 'Z',
	   "one that ended is in state Z");
	end_of(pid);
	is(slurp(path, text, sizeof(text)), -ENOENT, "one that is collected is gone");
}

static void test_meminfo(void)
{
	long total = proc_value("/proc/meminfo", "MemTotal");
	long freemem = proc_value("/proc/meminfo", "MemFree");
	char v[64], unit[8];

	ok(total > 1000 && freemem > 0 && freemem <= total,
	   "/proc/meminfo has MemTotal and MemFree");
	ok(slurp("/proc/meminfo", text, sizeof(text)) > 0 &&
	   field(text, "MemTotal", v, sizeof(v)) &&
	   sscanf(v, "%ld %7s", &total, unit) == 2 && strcmp(unit, "kB") == 0, "in kB");
	ok(field(text, "MemAvailable", v, sizeof(v)) && field(text, "Cached", v, sizeof(v)) &&
	   field(text, "SwapTotal", v, sizeof(v)) && field(text, "SwapFree", v, sizeof(v)),
	   "and MemAvailable, Cached and the swap");
}

static void test_cpuinfo(void)
{
	int n = 0;

	want(slurp("/proc/cpuinfo", text, sizeof(text)) > 0);
	for (char *s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		n += strncmp(s, "processor", 9) == 0 && strchr(s, ':') != NULL;
	}
	want(n >= 1);
	verdict("/proc/cpuinfo has a line \"processor\" for each processor");
}

static void test_exe(const char *argv0)
{
	char path[PATH_MAX], real[PATH_MAX], other[64];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	struct stat a, b;

	want(n > 0);
	path[n > 0 ? n : 0] = 0;
	want(path[0] == '/');
	want(stat(path, &a) == 0 && stat("/proc/self/exe", &b) == 0 && a.st_ino == b.st_ino);
	if (strchr(argv0, '/') && realpath(argv0, real))
		want(strcmp(path, real) == 0);
	verdict("/proc/self/exe leads to the program");
	n = readlink("/proc/self", other, sizeof(other) - 1);
	other[n > 0 ? n : 0] = 0;
	ok(atoi(other) == getpid(), "/proc/self leads to the process");
	snprintf(other, sizeof(other), "/proc/%d/exe", getppid());
	n = readlink(other, real, sizeof(real));
	ok(n > 0 || errno == ENOENT, "the parent's exe can be asked for");
}

static void test_reading(void)
{
	static char whole[65536], parts[65536];
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t at = 0;
	ssize_t n, m;
	struct stat st;

	n = read(fd, whole, sizeof(whole));
	for (;;) {
		m = n;
		ssize_t more = read(fd, whole + n, sizeof(whole) - n);
		if (more <= 0)
			break;
		n += more;
	}
	want(n > 0 && m > 0);
	lseek(fd, 0, SEEK_SET);
	while ((m = read(fd, parts + at, 7)) > 0)
		at += m;
	want(m == 0 && (ssize_t)at == n && memcmp(whole, parts, at) == 0);
	verdict("a file of /proc reads the same in pieces of seven bytes");
	want_eq(pread(fd, parts, 10, 5), 10);
	want(memcmp(parts, whole + 5, 10) == 0);
	verdict("and at an offset");
	want(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0);
	verdict("its size is 0");
	close(fd);
}

static void test_not_writable(void)
{
	ok(mkdir("/proc/x", 0755) == -1, "mkdir in /proc fails");
	ok(open("/proc/x", O_RDWR | O_CREAT, 0644) == -1, "so does a new file");
	ok(unlink("/proc/meminfo") == -1 && access("/proc/meminfo", F_OK) == 0,
	   "unlink in /proc fails");
	ok(rename("/proc/meminfo", "/proc/m") == -1, "so does rename");
	fails(open("/proc/none", O_RDONLY), ENOENT,
	   "open of a missing name in /proc fails with ENOENT");
	fails(open("/proc/999999999/status", O_RDONLY), ENOENT,
	   "and of a process that does not exist");
	fails(open("/proc/self/none", O_RDONLY), ENOENT, "and of a missing file of a process");
}

static void test_odd_numbers(void)
{
	static const char *const names[] = { "/proc/0", "/proc/01", "/proc/-1", "/proc/1x",
	   "/proc/4294967297" };
	int found = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		found += access(names[i], F_OK) == 0;
	is(found, 0, "/proc knows processes by their plain numbers only");
}

int main(int argc, char **argv)
{
	(void)argc;
	test_null();
	test_zero();
	test_long_calls();
	test_tty();
	test_ioctl();
	test_listing();
	test_status();
	test_status_of_others();
	test_meminfo();
	test_cpuinfo();
	test_exe(argv[0]);
	test_reading();
	test_not_writable();
	test_odd_numbers();
	return done();
}
