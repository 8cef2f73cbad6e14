/*
 * The string functions that C has not, see string.h.
 */
#include "lib/string.h"

size_t str_copy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);
	size_t n = MIN(len, size - 1);

	memcpy(dst, src, n);
	dst[n] = '\0';
	return len;
}

/* The value of c as a digit; 99 if it is none in any base. */
static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20; /* lower case */
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return 99;
}

bool str_number(const char **s, u64 *value)
{
	const char *p = *s;
	unsigned base = 10;
	u64 n = 0;

	if (p[0] == '0' && (p[1] | 0x20) == 'x' && digit_value(p[2]) < 16) {
		base = 16;
		p += 2;
	} else if (p[0] == '0') {
		base = 8;
	}
	if (digit_value(*p) >= base)
		return false;
	for (; digit_value(*p) < base; p++)
		n = n * base + digit_value(*p);
	*s = p;
	*value = n;
	return true;
}
