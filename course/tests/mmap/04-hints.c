/*
 * A hint is taken if the place is free, and harms nothing if not
 */
#include "course.h"

static char *ask(char *hint, size_t length, int more_flags)
{
	return mmap(hint, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | more_flags,
		-1, 0);
}

int main(void)
{
	char *room = map_anonymous(16 * PAGE), *p, *q;

	munmap(room, 16 * PAGE);
	p = ask(room + 4 * PAGE, 2 * PAGE, 0);
	check("a free place is taken", p == room + 4 * PAGE);
	memset(p, 1, 2 * PAGE);
	q = ask(room + 8 * PAGE + 123, PAGE, 0);
	check("a hint inside a page means its start", q == room + 8 * PAGE);
	q = ask(p, PAGE, 0);
	check("a place in use is not taken", q != MAP_FAILED && q != p);
	q = ask(room + 3 * PAGE, 3 * PAGE, 0);
	check("nor one that is in use in part", q != MAP_FAILED && q != room + 3 * PAGE);
	check("what was there is there still", all_bytes(p, 2 * PAGE, 1));
	q = ask(p, PAGE, MAP_FIXED);
	check("MAP_FIXED takes it", q == p);
	check("and replaces that page", all_bytes(p, PAGE, 0));
	check("only that", all_bytes(p + PAGE, PAGE, 1));
	return 0;
}
