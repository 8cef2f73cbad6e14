/*
 * Tokens to a tree, by recursive descent; a function per rule of the grammar. Every rule returns
 * with the token behind it as the current one. After an error rules return whatever they have;
 * parse_command drops it.
 *
 *	command line   list NEWLINE
 *	list           and_or ((; | & | NEWLINE) and_or)* (; | & | NEWLINE)?
 *	and_or         pipeline ((&& | ||) pipeline)*
 *	pipeline       !? command (| command)*
 *	command        simple | compound redirection* | NAME ( ) compound
 */
#include "parse.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static struct node *parse_and_or(struct parser *p);
static struct node *parse_command_rule(struct parser *p);

static struct node *node_new(struct parser *p, enum node_type type)
{
	struct node *n = arena_alloc(p->arena, sizeof(*n));

	n->type = type;
	n->line = p->token.line;
	return n;
}

/* The text typed from start to the end of the last token, on one line. */
static char *text_since(struct parser *p, size_t start)
{
	char *text;

	if (p->failed || p->last_end < start)
		return "";
	text = arena_copy(p->arena, p->typed.s + start, p->last_end - start);
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return text;
}

static void fail_unexpected(struct parser *p)
{
	const struct token *t = &p->token;

	switch (t->type) {
	case TOKEN_ERROR:
		break;
	case TOKEN_EOF:
		parser_fail(p, "unexpected end of input");
		break;
	case TOKEN_NEWLINE:
		parser_fail(p, "unexpected end of line");
		break;
	default:
		parser_fail(p, "unexpected \"%.*s\"", (int)(t->end - t->start),
			    p->typed.s + t->start);
	}
}

static bool at_reserved(const struct parser *p, const char *word)
{
	return p->token.type == TOKEN_WORD && p->token.plain && strcmp(p->token.plain, word) == 0;
}

/* Words that end a list instead of beginning a command. */
static bool at_closing_word(const struct parser *p)
{
	static const char *const closing[] = { "then", "else", "elif", "fi",
					       "do",   "done", "esac", "}" };

	for (size_t i = 0; i < sizeof(closing) / sizeof(closing[0]); i++)
		if (at_reserved(p, closing[i]))
			return true;
	return false;
}

static void expect_reserved(struct parser *p, const char *word)
{
	if (at_reserved(p, word))
		parser_advance(p);
	else if (p->token.type == TOKEN_EOF)
		parser_fail(p, "unexpected end of input, \"%s\" is missing", word);
	else
		fail_unexpected(p);
}

static void skip_newlines(struct parser *p)
{
	while (p->token.type == TOKEN_NEWLINE)
		parser_advance(p);
}

static bool at_redirection(const struct parser *p)
{
	return p->token.type == TOKEN_IO_NUMBER ||
	       (p->token.type >= TOKEN_LESS && p->token.type <= TOKEN_DLESSDASH);
}

static bool at_command(const struct parser *p)
{
	if (p->token.type == TOKEN_WORD)
		return !at_closing_word(p);
	return p->token.type == TOKEN_LPAREN || at_redirection(p);
}

/* Redirections and words */

/* Makes a here-document out of the word after << and puts it on the list of those to be read. */
static void expect_here(struct parser *p, struct redir *r)
{
	struct str text = { 0 };

	for (struct part *part = p->token.word.parts; part; part = part->next) {
		if (part->type != PART_TEXT) {
			parser_fail(p, "the end of a here-document must be plain text");
			return;
		}
		str_add(&text, part->text, strlen(part->text));
		r->literal |= part->quoted;
	}
	r->delimiter = arena_copy(p->arena, text.s ? text.s : "", text.len);
	str_free(&text);
	*p->heres_tail = r;
	p->heres_tail = &r->next_here;
}

static void parse_redirection(struct parser *p, struct redir ***tail)
{
	static const struct {
		enum redir_type type;
		int fd;
	} kinds[] = {
		[TOKEN_LESS] = { REDIR_IN, 0 }, [TOKEN_GREAT] = { REDIR_OUT, 1 },
		[TOKEN_DGREAT] = { REDIR_APPEND, 1 }, [TOKEN_CLOBBER] = { REDIR_CLOBBER, 1 },
		[TOKEN_LESSGREAT] = { REDIR_BOTH, 0 }, [TOKEN_LESSAND] = { REDIR_DUP, 0 },
		[TOKEN_GREATAND] = { REDIR_DUP, 1 }, [TOKEN_DLESS] = { REDIR_HERE, 0 },
		[TOKEN_DLESSDASH] = { REDIR_HERE, 0 },
	};
	struct redir *r = arena_alloc(p->arena, sizeof(*r));
	enum token_type op;
	int number = -1;

	if (p->token.type == TOKEN_IO_NUMBER) {
		number = p->token.number;
		parser_advance(p);
		if (p->failed)
			return;
	}
	op = p->token.type;
	r->type = kinds[op].type;
	r->fd = number >= 0 ? number : kinds[op].fd;
	r->strip_tabs = op == TOKEN_DLESSDASH;
	parser_advance(p);
	if (p->token.type != TOKEN_WORD) {
		fail_unexpected(p);
		return;
	}
	r->target = p->token.word;
	if (r->type == REDIR_HERE)
		expect_here(p, r);
	**tail = r;
	*tail = &r->next;
	parser_advance(p);
}

static void parse_redirections(struct parser *p, struct node *n)
{
	struct redir **tail = &n->redirs;

	while (at_redirection(p))
		parse_redirection(p, &tail);
}

static void add_word(struct parser *p, struct word_item ***tail)
{
	struct word_item *item = arena_alloc(p->arena, sizeof(*item));

	item->word = p->token.word;
	**tail = item;
	*tail = &item->next;
	parser_advance(p);
}

bool word_is_assignment(const struct word *w)
{
	const char *equals;

	if (!w->parts || w->parts->type != PART_TEXT || w->parts->quoted)
		return false;
	equals = strchr(w->parts->text, '=');
	return equals && is_name(w->parts->text, (size_t)(equals - w->parts->text));
}

/* Cuts NAME= off the front of the current word. */
static void add_assignment(struct parser *p, struct assign ***tail)
{
	struct assign *a = arena_alloc(p->arena, sizeof(*a));
	struct part *first = p->token.word.parts;
	char *equals = strchr(first->text, '=');

	a->name = arena_copy(p->arena, first->text, (size_t)(equals - first->text));
	a->value = p->token.word;
	first->text = equals + 1;
	**tail = a;
	*tail = &a->next;
	parser_advance(p);
}

/* Compound commands. The opening word or parenthesis is the current token. */

/* A list that must not be empty. */
static struct node *parse_body(struct parser *p)
{
	struct node *n = parse_compound_list(p);

	if (!n)
		fail_unexpected(p);
	return n;
}

static struct node *parse_enclosed(struct parser *p, enum node_type type)
{
	struct node *n = node_new(p, type);

	parser_advance(p);
	n->body = parse_body(p);
	if (type == NODE_GROUP)
		expect_reserved(p, "}");
	else if (p->token.type == TOKEN_RPAREN)
		parser_advance(p);
	else
		fail_unexpected(p);
	return n;
}

/* From "if" or "elif" on; the "fi" is shared by the whole chain. */
static struct node *parse_if(struct parser *p)
{
	struct node *first = NULL, **link = &first;

	do {
		struct node *n = node_new(p, NODE_IF);

		*link = n;
		link = &n->other;
		parser_advance(p);
		n->left = parse_body(p);
		expect_reserved(p, "then");
		n->body = parse_body(p);
	} while (at_reserved(p, "elif"));
	if (at_reserved(p, "else")) {
		parser_advance(p);
		*link = parse_body(p);
	}
	expect_reserved(p, "fi");
	return first;
}

static struct node *parse_do_group(struct parser *p)
{
	struct node *body;

	expect_reserved(p, "do");
	body = parse_body(p);
	expect_reserved(p, "done");
	return body;
}

static struct node *parse_while(struct parser *p, enum node_type type)
{
	struct node *n = node_new(p, type);

	parser_advance(p);
	n->left = parse_body(p);
	n->body = parse_do_group(p);
	return n;
}

static struct node *parse_for(struct parser *p)
{
	struct node *n = node_new(p, NODE_FOR);
	struct word_item **tail = &n->words;

	parser_advance(p);
	if (p->token.type != TOKEN_WORD || !p->token.plain ||
	    !is_name(p->token.plain, strlen(p->token.plain))) {
		fail_unexpected(p);
		return n;
	}
	n->name = (char *)p->token.plain;
	parser_advance(p);
	skip_newlines(p);
	if (at_reserved(p, "in")) {
		n->has_in = true;
		parser_advance(p);
		while (p->token.type == TOKEN_WORD)
			add_word(p, &tail);
		if (p->token.type != TOKEN_SEMI && p->token.type != TOKEN_NEWLINE)
			fail_unexpected(p);
	}
	if (p->token.type == TOKEN_SEMI)
		parser_advance(p);
	skip_newlines(p);
	n->body = parse_do_group(p);
	return n;
}

/* One "pattern | pattern) list ;;" of a case. */
static struct case_item *parse_case_item(struct parser *p)
{
	struct case_item *item = arena_alloc(p->arena, sizeof(*item));
	struct word_item **tail = &item->patterns;

	if (p->token.type == TOKEN_LPAREN)
		parser_advance(p);
	for (;;) {
		if (p->token.type != TOKEN_WORD) {
			fail_unexpected(p);
			return item;
		}
		add_word(p, &tail);
		if (p->token.type != TOKEN_PIPE)
			break;
		parser_advance(p);
	}
	if (p->token.type != TOKEN_RPAREN) {
		fail_unexpected(p);
		return item;
	}
	parser_advance(p);
	item->body = parse_compound_list(p);
	if (p->token.type == TOKEN_DSEMI)
		parser_advance(p);
	else if (!at_reserved(p, "esac"))
		fail_unexpected(p);
	skip_newlines(p);
	return item;
}

static struct node *parse_case(struct parser *p)
{
	struct node *n = node_new(p, NODE_CASE);
	struct case_item **tail = &n->cases;

	parser_advance(p);
	if (p->token.type != TOKEN_WORD) {
		fail_unexpected(p);
		return n;
	}
	n->subject = p->token.word;
	parser_advance(p);
	skip_newlines(p);
	expect_reserved(p, "in");
	skip_newlines(p);
	while (!p->failed && !at_reserved(p, "esac")) {
		*tail = parse_case_item(p);
		tail = &(*tail)->next;
	}
	expect_reserved(p, "esac");
	return n;
}

/* The name has been read and is in the simple command; the parenthesis is the current token. */
static struct node *parse_function(struct parser *p, struct node *simple)
{
	struct node *n = node_new(p, NODE_FUNCTION);
	const char *name = simple->words->word.parts->text;

	parser_advance(p);
	if (p->token.type != TOKEN_RPAREN) {
		fail_unexpected(p);
		return n;
	}
	parser_advance(p);
	skip_newlines(p);
	n->name = (char *)name;
	n->body = parse_command_rule(p);
	if (!p->failed && n->body->type == NODE_SIMPLE)
		parser_fail(p, "the body of the function %s must be a compound command", name);
	return n;
}

static bool can_be_function(const struct node *n)
{
	const struct part *part;

	if (!n->words || n->words->next || n->assigns || n->redirs)
		return false;
	part = n->words->word.parts;
	return part && !part->next && part->type == PART_TEXT && !part->quoted &&
	       is_name(part->text, strlen(part->text));
}

static struct node *parse_simple(struct parser *p)
{
	struct node *n = node_new(p, NODE_SIMPLE);
	struct assign **assigns = &n->assigns;
	struct word_item **words = &n->words;
	struct redir **redirs = &n->redirs;

	for (;;) {
		if (at_redirection(p))
			parse_redirection(p, &redirs);
		else if (p->token.type != TOKEN_WORD)
			break;
		else if (!n->words && word_is_assignment(&p->token.word))
			add_assignment(p, &assigns);
		else
			add_word(p, &words);
	}
	if (p->token.type == TOKEN_LPAREN && can_be_function(n))
		return parse_function(p, n);
	if (!n->words && !n->assigns && !n->redirs)
		fail_unexpected(p);
	return n;
}

static struct node *parse_compound(struct parser *p)
{
	if (p->token.type == TOKEN_LPAREN)
		return parse_enclosed(p, NODE_SUBSHELL);
	if (at_reserved(p, "{"))
		return parse_enclosed(p, NODE_GROUP);
	if (at_reserved(p, "if"))
		return parse_if(p);
	if (at_reserved(p, "while"))
		return parse_while(p, NODE_WHILE);
	if (at_reserved(p, "until"))
		return parse_while(p, NODE_UNTIL);
	if (at_reserved(p, "for"))
		return parse_for(p);
	if (at_reserved(p, "case"))
		return parse_case(p);
	return NULL;
}

static struct node *parse_command_rule(struct parser *p)
{
	struct node *n;

	if (!parser_enter(p))
		return node_new(p, NODE_SIMPLE);
	n = parse_compound(p);
	if (n)
		parse_redirections(p, n);
	else
		n = parse_simple(p);
	p->depth--;
	return n;
}

static void add_item(struct parser *p, struct item ***tail, struct node *n, bool background)
{
	struct item *item = arena_alloc(p->arena, sizeof(*item));

	item->node = n;
	item->background = background;
	**tail = item;
	*tail = &item->next;
}

static struct node *parse_pipeline(struct parser *p)
{
	struct node *n = node_new(p, NODE_PIPELINE);
	struct item **tail = &n->items;
	size_t start = p->token.start;

	while (at_reserved(p, "!")) {
		n->negated = !n->negated;
		parser_advance(p);
	}
	for (;;) {
		if (!at_command(p)) {
			fail_unexpected(p);
			break;
		}
		add_item(p, &tail, parse_command_rule(p), false);
		if (p->token.type != TOKEN_PIPE)
			break;
		parser_advance(p);
		skip_newlines(p);
	}
	n->text = text_since(p, start);
	return n;
}

static struct node *parse_and_or(struct parser *p)
{
	size_t start = p->token.start;
	struct node *left = parse_pipeline(p);

	while (p->token.type == TOKEN_AND_IF || p->token.type == TOKEN_OR_IF) {
		struct node *n = node_new(p, p->token.type == TOKEN_AND_IF ? NODE_AND : NODE_OR);

		parser_advance(p);
		skip_newlines(p);
		n->left = left;
		n->body = parse_pipeline(p);
		n->text = text_since(p, start);
		left = n;
	}
	return left;
}

/*
 * Commands with their separators. In a command line a newline ends the list and stays the current
 * token; in a compound list it separates. NULL if there is no command.
 */
static struct node *parse_list(struct parser *p, bool compound)
{
	struct node *n = node_new(p, NODE_LIST);
	struct item **tail = &n->items;

	if (compound)
		skip_newlines(p);
	while (at_command(p)) {
		struct node *command = parse_and_or(p);
		enum token_type end = p->token.type;

		add_item(p, &tail, command, end == TOKEN_AMP);
		if (end == TOKEN_AMP || end == TOKEN_SEMI)
			parser_advance(p);
		else if (!compound || end != TOKEN_NEWLINE)
			break;
		if (compound)
			skip_newlines(p);
	}
	return n->items ? n : NULL;
}

struct node *parse_compound_list(struct parser *p)
{
	return parse_list(p, true);
}

enum parse_result parse_command(struct source *src, struct arena *a, struct node **out)
{
	struct parser p = { .src = src, .arena = a };
	enum parse_result result = PARSE_OK;

	p.heres_tail = &p.heres;
	*out = NULL;
	source_new_command(src);
	parser_advance(&p);
	if (p.token.type == TOKEN_EOF && !shell.interrupted) {
		result = PARSE_EOF;
	} else if (p.token.type != TOKEN_NEWLINE) {
		*out = parse_list(&p, false);
		if (p.token.type != TOKEN_NEWLINE && p.token.type != TOKEN_EOF)
			fail_unexpected(&p);
		/* The input ended where a here-document should have begun. */
		if (p.heres && !p.failed)
			parser_fail(&p, "unexpected end of input, a here-document is missing");
	}
	if (p.failed || shell.interrupted)
		result = PARSE_ERROR;
	str_free(&p.typed);
	return result;
}
