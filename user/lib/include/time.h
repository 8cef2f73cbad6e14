/* Time. The only time zone is UTC. */
#pragma once

#include <sys/types.h>

struct timespec {
	time_t tv_sec;
	long tv_nsec;
};

struct tm {
	int tm_sec;
	int tm_min;
	int tm_hour;
	int tm_mday;
	int tm_mon;
	int tm_year;
	int tm_wday;
	int tm_yday;
	int tm_isdst;
};

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_BOOTTIME 7
#define TIMER_ABSTIME 1

time_t time(time_t *out);
int clock_gettime(clockid_t clock, struct timespec *ts);
int clock_settime(clockid_t clock, const struct timespec *ts);
int clock_getres(clockid_t clock, struct timespec *ts);
/* Returns the error number itself, as POSIX has it. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *req, struct timespec *rem);
int nanosleep(const struct timespec *req, struct timespec *rem);

struct tm *gmtime_r(const time_t *t, struct tm *out);
struct tm *localtime_r(const time_t *t, struct tm *out);
struct tm *gmtime(const time_t *t);
struct tm *localtime(const time_t *t);
/* The inverse of gmtime; fields out of range are carried. The fields of *tm are not corrected. */
time_t timegm(struct tm *tm);
/*
 * Knows %Y %y %m %d %e %H %M %S %j %a %A %b %B %h %F %T %D %R %s %Z %z %n %t %c and %%; returns 0
 * if it does not fit.
 */
size_t strftime(char *s, size_t size, const char *fmt, const struct tm *tm);
