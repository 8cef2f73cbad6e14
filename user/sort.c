/*
 * sort [-nru] [FILE...]: writes all lines in order; -n by their numbers, -r backwards, -u equal
 * ones once.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

static bool numeric, reverse, unique;
static char **lines;
static size_t count, cap;

static int order(const char *a, const char *b)
{
	if (numeric) {
		long long x = strtoll(a, NULL, 10), y = strtoll(b, NULL, 10);

		if (x != y)
			return x < y ? -1 : 1;
		if (unique)
			return 0;
	}
	return strcmp(a, b);
}

static int compare(const void *a, const void *b)
{
	int result = order(*(char *const *)a, *(char *const *)b);

	return reverse ? -result : result;
}

static void read_lines(FILE *f, const char *name)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (count == cap) {
			cap = 2 * cap + 256;
			lines = must_resize(lines, cap * sizeof(*lines));
		}
		lines[count++] = must_copy(line);
	}
	if (ferror(f))
		err(2, "%s", name);
	free(line);
}

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "nru")) != -1) {
		switch (c) {
		case 'n': numeric = true; break;
		case 'r': reverse = true; break;
		case 'u': unique = true; break;
		default: return 2;
		}
	}
	if (optind == argc)
		read_lines(stdin, "standard input");
	for (int i = optind; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");

		if (!f)
			err(2, "%s", argv[i]);
		read_lines(f, argv[i]);
		fclose(f);
	}
	qsort(lines, count, sizeof(*lines), compare);
	for (size_t i = 0; i < count; i++)
		if (!unique || i == 0 || order(lines[i - 1], lines[i]) != 0)
			puts(lines[i]);
	return finish_output(0);
}
