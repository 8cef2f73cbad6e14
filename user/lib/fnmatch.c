/*
 * Shell patterns. A star is tried by remembering where the last one stood: on a mismatch the text
 * it stands for grows by a character. Only the last star need ever grow, so the time is at most the
 * product of the lengths.
 */
#include <fnmatch.h>

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	int (*test)(int);
} classes[] = {
	{ "alnum", isalnum }, { "alpha", isalpha }, { "blank", isblank }, { "cntrl", iscntrl },
	{ "digit", isdigit }, { "graph", isgraph }, { "lower", islower }, { "print", isprint },
	{ "punct", ispunct }, { "space", isspace }, { "upper", isupper }, { "xdigit", isxdigit },
};

/* If p is at "[:name:]", tells whether c is in that class and moves p past it; -1 otherwise. */
static int match_class(const char **p, int c)
{
	if ((*p)[0] != '[' || (*p)[1] != ':')
		return -1;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		size_t len = strlen(classes[i].name);

		if (strncmp(*p + 2, classes[i].name, len) == 0 &&
		    strncmp(*p + 2 + len, ":]", 2) == 0) {
			*p += len + 4;
			return classes[i].test(c) != 0;
		}
	}
	return -1;
}

/*
 * Matches c with the set whose first character after the bracket is at p; the end of the set, or
 * NULL if it has none.
 */
static const char *match_set(const char *p, int c, int flags, bool *matched)
{
	bool negated = *p == '!' || *p == '^';
	bool found = false;

	if (negated)
		p++;
	for (bool first = true; first || *p != ']'; first = false) {
		int low, high, class = match_class(&p, c);

		if (class >= 0) {
			found |= class;
			continue;
		}
		if (*p == '\\' && !(flags & FNM_NOESCAPE))
			p++;
		if (!*p)
			return NULL;
		low = high = (unsigned char)*p++;
		if (p[0] == '-' && p[1] && p[1] != ']') {
			p++;
			if (*p == '\\' && !(flags & FNM_NOESCAPE) && p[1])
				p++;
			high = (unsigned char)*p++;
		}
		found |= low <= c && c <= high;
		if (!*p)
			return NULL;
	}
	*matched = found != negated;
	return p + 1;
}

/*
 * Matches one character of the text with one element of the pattern; the rest of the pattern, or
 * NULL.
 */
static const char *match_one(const char *p, int c, int flags)
{
	bool matched;
	const char *rest;

	switch (*p) {
	case '?':
		return (flags & FNM_PATHNAME) && c == '/' ? NULL : p + 1;
	case '[':
		rest = match_set(p + 1, c, flags, &matched);
		if (!rest)
			break;
		return matched && !((flags & FNM_PATHNAME) && c == '/') ? rest : NULL;
	case '\\':
		if (!(flags & FNM_NOESCAPE) && p[1])
			p++;
		break;
	}
	return (unsigned char)*p == c ? p + 1 : NULL;
}

static bool hidden_period(const char *text, const char *s, int flags)
{
	return (flags & FNM_PERIOD) && *s == '.' &&
	       (s == text || ((flags & FNM_PATHNAME) && s[-1] == '/'));
}

int fnmatch(const char *p, const char *s, int flags)
{
	const char *text = s, *star = NULL, *star_text = NULL;

	while (*s || *p) {
		const char *rest;

		if (*p == '*' && !hidden_period(text, s, flags)) {
			star = ++p;
			star_text = s;
			continue;
		}
		if (*s && *p && !(hidden_period(text, s, flags) && *p != '.' && *p != '\\')) {
			rest = match_one(p, (unsigned char)*s, flags);
			if (rest) {
				p = rest;
				s++;
				continue;
			}
		}
		if (!star || !*star_text || ((flags & FNM_PATHNAME) && *star_text == '/'))
			return FNM_NOMATCH;
		p = star;
		s = ++star_text;
	}
	return 0;
}
