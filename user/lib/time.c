/*
 * Clocks, timers and the calendar. Dates are computed in days since 0000-03-01, where leap days
 * come last.
 */
#include "internal.h"

#include <stdbool.h>
#include <string.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

/* Days from 0000-03-01 to 1970-01-01 in the Gregorian calendar. */
#define DAYS_TO_1970 719468
#define DAYS_IN_400_YEARS 146097
#define DAY_SECONDS 86400

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	return CALL(SYS_clock_gettime, clock, ts);
}

int clock_settime(clockid_t clock, const struct timespec *ts)
{
	return CALL(SYS_clock_settime, clock, ts);
}

int clock_getres(clockid_t clock, struct timespec *ts)
{
	return CALL(SYS_clock_getres, clock, ts);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *req, struct timespec *rem)
{
	return (int)-RAW_CALL(SYS_clock_nanosleep, clock, flags, req, rem);
}

int nanosleep(const struct timespec *req, struct timespec *rem)
{
	return CALL(SYS_nanosleep, req, rem);
}

time_t time(time_t *out)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		return -1;
	if (out)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

int gettimeofday(struct timeval *tv, void *unused)
{
	(void)unused;
	return CALL(SYS_gettimeofday, tv, NULL);
}

int setitimer(int which, const struct itimerval *value, struct itimerval *old)
{
	return CALL(SYS_setitimer, which, value, old);
}

int getitimer(int which, struct itimerval *value)
{
	return CALL(SYS_getitimer, which, value);
}

clock_t times(struct tms *buf)
{
	return CALL(SYS_times, buf);
}

unsigned alarm(unsigned seconds)
{
	struct itimerval value = { .it_value.tv_sec = (time_t)seconds }, old;

	if (setitimer(ITIMER_REAL, &value, &old) < 0)
		return 0;
	/* A part of a second counts as one, or a pending alarm would look like none. */
	return (unsigned)old.it_value.tv_sec + (old.it_value.tv_usec > 0);
}

unsigned sleep(unsigned seconds)
{
	struct timespec ts = { (time_t)seconds, 0 };

	return nanosleep(&ts, &ts) < 0 ? (unsigned)ts.tv_sec : 0;
}

int usleep(useconds_t microseconds)
{
	struct timespec ts = { microseconds / 1000000, microseconds % 1000000 * 1000 };

	return nanosleep(&ts, NULL);
}

static bool is_leap(long year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01 to the day of a month (0 to 11); the day may be out of range. */
static long long days_from_date(long long year, int month, long long day)
{
	long long era, year_of_era, day_of_year;

	if (month < 2)
		year--;
	month = (month + 10) % 12;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = year - era * 400;
	/* Months from March on: five of them are 153 days, over and over. */
	day_of_year = (153 * month + 2) / 5 + day - 1;
	return era * DAYS_IN_400_YEARS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - DAYS_TO_1970;
}

struct tm *gmtime_r(const time_t *t, struct tm *out)
{
	static const int days_before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	long long seconds = *t, days = seconds / DAY_SECONDS;
	long long era, day_of_era, year_of_era, day_of_year, year;
	int rest = (int)(seconds % DAY_SECONDS), month;

	if (rest < 0) {
		rest += DAY_SECONDS;
		days--;
	}
	out->tm_wday = (int)((days % 7 + 11) % 7);
	days += DAYS_TO_1970;
	era = (days >= 0 ? days : days - (DAYS_IN_400_YEARS - 1)) / DAYS_IN_400_YEARS;
	day_of_era = days - era * DAYS_IN_400_YEARS;
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (int)((5 * day_of_year + 2) / 153);
	out->tm_mday = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	out->tm_mon = (month + 2) % 12;
	year = era * 400 + year_of_era + (month >= 10);
	out->tm_year = (int)(year - 1900);
	out->tm_yday = days_before[out->tm_mon] + out->tm_mday - 1 +
		       (out->tm_mon > 1 && is_leap((long)year));
	out->tm_hour = rest / 3600;
	out->tm_min = rest / 60 % 60;
	out->tm_sec = rest % 60;
	out->tm_isdst = 0;
	return out;
}

struct tm *localtime_r(const time_t *t, struct tm *out)
{
	return gmtime_r(t, out);
}

struct tm *gmtime(const time_t *t)
{
	static struct tm result;

	return gmtime_r(t, &result);
}

struct tm *localtime(const time_t *t)
{
	return gmtime(t);
}

time_t timegm(struct tm *tm)
{
	long long year = tm->tm_year + 1900LL + tm->tm_mon / 12;
	int month = tm->tm_mon % 12;

	if (month < 0) {
		month += 12;
		year--;
	}
	return (time_t)(days_from_date(year, month, tm->tm_mday) * DAY_SECONDS +
			tm->tm_hour * 3600LL + tm->tm_min * 60LL + tm->tm_sec);
}

static const char *const day_names[] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
};

static const char *const month_names[] = {
	"January", "February", "March", "April", "May", "June", "July", "August", "September",
	"October", "November", "December",
};

/* What a conversion stands for: another format, or NULL. */
static const char *expand_conversion(char c)
{
	switch (c) {
	case 'F': return "%Y-%m-%d";
	case 'T': return "%H:%M:%S";
	case 'D': return "%m/%d/%y";
	case 'R': return "%H:%M";
	case 'c': return "%a %b %e %H:%M:%S %Y";
	}
	return NULL;
}

/* Writes one simple conversion to buf; false when it is not known. */
static bool convert_field(char *buf, size_t size, char c, const struct tm *tm)
{
	switch (c) {
	case 'Y': snprintf(buf, size, "%d", tm->tm_year + 1900); break;
	case 'y': snprintf(buf, size, "%02d", (tm->tm_year % 100 + 100) % 100); break;
	case 'm': snprintf(buf, size, "%02d", tm->tm_mon + 1); break;
	case 'd': snprintf(buf, size, "%02d", tm->tm_mday); break;
	case 'e': snprintf(buf, size, "%2d", tm->tm_mday); break;
	case 'H': snprintf(buf, size, "%02d", tm->tm_hour); break;
	case 'M': snprintf(buf, size, "%02d", tm->tm_min); break;
	case 'S': snprintf(buf, size, "%02d", tm->tm_sec); break;
	case 'j': snprintf(buf, size, "%03d", tm->tm_yday + 1); break;
	case 'a': snprintf(buf, size, "%.3s", day_names[tm->tm_wday]); break;
	case 'A': snprintf(buf, size, "%s", day_names[tm->tm_wday]); break;
	case 'b':
	case 'h': snprintf(buf, size, "%.3s", month_names[tm->tm_mon]); break;
	case 'B': snprintf(buf, size, "%s", month_names[tm->tm_mon]); break;
	case 's':
		snprintf(buf, size, "%lld",
			 (long long)timegm(&(struct tm){ .tm_year = tm->tm_year,
							 .tm_mon = tm->tm_mon,
							 .tm_mday = tm->tm_mday,
							 .tm_hour = tm->tm_hour,
							 .tm_min = tm->tm_min,
							 .tm_sec = tm->tm_sec }));
		break;
	case 'Z': snprintf(buf, size, "UTC"); break;
	case 'z': snprintf(buf, size, "+0000"); break;
	case 'n': snprintf(buf, size, "\n"); break;
	case 't': snprintf(buf, size, "\t"); break;
	case '%': snprintf(buf, size, "%%"); break;
	default: return false;
	}
	return true;
}

size_t strftime(char *s, size_t size, const char *fmt, const struct tm *tm)
{
	size_t len = 0;

	for (; *fmt; fmt++) {
		char field[32] = { *fmt };
		const char *longer = *fmt == '%' ? expand_conversion(fmt[1]) : NULL;

		if (longer) {
			size_t n = strftime(s + len, size - len, longer, tm);

			if (n == 0)
				return 0;
			len += n;
			fmt++;
			continue;
		}
		if (*fmt == '%' && fmt[1] && convert_field(field, sizeof(field), fmt[1], tm))
			fmt++;
		if (len + strlen(field) >= size)
			return 0;
		len = (size_t)(stpcpy(s + len, field) - s);
	}
	if (size == 0)
		return 0;
	s[len] = '\0';
	return len;
}
