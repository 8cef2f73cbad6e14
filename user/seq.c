/* seq [FIRST [STEP]] LAST: writes the whole numbers from FIRST to LAST. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <tools.h>

static long long number(const char *s)
{
	char *end;
	long long n = strtoll(s, &end, 10);

	if (end == s || *end)
		errx(2, "\"%s\" is not a number", s);
	return n;
}

int main(int argc, char **argv)
{
	long long first = 1, step = 1, last;

	if (argc < 2 || argc > 4)
		usage("seq [FIRST [STEP]] LAST");
	last = number(argv[argc - 1]);
	if (argc > 2)
		first = number(argv[1]);
	if (argc > 3)
		step = number(argv[2]);
	if (step == 0)
		errx(2, "the step must not be 0");
	while (step > 0 ? first <= last : first >= last) {
		printf("%lld\n", first);
		if (ferror(stdout) || __builtin_add_overflow(first, step, &first))
			break;
	}
	return finish_output(0);
}
