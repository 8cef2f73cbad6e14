/*
 * The PC's clocks: what the CMOS clock's registers mean, and the conversion of counts.
 */
#include "unit.h"

#include <time.h>

#include "../../kernel/arch/i386/rtc.c"
#include "../../kernel/arch/i386/scale.h"

static u8 cmos[128];
static unsigned reads;	      /* of status A */
static unsigned updating_for; /* readings that find an update */
static bool restless;

static u8 read_cmos(u8 reg)
{
	if (reg == R_STATUS_A)
		return reads++ < updating_for ? A_UPDATING : 0;
	if (reg == R_SECONDS && restless)
		cmos[R_SECONDS] ^= 1;
	return cmos[reg];
}

static u8 bcd(int v)
{
	return (u8)(v / 10 << 4 | v % 10);
}

static int reset(void **state UNUSED)
{
	reads = updating_for = 0;
	restless = false;
	return 0;
}

/* The clock shows this. */
static void set_clock(u64 t, u8 status_b)
{
	time_t when = (time_t)t;
	struct tm tm;
	int hour;

	assert_non_null(gmtime_r(&when, &tm));
	hour = status_b & B_24_HOURS ? tm.tm_hour : (tm.tm_hour + 11) % 12 + 1;
#define SHOWN(v) (status_b & B_BINARY ? (u8)(v) : bcd(v))
	cmos[R_SECONDS] = SHOWN(tm.tm_sec);
	cmos[R_MINUTES] = SHOWN(tm.tm_min);
	cmos[R_HOURS] = SHOWN(hour);
	if (!(status_b & B_24_HOURS) && tm.tm_hour >= 12)
		cmos[R_HOURS] |= HOURS_PM;
	cmos[R_DAY] = SHOWN(tm.tm_mday);
	cmos[R_MONTH] = SHOWN(tm.tm_mon + 1);
	cmos[R_YEAR] = SHOWN(tm.tm_year % 100);
	cmos[R_CENTURY] = bcd((tm.tm_year + 1900) / 100);
	cmos[R_STATUS_B] = status_b;
}

static void test_all_modes(void **state UNUSED)
{
	static const u8 modes[] = { 0, B_24_HOURS, B_BINARY, B_24_HOURS | B_BINARY };

	/* Steps of an odd length go through all days and hours until 2106. */
	for (u64 t = 0; t < 1ull << 32; t += 39119) {
		u64 seconds;

		set_clock(t, modes[t % ARRAY_SIZE(modes)]);
		assert_true(rtc_read(read_cmos, &seconds));
		assert_true(seconds == t);
	}
}

static void test_without_century(void **state UNUSED)
{
	u64 seconds;

	set_clock(1709210096, B_24_HOURS); /* 29 February 2024 */
	cmos[R_CENTURY] = 0xff;
	assert_true(rtc_read(read_cmos, &seconds));
	assert_int_equal(seconds, 1709210096);
	set_clock(86399, B_24_HOURS);
	cmos[R_CENTURY] = 0;
	assert_true(rtc_read(read_cmos, &seconds));
	assert_int_equal(seconds, 86399);
}

static void refuse(u8 reg, u8 value)
{
	u8 saved = cmos[reg];
	u64 seconds;

	cmos[reg] = value;
	assert_false(rtc_read(read_cmos, &seconds));
	cmos[reg] = saved;
	assert_true(rtc_read(read_cmos, &seconds));
}

static void test_nonsense(void **state UNUSED)
{
	set_clock(1677628800, B_24_HOURS); /* 1 March 2023 */
	refuse(R_SECONDS, 0x60);
	refuse(R_SECONDS, 0x0a);
	refuse(R_MINUTES, 0x60);
	refuse(R_HOURS, 0x24);
	refuse(R_DAY, 0);
	refuse(R_DAY, 0x32);
	refuse(R_MONTH, 0);
	refuse(R_MONTH, 0x13);
	refuse(R_YEAR, 0xa0);
	cmos[R_MONTH] = 2;
	refuse(R_DAY, 0x29);
	set_clock(0, 0);
	refuse(R_HOURS, 0x13);
	refuse(R_HOURS, 0x00);
}

static void test_updates(void **state UNUSED)
{
	u64 seconds;

	set_clock(1000000000, B_24_HOURS);
	updating_for = 100;
	assert_true(rtc_read(read_cmos, &seconds));
	assert_int_equal(seconds, 1000000000);
	reads = 0;
	updating_for = ~0u;
	assert_false(rtc_read(read_cmos, &seconds));
	updating_for = 0;
	restless = true;
	assert_false(rtc_read(read_cmos, &seconds));
}

static u8 read_nothing(u8 reg UNUSED)
{
	return 0xff;
}

static void test_no_clock(void **state UNUSED)
{
	u64 seconds;

	assert_false(rtc_read(read_nothing, &seconds));
}

static u64 random64(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void test_scale(void **state UNUSED)
{
	static const u64 frequencies[] = { 1000000, 1193182, 25000000, 999999999, 1000000000,
		2419200123, 4294967295, 4294967296, 5800000000, 20000000000 };
	u64 random = 88172645463325252ull;

	for (unsigned i = 0; i < 100000; i++) {
		u64 v = random64(&random), factor = random64(&random) >> random % 64;

		v >>= random64(&random) % 64;
		assert_true(scale(v, factor) == (u64)((unsigned __int128)v * factor >> 32));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(frequencies); i++) {
		unsigned __int128 f = frequencies[i];

		if (f < 1ull << 32)
			assert_true(scale_factor(1000000000, f) ==
				(u64)(((unsigned __int128)1000000000 << 32) / f));
		assert_true(scale_factor(f, 1000000000) == (u64)((f << 32) / 1000000000));
	}
}

/* What is converted to ns grows with the count, at any frequency. */
static void test_monotonic(void **state UNUSED)
{
	u64 factor = scale_factor(1000000000, 2419200123), last = 0;

	for (u64 t = (1ull << 32) - 50000; t < (1ull << 32) + 50000; t++) {
		u64 now = scale(t, factor);

		assert_true(now >= last);
		last = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all_modes, reset),
		cmocka_unit_test_setup(test_without_century, reset),
		cmocka_unit_test_setup(test_nonsense, reset),
		cmocka_unit_test_setup(test_updates, reset),
		cmocka_unit_test_setup(test_no_clock, reset),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_monotonic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
