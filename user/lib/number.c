/*
 * Text to numbers. All forms share one scanner of a sign, a prefix and digits in an unsigned
 * maximum.
 */
#include <stdlib.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

struct scan {
	unsigned long long value;
	bool negative;
	bool overflow;
};

static int digit_value(int c)
{
	if (isdigit(c))
		return c - '0';
	if (isalpha(c))
		return tolower(c) - 'a' + 10;
	return INT_MAX;
}

/*
 * Reads a number at s in the base, 0 meaning "as C writes it". *end is s itself when there is none.
 */
static struct scan scan_number(const char *s, char **end, int base)
{
	struct scan r = { 0, false, false };
	const char *p = s, *digits;

	if (end)
		*end = (char *)s;
	if (base < 0 || base == 1 || base > 36) {
		errno = EINVAL;
		return r;
	}
	while (isspace((unsigned char)*p))
		p++;
	if (*p == '-' || *p == '+')
		r.negative = *p++ == '-';
	if ((base == 0 || base == 16) && p[0] == '0' && tolower((unsigned char)p[1]) == 'x' &&
	    isxdigit((unsigned char)p[2])) {
		p += 2;
		base = 16;
	} else if (base == 0) {
		base = *p == '0' ? 8 : 10;
	}
	for (digits = p; digit_value((unsigned char)*p) < base; p++) {
		unsigned d = (unsigned)digit_value((unsigned char)*p);

		if (r.value > (ULLONG_MAX - d) / (unsigned)base)
			r.overflow = true;
		r.value = r.value * (unsigned)base + d;
	}
	if (end && p != digits)
		*end = (char *)p;
	return r;
}

static long long to_signed(struct scan r, long long min, long long max)
{
	unsigned long long limit =
		r.negative ? 0 - (unsigned long long)min : (unsigned long long)max;

	if (r.overflow || r.value > limit) {
		errno = ERANGE;
		return r.negative ? min : max;
	}
	return (long long)(r.negative ? 0 - r.value : r.value);
}

static unsigned long long to_unsigned(struct scan r, unsigned long long max)
{
	if (r.overflow || r.value > max) {
		errno = ERANGE;
		return max;
	}
	return r.negative ? 0 - r.value : r.value;
}

long strtol(const char *s, char **end, int base)
{
	return (long)to_signed(scan_number(s, end, base), LONG_MIN, LONG_MAX);
}

long long strtoll(const char *s, char **end, int base)
{
	return to_signed(scan_number(s, end, base), LLONG_MIN, LLONG_MAX);
}

unsigned long strtoul(const char *s, char **end, int base)
{
	return (unsigned long)to_unsigned(scan_number(s, end, base), ULONG_MAX);
}

unsigned long long strtoull(const char *s, char **end, int base)
{
	return to_unsigned(scan_number(s, end, base), ULLONG_MAX);
}

intmax_t strtoimax(const char *s, char **end, int base)
{
	return strtoll(s, end, base);
}

uintmax_t strtoumax(const char *s, char **end, int base)
{
	return strtoull(s, end, base);
}

int atoi(const char *s)
{
	return (int)strtol(s, NULL, 10);
}

long atol(const char *s)
{
	return strtol(s, NULL, 10);
}

int abs(int n)
{
	return n < 0 ? -n : n;
}

long labs(long n)
{
	return n < 0 ? -n : n;
}

/* A 64-bit multiplicative congruential generator; the high bits are the good ones. */
static unsigned long long random_state = 1;

void srand(unsigned seed)
{
	random_state = seed;
}

int rand(void)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (int)(random_state >> 33);
}
