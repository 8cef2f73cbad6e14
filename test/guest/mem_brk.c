/*
 * The break (BRK-1 to 6, 8, 9), by the raw call, which returns the break.
 *
 * Nothing here may call malloc: libc's heap lies below the break as well.
 */
#include "tap.h"

extern char _end[]; /* the linker's: first address past bss */

static unsigned char *brk_to(const void *addr)
{
	return (unsigned char *)sys(SYS_brk, addr);
}

/* The break, moved up to a page's start. */
static unsigned char *page_break(void)
{
	unsigned char *up = (unsigned char *)(((unsigned long)brk_to(NULL) + PS - 1) & -PS);

	if (brk_to(up) != up)
		bail_out("cannot align the break");
	return up;
}

/* [start, end) of the lines called [heap]. */
static bool heap_range(unsigned long *start, unsigned long *end)
{
	struct maps *m = maps_read();
	bool found = false;

	for (size_t i = 0; i < m->n; i++) {
		if (strcmp(m->line[i].name, "[heap]"))
			continue;
		if (!found)
			*start = m->line[i].start;
		*end = m->line[i].end;
		found = true;
		want(!strcmp(m->line[i].perms, "rw-p"));
	}
	return found;
}

static void brk_1(void)
{
	unsigned char *b = brk_to(NULL), *up;
	unsigned long start = 0, end = 0;

	want(b == brk_to(NULL));
	want((char *)b >= _end);
	up = page_break();
	want(brk_to(up + 3 * PS) == up + 3 * PS);
	want(heap_range(&start, &end));
	want(start % PS == 0);
	want(start >= (unsigned long)_end);
	want_eq(end, (unsigned long)(up + 3 * PS));
	want(brk_to(up + 2 * PS + 1) == up + 2 * PS + 1);
	want(heap_range(&start, &end));
	want_eq(end, (unsigned long)(up + 3 * PS));
	brk_to(up);
	verdict("BRK-1 the break lies behind bss, the heap shows in maps");
}

static void brk_2(void)
{
	unsigned char *up = page_break();

	want(brk_to(up + 100) == up + 100);
	want(brk_to(NULL) == up + 100);
	want(all_zero(up, PS));
	want_fault(up + PS - 1, WRITE, NOFAULT);
	want_fault(up + PS, READ, MAPERR);
	want_fault(up + PS, WRITE, MAPERR);
	want(brk_to(up + 1) == up + 1);
	want(brk_to(up) == up);
	want_fault(up, READ, MAPERR);
	verdict("BRK-2 the break is exact to the byte, memory to the page");
}

static void brk_3(void)
{
	unsigned char *up = page_break();

	want(brk_to(up + 64 * PS) == up + 64 * PS);
	want(all_zero(up, 64 * PS));
	fill(up, 2 * PS, 1);
	want(brk_to(up + 10) == up + 10);
	want(filled(up, PS, 1));
	want(brk_to(up + 1000) == up + 1000);
	want(filled(up, PS, 1));
	want(brk_to(up + PS) == up + PS);
	want(filled(up, PS, 1));
	brk_to(up);
	verdict("BRK-3 new pages are zero; within a page the bytes are kept");
}

static void brk_4(void)
{
	unsigned char *up = page_break();

	want(brk_to(up + 4 * PS) == up + 4 * PS);
	fill(up, 4 * PS, 2);
	want(brk_to(up + PS + 1) == up + PS + 1);
	want(filled(up, 2 * PS, 2));
	want_fault(up + 2 * PS, READ, MAPERR);
	want_fault(up + 3 * PS, WRITE, MAPERR);
	want(brk_to(up + 4 * PS) == up + 4 * PS);
	want(filled(up, 2 * PS, 2));
	want(all_zero(up + 2 * PS, 2 * PS));
	brk_to(up);
	verdict("BRK-4 pages above a lowered break are holes, and zero when regained");
}

static void brk_5(void)
{
	unsigned char *up = page_break();
	unsigned long start = 0, end = 0;

	want(brk_to(up + PS) == up + PS);
	want(heap_range(&start, &end));
	want(brk_to((void *)(start - PS)) == up + PS);
	want(brk_to((void *)1) == up + PS);
	want(brk_to((void *)PS) == up + PS);
	want(brk_to((void *)user_limit()) == up + PS);
	want(brk_to((void *)(user_limit() + PS)) == up + PS);
	want(brk_to((void *)-1UL) == up + PS);
	want(brk_to((void *)-PS) == up + PS);
	want(brk_to(NULL) == up + PS);
	want_fault(up, WRITE, NOFAULT);
	want_fault(up + PS, READ, MAPERR);
	brk_to(up);
	verdict("BRK-5 a failing call returns the break unchanged");
}

static void brk_6(void)
{
	unsigned char *up = page_break(), *low = up + 2 * PS, *above = up + 600 * PS;

	want_eq(map(up + 4 * PS, PS, RW, ANON | MAP_FIXED, -1, 0), (long)(up + 4 * PS));
	fill(up + 4 * PS, PS, 3);
	want(brk_to(low) == low);
	want(brk_to(up + 4 * PS) == low);
	want(brk_to(up + 3 * PS + 1) == low);
	want(brk_to(up + 6 * PS) == low);
	want(brk_to(up + 3 * PS) == up + 3 * PS);
	want(filled(up + 4 * PS, PS, 3));
	unmap(up + 4 * PS, PS);
	want(brk_to(up + 6 * PS) == up + 6 * PS);
	want(brk_to(up) == up);
	verdict("BRK-6 one page stays free before the next mapping, which is unharmed");
	want_eq(map(above, PS, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0), (long)above);
	want(brk_to(above - 256 * PS) == up);
	want(brk_to(above - 257 * PS) == above - 257 * PS);
	want(brk_to(above - 257 * PS + 1) == above - 257 * PS);
	unmap(above, PS);
	want(brk_to(up) == up);
	verdict("BRK-6 257 pages stay free before a growing mapping");
}

static void brk_8(void)
{
	unsigned char *up = page_break();

	want(brk_to(up + 8 * PS) == up + 8 * PS);
	fill(up, 8 * PS, 1);
	unmap(up + 2 * PS, PS);
	protect(up + 4 * PS, PS, PROT_READ);
	protect(up + 7 * PS, PS, PROT_READ);
	want(brk_to(up + 12 * PS) == up + 12 * PS);
	want(all_zero(up + 8 * PS, 4 * PS));
	want_fault(up + 8 * PS, WRITE, NOFAULT);
	want_fault(up + 2 * PS, READ, MAPERR);
	want_fault(up + 4 * PS, WRITE, ACCERR);
	want_fault(up + 7 * PS, WRITE, ACCERR);
	want(filled(up, 2 * PS, 1));
	want(filled_from(up + 3 * PS, 5 * PS, 1, 3 * PS));
	want(brk_to(up + PS) == up + PS);
	want_fault(up + 4 * PS, READ, MAPERR);
	want(brk_to(up + 8 * PS) == up + 8 * PS);
	want(filled(up, PS, 1));
	want(all_zero(up + PS, 7 * PS));
	want_fault(up + 4 * PS, WRITE, NOFAULT);
	want(brk_to(up) == up);
	verdict("BRK-8 a heap with holes and other rights shrinks and grows");
}

static void brk_9(void)
{
	unsigned char *up = page_break();
	bool inside = false;

	want(brk_to(up + 64 * PS) == up + 64 * PS);
	for (int i = 0; i < 100; i++) {
		unsigned char *p = must_map(PS, i % 2 ? RW : PROT_READ, ANON, -1, 0);
		long r = map(up + 3 * PS, 2 * PS, RW, ANON, -1, 0);

		inside |= p < up + 64 * PS && p + PS > up;
		inside |= is_error(r) || ((unsigned char *)r < up + 64 * PS && r + 2 * (long)PS > (long)up);
		unmap((void *)r, 2 * PS);
	}
	want(!inside);
	want(brk_to(up + 128 * PS) == up + 128 * PS);
	want_fault(up + 127 * PS, WRITE, NOFAULT);
	want(brk_to(up) == up);
	verdict("BRK-9 mmap keeps clear of the heap, and the heap still grows");
}

int main(void)
{
	brk_1();
	brk_2();
	brk_3();
	brk_4();
	brk_5();
	brk_6();
	brk_8();
	brk_9();
	return done();
}
