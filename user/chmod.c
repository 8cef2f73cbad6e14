/*
 * chmod MODE FILE...: sets permissions; MODE is octal, or [ugoa][+-=][rwx] with commas between
 * several.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools.h>

static _Noreturn void bad_mode(const char *s)
{
	errx(2, "\"%s\" is not a mode", s);
}

/* Applies one clause such as u+rw; returns what follows it. */
static const char *apply_clause(const char *s, mode_t *mode, const char *whole)
{
	mode_t who = 0, bits = 0, mask;
	char op;

	for (; *s && strchr("ugoa", *s); s++)
		who |= *s == 'u' ? 0700 : *s == 'g' ? 0070 : *s == 'o' ? 0007 : 0777;
	if (who == 0)
		who = 0777;
	op = *s++;
	if (op != '+' && op != '-' && op != '=')
		bad_mode(whole);
	for (; *s && strchr("rwx", *s); s++)
		bits |= *s == 'r' ? 0444 : *s == 'w' ? 0222 : 0111;
	mask = who & bits;
	if (op == '+')
		*mode |= mask;
	else if (op == '-')
		*mode &= ~mask;
	else
		*mode = (*mode & ~who) | mask;
	return s;
}

static mode_t new_mode(const char *s, mode_t mode)
{
	const char *whole = s;
	char *end;
	long octal = strtol(s, &end, 8);

	if (end != s) {
		if (*end || octal < 0 || octal > 07777)
			bad_mode(whole);
		return (mode_t)octal;
	}
	mode &= 07777;
	do {
		s = apply_clause(s, &mode, whole);
	} while (*s == ',' && *++s);
	if (*s)
		bad_mode(whole);
	return mode;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc < 3)
		usage("chmod MODE FILE...");
	for (int i = 2; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) < 0 || chmod(argv[i], new_mode(argv[1], st.st_mode)) < 0) {
			warn("%s", argv[i]);
			status = 1;
		}
	}
	return status;
}
