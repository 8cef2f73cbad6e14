/* sleep SECONDS: waits; a fraction of a second may follow a point. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <tools.h>

/* Reads digits.digits; the digits past the ninth are cut off. */
static struct timespec parse_time(const char *s)
{
	struct timespec ts = { 0, 0 };
	long unit = 100000000;
	char *end = (char *)s;

	if (isdigit((unsigned char)*s))
		ts.tv_sec = (time_t)strtol(s, &end, 10);
	if (*end == '.') {
		for (end++; isdigit((unsigned char)*end); end++) {
			ts.tv_nsec += (*end - '0') * unit;
			unit /= 10;
		}
	}
	if (end == s || *end)
		errx(2, "\"%s\" is not a time", s);
	return ts;
}

int main(int argc, char **argv)
{
	struct timespec ts;

	if (argc != 2)
		usage("sleep SECONDS");
	ts = parse_time(argv[1]);
	while (nanosleep(&ts, &ts) < 0)
		if (errno != EINTR)
			err(1, "sleep");
	return 0;
}
