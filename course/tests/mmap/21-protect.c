/*
 * mprotect takes rights and gives them back, page by page
 */
#include "course.h"

int main(void)
{
	char *p = map_anonymous(4 * PAGE);

	memset(p, 1, 4 * PAGE);
	show("the second page read-only", mprotect(p + PAGE, PAGE, PROT_READ));
	printf("stores to the pages: %d %d %d\n", try_write(p, 2),
		try_write(p + PAGE, 2) == SIGSEGV, try_write(p + 2 * PAGE, 2));
	show("the third without rights", mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
	show_pages("pages", p, 4);
	show("all back", mprotect(p, 4 * PAGE, PROT_READ | PROT_WRITE));
	printf("the bytes: %d %d %d %d\n", p[0], p[PAGE], p[2 * PAGE], p[3 * PAGE]);
	show("a store to the second page", try_write(p + PAGE, 3));
	return 0;
}
