/*
 * Where no more may be mapped mmap says ENOMEM; after a munmap it works again
 */
#include "course.h"

#include <sys/resource.h>

int main(void)
{
	static char *p[1000];
	struct rlimit limit = {.rlim_cur = 40 * MIB, .rlim_max = RLIM_INFINITY};
	int n = 0;

	show("setrlimit", setrlimit(RLIMIT_AS, &limit));
	while (n < 1000 &&
		(p[n] = mmap(NULL, 256 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0)) != MAP_FAILED)
		p[n++][0] = 1;
	show_error("in the end", n < 1000);
	check("some were made", n > 20);
	check("what was mapped is there", p[0][0] == 1 && p[n - 1][0] == 1);
	munmap(p[0], 256 * KIB);
	munmap(p[1], 256 * KIB);
	check("two are unmapped, and one works again", map_anonymous(256 * KIB)[0] == 0);
	return 0;
}
