/* pwd: prints the current directory. */
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <tools.h>
#include <unistd.h>

int main(void)
{
	char path[PATH_MAX];

	if (!getcwd(path, sizeof(path)))
		err(1, "the current directory");
	puts(path);
	return finish_output(0);
}
