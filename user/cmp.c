/*
 * cmp [-s] FILE FILE: tells where two files differ first. Status 0: equal, 1: different, 2: an
 * error.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

static FILE *open_input(const char *name)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");

	if (!f)
		err(2, "%s", name);
	return f;
}

int main(int argc, char **argv)
{
	unsigned long long at = 1, line = 1;
	bool silent = false;
	FILE *a, *b;
	int c, x, y;

	while ((c = getopt(argc, argv, "s")) != -1) {
		if (c != 's')
			return 2;
		silent = true;
	}
	if (argc - optind != 2)
		usage("cmp [-s] FILE FILE");
	a = open_input(argv[optind]);
	b = open_input(argv[optind + 1]);
	for (;; at++) {
		x = getc(a);
		y = getc(b);
		if (x != y || x == EOF)
			break;
		line += x == '\n';
	}
	if (ferror(a) || ferror(b))
		err(2, "%s", argv[ferror(a) ? optind : optind + 1]);
	if (x == y)
		return 0;
	if (!silent && (x == EOF || y == EOF))
		fprintf(stderr, "cmp: %s ends after byte %llu, in line %llu\n",
			argv[x == EOF ? optind : optind + 1], at - 1, line);
	else if (!silent)
		printf("%s %s differ: byte %llu, line %llu\n", argv[optind], argv[optind + 1], at,
		       line);
	fflush(stdout);
	return 1;
}
