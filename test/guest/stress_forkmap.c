/*
 * stress_forkmap [PROCESSES [SECONDS [SEED]]]
 *
 * Many processes fork, map, touch, protect, unmap, exec themselves and are killed at random, while
 * what they leave is checked. Ends with "stress: N rounds, E errors"; exit status 0 if E is 0.
 *
 * The parent keeps PROCESSES workers alive, one a slot. What outlives a worker is in one control
 * file, mapped shared by all: a header, then two pages a slot, which only its worker changes.
 * A worker writes its second page from front to back, generation after generation, and announces
 * each; so whenever it dies, the page is the new generation up to some byte and the old one from
 * there on, and the parent can tell that nothing else ever got in or was lost.
 *
 * What a worker does follows from the seed, its slot and its incarnation alone; when it is killed
 * does not. Each process holds the write end of a pipe: when the parent reads its end, all are
 * gone.
 */
#include "tap.h"

#include <sched.h>
#include <time.h>

#define MOST_PAGES 40     /* of one private mapping */
#define COMMON_PAGES 64   /* of the file that everybody reads */
#define COMMON_SEED 77

struct control {
	unsigned processes, seed;
	long long deadline;    /* CLOCK_MONOTONIC, in nanoseconds */
	unsigned refused;      /* calls that said ENOMEM or EAGAIN: atomic */
	unsigned execs, forks; /* atomic */
};

/* Head of a slot's first page. */
struct slot {
	unsigned rounds;      /* finished by all its workers */
	unsigned begun, done; /* generation being written, and written, to the second page */
};

static struct {
	const char *path;      /* of this program */
	int control_fd, common_fd, life_fd;
	struct control *control;
	int index;             /* of the worker's slot */
	struct slot *slot;
	unsigned char *page;   /* the slot's second page */
	uint64_t random;
} me;

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* A number in [0, n). */
static unsigned pick(unsigned n)
{
	me.random = me.random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(me.random >> 33) % n;
}

/* A mismatch ends the process; its parent sees the status and ends too, up to who counts. */
#define check(cond) ((cond) ? (void)0 : mismatch(#cond, __LINE__))

static void mismatch(const char *text, int line)
{
	diag("slot %d, round %u: not true: %s (line %d, errno %d)", me.index, me.slot->rounds, text,
		line, errno);
	_exit(1);
}

static void count(unsigned *n)
{
	__atomic_add_fetch(n, 1, __ATOMIC_RELAXED);
}

/* A raw result: true for success, false when there is no memory for it just now. */
static bool granted(long r)
{
	if (!is_error(r))
		return true;
	check(r == -ENOMEM);
	count(&me.control->refused);
	return false;
}

/* A mapping, or NULL when there is no memory for it just now. */
static unsigned char *try_map(size_t pages, int prot, int flags, int fd, off_t offset)
{
	long r = map(NULL, pages * PS, prot, flags, fd, offset);

	return granted(r) ? (unsigned char *)r : NULL;
}

static void must_unmap(unsigned char *p, size_t pages)
{
	check(unmap(p, pages * PS) == 0);
}

/* fork; -1 when there is no memory for it just now. */
static pid_t try_fork(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		check(errno == ENOMEM || errno == EAGAIN);
		count(&me.control->refused);
	} else if (pid > 0) {
		count(&me.control->forks);
	}
	return pid;
}

/*
 * Whole pages marked by one word in every 64 bytes: enough to see a page lost, mixed up or copied
 * in part, and cheap enough that the kernel, not this program, is what runs.
 */
static uint32_t mark(size_t word, unsigned seed)
{
	return (uint32_t)(word + 1) * 2654435761u ^ seed * 40503u;
}

static void stamp(unsigned char *p, size_t pages, unsigned seed)
{
	volatile uint32_t *w = (volatile uint32_t *)p;

	for (size_t i = 0; i < pages * PS / 4; i += 16)
		w[i] = mark(i, seed);
}

static bool stamped(unsigned char *p, size_t pages, unsigned seed)
{
	volatile uint32_t *w = (volatile uint32_t *)p;

	for (size_t i = 0; i < pages * PS / 4; i += 16)
		if (w[i] != mark(i, seed)) {
			diag("word %lu is 0x%x, not 0x%x", (unsigned long)i, w[i], mark(i, seed));
			return false;
		}
	return true;
}

/* ---------------------------------------------------------------- the work */

/* Private memory: some pages filled, a piece unmapped, a piece protected, the rest as it was. */
static void anonymous(void)
{
	size_t n = 4 + pick(MOST_PAGES - 4), cut = 1 + pick((unsigned)n - 2);
	size_t guard = pick((unsigned)cut);
	unsigned step = 1 + pick(3), seed = pick(1000);
	unsigned char *p = try_map(n, RW, ANON, -1, 0);

	if (!p)
		return;
	for (size_t i = 0; i < n; i++)
		check(p[i * PS + pick(PS)] == 0);
	for (size_t i = 0; i < n; i += step)
		stamp(p + i * PS, 1, seed + (unsigned)i);
	if (!granted(unmap(p + cut * PS, PS))) { /* a split needs memory */
		must_unmap(p, n);
		return;
	}
	check(fault_kind(fault_probe(p + cut * PS, READ)) == MAPERR);
	if (granted(protect(p + guard * PS, PS, PROT_READ))) {
		check(fault_kind(fault_probe(p + guard * PS, WRITE)) == ACCERR);
		check(protect(p + guard * PS, PS, RW) == 0);
	}
	for (size_t i = 0; i < n; i++) {
		if (i == cut)
			continue;
		if (i % step == 0)
			check(stamped(p + i * PS, 1, seed + (unsigned)i));
		else
			check(p[i * PS + pick(PS)] == 0);
	}
	must_unmap(p, n);
}

/* Private stores to the file everybody reads. */
static void private_file(void)
{
	size_t first = pick(COMMON_PAGES - 8), n = 1 + pick(8), at = pick((unsigned)(n * PS));
	unsigned char *p = try_map(n, RW, MAP_PRIVATE, me.common_fd, (off_t)(first * PS));

	if (!p)
		return;
	p[at] = 0; /* no pattern has a zero */
	check(filled_from(p, at, COMMON_SEED, first * PS));
	check(p[at] == 0);
	check(filled_from(p + at + 1, n * PS - at - 1, COMMON_SEED, first * PS + at + 1));
	check(file_byte(me.common_fd, (off_t)(first * PS + at)) ==
		pattern(first * PS + at, COMMON_SEED));
	must_unmap(p, n);
}

/* A chain of forks: every level finds its parent's bytes, changes them, and keeps its own. */
static void descend(unsigned char *p, size_t n, unsigned seed, int levels)
{
	int status;
	pid_t pid;

	check(stamped(p, n, seed));
	pid = try_fork();
	if (pid < 0)
		return;
	if (pid == 0) {
		stamp(p, n, seed + 1);
		if (levels > 1)
			descend(p, n, seed + 1, levels - 1);
		check(stamped(p, n, seed + 1));
		_exit(0);
	}
	p[pick((unsigned)(n * PS))] ^= 1; /* while the child is at it */
	stamp(p, n, seed);
	status = wait_for(pid);
	check(status == 0);
	check(stamped(p, n, seed));
}

static void fork_chain(void)
{
	size_t n = 1 + pick(MOST_PAGES / 4);
	unsigned seed = pick(1000);
	unsigned char *p = try_map(n, RW, ANON, -1, 0);

	if (!p)
		return;
	stamp(p, n, seed);
	descend(p, n, seed, 1 + (int)pick(3));
	must_unmap(p, n);
}

/* A child's stores to shared memory, the parent's view of them. */
static void shared_with_child(void)
{
	size_t n = 1 + pick(MOST_PAGES / 2);
	unsigned seed = pick(1000), how = pick(3);
	unsigned char *p = try_map(n, RW, SHANON, -1, 0);
	int status;
	pid_t pid;

	if (!p)
		return;
	pid = try_fork();
	if (pid == 0) {
		stamp(p, n, seed);
		if (how == 1)
			kill(getpid(), SIGKILL);
		if (how == 2)
			must_unmap(p, n);
		_exit(0);
	}
	if (pid > 0) {
		status = wait_for(pid);
		check(how == 1 ? killed_by(status, SIGKILL) : status == 0);
		check(stamped(p, n, seed));
	}
	must_unmap(p, n);
}

#define NAME 40

static void own_name(char *name, pid_t parent, int index)
{
	snprintf(name, NAME, "stress-%ld-%d.tmp", (long)parent, index);
}

/* A file of its own: grown, mapped, stored to, cut, read back, removed. */
static void own_file(void)
{
	size_t size = 1 + pick(8 * PS), cut = pick((unsigned)size), pages = (size + PS - 1) / PS;
	unsigned seed = 1 + pick(1000);
	char name[NAME];
	unsigned char *p;
	int fd;

	own_name(name, getppid(), me.index);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	check(fd >= 0);
	unlink(name);
	check(ftruncate(fd, (off_t)size) == 0);
	p = try_map(pages, RW, MAP_SHARED, fd, 0);
	if (p) {
		check(p[size - 1] == 0);
		fill(p, size, seed);
		check(file_byte(fd, (off_t)size - 1) == pattern(size - 1, seed));
		check(ftruncate(fd, (off_t)cut) == 0);
		check(cut == 0 || filled(p, cut, seed));
		check(cut % PS == 0 || p[(cut / PS + 1) * PS - 1] == 0);
		if (cut <= (pages - 1) * PS)
			check(fault_kind(fault_probe(p + (pages - 1) * PS, READ)) == ADRERR);
		must_unmap(p, pages);
		check(file_size(fd) == (off_t)cut);
		check(cut == 0 || file_filled(fd, 0, cut, seed));
	}
	close(fd);
}

/* The next generation of the slot's page in the control file. */
static void next_generation(void)
{
	unsigned seed = (unsigned)me.index * 1000003u + me.slot->done + 1;
	volatile unsigned char *p = me.page;

	me.slot->begun = me.slot->done + 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	for (size_t i = 0; i < PS; i++)
		p[i] = pattern(i, seed);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	me.slot->done = me.slot->begun;
}

static void exec_myself(void)
{
	char text[6][24];
	char *argv[] = {(char *)me.path, "worker", text[0], text[1], text[2], text[3], text[4],
		NULL};

	snprintf(text[0], sizeof text[0], "%d", me.index);
	snprintf(text[1], sizeof text[1], "%llu", (unsigned long long)me.random);
	snprintf(text[2], sizeof text[2], "%d", me.control_fd);
	snprintf(text[3], sizeof text[3], "%d", me.common_fd);
	snprintf(text[4], sizeof text[4], "%d", me.life_fd);
	count(&me.control->execs);
	execv(me.path, argv);
	check(errno == ENOMEM);
	count(&me.control->refused);
}

static void work(void)
{
	static void (*const jobs[])(void) = {anonymous, private_file, fork_chain,
		shared_with_child, own_file, next_generation};
	unsigned rounds = 20 + pick(200);

	for (unsigned i = 0; i < rounds && now() < me.control->deadline; i++) {
		jobs[pick(sizeof jobs / sizeof jobs[0])]();
		me.slot->rounds++;
		if (pick(40) == 0)
			exec_myself();
	}
	_exit(0);
}

/* ---------------------------------------------------------------- the parent */

static size_t control_size(unsigned processes)
{
	return (1 + 2 * (size_t)processes) * PS;
}

static void attach(int control_fd)
{
	struct stat st;

	if (fstat(control_fd, &st) < 0)
		bail_out("fstat: errno %d", errno);
	me.control_fd = control_fd;
	me.control = (struct control *)must_map((size_t)st.st_size, RW, MAP_SHARED, control_fd, 0);
}

static void choose_slot(int index)
{
	me.index = index;
	me.slot = (struct slot *)((char *)me.control + (1 + 2 * (size_t)index) * PS);
	me.page = (unsigned char *)me.slot + PS;
}

/* The slot's page is one generation, or the next one over it from the front, in memory and file. */
static bool slot_whole(int index)
{
	unsigned char file[PS];
	unsigned old, new;
	size_t i = 0;

	choose_slot(index);
	old = (unsigned)index * 1000003u + me.slot->done;
	new = (unsigned)index * 1000003u + me.slot->begun;
	if (me.slot->begun != me.slot->done && me.slot->begun != me.slot->done + 1)
		return false;
	while (i < PS && me.page[i] == pattern(i, new))
		i++;
	while (i < PS && me.page[i] == pattern(i, old))
		i++;
	if (i < PS) {
		diag("slot %d: byte %lu of its page is wrong", index, (unsigned long)i);
		return false;
	}
	return pread(me.control_fd, file, PS, (off_t)(2 + 2 * (size_t)index) * (off_t)PS) ==
		(ssize_t)PS && !memcmp(file, me.page, PS);
}

static pid_t start_worker(int index, unsigned incarnation)
{
	pid_t pid;

	choose_slot(index);
	if (me.slot->done != me.slot->begun) { /* a half written generation is finished */
		fill(me.page, PS, (unsigned)index * 1000003u + me.slot->begun);
		me.slot->done = me.slot->begun;
	}
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		me.random = me.control->seed * 0x9e3779b97f4a7c15u + (uint64_t)index * 7919 +
			incarnation;
		work();
	}
	if (pid > 0)
		setpgid(pid, pid);
	return pid;
}

struct worker {
	pid_t pid; /* 0: none */
	unsigned incarnation;
	bool killed;
};

/* Takes in every worker that has ended; how many of them ended wrongly. */
static int reap(struct worker *w, int n, bool block)
{
	int errors = 0, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, block ? 0 : WNOHANG)) > 0) {
		for (int i = 0; i < n; i++) {
			if (w[i].pid != pid)
				continue;
			if (status != 0 && !(w[i].killed && killed_by(status, SIGKILL))) {
				diag("slot %d: a worker ended with status 0x%x", i, status);
				errors++;
			}
			if (!slot_whole(i))
				errors++;
			w[i].pid = 0;
			w[i].killed = false;
		}
	}
	return errors;
}

static int supervise(struct worker *w, int n)
{
	struct timespec nap = {0, 20000000};
	int errors = 0, kills = 0;

	while (now() < me.control->deadline) {
		for (int i = 0; i < n; i++)
			if (!w[i].pid && (w[i].pid = start_worker(i, w[i].incarnation++)) < 0) {
				w[i].pid = 0;
				count(&me.control->refused);
			}
		nanosleep(&nap, NULL);
		int victim = (int)pick((unsigned)n);
		if (pick(2) && w[victim].pid && kill(-w[victim].pid, SIGKILL) == 0) {
			w[victim].killed = true;
			kills++;
		}
		errors += reap(w, n, false);
	}
	errors += reap(w, n, true);
	diag("%d kills", kills);
	return errors;
}

static int parent(int processes, int seconds, unsigned seed)
{
	struct worker *w = calloc((size_t)processes, sizeof *w);
	int life[2], errors, control_fd = temp_file(control_size((unsigned)processes), 0);
	unsigned long long rounds = 0;
	char c;

	if (!w || pipe(life) < 0)
		bail_out("no memory or no pipe");
	me.common_fd = temp_file(COMMON_PAGES * PS, COMMON_SEED);
	me.life_fd = life[1];
	attach(control_fd);
	*me.control = (struct control){.processes = (unsigned)processes, .seed = seed,
		.deadline = now() + seconds * 1000000000LL};
	me.random = seed;
	for (int i = 0; i < processes; i++) {
		choose_slot(i);
		fill(me.page, PS, (unsigned)i * 1000003u);
	}
	errors = supervise(w, processes);
	close(life[1]);
	if (read(life[0], &c, 1) != 0) /* until the last orphan is gone */
		errors++;
	for (int i = 0; i < processes; i++) {
		char name[NAME];

		if (!slot_whole(i))
			errors++;
		rounds += me.slot->rounds;
		own_name(name, getpid(), i); /* left by one that was killed before its unlink */
		unlink(name);
	}
	if (!file_filled(me.common_fd, 0, COMMON_PAGES * PS, COMMON_SEED))
		errors++;
	diag("%u forks, %u execs, %u calls refused for lack of memory", me.control->forks,
		me.control->execs, me.control->refused);
	tap_line("stress: ", "%llu rounds, %d errors", rounds, errors);
	return errors || rounds == 0;
}

int main(int argc, char **argv)
{
	int processes = 64, seconds = 20;
	unsigned seed = 1;

	me.path = argv[0];
	if (argc == 7 && !strcmp(argv[1], "worker")) {
		me.random = strtoull(argv[3], NULL, 10);
		me.common_fd = atoi(argv[5]);
		me.life_fd = atoi(argv[6]);
		attach(atoi(argv[4]));
		choose_slot(atoi(argv[2]));
		work();
	}
	if (argc > 1)
		processes = atoi(argv[1]);
	if (argc > 2)
		seconds = atoi(argv[2]);
	if (argc > 3)
		seed = (unsigned)strtoul(argv[3], NULL, 10);
	if (processes < 1 || processes > 10000 || seconds < 1) {
		diag("usage: stress_forkmap [PROCESSES [SECONDS [SEED]]]");
		return 2;
	}
	return parent(processes, seconds, seed);
}
