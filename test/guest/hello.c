/*
 * hello: a small glibc stdio program, for trying out exec and for the tests of the tools.
 *
 *   hello [ARG...]     prints a greeting, its arguments one a line, and $GREETING if set
 *   hello -c [ARG...]  the same, then copies standard input to standard output
 *   hello -e [ARG...]  the same, and one line on standard error
 *
 * Its exit status is 0, or 1 if standard output could not be written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int copy_input(void)
{
	char buf[4096];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0)
		if (fwrite(buf, 1, n, stdout) != n)
			return -1;
	return ferror(stdin) ? -1 : 0;
}

int main(int argc, char **argv)
{
	const char *greeting = getenv("GREETING");
	int bad = 0;

	printf("hello, world\n");
	for (int i = 0; i < argc; i++)
		printf("argv[%d]=%s\n", i, argv[i]);
	if (greeting)
		printf("GREETING=%s\n", greeting);
	if (argc > 1 && strcmp(argv[1], "-c") == 0)
		bad = copy_input();
	if (argc > 1 && strcmp(argv[1], "-e") == 0)
		fprintf(stderr, "hello, error\n");
	if (fflush(stdout) != 0 || ferror(stdout))
		bad = -1;
	return bad ? 1 : 0;
}
