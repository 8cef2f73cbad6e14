/* Regular expressions: compiled once, matched with lines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct regex;

/* How a pattern is written. */
enum regex_syntax { REGEX_BASIC, REGEX_EXTENDED, REGEX_FIXED };

/* NULL and a message in *error if the pattern is malformed. The message needs no freeing. */
struct regex *regex_compile(const char *pattern, enum regex_syntax syntax, bool ignore_case,
			    const char **error);
void regex_free(struct regex *re);
/* True if the expression matches somewhere in the text (with whole: matches all of it). */
bool regex_match(struct regex *re, const char *text, size_t len, bool whole);
