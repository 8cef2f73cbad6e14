/* ps: lists all processes with their state and their memory in kB. */
#include <err.h>
#include <procfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

struct process {
	char name[64];
	char state[4];
	long parent;
	unsigned long long size, resident;
};

static bool read_status(pid_t pid, struct process *p)
{
	FILE *f = procfs_open(pid, "status");
	char *line = NULL, *key, *value;
	size_t cap = 0;

	/* It may have ended meanwhile. */
	if (!f)
		return false;
	*p = (struct process){ .name = "?", .state = "?" };
	while (getline(&line, &cap, f) >= 0) {
		if (!procfs_split(line, &key, &value))
			continue;
		if (strcmp(key, "Name") == 0)
			snprintf(p->name, sizeof(p->name), "%s", value);
		else if (strcmp(key, "State") == 0)
			snprintf(p->state, sizeof(p->state), "%.1s", value);
		else if (strcmp(key, "PPid") == 0)
			p->parent = strtol(value, NULL, 10);
		else if (strcmp(key, "VmSize") == 0)
			p->size = strtoull(value, NULL, 10);
		else if (strcmp(key, "VmRSS") == 0)
			p->resident = strtoull(value, NULL, 10);
	}
	free(line);
	fclose(f);
	return true;
}

int main(void)
{
	pid_t *pids = procfs_processes();

	if (!pids)
		err(1, "/proc");
	printf("%7s %7s S %9s %9s  %s\n", "PID", "PPID", "SIZE", "RESIDENT", "NAME");
	for (pid_t *pid = pids; *pid; pid++) {
		struct process p;

		if (read_status(*pid, &p))
			printf("%7d %7ld %s %9llu %9llu  %s\n", (int)*pid, p.parent, p.state,
			       p.size, p.resident, p.name);
	}
	free(pids);
	return finish_output(0);
}
