/*
 * Words to strings.
 *
 * Expansion writes characters with a mark each into a buffer; the marks say what may still happen
 * to a character. Then the buffer is split into fields, and fields with unquoted pattern characters
 * become file names.
 *
 *	MARK_PLAIN   stands in the word itself, unquoted: a pattern character, never split
 *	MARK_QUOTED  itself and nothing else
 *	MARK_SPLIT   from an unquoted expansion: a pattern character, and split where it is in IFS
 *	MARK_EMPTY   no character: there is a field here even if nothing else is in it ("")
 *	MARK_BREAK   no character: one argument of "$@" ends here and the next begins
 */
#include "sh.h"

#include <ctype.h>
#include <fnmatch.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum mark { MARK_PLAIN, MARK_QUOTED, MARK_SPLIT, MARK_EMPTY, MARK_BREAK };

struct expansion {
	struct arena *arena;
	struct str chars;
	struct str marks;	/* as long as chars */
	bool split;		/* fields are made of it: $@ breaks, and $* unquoted too */
	bool in_value; /* inside the word of ${name-word}: its text is a value, to be split */
	bool failed;
};

static void expand_parts(struct expansion *x, const struct part *part, bool quoted);

static void put(struct expansion *x, char c, enum mark mark)
{
	str_char(&x->chars, c);
	str_char(&x->marks, (char)mark);
}

static void put_string(struct expansion *x, const char *s, enum mark mark)
{
	for (; *s; s++)
		put(x, *s, mark);
}

/* The value of an expansion. */
static void put_value(struct expansion *x, const char *s, bool quoted)
{
	if (quoted)
		put(x, ' ', MARK_EMPTY);
	put_string(x, s, quoted ? MARK_QUOTED : MARK_SPLIT);
}

static void expansion_free(struct expansion *x)
{
	str_free(&x->chars);
	str_free(&x->marks);
}

/* Parameters */

/*
 * "$@" makes a field of each argument; "$*" one of all, with the first character of IFS between
 * them.
 */
static void put_arguments(struct expansion *x, char name, bool quoted)
{
	const char *ifs = var_get("IFS");
	bool join = !x->split || (quoted && name == '*');

	for (int i = 0; i < shell.params.count; i++) {
		if (i > 0 && !join)
			put(x, ' ', MARK_BREAK);
		else if (i > 0 && (name == '@' || !ifs))
			put(x, ' ', MARK_QUOTED);
		else if (i > 0 && *ifs)
			put(x, *ifs, MARK_QUOTED);
		put_value(x, shell.params.argv[i], quoted);
	}
	if (quoted && name == '*')
		put(x, ' ', MARK_EMPTY);
}

static char *number_text(struct expansion *x, long long n)
{
	char buf[32];
	int len = snprintf(buf, sizeof(buf), "%lld", n);

	return arena_copy(x->arena, buf, (size_t)len);
}

static char *option_letters(struct expansion *x)
{
	char buf[8];
	int n = snprintf(buf, sizeof(buf), "%s%s%s%s%s", shell.opt_errexit ? "e" : "",
			 shell.opt_noglob ? "f" : "", shell.interactive ? "i" : "",
			 shell.opt_nounset ? "u" : "", shell.opt_trace ? "x" : "");

	return arena_copy(x->arena, buf, (size_t)n);
}

/* The value of a parameter other than $@ and $*; NULL if it is not set. */
static const char *param_value(struct expansion *x, const char *name)
{
	if (isdigit((unsigned char)*name)) {
		long n = strtol(name, NULL, 10);

		if (n == 0)
			return shell.name;
		return n <= shell.params.count ? shell.params.argv[n - 1] : NULL;
	}
	if (isalpha((unsigned char)*name) || *name == '_')
		return var_get(name);
	switch (*name) {
	case '#': return number_text(x, shell.params.count);
	case '?': return number_text(x, shell.status);
	case '$': return number_text(x, shell.pid);
	case '!': return shell.last_background ? number_text(x, shell.last_background) : NULL;
	case '-': return option_letters(x);
	}
	return NULL;
}

/* Expands a word to a string of its own, in the arena. */
static char *inner_string(struct expansion *x, const struct word *w, bool pattern)
{
	char *s = "";

	if (!expand_string(w, x->arena, false, pattern, &s))
		x->failed = true;
	return s;
}

/* Takes the shortest or longest piece that matches the pattern off one end of the value. */
static const char *strip_value(struct expansion *x, const char *value, const struct part *part)
{
	const char *pattern = inner_string(x, part->arg, true);
	size_t len = strlen(value);
	bool prefix = part->op == OP_PREFIX || part->op == OP_LONG_PREFIX;
	bool longest = part->op == OP_LONG_PREFIX || part->op == OP_LONG_SUFFIX;
	char *piece = arena_copy(x->arena, value, len);

	for (size_t i = 0; i <= len; i++) {
		size_t n = longest ? len - i : i;

		if (prefix) {
			memcpy(piece, value, n);
			piece[n] = '\0';
			if (fnmatch(pattern, piece, 0) == 0)
				return value + n;
		} else if (fnmatch(pattern, value + len - n, 0) == 0) {
			piece[len - n] = '\0';
			return piece;
		}
	}
	return value;
}

static void fail_unset(struct expansion *x, const struct part *part, const char *text)
{
	complain("%s: %s", part->text, text);
	x->failed = true;
}

static bool is_arguments(const char *name)
{
	return strcmp(name, "@") == 0 || strcmp(name, "*") == 0;
}

/* The word stands for the value. */
static void put_alternative(struct expansion *x, const struct part *part, bool quoted)
{
	bool outer = x->in_value;

	x->in_value = true;
	expand_parts(x, part->arg->parts, quoted);
	x->in_value = outer;
}

/* ${name-word} and its kin: true when the word stands for the value, or nothing does. */
static bool expand_alternative(struct expansion *x, const struct part *part, bool absent,
			       bool quoted)
{
	const char *text;

	switch (part->op) {
	case OP_ALTERNATIVE:
		if (!absent)
			put_alternative(x, part, quoted);
		return true;
	case OP_DEFAULT:
		if (absent)
			put_alternative(x, part, quoted);
		return absent;
	case OP_ASSIGN:
		if (!absent)
			return false;
		text = inner_string(x, part->arg, false);
		if (!is_name(part->text, strlen(part->text)))
			fail_unset(x, part, "cannot be assigned to");
		else if (!x->failed && !var_set(part->text, text))
			x->failed = true;
		else
			put_value(x, text, quoted);
		return true;
	case OP_ERROR:
		if (!absent)
			return false;
		text = inner_string(x, part->arg, false);
		fail_unset(x, part, *text ? text : "parameter not set");
		return true;
	default:
		return false;
	}
}

static void expand_param(struct expansion *x, const struct part *part, bool quoted)
{
	bool arguments = is_arguments(part->text);
	const char *value =
		arguments ? (shell.params.count > 0 ? "set" : NULL) : param_value(x, part->text);
	bool absent = !value || (part->colon && !*value);

	if (quoted && !arguments)
		put(x, ' ', MARK_EMPTY);
	if (expand_alternative(x, part, absent, quoted))
		return;
	if (!value && shell.opt_nounset && !arguments) {
		fail_unset(x, part, "parameter not set");
		return;
	}
	if (arguments) {
		if (part->op == OP_LENGTH)
			put_value(x, number_text(x, shell.params.count), quoted);
		else
			put_arguments(x, *part->text, quoted);
		return;
	}
	if (!value)
		value = "";
	if (part->op == OP_LENGTH)
		value = number_text(x, (long long)strlen(value));
	else if (part->op >= OP_PREFIX && part->op <= OP_LONG_SUFFIX)
		value = strip_value(x, value, part);
	put_value(x, value, quoted);
}

/* Parts */

static void expand_command(struct expansion *x, const struct part *part, bool quoted)
{
	struct str out = { 0 };

	if (part->body && !command_output(part->body, &out))
		x->failed = true;
	else
		put_value(x, out.s ? out.s : "", quoted);
	str_free(&out);
}

static void expand_arith(struct expansion *x, const struct part *part, bool quoted)
{
	long long n;

	if (arith_eval(inner_string(x, part->arg, false), &n) && !x->failed)
		put_value(x, number_text(x, n), quoted);
	else
		x->failed = true;
}

static void expand_parts(struct expansion *x, const struct part *part, bool quoted)
{
	for (; part && !x->failed; part = part->next) {
		bool q = quoted || part->quoted;

		switch (part->type) {
		case PART_TEXT:
			if (q)
				put(x, ' ', MARK_EMPTY);
			put_string(x, part->text,
				   q ? MARK_QUOTED : x->in_value ? MARK_SPLIT : MARK_PLAIN);
			break;
		case PART_PARAM:
			expand_param(x, part, q);
			break;
		case PART_COMMAND:
			expand_command(x, part, q);
			break;
		case PART_ARITH:
			expand_arith(x, part, q);
			break;
		}
	}
}

/* Replaces ~ or ~user at the beginning of an unquoted text; what follows it is returned. */
static const char *expand_tilde(struct expansion *x, const char *text, bool alone)
{
	size_t len = strcspn(text, "/:");
	const char *home = NULL;

	/*
	 * "~user" must end with the text or a slash: what comes from another part is not looked at.
	 */
	if (*text != '~' || (!text[len] && !alone))
		return text;
	if (len == 1) {
		home = var_get("HOME");
	} else {
		struct passwd *user = getpwnam(arena_copy(x->arena, text + 1, len - 1));

		home = user ? user->pw_dir : NULL;
	}
	if (!home)
		return text;
	put(x, ' ', MARK_EMPTY);
	put_string(x, home, MARK_QUOTED);
	return text + len;
}

static void expand_word(struct expansion *x, const struct word *w, bool assignment)
{
	const struct part *first = w->parts;
	const char *rest;

	if (!first || first->type != PART_TEXT || first->quoted) {
		expand_parts(x, first, false);
		return;
	}
	rest = first->text;
	if (assignment && word_is_assignment(w)) {
		const char *value = strchr(rest, '=') + 1;

		while (rest < value)
			put(x, *rest++, MARK_PLAIN);
	}
	rest = expand_tilde(x, rest, !first->next);
	put_string(x, rest, MARK_PLAIN);
	expand_parts(x, first->next, false);
}

/* Fields */

/* One field while the buffer is split. */
struct field {
	struct expansion *x;
	struct strlist *out;
	struct str text;	/* the characters */
	struct str pattern;	/* the same with quoted pattern characters behind a backslash */
	bool started, bracket, is_pattern;
};

static void field_char(struct field *f, char c, enum mark mark)
{
	f->started = true;
	str_char(&f->text, c);
	if (mark == MARK_QUOTED) {
		if (strchr("*?[]\\-!^", c))
			str_char(&f->pattern, '\\');
	} else if (c == '\\') {
		str_char(&f->pattern, '\\');
	} else {
		/* A bracket that is not closed is no pattern: "[" is a command. */
		f->bracket |= c == '[';
		f->is_pattern |= c == '*' || c == '?' || (c == ']' && f->bracket);
	}
	str_char(&f->pattern, c);
}

static void field_end(struct field *f)
{
	size_t before = f->out->count;

	if (f->is_pattern && !shell.opt_noglob)
		glob_expand(f->pattern.s, f->x->arena, f->out);
	if (f->out->count == before)
		strlist_add(f->out, f->x->arena,
			    arena_copy(f->x->arena, f->text.s ? f->text.s : "", f->text.len));
	f->text.len = f->pattern.len = 0;
	f->started = f->bracket = f->is_pattern = false;
}

static void split_fields(struct expansion *x, struct strlist *out)
{
	struct field f = { .x = x, .out = out };
	const char *ifs = var_get("IFS");
	/*
	 * White space has ended a field: an IFS character that follows belongs to the same
	 * separator.
	 */
	bool after_space = false;

	if (!ifs)
		ifs = " \t\n";
	for (size_t i = 0; i < x->chars.len; i++) {
		char c = x->chars.s[i];
		enum mark mark = (enum mark)x->marks.s[i];

		if (mark == MARK_EMPTY) {
			f.started = true;
			continue;
		}
		if (mark == MARK_BREAK) {
			if (f.started)
				field_end(&f);
			after_space = false;
			continue;
		}
		if (mark != MARK_SPLIT || !strchr(ifs, c)) {
			field_char(&f, c, mark);
			after_space = false;
		} else if (isspace((unsigned char)c)) {
			if (f.started) {
				field_end(&f);
				after_space = true;
			}
		} else {
			if (f.started || !after_space)
				field_end(&f);
			after_space = false;
		}
	}
	if (f.started)
		field_end(&f);
	str_free(&f.text);
	str_free(&f.pattern);
}

bool expand_words(struct word_item *words, struct arena *a, struct strlist *out)
{
	bool declaration = false, first = true;

	for (; words; words = words->next, first = false) {
		struct expansion x = { .arena = a, .split = true };
		bool ok;

		if (declaration && word_is_assignment(&words->word)) {
			char *s;

			if (!expand_string(&words->word, a, true, false, &s))
				return false;
			strlist_add(out, a, s);
			continue;
		}
		expand_word(&x, &words->word, false);
		ok = !x.failed;
		if (ok)
			split_fields(&x, out);
		expansion_free(&x);
		if (!ok)
			return false;
		/* The arguments NAME=value of these are assignments, which are not split. */
		if (first && out->count == 1)
			declaration = strcmp(out->items[0], "export") == 0 ||
				      strcmp(out->items[0], "readonly") == 0 ||
				      strcmp(out->items[0], "local") == 0;
	}
	return true;
}

bool expand_string(const struct word *w, struct arena *a, bool assignment, bool pattern, char **out)
{
	struct expansion x = { .arena = a };
	struct str text = { 0 };

	expand_word(&x, w, assignment);
	for (size_t i = 0; i < x.chars.len; i++) {
		if (x.marks.s[i] == MARK_EMPTY || x.marks.s[i] == MARK_BREAK)
			continue;
		if (pattern && x.marks.s[i] == MARK_QUOTED && strchr("*?[]\\-!^", x.chars.s[i]))
			str_char(&text, '\\');
		str_char(&text, x.chars.s[i]);
	}
	*out = arena_copy(a, text.s ? text.s : "", text.len);
	str_free(&text);
	expansion_free(&x);
	return !x.failed;
}
