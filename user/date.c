/*
 * date [+FORMAT]: prints the time, in UTC; FORMAT is that of strftime. date -s SECONDS sets the
 * clock.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tools.h>

int main(int argc, char **argv)
{
	const char *format = "%a %b %e %H:%M:%S %Z %Y";
	char text[512];
	time_t now;

	if (argc == 3 && strcmp(argv[1], "-s") == 0) {
		struct timespec ts = { (time_t)parse_size("-s", argv[2]), 0 };

		if (clock_settime(CLOCK_REALTIME, &ts) < 0)
			err(1, "cannot set the clock");
		return 0;
	}
	if (argc > 2 || (argc == 2 && argv[1][0] != '+'))
		usage("date [+FORMAT | -s SECONDS]");
	if (argc == 2)
		format = argv[1] + 1;
	if (time(&now) == (time_t)-1)
		err(1, "the clock");
	if (*format && strftime(text, sizeof(text), format, gmtime(&now)) == 0)
		errx(1, "the format makes too long a text");
	puts(*format ? text : "");
	return finish_output(0);
}
