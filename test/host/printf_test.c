/*
 * The formatter, compared with the C library's for the conversions that both have; and the other
 * string functions of ours.
 */
#include <limits.h>
#include <stdio.h>

#include "unit.h"
#include "lib/printf.h"
#include "lib/string.h"

#define SAME(...) \
	do { \
		char _a[128], _b[128]; \
		int _n = fmt(_a, sizeof(_a), __VA_ARGS__); \
		int _m = snprintf(_b, sizeof(_b), __VA_ARGS__); \
		assert_string_equal(_a, _b); \
		assert_int_equal(_n, _m); \
	} while (0)

static void integers(void **state UNUSED)
{
	static const long long values[] = { 0, 1, -1, 7, 9, 10, 255, 4096, -4096, INT_MAX, INT_MIN,
		LLONG_MAX, LLONG_MIN };

	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		long long v = values[i];

		SAME("%d %i %u %x %X %o", (int)v, (int)v, (int)v, (int)v, (int)v, (int)v);
		SAME("%ld %lu %lx", (long)v, (long)v, (long)v);
		SAME("%lld %llu %llx %llo", v, v, v, v);
		SAME("%hd %hu %hhd %hhu %hhx", (short)v, (short)v, (char)v, (char)v,
			(unsigned char)v);
		SAME("%zu %zx", (size_t)v, (size_t)v);
		SAME("[%5d|%-5d|%05d|%+d|% d]", (int)v, (int)v, (int)v, (int)v, (int)v);
		SAME("[%#x|%#o|%#10x|%#010x|%-#10x]", (int)v, (int)v, (int)v, (int)v, (int)v);
		SAME("[%.0d|%.5d|%8.5d|%-8.5d|%+8.3d]", (int)v, (int)v, (int)v, (int)v, (int)v);
		SAME("[%*d|%-*d|%.*d|%*.*d]", 9, (int)v, 9, (int)v, 4, (int)v, 9, 4, (int)v);
		SAME("[%*d]", -9, (int)v);
	}
}

static void strings(void **state UNUSED)
{
	SAME("%s|%10s|%-10s|%.2s|%10.2s|%.0s", "hello", "hello", "hello", "hello", "hello",
		"hello");
	SAME("%c|%3c|%-3c|%%|", 'a', 'b', 'c');
	SAME("%.*s", 3, "unterminated");
	SAME("%p", (void *)0x1234abcd);
}

static void odd_cases(void **state UNUSED)
{
	const char *none = NULL, *odd = "%y %";
	char buf[32];

	fmt(buf, sizeof(buf), "%s", none);
	assert_string_equal(buf, "(null)");
	fmt(buf, sizeof(buf), odd, 1);
	assert_string_equal(buf, "%y %");
	fmt(buf, sizeof(buf), "%p", (void *)0);
	assert_string_equal(buf, "0");
}

static void output_is_cut(void **state UNUSED)
{
	char buf[8] = "xxxxxxx";

	assert_int_equal(fmt(buf, 5, "%s", "123456"), 6);
	assert_string_equal(buf, "1234");
	assert_int_equal(buf[5], 'x');
	assert_int_equal(fmt(buf, 1, "abc"), 3);
	assert_string_equal(buf, "");
	buf[0] = 'z';
	assert_int_equal(fmt(buf, 0, "abc"), 3);
	assert_int_equal(buf[0], 'z');
	assert_int_equal(fmt(NULL, 0, "%d", 12345), 5);
}

static void copies_are_cut(void **state UNUSED)
{
	char buf[5];

	assert_int_equal(str_copy(buf, "abc", sizeof(buf)), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(str_copy(buf, "abcdefg", sizeof(buf)), 7);
	assert_string_equal(buf, "abcd");
	assert_int_equal(str_copy(buf, "abc", 1), 3);
	assert_string_equal(buf, "");
}

static void numbers_are_parsed(void **state UNUSED)
{
	static const struct {
		const char *text, *rest;
		bool ok;
		u64 value;
	} cases[] = {
		{ "0", "", true, 0 },
		{ "123x", "x", true, 123 },
		{ "0x1fZ", "Z", true, 31 },
		{ "017 ", " ", true, 15 },
		{ "0x", "x", true, 0 },
		{ "", "", false, 0 },
		{ "-1", "-1", false, 0 },
		{ "abc", "abc", false, 0 },
		{ "089", "89", true, 0 },
		{ "0XfFfFfFfFfFfFfFfF", "", true, ~0ull },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *s = cases[i].text;
		u64 value = 0;

		assert_int_equal(str_number(&s, &value), cases[i].ok);
		assert_string_equal(s, cases[i].rest);
		assert_int_equal(value, cases[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(strings),
		cmocka_unit_test(odd_cases),
		cmocka_unit_test(output_is_cut),
		cmocka_unit_test(copies_are_cut),
		cmocka_unit_test(numbers_are_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
