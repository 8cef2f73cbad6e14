/* The exec family above execve: argument lists, the search of PATH, scripts without "#!". */
#include "internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "/bin:/usr/bin"

int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

/* Gives a file the kernel does not know to the shell, as `sh path args`. Returns on failure. */
static void exec_by_shell(const char *path, char *const argv[], char *const envp[])
{
	size_t n = 0;
	const char **args;

	while (argv[n])
		n++;
	args = malloc((n + 3) * sizeof(*args));
	if (!args)
		return;
	args[0] = "sh";
	args[1] = path;
	for (size_t i = 1; i <= n; i++)
		args[i + 1] = argv[i];
	if (n == 0)
		args[2] = NULL;
	execve("/bin/sh", (char *const *)args, envp);
	free(args);
}

static void exec_file(const char *path, char *const argv[], char *const envp[])
{
	execve(path, argv, envp);
	if (errno == ENOEXEC) {
		exec_by_shell(path, argv, envp);
		errno = ENOEXEC;
	}
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
	const char *path = getenv("PATH");
	size_t file_len = strlen(file);
	int result = ENOENT;

	if (!*file) {
		errno = ENOENT;
		return -1;
	}
	if (strchr(file, '/')) {
		exec_file(file, argv, envp);
		return -1;
	}
	if (!path)
		path = DEFAULT_PATH;
	for (;;) {
		size_t len = strcspn(path, ":");
		char full[PATH_MAX];

		if (len + 1 + file_len < sizeof(full)) {
			memcpy(full, path, len);
			/* An empty entry is the current directory. */
			strcpy(full + len, len > 0 ? "/" : "");
			strcat(full, file);
			exec_file(full, argv, envp);
			if (errno == EACCES)
				result = EACCES;
			else if (errno != ENOENT && errno != ENOTDIR)
				return -1;
		}
		if (!path[len])
			break;
		path += len + 1;
	}
	errno = result;
	return -1;
}

int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

/* Collects arg and what follows it up to NULL into a new array. */
static char **collect_args(const char *arg, va_list ap)
{
	va_list count;
	size_t n = 1;
	char **args;

	va_copy(count, ap);
	if (arg)
		while (va_arg(count, char *))
			n++;
	va_end(count);
	args = malloc((n + 1) * sizeof(*args));
	if (!args)
		return NULL;
	args[0] = (char *)arg;
	for (size_t i = 1; i <= n && args[i - 1]; i++)
		args[i] = va_arg(ap, char *);
	return args;
}

int execl(const char *path, const char *arg, ...)
{
	va_list ap;
	char **args;

	va_start(ap, arg);
	args = collect_args(arg, ap);
	va_end(ap);
	if (args)
		execv(path, args);
	free(args);
	return -1;
}

int execlp(const char *file, const char *arg, ...)
{
	va_list ap;
	char **args;

	va_start(ap, arg);
	args = collect_args(arg, ap);
	va_end(ap);
	if (args)
		execvp(file, args);
	free(args);
	return -1;
}
