/* free: prints how much memory there is and how it is used, in kB. */
#include <err.h>
#include <procfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

enum { TOTAL, FREE, AVAILABLE, BUFFERS, CACHED, SWAP_TOTAL, SWAP_FREE, FIELDS };

static const char *const keys[FIELDS] = {
	"MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapTotal", "SwapFree",
};

int main(void)
{
	unsigned long long v[FIELDS] = { 0 };
	FILE *f = fopen("/proc/meminfo", "r");
	char *line = NULL, *key, *value;
	size_t cap = 0;

	if (!f)
		err(1, "/proc/meminfo");
	while (getline(&line, &cap, f) >= 0)
		if (procfs_split(line, &key, &value))
			for (int i = 0; i < FIELDS; i++)
				if (strcmp(key, keys[i]) == 0)
					v[i] = strtoull(value, NULL, 10);
	free(line);
	fclose(f);
	printf("%6s %11s %11s %11s %11s %11s\n", "", "total", "used", "free", "cached",
	       "available");
	printf("memory %11llu %11llu %11llu %11llu %11llu\n", v[TOTAL],
	       v[TOTAL] - v[FREE] - v[BUFFERS] - v[CACHED], v[FREE], v[BUFFERS] + v[CACHED],
	       v[AVAILABLE]);
	printf("swap   %11llu %11llu %11llu\n", v[SWAP_TOTAL], v[SWAP_TOTAL] - v[SWAP_FREE],
	       v[SWAP_FREE]);
	return finish_output(0);
}
