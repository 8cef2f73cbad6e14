/*
 * The kernel's version and its boot options: words on the command line.
 */
#pragma once

#include "lib/types.h"

#define MV6_VERSION "0.1"

/* What uname says. C libraries want a release number of Linux that is new enough. */
#define KERNEL_NAME "mv6"
#define KERNEL_RELEASE "6.1.0-mv6"
#define KERNEL_VERSION "#1 mv6 " MV6_VERSION

/* Is this word there? */
bool boot_flag(const char *word);
/* The value of the last word that begins with name ("init="), cut to size; false if there is none. */
bool boot_value(const char *name, char *value, size_t size);
