/* basename PATH [SUFFIX]: prints the last component of a path, without the suffix. */
#include <stdio.h>
#include <string.h>
#include <tools.h>

int main(int argc, char **argv)
{
	size_t len;
	const char *base;

	if (argc != 2 && argc != 3)
		usage("basename PATH [SUFFIX]");
	for (len = strlen(argv[1]); len > 1 && argv[1][len - 1] == '/'; len--)
		argv[1][len - 1] = '\0';
	base = strcmp(argv[1], "/") == 0 ? argv[1] : path_base(argv[1]);
	len = strlen(base);
	if (argc == 3) {
		size_t suffix = strlen(argv[2]);

		if (suffix < len && strcmp(base + len - suffix, argv[2]) == 0)
			len -= suffix;
	}
	printf("%.*s\n", (int)len, base);
	return finish_output(0);
}
