/*
 * Strings and blocks of memory: the C library's, with the types that programs know. gets keeps the end
 * of the line and stops at the end of input with what it has.
 */
#include "flavour.h"

#include <string.h>

char *xv6_strcpy(char *to, const char *from)
{
	return strcpy(to, from);
}

char *xv6_strchr(const char *s, char c)
{
	return c ? strchr(s, c) : NULL;
}

int xv6_strcmp(const char *a, const char *b)
{
	return strcmp(a, b);
}

unsigned xv6_strlen(const char *s)
{
	return (unsigned)strlen(s);
}

void *xv6_memset(void *p, int byte, unsigned n)
{
	return memset(p, byte, n);
}

void *xv6_memmove(void *to, const void *from, int n)
{
	return n > 0 ? memmove(to, from, (size_t)n) : to;
}

void *xv6_memcpy(void *to, const void *from, unsigned n)
{
	return memmove(to, from, n);
}

int xv6_memcmp(const void *a, const void *b, unsigned n)
{
	return memcmp(a, b, n);
}

int xv6_atoi(const char *s)
{
	int value = 0;

	while (*s >= '0' && *s <= '9')
		value = (int)((unsigned)value * 10 + (unsigned)(*s++ - '0'));
	return value;
}

char *xv6_gets(char *line, int room)
{
	int n = 0;

	while (n < room - 1 && file_read(0, line + n, 1) == 1) {
		n++;
		if (line[n - 1] == '\n' || line[n - 1] == '\r')
			break;
	}
	line[n] = '\0';
	return line;
}
