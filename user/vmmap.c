/*
 * vmmap [PID]: prints the mappings of a process (of its own without PID), one line each, with their
 * size, the resident part and the dirty part in kB. The figures come from /proc/PID/smaps.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <procfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>
#include <unistd.h>

struct mapping {
	unsigned long long start, end, offset;
	char permissions[8];
	char *name;
	unsigned long long resident, dirty;	/* kB */
};

struct totals {
	unsigned long long size, resident, dirty;
	unsigned mappings;
};

/* Moves past blanks and one word; returns the word, ended by a NUL. */
static char *next_word(char **s)
{
	char *word = *s + strspn(*s, " \t");

	*s = word + strcspn(word, " \t\n");
	if (**s)
		*(*s)++ = '\0';
	return word;
}

/* "start-end perms offset major:minor inode   name"; false if the line is none of these. */
static bool parse_heading(char *line, struct mapping *m)
{
	char *p = line, *end;

	m->start = strtoull(line, &end, 16);
	if (end == line || *end != '-')
		return false;
	p = end + 1;
	m->end = strtoull(p, &p, 16);
	snprintf(m->permissions, sizeof(m->permissions), "%s", next_word(&p));
	m->offset = strtoull(next_word(&p), NULL, 16);
	next_word(&p);
	next_word(&p);
	p += strspn(p, " \t");
	p[strcspn(p, "\n")] = '\0';
	free(m->name);
	m->name = must_copy(p);
	m->resident = m->dirty = 0;
	return true;
}

static void print_mapping(const struct mapping *m, struct totals *t)
{
	unsigned long long size = (m->end - m->start) / 1024;

	printf("%012llx-%012llx %9llu %9llu %9llu  %s %8llx  %s\n", m->start, m->end, size,
	       m->resident, m->dirty, m->permissions, m->offset,
	       *m->name ? m->name : "[anonymous]");
	t->size += size;
	t->resident += m->resident;
	t->dirty += m->dirty;
	t->mappings++;
}

static void take_figure(struct mapping *m, const char *key, const char *value)
{
	if (strcmp(key, "Rss") == 0)
		m->resident = strtoull(value, NULL, 10);
	else if (strcmp(key, "Shared_Dirty") == 0 || strcmp(key, "Private_Dirty") == 0)
		m->dirty += strtoull(value, NULL, 10);
}

static void print_map(FILE *f, pid_t pid)
{
	struct mapping m = { .name = NULL };
	struct totals t = { 0 };
	char *line = NULL, *key, *value;
	size_t cap = 0;

	while (getline(&line, &cap, f) >= 0) {
		struct mapping next = { .name = NULL };

		/*
		 * A heading starts with a lower-case hexadecimal digit, a figure's key with a
		 * capital.
		 */
		if (!isupper((unsigned char)*line) && parse_heading(line, &next)) {
			if (m.name)
				print_mapping(&m, &t);
			else
				printf("%-25s %9s %9s %9s  %s %8s  %s\n", "addresses", "kB",
				       "resident", "dirty", "perm", "offset", "name");
			free(m.name);
			m = next;
		} else if (m.name && procfs_split(line, &key, &value)) {
			take_figure(&m, key, value);
		}
	}
	if (ferror(f))
		err(1, "process %d", (int)pid);
	if (m.name)
		print_mapping(&m, &t);
	printf("%-25u %9llu %9llu %9llu  mappings of process %d\n", t.mappings, t.size, t.resident,
	       t.dirty, (int)pid);
	free(m.name);
	free(line);
}

int main(int argc, char **argv)
{
	pid_t pid = getpid();
	char *end;
	FILE *f;

	if (argc > 2)
		usage("vmmap [PID]");
	if (argc == 2) {
		pid = (pid_t)strtol(argv[1], &end, 10);
		if (pid <= 0 || *end)
			errx(2, "\"%s\" is not a process number", argv[1]);
	}
	f = procfs_open(pid, "smaps");
	if (!f && errno == ENOENT)
		errx(1, "there is no process %d", (int)pid);
	if (!f)
		err(1, "process %d", (int)pid);
	print_map(f, pid);
	fclose(f);
	return finish_output(0);
}
