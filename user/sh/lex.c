/*
 * Characters to tokens. A word becomes its parts at once: text, parameters, commands, arithmetic,
 * each marked as quoted or not; a command inside $( ) is parsed where it stands, by the same
 * parser.
 */
#include "parse.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a run of parts stands; it decides what ends it and what backslash and quotes mean. */
enum context {
	IN_WORD,	/* ends before a blank or an operator */
	IN_DQUOTE,	/* ends at " */
	IN_BRACE,	/* ends at }, not quoted */
	IN_DQ_BRACE,	/* ends at }, inside double quotes */
	IN_ARITH,	/* ends at )) */
	IN_HERE,	/* ends with the text */
};

/* Collects the parts of a word; text is gathered until its quoting changes. */
struct builder {
	struct parser *p;
	struct part *first, **tail;
	struct str text;
	bool open;	/* there is text, perhaps empty: "" */
	bool quoted;
};

static struct word *parse_nested_word(struct parser *p, enum context ctx);

static int next_raw(struct parser *p)
{
	int c = source_getc(p->src);

	if (c != EOF)
		str_char(&p->typed, (char)c);
	return c;
}

static void put_back(struct parser *p, int c)
{
	if (c == EOF)
		return;
	source_unget(p->src, c);
	p->typed.len--;
}

/* The next character, with continued lines joined. */
static int next_char(struct parser *p)
{
	for (;;) {
		int c = next_raw(p), d;

		if (c != '\\')
			return c;
		d = next_raw(p);
		if (d != '\n') {
			put_back(p, d);
			return c;
		}
	}
}

static int peek_char(struct parser *p)
{
	int c = next_char(p);

	put_back(p, c);
	return c;
}

/* Words */

static void builder_flush(struct builder *b)
{
	struct part *part;

	if (!b->open)
		return;
	part = arena_alloc(b->p->arena, sizeof(*part));
	part->type = PART_TEXT;
	part->quoted = b->quoted;
	part->text = arena_copy(b->p->arena, b->text.s ? b->text.s : "", b->text.len);
	*b->tail = part;
	b->tail = &part->next;
	b->text.len = 0;
	b->open = false;
}

static void builder_open(struct builder *b, bool quoted)
{
	if (b->open && b->quoted != quoted)
		builder_flush(b);
	b->open = true;
	b->quoted = quoted;
}

static void builder_char(struct builder *b, int c, bool quoted)
{
	builder_open(b, quoted);
	str_char(&b->text, (char)c);
}

static struct part *builder_part(struct builder *b, enum part_type type, bool quoted)
{
	struct part *part;

	builder_flush(b);
	part = arena_alloc(b->p->arena, sizeof(*part));
	part->type = type;
	part->quoted = quoted;
	*b->tail = part;
	b->tail = &part->next;
	return part;
}

static void builder_init(struct builder *b, struct parser *p)
{
	*b = (struct builder){ .p = p };
	b->tail = &b->first;
}

static struct word builder_finish(struct builder *b)
{
	builder_flush(b);
	str_free(&b->text);
	return (struct word){ b->first };
}

static void single_quotes(struct builder *b)
{
	int c;

	builder_open(b, true);
	while ((c = next_raw(b->p)) != '\'') {
		if (c == EOF) {
			parser_fail(b->p, "no closing single quote");
			return;
		}
		builder_char(b, c, true);
	}
}

/* A backslash has been read. Inside double quotes it only quotes what would be special there. */
static void backslash(struct builder *b, enum context ctx)
{
	bool inside = ctx == IN_DQUOTE || ctx == IN_HERE || ctx == IN_ARITH || ctx == IN_DQ_BRACE;
	int c = next_raw(b->p);

	if (c == EOF) {
		builder_char(b, '\\', true);
		return;
	}
	if (inside && !strchr("$`\\", c) && !(c == '"' && ctx != IN_HERE) &&
	    !(c == '}' && ctx == IN_DQ_BRACE))
		builder_char(b, '\\', true);
	builder_char(b, c, true);
}

/* The text between backquotes is freed of one level of backslashes and then parsed as a command. */
static void backquotes(struct builder *b, bool quoted)
{
	struct parser *p = b->p, inner = { 0 };
	struct part *part = builder_part(b, PART_COMMAND, quoted);
	struct str text = { 0 };
	int line = source_line(p->src), c;

	while ((c = next_char(p)) != '`') {
		if (c == '\\') {
			c = next_raw(p);
			if (c != EOF && !strchr("$`\\", c) && !(quoted && c == '"'))
				str_char(&text, '\\');
		}
		if (c == EOF) {
			parser_fail(p, "no closing backquote");
			str_free(&text);
			return;
		}
		str_char(&text, (char)c);
	}
	inner.arena = p->arena;
	inner.depth = p->depth;
	inner.heres_tail = &inner.heres;
	inner.src = source_string(text.s ? text.s : "", text.len, line);
	if (parser_enter(&inner)) {
		parser_advance(&inner);
		part->body = parse_compound_list(&inner);
		if (!inner.failed && inner.token.type != TOKEN_EOF)
			parser_fail(&inner, "unexpected %s between backquotes",
				    inner.typed.s + inner.token.start);
	}
	/* The inner parser has reported. */
	p->failed |= inner.failed;
	str_free(&inner.typed);
	source_close(inner.src);
	str_free(&text);
}

/* "$(" has been read. The parser's current token is put aside while it parses the command. */
static void command_substitution(struct builder *b, bool quoted)
{
	struct parser *p = b->p;
	struct part *part = builder_part(b, PART_COMMAND, quoted);
	struct token outer = p->token;
	size_t outer_end = p->last_end;

	if (!parser_enter(p))
		return;
	parser_advance(p);
	part->body = parse_compound_list(p);
	p->depth--;
	if (!p->failed && p->token.type != TOKEN_RPAREN)
		parser_fail(p, "no closing parenthesis after $(");
	p->token = outer;
	p->last_end = outer_end;
}

static enum param_op read_operator(struct parser *p, bool *colon)
{
	int c = next_char(p);

	*colon = c == ':';
	if (*colon)
		c = next_char(p);
	switch (c) {
	case '-': return OP_DEFAULT;
	case '=': return OP_ASSIGN;
	case '?': return OP_ERROR;
	case '+': return OP_ALTERNATIVE;
	}
	if (!*colon && (c == '#' || c == '%')) {
		bool twice = peek_char(p) == c;

		if (twice)
			next_char(p);
		return c == '#' ? (twice ? OP_LONG_PREFIX : OP_PREFIX)
				: (twice ? OP_LONG_SUFFIX : OP_SUFFIX);
	}
	parser_fail(p, "bad substitution");
	return OP_NONE;
}

/* Reads a parameter's name: a name, a number or one special character. Empty if there is none. */
static char *parameter_name(struct parser *p, bool braces)
{
	struct str name = { 0 };
	int c = next_char(p);
	char *copy;

	if (c != EOF && isdigit(c)) {
		do
			str_char(&name, (char)c);
		while (braces && (c = next_char(p)) != EOF && isdigit(c));
		if (braces)
			put_back(p, c);
	} else if (c != EOF && (isalpha(c) || c == '_')) {
		do {
			str_char(&name, (char)c);
			c = next_char(p);
		} while (c != EOF && (isalnum(c) || c == '_'));
		put_back(p, c);
	} else if (c != EOF && strchr("@*#?-$!", c)) {
		str_char(&name, (char)c);
	} else {
		put_back(p, c);
	}
	copy = arena_copy(p->arena, name.s ? name.s : "", name.len);
	str_free(&name);
	return copy;
}

/* "${" has been read. */
static void brace_parameter(struct builder *b, bool quoted)
{
	struct parser *p = b->p;
	struct part *part = builder_part(b, PART_PARAM, quoted);
	bool strip;

	if (peek_char(p) == '#') {
		next_char(p);
		/* ${#} is the number of arguments, ${#x} a length. */
		if (peek_char(p) == '}') {
			part->text = "#";
		} else {
			part->op = OP_LENGTH;
			part->text = parameter_name(p, true);
		}
	} else {
		part->text = parameter_name(p, true);
	}
	if (!part->text[0]) {
		parser_fail(p, "bad substitution");
		return;
	}
	if (peek_char(p) == '}') {
		next_char(p);
		return;
	}
	if (part->op == OP_LENGTH || !parser_enter(p)) {
		parser_fail(p, "bad substitution");
		return;
	}
	part->op = read_operator(p, &part->colon);
	/* Patterns keep their own quoting even between double quotes. */
	strip = part->op >= OP_PREFIX;
	part->arg = parse_nested_word(p, quoted && !strip ? IN_DQ_BRACE : IN_BRACE);
	p->depth--;
}

/* A dollar has been read. */
static void parse_dollar(struct builder *b, bool quoted)
{
	struct parser *p = b->p;
	int c = next_char(p);
	struct part *part;
	char *name;

	if (c == '(') {
		c = next_char(p);
		if (c != '(') {
			put_back(p, c);
			command_substitution(b, quoted);
		} else if (parser_enter(p)) {
			part = builder_part(b, PART_ARITH, quoted);
			part->arg = parse_nested_word(p, IN_ARITH);
			p->depth--;
		}
		return;
	}
	if (c == '{') {
		brace_parameter(b, quoted);
		return;
	}
	put_back(p, c);
	name = parameter_name(p, false);
	if (!name[0]) {
		builder_char(b, '$', quoted);
		return;
	}
	part = builder_part(b, PART_PARAM, quoted);
	part->text = name;
}

static void parse_parts(struct builder *b, enum context ctx);

static void double_quotes(struct builder *b)
{
	struct part **tail = b->tail;
	size_t len = b->text.len;

	parse_parts(b, IN_DQUOTE);
	/* "" is a part of its own; "$@" must not become one where there are no arguments. */
	if (b->tail == tail && b->text.len == len)
		builder_open(b, true);
}

static bool ends_word(int c)
{
	return c == EOF || strchr(" \t\n;&|<>()", c);
}

/*
 * Reads parts up to what ends the context, which is consumed, but for IN_WORD, where it stays.
 */
static void parse_parts(struct builder *b, enum context ctx)
{
	struct parser *p = b->p;
	bool quoted = ctx != IN_WORD && ctx != IN_BRACE;
	int parens = 0;

	while (!p->failed) {
		int c = next_char(p);

		if (ctx == IN_WORD && ends_word(c)) {
			put_back(p, c);
			return;
		}
		if (c == EOF) {
			if (ctx == IN_DQUOTE)
				parser_fail(p, "no closing double quote");
			else if (ctx == IN_ARITH)
				parser_fail(p, "no closing )) after $((");
			else if (ctx != IN_HERE)
				parser_fail(p, "no closing } after ${");
			return;
		}
		if (c == '"' && ctx == IN_DQUOTE)
			return;
		if (c == '}' && (ctx == IN_BRACE || ctx == IN_DQ_BRACE))
			return;
		if (ctx == IN_ARITH && c == '(')
			parens++;
		if (ctx == IN_ARITH && c == ')') {
			if (parens == 0 && peek_char(p) == ')') {
				next_char(p);
				return;
			}
			parens--;
		}
		if (c == '\\')
			backslash(b, ctx);
		else if (c == '\'' && !quoted)
			single_quotes(b);
		else if (c == '"' && (!quoted || ctx == IN_DQ_BRACE))
			double_quotes(b);
		else if (c == '$')
			parse_dollar(b, quoted);
		else if (c == '`')
			backquotes(b, quoted);
		else
			builder_char(b, c, quoted);
	}
}

static struct word *parse_nested_word(struct parser *p, enum context ctx)
{
	struct word *w = arena_alloc(p->arena, sizeof(*w));
	struct builder b;

	builder_init(&b, p);
	parse_parts(&b, ctx);
	*w = builder_finish(&b);
	return w;
}

/* Here-documents */

/* Reads one raw line, without its newline; false at the end of the input. */
static bool read_here_line(struct parser *p, bool strip_tabs, struct str *line)
{
	int c = next_raw(p);

	line->len = 0;
	if (c == EOF)
		return false;
	while (strip_tabs && c == '\t')
		c = next_raw(p);
	for (; c != '\n' && c != EOF; c = next_raw(p))
		str_char(line, (char)c);
	str_add(line, "", 0);
	return true;
}

/*
 * The text of a here-document whose end was not quoted is expanded like a string in double quotes.
 */
static struct word parse_here_text(struct parser *p, const struct str *text, int line)
{
	struct parser inner = { .arena = p->arena, .depth = p->depth };
	struct builder b;
	struct word w;

	inner.heres_tail = &inner.heres;
	inner.src = source_string(text->s ? text->s : "", text->len, line);
	builder_init(&b, &inner);
	builder_open(&b, true);
	parse_parts(&b, IN_HERE);
	w = builder_finish(&b);
	p->failed |= inner.failed;
	str_free(&inner.typed);
	source_close(inner.src);
	return w;
}

static void read_heres(struct parser *p)
{
	struct str line = { 0 }, text = { 0 };

	for (struct redir *r = p->heres; r; r = r->next_here) {
		int first = source_line(p->src);
		bool ended = false;

		text.len = 0;
		while (!ended && read_here_line(p, r->strip_tabs, &line)) {
			ended = strcmp(line.s, r->delimiter) == 0;
			if (!ended) {
				str_add(&text, line.s, line.len);
				str_char(&text, '\n');
			}
		}
		if (r->literal) {
			struct part *part = arena_alloc(p->arena, sizeof(*part));

			part->type = PART_TEXT;
			part->quoted = true;
			part->text = arena_copy(p->arena, text.s ? text.s : "", text.len);
			r->target.parts = part;
		} else {
			r->target = parse_here_text(p, &text, first);
		}
	}
	p->heres = NULL;
	p->heres_tail = &p->heres;
	str_free(&line);
	str_free(&text);
}

/* Tokens */

static const struct {
	const char *text;
	enum token_type type;
} operators[] = {
	/* Longer ones before their beginnings. */
	{ "&&", TOKEN_AND_IF },	    { "||", TOKEN_OR_IF },    { ";;", TOKEN_DSEMI },
	{ "<<-", TOKEN_DLESSDASH }, { "<<", TOKEN_DLESS },    { ">>", TOKEN_DGREAT },
	{ "<&", TOKEN_LESSAND },    { ">&", TOKEN_GREATAND }, { "<>", TOKEN_LESSGREAT },
	{ ">|", TOKEN_CLOBBER },    { "&", TOKEN_AMP },	      { "|", TOKEN_PIPE },
	{ ";", TOKEN_SEMI },	    { "(", TOKEN_LPAREN },    { ")", TOKEN_RPAREN },
	{ "<", TOKEN_LESS },	    { ">", TOKEN_GREAT },
};

/* Reads the longest operator; its first character has been put back. */
static enum token_type read_operator_token(struct parser *p)
{
	char text[4] = "";
	enum token_type best = TOKEN_ERROR;

	for (int len = 0; len < 3; len++) {
		int c = next_char(p);
		enum token_type found = TOKEN_ERROR;

		if (c != EOF) {
			text[len] = (char)c;
			for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
				if (strcmp(text, operators[i].text) == 0)
					found = operators[i].type;
		}
		if (found == TOKEN_ERROR) {
			put_back(p, c);
			break;
		}
		best = found;
	}
	return best;
}

static const char *plain_text(const struct word *w)
{
	const struct part *part = w->parts;

	return part && !part->next && part->type == PART_TEXT && !part->quoted ? part->text : NULL;
}

static void skip_blanks(struct parser *p)
{
	int c;

	do
		c = next_char(p);
	while (c == ' ' || c == '\t');
	if (c == '#')
		while (c != '\n' && c != EOF)
			c = next_raw(p);
	put_back(p, c);
}

static void read_word_token(struct parser *p)
{
	struct token *t = &p->token;
	struct builder b;
	int c;

	t->type = TOKEN_WORD;
	t->word.parts = NULL;
	builder_init(&b, p);
	parse_parts(&b, IN_WORD);
	/* Nested commands have used the token meanwhile and put it back; only now it is filled. */
	t->word = builder_finish(&b);
	t->plain = plain_text(&t->word);
	if (!t->plain || p->failed)
		return;
	c = peek_char(p);
	if ((c == '<' || c == '>') && t->plain[strspn(t->plain, "0123456789")] == '\0' &&
	    strlen(t->plain) < 6) {
		t->type = TOKEN_IO_NUMBER;
		t->number = atoi(t->plain);
	}
}

void parser_advance(struct parser *p)
{
	struct token *t = &p->token;
	int c;

	p->last_end = t->end;
	t->plain = NULL;
	if (!p->failed) {
		skip_blanks(p);
		t->start = p->typed.len;
		t->line = source_line(p->src);
		c = next_char(p);
		if (c == EOF) {
			t->type = TOKEN_EOF;
		} else if (c == '\n') {
			t->type = TOKEN_NEWLINE;
			read_heres(p);
		} else {
			bool op = strchr("&|;()<>", c) != NULL;

			put_back(p, c);
			if (op)
				t->type = read_operator_token(p);
			else
				read_word_token(p);
		}
		t->end = p->typed.len;
	}
	if (p->failed)
		t->type = TOKEN_ERROR;
}

void parser_fail(struct parser *p, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (!p->failed && !shell.interrupted) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		shell.line = source_line(p->src);
		if (p->token.type == TOKEN_NEWLINE && shell.line > 1)
			shell.line--;
		complain("syntax error: %s", text);
	}
	p->failed = true;
	p->token.type = TOKEN_ERROR;
}

bool parser_enter(struct parser *p)
{
	/* A level takes less than a kilobyte of stack in parser, expansion and execution each. */
	if (p->depth >= 1000) {
		parser_fail(p, "nested too deeply");
		return false;
	}
	p->depth++;
	return true;
}
