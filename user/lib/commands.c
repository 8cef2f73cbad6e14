/* Commands shared by programs and the shell: echo, kill, printf. test is in test_command.c. */
#include <commands.h>

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int echo_command(int argc, char **argv)
{
	bool newline = argc < 2 || strcmp(argv[1], "-n") != 0;

	for (int i = newline ? 1 : 2; i < argc; i++) {
		fputs(argv[i], stdout);
		if (i + 1 < argc)
			putchar(' ');
	}
	if (newline)
		putchar('\n');
	return 0;
}

/* kill */

static int parse_signal(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end != s && !*end)
		return n >= 0 && n < NSIG ? (int)n : -1;
	return signal_number(s);
}

static int list_signals(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		if (signal_name(sig))
			printf("%2d %s\n", sig, signal_name(sig));
	return 0;
}

int kill_command(int argc, char **argv)
{
	const char *name = "TERM";
	int i = 1, sig, status = 0;

	if (argc > 1 && strcmp(argv[1], "-l") == 0)
		return list_signals();
	if (argc > 2 && strcmp(argv[1], "-s") == 0) {
		name = argv[2];
		i = 3;
	} else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
		name = argv[1] + 1;
		i = 2;
	}
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	sig = parse_signal(name);
	if (sig < 0 || i >= argc) {
		if (sig < 0)
			fprintf(stderr, "kill: %s: no such signal\n", name);
		else
			fprintf(stderr, "usage: kill [-SIGNAL | -s SIGNAL] PID... | kill -l\n");
		return 2;
	}
	for (; i < argc; i++) {
		char *end;
		long pid = strtol(argv[i], &end, 10);

		if (end == argv[i] || *end) {
			fprintf(stderr, "kill: %s: not a process number\n", argv[i]);
			status = 1;
		} else if (kill((pid_t)pid, sig) < 0) {
			fprintf(stderr, "kill: %s: %s\n", argv[i], strerror(errno));
			status = 1;
		}
	}
	return status;
}

/* printf */

/* The arguments of printf, handed out to its conversions. */
struct arguments {
	char **next;
	bool used;	/* one was taken since the format began */
	int status;
};

static const char *take_string(struct arguments *a)
{
	a->used = true;
	return *a->next ? *a->next++ : "";
}

static long long take_number(struct arguments *a)
{
	bool given = *a->next != NULL;
	const char *s = take_string(a);
	char *end;
	long long n;

	/* A quote in front means the code of the character behind it. */
	if (*s == '\'' || *s == '"')
		return (unsigned char)s[1];
	n = *s == '-' ? strtoll(s, &end, 0) : (long long)strtoull(s, &end, 0);
	if (given && (end == s || *end)) {
		fprintf(stderr, "printf: %s: not a number\n", s);
		a->status = 1;
	}
	return n;
}

/* Writes the character of the escape at s (behind the backslash); returns what follows it. */
static const char *put_escape(const char *s)
{
	static const char letters[] = "abfnrtv\\\"'", meanings[] = "\a\b\f\n\r\t\v\\\"'";
	const char *letter = *s ? strchr(letters, *s) : NULL;

	if (letter) {
		putchar(meanings[letter - letters]);
		return s + 1;
	}
	if (*s >= '0' && *s <= '7') {
		int value = 0;

		for (int i = 0; i < 3 && *s >= '0' && *s <= '7'; i++)
			value = value * 8 + (*s++ - '0');
		putchar(value);
		return s;
	}
	putchar('\\');
	return s;
}

static void put_with_escapes(const char *s)
{
	while (*s) {
		if (*s == '\\')
			s = put_escape(s + 1);
		else
			putchar(*s++);
	}
}

/*
 * Carries out the conversion whose percent sign is at s; returns what follows it, or NULL
 * (reported).
 */
static const char *put_conversion(const char *s, struct arguments *a)
{
	size_t len = 1 + strspn(s + 1, "-+ #0123456789.");
	char type = s[len], format[64];

	if (len > sizeof(format) - 4) {
		fprintf(stderr, "printf: the format is too long\n");
		return NULL;
	}
	memcpy(format, s, len);
	format[len] = '\0';
	switch (type) {
	case '%':
		putchar('%');
		break;
	case 'b':
		put_with_escapes(take_string(a));
		break;
	case 'c':
		printf("%.1s", take_string(a));
		break;
	case 's':
		strcat(format, "s");
		printf(format, take_string(a));
		break;
	case 'd':
	case 'i':
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		strcat(format, "ll");
		strncat(format, &type, 1);
		printf(format, take_number(a));
		break;
	default:
		fprintf(stderr, "printf: %%%c: unknown conversion\n", type);
		return NULL;
	}
	return s + len + 1;
}

int printf_command(int argc, char **argv)
{
	struct arguments a = { .next = argv + 2 };

	if (argc < 2) {
		fprintf(stderr, "usage: printf FORMAT [ARG...]\n");
		return 2;
	}
	/* The format is used again as long as it takes arguments and there are some. */
	do {
		a.used = false;
		for (const char *s = argv[1]; *s;) {
			if (*s == '\\')
				s = put_escape(s + 1);
			else if (*s != '%')
				putchar(*s++);
			else
				s = put_conversion(s, &a);
			if (!s)
				return 1;
		}
	} while (*a.next && a.used);
	return a.status;
}
