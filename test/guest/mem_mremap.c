/*
 * mremap (MREMAP): growing, shrinking and moving mappings with what is in them.
 */
#include "tap.h"

#define MAYMOVE 1
#define FIXED 2
#define DONTUNMAP 4

static long remap(const volatile void *old, size_t old_len, size_t new_len, int flags,
	const volatile void *to)
{
	return sys(SYS_mremap, old, old_len, new_len, flags, to);
}

/* Pages with something in each, at a place in a hole that has room on both sides. */
static unsigned char *map_at(unsigned char *at, size_t pages, int prot, int flags)
{
	if (map(at, pages * PS, prot, flags | MAP_FIXED_NOREPLACE, -1, 0) != (long)at)
		bail_out("no mapping in a hole");
	return at;
}

static void want_hole(unsigned char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		want_fault(p + i * PS, READ, MAPERR);
	want_eq(maps_count(maps_read(), p, pages * PS), 0);
}

static void mremap_1(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0), *to = hole(2);

	fill(p, 2 * PS, 1);
	want_eq(remap(p, 2 * PS, 2 * PS, 8, 0), -EINVAL);
	want_eq(remap(p, 2 * PS, 2 * PS, 0x10 | MAYMOVE, 0), -EINVAL);
	want_eq(remap(p, 2 * PS, 2 * PS, -1, 0), -EINVAL);
	want_eq(remap(p, 2 * PS, 2 * PS, FIXED, to), -EINVAL);
	want_eq(remap(p, 2 * PS, 2 * PS, DONTUNMAP, to), -EINVAL);
	want_eq(remap(p, 2 * PS, PS, MAYMOVE | DONTUNMAP, 0), -EINVAL);
	want_eq(remap(p, PS, 2 * PS, MAYMOVE | DONTUNMAP, 0), -EINVAL);
	want_eq(remap(p, 2 * PS, PS, MAYMOVE | FIXED | DONTUNMAP, to), -EINVAL);
	want(filled(p, 2 * PS, 1));
	unmap(p, 2 * PS);
	verdict("MREMAP-1 flags that do not go together are EINVAL");
}

static void mremap_2(void)
{
	const unsigned long top = user_limit();
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0), *none = hole(4);
	long r;

	fill(p, 2 * PS, 2);
	want_eq(remap(p + 1, PS, PS, MAYMOVE, 0), -EINVAL);
	want_eq(remap(p + 8, PS, 2 * PS, MAYMOVE, 0), -EINVAL);
	want_eq(remap(p, PS, 0, MAYMOVE, 0), -EINVAL);
	want_eq(remap(none, PS, 0, MAYMOVE, 0), -EINVAL);
	want_eq(remap(p, 0, 0, MAYMOVE, 0), -EINVAL);
	if (word_wraps())
		want_eq(remap(p, PS, -1UL, MAYMOVE, 0), -EINVAL);
	r = remap(p, PS, -PS, MAYMOVE, 0);
	want(r == -EINVAL || r == -ENOMEM);
	want_eq(remap(p, PS, top, MAYMOVE, 0), -ENOMEM);
	want_eq(remap(p, PS, top, 0, 0), -ENOMEM);
	want(filled(p, 2 * PS, 2));
	unmap(p, 2 * PS);
	verdict("MREMAP-2 bad addresses and sizes");

	want_eq(remap(none, PS, 2 * PS, MAYMOVE, 0), -EFAULT);
	want_eq(remap(none, PS, 2 * PS, 0, 0), -EFAULT);
	want_eq(remap(none, PS, PS, 0, 0), -EFAULT);
	want_eq(remap(none, PS, PS, MAYMOVE, 0), -EFAULT);
	want_eq(remap(none, 2 * PS, PS, 0, 0), -EFAULT);
	want_eq(remap(none, PS, PS, MAYMOVE | FIXED, none + 2 * PS), -EFAULT);
	want_eq(maps_count(maps_read(), none, 4 * PS), 0);
	verdict("MREMAP-2 a hole is EFAULT");
}

static void mremap_3(void)
{
	unsigned char *p = must_map(3 * PS, RW, ANON, -1, 0);

	fill(p, 3 * PS, 3);
	want_eq(remap(p, 3 * PS, 3 * PS, 0, 0), (long)p);
	want_eq(remap(p, 3 * PS, 3 * PS, MAYMOVE, 0), (long)p);
	want_eq(remap(p, 1, PS, 0, 0), (long)p);
	want_eq(remap(p, PS, 1, 0, 0), (long)p);
	want_eq(remap(p, 2 * PS, PS + 1, 0, 0), (long)p);
	want_eq(remap(p + PS, 2 * PS - 1, 2 * PS, MAYMOVE, 0), (long)(p + PS));
	want(filled(p, 3 * PS, 3));
	want_eq(remap(p, 3 * PS, 4097, 0, 0), (long)p);
	want(filled(p, 2 * PS, 3));
	want_fault(p + 2 * PS, READ, MAPERR);
	unmap(p, 2 * PS);
	verdict("MREMAP-3 the same size is the same address; sizes are rounded up");
}

static void mremap_4(void)
{
	for (int flags = 0; flags <= MAYMOVE; flags++) {
		unsigned char *p = map_at(hole(12), 6, RW, ANON);

		fill(p, 6 * PS, 4);
		want_eq(remap(p, 6 * PS, 2 * PS, flags, 0), (long)p);
		want(filled(p, 2 * PS, 4));
		want_hole(p + 2 * PS, 4);
		unmap(p, 2 * PS);
	}
	verdict("MREMAP-4 shrink: the tail goes, the head stays");

	for (int flags = 0; flags <= MAYMOVE; flags++) {
		unsigned char *p = map_at(hole(12), 2, RW, ANON);

		fill(p, 2 * PS, 5);
		want_eq(remap(p, 2 * PS, 6 * PS, flags, 0), (long)p);
		want(filled(p, 2 * PS, 5) && all_zero(p + 2 * PS, 4 * PS));
		want_eq(maps_count(maps_read(), p, 6 * PS), 1);
		want_fault(p + 6 * PS, READ, MAPERR);
		fill(p, 6 * PS, 6);
		want(filled(p, 6 * PS, 6));
		unmap(p, 6 * PS);
	}
	verdict("MREMAP-4 grow with room: in place, and zeros");
}

static void mremap_5(void)
{
	unsigned char *p = map_at(hole(12), 3, RW, ANON), *q;
	long r;

	fill(p, 3 * PS, 7);
	map_at(p + 3 * PS, 1, PROT_READ, ANON);
	want_eq(remap(p, 3 * PS, 4 * PS, 0, 0), -ENOMEM);
	want_eq(remap(p, 3 * PS, 100 * PS, 0, 0), -ENOMEM);
	want(filled(p, 3 * PS, 7));
	verdict("MREMAP-5 grow without room is ENOMEM");

	r = remap(p, 3 * PS, 5 * PS, MAYMOVE, 0);
	if (want(!is_error(r))) {
		q = (unsigned char *)r;
		want(q != p);
		want(filled(q, 3 * PS, 7) && all_zero(q + 3 * PS, 2 * PS));
		fill(q, 5 * PS, 8);
		want(filled(q, 5 * PS, 8));
		unmap(q, 5 * PS);
	}
	want_hole(p, 3);
	want(all_zero(p + 3 * PS, PS));
	unmap(p + 3 * PS, PS);
	verdict("MREMAP-5 grow without room moves, if it may");
}

static void mremap_6(void)
{
	unsigned char *p = map_at(hole(12), 6, RW, ANON);
	long r;

	fill(p, 6 * PS, 9);
	want_eq(remap(p + PS, 2 * PS, 3 * PS, 0, 0), -ENOMEM);
	want(filled(p, 6 * PS, 9));
	r = remap(p + PS, 2 * PS, 3 * PS, MAYMOVE, 0);
	if (want(!is_error(r))) {
		want(filled_from((void *)r, 2 * PS, 9, PS));
		want(all_zero((unsigned char *)r + 2 * PS, PS));
		unmap((void *)r, 3 * PS);
	}
	want(filled(p, PS, 9));
	want_hole(p + PS, 2);
	want(filled_from(p + 3 * PS, 3 * PS, 9, 3 * PS));
	unmap(p, 6 * PS);
	verdict("MREMAP-6 a part of a mapping moves, and leaves a hole");
}

static void mremap_7(void)
{
	unsigned char *p = map_at(hole(12), 2, RW, ANON), *to = hole(6);
	long r;

	map_at(p + 2 * PS, 2, PROT_READ, ANON);
	fill(p, 2 * PS, 10);
	want_eq(remap(p, 4 * PS, 5 * PS, MAYMOVE, 0), -EFAULT);
	want_eq(remap(p, 4 * PS, 5 * PS, 0, 0), -EFAULT);
	want_eq(remap(p + 2 * PS, 3 * PS, 5 * PS, MAYMOVE, 0), -EFAULT);
	want_eq(remap(p, 4 * PS, 4 * PS, 0, 0), (long)p);
	want_eq(remap(p, 4 * PS, 4 * PS, MAYMOVE, 0), (long)p);
	want_eq(remap(p + 2 * PS, 6 * PS, 6 * PS, 0, 0), (long)(p + 2 * PS));
	want(filled(p, 2 * PS, 10) && all_zero(p + 2 * PS, 2 * PS));
	verdict("MREMAP-7 over two mappings: grow is EFAULT, the same size is nothing");

	r = remap(p, 4 * PS, 4 * PS, MAYMOVE | FIXED, to);
	if (want(r == -EFAULT || r == (long)to)) {
		unsigned char *at = r == (long)to ? to : p;

		want(filled(at, 2 * PS, 10) && all_zero(at + 2 * PS, 2 * PS));
		want_fault(at + 2 * PS, WRITE, ACCERR);
		unmap(at, 4 * PS);
	}
	verdict("MREMAP-7 over two mappings, to a fixed place: EFAULT, or all of it");

	p = map_at(hole(12), 2, RW, ANON);
	map_at(p + 2 * PS, 2, PROT_READ, ANON);
	map_at(p + 5 * PS, 1, RW, ANON);
	fill(p, 2 * PS, 11);
	want_eq(remap(p, 8 * PS, 3 * PS, 0, 0), (long)p);
	want(filled(p, 2 * PS, 11) && all_zero(p + 2 * PS, PS));
	want_hole(p + 3 * PS, 5);
	want_eq(remap(p, 3 * PS, PS, 0, 0), (long)p);
	want(filled(p, PS, 11));
	want_hole(p + PS, 2);
	unmap(p, PS);
	verdict("MREMAP-7 over several mappings: shrink works");
}

static void mremap_8(void)
{
	unsigned char *p = must_map(3 * PS, RW, ANON, -1, 0), *t = map_at(hole(12), 7, RW, ANON);

	fill(p, 3 * PS, 12);
	fill(t, 7 * PS, 13);
	want_eq(remap(p, 3 * PS, 3 * PS, MAYMOVE | FIXED, t + 2 * PS), (long)(t + 2 * PS));
	want(filled(t, 2 * PS, 13) && filled(t + 2 * PS, 3 * PS, 12));
	want(filled_from(t + 5 * PS, 2 * PS, 13, 5 * PS));
	want_hole(p, 3);
	/* within one mapping, downwards and upwards */
	want_eq(remap(t + 4 * PS, 2 * PS, 2 * PS, MAYMOVE | FIXED, t), (long)t);
	want(filled_from(t, PS, 12, 2 * PS) && filled_from(t + PS, PS, 13, 5 * PS));
	want_hole(t + 4 * PS, 2);
	want_eq(remap(t, 2 * PS, 2 * PS, MAYMOVE | FIXED, t + 2 * PS), (long)(t + 2 * PS));
	want(filled_from(t + 2 * PS, PS, 12, 2 * PS) && filled_from(t + 3 * PS, PS, 13, 5 * PS));
	want_hole(t, 2);
	want(filled_from(t + 6 * PS, PS, 13, 6 * PS));
	unmap(t, 7 * PS);
	verdict("MREMAP-8 fixed: lands exactly there, and replaces what was there");

	for (int up = 0; up < 2; up++) {
		unsigned char *from, *to;

		t = must_map(20 * PS, RW, ANON, -1, 0);
		from = t + (up ? 4 : 14) * PS;
		to = t + (up ? 14 : 4) * PS;
		fill(t, 20 * PS, 29);
		want_eq(remap(from, 2 * PS, 3 * PS, MAYMOVE | FIXED, to), (long)to);
		want(filled_from(to, 2 * PS, 29, up ? 4 * PS : 14 * PS) && all_zero(to + 2 * PS, PS));
		want_hole(from, 2);
		for (size_t i = 0; i < 20; i++)
			if ((i < 4 || i > 6) && (i < 14 || i > 16))
				want(filled_from(t + i * PS, PS, 29, i * PS));
		unmap(t, 20 * PS);
	}
	verdict("MREMAP-8 fixed: within one mapping, with rests on all sides");

	int fd = temp_file(8 * PS, 14);
	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		t = must_map(8 * PS, RW, type, fd, 0);
		/* the old range ends, or begins, where the new one begins, or ends */
		want_eq(remap(t + PS, 2 * PS, 2 * PS, MAYMOVE | FIXED, t + 3 * PS), (long)(t + 3 * PS));
		want(filled_from(t + 3 * PS, 2 * PS, 14, PS));
		want_hole(t + PS, 2);
		want_eq(remap(t + 6 * PS, PS, PS, MAYMOVE | FIXED, t + 5 * PS), (long)(t + 5 * PS));
		want(filled_from(t + 5 * PS, PS, 14, 6 * PS));
		want_hole(t + 6 * PS, 1);
		want(filled(t, PS, 14) && filled_from(t + 7 * PS, PS, 14, 7 * PS));
		unmap(t, 8 * PS);
	}
	close(fd);
	verdict("MREMAP-8 fixed: old and new range side by side in one mapping");
}

static void mremap_9(void)
{
	const unsigned long top = user_limit();
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0), *to = hole(4);
	const int flags = MAYMOVE | FIXED;

	fill(p, 4 * PS, 15);
	want_eq(remap(p, 2 * PS, 2 * PS, flags, to + 1), -EINVAL);
	want_eq(remap(p, 2 * PS, 2 * PS, flags, to + 0x800), -EINVAL);
	want_eq(remap(p, 2 * PS, 2 * PS, flags, (void *)top), -EINVAL);
	want_eq(remap(p, 2 * PS, 2 * PS, flags, (void *)(top - PS)), -EINVAL);
	want_eq(remap(p, 2 * PS, 2 * PS, flags, p), -EINVAL);
	want_eq(remap(p, 2 * PS, 2 * PS, flags, p + PS), -EINVAL);
	want_eq(remap(p + PS, 2 * PS, 2 * PS, flags, p), -EINVAL);
	want_eq(remap(p + 2 * PS, PS, 3 * PS, flags, p), -EINVAL);
	want_eq(remap(p, 4 * PS, PS, flags, p + 3 * PS), -EINVAL);
	want(filled(p, 4 * PS, 15));
	want_eq(maps_count(maps_read(), to, 4 * PS), 0);
	unmap(p, 4 * PS);
	verdict("MREMAP-9 fixed: a bad place is EINVAL");
}

static void mremap_10(void)
{
	unsigned char *p = must_map(5 * PS, RW, ANON, -1, 0), *to = hole(10);

	fill(p, 5 * PS, 16);
	want_eq(remap(p, 5 * PS, 2 * PS, MAYMOVE | FIXED, to), (long)to);
	want(filled(to, 2 * PS, 16));
	want_hole(p, 5);
	want_fault(to + 2 * PS, READ, MAPERR);
	want_eq(remap(to, 2 * PS, 4 * PS, MAYMOVE | FIXED, to + 5 * PS), (long)(to + 5 * PS));
	want(filled(to + 5 * PS, 2 * PS, 16) && all_zero(to + 7 * PS, 2 * PS));
	want_hole(to, 2);
	unmap(to + 5 * PS, 4 * PS);
	verdict("MREMAP-10 fixed, with another size");
}

static void mremap_11(void)
{
	unsigned char *none = hole(2), *t = must_map(2 * PS, RW, ANON, -1, 0);
	long r;

	fill(t, 2 * PS, 17);
	want_eq(remap(none, 2 * PS, 2 * PS, MAYMOVE | FIXED, t), -EFAULT);
	want_eq(remap(none, PS, 2 * PS, MAYMOVE | FIXED, t), -EFAULT);
	want(filled(t, 2 * PS, 17));
	r = remap(none, PS, PS, MAYMOVE | FIXED, t + 1);
	want(r == -EINVAL || r == -EFAULT);
	want(filled(t, 2 * PS, 17));
	unmap(t, 2 * PS);
	verdict("MREMAP-11 fixed, from a hole: EFAULT, the target's mapping stays");
}

static void mremap_12(void)
{
	int fd = temp_file(4 * PS, 18);
	unsigned char *p = must_map(3 * PS, RW, SHANON, -1, 0), *q;
	long r;

	fill(p, 3 * PS, 19);
	want_eq(remap(p, 0, 2 * PS, 0, 0), -ENOMEM);
	r = remap(p + PS, 0, 2 * PS, MAYMOVE, 0);
	if (want(!is_error(r))) {
		q = (unsigned char *)r;
		want(filled_from(q, 2 * PS, 19, PS) && filled(p, 3 * PS, 19));
		q[5] = 0x11;
		want_eq(p[PS + 5], 0x11);
		p[2 * PS] = 0x12;
		want_eq(q[PS], 0x12);
		unmap(q, 2 * PS);
	}
	unmap(p, 3 * PS);
	p = must_map(2 * PS, PROT_READ, MAP_SHARED, fd, PS);
	r = remap(p, 0, PS, MAYMOVE | FIXED, q = hole(2));
	want_eq(r, (long)q);
	want(filled_from(q, PS, 18, PS) && filled_from(p, 2 * PS, 18, PS));
	unmap(p, 2 * PS);
	unmap(q, PS);
	p = must_map(PS, RW, ANON, -1, 0);
	want_eq(remap(p, 0, PS, MAYMOVE, 0), -EINVAL);
	want_eq(remap(p, 0, PS, 0, 0), -EINVAL);
	unmap(p, PS);
	p = must_map(PS, RW, MAP_PRIVATE, fd, 0);
	want_eq(remap(p, 0, PS, MAYMOVE, 0), -EINVAL);
	unmap(p, PS);
	close(fd);
	verdict("MREMAP-12 old size 0: a second view of shared memory");
}

static void mremap_13(void)
{
	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		int fd = temp_file(5 * PS + 100, 20);
		unsigned char *p = must_map(2 * PS, RW, type, fd, PS), *q;
		const struct map_line *l;
		long r;

		want(filled_from(p, 2 * PS, 20, PS));
		r = remap(p, 2 * PS, 7 * PS, MAYMOVE, 0);
		if (!want(!is_error(r)))
			continue;
		q = (unsigned char *)r;
		want(filled_from(q, 4 * PS + 100, 20, PS) && all_zero(q + 4 * PS + 100, PS - 100));
		want_fault(q + 5 * PS, READ, ADRERR);
		want_fault(q + 6 * PS, WRITE, ADRERR);
		q[PS] = 0;
		q[3 * PS] = 0;
		r = remap(q + PS, 3 * PS, 3 * PS, MAYMOVE | FIXED, p = hole(3));
		want_eq(r, (long)p);
		want(p[0] == 0 && p[2 * PS] == 0);
		want(filled_from(p + 1, 2 * PS - 1, 20, 2 * PS + 1));
		l = maps_find(maps_read(), p);
		want(l && l->offset == 2 * PS && l->end == (unsigned long)(p + 3 * PS));
		if (type == MAP_PRIVATE)
			want(file_filled(fd, 0, 5 * PS + 100, 20));
		else
			want(file_byte(fd, 2 * PS) == 0 && file_byte(fd, 4 * PS) == 0);
		unmap(p, 3 * PS);
		unmap(q, 7 * PS);
		close(fd);
	}
	verdict("MREMAP-13 file mappings grow and move, and private stores with them");

	/* Truncation finds a private copy where it has gone. */
	int fd = temp_file(4 * PS, 21);
	unsigned char *p = must_map(4 * PS, RW, MAP_PRIVATE, fd, 0), *q = hole(4);

	memset(p, 0x33, 4 * PS);
	want_eq(remap(p + PS, 3 * PS, 3 * PS, MAYMOVE | FIXED, q), (long)q);
	want_eq(ftruncate(fd, 2 * PS), 0);
	want(all_bytes(q, PS, 0x33) && all_bytes(p, PS, 0x33));
	want_fault(q + PS, READ, ADRERR);
	want_fault(q + 2 * PS, WRITE, ADRERR);
	unmap(p, PS);
	unmap(q, 3 * PS);
	close(fd);
	verdict("MREMAP-13 truncation cuts what has moved");
}

static void mremap_14(void)
{
	unsigned char *p = must_map(3 * PS, RW, ANON, -1, 0), *to = hole(6);
	int fd = temp_file(3 * PS, 23);
	long r;

	fill(p, 3 * PS, 22);
	r = remap(p, 3 * PS, 3 * PS, MAYMOVE | DONTUNMAP, 0);
	if (want(!is_error(r) && r != (long)p)) {
		want(filled((void *)r, 3 * PS, 22));
		want(all_zero(p, 3 * PS));
		fill(p, 3 * PS, 24);
		want(filled((void *)r, 3 * PS, 22) && filled(p, 3 * PS, 24));
		unmap((void *)r, 3 * PS);
	}
	want_eq(remap(p + PS, PS, PS, MAYMOVE | DONTUNMAP | FIXED, to), (long)to);
	want(filled_from(to, PS, 24, PS) && all_zero(p + PS, PS));
	want(filled(p, PS, 24) && filled_from(p + 2 * PS, PS, 24, 2 * PS));
	want_eq(remap(p, PS, PS, MAYMOVE | DONTUNMAP, to + 2 * PS), (long)(to + 2 * PS));
	r = remap(p + 2 * PS, PS, PS, MAYMOVE | DONTUNMAP, to);
	want(!is_error(r) && r != (long)to);
	want(filled_from((void *)r, PS, 24, 2 * PS));
	unmap((void *)r, PS);
	unmap(to, 3 * PS);
	unmap(p, 3 * PS);
	verdict("MREMAP-14 DONTUNMAP: the pages go, the old range reads zeros");

	p = must_map(3 * PS, RW, SHANON, -1, 0);
	fill(p, 3 * PS, 25);
	want_eq(remap(p, 3 * PS, 3 * PS, MAYMOVE | DONTUNMAP | FIXED, to), (long)to);
	want(filled(p, 3 * PS, 25) && filled(to, 3 * PS, 25));
	to[0] = 0;
	want_eq(p[0], 0);
	unmap(p, 3 * PS);
	unmap(to, 3 * PS);
	p = must_map(3 * PS, RW, MAP_PRIVATE, fd, 0);
	p[PS] = 0;
	want_eq(remap(p, 3 * PS, 3 * PS, MAYMOVE | DONTUNMAP | FIXED, to), (long)to);
	want(to[PS] == 0 && filled(to, PS, 23));
	want(filled(p, 3 * PS, 23));
	unmap(p, 3 * PS);
	unmap(to, 3 * PS);
	close(fd);
	verdict("MREMAP-14 DONTUNMAP: the old range shows the object again");
}

/* How much of both is counted as locked is left open: Linux counts the old range for ever. */
static void mremap_14_locked(void *arg)
{
	struct rlimit limit = { 6 * PS, 6 * PS };
	unsigned char *p = map_at(hole(8), 6, RW, ANON), *to = hole(6);

	(void)arg;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		bail_out("setrlimit: errno %d", errno);
	drop_privileges();
	want_eq(sys(SYS_mlock, p, 6 * PS), 0);
	fill(p, 6 * PS, 26);
	want_eq(remap(p, 6 * PS, 6 * PS, MAYMOVE | DONTUNMAP | FIXED, to), (long)to);
	want(filled(to, 6 * PS, 26) && all_zero(p, 6 * PS));
	want_eq(sys(SYS_madvise, p, 6 * PS, MADV_DONTNEED), 0);
	want_eq(sys(SYS_madvise, to, PS, MADV_DONTNEED), -EINVAL);
	unmap(p, 6 * PS);
	map_at(p, 6, RW, ANON);
	want_eq(remap(to + PS, PS, PS, MAYMOVE | DONTUNMAP | FIXED, p), (long)p);
	want(filled_from(p, PS, 26, PS) && all_zero(to + PS, PS));
	want_eq(sys(SYS_madvise, p, PS, MADV_DONTNEED), -EINVAL);
	want_eq(sys(SYS_madvise, p + PS, PS, MADV_DONTNEED), 0);
	for (int i = 0; i < 6; i++)
		want_eq(sys(SYS_madvise, to + i * PS, PS, MADV_DONTNEED), 0);
}

static void mremap_14_lock(void)
{
	want_child(mremap_14_locked, NULL);
	verdict("MREMAP-14 DONTUNMAP: the lock goes along, the mapping that stays is not locked");
}

struct family {
	unsigned char *p, *q;
	struct gate moved, seen;
};

static void mremap_15_child(void *arg)
{
	struct family *f = arg;

	gate_wait(&f->moved);
	want(filled(f->p, 40 * PS, 26));
	want_fault(f->q, READ, MAPERR);
	f->p[0] = 0;
	want_eq(remap(f->p, 40 * PS, 40 * PS, MAYMOVE | FIXED, f->q + 3 * PS), (long)(f->q + 3 * PS));
	want(f->q[3 * PS] == 0 && filled_from(f->q + 4 * PS, 39 * PS, 26, PS));
	gate_open(&f->seen);
}

static void mremap_15(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0), *q = hole(4);
	struct family f = { .p = must_map(40 * PS, RW, ANON, -1, 0), .q = hole(50) };

	fill(p, 2 * PS, 26);
	protect(p, 2 * PS, PROT_READ);
	want_eq(remap(p, 2 * PS, 3 * PS, MAYMOVE | FIXED, q), (long)q);
	want(filled(q, 2 * PS, 26) && all_zero(q + 2 * PS, PS));
	want_fault(q, WRITE, ACCERR);
	want_fault(q + 2 * PS, WRITE, ACCERR);
	want(strcmp(perms_at(q), "r--p") == 0);
	want_eq(protect(q, 3 * PS, RW), 0);
	fill(q, 3 * PS, 27);
	want(filled(q, 3 * PS, 27));
	unmap(q, 3 * PS);
	verdict("MREMAP-15 protection travels");

	fill(f.p, 40 * PS, 26);
	gate_init(&f.moved);
	gate_init(&f.seen);
	pid_t pid = child_start(mremap_15_child, &f);
	want_eq(remap(f.p, 40 * PS, 40 * PS, MAYMOVE | FIXED, f.q), (long)f.q);
	memset(f.q + PS, 0x44, PS);
	gate_open(&f.moved);
	gate_wait(&f.seen);
	want_eq(wait_for(pid), 0);
	want(filled(f.q, PS, 26) && all_bytes(f.q + PS, PS, 0x44));
	want(filled_from(f.q + 2 * PS, 38 * PS, 26, 2 * PS));
	unmap(f.q, 40 * PS);
	gate_free(&f.moved);
	gate_free(&f.seen);
	verdict("MREMAP-15 a fork relative sees nothing of it");
}

static long locked_kb(void)
{
	return proc_value("/proc/self/status", "VmLck");
}

static bool resident(unsigned char *p, size_t pages)
{
	unsigned char vec[16] = { 0 };
	bool all = sys(SYS_mincore, p, pages * PS, vec) == 0;

	for (size_t i = 0; i < pages; i++)
		all &= vec[i] & 1;
	return all;
}

static void mremap_16_locked(void *arg)
{
	struct rlimit limit = { 6 * PS, 6 * PS };
	unsigned char *p = map_at(hole(12), 2, RW, ANON), *to = hole(8);

	(void)arg;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		bail_out("setrlimit: errno %d", errno);
	drop_privileges();
	want_eq(sys(SYS_mlock, p, 2 * PS), 0);
	want_eq(remap(p, 2 * PS, 4 * PS, 0, 0), (long)p);
	want_eq(locked_kb(), 16);
	want(resident(p, 4));
	want_eq(remap(p, 4 * PS, 4 * PS, MAYMOVE | FIXED, to), (long)to);
	want_eq(locked_kb(), 16);
	want(resident(to, 4));
	want_eq(remap(to, 4 * PS, 7 * PS, 0, 0), -EAGAIN);
	want_eq(remap(to, 4 * PS, 7 * PS, MAYMOVE, 0), -EAGAIN);
	want_eq(remap(to, 4 * PS, 7 * PS, MAYMOVE | FIXED, p), -EAGAIN);
	want_eq(locked_kb(), 16);
	want_eq(remap(to, 4 * PS, 6 * PS, MAYMOVE | FIXED, p), (long)p);
	want_eq(locked_kb(), 24);
	want(resident(p, 6));
	want_eq(remap(p, 6 * PS, PS, 0, 0), (long)p);
	want_eq(locked_kb(), 4);
	unmap(p, PS);
	want_eq(locked_kb(), 0);
}

static void mremap_16_total(void *arg)
{
	unsigned char *p = map_at(hole(300), 256, RW, ANON), *to = hole(300);
	struct rlimit limit;
	long kb;

	(void)arg;
	fill(p, PS, 30);
	kb = proc_value("/proc/self/status", "VmSize");
	limit.rlim_cur = limit.rlim_max = (rlim_t)kb * 1024;
	if (setrlimit(RLIMIT_AS, &limit) < 0)
		bail_out("setrlimit: errno %d", errno);
	want_eq(remap(p, 256 * PS, 257 * PS, 0, 0), -ENOMEM);
	want_eq(remap(p, 256 * PS, 257 * PS, MAYMOVE, 0), -ENOMEM);
	want_eq(remap(p, 256 * PS, 256 * PS, MAYMOVE | FIXED, to), (long)to);
	want(filled(to, PS, 30));
	want_eq(remap(to, 256 * PS, 100 * PS, 0, 0), (long)to);
	want_eq(remap(to, 100 * PS, 256 * PS, 0, 0), (long)to);
	want_eq(remap(to, 256 * PS, 257 * PS, 0, 0), -ENOMEM);
	want_eq(remap(to, PS, PS, MAYMOVE | DONTUNMAP | FIXED, p), -ENOMEM);
	want_eq(remap(to, PS, PS, MAYMOVE | DONTUNMAP | FIXED, to + PS), (long)(to + PS));
	want(filled(to + PS, PS, 30) && all_zero(to, PS));
}

static void mremap_16(void)
{
	want_child(mremap_16_locked, NULL);
	verdict("MREMAP-16 a locked mapping that grows is loaded and counts, to the limit: EAGAIN");
	want_child(mremap_16_total, NULL);
	verdict("MREMAP-16 growth over RLIMIT_AS is ENOMEM, moving and shrinking are not");
}

static void mremap_17(void)
{
	unsigned char *p = must_map(2 * PS, RW, SHANON, -1, 0), *q;
	long r;

	fill(p, 2 * PS, 28);
	r = remap(p, 2 * PS, 4 * PS, MAYMOVE, 0);
	if (want(!is_error(r))) {
		q = (unsigned char *)r;
		want(filled(q, 2 * PS, 28));
		want_fault(q + 2 * PS, READ, ADRERR);
		want_fault(q + 3 * PS, WRITE, ADRERR);
		unmap(q, 4 * PS);
	}
	verdict("MREMAP-17 shared memory does not grow with its mapping");
}

/* Sparse pages, moved by every distance that puts leaves and tables out of step. */
static void sparse(void)
{
	enum { PAGES = 300 };
	unsigned char *a = hole(3 * PAGES), *p;
	size_t at = 100;

	map_at(a + at * PS, PAGES, RW, ANON);
	for (size_t i = 0; i < PAGES; i += 1 + i % 7)
		a[(at + i) * PS] = (unsigned char)(i * 3 + 1);
	for (int k = 0; k < 40; k++) {
		size_t to = k % 2 ? (size_t)k * 5 / 2 : 301 + (size_t)k * 7 + at % 64;

		p = a + at * PS;
		if (to + PAGES > 3 * PAGES)
			to = 3 * PAGES - PAGES;
		if ((to > at ? to - at : at - to) < PAGES)
			continue;
		want_eq(remap(p, PAGES * PS, PAGES * PS, MAYMOVE | FIXED, a + to * PS),
			(long)(a + to * PS));
		at = to;
	}
	p = a + at * PS;
	for (size_t i = 0, next = 0; i < PAGES; i++) {
		want_eq(p[i * PS], i == next ? (unsigned char)(i * 3 + 1) : 0);
		if (i == next)
			next += 1 + i % 7;
	}
	unmap(p, PAGES * PS);
	verdict("MREMAP-8 a large mapping with holes in it, moved again and again");
}

static void rounds(void)
{
	unsigned char *a = hole(2100);

	for (int i = 0; i < 300; i++) {
		unsigned char *p = map_at(a + (i * 37 % 1000) * PS, 16, RW, ANON);

		for (int j = 0; j < 16; j++)
			p[j * PS] = 1;
		if (remap(p, 16 * PS, 20 * PS, MAYMOVE | FIXED, a + (1050 + i * 53 % 1000) * PS) < 0)
			bail_out("mremap fails in round %d", i);
		unmap(a + (1050 + i * 53 % 1000) * PS, 20 * PS);
	}
}

int main(void)
{
	mremap_1();
	mremap_2();
	mremap_3();
	mremap_4();
	mremap_5();
	mremap_6();
	mremap_7();
	mremap_8();
	mremap_9();
	mremap_10();
	mremap_11();
	mremap_12();
	mremap_13();
	mremap_14();
	mremap_14_lock();
	mremap_15();
	mremap_16();
	mremap_17();
	sparse();
	ok(memory_kept(rounds, 1 << 10), "MREMAP-8 moves lose no memory");
	return done();
}
