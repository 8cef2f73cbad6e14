/*
 * What real programs make of the system calls, through the C library: a server that waits for many
 * pipes, a daemon that waits for signals, programs started in every way there is, temporary files,
 * patterns of names, walks over trees, the users' and groups' files, questions to sysconf.
 */
#include "child.h"

#include <dirent.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/select.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <time.h>

extern char **environ;

/* --- servers --- */

#define CLIENTS 8
#define ROUNDS 20

/* A client sends numbers, and ends. */
static int client(int to, int n)
{
	for (int i = 0; i < ROUNDS; i++) {
		int word = n * 1000 + i;

		if (write(to, &word, sizeof(word)) != sizeof(word))
			return 1;
		if (i % 7 == n % 7)
			sleep_ms(1);
	}
	return 0;
}

static int from[CLIENTS];
static pid_t clients[CLIENTS];

static void start_clients(void)
{
	for (int i = 0; i < CLIENTS; i++) {
		int p[2];

		want_eq(pipe(p), 0);
		clients[i] = tap_fork();
		if (clients[i] == 0) {
			close(p[0]);
			_exit(client(p[1], i));
		}
		close(p[1]);
		from[i] = p[0];
		fcntl(p[0], F_SETFL, O_NONBLOCK);
	}
}

/* Takes what there is of client i: how many words; the descriptor is closed at the end of file. */
static int take(int i, long *sum)
{
	int word, n = 0;
	ssize_t got;

	while ((got = read(from[i], &word, sizeof(word))) == sizeof(word)) {
		*sum += word;
		n++;
	}
	if (got == 0) {
		close(from[i]);
		from[i] = -1;
	} else {
		want(got == -1 && errno == EAGAIN);
	}
	return n;
}

static void end_clients(int words, long sum)
{
	long expected = 0;

	for (int i = 0; i < CLIENTS; i++) {
		want_eq(end_of(clients[i]), 0);
		expected += ROUNDS * (i * 1000L) + ROUNDS * (ROUNDS - 1) / 2;
	}
	want_eq(words, CLIENTS * ROUNDS);
	want_eq(sum, expected);
}

static void serve_by_select(void)
{
	int open = CLIENTS, words = 0;
	long sum = 0;

	start_clients();
	while (open > 0) {
		fd_set set;
		int top = -1;

		FD_ZERO(&set);
		for (int i = 0; i < CLIENTS; i++) {
			if (from[i] < 0)
				continue;
			FD_SET(from[i], &set);
			top = from[i] > top ? from[i] : top;
		}
		if (!want(select(top + 1, &set, NULL, NULL, NULL) > 0))
			break;
		for (int i = 0; i < CLIENTS; i++) {
			if (from[i] < 0 || !FD_ISSET(from[i], &set))
				continue;
			words += take(i, &sum);
			open -= from[i] < 0;
		}
	}
	end_clients(words, sum);
	verdict("a server waits for eight clients by select");
}

static void serve_by_poll(void)
{
	int open = CLIENTS, words = 0;
	long sum = 0;

	start_clients();
	while (open > 0) {
		struct pollfd fds[CLIENTS];

		for (int i = 0; i < CLIENTS; i++)
			fds[i] = (struct pollfd){ from[i], POLLIN, 0 };
		if (!want(poll(fds, CLIENTS, 60000) > 0))
			break;
		for (int i = 0; i < CLIENTS; i++) {
			if (!fds[i].revents)
				continue;
			words += take(i, &sum);
			open -= from[i] < 0;
		}
	}
	end_clients(words, sum);
	verdict("a server waits for eight clients by poll");
}

/* --- a daemon --- */

static int daemon_main(int to)
{
	sigset_t set;
	char c;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (setsid() < 0 || chdir("/") || write(to, "s", 1) != 1)
		return 1;
	for (;;) {
		int sig;

		if (sigwait(&set, &sig))
			return 2;
		c = sig == SIGHUP ? 'h' : sig == SIGUSR1 ? 'u' : 't';
		if (write(to, &c, 1) != 1)
			return 3;
		if (sig == SIGTERM)
			return 7;
	}
}

static void test_daemon(void)
{
	static const int sigs[] = { SIGHUP, SIGUSR1, SIGHUP, SIGTERM };
	static const char answers[] = "huht";
	pid_t pid;
	char c;
	int p[2];

	want_eq(pipe(p), 0);
	pid = tap_fork();
	if (pid == 0)
		_exit(daemon_main(p[1]));
	close(p[1]);
	want(read(p[0], &c, 1) == 1 && c == 's');
	for (int i = 0; i < 4; i++) {
		want_eq(kill(pid, sigs[i]), 0);
		want(read(p[0], &c, 1) == 1 && c == answers[i]);
	}
	want_eq(read(p[0], &c, 1), 0);
	want_eq(end_of(pid), 7);
	close(p[0]);
	verdict("a daemon takes its signals by sigwait");
}

/* --- starting programs --- */

static void test_popen(void)
{
	char line[64] = "";
	FILE *f = popen("echo one; echo two", "r");

	want(f && fgets(line, sizeof(line), f) && !strcmp(line, "one\n"));
	want(f && fgets(line, sizeof(line), f) && !strcmp(line, "two\n"));
	want(f && !fgets(line, sizeof(line), f));
	want_eq(f ? pclose(f) : -1, 0);
	f = popen("cat >out", "w");
	want(f && fputs("through a pipe\n", f) >= 0);
	want_eq(f ? pclose(f) : -1, 0);
	want(slurp("out", line, sizeof(line)) == 15 && !strcmp(line, "through a pipe\n"));
	unlink("out");
	f = popen("exit 3", "r");
	want_eq(f ? WEXITSTATUS(pclose(f)) : -1, 3);
	verdict("popen reads, writes and tells the status");
	want_eq(WEXITSTATUS(system("exit 5")), 5);
	want_eq(system("echo text >out"), 0);
	want(slurp("out", line, sizeof(line)) == 5 && !strcmp(line, "text\n"));
	want(system(NULL) != 0);
	unlink("out");
	verdict("system runs a shell");
}

static void test_spawn(void)
{
	char *argv[] = { "sh", "-c", "echo $WORD; exit 4", NULL };
	char *env[] = { "WORD=spawned", "PATH=/bin:/usr/bin", NULL }, text[64];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t set;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawnattr_init(&attr);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(&attr, &set);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	want_eq(posix_spawn(&pid, "/bin/sh", &actions, &attr, argv, env), 0);
	want_eq(end_of(pid), 4);
	want(slurp("out", text, sizeof(text)) == 8 && !strcmp(text, "spawned\n"));
	unlink("out");
	verdict("posix_spawn with file actions, a group and an environment");
	want_eq(posix_spawn(&pid, "/bin/there-is-none", NULL, NULL, argv, env), ENOENT);
	want_eq(waitpid(-1, NULL, WNOHANG), -1);
	verdict("posix_spawn tells why it failed, and leaves no child");
	want_eq(posix_spawnp(&pid, "sh", NULL, NULL, (char *[]){ "sh", "-c", "exit 6", NULL },
		   environ), 0);
	want_eq(end_of(pid), 6);
	verdict("posix_spawnp looks along PATH");
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
}

/* --- files --- */

static void test_temporary(void)
{
	char name[] = "tmpXXXXXX", other[] = "tmpXXXXXX", dir[] = "dirXXXXXX", text[16] = "";
	FILE *f = tmpfile();
	struct stat st;
	int fd, fd2;

	want(f && fputs("temporary", f) >= 0 && fflush(f) == 0);
	want(f && fstat(fileno(f), &st) == 0 && st.st_nlink == 0 && st.st_size == 9);
	if (f) {
		rewind(f);
		want(fgets(text, sizeof(text), f) && !strcmp(text, "temporary"));
		fclose(f);
	}
	verdict("tmpfile has no name");
	fd = mkstemp(name);
	fd2 = mkstemp(other);
	want(fd >= 0 && fd2 >= 0 && strcmp(name, other));
	want(fstat(fd, &st) == 0 && st.st_mode == (S_IFREG | 0600));
	close(fd);
	close(fd2);
	want(unlink(name) == 0 && unlink(other) == 0);
	want(mkdtemp(dir) && stat(dir, &st) == 0 && st.st_mode == (S_IFDIR | 0700));
	want_eq(rmdir(dir), 0);
	verdict("mkstemp and mkdtemp make what is nobody else's");
}

static int visited, depth_seen, dirs_after;

static int visit(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)path;
	(void)st;
	visited++;
	depth_seen = w->level > depth_seen ? w->level : depth_seen;
	dirs_after += type == FTW_DP;
	return remove(path);
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	want(fd >= 0);
	close(fd);
}

static void test_trees(void)
{
	glob_t g;

	want(mkdir("tree", 0755) == 0 && mkdir("tree/a", 0755) == 0 && mkdir("tree/a/b", 0755) == 0);
	make_file("tree/one.c");
	make_file("tree/two.c");
	make_file("tree/three.h");
	make_file("tree/a/four.c");
	make_file("tree/a/b/.hidden");
	want_eq(symlink("one.c", "tree/link"), 0);
	want_eq(glob("tree/*.c", 0, NULL, &g), 0);
	want_eq(g.gl_pathc, 2);
	want(g.gl_pathc == 2 && !strcmp(g.gl_pathv[0], "tree/one.c") &&
	   !strcmp(g.gl_pathv[1], "tree/two.c"));
	globfree(&g);
	want_eq(glob("tree/*/*.c", 0, NULL, &g), 0);
	want(g.gl_pathc == 1 && !strcmp(g.gl_pathv[0], "tree/a/four.c"));
	globfree(&g);
	want_eq(glob("tree/[x-z]*", 0, NULL, &g), GLOB_NOMATCH);
	verdict("glob finds names by patterns");
	want_eq(nftw("tree", visit, 8, FTW_DEPTH | FTW_PHYS), 0);
	want_eq(visited, 9);
	want_eq(depth_seen, 3);
	want_eq(dirs_after, 3);
	want(access("tree", F_OK) == -1 && errno == ENOENT);
	verdict("nftw walks a tree and removes it");
}

#define DEEP 60

static void test_deep(void)
{
	char start[PATH_MAX], path[PATH_MAX], *real;
	int depth = 0;

	want(getcwd(start, sizeof(start)) != NULL);
	while (depth < DEEP && mkdir("a-directory-with-a-long-name", 0755) == 0 &&
	   chdir("a-directory-with-a-long-name") == 0)
		depth++;
	want_eq(depth, DEEP);
	want(getcwd(path, sizeof(path)) != NULL);
	want_eq(strlen(path), strlen(start) + (strlen(start) == 1 ? -1 : 0) + DEEP * 29);
	want(getcwd(path, 100) == NULL && errno == ERANGE);
	real = realpath(".", NULL);
	want(real && getcwd(path, sizeof(path)) && !strcmp(real, path));
	free(real);
	while (depth > 0 && chdir("..") == 0 && rmdir("a-directory-with-a-long-name") == 0)
		depth--;
	want(depth == 0 && getcwd(path, sizeof(path)) && !strcmp(path, start));
	verdict("getcwd and realpath sixty directories down");
}

static void test_directory(void)
{
	char name[32], names[3][NAME_MAX + 1] = { "", "", "" };
	struct dirent *e;
	long place = 0;
	int n = 0;
	DIR *d;

	want_eq(mkdir("many", 0755), 0);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "many/file%d", i);
		make_file(name);
	}
	d = opendir("many");
	while (d && (e = readdir(d))) {
		if (n == 50)
			place = telldir(d);
		if (n >= 51 && n < 54)
			strcpy(names[n - 51], e->d_name);
		n++;
	}
	want_eq(n, 102);
	/* telldir after reading entry 50 stands before entry 51. */
	if (d)
		seekdir(d, place);
	for (int i = 0; d && i < 3; i++)
		want((e = readdir(d)) && !strcmp(e->d_name, names[i]));
	if (d)
		rewinddir(d);
	for (n = 0; d && readdir(d);)
		n++;
	want_eq(n, 102);
	if (d)
		closedir(d);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "many/file%d", i);
		unlink(name);
	}
	want_eq(rmdir("many"), 0);
	verdict("telldir, seekdir and rewinddir in a directory of 100 files");
}

/* --- questions --- */

static int count_lines(const char *path)
{
	char text[8192];
	int n = 0;

	if (slurp(path, text, sizeof(text)) <= 0)
		return -1;
	for (char *p = text; (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

static void test_users(void)
{
	struct passwd *p;
	struct group *g;
	FILE *f;
	int n = 0;

	f = fopen("/etc/passwd", "r");
	while (f && (p = fgetpwent(f)))
		n++;
	if (f)
		fclose(f);
	want(n > 0 && n == count_lines("/etc/passwd"));
	f = fopen("/etc/passwd", "r");
	p = f ? fgetpwent(f) : NULL;
	want(p && p->pw_uid == 0 && !strcmp(p->pw_name, "root"));
	if (f)
		fclose(f);
	f = fopen("/etc/group", "r");
	g = f ? fgetgrent(f) : NULL;
	want(g && g->gr_gid == 0 && !strcmp(g->gr_name, "root"));
	if (f)
		fclose(f);
	want(access("/etc/nsswitch.conf", R_OK) == 0);
	verdict("/etc/passwd and /etc/group begin with root");
}

static void test_sysconf(void)
{
	struct rlimit r;
	struct sysinfo info;
	struct tms t;

	want_eq(sysconf(_SC_PAGESIZE), 4096);
	want_eq(sysconf(_SC_CLK_TCK), 100);
	want_eq(getrlimit(RLIMIT_NOFILE, &r), 0);
	want_eq(sysconf(_SC_OPEN_MAX), (long)r.rlim_cur);
	want(sysconf(_SC_ARG_MAX) >= 131072);
	want(sysconf(_SC_CHILD_MAX) == -1 || sysconf(_SC_CHILD_MAX) > 0);
	want(sysconf(_SC_PHYS_PAGES) > 1000);
	want(sysconf(_SC_AVPHYS_PAGES) > 0);
	want(sysconf(_SC_AVPHYS_PAGES) <= sysconf(_SC_PHYS_PAGES));
	want_eq(sysconf(_SC_IOV_MAX), 1024);
	want_eq(sysconf(_SC_NPROCESSORS_ONLN), get_nprocs());
	want(sysconf(_SC_NPROCESSORS_CONF) >= get_nprocs());
	want_eq(pathconf("/", _PC_NAME_MAX), 255);
	want_eq(pathconf("/", _PC_PATH_MAX), 4096);
	want_eq(pathconf("/", _PC_PIPE_BUF), 4096);
	verdict("sysconf and pathconf");
	want_eq(sysinfo(&info), 0);
	want_eq((long)((uint64_t)info.totalram * info.mem_unit / 4096), sysconf(_SC_PHYS_PAGES));
	want(times(&t) != (clock_t)-1 && clock() != (clock_t)-1);
	want(getloadavg((double[3]){ 0 }, 3) == 3);
	verdict("sysinfo, times, clock, getloadavg");
}

static void test_streams(void)
{
	char *text = NULL, line[32];
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	long at;

	want(f && fprintf(f, "%d %s", 42, "words") == 8 && fclose(f) == 0);
	want(size == 8 && text && !strcmp(text, "42 words"));
	free(text);
	f = fopen("stream", "w+");
	for (int i = 0; f && i < 3000; i++)
		fprintf(f, "line %d\n", i);
	want(f && fflush(f) == 0 && fseek(f, 0, SEEK_SET) == 0);
	for (int i = 0; f && i < 2000; i++)
		want(fgets(line, sizeof(line), f) != NULL);
	at = f ? ftell(f) : 0;
	want(f && fgets(line, sizeof(line), f) && !strcmp(line, "line 2000\n"));
	want(f && fseek(f, at, SEEK_SET) == 0);
	want(f && fgets(line, sizeof(line), f) && !strcmp(line, "line 2000\n"));
	want(f && fseek(f, -10, SEEK_END) == 0 && fgets(line, sizeof(line), f));
	want(!strcmp(line, "line 2999\n"));
	want(f && freopen("stream", "a", f) && fputs("more\n", f) >= 0 && fclose(f) == 0);
	want_eq(count_lines("stream") >= 0, 1);
	unlink("stream");
	verdict("streams: buffers, positions, append");
}

int main(void)
{
	serve_by_select();
	serve_by_poll();
	test_daemon();
	test_popen();
	test_spawn();
	test_temporary();
	test_trees();
	test_deep();
	test_directory();
	test_users();
	test_sysconf();
	test_streams();
	return done();
}
