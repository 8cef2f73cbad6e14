/*
 * The break (BRK-1 to 5), by the raw call, which returns the break.
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

int main(void)
{
	brk_1();
	brk_2();
	brk_3();
	brk_4();
	brk_5();
	return done();
}
