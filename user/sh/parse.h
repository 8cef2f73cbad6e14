/* The parser and its lexer, seen from each other. */
#pragma once

#include "sh.h"

enum token_type {
	TOKEN_EOF, TOKEN_ERROR, TOKEN_NEWLINE, TOKEN_WORD, TOKEN_IO_NUMBER,
	TOKEN_AND_IF, TOKEN_OR_IF, TOKEN_AMP, TOKEN_PIPE, TOKEN_SEMI, TOKEN_DSEMI, TOKEN_LPAREN,
	TOKEN_RPAREN, TOKEN_LESS, TOKEN_GREAT, TOKEN_DGREAT, TOKEN_CLOBBER, TOKEN_LESSGREAT,
	TOKEN_LESSAND, TOKEN_GREATAND, TOKEN_DLESS, TOKEN_DLESSDASH,
};

struct token {
	enum token_type type;
	int line;
	int number;		/* IO_NUMBER */
	struct word word;	/* WORD */
	const char *plain; /* WORD: its text if no part of it is quoted or expanded, else NULL */
	size_t start, end;	/* of its characters in parser.typed */
};

/*
 * An error is sticky: it is reported once, and from then on every token is TOKEN_ERROR, which no
 * rule accepts.
 */
struct parser {
	struct source *src;
	struct arena *arena;
	struct token token;	/* the one that is looked at */
	size_t last_end;	/* where the token before it ended */
	struct str typed;	/* all characters since the command began */
	bool failed;
	int depth;		/* nesting, bounded so that the stack is */
	struct redir *heres;	/* here-documents to be read at the next newline */
	struct redir **heres_tail;
};

void parser_advance(struct parser *p);
void parser_fail(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * Enters a nested construct; false (reported) when it is too deep. Every entry is left by
 * p->depth--.
 */
bool parser_enter(struct parser *p);
/* A list up to a token that ends it, which becomes the current one. */
struct node *parse_compound_list(struct parser *p);
