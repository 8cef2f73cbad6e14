/*
 * Regular expressions, by Thompson's construction: the pattern becomes a small program whose
 * instructions match a character, fork or jump; matching follows all threads of it at once, a set
 * of instructions per character of the text. The time is the length of the text times the size of
 * the program, whatever the pattern.
 *
 * Known: ordinary characters . [set] ^ $ groups, alternatives, * + ? {m,n}. In the basic syntax
 * groups, braces, +, ? and | need a backslash; in the extended one a backslash takes their meaning
 * away.
 */
#include "regex.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <tools.h>

#define PROGRAM_MAX 100000
#define REPEAT_MAX 1000
#define UNLIMITED (-1)

enum op { OP_CHAR, OP_ANY, OP_SET, OP_FORK, OP_JUMP, OP_BEGIN, OP_END, OP_MATCH };

struct instruction {
	enum op op;
	unsigned char c;
	uint32_t *set;		/* 256 bits; owned by the tree */
	size_t to, other;	/* FORK: both; JUMP: to */
};

enum node_type {
	NODE_EMPTY,
	NODE_CHAR,
	NODE_ANY,
	NODE_SET,
	NODE_BEGIN,
	NODE_END,
	NODE_CAT,
	NODE_ALT,
	NODE_REPEAT
};

struct node {
	struct node *all;	/* all nodes of the expression, for freeing */
	enum node_type type;
	unsigned char c;
	int min, max;		/* REPEAT */
	struct node *left, *right;
	uint32_t set[8];
};

/*
 * A set of instructions that remembers the order of insertion; member i is in it if position[i]
 * says so.
 */
struct threads {
	size_t *items, *position;
	size_t count;
};

struct regex {
	struct instruction *program;
	size_t size, cap;
	struct node *nodes;
	struct threads now, next;
	size_t *stack;
	bool ignore_case;
};

struct parser {
	const char *at;
	enum regex_syntax syntax;
	struct regex *re;
	const char *error;
	int depth;
};

static struct node *parse_alternatives(struct parser *p);

/* Parsing */

static struct node *node_new(struct parser *p, enum node_type type, struct node *left,
			     struct node *right)
{
	struct node *n = must_alloc(sizeof(*n));

	memset(n, 0, sizeof(*n));
	n->type = type;
	n->left = left;
	n->right = right;
	n->all = p->re->nodes;
	p->re->nodes = n;
	return n;
}

static struct node *fail(struct parser *p, const char *error)
{
	if (!p->error)
		p->error = error;
	return node_new(p, NODE_EMPTY, NULL, NULL);
}

static struct node *char_node(struct parser *p, unsigned char c)
{
	struct node *n = node_new(p, NODE_CHAR, NULL, NULL);

	n->c = c;
	return n;
}

/* The special character c stands at the current place, written as the syntax wants it. */
static bool at_special(const struct parser *p, char c)
{
	if (p->syntax == REGEX_FIXED)
		return false;
	if (p->syntax == REGEX_EXTENDED)
		return *p->at == c;
	return p->at[0] == '\\' && p->at[1] == c;
}

static bool accept_special(struct parser *p, char c)
{
	if (!at_special(p, c))
		return false;
	p->at += p->syntax == REGEX_EXTENDED ? 1 : 2;
	return true;
}

static void set_add(struct parser *p, struct node *n, int c)
{
	n->set[c / 32] |= 1u << c % 32;
	if (p->re->ignore_case) {
		n->set[tolower(c) / 32] |= 1u << tolower(c) % 32;
		n->set[toupper(c) / 32] |= 1u << toupper(c) % 32;
	}
}

/* [:name:] inside a set; false if there is none at the current place. */
static bool parse_class(struct parser *p, struct node *n)
{
	static const struct {
		const char *name;
		int (*test)(int);
	} classes[] = {
		{ "[:alnum:]", isalnum }, { "[:alpha:]", isalpha }, { "[:blank:]", isblank },
		{ "[:cntrl:]", iscntrl }, { "[:digit:]", isdigit }, { "[:graph:]", isgraph },
		{ "[:lower:]", islower }, { "[:print:]", isprint }, { "[:punct:]", ispunct },
		{ "[:space:]", isspace }, { "[:upper:]", isupper }, { "[:xdigit:]", isxdigit },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		size_t len = strlen(classes[i].name);

		if (strncmp(p->at, classes[i].name, len) != 0)
			continue;
		for (int c = 0; c < 256; c++)
			if (classes[i].test(c))
				set_add(p, n, c);
		p->at += len;
		return true;
	}
	return false;
}

/* Behind the opening bracket. */
static struct node *parse_set(struct parser *p)
{
	struct node *n = node_new(p, NODE_SET, NULL, NULL);
	bool negated = *p->at == '^';

	p->at += negated;
	for (bool first = true; first || *p->at != ']'; first = false) {
		int low, high;

		if (!*p->at)
			return fail(p, "a [ is not closed");
		if (parse_class(p, n))
			continue;
		low = high = (unsigned char)*p->at++;
		if (p->at[0] == '-' && p->at[1] && p->at[1] != ']') {
			high = (unsigned char)p->at[1];
			p->at += 2;
		}
		if (high < low)
			return fail(p, "a range in [ ] is backwards");
		for (int c = low; c <= high; c++)
			set_add(p, n, c);
	}
	p->at++;
	for (int i = 0; negated && i < 8; i++)
		n->set[i] = ~n->set[i];
	return n;
}

/* In the basic syntax ^ and $ are anchors only at the ends of an alternative. */
static bool is_anchor(const struct parser *p, bool first)
{
	if (p->syntax == REGEX_EXTENDED)
		return true;
	if (*p->at == '^')
		return first;
	return !p->at[1] || (p->at[1] == '\\' && (p->at[2] == ')' || p->at[2] == '|'));
}

static struct node *parse_group(struct parser *p)
{
	struct node *n;

	if (++p->depth > 200)
		return fail(p, "groups are nested too deeply");
	n = parse_alternatives(p);
	p->depth--;
	if (!accept_special(p, ')'))
		return fail(p, "a group is not closed");
	return n;
}

/* One character, set, anchor or group. */
static struct node *parse_atom(struct parser *p, bool first)
{
	if (accept_special(p, '('))
		return parse_group(p);
	if (p->syntax != REGEX_FIXED) {
		switch (*p->at) {
		case '.':
			p->at++;
			return node_new(p, NODE_ANY, NULL, NULL);
		case '[':
			p->at++;
			return parse_set(p);
		case '^':
		case '$':
			if (!is_anchor(p, first))
				break;
			return node_new(p, *p->at++ == '^' ? NODE_BEGIN : NODE_END, NULL, NULL);
		case '\\':
			if (!p->at[1])
				return fail(p, "a backslash ends the expression");
			p->at++;
			break;
		}
	}
	return char_node(p, (unsigned char)*p->at++);
}

static int parse_number(struct parser *p)
{
	int n = 0;

	while (isdigit((unsigned char)*p->at) && n <= REPEAT_MAX)
		n = n * 10 + (*p->at++ - '0');
	return n;
}

/* Behind the opening brace. */
static void parse_bounds(struct parser *p, struct node *n)
{
	if (!isdigit((unsigned char)*p->at))
		fail(p, "a { is not followed by a number");
	n->min = n->max = parse_number(p);
	if (*p->at == ',') {
		p->at++;
		n->max = isdigit((unsigned char)*p->at) ? parse_number(p) : UNLIMITED;
	}
	if (!accept_special(p, '}'))
		fail(p, "a { is not closed");
	if (n->min > REPEAT_MAX || n->max > REPEAT_MAX || (n->max != UNLIMITED && n->max < n->min))
		fail(p, "the bounds in { } are wrong");
}

/* An atom with what repeats it. */
static struct node *parse_piece(struct parser *p, bool first)
{
	/* A star with nothing before it is a star. */
	bool literal_star = first && *p->at == '*';
	struct node *atom =
		literal_star ? char_node(p, (unsigned char)*p->at++) : parse_atom(p, first);

	while (!p->error && p->syntax != REGEX_FIXED) {
		struct node *n = node_new(p, NODE_REPEAT, atom, NULL);

		n->max = UNLIMITED;
		if (*p->at == '*') {
			p->at++;
		} else if (accept_special(p, '+')) {
			n->min = 1;
		} else if (accept_special(p, '?')) {
			n->max = 1;
		} else if (accept_special(p, '{')) {
			parse_bounds(p, n);
		} else {
			break;
		}
		atom = n;
	}
	return atom;
}

static struct node *parse_sequence(struct parser *p)
{
	struct node *first = NULL, **link = &first;
	struct node *last = NULL;

	/* It leans to the right, so that emit_node can go along it in a loop. */
	while (*p->at && !p->error && !at_special(p, '|') &&
	       !(p->depth > 0 && at_special(p, ')'))) {
		bool begins = !last || (last->type == NODE_BEGIN && p->syntax == REGEX_BASIC &&
					*p->at == '*');

		last = parse_piece(p, begins);
		*link = node_new(p, NODE_CAT, last, NULL);
		link = &(*link)->right;
	}
	return first ? first : node_new(p, NODE_EMPTY, NULL, NULL);
}

static struct node *parse_alternatives(struct parser *p)
{
	struct node *n = parse_sequence(p);

	while (!p->error && accept_special(p, '|'))
		n = node_new(p, NODE_ALT, n, parse_sequence(p));
	return n;
}

/* The program */

static size_t emit(struct regex *re, enum op op)
{
	if (re->size == re->cap) {
		re->cap = 2 * re->cap + 64;
		re->program = must_resize(re->program, re->cap * sizeof(*re->program));
	}
	re->program[re->size] = (struct instruction){ .op = op };
	return re->size++;
}

static void emit_node(struct regex *re, struct node *n);

static void emit_alternatives(struct regex *re, struct node *n)
{
	size_t fork = emit(re, OP_FORK), jump;

	re->program[fork].to = re->size;
	emit_node(re, n->left);
	jump = emit(re, OP_JUMP);
	re->program[fork].other = re->size;
	emit_node(re, n->right);
	re->program[jump].to = re->size;
}

static void emit_repeat(struct regex *re, struct node *n)
{
	size_t fork;

	for (int i = 0; i < n->min && re->size <= PROGRAM_MAX; i++)
		emit_node(re, n->left);
	if (n->max == UNLIMITED) {
		size_t jump;

		fork = emit(re, OP_FORK);
		re->program[fork].to = re->size;
		emit_node(re, n->left);
		jump = emit(re, OP_JUMP);
		re->program[jump].to = fork;
		re->program[fork].other = re->size;
		return;
	}
	for (int i = n->min; i < n->max && re->size <= PROGRAM_MAX; i++) {
		fork = emit(re, OP_FORK);
		re->program[fork].to = re->size;
		emit_node(re, n->left);
		re->program[fork].other = re->size;
	}
}

static void emit_node(struct regex *re, struct node *n)
{
	size_t i;

	if (re->size > PROGRAM_MAX)
		return;
	switch (n->type) {
	case NODE_EMPTY:
		break;
	case NODE_CHAR:
		i = emit(re, OP_CHAR);
		re->program[i].c = re->ignore_case ? (unsigned char)tolower(n->c) : n->c;
		break;
	case NODE_SET:
		i = emit(re, OP_SET);
		re->program[i].set = n->set;
		break;
	case NODE_ANY:
		emit(re, OP_ANY);
		break;
	case NODE_BEGIN:
		emit(re, OP_BEGIN);
		break;
	case NODE_END:
		emit(re, OP_END);
		break;
	case NODE_CAT:
		for (; n; n = n->right)
			emit_node(re, n->left);
		break;
	case NODE_ALT:
		emit_alternatives(re, n);
		break;
	case NODE_REPEAT:
		emit_repeat(re, n);
		break;
	}
}

static size_t *threads_array(size_t n)
{
	return must_alloc((n + 1) * sizeof(size_t));
}

struct regex *regex_compile(const char *pattern, enum regex_syntax syntax, bool ignore_case,
			    const char **error)
{
	struct regex *re = must_alloc(sizeof(*re));
	struct parser p = { .at = pattern, .syntax = syntax, .re = re };
	struct node *root;

	memset(re, 0, sizeof(*re));
	re->ignore_case = ignore_case;
	root = parse_alternatives(&p);
	if (!p.error && *p.at)
		p.error = "a ) without its (";
	if (!p.error)
		emit_node(re, root);
	if (!p.error && re->size > PROGRAM_MAX)
		p.error = "the expression is too large";
	if (p.error) {
		*error = p.error;
		regex_free(re);
		return NULL;
	}
	emit(re, OP_MATCH);
	re->now.items = threads_array(re->size);
	re->now.position = threads_array(re->size);
	re->next.items = threads_array(re->size);
	re->next.position = threads_array(re->size);
	/* Each instruction is pushed at most twice while a set is filled. */
	re->stack = threads_array(2 * re->size + 2);
	memset(re->now.position, 0, re->size * sizeof(size_t));
	memset(re->next.position, 0, re->size * sizeof(size_t));
	return re;
}

void regex_free(struct regex *re)
{
	struct node *n, *next;

	for (n = re->nodes; n; n = next) {
		next = n->all;
		free(n);
	}
	free(re->program);
	free(re->now.items);
	free(re->now.position);
	free(re->next.items);
	free(re->next.position);
	free(re->stack);
	free(re);
}

/* Matching */

static bool has_thread(const struct threads *t, size_t i)
{
	return t->position[i] < t->count && t->items[t->position[i]] == i;
}

/* Adds an instruction and all it leads to without a character. */
static void add_thread(struct regex *re, struct threads *t, size_t start, bool at_begin,
		       bool at_end)
{
	size_t top = 0;

	re->stack[top++] = start;
	while (top > 0) {
		size_t i = re->stack[--top];
		const struct instruction *in = &re->program[i];

		if (has_thread(t, i))
			continue;
		t->position[i] = t->count;
		t->items[t->count++] = i;
		switch (in->op) {
		case OP_JUMP:
			re->stack[top++] = in->to;
			break;
		case OP_FORK:
			re->stack[top++] = in->other;
			re->stack[top++] = in->to;
			break;
		case OP_BEGIN:
			if (at_begin)
				re->stack[top++] = i + 1;
			break;
		case OP_END:
			if (at_end)
				re->stack[top++] = i + 1;
			break;
		default:
			break;
		}
	}
}

static bool accepts(const struct regex *re, const struct instruction *in, unsigned char c)
{
	switch (in->op) {
	case OP_ANY: return true;
	case OP_CHAR: return in->c == (re->ignore_case ? tolower(c) : c);
	case OP_SET: return in->set[c / 32] >> c % 32 & 1;
	default: return false;
	}
}

bool regex_match(struct regex *re, const char *text, size_t len, bool whole)
{
	size_t match = re->size - 1;

	re->now.count = 0;
	for (size_t at = 0;; at++) {
		struct threads swap;

		if (at == 0 || !whole)
			add_thread(re, &re->now, 0, at == 0, at == len);
		if (has_thread(&re->now, match) && (!whole || at == len))
			return true;
		if (at == len)
			return false;
		re->next.count = 0;
		for (size_t i = 0; i < re->now.count; i++) {
			size_t k = re->now.items[i];

			if (accepts(re, &re->program[k], (unsigned char)text[at]))
				add_thread(re, &re->next, k + 1, false, at + 1 == len);
		}
		swap = re->now;
		re->now = re->next;
		re->next = swap;
	}
}
