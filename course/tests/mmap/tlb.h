/*
 * For tests of what another CPU sees: a thread that reads (or writes) one page again and again,
 * while this one changes the mapping.
 *
 * The reader's CPU has the page in its TLB, a cache of translations. When munmap or mprotect
 * returns, no CPU may use the old translation: an access that begins later must fault.
 */
#pragma once

#include "course.h"

#include <pthread.h>

static char *volatile reader_page; /* what it accesses; NULL: it is to end */
static volatile bool reader_stores; /* it stores instead of loading */
static volatile long reader_count; /* accesses so far that went well */
static volatile bool reader_changed; /* the mapping was changed: accesses from now on must fault */
static volatile bool reader_faulted; /* one did: it waits for the next round */
static volatile bool reader_late; /* one did not, though it began afterwards: so, too */

static void access_until_changed(void)
{
	bool changed;
	char *p;

	do {
		p = reader_page;
		changed = reader_changed;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (p && reader_stores)
			*(volatile char *)p = 1;
		else if (p)
			(void)*(volatile char *)p;
		reader_count++;
	} while (p && !changed);
	reader_late = true;
}

COURSE_FN void *reader_run(void *argument)
{
	course_catch();
	while (reader_page) {
		if (sigsetjmp(course_back, 1) == 0)
			access_until_changed();
		else
			reader_faulted = true;
		while ((reader_faulted || reader_late) && reader_page)
			;
	}
	return argument;
}

/*
 * One change of a page that can be accessed, by the function `change`. Did the other CPU's next
 * access fault, as it must?
 */
COURSE_FN bool reader_round(char *page, void (*change)(char *page))
{
	long start;

	page[0] = 1;
	reader_changed = false;
	reader_page = page;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	reader_faulted = reader_late = false;
	start = reader_count;
	while (reader_count < start + 50)
		;
	change(page);
	reader_changed = true;
	while (!reader_faulted && !reader_late)
		;
	return reader_faulted;
}

/* Rounds with a new page each. In how many of them did the other CPU use the old translation? */
COURSE_FN int reader_rounds(int rounds, bool stores, void (*change)(char *page))
{
	pthread_t thread;
	int late = 0;

	reader_stores = stores;
	reader_page = map_anonymous(PAGE);
	reader_changed = false; /* or the new thread would take the last round's change for its own */
	reader_faulted = reader_late = false;
	need("a thread", pthread_create(&thread, NULL, reader_run, NULL) == 0);
	for (int i = 0; i < rounds; i++) {
		char *page = map_anonymous(PAGE);

		late += !reader_round(page, change);
		munmap(page, PAGE);
	}
	reader_page = NULL;
	pthread_join(thread, NULL);
	return late;
}
