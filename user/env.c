/*
 * env [-i] [NAME=VALUE...] [PROGRAM [ARG...]]: prints the environment, or runs a program in a
 * changed one.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int i = 1;

	if (i < argc && strcmp(argv[i], "-i") == 0) {
		clearenv();
		i++;
	}
	for (; i < argc; i++) {
		char *equals = strchr(argv[i], '=');

		if (!equals)
			break;
		*equals = '\0';
		if (setenv(argv[i], equals + 1, 1) < 0)
			err(1, "%s", argv[i]);
	}
	if (i < argc) {
		execvp(argv[i], argv + i);
		err(errno == ENOENT ? 127 : 126, "%s", argv[i]);
	}
	for (char **e = environ; e && *e; e++)
		puts(*e);
	return finish_output(0);
}
