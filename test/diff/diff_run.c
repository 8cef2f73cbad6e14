/*
 * Random programs over the memory calls, the same on Linux and on mv6:
 *
 *   diff_run [OPTION...] FIRST..LAST     a digest of the log of each seed's program
 *   diff_run [OPTION...] SEED [LIST]     the log itself; of a part: LIST names operations, 0-4,7,9-12
 *   diff_run [OPTION...] --table SEED [LIST]   the program as a C program
 *   diff_run [OPTION...] --parts FILE    digests of programs that the lines of FILE name: SEED LIST
 *
 *   --calls LIST    only these groups, or with '-' before it all but those; see OP_KINDS in ops.h
 *   --ops N         operations of a program, at most 4096 (default 1000)
 *
 * Files are made in the current folder. exec-options: --time-limit 280
 */
#include "gen.h"

static struct op ops[MAX_OPS], part[MAX_OPS];
static int ops_count = OPS;

static void fail(const char *why, const char *what)
{
	fprintf(stderr, "diff_run: %s %s\n", why, what);
	exit(2);
}

/* Takes the operations of a list out of ops; what stands before children counts those that are kept. */
static int take_part(const char *list)
{
	static bool kept[MAX_OPS];
	int count = 0;
	char *end;

	memset(kept, !*list || *list == '\n', sizeof kept);
	while (*list && *list != '\n') {
		long from = strtol(list, &end, 10), to = *end == '-' ? strtol(end + 1, &end, 10) : from;

		if (end == list || from < 0 || to >= ops_count)
			fail("no list of operations:", list);
		for (; from <= to; from++)
			kept[from] = true;
		list = end + (*end == ',');
	}
	for (int i = 0; i < ops_count; i++) {
		if (!kept[i])
			continue;
		part[count] = ops[i];
		for (int k = i + 1; k <= i + ops[i].n; k++)
			part[count].n -= !kept[k];
		count++;
	}
	return count;
}

static int make_program(const char *seed, const char *list)
{
	generate((uint32_t)strtoul(seed, NULL, 10), ops, ops_count);
	return take_part(list);
}

static uint64_t digest(const struct log *log)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < log->len; i++)
		hash = (hash ^ (unsigned char)log->text[i]) * 0x100000001b3ull;
	return hash;
}

static void print_seeds(const char *range, struct log *logs)
{
	char *end, seed[16];
	unsigned long from = strtoul(range, &end, 10), to = strtoul(end + 2, NULL, 10);

	for (; from <= to; from++) {
		snprintf(seed, sizeof seed, "%lu", from);
		run_program(part, make_program(seed, ""), logs);
		printf("%lu %016llx\n", from, (unsigned long long)digest(logs));
		fflush(stdout);
	}
}

static void print_parts(const char *file, struct log *logs)
{
	static char line[65536];
	FILE *in = fopen(file, "r");
	char *list;

	if (!in)
		fail("cannot read", file);
	while (fgets(line, sizeof line, in)) {
		list = line + strcspn(line, " ");
		list += *list == ' ';
		run_program(part, make_program(line, list), logs);
		printf("%016llx\n", (unsigned long long)digest(logs));
		fflush(stdout);
	}
	fclose(in);
}

/* A member of an operation, if it is not zero. */
static void print_field(const char *name, long value, const char *format)
{
	if (value) {
		printf(", .%s = ", name);
		printf(format, value);
	}
}

static void print_table(int count)
{
	printf("#include \"ops.h\"\n\nstatic const struct op program[] = {\n");
	for (int i = 0; i < count; i++) {
		const struct op *op = &part[i];

		printf("\t{.id = %d, .kind = OP_%s", op->id, op_names[op->kind]);
		print_field("page", op->page, "%ld");
		print_field("shift", op->shift, "%ld");
		print_field("len", op->len, "%ld");
		print_field("len2", op->len2, "%ld");
		print_field("prot", op->prot, "0x%lx");
		print_field("page2", op->page2, "%ld");
		print_field("flags", op->flags, "0x%lx");
		print_field("slot", op->slot, "%ld");
		print_field("off", op->off, "%ld");
		print_field("value", (long)op->value, "0x%lx");
		print_field("n", op->n, "%ld");
		print_field("side", op->side, "%ld");
		printf("},\n");
	}
	printf("};\n\nint main(void)\n{\n\tstruct log *logs = make_logs();\n\n\tbecome_nobody();\n"
	       "\trun_program(program, sizeof program / sizeof program[0], logs);\n"
	       "\tfwrite(logs->text, 1, logs->len, stdout);\n}\n");
}

static void run(int argc, char **argv)
{
	struct log *logs = make_logs();

	if (!logs || argc < 1)
		fail("no memory, or no seed", "");
	become_nobody();
	if (!strcmp(argv[0], "--parts") && argc == 2) {
		print_parts(argv[1], logs);
	} else if (strstr(argv[0], "..")) {
		print_seeds(argv[0], logs);
	} else {
		run_program(part, make_program(argv[0], argc > 1 ? argv[1] : ""), logs);
		fwrite(logs->text, 1, logs->len, stdout);
	}
}

int main(int argc, char **argv)
{
	bool table = false;

	for (argv++, argc--; argc > 0 && argv[0][0] == '-' && strcmp(argv[0], "--parts") != 0; argv++, argc--) {
		if (!strcmp(argv[0], "--table")) {
			table = true;
			continue;
		}
		if (argc < 2)
			fail("what is", argv[0]);
		if (!strcmp(argv[0], "--calls") && !choose_calls(argv[1]))
			fail("no such group in", argv[1]);
		if (!strcmp(argv[0], "--ops"))
			ops_count = atoi(argv[1]);
		argv++, argc--;
	}
	if (ops_count < 10 || ops_count > MAX_OPS)
		fail("--ops is 10 to 4096", "");
	if (table)
		print_table(make_program(argc > 0 ? argv[0] : "0", argc > 1 ? argv[1] : ""));
	else
		run(argc, argv);
}
