/*
 * The real-time clock: see rtc.h.
 *
 * The clock changes its registers once a second, and says so shortly before (data sheet, "Update
 * Cycle"). They are read until two readings in a row agree.
 */
#include "rtc.h"

#include "lib/string.h"

#define R_SECONDS 0x00
#define R_MINUTES 0x02
#define R_HOURS 0x04
#define R_DAY 0x07
#define R_MONTH 0x08
#define R_YEAR 0x09
#define R_STATUS_A 0x0a
#define R_STATUS_B 0x0b
#define R_CENTURY 0x32 /* not of the data sheet: where most firmware keeps it, always as BCD */

#define A_UPDATING 0x80
#define B_24_HOURS 0x02
#define B_BINARY 0x04
#define HOURS_PM 0x80
#define UPDATE_TRIES 20000u /* an update takes 2 ms, a reading more than 100 ns */
#define READ_TRIES 5u

#define EPOCH 1970u
#define DAY_SECONDS 86400u

/* The registers as they stand. */
struct reading {
	u8 second, minute, hour, day, month, year, century, status_b;
};

static bool read_once(u8 (*read)(u8 reg), struct reading *r)
{
	for (unsigned i = 0; read(R_STATUS_A) & A_UPDATING; i++)
		if (i == UPDATE_TRIES)
			return false;
	*r = (struct reading){read(R_SECONDS), read(R_MINUTES), read(R_HOURS), read(R_DAY),
		read(R_MONTH), read(R_YEAR), read(R_CENTURY), read(R_STATUS_B)};
	return true;
}

static bool read_stable(u8 (*read)(u8 reg), struct reading *r)
{
	struct reading before;

	if (!read_once(read, &before))
		return false;
	for (unsigned i = 0; i < READ_TRIES; i++) {
		if (!read_once(read, r))
			return false;
		if (memcmp(r, &before, sizeof(before)) == 0)
			return true;
		before = *r;
	}
	return false;
}

/* Two decimal digits. False if they are none. */
static bool from_bcd(u8 bcd, unsigned *v)
{
	*v = (bcd >> 4) * 10u + (bcd & 15u);
	return bcd >> 4 <= 9 && (bcd & 15) <= 9;
}

static bool number(const struct reading *r, u8 raw, unsigned *v)
{
	*v = raw;
	return (r->status_b & B_BINARY) || from_bcd(raw, v);
}

/* Of 24. In the other mode they go 12, 1, 2, ... 11 twice a day. */
static bool hour_of(const struct reading *r, unsigned *hour)
{
	if (r->status_b & B_24_HOURS)
		return number(r, r->hour, hour) && *hour < 24;
	if (!number(r, r->hour & (u8)~HOURS_PM, hour) || *hour < 1 || *hour > 12)
		return false;
	*hour = *hour % 12 + (r->hour & HOURS_PM ? 12 : 0);
	return true;
}

static bool year_of(const struct reading *r, unsigned *year)
{
	unsigned century;

	if (!number(r, r->year, year) || *year > 99)
		return false;
	/* Without a century that can be right, the year is one of the hundred from 1970 on. */
	if (!from_bcd(r->century, &century) || century < 19 || century > 29)
		century = *year < EPOCH % 100 ? 20 : 19;
	*year += century * 100;
	return *year >= EPOCH;
}

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* They alternate, long ones first, and begin anew with August. */
static unsigned days_in_month(unsigned year, unsigned month)
{
	if (month == 2)
		return is_leap(year) ? 29 : 28;
	return 30 + (month < 8 ? month % 2 : (month + 1) % 2);
}

static u64 days_since_epoch(unsigned year, unsigned month, unsigned day)
{
	u64 days = day - 1;

	for (unsigned y = EPOCH; y < year; y++)
		days += is_leap(y) ? 366 : 365;
	for (unsigned m = 1; m < month; m++)
		days += days_in_month(year, m);
	return days;
}

bool rtc_read(u8 (*read)(u8 reg), u64 *seconds)
{
	struct reading r;
	unsigned second, minute, hour, day, month, year;

	if (!read_stable(read, &r) || !number(&r, r.second, &second) || second > 59 ||
		!number(&r, r.minute, &minute) || minute > 59 || !hour_of(&r, &hour) ||
		!year_of(&r, &year) || !number(&r, r.month, &month) || month < 1 || month > 12 ||
		!number(&r, r.day, &day) || day < 1 || day > days_in_month(year, month))
		return false;
	*seconds = days_since_epoch(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 +
		second;
	return true;
}
