/*
 * printf of the flavours: %d %x %p %s %c %% and, for PRINT_WIDE, %u and the long forms, which mean
 * 64 bits on every machine. There are no widths: what is not known is printed as it stands. Digits
 * above 9 are capitals.
 *
 * A call is collected in a small buffer and written when that is full, and at its end: the lines of
 * two processes do not mix letter by letter.
 */
#include "flavour.h"

#include <string.h>
#include <unistd.h>

struct sink {
	int fd;
	size_t used;
	char text[128];
};

static void flush(struct sink *s)
{
	write(s->fd, s->text, s->used);
	s->used = 0;
}

static void put(struct sink *s, char c)
{
	if (s->used == sizeof(s->text))
		flush(s);
	s->text[s->used++] = c;
}

static void put_string(struct sink *s, const char *text)
{
	for (text = text ? text : "(null)"; *text; text++)
		put(s, *text);
}

/* A number in a base, with at least `least` digits. */
static void put_number(struct sink *s, uint64_t value, unsigned base, int least)
{
	char digits[20];
	int n = 0;

	for (; value || n < least; value /= base)
		digits[n++] = "0123456789ABCDEF"[value % base];
	while (n)
		put(s, digits[--n]);
}

static void put_signed(struct sink *s, int64_t value)
{
	if (value < 0)
		put(s, '-');
	put_number(s, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, 1);
}

static void put_pointer(struct sink *s, enum print_style style, void *p)
{
	if (style == PRINT_NARROW) {
		put_number(s, (uintptr_t)p, 16, 1);
		return;
	}
	put_string(s, "0x");
	put_number(s, (uintptr_t)p, 16, 16);
}

/* Counts the l's of a conversion whose first character f points at. */
static int long_marks(enum print_style style, const char *f)
{
	int marks = 0;

	if (style == PRINT_WIDE)
		while (marks < 2 && f[marks] == 'l')
			marks++;
	return marks && f[marks] && strchr("dux", f[marks]) ? marks : 0;
}

void print(int fd, enum print_style style, const char *f, va_list ap)
{
	struct sink s = { .fd = fd };

	for (; *f; f++) {
		int marks;
		uint64_t bits;

		if (*f != '%' || !f[1]) {
			put(&s, *f);
			continue;
		}
		marks = long_marks(style, ++f);
		f += marks;
		switch (*f) {
		case 'd':
			put_signed(&s, marks ? va_arg(ap, int64_t) : va_arg(ap, int));
			break;
		case 'x':
			bits = marks ? va_arg(ap, uint64_t) : va_arg(ap, unsigned);
			put_number(&s, bits, 16, 1);
			break;
		case 'p':
			put_pointer(&s, style, va_arg(ap, void *));
			break;
		case 's':
			put_string(&s, va_arg(ap, const char *));
			break;
		case 'c':
			put(&s, (char)va_arg(ap, int));
			break;
		case '%':
			put(&s, '%');
			break;
		case 'u':
			if (style == PRINT_WIDE) {
				bits = marks ? va_arg(ap, uint64_t) : va_arg(ap, unsigned);
				put_number(&s, bits, 10, 1);
				break;
			}
			/* fallthrough */
		default:
			put(&s, '%');
			put(&s, *f);
		}
	}
	flush(&s);
}

void complain(const char *text)
{
	write(2, text, strlen(text));
	write(2, "\n", 1);
}
