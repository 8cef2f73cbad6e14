/*
 * The kernel's version and its boot options: words on the command line.
 */
#pragma once

#include "lib/types.h"

#define MV6_VERSION "0.1"

/* Is this word there? */
bool boot_flag(const char *word);
/*
 * The value of the last word that begins with name ("init="), cut to size; false if there is none.
 */
bool boot_value(const char *name, char *value, size_t size);
