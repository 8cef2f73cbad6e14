/*
 * /sys and /proc/sys as programs find them: the CPUs, the names and numbers of the kernel, random
 * identities; which of them can be written, by whom; names of threads through /proc.
 *
 * Nothing is changed on a Linux that runs the tests: what is set there is set to what it was, or
 * refused.
 */
#include "child.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>

/* Writes text to the file, as it is: what write answered, or -1 if it could not be opened. */
static ssize_t spill(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | flags);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return n;
}

static long number_in(const char *path)
{
	char text[64], *end;
	long n = -1;

	if (slurp(path, text, sizeof(text)) > 1 && text[strlen(text) - 1] == '\n') {
		n = strtol(text, &end, 10);
		if (*end != '\n')
			n = -1;
	}
	return n;
}

static bool lists(const char *dir, const char *name, int type)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && (e = readdir(d)))
		found |= !strcmp(e->d_name, name) && e->d_type == type;
	if (d)
		closedir(d);
	return found;
}

/* CPUs of a list like "0-3,5"; -1 if it is none. */
static int count_cpus(const char *path)
{
	char text[256], *p = text;
	int n = 0;

	if (slurp(path, text, sizeof(text)) < 2)
		return -1;
	while (*p >= '0' && *p <= '9') {
		long first = strtol(p, &p, 10), last = first;

		if (*p == '-')
			last = strtol(p + 1, &p, 10);
		n += (int)(last - first) + 1;
		if (*p == ',')
			p++;
	}
	return *p == '\n' && !p[1] ? n : -1;
}

static void test_cpus(void)
{
	int online = count_cpus("/sys/devices/system/cpu/online");
	struct statfs st;
	struct stat a;
	cpu_set_t set;

	want(online > 0);
	want(count_cpus("/sys/devices/system/cpu/present") >= online);
	want(count_cpus("/sys/devices/system/cpu/possible") >= online);
	verdict("/sys/devices/system/cpu has online, possible, present");
	is(get_nprocs(), online, "get_nprocs counts the CPUs that are online");
	is(sysconf(_SC_NPROCESSORS_ONLN), online, "sysconf _SC_NPROCESSORS_ONLN too");
	ok(get_nprocs_conf() >= online, "get_nprocs_conf counts at least as many");
	want_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	ok(CPU_COUNT(&set) <= online, "no more CPUs than these are a process's");
	want(lists("/", "sys", DT_DIR) && lists("/sys", "devices", DT_DIR));
	want(lists("/sys/devices", "system", DT_DIR));
	want(lists("/sys/devices/system", "cpu", DT_DIR));
	want(lists("/sys/devices/system/cpu", "online", DT_REG));
	want(lists("/sys/devices/system/cpu", "cpu0", DT_DIR));
	verdict("/sys lists devices/system/cpu/online and cpu0");
	want_eq(stat("/sys/devices/system/cpu/online", &a), 0);
	want_eq(a.st_mode, S_IFREG | 0444);
	want_eq(a.st_uid, 0);
	want_eq(stat("/sys/devices/system/cpu", &a), 0);
	want_eq(a.st_mode & S_IFMT, S_IFDIR);
	want_eq(statfs("/sys", &st), 0);
	want_eq(st.f_type, 0x62656572);
	verdict("/sys is a file system of its own, with files to read");
	fails(open("/sys/devices/system/cpu/none", O_RDONLY), ENOENT, "no other names are in it");
	want(mkdir("/sys/devices/new", 0755) == -1 && (errno == EPERM || errno == EACCES ||
	   errno == EROFS));
	verdict("none can be made in it");
}

static void test_mounts(void)
{
	static const char *const places[] = { " / ", " /proc ", " /sys ", " /dev " };
	char text[16384];
	int fd = open("/proc/mounts", O_RDONLY);
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (!want(strstr(text, places[i])))
			diag("no%s", places[i]);
	verdict("/proc/mounts shows /, /proc, /sys, /dev");
}

static void test_names(void)
{
	struct utsname u;
	char text[512];

	want_eq(uname(&u), 0);
	want(slurp("/proc/sys/kernel/ostype", text, sizeof(text)) > 0);
	want(!strncmp(text, u.sysname, strlen(u.sysname)) && text[strlen(u.sysname)] == '\n');
	want(slurp("/proc/sys/kernel/osrelease", text, sizeof(text)) > 0);
	want(!strncmp(text, u.release, strlen(u.release)) && text[strlen(u.release)] == '\n');
	want(slurp("/proc/sys/kernel/version", text, sizeof(text)) > 0);
	want(!strncmp(text, u.version, strlen(u.version)) && text[strlen(u.version)] == '\n');
	want(slurp("/proc/sys/kernel/hostname", text, sizeof(text)) > 0);
	want(!strncmp(text, u.nodename, strlen(u.nodename)) && text[strlen(u.nodename)] == '\n');
	want(slurp("/proc/sys/kernel/domainname", text, sizeof(text)) > 0);
	want(!strncmp(text, u.domainname, strlen(u.domainname)));
	verdict("/proc/sys/kernel: ostype, osrelease, version, hostname, domainname are uname's");
}

static void test_numbers(void)
{
	static const char *const more[] = { "/proc/sys/kernel/pid_max",
		"/proc/sys/kernel/threads-max", "/proc/sys/vm/max_map_count",
		"/proc/sys/fs/pipe-max-size", "/proc/sys/fs/nr_open" };

	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		if (!want(number_in(more[i]) >= 1024))
			diag("%s", more[i]);
	verdict("pid_max, threads-max, max_map_count, pipe-max-size, nr_open are numbers");
	want_eq(number_in("/proc/sys/kernel/ngroups_max"), 65536);
	want_eq(sysconf(_SC_NGROUPS_MAX), 65536);
	want(number_in("/proc/sys/vm/overcommit_memory") >= 0);
	want(number_in("/proc/sys/vm/mmap_min_addr") >= 4096);
	want(number_in("/proc/sys/fs/file-max") >= 1024);
	verdict("ngroups_max, overcommit_memory, mmap_min_addr, file-max too");
}

static bool is_uuid(const char *text)
{
	for (int i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
			return false;
	}
	return text[36] == '\n' && !text[37];
}

static void test_random(void)
{
	char a[64], b[64];

	want(slurp("/proc/sys/kernel/random/uuid", a, sizeof(a)) == 37 && is_uuid(a));
	want(slurp("/proc/sys/kernel/random/uuid", b, sizeof(b)) == 37 && is_uuid(b));
	want(strcmp(a, b));
	want(a[14] == '4' && strchr("89ab", a[19]));
	verdict("random/uuid is a new random one each time");
	want(slurp("/proc/sys/kernel/random/boot_id", a, sizeof(a)) == 37 && is_uuid(a));
	want(slurp("/proc/sys/kernel/random/boot_id", b, sizeof(b)) == 37);
	want(!strcmp(a, b));
	want(a[14] == '4' && strchr("89ab", a[19]));
	verdict("random/boot_id stays the same");
	want_eq(number_in("/proc/sys/kernel/random/poolsize"), 256);
	want(number_in("/proc/sys/kernel/random/entropy_avail") > 0);
	verdict("random/poolsize and entropy_avail");
}

static int write_as_nobody(void)
{
	if (setuid(65534))
		return 1;
	if (spill("/proc/sys/vm/max_map_count", "5", 0) != -1 || errno != EACCES)
		return 2;
	if (spill("/proc/sys/kernel/hostname", "no", 0) != -1 || errno != EACCES)
		return 3;
	return number_in("/proc/sys/vm/max_map_count") > 0 ? 0 : 4;
}

/* On Linux /proc/sys may be read-only for the tests. */
static void test_writing(void)
{
	char text[64];
	long n = number_in("/proc/sys/vm/max_map_count");
	bool may;

	is(in_child(write_as_nobody), 0, "only the superuser may write in /proc/sys");
	want_eq(spill("/proc/sys/kernel/ostype", "x", 0), -1);
	want(errno == EACCES || errno == EROFS);
	verdict("ostype cannot be written");
	snprintf(text, sizeof(text), "%ld\n", n);
	may = spill("/proc/sys/vm/max_map_count", text, O_TRUNC) == (ssize_t)strlen(text);
	want(may || errno == EROFS || errno == EACCES);
	if (may) {
		want_eq(number_in("/proc/sys/vm/max_map_count"), n);
		want(spill("/proc/sys/vm/max_map_count", "pages", 0) == -1 && errno == EINVAL);
		want(spill("/proc/sys/vm/max_map_count", "-1", 0) == -1 && errno == EINVAL);
		want(spill("/proc/sys/vm/max_map_count", "99999999999", 0) == -1 &&
		   errno == EINVAL);
		want_eq(number_in("/proc/sys/vm/max_map_count"), n);
	}
	verdict("GEN-5 max_map_count can be written: numbers up to 2147483647");
}

/* --- names of threads --- */

static char other_name[32];

static void *named_thread(void *arg)
{
	char path[64];
	int *step = arg;

	(void)step;
	snprintf(path, sizeof(path), "/proc/self/task/%ld/comm", (long)syscall(SYS_gettid));
	slurp(path, other_name, sizeof(other_name));
	want_eq(spill(path, "worker", 0), 6);
	want_eq(prctl(PR_GET_NAME, other_name), 0);
	return NULL;
}

static void test_comm(void)
{
	char text[64], name[16];
	pthread_t t;
	pid_t pid;

	want_eq(spill("/proc/self/comm", "first", 0), 5);
	want_eq(prctl(PR_GET_NAME, name), 0);
	want(!strcmp(name, "first"));
	want(slurp("/proc/self/comm", text, sizeof(text)) == 6 && !strcmp(text, "first\n"));
	verdict("a process writes its name to /proc/self/comm");
	want_eq(spill("/proc/self/comm", "a name of more than fifteen bytes", 0), 33);
	want(slurp("/proc/self/comm", text, sizeof(text)) == 16);
	want(!strcmp(text, "a name of more \n"));
	verdict("15 bytes of it are kept");
	want_eq(pthread_create(&t, NULL, named_thread, NULL), 0);
	want_eq(pthread_join(t, NULL), 0);
	want(!strcmp(other_name, "worker"));
	want(slurp("/proc/self/comm", text, sizeof(text)) == 16);
	verdict("a thread writes its own to /proc/self/task/TID/comm");
	want_eq(pthread_setname_np(pthread_self(), "main"), 0);
	want_eq(pthread_getname_np(pthread_self(), text, sizeof(text)), 0);
	want(!strcmp(text, "main"));
	verdict("pthread_setname_np and pthread_getname_np");
	pid = sleeping_child();
	snprintf(text, sizeof(text), "/proc/%d/comm", pid);
	want(spill(text, "other", 0) == -1 && errno == EINVAL);
	put_down(pid);
	verdict("the name of another process: EINVAL");
}

/* --- descriptors --- */

static void test_fdinfo(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), flags, n = 0, at = -1;
	char path[64], text[512], name[32];
	struct stat st;
	DIR *d;

	want(fd >= 0 && lseek(fd, 1234, SEEK_SET) == 1234 && fstat(fd, &st) == 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	want(slurp(path, text, sizeof(text)) > 0);
	flags = fcntl(fd, F_GETFL) | O_CLOEXEC;
	want(sscanf(text, "pos:\t%d\nflags:\t%n", &n, &at) == 1 && n == 1234 && at > 0);
	want(at > 0 && (int)strtol(text + at, NULL, 8) == flags);
	snprintf(text, sizeof(text), "%d", fd);
	want(lists("/proc/self/fdinfo", text, DT_REG));
	close(fd);
	want(open(path, O_RDONLY) == -1 && errno == ENOENT);
	d = opendir("/proc/self/fdinfo");
	snprintf(name, sizeof(name), "%d", d ? dirfd(d) : -1);
	if (d)
		closedir(d);
	want(lists("/proc/self/fdinfo", name, DT_REG));
	verdict("/proc/self/fdinfo tells position and flags of each descriptor");
}

/* Programs know a file by the two numbers of its file system and its own. */
static void test_devices(void)
{
	static const char *const roots[] = {"/", "/dev", "/dev/shm", "/proc", "/sys"};
	struct stat st[5];

	for (int i = 0; i < 5; i++) {
		want_eq(stat(roots[i], &st[i]), 0);
		for (int k = 0; k < i; k++)
			want(st[i].st_dev != st[k].st_dev);
	}
	verdict("every file system has a number of its own");
}

int main(void)
{
	test_cpus();
	test_devices();
	test_mounts();
	test_names();
	test_numbers();
	test_random();
	test_writing();
	test_comm();
	test_fdinfo();
	return done();
}
