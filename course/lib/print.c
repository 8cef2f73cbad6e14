/*
 * printf of the flavours: %d %x %p %s %c %% and, for PRINT_WIDE, %u and the long forms, which mean
 * 64 bits on every machine; %l alone is %lu. There are no widths: what is not known is printed as it
 * stands. Digits above 9 are capitals.
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

static bool is_integer(enum print_style style, char kind)
{
	return kind == 'd' || kind == 'x' || (kind == 'u' && style == PRINT_WIDE);
}

/* %d, %u or %x, of 64 bits or of an int. */
static void put_integer(struct sink *s, char kind, bool wide, va_list *ap)
{
	uint64_t bits;

	if (kind == 'd') {
		put_signed(s, wide ? va_arg(*ap, int64_t) : va_arg(*ap, int));
		return;
	}
	bits = wide ? va_arg(*ap, uint64_t) : va_arg(*ap, unsigned);
	put_number(s, bits, kind == 'x' ? 16 : 10, 1);
}

/* What begins with the l that f points at. Returns its last character. */
static const char *put_long(struct sink *s, const char *f, va_list *ap)
{
	const char *kind = f + (f[1] == 'l' ? 2 : 1);

	if (!is_integer(PRINT_WIDE, *kind)) {
		put_integer(s, 'u', true, ap);
		return f;
	}
	put_integer(s, *kind, true, ap);
	return kind;
}

/* The conversion that f points at, without its '%'. Returns its last character. */
static const char *put_conversion(
	struct sink *s, enum print_style style, const char *f, va_list *ap)
{
	if (*f == 'l' && style == PRINT_WIDE)
		return put_long(s, f, ap);
	if (is_integer(style, *f)) {
		put_integer(s, *f, false, ap);
	} else if (*f == 'p') {
		put_pointer(s, style, va_arg(*ap, void *));
	} else if (*f == 's') {
		put_string(s, va_arg(*ap, const char *));
	} else if (*f == 'c') {
		put(s, (char)va_arg(*ap, int));
	} else {
		put(s, '%');
		if (*f != '%')
			put(s, *f);
	}
	return f;
}

void print(int fd, enum print_style style, const char *f, va_list args)
{
	struct sink s = {.fd = fd};
	va_list ap;

	va_copy(ap, args);
	for (; *f; f++) {
		if (*f == '%' && f[1])
			f = put_conversion(&s, style, f + 1, &ap);
		else
			put(&s, *f);
	}
	va_end(ap);
	flush(&s);
}

void complain(const char *text)
{
	write(2, text, strlen(text));
	write(2, "\n", 1);
}
