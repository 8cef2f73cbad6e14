/*
 * munmap (MUNMAP): what it removes, what stays, and what comes back.
 */
#include "tap.h"

#include <sys/statfs.h>

static void munmap_1(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0);

	p[0] = 1;
	want_eq(unmap(p, 0), -EINVAL);
	want_eq(unmap(p + 1, 0), -EINVAL);
	want_eq(unmap(NULL, 0), -EINVAL);
	want_eq(unmap((void *)user_limit(), 0), -EINVAL);
	want_eq(p[0], 1);
	unmap(p, PS);
	verdict("MUNMAP-1 length 0 is EINVAL");
}

static void munmap_2(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);

	fill(p, 2 * PS, 1);
	want_eq(unmap(p + 1, PS), -EINVAL);
	want_eq(unmap(p + PS - 1, 1), -EINVAL);
	want_eq(unmap(p + 8, 2 * PS), -EINVAL);
	want(filled(p, 2 * PS, 1));
	unmap(p, 2 * PS);
	want_eq(unmap(p + 1, PS), -EINVAL);
	verdict("MUNMAP-2 unaligned address is EINVAL");
}

static void munmap_3(void)
{
	static const size_t lens[] = {1, PS - 1, PS, PS + 1, 2 * PS + 1};
	static const size_t pages[] = {1, 1, 1, 2, 3};

	for (int i = 0; i < 5; i++) {
		unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0);

		fill(p, 4 * PS, 2);
		want_eq(unmap(p, lens[i]), 0);
		want_fault(p + pages[i] * PS - 1, READ, MAPERR);
		want(filled_from(p + pages[i] * PS, (4 - pages[i]) * PS, 2, pages[i] * PS));
		unmap(p, 4 * PS);
	}
	verdict("MUNMAP-3 every page with a byte of the range goes");
}

static void munmap_4(void)
{
	const unsigned long top = user_limit();
	unsigned char *p = must_map(PS, RW, ANON, -1, 0);

	p[0] = 5;
	want_eq(unmap((void *)top, PS), -EINVAL);
	want_eq(unmap((void *)(top + PS), PS), -EINVAL);
	want_eq(unmap((void *)-PS, PS), -EINVAL);
	want_eq(unmap(p, top), -EINVAL);
	want_eq(unmap(p, -1UL), -EINVAL);
	want_eq(unmap(p, -PS + 1), -EINVAL);
	want_eq(unmap(p, -PS), -EINVAL);
	want_eq(p[0], 5);
	unmap(p, PS);
	want_eq(unmap(NULL, PS), 0);
	verdict("MUNMAP-4 past user space is EINVAL, page 0 is not");
}

static void munmap_5(void)
{
	unsigned char *p = must_map(3 * PS, RW, ANON, -1, 0);

	want_eq(unmap(p, 3 * PS), 0);
	want_eq(unmap(p, 3 * PS), 0);
	want_eq(unmap(p + PS, 1), 0);
	verdict("MUNMAP-5 nothing mapped there is fine");
}

static void munmap_6(void)
{
	int fd = temp_file(3 * PS, 3);
	unsigned char *res = hole(12);

	/* pages: 1-3 anonymous, 4 hole, 5-7 file, 8 hole, 9-11 read-only */
	want_eq(map(res + PS, 3 * PS, RW, ANON | MAP_FIXED, -1, 0), (long)(res + PS));
	want_eq(map(res + 5 * PS, 3 * PS, RW, MAP_SHARED | MAP_FIXED, fd, 0),
		(long)(res + 5 * PS));
	want_eq(map(res + 9 * PS, 3 * PS, PROT_READ, ANON | MAP_FIXED, -1, 0),
		(long)(res + 9 * PS));
	fill(res + PS, 3 * PS, 4);
	want_eq(unmap(res + 2 * PS, 8 * PS), 0);
	want(filled(res + PS, PS, 4));
	for (int i = 2; i < 10; i++)
		want_fault(res + i * PS, READ, MAPERR);
	want(all_zero(res + 10 * PS, 2 * PS));
	want_fault(res + 10 * PS, WRITE, ACCERR);
	want_eq(maps_count(maps_read(), res + 2 * PS, 8 * PS), 0);
	unmap(res, 12 * PS);
	close(fd);
	verdict("MUNMAP-6 a range over several mappings and holes");
}

static void munmap_7(void)
{
	for (int touched = 0; touched < 2; touched++) {
		for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
			int fd = temp_file(8 * PS, 5);
			unsigned char *p = must_map(6 * PS, RW, type, fd, PS);
			const struct map_line *a, *b;
			struct maps *m;

			if (touched)
				want(filled_from(p, 6 * PS, 5, PS));
			want_eq(unmap(p + 2 * PS, PS), 0); /* the middle */
			want_fault(p + 2 * PS, READ, MAPERR);
			m = maps_read();
			a = maps_find(m, p);
			b = maps_find(m, p + 3 * PS);
			want(a && a->start == (unsigned long)p && a->offset == PS &&
				a->end == (unsigned long)(p + 2 * PS));
			want(b && b->start == (unsigned long)(p + 3 * PS) && b->offset == 4 * PS &&
				b->end == (unsigned long)(p + 6 * PS));
			want_eq(unmap(p, PS), 0);          /* a head */
			want_eq(unmap(p + 5 * PS, PS), 0); /* a tail */
			want_fault(p, READ, MAPERR);
			want_fault(p + 5 * PS, WRITE, MAPERR);
			want(filled_from(p + PS, PS, 5, 2 * PS));
			want(filled_from(p + 3 * PS, 2 * PS, 5, 4 * PS));
			unmap(p, 6 * PS);
			close(fd);
		}
	}
	verdict("MUNMAP-7 file mapping cut in the middle, at the head, at the tail");

	unsigned char *p = must_map(6 * PS, RW, ANON, -1, 0);
	fill(p, 2 * PS, 6);
	fill(p + 4 * PS, PS, 7);
	want_eq(unmap(p + 2 * PS, 2 * PS), 0);
	want(filled(p, 2 * PS, 6) && filled(p + 4 * PS, PS, 7) && all_zero(p + 5 * PS, PS));
	unmap(p, 6 * PS);
	verdict("MUNMAP-7 anonymous mapping cut in the middle");
}

static void munmap_8(void)
{
	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		unsigned char *p = must_map(3 * PS, RWX, type | MAP_ANONYMOUS, -1, 0);

		memset(p, 0x77, 3 * PS);
		put_return(p + PS);
		want_fault(p + PS, EXEC, NOFAULT);
		want_eq(unmap(p, 3 * PS), 0);
		want_fault(p, READ, MAPERR);
		want_fault(p + 2 * PS, WRITE, MAPERR);
		want_fault(p + PS, EXEC, MAPERR);
		want_eq(map(p, 3 * PS, RW, type | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
			(long)p);
		want(all_zero(p, 3 * PS));
		unmap(p, 3 * PS);
	}
	verdict("MUNMAP-8 the range is a hole at once, and can be mapped again");
}

static void munmap_9(void)
{
	int fd = temp_file(4 * PS, 8);
	unsigned char *p = must_map(4 * PS, RW, MAP_SHARED, fd, 0);
	unsigned char *q = must_map(4 * PS, RW, MAP_PRIVATE, fd, 0);

	p[PS] = 0;
	p[3 * PS + 9] = 0;
	memset(q + 2 * PS, 0, PS);
	want_eq(unmap(p + PS, PS), 0);
	want_eq(file_byte(fd, PS), 0);
	want_eq(unmap(p, 4 * PS), 0);
	want_eq(file_byte(fd, 3 * PS + 9), 0);
	want_eq(unmap(q, 4 * PS), 0);
	want(file_filled(fd, 2 * PS, PS, 8));
	want(file_filled(fd, 0, PS, 8));
	close(fd);
	verdict("MUNMAP-9 shared stores are in the file, private ones are gone");
}

static void munmap_10(void)
{
	int fd = temp_file(PS + 100, 9);
	unsigned char *p = must_map(2 * PS, RW, MAP_SHARED, fd, 0), buf[PS];

	memset(p + PS, 0x99, PS);
	want_eq(unmap(p, 2 * PS), 0);
	want_eq(file_size(fd), PS + 100);
	want_eq(pread(fd, buf, PS, PS), 100);
	want(all_bytes(buf, 100, 0x99));
	fsync(fd);
	want_eq(file_size(fd), PS + 100);
	close(fd);
	verdict("MUNMAP-10 a dirty last partial page leaves the size alone");
}

static long long blocks_free(void)
{
	struct statfs s;

	if (statfs(".", &s) < 0)
		return -1;
	return (long long)s.f_bfree * s.f_bsize;
}

#define BIG (4 << 20)

/* The space of an unlinked, closed, mapped file is kept, and is free after the last munmap. */
static bool storage_follows_mapping(void)
{
	int fd = temp_file(BIG, 1);
	unsigned char *p = must_map(BIG, PROT_READ, MAP_SHARED, fd, 0);
	long long held, freed;
	bool whole;

	fsync(fd);
	close(fd);
	unmap(p, BIG - PS);
	whole = filled_from(p + BIG - PS, PS, 1, BIG - PS);
	held = blocks_free();
	unmap(p, BIG);
	sync();
	freed = blocks_free();
	return whole && held >= 0 && freed - held >= BIG / 2 && freed - held < 2 * BIG;
}

static void munmap_11(void)
{
	bool good = false;

	/* Others may write to the same disk at the same time; a file that leaks fails each time. */
	for (int try = 0; try < 5 && !good; try++)
		good = storage_follows_mapping();
	ok(good, "MUNMAP-11 the last piece lets an unlinked file's blocks go");
}

/* Half the rounds: memory_kept() calls it twice at least. */
static void rounds(void)
{
	for (int i = 0; i < 10000; i++) {
		unsigned char *p = must_map(16 * PS, RW, i % 4 ? ANON : SHANON, -1, 0);

		for (int j = 0; j < 16; j++)
			p[j * PS] = 1;
		if (unmap(p, 16 * PS) != 0)
			bail_out("munmap fails in round %d", i);
	}
}

static void munmap_12(void)
{
	const size_t size = 8 << 20;
	long before = rss_kb(), with, after;
	unsigned char *p = must_map(size, RW, ANON, -1, 0);

	for (size_t i = 0; i < size; i += PS)
		p[i] = 1;
	with = rss_kb();
	unmap(p, size);
	after = rss_kb();
	diag("VmRSS %ld, %ld, %ld kB", before, with, after);
	want(before > 0 && with - before >= 7 << 10 && with - before <= 10 << 10);
	want(with - after >= 7 << 10);
	verdict("MUNMAP-12 the resident size falls back");
	ok(memory_kept(rounds, 8 << 10), "MUNMAP-12 20000 rounds lose no memory");
}

static int lose_text(void *arg)
{
	struct maps *m = maps_read();
	unsigned long pc = (unsigned long)lose_text;

	(void)arg;
	for (size_t i = 0; i < m->n; i++)
		if (pc >= m->line[i].start && pc < m->line[i].end)
			unmap((void *)m->line[i].start, m->line[i].end - m->line[i].start);
	return 0;
}

static int lose_stack(void *arg)
{
	const struct map_line *l = maps_find(maps_read(), &arg);

	unmap((void *)l->start, l->end - l->start);
	return 0;
}

static int lose_heap(void *arg)
{
	unsigned long end = (unsigned long)sys(SYS_brk, 0) / PS * PS + 2 * PS;

	(void)arg;
	if (sys(SYS_brk, end) != (long)end)
		return 1;
	unsigned char *heap = (unsigned char *)end - PS;
	heap[0] = 1;
	if (unmap(heap, PS) != 0)
		return 2;
	heap[0] = 2;
	return 0;
}

static void munmap_13(void)
{
	want(killed_by(child_status(lose_text, NULL), SIGSEGV));
	want(killed_by(child_status(lose_stack, NULL), SIGSEGV));
	want(killed_by(child_status(lose_heap, NULL), SIGSEGV));
	verdict("MUNMAP-13 a process without text, stack or heap dies alone");
}

struct sharing {
	unsigned char *anon, *priv, *file;
	struct gate unmapped, seen;
};

static void munmap_14_child(void *arg)
{
	struct sharing *s = arg;

	gate_wait(&s->unmapped);
	want(filled(s->anon, 2 * PS, 1) && filled(s->priv, 2 * PS, 2));
	want(filled(s->file, 2 * PS, 3));
	s->anon[0] = 0;
	unmap(s->file, 2 * PS);
	gate_open(&s->seen);
}

static void munmap_14(void)
{
	int fd = temp_file(2 * PS, 3);
	struct sharing s = {
		.anon = must_map(2 * PS, RW, SHANON, -1, 0),
		.priv = must_map(2 * PS, RW, ANON, -1, 0),
		.file = must_map(2 * PS, RW, MAP_SHARED, fd, 0),
	};
	unsigned char *view = must_map(2 * PS, PROT_READ, MAP_SHARED, fd, 0);

	fill(s.anon, 2 * PS, 1);
	fill(s.priv, 2 * PS, 2);
	want(filled(s.file, 2 * PS, 3));
	gate_init(&s.unmapped);
	gate_init(&s.seen);
	pid_t pid = child_start(munmap_14_child, &s);
	unmap(s.anon + PS, PS);
	unmap(s.priv, 2 * PS);
	unmap(s.file, 2 * PS);
	gate_open(&s.unmapped);
	gate_wait(&s.seen);
	want_eq(wait_for(pid), 0);
	want_eq(s.anon[0], 0);
	want(filled(view, 2 * PS, 3));
	unmap(s.anon, 2 * PS);
	unmap(view, 2 * PS);
	gate_free(&s.unmapped);
	gate_free(&s.seen);
	close(fd);
	verdict("MUNMAP-14 another process keeps its mapping of the same pages");
}

int main(void)
{
	munmap_1();
	munmap_2();
	munmap_3();
	munmap_4();
	munmap_5();
	munmap_6();
	munmap_7();
	munmap_8();
	munmap_9();
	munmap_10();
	munmap_11();
	munmap_12();
	munmap_13();
	munmap_14();
	return done();
}
