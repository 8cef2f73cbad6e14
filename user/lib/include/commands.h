/*
 * Commands that exist as programs and as builtins of the shell. Each gets its name as argv[0],
 * writes to stdout, complains on stderr and returns its exit status.
 */
#pragma once

int echo_command(int argc, char **argv);
int kill_command(int argc, char **argv);
int printf_command(int argc, char **argv);
/* test, and [ with the closing bracket. 0 true, 1 false, 2 an error. */
int test_command(int argc, char **argv);
