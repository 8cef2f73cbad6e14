/* which NAME...: prints the files that PATH finds for names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools.h>
#include <unistd.h>

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static bool find(const char *name)
{
	const char *path = getenv("PATH");
	bool found = false;

	if (strchr(name, '/')) {
		if (is_program(name))
			puts(name);
		return is_program(name);
	}
	while (path && !found) {
		size_t len = strcspn(path, ":");
		char *dir = must_alloc(len + 2), *file;

		memcpy(dir, path, len);
		strcpy(dir + len, len ? "" : ".");
		file = path_join(dir, name);
		found = is_program(file);
		if (found)
			puts(file);
		free(file);
		free(dir);
		path = path[len] ? path + len + 1 : NULL;
	}
	return found;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		usage("which NAME...");
	for (int i = 1; i < argc; i++)
		if (!find(argv[i]))
			status = 1;
	return finish_output(status);
}
