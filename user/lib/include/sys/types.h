/* The integer types of the system interface. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <machine/types.h>

typedef intptr_t ssize_t;
typedef int64_t off_t;
typedef int64_t blkcnt_t;
typedef uint64_t dev_t;
typedef uint64_t ino_t;
typedef uint32_t mode_t;
typedef uint32_t nlink_t;
typedef uint32_t uid_t;
typedef uint32_t gid_t;
typedef uint32_t id_t;
typedef int32_t blksize_t;
typedef int pid_t;
typedef int clockid_t;
typedef long clock_t;
typedef long suseconds_t;
typedef unsigned useconds_t;
