/* Shell patterns: *, ?, [set], backslash. */
#pragma once

#define FNM_NOMATCH 1
#define FNM_PATHNAME 1	/* a slash is matched only by a slash */
#define FNM_NOESCAPE 2	/* backslash is an ordinary character */
#define FNM_PERIOD 4	/* a leading period is matched only by a period */

int fnmatch(const char *pattern, const char *string, int flags);
