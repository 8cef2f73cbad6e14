/* Reading the text files of /proc. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Opens /proc/PID/FILE for reading; NULL with errno. */
FILE *procfs_open(pid_t pid, const char *file);
/*
 * Cuts a line "Key:   value" into its two sides, both without blanks around them; false if it has
 * no colon. The line is changed.
 */
bool procfs_split(char *line, char **key, char **value);
/* The process numbers in /proc, ascending, ended by 0; the caller frees it. NULL with errno. */
pid_t *procfs_processes(void);
