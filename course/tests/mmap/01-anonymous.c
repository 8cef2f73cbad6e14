/*
 * Anonymous memory: map, store, load, unmap
 */
#include "course.h"

int main(void)
{
	char *p = map_anonymous(3 * PAGE);

	check("it begins at a page", (uintptr_t)p % PAGE == 0);
	check("it is zero", all_bytes(p, 3 * PAGE, 0));
	memset(p, 7, 3 * PAGE);
	check("it keeps what is stored", all_bytes(p, 3 * PAGE, 7));
	show("munmap", munmap(p, 3 * PAGE));
	show_pages("its pages then", p, 3);
	return 0;
}
