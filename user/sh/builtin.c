/* The builtins: commands that change the shell itself, and a few that scripts run often. */
#include "sh.h"

#include <commands.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int builtin_true(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static int builtin_false(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 1;
}

/* Reads a number argument for what; false (reported) if it is none. */
static bool number_argument(const char *what, const char *s, int *out)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s || *end || n < 0 || n > INT_MAX) {
		complain("%s: %s: not a number", what, s);
		return false;
	}
	*out = (int)n;
	return true;
}

static int builtin_cd(int argc, char **argv)
{
	const char *target = argc > 1 ? argv[1] : var_get("HOME");
	bool back = argc > 1 && strcmp(argv[1], "-") == 0;
	const char *old = var_get("PWD");
	char cwd[PATH_MAX];

	if (back)
		target = var_get("OLDPWD");
	if (!target) {
		complain("cd: %s is not set", back ? "OLDPWD" : "HOME");
		return 1;
	}
	if (chdir(target) < 0) {
		complain("cd: %s: %s", target, strerror(errno));
		return 1;
	}
	if (old)
		var_set("OLDPWD", old);
	if (getcwd(cwd, sizeof(cwd))) {
		var_set("PWD", cwd);
		if (back)
			puts(cwd);
	}
	return 0;
}

static int builtin_pwd(int argc, char **argv)
{
	char cwd[PATH_MAX];

	(void)argc;
	(void)argv;
	if (!getcwd(cwd, sizeof(cwd))) {
		complain("pwd: %s", strerror(errno));
		return 1;
	}
	puts(cwd);
	return 0;
}

static int builtin_exit(int argc, char **argv)
{
	int status = shell.status;

	if (argc > 1 && !number_argument("exit", argv[1], &status))
		status = 2;
	shell_exit(status & 0xff);
}

/* export and readonly: NAME or NAME=value each. */
static int declare(int argc, char **argv)
{
	bool exporting = argv[0][0] == 'e';
	int status = 0;

	if (argc == 1 || strcmp(argv[1], "-p") == 0) {
		var_print(exporting, !exporting);
		return 0;
	}
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');
		size_t len = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);

		if (!is_name(argv[i], len)) {
			complain("%s: %s: not a name", argv[0], argv[i]);
			status = 1;
			continue;
		}
		if (equals)
			*equals = '\0';
		if (equals && !var_set(argv[i], equals + 1))
			status = 1;
		else if (exporting)
			var_export(argv[i]);
		else
			var_make_readonly(argv[i]);
	}
	return status;
}

static int builtin_local(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *equals = strchr(argv[i], '=');
		size_t len = equals ? (size_t)(equals - argv[i]) : strlen(argv[i]);

		if (!is_name(argv[i], len)) {
			complain("local: %s: not a name", argv[i]);
			return 1;
		}
		if (equals)
			*equals = '\0';
		if (!var_make_local(argv[i]) ||
		    !(equals ? var_set(argv[i], equals + 1) : var_unset(argv[i])))
			return 1;
	}
	return 0;
}

static int builtin_unset(int argc, char **argv)
{
	bool functions = argc > 1 && strcmp(argv[1], "-f") == 0;
	int status = 0;

	for (int i = functions || (argc > 1 && strcmp(argv[1], "-v") == 0) ? 2 : 1; i < argc; i++) {
		if (functions)
			function_unset(argv[i]);
		else if (!var_unset(argv[i]))
			status = 1;
	}
	return status;
}

static bool set_option(char letter, bool on)
{
	switch (letter) {
	case 'e': shell.opt_errexit = on; return true;
	case 'f': shell.opt_noglob = on; return true;
	case 'u': shell.opt_nounset = on; return true;
	case 'x': shell.opt_trace = on; return true;
	}
	complain("set: %c%c: unknown option", on ? '-' : '+', letter);
	return false;
}

static int builtin_set(int argc, char **argv)
{
	int i = 1;

	if (argc == 1) {
		var_print(false, false);
		return 0;
	}
	for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			params_set(argv + i + 1, argc - i - 1);
			return 0;
		}
		for (const char *p = argv[i] + 1; *p; p++)
			if (!set_option(*p, argv[i][0] == '-'))
				return 2;
	}
	if (i < argc)
		params_set(argv + i, argc - i);
	return 0;
}

static int builtin_shift(int argc, char **argv)
{
	int n = 1;

	if (argc > 1 && !number_argument("shift", argv[1], &n))
		return 2;
	if (n > shell.params.count) {
		complain("shift: only %d arguments", shell.params.count);
		return 1;
	}
	params_set(shell.params.argv + n, shell.params.count - n);
	return 0;
}

/* break and continue. */
static int builtin_loop(int argc, char **argv)
{
	int n = 1;

	if (argc > 1 && (!number_argument(argv[0], argv[1], &n) || n == 0))
		return 2;
	if (shell.loop_depth == 0) {
		complain("%s: not in a loop", argv[0]);
		return 0;
	}
	shell.flow = argv[0][0] == 'b' ? FLOW_BREAK : FLOW_CONTINUE;
	shell.flow_count = n < shell.loop_depth ? n : shell.loop_depth;
	return 0;
}

static int builtin_return(int argc, char **argv)
{
	int status = shell.status;

	if (argc > 1 && !number_argument("return", argv[1], &status))
		status = 2;
	shell.flow = FLOW_RETURN;
	return status & 0xff;
}

static int builtin_eval(int argc, char **argv)
{
	struct str text = { 0 };
	struct source *src;

	for (int i = 1; i < argc; i++) {
		str_add(&text, argv[i], strlen(argv[i]));
		str_char(&text, ' ');
	}
	if (!text.s)
		return 0;
	src = source_string(text.s, text.len, shell.line);
	shell.status = 0;
	run_source(src);
	source_close(src);
	str_free(&text);
	return shell.status;
}

/* The file of `. FILE`: in PATH when the name has no slash, then in the current directory. */
static int open_sourced(const char *name)
{
	const char *path = strchr(name, '/') ? NULL : var_get("PATH");
	int fd;

	while (path) {
		size_t len = strcspn(path, ":");
		struct str file = { 0 };

		str_add(&file, path, len);
		if (len > 0)
			str_char(&file, '/');
		str_add(&file, name, strlen(name));
		fd = open(file.s, O_RDONLY | O_CLOEXEC);
		str_free(&file);
		if (fd >= 0)
			return fd;
		path = path[len] ? path + len + 1 : NULL;
	}
	return open(name, O_RDONLY | O_CLOEXEC);
}

static int builtin_dot(int argc, char **argv)
{
	const char *outer = shell.script;
	char *name;
	struct source *src;
	int fd;

	if (argc < 2) {
		complain(".: a file is missing");
		return 2;
	}
	fd = open_sourced(argv[1]);
	if (fd >= 0)
		fd = fd_move_up(fd);
	if (fd < 0) {
		complain(".: %s: %s", argv[1], strerror(errno));
		shell.flow = FLOW_ABORT;
		return 2;
	}
	name = heap_copy(argv[1]);
	src = source_fd(fd, name, false);
	shell.script = name;
	shell.status = 0;
	run_source(src);
	if (shell.flow == FLOW_RETURN)
		shell.flow = FLOW_NONE;
	source_close(src);
	shell.script = outer;
	free(name);
	return shell.status;
}

/*
 * Reads a line byte by byte: what follows it is for others. A backslash joins lines and quotes,
 * unless raw; quoted characters are marked in the second string. -1: nothing was there.
 */
static int read_line(bool raw, struct str *line, struct str *marks)
{
	bool quoted = false;
	char c;

	for (;;) {
		ssize_t n = read(0, &c, 1);

		if (n < 0 && errno == EINTR && !shell.interrupted) {
			traps_run();
			continue;
		}
		if (n < 0 && errno != EINTR)
			complain("read: %s", strerror(errno));
		if (n <= 0)
			return line->len > 0 ? 1 : -1;
		if (quoted && c == '\n') {
			quoted = false;
			continue;
		}
		if (!quoted && !raw && c == '\\') {
			quoted = true;
			continue;
		}
		if (c == '\n')
			return 0;
		if (c != '\0') {
			str_char(line, c);
			str_char(marks, quoted ? 'q' : ' ');
		}
		quoted = false;
	}
}

/* A line that was read, while it is cut into fields. */
struct fields {
	char *text;
	const char *marks;	/* 'q' where the character was quoted */
	const char *ifs;
	size_t at, len;
};

static bool at_separator(const struct fields *f, size_t i)
{
	return f->marks[i] != 'q' && strchr(f->ifs, f->text[i]);
}

static bool at_space(const struct fields *f, size_t i)
{
	return at_separator(f, i) && isspace((unsigned char)f->text[i]);
}

static void skip_spaces(struct fields *f)
{
	while (f->at < f->len && at_space(f, f->at))
		f->at++;
}

/* Finds the next field and moves past it and its separator; returns its end. */
static size_t next_field(struct fields *f, bool last)
{
	size_t end;

	if (last) {
		for (end = f->len; end > f->at && at_space(f, end - 1);)
			end--;
		f->at = f->len;
		return end;
	}
	while (f->at < f->len && !at_separator(f, f->at))
		f->at++;
	end = f->at;
	/* One separator: spaces around at most one other character. */
	skip_spaces(f);
	if (f->at < f->len && at_separator(f, f->at))
		f->at++;
	return end;
}

/* Gives the fields of the line to the variables; the last one gets all that is left. */
static int assign_fields(struct str *line, const struct str *marks, char **names, int count)
{
	const char *ifs = var_get("IFS");
	/* A copy: IFS may be one of the variables. */
	char *separators = heap_copy(ifs ? ifs : " \t\n");
	struct fields f = { line->s, marks->s, separators, 0, line->len };
	int status = 0;

	for (int i = 0; i < count && status == 0; i++) {
		size_t start, end;
		char saved;

		skip_spaces(&f);
		start = f.at;
		end = next_field(&f, i == count - 1);
		saved = line->s[end];
		line->s[end] = '\0';
		if (!var_set(names[i], line->s + start))
			status = 1;
		line->s[end] = saved;
	}
	free(separators);
	return status;
}

static int builtin_read(int argc, char **argv)
{
	static char *reply[] = { "REPLY" };
	struct str line = { 0 }, marks = { 0 };
	const char *prompt = NULL;
	bool raw = false;
	int i, result, status;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-r") == 0) {
			raw = true;
		} else if (strcmp(argv[i], "-p") == 0 && i + 1 < argc) {
			prompt = argv[++i];
		} else {
			complain("read: %s: unknown option", argv[i]);
			return 2;
		}
	}
	for (int k = i; k < argc; k++) {
		if (!is_name(argv[k], strlen(argv[k]))) {
			complain("read: %s: not a name", argv[k]);
			return 2;
		}
	}
	if (prompt && isatty(0))
		fputs(prompt, stderr);
	result = read_line(raw, &line, &marks);
	str_add(&line, "", 0);
	str_add(&marks, "", 0);
	status = assign_fields(&line, &marks, i < argc ? argv + i : reply, i < argc ? argc - i : 1);
	str_free(&line);
	str_free(&marks);
	return shell.interrupted ? 128 + SIGINT : result != 0 ? 1 : status;
}

static int builtin_umask(int argc, char **argv)
{
	char *end;
	long mask;

	if (argc == 1) {
		mode_t now = umask(0);

		umask(now);
		printf("%04o\n", (unsigned)now);
		return 0;
	}
	mask = strtol(argv[1], &end, 8);
	if (end == argv[1] || *end || mask < 0 || mask > 0777) {
		complain("umask: %s: not an octal mode", argv[1]);
		return 1;
	}
	umask((mode_t)mask);
	return 0;
}

/* Says what a name stands for; terse is the form of command -v. */
static int describe(const char *name, bool terse)
{
	struct arena *a = arena_new();
	char *path = command_path(name, a);
	int status = 0;

	if (function_find(name) || builtin_find(name) || strcmp(name, "exec") == 0)
		printf("%s%s\n", name, terse ? "" : function_find(name) ? " is a function"
								       : " is a shell builtin");
	else if (path)
		printf(terse ? "%s\n" : "%s is %s\n", terse ? path : name, path);
	else
		status = 127;
	if (status && !terse)
		complain("%s: not found", name);
	arena_drop(a);
	return status;
}

static int builtin_type(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++)
		status |= describe(argv[i], false);
	return status;
}

/* command -v NAME. */
static int builtin_command(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-v") == 0)
		return describe(argv[2], true);
	complain("command: only \"command -v NAME\" is known");
	return 2;
}

static const struct {
	const char *name;
	builtin_fn *fn;
} builtins[] = {
	/* In the order of their names: found by bisection. */
	{ ".", builtin_dot },		{ ":", builtin_true },	      { "[", test_command },
	{ "bg", builtin_fg },		{ "break", builtin_loop },    { "cd", builtin_cd },
	{ "command", builtin_command }, { "continue", builtin_loop }, { "echo", echo_command },
	{ "eval", builtin_eval },	{ "exit", builtin_exit },     { "export", declare },
	{ "false", builtin_false },	{ "fg", builtin_fg },	      { "jobs", builtin_jobs },
	{ "kill", builtin_kill },	{ "local", builtin_local },   { "printf", printf_command },
	{ "pwd", builtin_pwd },		{ "read", builtin_read },     { "readonly", declare },
	{ "return", builtin_return },	{ "set", builtin_set },	      { "shift", builtin_shift },
	{ "test", test_command },	{ "trap", builtin_trap },     { "true", builtin_true },
	{ "type", builtin_type },	{ "umask", builtin_umask },   { "unset", builtin_unset },
	{ "wait", builtin_wait },
};

builtin_fn *builtin_find(const char *name)
{
	size_t low = 0, high = sizeof(builtins) / sizeof(builtins[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, builtins[middle].name);

		if (order == 0)
			return builtins[middle].fn;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
