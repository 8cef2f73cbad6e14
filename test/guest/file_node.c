/*
 * Files that are no plain files: FIFOs, device nodes, symbolic links of /proc that lead to the very
 * file; large directories; sendfile, pipe capacities; and the texts of /proc that no other test
 * reads.
 */
#include "child.h"

#include <dirent.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

static char text[65536];

/* --- FIFOs --- */

static int fifo_writer(void)
{
	int fd = open("fifo", O_WRONLY);

	if (fd < 0 || write(fd, "first", 5) != 5)
		return 1;
	close(fd);
	return 0;
}

static void test_fifo(void)
{
	struct stat st;
	char b[16];
	pid_t pid;
	int r, w;

	is(mkfifo("fifo", 0640), 0, "mkfifo");
	ok(stat("fifo", &st) == 0 && S_ISFIFO(st.st_mode) && (st.st_mode & 0777) == 0640 &&
			st.st_size == 0,
		"stat says what it is");
	fails(mkfifo("fifo", 0640), EEXIST, "mkfifo of a name that is there fails with EEXIST");
	fails(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO,
		"open for writing without a reader fails with ENXIO if it must not wait");
	pid = tap_fork();
	if (pid == 0)
		_exit(fifo_writer());
	r = open("fifo", O_RDONLY);
	want(r >= 0);
	want_eq(read(r, b, sizeof(b)), 5);
	want(memcmp(b, "first", 5) == 0);
	want_eq(read(r, b, sizeof(b)), 0);
	verdict("a reader and a writer wait for one another; the writer's end is the end of file");
	is(end_of(pid), 0, "the writer is content");
	w = open("fifo", O_WRONLY | O_NONBLOCK);
	ok(w >= 0 && write(w, "again", 5) == 5 && read(r, b, sizeof(b)) == 5,
		"it can be opened again");
	fails(lseek(r, 0, SEEK_CUR), ESPIPE, "lseek fails with ESPIPE");
	close(r);
	signal(SIGPIPE, SIG_IGN);
	fails(write(w, "x", 1), EPIPE, "write without readers fails with EPIPE");
	signal(SIGPIPE, SIG_DFL);
	close(w);
	r = open("fifo", O_RDWR);
	ok(r >= 0 && write(r, "self", 4) == 4 && read(r, b, sizeof(b)) == 4,
		"one descriptor can be both ends");
	close(r);
	r = open("fifo", O_RDONLY | O_NONBLOCK);
	ok(r >= 0 && read(r, b, 1) == 0, "what was left in it is gone with the last end");
	close(r);
	is(unlink("fifo"), 0, "unlink");
}

static short poll_now(int fd)
{
	struct pollfd pfd = { fd, POLLIN, -1 };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/* A reader that did not wait for a writer waits for one in poll. */
static void test_fifo_poll(void)
{
	int early, late, w;

	want_eq(mkfifo("fifo", 0600), 0);
	early = open("fifo", O_RDONLY | O_NONBLOCK);
	want_eq(poll_now(early), 0);
	w = open("fifo", O_WRONLY);
	want_eq(poll_now(early), 0);
	close(w);
	want_eq(poll_now(early), POLLHUP);
	late = open("fifo", O_RDONLY | O_NONBLOCK);
	want_eq(poll_now(late), 0);
	want_eq(poll_now(early), POLLHUP);
	w = open("fifo", O_WRONLY);
	want_eq(poll_now(early), 0);
	close(w);
	want_eq(poll_now(late), POLLHUP);
	close(early);
	close(late);
	early = open("fifo", O_RDONLY | O_NONBLOCK);
	want_eq(poll_now(early), 0);
	close(early);
	unlink("fifo");
	verdict("poll tells of a FIFO's end only to who was there when a writer was");
}

/* Ends that come and go together: whoever is the last takes away what the others have left. */
static void test_fifo_closing(void)
{
	pid_t pids[3];

	want_eq(mkfifo("fifo", 0600), 0);
	for (int i = 0; i < 3; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0) {
			for (int k = 0; k < 1000; k++)
				if (close(open("fifo", O_RDWR)) != 0)
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		want_eq(end_of(pids[i]), 0);
	unlink("fifo");
	verdict("three processes open and close a FIFO at once");
}

/* --- device nodes --- */

static void test_nodes(void)
{
	struct stat st;
	char b[8];
	int fd;

	if (mknod("null", S_IFCHR | 0600, makedev(1, 3)) != 0 && errno == EPERM) {
		skip("not allowed here", "device nodes");
		return;
	}
	ok(stat("null", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3),
		"mknod makes a device node");
	fd = open("null", O_RDWR);
	if (fd < 0 && errno == EACCES) {
		skip("the file system is mounted without devices", "opening the node");
	} else {
		ok(fd >= 0 && write(fd, "xyz", 3) == 3 && read(fd, b, 8) == 0,
			"which leads to the device of its number");
		close(fd);
	}
	want_eq(mknod("odd", S_IFCHR | 0600, makedev(300, 70000)), 0);
	want(stat("odd", &st) == 0 && st.st_rdev == makedev(300, 70000));
	want(open("odd", O_RDWR) == -1 && (errno == ENXIO || errno == EACCES));
	verdict("large numbers are kept; there is no such device");
	fails(mknod("null", S_IFREG | 0600, 0), EEXIST,
		"mknod of a name that is there fails with EEXIST");
	ok(mknod("plain", S_IFREG | 0604, 0) == 0 && stat("plain", &st) == 0 &&
			S_ISREG(st.st_mode) && st.st_size == 0,
		"mknod makes plain files too");
	unlink("null");
	unlink("odd");
	unlink("plain");
}

static void test_full(void)
{
	char b[64];
	int fd = open("/dev/full", O_RDWR);

	memset(b, 1, sizeof(b));
	ok(read(fd, b, sizeof(b)) == (ssize_t)sizeof(b) && all_zero(b, sizeof(b)),
		"/dev/full reads as zeros");
	fails(write(fd, b, 1), ENOSPC, "write to it fails with ENOSPC");
	close(fd);
	fd = open("/dev/urandom", O_RDONLY);
	want_eq(read(fd, text, 256), 256);
	want_eq(read(fd, text + 256, 256), 256);
	want(memcmp(text, text + 256, 256) != 0);
	verdict("/dev/urandom does not repeat itself");
	close(fd);
}

/* --- links of /proc --- */

static void test_fd_links(void)
{
	char path[64], target[256];
	int fd = temp_file(100, 1), p[2], again;
	struct stat a, b;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = 0;
	ok(n > 10 && strcmp(target + n - 10, " (deleted)") == 0,
		"the link of a removed file says so");
	again = open(path, O_RDWR);
	ok(again >= 0 && fstat(fd, &a) == 0 && fstat(again, &b) == 0 && a.st_ino == b.st_ino &&
			again != fd,
		"and still leads to the file");
	ok(pwrite(again, "Q", 1, 5) == 1 && pread(fd, target, 1, 5) == 1 && target[0] == 'Q',
		"the same one");
	close(again);
	close(fd);
	fails(open(path, O_RDWR), ENOENT, "after close the link is gone");
	want_eq(pipe(p), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[1]);
	n = readlink(path, target, sizeof(target) - 1);
	want(n > 6 && strncmp(target, "pipe:[", 6) == 0);
	again = open(path, O_WRONLY);
	want(again >= 0 && write(again, "hi", 2) == 2);
	want(read(p[0], target, 2) == 2 && target[0] == 'h');
	close(p[1]);
	want(write(again, "hi", 2) == 2 && read(p[0], target, 2) == 2);
	close(again);
	want_eq(read(p[0], target, 2), 0);
	verdict("a pipe can be opened once more through its link");
	close(p[0]);
	n = readlink("/proc/self/cwd", target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = 0;
	ok(getcwd(text, sizeof(text)) && strcmp(text, target) == 0,
		"/proc/self/cwd is the current directory");
	fd = open("/dev/fd", O_RDONLY | O_DIRECTORY);
	ok(fd >= 0, "/dev/fd is there");
	close(fd);
}

/* --- large directories --- */

#define MANY 2000

static void name_of(char *name, int i)
{
	sprintf(name, "many/%d-%.*s", i, i % 60,
		"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl");
}

static int count_names(void)
{
	DIR *d = opendir("many");
	struct dirent *e;
	int n = 0;

	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void test_many(void)
{
	char name[128], other[128];
	struct dirent *e;
	int found = 0;
	DIR *d;

	want_eq(mkdir("many", 0755), 0);
	for (int i = 0; i < MANY; i++) {
		name_of(name, i);
		want(close(open(name, O_CREAT | O_EXCL | O_WRONLY, 0644)) == 0);
	}
	want_eq(count_names(), MANY);
	verdict("a directory of 2000 files");
	for (int i = 0; i < MANY; i++) {
		name_of(name, i);
		found += access(name, F_OK) == 0;
		name[strlen(name) - 1] ^= 32;
		found -= access(name, F_OK) == 0;
	}
	is(found, MANY, "each is found, and nothing else");
	for (int i = 0; i < MANY; i += 2) {
		name_of(name, i);
		want_eq(unlink(name), 0);
	}
	want_eq(count_names(), MANY / 2);
	for (int i = 1; i < MANY; i += 4) {
		name_of(name, i);
		name_of(other, i - 1);
		want_eq(rename(name, other), 0);
		want(access(name, F_OK) == -1 && access(other, F_OK) == 0);
	}
	want_eq(count_names(), MANY / 2);
	verdict("half of them removed, a quarter renamed");
	fails(rmdir("many"), ENOTEMPTY, "it cannot be removed while there is one");
	d = opendir("many");
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			want_eq(unlinkat(dirfd(d), e->d_name, 0), 0);
	closedir(d);
	want_eq(count_names(), 0);
	want_eq(rmdir("many"), 0);
	verdict("emptied while it is read, and removed");
}

/* --- sendfile, capacities --- */

static void test_sendfile(void)
{
	int in = temp_file(3 * PS, 1), out = temp_file(0, 0), p[2];
	off_t at = 10;
	char a[64], b[64];

	is(sendfile(out, in, &at, 2 * PS), (long)(2 * PS), "sendfile copies");
	ok(at == 10 + 2 * (off_t)PS && lseek(in, 0, SEEK_CUR) == 0 &&
			lseek(out, 0, SEEK_CUR) == 2 * (off_t)PS,
		"and moves the offset it was given, not the file's");
	want(pread(in, a, sizeof(a), 10 + PS) == sizeof(a) &&
		pread(out, b, sizeof(b), PS) == sizeof(b));
	want(memcmp(a, b, sizeof(a)) == 0);
	verdict("the bytes are the same");
	lseek(in, 2 * PS, SEEK_SET);
	ok(sendfile(out, in, NULL, 10 * PS) == (long)PS && lseek(in, 0, SEEK_CUR) == 3 * (off_t)PS,
		"without an offset the file's own moves, to the end of file");
	want_eq(pipe(p), 0);
	at = 0;
	ok(sendfile(p[1], in, &at, 100) == 100 && read(p[0], text, 200) == 100, "into a pipe");
	fails(sendfile(out, p[0], NULL, 1), EINVAL, "out of a pipe fails with EINVAL");
	fails(sendfile(p[0], in, NULL, 1), EBADF, "to a reading end fails with EBADF");
	close(p[0]);
	close(p[1]);
	close(in);
	close(out);
}

static void test_capacity(void)
{
	int p[2], n = 0;

	want_eq(pipe2(p, O_NONBLOCK), 0);
	is(fcntl(p[1], F_GETPIPE_SZ), 65536, "a pipe holds 64 KiB");
	is(fcntl(p[1], F_SETPIPE_SZ, 10000), 16384, "F_SETPIPE_SZ rounds up");
	while (write(p[1], text, 1024) == 1024)
		n++;
	is(n, 16, "then it holds so much");
	fails(fcntl(p[1], F_SETPIPE_SZ, 4096), EBUSY,
		"it cannot be made smaller than what is in it");
	want_eq(fcntl(p[1], F_SETPIPE_SZ, 262144), 262144);
	memset(text, 7, 16384);
	want_eq(write(p[1], text, 65536), 65536);
	want_eq(read(p[0], text, 65536), 65536);
	want_eq(read(p[0], text, 65536), 16384);
	verdict("enlarged, it keeps what is in it and takes more");
	close(p[0]);
	close(p[1]);

	/* How much fits in after the read is the kernel's affair, but not whether it stays. */
	want_eq(pipe2(p, O_NONBLOCK), 0);
	while (write(p[1], text, 4096) == 4096)
		;
	want_eq(read(p[0], text, 100), 100);
	memset(text, 9, 50);
	n = write(p[1], text, 50) == 50 ? 50 : 0;
	want_eq(fcntl(p[1], F_SETPIPE_SZ, 65536), 65536);
	want_eq(fcntl(p[1], F_SETPIPE_SZ, 131072), 131072);
	want_eq(read(p[0], text, 65536 - 100), 65536 - 100);
	want_eq(n ? read(p[0], text, 100) : 0, n);
	want(!n || (text[0] == 9 && text[49] == 9));
	verdict("full, and gone round, too");
	close(p[0]);
	close(p[1]);
	fails(fcntl(0, F_GETPIPE_SZ), EBADF, "a file that is no pipe has no such size");
}

/* A ring that is always partly full comes round many times, page by page. */
static void test_ring(void)
{
	unsigned in = 0, out = 0;
	unsigned char b[3000];
	int p[2], bad = 0;

	want_eq(pipe2(p, O_NONBLOCK), 0);
	for (int round = 0; round < 400; round++) {
		size_t w = 1 + (unsigned)round * 37 % sizeof(b),
		       r = 1 + (unsigned)round * 53 % sizeof(b);
		ssize_t n;

		for (size_t i = 0; i < w; i++)
			b[i] = (unsigned char)((in + i) * 31 >> 3);
		n = write(p[1], b, w);
		in += n > 0 ? (unsigned)n : 0;
		n = read(p[0], b, in - out > 60000 ? sizeof(b) : r / 2 + 1);
		for (ssize_t i = 0; i < n; i++)
			bad += b[i] != (unsigned char)((out + (unsigned)i) * 31 >> 3);
		out += n > 0 ? (unsigned)n : 0;
	}
	is(bad, 0, "bytes come out of a pipe as they went in");
	close(p[0]);
	close(p[1]);
}

/* --- texts --- */

static void test_texts(void)
{
	double up, idle, l1, l5, l15;
	unsigned long v[7];
	int running, total, last, i = 0;
	char name[64], state;
	struct utsname system;

	want(slurp("/proc/uptime", text, sizeof(text)) > 0 &&
		sscanf(text, "%lf %lf", &up, &idle) == 2 && up > 0 && idle >= 0);
	verdict("/proc/uptime");
	want(slurp("/proc/loadavg", text, sizeof(text)) > 0 &&
		sscanf(text, "%lf %lf %lf %d/%d %d", &l1, &l5, &l15, &running, &total, &last) ==
			6 &&
		running >= 1 && total >= running);
	verdict("/proc/loadavg");
	want(slurp("/proc/sys/vm/overcommit_memory", text, sizeof(text)) > 0);
	want(text[0] >= '0' && text[0] <= '2' && text[1] == '\n');
	want(uname(&system) == 0 && (strcmp(system.sysname, "mv6") != 0 || text[0] == '0'));
	verdict("/proc/sys/vm/overcommit_memory tells whether memory is refused");
	fails(chmod("/proc/self/status", 0600), EPERM,
	   "chmod of a text of a process fails with EPERM");
	want(slurp("/proc/stat", text, sizeof(text)) > 0 && strncmp(text, "cpu  ", 5) == 0 &&
		strstr(text, "\ncpu0 ") && strstr(text, "\nbtime "));
	verdict("/proc/stat has a line for all CPUs and one for each");
	want(slurp("/proc/self/mounts", text, sizeof(text)) > 0 ||
		slurp("/proc/mounts", text, sizeof(text)) > 0);
	want(strstr(text, " / ") && strstr(text, " /proc proc "));
	verdict("/proc/mounts lists what is mounted");
	want(slurp("/proc/version", text, sizeof(text)) > 0 && strstr(text, " version "));
	verdict("/proc/version");
	want(slurp("/proc/self/statm", text, sizeof(text)) > 0);
	for (char *s = text; i < 7; i++)
		v[i] = strtoul(s, &s, 10);
	want(v[0] >= v[1] && v[1] > 0);
	want_eq(v[0] * 4, (unsigned long)proc_value("/proc/self/status", "VmSize"));
	verdict("/proc/self/statm agrees with status");
	want(slurp("/proc/self/stat", text, sizeof(text)) > 0);
	want(sscanf(text, "%d (%63[^)]) %c %d", &last, name, &state, &total) == 4);
	want(last == getpid() && state == 'R' && total == getppid());
	for (i = 0; text[i]; i++)
		running = i == 0 ? 1 : running + (text[i] == ' ');
	want(running >= 52);
	verdict("/proc/self/stat has its 52 fields");
	want(slurp("/proc/self/cmdline", text, sizeof(text)) > 0 && strstr(text, "file_node"));
	verdict("/proc/self/cmdline is the command");
	want(slurp("/proc/sys/kernel/pid_max", text, sizeof(text)) > 0 && atoi(text) >= 32768);
	want(slurp("/proc/sys/vm/max_map_count", text, sizeof(text)) > 0 && atoi(text) >= 65530);
	want(slurp("/proc/sys/kernel/ostype", text, sizeof(text)) > 1);
	verdict("/proc/sys/kernel and /proc/sys/vm");
}

static void test_smaps(void)
{
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0);
	unsigned long start, end;
	long rss = -1, dirty = -1, size = -1;
	bool mine = false;

	p[0] = 1;
	want(slurp("/proc/self/smaps", text, sizeof(text)) > 0);
	for (char *s = text; *s; s = strchr(s, '\n') + 1) {
		if (sscanf(s, "%lx-%lx ", &start, &end) == 2)
			mine = start <= (unsigned long)p && (unsigned long)p < end;
		else if (mine && strncmp(s, "Rss:", 4) == 0)
			rss = atol(s + 4);
		else if (mine && strncmp(s, "Private_Dirty:", 14) == 0)
			dirty = atol(s + 14);
		else if (mine && strncmp(s, "Size:", 5) == 0)
			size = atol(s + 5);
		if (!strchr(s, '\n'))
			break;
	}
	ok(size >= 16 && rss >= 4 && dirty >= 4,
		"/proc/self/smaps has a mapping's size, resident and dirty part");
	unmap(p, 4 * PS);
}

/* PROCMAPS-8: sizes follow what is mapped and touched. */
static void test_sizes(void)
{
	long size = proc_value("/proc/self/status", "VmSize");
	long rss = proc_value("/proc/self/status", "VmRSS");
	unsigned char *p = must_map(2048 * PS, RW, ANON, -1, 0);

	want_eq(proc_value("/proc/self/status", "VmSize"), size + 8192);
	for (unsigned i = 0; i < 1024; i++)
		p[i * PS] = 1;
	want(proc_value("/proc/self/status", "VmRSS") >= rss + 4096);
	unmap(p, 2048 * PS);
	want_eq(proc_value("/proc/self/status", "VmSize"), size);
	want(proc_value("/proc/self/status", "VmRSS") < rss + 1024);
	verdict("PROCMAPS-8 VmSize and VmRSS rise and fall");
}

/* PROCMAPS-10 */
static void test_slabinfo(void)
{
	static const char head[] = "slabinfo - version: 2.1\n# name ";
	struct stat st;

	if (stat("/proc/slabinfo", &st) != 0 || access("/proc/slabinfo", R_OK) != 0) {
		skip("there is none here, or it may not be read", "PROCMAPS-10 slabinfo");
		return;
	}
	want((st.st_mode & 07777) == 0400);
	want(slurp("/proc/slabinfo", text, sizeof(text)) > 0);
	want(strncmp(text, head, sizeof(head) - 1) == 0);
	want(strstr(text, " : tunables ") && strstr(text, " : slabdata "));
	verdict("PROCMAPS-10 slabinfo");
}

/* PROCMAPS-12: /proc/PID/maps while the process lives, when it has ended, when it is collected. */
static void test_maps_of_others(void)
{
	pid_t pid = sleeping_child();
	char path[64];
	siginfo_t si;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fd = open(path, O_RDONLY);
	want(fd >= 0 && read(fd, text, sizeof(text)) > 100);
	want(strstr(text, "[stack]") != NULL);
	verdict("PROCMAPS-12 maps of another process");
	kill(pid, SIGKILL);
	waitid(P_PID, pid, &si, WEXITED | WNOWAIT);
	is(slurp(path, text, sizeof(text)), 0, "PROCMAPS-12 a zombie's maps are empty");
	end_of(pid);
	lseek(fd, 0, SEEK_SET);
	fails(read(fd, text, sizeof(text)), ESRCH,
		"PROCMAPS-12 read once it is collected fails with ESRCH");
	close(fd);
	fails(open(path, O_RDONLY), ENOENT, "PROCMAPS-12 so does open, with ENOENT");
}

int main(void)
{
	test_fifo();
	test_fifo_poll();
	test_fifo_closing();
	test_nodes();
	test_full();
	test_fd_links();
	test_many();
	test_sendfile();
	test_capacity();
	test_ring();
	test_texts();
	test_smaps();
	test_sizes();
	test_slabinfo();
	test_maps_of_others();
	return done();
}
