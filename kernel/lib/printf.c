/*
 * The formatter. One conversion at a time is parsed into a struct spec; numbers become digits in a
 * small buffer, lowest first, and are laid out with sign, prefix, zeros and padding. Output beyond
 * the buffer is counted and dropped.
 */
#include "lib/printf.h"
#include "lib/string.h"

struct out {
	char *buf;
	size_t size; /* with the NUL */
	size_t len;  /* produced so far, dropped characters included */
};

struct spec {
	bool left, plus, space, alternate, zero, upper;
	int width;
	int precision; /* -1: none given */
	int size;      /* of an integer argument in bytes */
	unsigned base;
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_many(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_field(struct out *o, const struct spec *sp, const char *s, int n)
{
	if (!sp->left)
		put_many(o, ' ', sp->width - n);
	for (int i = 0; i < n; i++)
		put(o, s[i]);
	if (sp->left)
		put_many(o, ' ', sp->width - n);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
	if (!s)
		s = "(null)";
	put_field(o, sp, s,
		(int)strnlen(s, sp->precision < 0 ? (size_t)INT32_MAX : (size_t)sp->precision));
}

/* The digits of n, lowest first. */
static int digits(char *buf, u64 n, const struct spec *sp)
{
	const char *set = sp->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int len = 0;

	for (; n; n /= sp->base)
		buf[len++] = set[n % sp->base];
	return len;
}

/* `sign` is the character before the number, or 0. */
static void put_number(struct out *o, const struct spec *sp, u64 n, char sign)
{
	char buf[24];
	int len = digits(buf, n, sp);
	int zeros = MAX(sp->precision < 0 ? 1 : sp->precision, 0) - len;
	int prefix = sp->alternate && sp->base == 16 && n ? 2 : 0;
	int pad;

	if (sp->alternate && sp->base == 8 && zeros <= 0)
		zeros = 1;
	zeros = MAX(zeros, 0);
	pad = sp->width - (len + zeros + prefix + (sign != 0));
	if (pad > 0 && sp->zero && !sp->left && sp->precision < 0) {
		zeros += pad;
		pad = 0;
	}
	if (!sp->left)
		put_many(o, ' ', pad);
	if (sign)
		put(o, sign);
	if (prefix) {
		put(o, '0');
		put(o, sp->upper ? 'X' : 'x');
	}
	put_many(o, '0', zeros);
	while (len)
		put(o, buf[--len]);
	if (sp->left)
		put_many(o, ' ', pad);
}

/* Flags, width, precision and size after a '%'; returns where the conversion's letter is. */
static const char *parse(const char *f, struct spec *sp, va_list *ap)
{
	*sp = (struct spec){ .precision = -1, .size = sizeof(int), .base = 10 };
	for (;; f++) {
		if (*f == '-')
			sp->left = true;
		else if (*f == '+')
			sp->plus = true;
		else if (*f == ' ')
			sp->space = true;
		else if (*f == '#')
			sp->alternate = true;
		else if (*f == '0')
			sp->zero = true;
		else
			break;
	}
	if (*f == '*') {
		sp->width = va_arg(*ap, int);
		if (sp->width < 0) {
			sp->left = true;
			sp->width = -sp->width;
		}
		f++;
	}
	while (*f >= '0' && *f <= '9')
		sp->width = sp->width * 10 + (*f++ - '0');
	if (*f == '.') {
		sp->precision = 0;
		if (*++f == '*') {
			sp->precision = va_arg(*ap, int);
			f++;
		}
		while (*f >= '0' && *f <= '9')
			sp->precision = sp->precision * 10 + (*f++ - '0');
	}
	for (;; f++) {
		if (*f == 'l')
			sp->size = sp->size == sizeof(long) && f[-1] == 'l' ? sizeof(long long)
									    : sizeof(long);
		else if (*f == 'h')
			sp->size /= 2;
		else if (*f == 'z')
			sp->size = sizeof(size_t);
		else
			return f;
	}
}

static u64 get_unsigned(const struct spec *sp, va_list *ap)
{
	if (sp->size == sizeof(u64))
		return va_arg(*ap, u64);
	return va_arg(*ap, unsigned) & (u32)(~0u >> (32 - sp->size * 8));
}

static s64 get_signed(const struct spec *sp, va_list *ap)
{
	unsigned unused = 64 - (unsigned)sp->size * 8;

	return (s64)(get_unsigned(sp, ap) << unused) >> unused;
}

/* One conversion by its letter. False if there is no such letter. */
static bool convert(struct out *o, struct spec *sp, char letter, va_list *ap)
{
	s64 n;
	char c;

	switch (letter) {
	case 'd':
	case 'i':
		n = get_signed(sp, ap);
		put_number(o, sp, n < 0 ? -(u64)n : (u64)n,
			n < 0               ? '-'
				: sp->plus  ? '+'
				: sp->space ? ' '
					    : 0);
		return true;
	case 'o':
		sp->base = 8;
		put_number(o, sp, get_unsigned(sp, ap), 0);
		return true;
	case 'X':
		sp->upper = true;
		/* fall through */
	case 'x':
		sp->base = 16;
		/* fall through */
	case 'u': put_number(o, sp, get_unsigned(sp, ap), 0); return true;
	case 'p':
		sp->base = 16;
		sp->alternate = true;
		put_number(o, sp, (uintptr_t)va_arg(*ap, void *), 0);
		return true;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_field(o, sp, &c, 1);
		return true;
	case 's': put_string(o, sp, va_arg(*ap, const char *)); return true;
	case '%': put(o, '%'); return true;
	}
	return false;
}

int vfmt(char *buf, size_t size, const char *format, va_list args)
{
	struct out o = { .buf = buf, .size = size };
	va_list ap; /* a copy, whose address can be taken on every machine */

	va_copy(ap, args);
	while (*format) {
		const char *letter;
		struct spec sp;

		if (*format != '%') {
			put(&o, *format++);
			continue;
		}
		letter = parse(format + 1, &sp, &ap);
		if (!convert(&o, &sp, *letter, &ap)) {
			/* Show what nobody understands. */
			put(&o, *format++);
			continue;
		}
		format = letter + 1;
	}
	va_end(ap);
	if (size)
		buf[MIN(o.len, size - 1)] = '\0';
	return (int)o.len;
}

int fmt(char *buf, size_t size, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vfmt(buf, size, format, ap);
	va_end(ap);
	return n;
}
