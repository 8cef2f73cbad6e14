/*
 * The printf family. One formatter writes to a sink; a sink is a stream or a piece of memory.
 */
#include "internal.h"

#include <stdio.h>

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the text goes. Counts everything, whether it fits or not. */
struct sink {
	FILE *stream;	/* NULL: memory */
	char *buf;
	size_t size;
	size_t count;
	bool failed;
};

/* One conversion: %[flags][width][.precision][length]type. */
struct spec {
	bool left, plus, space, alt, zero;
	int width;
	int precision;	/* -1: none given */
	int length;	/* bytes of the integer argument */
	char type;
};

static void sink_write(struct sink *out, const char *s, size_t n)
{
	if (out->stream) {
		if (n > 0 && fwrite(s, 1, n, out->stream) != n)
			out->failed = true;
	} else if (out->count < out->size) {
		size_t room = out->size - out->count;

		memcpy(out->buf + out->count, s, n < room ? n : room);
	}
	out->count += n;
}

static void sink_pad(struct sink *out, char c, long n)
{
	char block[32];

	memset(block, c, sizeof(block));
	for (; n > 0; n -= (long)sizeof(block))
		sink_write(out, block, n < (long)sizeof(block) ? (size_t)n : sizeof(block));
}

/* Writes prefix and body in a field of the width; zero padding goes between the two. */
static void put_field(struct sink *out, const struct spec *sp, const char *prefix, size_t zeros,
		      const char *body, size_t len)
{
	size_t prefix_len = strlen(prefix);
	long pad = sp->width - (long)(prefix_len + zeros + len);

	if (pad > 0 && sp->zero && !sp->left) {
		zeros += (size_t)pad;
		pad = 0;
	}
	if (!sp->left)
		sink_pad(out, ' ', pad);
	sink_write(out, prefix, prefix_len);
	sink_pad(out, '0', (long)zeros);
	sink_write(out, body, len);
	if (sp->left)
		sink_pad(out, ' ', pad);
}

static void put_integer(struct sink *out, struct spec sp, uintmax_t value, bool negative)
{
	const char *digits = sp.type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned base = sp.type == 'd' || sp.type == 'u' ? 10 : sp.type == 'o' ? 8 : 16;
	char buf[3 * sizeof(value)];
	char *p = buf + sizeof(buf);
	const char *prefix = "";
	size_t len, zeros;
	bool nonzero = value != 0;

	for (; value != 0; value /= base)
		*--p = digits[value % base];
	len = (size_t)(buf + sizeof(buf) - p);
	if (sp.precision < 0)
		sp.precision = 1;
	else
		sp.zero = false;
	zeros = (size_t)sp.precision > len ? (size_t)sp.precision - len : 0;
	if (sp.type == 'd')
		prefix = negative ? "-" : sp.plus ? "+" : sp.space ? " " : "";
	else if (sp.type == 'p' || (base == 16 && sp.alt && nonzero))
		prefix = sp.type == 'X' ? "0X" : "0x";
	else if (base == 8 && sp.alt && zeros == 0)
		zeros = 1;
	put_field(out, &sp, prefix, zeros, p, len);
}

static void put_string(struct sink *out, struct spec sp, const char *s)
{
	if (!s)
		s = "(null)";
	sp.zero = false;
	put_field(out, &sp, "", 0, s,
		  sp.precision < 0 ? strlen(s) : strnlen(s, (size_t)sp.precision));
}

/* Reads digits or a star. */
static int parse_count(const char **fmt, va_list *ap)
{
	int n = 0;

	if (**fmt == '*') {
		(*fmt)++;
		return va_arg(*ap, int);
	}
	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		n = n > INT_MAX / 10 - 1 ? INT_MAX / 10 : n * 10 + (**fmt - '0');
	return n;
}

static int parse_length(const char **fmt)
{
	switch (*(*fmt)++) {
	case 'h':
		if (**fmt != 'h')
			return sizeof(short);
		(*fmt)++;
		return sizeof(char);
	case 'l':
		if (**fmt != 'l')
			return sizeof(long);
		(*fmt)++;
		return sizeof(long long);
	case 'q':
	case 'j':
		return sizeof(intmax_t);
	case 'z':
	case 't':
		return sizeof(size_t);
	}
	(*fmt)--;
	return sizeof(int);
}

static struct spec parse_spec(const char **fmt, va_list *ap)
{
	struct spec sp = { .precision = -1 };

	for (;; (*fmt)++) {
		switch (**fmt) {
		case '-': sp.left = true; continue;
		case '+': sp.plus = true; continue;
		case ' ': sp.space = true; continue;
		case '#': sp.alt = true; continue;
		case '0': sp.zero = true; continue;
		}
		break;
	}
	sp.width = parse_count(fmt, ap);
	if (sp.width < 0) {
		sp.left = true;
		sp.width = sp.width == INT_MIN ? INT_MAX : -sp.width;
	}
	if (**fmt == '.') {
		(*fmt)++;
		sp.precision = parse_count(fmt, ap);
		if (sp.precision < 0)
			sp.precision = -1;
	}
	sp.length = parse_length(fmt);
	sp.type = **fmt ? *(*fmt)++ : '\0';
	return sp;
}

static intmax_t take_signed(int length, va_list *ap)
{
	switch (length) {
	case sizeof(char): return (signed char)va_arg(*ap, int);
	case sizeof(short): return (short)va_arg(*ap, int);
	case sizeof(int): return va_arg(*ap, int);
	}
	return va_arg(*ap, long long);
}

static uintmax_t take_unsigned(int length, va_list *ap)
{
	switch (length) {
	case sizeof(char): return (unsigned char)va_arg(*ap, int);
	case sizeof(short): return (unsigned short)va_arg(*ap, int);
	case sizeof(int): return va_arg(*ap, unsigned);
	}
	return va_arg(*ap, unsigned long long);
}

static void convert(struct sink *out, struct spec sp, va_list *ap)
{
	intmax_t value;
	char c;

	switch (sp.type) {
	case 'd':
	case 'i':
		sp.type = 'd';
		value = take_signed(sp.length, ap);
		put_integer(out, sp, value < 0 ? 0 - (uintmax_t)value : (uintmax_t)value,
			    value < 0);
		break;
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		put_integer(out, sp, take_unsigned(sp.length, ap), false);
		break;
	case 'p':
		put_integer(out, sp, (uintptr_t)va_arg(*ap, void *), false);
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		sp.zero = false;
		put_field(out, &sp, "", 0, &c, 1);
		break;
	case 's':
		put_string(out, sp, va_arg(*ap, const char *));
		break;
	case '%':
		sink_write(out, "%", 1);
		break;
	default:
		/* A conversion that is not known: what stands behind it could not be found. */
		errno = EINVAL;
		out->failed = true;
	}
}

static int format(struct sink *out, const char *fmt, va_list args)
{
	va_list ap;

	va_copy(ap, args);
	while (*fmt && !out->failed) {
		const char *percent = strchrnul(fmt, '%');

		sink_write(out, fmt, (size_t)(percent - fmt));
		fmt = percent;
		if (*fmt == '%') {
			fmt++;
			convert(out, parse_spec(&fmt, &ap), &ap);
		}
	}
	va_end(ap);
	if (out->count > INT_MAX) {
		errno = EOVERFLOW;
		out->failed = true;
	}
	return out->failed ? -1 : (int)out->count;
}

/*
 * An unbuffered stream gets its text in one write, so that messages of several processes do not
 * mix.
 */
static int print_at_once(FILE *f, const char *fmt, va_list ap)
{
	char local[512];
	char *text = local;
	int n = vsnprintf(local, sizeof(local), fmt, ap);

	if (n >= (int)sizeof(local))
		n = vasprintf(&text, fmt, ap);
	if (n > 0 && fwrite(text, 1, (size_t)n, f) != (size_t)n)
		n = -1;
	if (text != local)
		free(text);
	return n;
}

int vfprintf(FILE *f, const char *fmt, va_list ap)
{
	struct sink out = { .stream = f };

	return stream_is_unbuffered(f) ? print_at_once(f, fmt, ap) : format(&out, fmt, ap);
}

int vsnprintf(char *s, size_t size, const char *fmt, va_list ap)
{
	/* One byte is kept for the terminator. */
	struct sink out = { .buf = s, .size = size > 0 ? size - 1 : 0 };
	int n = format(&out, fmt, ap);

	if (size > 0)
		s[out.count < size ? out.count : size - 1] = '\0';
	return n;
}

int vprintf(const char *fmt, va_list ap)
{
	return vfprintf(stdout, fmt, ap);
}

int vasprintf(char **s, const char *fmt, va_list ap)
{
	int n = vsnprintf(NULL, 0, fmt, ap);

	*s = n < 0 ? NULL : malloc((size_t)n + 1);
	if (!*s)
		return -1;
	return vsnprintf(*s, (size_t)n + 1, fmt, ap);
}

int printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintf(fmt, ap);
	va_end(ap);
	return n;
}

int fprintf(FILE *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vfprintf(f, fmt, ap);
	va_end(ap);
	return n;
}

int sprintf(char *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s, INT_MAX, fmt, ap);
	va_end(ap);
	return n;
}

int snprintf(char *s, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s, size, fmt, ap);
	va_end(ap);
	return n;
}

int asprintf(char **s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(s, fmt, ap);
	va_end(ap);
	return n;
}

int dprintf(int fd, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -1;
	for (int done = 0; done < n;) {
		ssize_t w = write(fd, text + done, (size_t)(n - done));

		if (w < 0 && errno != EINTR) {
			n = -1;
			break;
		}
		done += w > 0 ? (int)w : 0;
	}
	free(text);
	return n;
}
