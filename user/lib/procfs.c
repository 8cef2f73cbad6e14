/* Reading the text files of /proc. */
#include <procfs.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

FILE *procfs_open(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fopen(path, "re");
}

bool procfs_split(char *line, char **key, char **value)
{
	char *colon = strchr(line, ':'), *end;

	if (!colon)
		return false;
	*colon = '\0';
	*key = line;
	*value = colon + 1 + strspn(colon + 1, " \t");
	end = *value + strlen(*value);
	while (end > *value && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return true;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return x < y ? -1 : x > y;
}

pid_t *procfs_processes(void)
{
	char **names = dir_names("/proc");
	size_t count = 0;
	pid_t *pids;

	if (!names)
		return NULL;
	while (names[count])
		count++;
	pids = must_alloc((count + 1) * sizeof(*pids));
	count = 0;
	for (char **n = names; *n; n++) {
		char *end;
		long pid = strtol(*n, &end, 10);

		if (pid > 0 && !*end)
			pids[count++] = (pid_t)pid;
	}
	pids[count] = 0;
	names_free(names);
	qsort(pids, count, sizeof(*pids), compare_pids);
	return pids;
}
