/*
 * A mapped file shows its bytes; its last page ends in zeros; behind it is a SIGBUS
 */
#include "course.h"

int main(void)
{
	int fd = make_file("data", 2);
	char *p;

	ftruncate(fd, (off_t)(PAGE + 100));
	p = map(4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	check("the first page is the file's", all_bytes(p, PAGE, 'a'));
	check("so are 100 bytes of the second", all_bytes(p + PAGE, 100, 'b'));
	check("the rest of it is zero", all_bytes(p + PAGE + 100, PAGE - 100, 0));
	show_pages("pages", p, 4);
	ftruncate(fd, (off_t)(3 * PAGE));
	show_pages("pages when the file has three", p, 4);
	check("what it grew by is zero", all_bytes(p + 2 * PAGE, PAGE, 0));
	return 0;
}
