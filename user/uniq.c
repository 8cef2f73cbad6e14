/*
 * uniq [-c]: writes each run of equal lines of standard input once; with -c and how many there
 * were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

static void print(const char *line, unsigned long long times, bool counts)
{
	if (counts)
		printf("%7llu ", times);
	fputs(line, stdout);
}

int main(int argc, char **argv)
{
	char *line = NULL, *last = NULL;
	size_t cap = 0;
	unsigned long long times = 0;
	bool counts = false;
	int c;

	while ((c = getopt(argc, argv, "c")) != -1) {
		if (c != 'c')
			return 2;
		counts = true;
	}
	while (getline(&line, &cap, stdin) >= 0) {
		if (last && strcmp(last, line) == 0) {
			times++;
			continue;
		}
		if (last)
			print(last, times, counts);
		free(last);
		last = must_copy(line);
		times = 1;
	}
	if (last)
		print(last, times, counts);
	return finish_output(ferror(stdin) ? 1 : 0);
}
