/* dirname PATH: prints a path without its last component. */
#include <stdio.h>
#include <string.h>
#include <tools.h>

int main(int argc, char **argv)
{
	size_t len;

	if (argc != 2)
		usage("dirname PATH");
	len = strlen(argv[1]);
	while (len > 0 && argv[1][len - 1] == '/')
		len--;
	while (len > 0 && argv[1][len - 1] != '/')
		len--;
	while (len > 1 && argv[1][len - 1] == '/')
		len--;
	if (len > 0)
		printf("%.*s\n", (int)len, argv[1]);
	else
		puts(argv[1][0] == '/' ? "/" : ".");
	return finish_output(0);
}
