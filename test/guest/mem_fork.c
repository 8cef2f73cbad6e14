/*
 * Memory across fork (FORK): what is shared, what is copied, what is lost.
 */
#include "tap.h"

struct family {
	int fd;
	unsigned char *anon, *ro, *none, *shanon, *file, *priv, *rx;
	struct gate to_child, to_parent;
	char maps[32768];
};

static void family_make(struct family *f)
{
	f->fd = temp_file(4 * PS, 1);
	f->anon = must_map(4 * PS, RW, ANON, -1, 0);
	f->ro = must_map(PS, RW, ANON, -1, 0);
	f->none = must_map(PS, RW, ANON, -1, 0);
	f->shanon = must_map(4 * PS, RW, SHANON, -1, 0);
	f->file = must_map(3 * PS, RW, MAP_SHARED, f->fd, PS);
	f->priv = must_map(3 * PS, RW, MAP_PRIVATE, f->fd, PS);
	f->rx = must_map(PS, RW, ANON, -1, 0);
	fill(f->anon, 3 * PS, 2); /* the fourth page stays untouched */
	fill(f->ro, PS, 3);
	fill(f->none, PS, 4);
	fill(f->shanon, 2 * PS, 5);
	f->priv[PS] = 0;
	put_return(f->rx);
	protect(f->ro, PS, PROT_READ);
	protect(f->none, PS, PROT_NONE);
	protect(f->rx, PS, RX);
	gate_init(&f->to_child);
	gate_init(&f->to_parent);
}

static void family_free(struct family *f)
{
	unmap(f->anon, 4 * PS);
	unmap(f->ro, PS);
	unmap(f->none, PS);
	unmap(f->shanon, 4 * PS);
	unmap(f->file, 3 * PS);
	unmap(f->priv, 3 * PS);
	unmap(f->rx, PS);
	gate_free(&f->to_child);
	gate_free(&f->to_parent);
	close(f->fd);
}

static struct family fam;
static char child_maps[32768];

static void fork_1_child(void *arg)
{
	struct family *f = arg;

	want(slurp("/proc/self/maps", child_maps, sizeof child_maps) > 0);
	want(!strcmp(child_maps, f->maps));
	gate_wait(&f->to_child); /* the parent has stored by now */
	want(filled(f->anon, 3 * PS, 2) && all_zero(f->anon + 3 * PS, PS));
	want(filled(f->ro, PS, 3));
	want_eq(f->shanon[0], 0xee);
	want_eq(f->shanon[3 * PS], 0xed);
	want_eq(f->file[0], 0xec);
	want(filled_from(f->file + PS, 2 * PS, 1, 2 * PS));
	want(filled_from(f->priv + 1, PS - 1, 1, PS + 1)); /* byte 0 of the file has changed */
	want_eq(f->priv[PS], 0);
	want_eq(f->priv[PS + 1], pattern(2 * PS + 1, 1));
	want_fault(f->rx, EXEC, NOFAULT);
}

static void fork_1(void)
{
	struct family *f = &fam;

	family_make(f);
	want(slurp("/proc/self/maps", f->maps, sizeof f->maps) > 0);
	pid_t pid = child_start(fork_1_child, f);
	f->anon[0] = 0;
	f->anon[3 * PS] = 0xaa;
	f->shanon[0] = 0xee;
	f->shanon[3 * PS] = 0xed;
	f->file[0] = 0xec;
	f->priv[PS + 1] = 0;
	gate_open(&f->to_child);
	want_eq(wait_for(pid), 0);
	family_free(f);
	verdict("FORK-1 the child has every mapping as it was at the fork");
}

static void fork_2_child(void *arg)
{
	struct family *f = arg;

	f->shanon[1] = 0xd1;
	f->shanon[3 * PS + 1] = 0xd2;
	f->file[1] = 0xd3;
	f->file[2 * PS + 1] = 0xd4;
	f->anon[1] = 0;
	f->anon[3 * PS + 1] = 0xd5;
	f->priv[1] = 0;
	f->priv[2 * PS] = 0;
	want_eq(f->anon[1], 0);
	want_eq(f->anon[3 * PS + 1], 0xd5);
	want_eq(f->anon[0], pattern(0, 2));
	gate_open(&f->to_parent);
	gate_wait(&f->to_child);
}

static void fork_2(void)
{
	struct family *f = &fam;

	family_make(f);
	pid_t pid = child_start(fork_2_child, f);
	gate_wait(&f->to_parent); /* the child is still there */
	want_eq(f->shanon[1], 0xd1);
	want_eq(f->shanon[3 * PS + 1], 0xd2);
	want_eq(f->file[1], 0xd3);
	want_eq(f->file[2 * PS + 1], 0xd4);
	want_eq(file_byte(f->fd, PS + 1), 0xd3);
	want_eq(file_byte(f->fd, 3 * PS + 1), 0xd4);
	want(filled(f->anon, 3 * PS, 2) && all_zero(f->anon + 3 * PS, PS));
	/* what the private pages not stored to show of a shared store to the file is free */
	want_eq(f->priv[2 * PS], pattern(3 * PS, 1));
	gate_open(&f->to_child);
	want_eq(wait_for(pid), 0);
	want_eq(f->file[2 * PS + 1], 0xd4);
	family_free(f);
	verdict("FORK-2 the child's shared stores are seen, its private ones are not");
}

static void fork_3_level(void *arg)
{
	unsigned char **p = arg, *mine = p[0];
	static int level;

	want(all_bytes(mine, PS, (unsigned char)level));
	level++;
	memset(mine, level, PS);
	if (level < 4)
		want_child(fork_3_level, p);
	want(all_bytes(mine, PS, (unsigned char)level));
	p[1][level] = (unsigned char)level;
	level--;
}

static void fork_3(void)
{
	int fd = temp_file(PS, 1);
	unsigned char *priv[] = {must_map(PS, RW, ANON, -1, 0), must_map(PS, RW, SHANON, -1, 0)};

	fork_3_level(priv);
	for (int i = 1; i <= 4; i++)
		want_eq(priv[1][i], i);
	want(all_bytes(priv[0], PS, 1));
	unmap(priv[0], PS);
	priv[0] = must_map(PS, RW, MAP_PRIVATE, fd, 0);
	memset(priv[0], 0, PS);
	fork_3_level(priv);
	want(file_filled(fd, 0, PS, 1));
	unmap(priv[0], PS);
	unmap(priv[1], PS);
	close(fd);
	verdict("FORK-3 a chain of forks: every level sees its own value");
}

struct orphan {
	unsigned char *priv, *report;
	struct gate parent_gone, checked;
};

static void orphan_child(void *arg)
{
	struct orphan *o = arg;

	gate_wait(&o->parent_gone);
	o->report[0] = filled(o->priv, 8 * PS, 6) ? 1 : 2;
	o->priv[0] = 9;
	o->report[1] = o->priv[0];
	gate_open(&o->checked);
}

static void orphan_parent(void *arg)
{
	struct orphan *o = arg;

	fill(o->priv, 8 * PS, 6);
	child_start(orphan_child, o);
	memset(o->priv, 0, 4 * PS);
}

static void fork_4(void)
{
	struct orphan o = {.priv = must_map(8 * PS, RW, ANON, -1, 0),
		.report = must_map(PS, RW, SHANON, -1, 0)};

	gate_init(&o.parent_gone);
	gate_init(&o.checked);
	want_child(orphan_parent, &o);
	gate_open(&o.parent_gone);
	gate_wait(&o.checked);
	want_eq(o.report[0], 1);
	want_eq(o.report[1], 9);
	unmap(o.priv, 8 * PS);
	unmap(o.report, PS);
	gate_free(&o.parent_gone);
	gate_free(&o.checked);
	verdict("FORK-4 a child that outlives its parent keeps its bytes");
}

static void fork_5_child(void *arg)
{
	struct family *f = arg;

	want_fault(f->ro, READ, NOFAULT);
	want_fault(f->ro, WRITE, ACCERR);
	want_fault(f->none, READ, ACCERR);
	want_eq(protect(f->none, PS, PROT_READ), 0);
	want(filled(f->none, PS, 4));
	want_fault(f->none, WRITE, ACCERR);
	want_fault(f->rx, WRITE, ACCERR);
	want_eq(protect(f->ro, PS, RW), 0);
	f->ro[0] = 0;
}

static void fork_5(void)
{
	struct family *f = &fam;

	family_make(f);
	want_child(fork_5_child, f);
	want(filled(f->ro, PS, 3));
	want_fault(f->ro, WRITE, ACCERR);
	want_fault(f->none, READ, ACCERR);
	want_eq(protect(f->none, PS, RW), 0);
	want(filled(f->none, PS, 4));
	family_free(f);
	verdict("FORK-5 protections carry over");
}

static void fork_6_child(void *arg)
{
	struct family *f = arg;

	want_eq(unmap(f->anon, PS), 0);
	want_eq(protect(f->anon + PS, PS, PROT_NONE), 0);
	want_eq(map(f->shanon, PS, RW, ANON | MAP_FIXED, -1, 0), (long)f->shanon);
	want(all_zero(f->shanon, PS));
	f->shanon[0] = 0x11;
	want_eq(unmap(f->file, 3 * PS), 0);
	want_eq(protect(f->shanon + PS, PS, PROT_READ), 0);
	gate_open(&f->to_parent);
	gate_wait(&f->to_child); /* now the parent has changed its own */
	want_eq(f->anon[2 * PS], pattern(2 * PS, 2));
	want(filled_from(f->priv + 2 * PS, PS, 1, 3 * PS));
	want_eq(f->shanon[3 * PS], 0x22);
	want_fault(f->shanon + PS, WRITE, ACCERR);
	want_fault(f->anon, READ, MAPERR);
}

static void fork_6(void)
{
	struct family *f = &fam;

	family_make(f);
	pid_t pid = child_start(fork_6_child, f);
	gate_wait(&f->to_parent);
	want(filled(f->anon, 3 * PS, 2));
	f->anon[PS] = 1;
	want(filled(f->shanon, 2 * PS, 5));
	f->shanon[PS] = 1;
	want(filled_from(f->file, 3 * PS, 1, PS));
	f->shanon[3 * PS] = 0x22;
	want_eq(unmap(f->anon + 2 * PS, PS), 0);
	want_eq(protect(f->priv, 3 * PS, PROT_NONE), 0);
	gate_open(&f->to_child);
	want_eq(wait_for(pid), 0);
	want_eq(f->anon[PS + 1], pattern(PS + 1, 2));
	family_free(f);
	verdict("FORK-6 changes of the mappings in one process never show in the other");
}

static unsigned char *heap_end(void)
{
	return (unsigned char *)sys(SYS_brk, 0);
}

static void fork_7_child(void *arg)
{
	unsigned char *end = arg;

	want(heap_end() == end);
	want(filled(end - 2 * PS, 2 * PS, 7));
	end[-1] = 0;
	want_eq(sys(SYS_brk, end + 4 * PS), (long)(end + 4 * PS));
	end[PS] = 1;
	want_eq(sys(SYS_brk, end - 2 * PS), (long)(end - 2 * PS));
	want_fault(end - PS, READ, MAPERR);
}

static void fork_7(void)
{
	unsigned char *end = heap_end() + 2 * PS;

	end = (unsigned char *)((unsigned long)end & -PS);
	want_eq(sys(SYS_brk, end), (long)end);
	fill(end - 2 * PS, 2 * PS, 7);
	want_child(fork_7_child, end);
	want(heap_end() == end);
	want(filled(end - 2 * PS, 2 * PS, 7));
	want_fault(end, READ, MAPERR);
	verdict("FORK-7 break and heap are separate");
}

struct files {
	unsigned char *priv, *shared;
};

static void fork_10_child(void *arg)
{
	struct files *f = arg;

	for (int fd = 3; fd < 64; fd++)
		close(fd);
	want(filled(f->priv, 8 * PS, 8));
	want(filled(f->shared, 8 * PS, 8));
	f->shared[7 * PS] = 0x77;
}

static void fork_10(void)
{
	int fd = temp_file(8 * PS, 8);
	struct files f = {must_map(8 * PS, PROT_READ, MAP_PRIVATE, fd, 0),
		must_map(8 * PS, RW, MAP_SHARED, fd, 0)};

	close(fd);
	want_child(fork_10_child, &f);
	want_eq(f.shared[7 * PS], 0x77);
	want(filled(f.priv, 7 * PS, 8));
	unmap(f.priv, 8 * PS);
	unmap(f.shared, 8 * PS);
	verdict("FORK-10 inherited file mappings load their pages without a descriptor");
}

static unsigned char *inherited;

static int dirty_256(void *arg)
{
	for (int i = 0; i < 256; i++)
		inherited[i * PS + 8] = 1;
	return arg != NULL;
}

/* Half the rounds: memory_kept() calls it twice at least. */
static void fork_rounds(void)
{
	for (int i = 0; i < 250; i++)
		want_eq(child_status(dirty_256, NULL), 0);
}

static void fork_11(void)
{
	inherited = must_map(256 * PS, RW, ANON, -1, 0);
	fill(inherited, 256 * PS, 9);
	want(memory_kept(fork_rounds, 4 << 10));
	want(filled(inherited, 256 * PS, 9));
	unmap(inherited, 256 * PS);
	verdict("FORK-11 500 rounds of a child that dirties 256 pages lose nothing");
}

static void limited_child(void *arg)
{
	(void)arg;
	want(filled(inherited, 16 * PS, 10));
}

static void fork_limited(void *arg)
{
	struct rlimit l = {64 * PS, 64 * PS};

	(void)arg;
	want_eq(setrlimit(RLIMIT_AS, &l), 0);
	want_child(limited_child, NULL);
}

/*
 * Uses up memory, then forks children that only wait, until fork refuses. The exit status says how
 * it went: 0 when fork said ENOMEM and the parent's bytes were whole.
 */
static int fork_until_full(void *arg)
{
	long left = memfree_kb() - 8192;
	struct gate end;
	int result = 3;

	(void)arg;
	gate_init(&end);
	if (left > 0) {
		unsigned char *p = must_map((size_t)left * 1024, RW, ANON | MAP_NORESERVE, -1, 0);

		for (size_t i = 0; i < (size_t)left * 1024; i += PS)
			p[i] = 1;
	}
	for (int i = 0; i < 20000; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			close(end.fd[1]);
			gate_wait(&end); /* ends when no process holds the other end */
			_exit(0);
		}
		if (pid < 0) {
			result = errno == ENOMEM ? 0 : 4;
			break;
		}
	}
	return filled(inherited, 16 * PS, 10) ? result : 5;
}

static void fork_12(void)
{
	inherited = must_map(16 * PS, RW, ANON, -1, 0);
	fill(inherited, 16 * PS, 10);
	want_child(fork_limited, NULL);
	verdict("FORK-12 fork does not check the limit on address space");
	if (!small_machine()) {
		skip("too much memory to use up", "FORK-12 fork without memory is ENOMEM");
		return;
	}
	struct gate life; /* its write end closes with the last of the children's children */
	char c;

	gate_init(&life);
	int status = child_status(fork_until_full, NULL);
	close(life.fd[1]);
	want_eq(read(life.fd[0], &c, 1), 0);
	close(life.fd[0]);
	/* A page of the parent's own stack may be what there is no memory for. */
	want(exited(status, 0) || killed_by(status, SIGKILL));
	if (!exited(status, 0))
		diag("  wait status 0x%x", status);
	want(filled(inherited, 16 * PS, 10));
	want_child(limited_child, NULL);
	unmap(inherited, 16 * PS);
	verdict("FORK-12 fork without memory is ENOMEM");
}

int main(void)
{
	fork_1();
	fork_2();
	fork_3();
	fork_4();
	fork_5();
	fork_6();
	fork_7();
	fork_10();
	fork_11();
	fork_12();
	return done();
}
