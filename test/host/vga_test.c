/*
 * The screen's terminal: where characters land, how lines wrap and scroll, and what the sequences
 * of ECMA-48 and the VT100 do.
 */
#include "unit.h"

#include "../../kernel/dev/pc/vt.c"

static struct vt vt;

static int power_on(void **state UNUSED)
{
	memset(&vt, 0, sizeof(vt));
	vt_reset(&vt);
	return 0;
}

static void send(const char *s)
{
	vt_write(&vt, (const u8 *)s, strlen(s));
}

/* The row begins with this text, and the rest of it is blank. */
static void row_is(unsigned row, const char *text)
{
	char got[VT_COLUMNS + 1] = "";

	for (unsigned i = 0; i < VT_COLUMNS; i++)
		got[i] = (char)vt.cells[row][i];
	for (unsigned i = VT_COLUMNS; i-- > strlen(text) && got[i] == ' ';)
		got[i] = '\0';
	assert_string_equal(got, text);
}

static void cursor_is(unsigned row, unsigned column)
{
	assert_int_equal(vt.cursor.row, row);
	assert_int_equal(vt.cursor.column, column);
}

static u8 attribute(unsigned row, unsigned column)
{
	return (u8)(vt.cells[row][column] >> 8);
}

static void text_and_control_characters(void **state UNUSED)
{
	send("one\r\ntwo\nthree\b\b?\a");
	row_is(0, "one");
	row_is(1, "two");
	row_is(2, "   thr?e");
	cursor_is(2, 7);
	send("\r\tx\ty");
	row_is(2, "   thr?ex       y");
	send("\r\b");
	cursor_is(2, 0);
	send("\x7f");
	cursor_is(2, 0);
	send("\t\t\t\t\t\t\t\t\t\t\t\t");
	cursor_is(2, 79);
}

static void characters_beyond_ascii(void **state UNUSED)
{
	send("a\xc3\xa9" "b\xe2\x82\xac" "c\xf0\x9f\x98\x80" "d");
	row_is(0, "a?b?c?d");
}

static void lines_wrap_late(void **state UNUSED)
{
	for (unsigned i = 0; i < VT_COLUMNS; i++)
		send("x");
	cursor_is(0, 79);
	send("\r\n");
	cursor_is(1, 0);
	for (unsigned i = 0; i < VT_COLUMNS; i++)
		send("y");
	send("z");
	cursor_is(2, 1);
	row_is(2, "z");
	send("\033[2;80HA\b");
	cursor_is(1, 78);
	send("B");
	assert_int_equal((u8)vt.cells[1][78], 'B');
	assert_int_equal((u8)vt.cells[1][79], 'A');
}

static void the_screen_scrolls(void **state UNUSED)
{
	char line[16];

	for (unsigned i = 0; i < 30; i++) {
		fmt(line, sizeof(line), "%sline %u", i ? "\r\n" : "", i);
		send(line);
	}
	row_is(0, "line 5");
	row_is(24, "line 29");
	cursor_is(24, 7);
	send("\033[H\033M");
	row_is(0, "");
	row_is(1, "line 5");
	row_is(24, "line 28");
}

static void the_cursor_moves_and_stays_on_the_screen(void **state UNUSED)
{
	send("\033[5;10H");
	cursor_is(4, 9);
	send("\033[A\033[2B\033[3C\033[D");
	cursor_is(5, 11);
	send("\033[0A\033[;7f");
	cursor_is(0, 6);
	send("\033[9d\033[20G");
	cursor_is(8, 19);
	send("\033[2E");
	cursor_is(10, 0);
	send("\033[3F");
	cursor_is(7, 0);
	send("\033[99999B\033[12345678901234567890C");
	cursor_is(24, 79);
	send("\033[99A\033[99D\033[A\033[D");
	cursor_is(0, 0);
	send("\033[999;999H");
	cursor_is(24, 79);
	send("\033[H");
	cursor_is(0, 0);
}

static void erasing(void **state UNUSED)
{
	send("aaaaa\r\nbbbbb\r\nccccc\r\nddddd\033[2;3H\033[K");
	row_is(1, "bb");
	send("\033[3;3H\033[1K");
	row_is(2, "   cc");
	cursor_is(2, 2);
	send("\033[2K");
	row_is(2, "");
	send("\033[3;2H\033[J");
	row_is(1, "bb");
	row_is(3, "");
	send("\033[2;1H\033[1J");
	row_is(0, "");
	row_is(1, " b");
	send("\033[H\033[2J");
	row_is(1, "");
	cursor_is(0, 0);
	send("x\033[9J\033[9K");
	row_is(0, "x");
}

static void renditions(void **state UNUSED)
{
	send("a\033[1mb\033[31;44mc\033[7md\033[me\033[32;22mf\033[93mg\033[0;7mh\033[27;39mi");
	assert_int_equal(attribute(0, 0), 0x07);
	assert_int_equal(attribute(0, 1), 0x0f);
	assert_int_equal(attribute(0, 2), 0x1c); /* bright red on blue */
	assert_int_equal(attribute(0, 3), 0x49);
	assert_int_equal(attribute(0, 4), 0x07);
	assert_int_equal(attribute(0, 5), 0x02);
	assert_int_equal(attribute(0, 6), 0x0e);
	assert_int_equal(attribute(0, 7), 0x70);
	assert_int_equal(attribute(0, 8), 0x07);
	send("\r\n\033[38;5;9mj\033[48;2;1;2;3;32mk\033[38;5;200;1ml\033[38m\033[48;5m\033[38;2mm");
	assert_int_equal(attribute(1, 0), 0x0c);
	assert_int_equal(attribute(1, 1), 0x02);
	assert_int_equal(attribute(1, 2), 0x0a);
	send("\033[0;41m\033[K");
	assert_int_equal(attribute(1, 79), 0x47);
}

static void saving_the_cursor(void **state UNUSED)
{
	send("\033[3;4H\033[1m\0337\033[10;10H\033[m\0338x");
	cursor_is(2, 4);
	assert_int_equal(attribute(2, 3), 0x0f);
	send("\033[s\033[H\033[u");
	cursor_is(2, 4);
}

static void margins(void **state UNUSED)
{
	send("one\r\ntwo\r\nthree\r\nfour\r\nfive\033[2;4r");
	cursor_is(0, 0);
	send("\033[4;1H\nnew");
	row_is(0, "one");
	row_is(1, "three");
	row_is(2, "four");
	row_is(3, "new");
	row_is(4, "five");
	send("\033[2;1H\033M");
	row_is(1, "");
	row_is(3, "four");
	row_is(4, "five");
	send("\033[9A");
	cursor_is(1, 0);
	send("\033[9B");
	cursor_is(3, 0);
	send("\033[25;1H\033D\033[25;1Hx\n");
	row_is(24, "x");
	send("\033[4;2r\033[r\033[25;1H\n");
	row_is(0, "");
	row_is(23, "x");
}

static void answers(void **state UNUSED)
{
	u8 got[VT_ANSWER + 1] = "";

	send("\033[7;13H\033[6n");
	assert_int_equal(vt_answer(&vt, got, 3), 3);
	assert_int_equal(vt_answer(&vt, got + 3, VT_ANSWER), 4);
	assert_string_equal((char *)got, "\033[7;13R");
	assert_int_equal(vt_answer(&vt, got, VT_ANSWER), 0);
	send("\033[5n\033[n\033[?6n\033[7n");
	memset(got, 0, sizeof(got));
	assert_int_equal(vt_answer(&vt, got, VT_ANSWER), 4);
	assert_string_equal((char *)got, "\033[0n");
	for (unsigned i = 0; i < 100; i++)
		send("\033[6n"); /* which nobody takes: some are forgotten, whole */
	assert_int_equal(vt_answer(&vt, got, VT_ANSWER), VT_ANSWER / 7 * 7);
}

static void reset_by_sequence(void **state UNUSED)
{
	send("text\033[31m\033[2;5r\033[3;3H\033cx");
	row_is(0, "x");
	assert_int_equal(attribute(0, 0), 0x07);
	assert_int_equal(vt.bottom, VT_ROWS - 1);
}

static void unknown_sequences_leave_nothing(void **state UNUSED)
{
	send("a\033[?25lb\033[>0;1cc\033[5Zd\033(Be\033#8f\033=g\033[4$ph\033[38:5:1mi\033[!pj");
	send("\033]0;title\007k\033]2;title\033\\l\033P1$qm\033\\m\033_x\033[32mn\033^stopped\030o");
	send("\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18mp");
	row_is(0, "abcdefghijklmnop");
	assert_int_equal(attribute(0, 15), 0x02);
}

static void controls_within_sequences(void **state UNUSED)
{
	send("ab\033[3\b;7\x7fHx");
	row_is(2, "      x");
	send("\033[5\0301m\033[3\033[2;1Hy\0321");
	row_is(2, "      x1m");
	row_is(1, "y1");
}

static void rows_that_changed(void **state UNUSED)
{
	assert_int_equal(vt.changed, 0);
	assert_int_equal(vt.changed_end, VT_ROWS);
	vt_shown(&vt);
	send("\033[4;1H");
	assert_int_equal(vt.changed, vt.changed_end);
	send("x\r\n\ny");
	assert_int_equal(vt.changed, 3);
	assert_int_equal(vt.changed_end, 6);
	vt_shown(&vt);
	send("\033[2;6r\033[6;1H\n");
	assert_int_equal(vt.changed, 1);
	assert_int_equal(vt.changed_end, 6);
}

/* Whatever comes, the cursor is on the screen (the sanitizers watch the rest). */
static void noise(void **state UNUSED)
{
	static const char likely[] = "\033\033[[[0123456789;;ABCDEFGHJKMmnrsufd78c\n\r\b\t]P\\";

	srandom(1);
	for (unsigned i = 0; i < 2000000; i++) {
		u8 c = (u8)(random() % 4 ? likely[(size_t)random() % (sizeof(likely) - 1)] : random());

		vt_write(&vt, &c, 1);
		if (vt.cursor.row >= VT_ROWS || vt.cursor.column >= VT_COLUMNS || vt.top >= vt.bottom ||
			vt.bottom >= VT_ROWS || vt.changed > vt.changed_end || vt.changed_end > VT_ROWS)
			fail();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(text_and_control_characters, power_on),
		cmocka_unit_test_setup(characters_beyond_ascii, power_on),
		cmocka_unit_test_setup(lines_wrap_late, power_on),
		cmocka_unit_test_setup(the_screen_scrolls, power_on),
		cmocka_unit_test_setup(the_cursor_moves_and_stays_on_the_screen, power_on),
		cmocka_unit_test_setup(erasing, power_on),
		cmocka_unit_test_setup(renditions, power_on),
		cmocka_unit_test_setup(saving_the_cursor, power_on),
		cmocka_unit_test_setup(margins, power_on),
		cmocka_unit_test_setup(answers, power_on),
		cmocka_unit_test_setup(reset_by_sequence, power_on),
		cmocka_unit_test_setup(unknown_sequences_leave_nothing, power_on),
		cmocka_unit_test_setup(controls_within_sequences, power_on),
		cmocka_unit_test_setup(rows_that_changed, power_on),
		cmocka_unit_test_setup(noise, power_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
