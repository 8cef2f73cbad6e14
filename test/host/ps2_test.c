/*
 * Scan codes of set 1 and the bytes they become.
 */
#include "unit.h"

#include "../../kernel/dev/pc/keyboard.c"

static struct keyboard keyboard;

static int power_on(void **state UNUSED)
{
	memset(&keyboard, 0, sizeof(keyboard));
	return 0;
}

/* These codes, in hexadecimal, give these bytes. */
static void check(const char *codes, const char *expected, size_t n)
{
	u8 got[256];
	size_t length = 0;

	for (char *end; *codes; codes = end) {
		u8 code = (u8)strtoul(codes, &end, 16);
		u8 out[KEYBOARD_MAX];
		size_t made = keyboard_decode(&keyboard, code, out);

		assert_true(made <= sizeof(out) && length + made <= sizeof(got));
		memcpy(got + length, out, made);
		length += made;
	}
	assert_int_equal(length, n);
	assert_memory_equal(got, expected, n);
}

#define GIVES(codes, expected) check(codes, expected, sizeof(expected) - 1)

static void letters_and_digits(void **state UNUSED)
{
	GIVES("1e 9e 30 b0 02 82 0b 8b 39 b9", "ab10 ");
	GIVES("10 11 12 13 14 15 16 17 18 19 1a 1b 1c", "qwertyuiop[]\r");
	GIVES("1e 1f 20 21 22 23 24 25 26 27 28 29", "asdfghjkl;'`");
	GIVES("2b 2c 2d 2e 2f 30 31 32 33 34 35 56", "\\zxcvbnm,./<");
	GIVES("01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f", "\033" "1234567890-=\177\t");
	GIVES("1e 1e 1e 9e", "aaa"); /* held down */
}

static void shift(void **state UNUSED)
{
	GIVES("2a 1e aa 1e", "Aa");
	GIVES("36 02 03 04 05 06 07 08 09 0a 0b 0c 0d b6 0c", "!@#$%^&*()_+-");
	GIVES("2a 36 aa 1e b6 1e", "Aa"); /* two of them */
	GIVES("2a 0f 2b 29 56 aa", "\033[Z|~>");
	GIVES("2a 0e 1c 39 01 aa", "\177\r \033");
}

static void caps_lock(void **state UNUSED)
{
	GIVES("3a ba 1e 02 1a 2a 1e 02 aa", "A1[a!");
	GIVES("3a 3a 3a ba 1e", "a");
	GIVES("3a ba 1d 1e 9d", "\001");
}

static void control_characters(void **state UNUSED)
{
	GIVES("1d 1e 2e 2c 9d 1e", "\001\003\032a");
	GIVES("1d 39 03 9d", "\0\0");
	GIVES("1d 04 05 06 07 08 09 9d", "\033\034\035\036\037\177");
	GIVES("1d 1a 2b 1b 0c 35 9d", "\033\034\035\037\037");
	GIVES("1d 2a 03 07 0c 35 aa 9d", "\0\036\037\177");
	GIVES("1d 02 1c 0e 0f 9d", "1\r\177\t");
	GIVES("e0 1d 20 e0 9d 20", "\004d");
	GIVES("1d 45 c5 9d", "");
}

static void alt_is_escape(void **state UNUSED)
{
	GIVES("38 1e b8 1e", "\033aa");
	GIVES("e0 38 2a 1e aa e0 b8", "\033A");
	GIVES("38 1d 39 9d e0 48 b8", "\033\0\033\033[A");
	GIVES("38 3b b8", "\033\033OP");
}

static void keys_that_move_the_cursor(void **state UNUSED)
{
	GIVES("e0 48 e0 c8 e0 50 e0 4d e0 4b", "\033[A\033[B\033[C\033[D");
	GIVES("e0 47 e0 4f e0 49 e0 51 e0 52 e0 53",
		"\033[H\033[F\033[5~\033[6~\033[2~\033[3~");
	/* with shift or num lock, as keyboards dress it */
	GIVES("2a e0 aa e0 48 e0 c8 e0 2a 1e aa", "\033[AA");
	GIVES("e0 2a e0 53 e0 d3 e0 aa 1e", "\033[3~a");
	GIVES("e0 4a e0 4e e0 37", "");
}

static void the_keypad(void **state UNUSED)
{
	GIVES("47 48 49 4a 4b 4c 4d 4e 4f 50 51 52 53 37 e0 35 e0 1c", "789-456+1230.*/\r");
	GIVES("45 c5 47 48 4a 4c 4e 53 37 e0 35", "\033[H\033[A-\033[E+\033[3~*/");
	GIVES("45 45 c5 47", "7");
}

static void function_keys(void **state UNUSED)
{
	GIVES("3b 3c 3d 3e 3f 40", "\033OP\033OQ\033OR\033OS\033[15~\033[17~");
	GIVES("41 42 43 44 57 58", "\033[18~\033[19~\033[20~\033[21~\033[23~\033[24~");
}

static void codes_without_a_meaning(void **state UNUSED)
{
	GIVES("e1 1d 45 e1 9d c5 1e", "a");	  /* pause: no Ctrl, no num lock */
	GIVES("47", "7");
	GIVES("e0 37 e0 b7 46 c6 e0 5b e0 db 1e", "a"); /* print screen, scroll lock, a menu key */
	GIVES("fa fe 00 ff 59 7f 80 1e", "a");
	GIVES("e0 e0 48", "\033[A");
}

static void noise(void **state UNUSED)
{
	u8 out[KEYBOARD_MAX];

	srandom(1);
	for (unsigned i = 0; i < 1000000; i++)
		assert_true(keyboard_decode(&keyboard, (u8)random(), out) <= sizeof(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(letters_and_digits, power_on),
		cmocka_unit_test_setup(shift, power_on),
		cmocka_unit_test_setup(caps_lock, power_on),
		cmocka_unit_test_setup(control_characters, power_on),
		cmocka_unit_test_setup(alt_is_escape, power_on),
		cmocka_unit_test_setup(keys_that_move_the_cursor, power_on),
		cmocka_unit_test_setup(the_keypad, power_on),
		cmocka_unit_test_setup(function_keys, power_on),
		cmocka_unit_test_setup(codes_without_a_meaning, power_on),
		cmocka_unit_test_setup(noise, power_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
