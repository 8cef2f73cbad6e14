/*
 * test: conditions on strings, numbers and files.
 *
 * The grammar, from weak to strong: -o, -a, !, then ( ), a binary or a unary primary, or a string.
 * With up to three arguments POSIX decides by their number, so that `test "$x"` works whatever $x
 * is: the parser looks at what follows before it takes a word for an operator.
 */
#include <commands.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct test {
	char **at, **end;
	const char *name;
	bool failed;
};

static bool parse_or(struct test *t);

static bool fail(struct test *t, const char *word, const char *what)
{
	if (!t->failed)
		fprintf(stderr, "%s: %s%s%s\n", t->name, word ? word : "", word ? ": " : "", what);
	t->failed = true;
	return false;
}

static bool accept(struct test *t, const char *word)
{
	if (t->at == t->end || strcmp(*t->at, word) != 0)
		return false;
	t->at++;
	return true;
}

static long long number(struct test *t, const char *s)
{
	char *end;
	long long n = strtoll(s, &end, 10);

	while (*end == ' ')
		end++;
	if (end == s || *end)
		fail(t, s, "not a number");
	return n;
}

static bool is_binary(const char *s)
{
	static const char *const ops[] = {
		"=",   "==",  "!=",  "<",   ">",   "-eq", "-ne",
		"-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef",
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(s, ops[i]) == 0)
			return true;
	return false;
}

static bool is_unary(const char *s)
{
	return s[0] == '-' && s[1] && !s[2] && strchr("bcdefghLnprStuwxzsk", s[1]);
}

static bool compare_files(const char *a, const char *op, const char *b)
{
	struct stat x, y;
	bool have_x = stat(a, &x) == 0, have_y = stat(b, &y) == 0;
	long long order;

	if (strcmp(op, "-ef") == 0)
		return have_x && have_y && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
	if (!have_x || !have_y)
		return op[1] == 'n' ? have_x && !have_y : have_y && !have_x;
	order = (long long)x.st_mtim.tv_sec - y.st_mtim.tv_sec;
	if (order == 0)
		order = x.st_mtim.tv_nsec - y.st_mtim.tv_nsec;
	return op[1] == 'n' ? order > 0 : order < 0;
}

static bool eval_binary(struct test *t, const char *a, const char *op, const char *b)
{
	long long x, y;

	if (op[0] != '-') {
		int order = strcmp(a, b);

		switch (op[0]) {
		case '=': return order == 0;
		case '!': return order != 0;
		case '<': return order < 0;
		default: return order > 0;
		}
	}
	if (strcmp(op, "-nt") == 0 || strcmp(op, "-ot") == 0 || strcmp(op, "-ef") == 0)
		return compare_files(a, op, b);
	x = number(t, a);
	y = number(t, b);
	switch (op[1]) {
	case 'e': return x == y;
	case 'n': return x != y;
	case 'l': return op[2] == 't' ? x < y : x <= y;
	default: return op[2] == 't' ? x > y : x >= y;
	}
}

static bool eval_file(char letter, const char *path)
{
	struct stat st;

	if (letter == 'h' || letter == 'L')
		return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
	if (stat(path, &st) < 0)
		return false;
	switch (letter) {
	case 'b': return S_ISBLK(st.st_mode);
	case 'c': return S_ISCHR(st.st_mode);
	case 'd': return S_ISDIR(st.st_mode);
	case 'f': return S_ISREG(st.st_mode);
	case 'p': return S_ISFIFO(st.st_mode);
	case 'S': return S_ISSOCK(st.st_mode);
	case 's': return st.st_size > 0;
	case 'g': return st.st_mode & S_ISGID;
	case 'u': return st.st_mode & S_ISUID;
	case 'k': return st.st_mode & S_ISVTX;
	case 'r': return access(path, R_OK) == 0;
	case 'w': return access(path, W_OK) == 0;
	case 'x': return access(path, X_OK) == 0;
	default: return true;
	}
}

static bool eval_unary(struct test *t, char letter, const char *arg)
{
	switch (letter) {
	case 'n': return *arg != '\0';
	case 'z': return *arg == '\0';
	case 't': return isatty((int)number(t, arg));
	default: return eval_file(letter, arg);
	}
}

static bool parse_primary(struct test *t)
{
	char **at = t->at;

	if (at == t->end)
		return fail(t, NULL, "an argument is missing");
	/* A binary operator in the middle makes operands of both sides, whatever they look like. */
	if (t->end - at >= 3 && is_binary(at[1])) {
		t->at += 3;
		return eval_binary(t, at[0], at[1], at[2]);
	}
	if (t->end - at >= 2 && is_unary(*at)) {
		t->at += 2;
		return eval_unary(t, at[0][1], at[1]);
	}
	if (t->end - at >= 2 && accept(t, "(")) {
		bool value = parse_or(t);

		return accept(t, ")") ? value : fail(t, NULL, "a closing parenthesis is missing");
	}
	t->at++;
	return **at != '\0';
}

static bool parse_not(struct test *t)
{
	bool negated = false;

	/* A lone "!" is a string, and in "! = x" it is an operand. */
	while (t->end - t->at >= 2 && strcmp(*t->at, "!") == 0 &&
	       !(t->end - t->at >= 3 && is_binary(t->at[1]))) {
		t->at++;
		negated = !negated;
	}
	return parse_primary(t) != negated;
}

static bool parse_and(struct test *t)
{
	bool value = parse_not(t);

	while (accept(t, "-a"))
		value = parse_not(t) && value;
	return value;
}

static bool parse_or(struct test *t)
{
	bool value = parse_and(t);

	while (accept(t, "-o"))
		value = parse_and(t) || value;
	return value;
}

int test_command(int argc, char **argv)
{
	struct test t = { .at = argv + 1, .end = argv + argc, .name = argv[0] };
	bool value;

	if (strcmp(argv[0], "[") == 0) {
		if (strcmp(argv[argc - 1], "]") != 0) {
			fail(&t, NULL, "the closing ] is missing");
			return 2;
		}
		t.end--;
	}
	if (t.at == t.end)
		return 1;
	value = parse_or(&t);
	if (!t.failed && t.at != t.end)
		fail(&t, *t.at, "unexpected argument");
	return t.failed ? 2 : !value;
}
