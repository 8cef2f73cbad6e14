/*
 * Numbers of descriptors while a call is under way that is to fill one: threads that open the last
 * one there may be, and what others see of a number that an open has taken and waits with.
 */
#include "child.h"
#include "folder.h"

#include <pthread.h>
#include <sys/syscall.h>

#define ROUNDS 200

/* The lowest free number. */
static int lowest(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* --- the last number --- */

static pthread_barrier_t barrier;

struct racer {
	const char *name;
	bool cuts; /* a file that is there, else makes it */
	int fd, error;
};

static void *race(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(&barrier);
	r->fd = open(r->name, O_WRONLY | (r->cuts ? O_TRUNC : O_CREAT), 0644);
	r->error = errno;
	return NULL;
}

static void put_text(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	want_eq(write(fd, "text", 4), 4);
	close(fd);
}

static bool was_changed(const struct racer *r)
{
	struct stat st;

	if (stat(r->name, &st) != 0)
		return false;
	return !r->cuts || st.st_size == 0;
}

/* Two threads, one number. Both or none of what belongs to success happened. */
static int one_race(bool cuts)
{
	struct racer r[2] = {{"a", cuts, -1, 0}, {"b", cuts, -1, 0}};
	pthread_t t[2];
	int bad = 0, won = 0;

	for (int i = 0; i < 2; i++) {
		unlink(r[i].name);
		if (cuts)
			put_text(r[i].name);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, race, &r[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 2; i++) {
		bool got = r[i].fd >= 0;

		won += got;
		bad += was_changed(&r[i]) != got || (!got && r[i].error != EMFILE);
		if (got)
			close(r[i].fd);
	}
	return bad || won != 1;
}

static int last_number(void)
{
	struct rlimit rl = {0, 0};
	int bad = 0;

	for (int fd = 3; fd < 100; fd++)
		close(fd);
	rl.rlim_cur = rl.rlim_max = (rlim_t)lowest() + 1;
	if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 1;
	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < ROUNDS; i++)
		bad += one_race(i & 1);
	return bad ? 2 : 0;
}

static int last_for_pipe(void)
{
	struct rlimit rl = {0, 0};
	int low, ends[2] = {-7, -8};

	for (int fd = 3; fd < 100; fd++)
		close(fd);
	low = lowest();
	rl.rlim_cur = rl.rlim_max = (rlim_t)low + 1;
	if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 1;
	if (pipe2(ends, 0) != -1 || errno != EMFILE || ends[0] != -7)
		return 2;
	return lowest() == low ? 0 : 3;
}

/* --- a number that waits --- */

static volatile int opener; /* the thread that waits for the other end of "fifo", once it runs */

static void *open_fifo(void *arg)
{
	(void)arg;
	opener = (int)syscall(SYS_gettid);
	return (void *)(intptr_t)open("fifo", O_RDONLY);
}

static bool proc_shows(int fd)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return lstat(path, &st) == 0;
}

static void test_reserved(void)
{
	pthread_t t;
	void *got;
	pid_t pid;
	int n = lowest(), other, writer;

	want_eq(mkfifo("fifo", 0644), 0);
	pthread_create(&t, NULL, open_fifo, NULL);
	while (opener == 0)
		sched_yield();
	/* Asked only when it waits: asking takes the number for a moment, and open would take the next. */
	want(until_asleep(getpid(), opener));
	want(lowest() != n);
	verdict("an open that waits has its number already");
	fails(fcntl(n, F_GETFD), EBADF, "which is not open");
	fails(close(n), EBADF, "nor can be closed");
	want_eq(syscall(436 /* close_range */, n, n, 0), 0);
	want(lowest() != n);
	verdict("and close_range leaves it alone");
	fails(dup2(0, n), EBUSY, "dup2 to it fails with EBUSY");
	ok(!proc_shows(n), "it is not in /proc/self/fd");
	pid = tap_fork();
	if (pid == 0)
		_exit(lowest() == n && dup2(0, n) == n ? 0 : 1);
	is(end_of(pid), 0, "a child of fork has it free");
	other = dup(0);
	fails(pipe2((int *)-1L, 0), EFAULT, "pipe2 to a bad address fails with EFAULT");
	ok(lowest() == other + 1, "and takes no number");
	writer = open("fifo", O_WRONLY);
	pthread_join(t, &got);
	ok((int)(intptr_t)got == n && fcntl(n, F_GETFD) == 0 && proc_shows(n),
		"the open gets the number");
	close(n);
	close(other);
	close(writer);
	is(lowest(), n, "then it is free");
	unlink("fifo");
}

int main(void)
{
	folder_enter();
	is(in_child(last_number), 0,
		"of two threads that open the last number, one changes a file, one gets EMFILE");
	is(in_child(last_for_pipe), 0, "pipe2 with one number left is EMFILE and keeps none");
	test_reserved();
	unlink("a");
	unlink("b");
	folder_leave();
	return done();
}
