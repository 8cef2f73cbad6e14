/* What is known of a file system. */
#pragma once

#include <sys/types.h>
#include <machine/statfs.h>

int statfs(const char *path, struct statfs *out);
int fstatfs(int fd, struct statfs *out);
