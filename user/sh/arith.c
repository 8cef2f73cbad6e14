/*
 * Arithmetic of $(( )): the operators of C on 64-bit integers, with variables and assignment. One
 * function climbs the binary operators by their strength. Overflow wraps.
 */
#include "sh.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arith {
	const char *text, *at;
	bool failed;
	bool skip;	/* the value will not be used: assign nothing, divide by nothing */
	int depth;
};

/* Stronger operators have higher numbers. Longer texts stand before their beginnings. */
static const struct {
	const char *text;
	int strength;
} binary[] = {
	{ "||", 1 }, { "&&", 2 }, { "|", 3 }, { "^", 4 }, { "&", 5 }, { "==", 6 }, { "!=", 6 },
	{ "<<", 8 }, { ">>", 8 }, { "<=", 7 }, { ">=", 7 }, { "<", 7 }, { ">", 7 }, { "+", 9 },
	{ "-", 9 }, { "*", 10 }, { "/", 10 }, { "%", 10 },
};

static long long eval_assignment(struct arith *a);
static long long eval_unary(struct arith *a);

static long long fail(struct arith *a, const char *what)
{
	if (!a->failed)
		complain("arithmetic: %s in \"%s\"", what, a->text);
	a->failed = true;
	return 0;
}

static void skip_space(struct arith *a)
{
	while (isspace((unsigned char)*a->at))
		a->at++;
}

static bool accept(struct arith *a, const char *text)
{
	skip_space(a);
	if (strncmp(a->at, text, strlen(text)) != 0)
		return false;
	a->at += strlen(text);
	return true;
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* The number a variable holds; unset and empty are 0. */
static long long variable(struct arith *a, const char *name)
{
	const char *value = var_get(name);
	char *end;
	long long n;

	if (!value || !*value)
		return 0;
	n = strtoll(value, &end, 0);
	if (end == value || *end)
		return fail(a, "a variable that is not a number");
	return n;
}

static long long eval_primary(struct arith *a)
{
	char *end;
	long long n;

	if (accept(a, "(")) {
		n = eval_assignment(a);
		return accept(a, ")") ? n : fail(a, "a missing parenthesis");
	}
	if (isdigit((unsigned char)*a->at)) {
		n = strtoll(a->at, &end, 0);
		a->at = end;
		if (isalnum((unsigned char)*end))
			return fail(a, "a malformed number");
		return n;
	}
	if (isalpha((unsigned char)*a->at) || *a->at == '_') {
		size_t len = name_length(a->at);
		char *name = heap_alloc(len + 1);

		memcpy(name, a->at, len);
		name[len] = '\0';
		a->at += len;
		n = variable(a, name);
		free(name);
		return n;
	}
	return fail(a, *a->at ? "an unexpected character" : "an operand missing");
}

static long long eval_unary(struct arith *a)
{
	long long n;

	skip_space(a);
	if (++a->depth > 500)
		return fail(a, "too much nesting");
	switch (*a->at) {
	case '!':
		a->at++;
		n = !eval_unary(a);
		break;
	case '~':
		a->at++;
		n = ~eval_unary(a);
		break;
	case '-':
		a->at++;
		n = (long long)(0 - (unsigned long long)eval_unary(a));
		break;
	case '+':
		a->at++;
		n = eval_unary(a);
		break;
	default:
		n = eval_primary(a);
	}
	a->depth--;
	return n;
}

static long long divide(struct arith *a, long long x, long long y, bool remainder)
{
	if (y == 0)
		return a->skip ? 0 : fail(a, "a division by zero");
	/* The one quotient that does not fit. */
	if (x == LLONG_MIN && y == -1)
		return remainder ? 0 : x;
	return remainder ? x % y : x / y;
}

static long long apply(struct arith *a, const char *op, long long x, long long y)
{
	unsigned long long ux = (unsigned long long)x, uy = (unsigned long long)y;

	switch (op[0]) {
	case '|': return op[1] ? x || y : x | y;
	case '&': return op[1] ? x && y : x & y;
	case '^': return x ^ y;
	case '=': return x == y;
	case '!': return x != y;
	case '+': return (long long)(ux + uy);
	case '-': return (long long)(ux - uy);
	case '*': return (long long)(ux * uy);
	case '/': return divide(a, x, y, false);
	case '%': return divide(a, x, y, true);
	case '<': return op[1] == '<' ? (long long)(ux << (uy & 63)) : op[1] ? x <= y : x < y;
	default: return op[1] == '>' ? x >> (uy & 63) : op[1] ? x >= y : x > y;
	}
}

/*
 * The index of the binary operator at the current place, or -1. "x =" and "x +=" are not among
 * them.
 */
static int peek_binary(struct arith *a)
{
	skip_space(a);
	for (size_t i = 0; i < sizeof(binary) / sizeof(binary[0]); i++)
		if (strncmp(a->at, binary[i].text, strlen(binary[i].text)) == 0)
			return (int)i;
	return -1;
}

/* A chain of binary operators at least as strong as the given strength. */
static long long eval_binary(struct arith *a, int strength)
{
	long long left = eval_unary(a);
	int op;

	while (!a->failed && (op = peek_binary(a)) >= 0 && binary[op].strength >= strength) {
		bool skip = a->skip;
		long long right;

		a->at += strlen(binary[op].text);
		/* && and || leave their right side out when the left one decides. */
		if (binary[op].strength <= 2)
			a->skip |= binary[op].strength == 1 ? left != 0 : left == 0;
		right = eval_binary(a, binary[op].strength + 1);
		a->skip = skip;
		left = apply(a, binary[op].text, left, right);
	}
	return left;
}

static long long eval_conditional(struct arith *a)
{
	long long condition = eval_binary(a, 1), yes, no;
	bool skip = a->skip;

	if (a->failed || !accept(a, "?"))
		return condition;
	a->skip = skip || !condition;
	yes = eval_assignment(a);
	if (!accept(a, ":"))
		return fail(a, "a missing colon");
	a->skip = skip || condition;
	no = eval_assignment(a);
	a->skip = skip;
	return condition ? yes : no;
}

/* The operator before the = of an assignment at s, its length in *len; NULL if there is none. */
static const char *assignment_operator(const char *s, size_t *len)
{
	static const char *const ops[] = {
		"", "+", "-", "*", "/", "%", "<<", ">>", "&", "^", "|",
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		*len = strlen(ops[i]);
		if (strncmp(s, ops[i], *len) == 0 && s[*len] == '=' && s[*len + 1] != '=')
			return ops[i];
	}
	return NULL;
}

static long long assign(struct arith *a, char *name, const char *op)
{
	long long old = *op ? variable(a, name) : 0, n = eval_assignment(a);
	char text[32];

	if (*op && !a->failed)
		n = apply(a, op, old, n);
	if (a->failed || a->skip)
		return n;
	snprintf(text, sizeof(text), "%lld", n);
	if (!var_set(name, text))
		a->failed = true;
	return n;
}

static long long eval_assignment(struct arith *a)
{
	const char *op = NULL, *after;
	size_t len, op_len;
	long long n;

	skip_space(a);
	if (++a->depth > 500)
		return fail(a, "too much nesting");
	len = isdigit((unsigned char)*a->at) ? 0 : name_length(a->at);
	for (after = a->at + len; isspace((unsigned char)*after);)
		after++;
	if (len > 0)
		op = assignment_operator(after, &op_len);
	if (op) {
		char *name = heap_alloc(len + 1);

		memcpy(name, a->at, len);
		name[len] = '\0';
		a->at = after + op_len + 1;
		n = assign(a, name, op);
		free(name);
	} else {
		n = eval_conditional(a);
	}
	a->depth--;
	return n;
}

bool arith_eval(const char *expr, long long *out)
{
	struct arith a = { .text = expr, .at = expr };

	*out = 0;
	skip_space(&a);
	if (!*a.at)
		return true;
	*out = eval_assignment(&a);
	skip_space(&a);
	if (!a.failed && *a.at)
		fail(&a, "an unexpected character");
	return !a.failed;
}
